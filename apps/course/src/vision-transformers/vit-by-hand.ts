/** A vision transformer with every step written out: patches, heads, blocks, a token for the class. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { allclose, cat, manualSeed, randn, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { TaughtVisionTransformer } from '@flambeau/vision-models'
import { budget } from '../settings.ts'

class PatchEmbedding extends nn.Module {
  proj: nn.Conv2d

  constructor(
    readonly imageSize: number,
    patchSize: number,
    inChannels: number,
    embedDim: number,
  ) {
    super()
    this.proj = new nn.Conv2d(inChannels, embedDim, patchSize, { stride: patchSize })
  }

  override forward(x: Tensor): Tensor {
    if (x.size(2) !== this.imageSize || x.size(3) !== this.imageSize) {
      throw new Error(`pictures must be ${this.imageSize} pixels a side`)
    }
    return this.proj(x).flatten(2).transpose(1, 2) // [B, patches, dim]
  }
}

class MultiHeadAttention extends nn.Module {
  qkv_proj: nn.Linear
  out_proj: nn.Linear
  readonly headDim: number

  constructor(
    embedDim: number,
    readonly numHeads: number,
  ) {
    super()
    if (embedDim % numHeads !== 0) throw new Error('the heads must divide the width')
    this.headDim = embedDim / numHeads
    this.qkv_proj = new nn.Linear(embedDim, embedDim * 3)
    this.out_proj = new nn.Linear(embedDim, embedDim)
  }

  override forward(x: Tensor): Tensor {
    const [b, n] = [x.size(0), x.size(1)]
    const qkv = this.qkv_proj(x).reshape(b, n, 3, this.numHeads, this.headDim)
    const heads = qkv.permute(2, 0, 3, 1, 4) // [3, B, heads, N, headDim]
    const [q, k, v] = [heads.at(0), heads.at(1), heads.at(2)]
    const weights = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(this.headDim)).softmax(-1)
    return this.out_proj(weights.matmul(v).transpose(1, 2).reshape(b, n, -1))
  }
}

class FeedForward extends nn.Module {
  fc1: nn.Linear
  fc2: nn.Linear
  dropout: nn.Dropout

  constructor(embedDim: number, hiddenDim: number, dropout = 0.1) {
    super()
    this.fc1 = new nn.Linear(embedDim, hiddenDim)
    this.fc2 = new nn.Linear(hiddenDim, embedDim)
    this.dropout = new nn.Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    return this.fc2(this.dropout(this.fc1(x).relu()))
  }
}

class EncoderLayer extends nn.Module {
  attention: MultiHeadAttention
  feed_forward: FeedForward
  norm1: nn.LayerNorm
  norm2: nn.LayerNorm
  dropout: nn.Dropout

  constructor(embedDim: number, numHeads: number, hiddenDim: number, dropout = 0.1) {
    super()
    this.attention = new MultiHeadAttention(embedDim, numHeads)
    this.feed_forward = new FeedForward(embedDim, hiddenDim, dropout)
    this.norm1 = new nn.LayerNorm(embedDim)
    this.norm2 = new nn.LayerNorm(embedDim)
    this.dropout = new nn.Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    x = this.norm1(x.add(this.dropout(this.attention(x))))
    return this.norm2(x.add(this.dropout(this.feed_forward(x))))
  }
}

class VisionTransformer extends nn.Module {
  patch_embed: PatchEmbedding
  cls_token: nn.Parameter
  pos_embed: nn.Parameter
  encoder_layers: nn.ModuleList
  head: nn.Linear
  dropout: nn.Dropout

  constructor({ imageSize, patchSize, inChannels, numClasses, ...sizes }: typeof settings) {
    super()
    const { embedDim, depth, numHeads, hiddenDim, dropout } = sizes
    const numPatches = (imageSize / patchSize) ** 2
    this.patch_embed = new PatchEmbedding(imageSize, patchSize, inChannels, embedDim)
    this.cls_token = new nn.Parameter(zeros(1, 1, embedDim))
    this.pos_embed = new nn.Parameter(zeros(1, numPatches + 1, embedDim))
    this.encoder_layers = new nn.ModuleList(
      Array.from({ length: depth }, () => new EncoderLayer(embedDim, numHeads, hiddenDim, dropout)),
    )
    this.head = new nn.Linear(embedDim, numClasses)
    this.dropout = new nn.Dropout(dropout)
    for (const one of [this.pos_embed, this.cls_token, this.head.weight]) {
      nn.init.truncNormal_(one, { std: 0.02 })
    }
    nn.init.zeros_(this.head.bias!)
  }

  override forward(x: Tensor): Tensor {
    x = this.patch_embed(x)
    x = cat([this.cls_token.expand(x.size(0), -1, -1), x], 1).add(this.pos_embed)
    x = this.dropout(x) // mended: the note makes this layer and never calls it
    for (const layer of this.encoder_layers) x = layer(x)
    return this.head(x.at(':', 0))
  }
}

const settings = {
  imageSize: budget(224, 32),
  patchSize: budget(16, 8),
  inChannels: 3,
  numClasses: 1000,
  embedDim: budget(768, 48),
  depth: budget(12, 3),
  numHeads: budget(12, 4),
  hiddenDim: budget(3072, 96),
  dropout: 0.1,
}
manualSeed(0)
const net = new VisionTransformer(settings).eval()
const x = randn(1, 3, settings.imageSize, settings.imageSize)
console.log(x.shape, '->', noGrad(() => net(x)).shape)
const count = [...net.parameters()].reduce((sum, one) => sum + one.numel(), 0)
console.log(count.toLocaleString('en'), 'parameters')

const library = new TaughtVisionTransformer(settings).eval()
library.loadStateDict(net.stateDict())
const same = noGrad(() => allclose(net(x), library(x), { atol: 1e-5 }))
console.log('as @flambeau/vision-models has it:', same)
