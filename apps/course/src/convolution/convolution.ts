/** A convolution's sizes: kernels, stride and padding decide what comes out. */
import { manualSeed, rand, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { kernels as kernelsOf } from '@flambeau/plot'
import { outFile } from '../settings.ts'

const F = nn.functional

manualSeed(0)
const x = rand(1, 1, 28, 28)
// 1 channel in, 3 kernels of 3 × 3, so that there are 3 channels out.
let layer = new nn.Conv2d(1, 3, 3, { stride: 1, padding: 0 })
console.log(layer(x).shape)
layer = new nn.Conv2d(1, 3, 3, { stride: 1, padding: 1 })
console.log(layer(x).shape)
layer = new nn.Conv2d(1, 3, 3, { stride: 2, padding: 1 })
console.log(layer(x).shape)

// The kernels are parameters, and each has a bias.
console.log(layer.weight)
console.log(layer.weight.shape, layer.bias!.shape)
kernelsOf(layer.weight, { title: 'Kernels' }).save(outFile('kernels.png'))

// The same as a function, with kernels of one's own: their channels must be those of the picture.
const picture = randn(1, 3, 28, 28)
const kernels = rand(16, 3, 5, 5)
const bias = rand(16)
console.log(F.conv2d(picture, kernels, bias, { stride: 1, padding: 1 }).shape)
console.log(F.conv2d(picture, kernels, bias, { stride: 1, padding: 2 }).shape)
console.log(F.conv2d(picture, kernels, bias, { stride: 2, padding: 2 }).shape)
