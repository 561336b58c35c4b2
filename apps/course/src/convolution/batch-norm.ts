/** Batch norm: each channel to mean 0 and variance 1, with running statistics for later. */
import { manualSeed, rand, stdMean } from '@flambeau/core'
import { MNIST, Normalize, ToTensor } from '@flambeau/data'
import * as nn from '@flambeau/nn'

manualSeed(0)

// By hand, with statistics that are known: a picture before it goes in.
const toTensor = new ToTensor()
const picture = toTensor.apply(new MNIST().images.at(0)).expand(3, 28, 28)
const normalize = new Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
console.log('normalized:', normalize.apply(picture).shape, normalize.apply(picture).at(':', 0, 0))

// One mean and one variance for each of 16 channels.
const x = rand(100, 16, 784)
const layer = new nn.BatchNorm1d(16)
const out = layer(x)
const { std, mean } = stdMean(out, [0, 2])
console.log(out.shape, mean.abs().max().item() < 1e-3, std.sub(1).abs().max().item() < 1e-3)
// A tenth of the way from 0 to 1/2, and from 1 to 1/12.
console.log(layer.running_mean)
console.log(layer.running_var)

const pictures = rand(1, 16, 7, 7)
const layer2d = new nn.BatchNorm2d(16)
console.log(layer2d(pictures).shape)
console.log(layer2d.weight) // γ, by which each channel is multiplied
console.log(layer2d.bias) // β, which is added
console.log(layer2d.running_mean)
console.log(layer2d.running_var)

// When testing, the running statistics are used, not those of the batch.
console.log(layer2d.eval())
const before = layer2d.running_mean!.clone()
console.log(layer2d(pictures).shape, layer2d.running_mean!.equal(before))
