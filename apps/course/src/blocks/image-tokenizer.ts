/** An image as a sequence: patches, each of which a convolution makes a vector of. */
import type { Tensor } from '@flambeau/core'
import { allclose, manualSeed, rearrange, stack, zeros } from '@flambeau/core'
import { MNIST } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { imageGrid } from '@flambeau/plot'
import { outFile } from '../settings.ts'

class ImageTokenizer extends nn.Module {
  conv: nn.Conv2d
  posEmbed: nn.Parameter
  patchDropout: nn.Dropout

  constructor(imageSize: number, patchSize: number, dim: number, inChannels = 3, dropout = 0) {
    super()
    if (imageSize % patchSize !== 0) throw new Error('patches must fill the image')
    const numPatches = (imageSize / patchSize) ** 2
    this.conv = new nn.Conv2d(inChannels, dim, patchSize, { stride: patchSize })
    this.posEmbed = new nn.Parameter(zeros(1, numPatches, dim))
    nn.init.truncNormal_(this.posEmbed, { std: 0.02 })
    this.patchDropout = new nn.Dropout(dropout)
  }

  /** [b, c, h, w] -> [b, patches, dim] */
  override forward(x: Tensor): Tensor {
    // Mended: the two axes that are joined need two names.
    x = rearrange(this.conv(x), 'b c h w -> b (h w) c')
    return this.patchDropout(x.add(this.posEmbed))
  }
}

manualSeed(0)
const mnist = new MNIST({ train: false })
const images = stack([0, 1].map((i) => mnist.getItem(i)[0]))
const tokenizer = new ImageTokenizer(28, 7, 32, 1)
const tokens = tokenizer(images)
console.log(images.shape, '->', tokens.shape)

// A convolution that steps by its own size is a linear layer for each patch.
const patches = rearrange(images, 'b c (h p) (w q) -> b (h w) (c p q)', { p: 7, q: 7 })
const { weight, bias } = tokenizer.conv
const linear = nn.functional.linear(patches, weight.flatten(1), bias).add(tokenizer.posEmbed)
console.log('patches:', patches.shape, 'the same tokens:', allclose(linear, tokens, { atol: 1e-5 }))
imageGrid(patches.at(0).view(16, 1, 7, 7), { columns: 4, pixelated: true }).save(
  outFile('patches.png'),
)
