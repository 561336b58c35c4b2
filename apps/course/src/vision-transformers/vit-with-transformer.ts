/** A vision transformer around nn.Transformer: patches are words, and one more word is the class. */
import type { Tensor } from '@flambeau/core'
import { allclose, cat, manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { TransformerViT } from '@flambeau/vision-models'
import { budget } from '../settings.ts'

interface Sizes {
  readonly imageSize?: number
  readonly patchSize?: number
  readonly inChannels?: number
  readonly numClasses?: number
  readonly embedDim?: number
  readonly depth?: number
  readonly numHeads?: number
}

class ViT extends nn.Module {
  patch_embed: nn.Conv2d
  pos_embed: nn.Parameter
  cls_token: nn.Parameter
  transformer: nn.Transformer
  head: nn.Linear

  constructor(sizes: Sizes = {}) {
    super()
    const { imageSize = 224, patchSize = 16, inChannels = 3, numClasses = 200 } = sizes
    const { embedDim = 768, depth = 12, numHeads = 12 } = sizes
    const numPatches = Math.floor(imageSize / patchSize) ** 2
    this.patch_embed = new nn.Conv2d(inChannels, embedDim, patchSize, { stride: patchSize })
    this.pos_embed = new nn.Parameter(randn(1, numPatches + 1, embedDim))
    this.cls_token = new nn.Parameter(randn(1, 1, embedDim))
    // Mended: the first axis is the batch. Without batchFirst, images would look at each other.
    this.transformer = new nn.Transformer(embedDim, numHeads, depth, depth, { batchFirst: true })
    this.head = new nn.Linear(embedDim, numClasses)
  }

  override forward(x: Tensor): Tensor {
    x = this.patch_embed(x).flatten(2).transpose(1, 2) // [B, patches, dim]
    const cls = this.cls_token.expand(x.size(0), -1, -1)
    x = cat([cls, x], 1).add(this.pos_embed) // [B, patches + 1, dim]
    x = this.transformer(x, x)
    return this.head(x.at(':', 0))
  }
}

manualSeed(0)
const small = { imageSize: 28, patchSize: 7, inChannels: 1, numClasses: 10 }
const sizes = { ...small, embedDim: budget(768, 32), depth: budget(12, 2), numHeads: 4 }
const net = new ViT(sizes).eval()
const x = randn(2, 1, 28, 28)
console.log(x.shape, '->', net(x).shape)

const library = new TransformerViT({ ...sizes, hiddenDim: 2048 }).eval()
library.loadStateDict(net.stateDict())
console.log('as @flambeau/vision-models has it:', allclose(net(x), library(x), { atol: 1e-5 }))

// Each image is read by itself: one alone has the same scores.
console.log('images apart:', allclose(net(x.at(':1')), net(x).at(':1'), { atol: 1e-5 }))
