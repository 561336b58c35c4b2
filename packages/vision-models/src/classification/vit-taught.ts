/** Vision transformers as courses write them: every step by hand, and on nn.Transformer. */
import type { Tensor } from '@flambeau/core'
import { cat, empty, randn, ShapeError, ValueError, zeros } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

export interface TaughtViTOptions {
  /** Pixels a side. Default 224. */
  readonly imageSize?: number
  /** Pixels a side of a patch; divides imageSize. Default 16. */
  readonly patchSize?: number
  /** Default 3. */
  readonly inChannels?: number
  /** Default 1000. */
  readonly numClasses?: number
  /** Default 768. */
  readonly embedDim?: number
  /** Number of blocks. Default 12. */
  readonly depth?: number
  /** Default 12. */
  readonly numHeads?: number
  /** Width between the two linear layers of a block. Default 3072. */
  readonly hiddenDim?: number
  /** Default 0.1. */
  readonly dropout?: number
}

const DEFAULTS: Required<TaughtViTOptions> = {
  imageSize: 224,
  patchSize: 16,
  inChannels: 3,
  numClasses: 1000,
  embedDim: 768,
  depth: 12,
  numHeads: 12,
  hiddenDim: 3072,
  dropout: 0.1,
}

/** The number of patches. @throws {ValueError} if they do not cover the image. */
function patchCount(op: string, imageSize: number, patchSize: number): number {
  if (imageSize % patchSize === 0) return (imageSize / patchSize) ** 2
  throw new ValueError(
    op,
    { imageSize, patchSize },
    `patches of ${patchSize} pixels do not cover ${imageSize}`,
    'choose a divisor',
  )
}

/** Cuts an image into patches and makes a vector of each: `[N, C, H, W]` -> `[N, patches, dim]`. */
class PatchEmbedding extends nn.Module {
  readonly imageSize: number
  proj: nn.Conv2d

  constructor(imageSize: number, patchSize: number, inChannels: number, dim: number) {
    super()
    this.imageSize = imageSize
    this.proj = new nn.Conv2d(inChannels, dim, patchSize, { stride: patchSize })
  }

  override forward(x: Tensor): Tensor {
    requireTensor('PatchEmbedding', 'x', x)
    if (x.shape[2] !== this.imageSize || x.shape[3] !== this.imageSize) {
      throw new ShapeError(
        'PatchEmbedding',
        { x },
        `images must be [N, C, ${this.imageSize}, ${this.imageSize}]`,
        'resize them, or build the model with their imageSize',
      )
    }
    return this.proj(x).flatten(2).transpose(1, 2)
  }
}

/** Attention of several heads, written out: softmax(q kᵀ / √d) v. */
class WrittenAttention extends nn.Module {
  readonly numHeads: number
  readonly headDim: number
  qkv_proj: nn.Linear
  out_proj: nn.Linear

  constructor(embedDim: number, numHeads: number) {
    super()
    if (embedDim % numHeads !== 0) {
      throw new ValueError(
        'TaughtVisionTransformer',
        { embedDim, numHeads },
        `${numHeads} heads do not divide ${embedDim}`,
        'choose a divisor',
      )
    }
    this.numHeads = numHeads
    this.headDim = embedDim / numHeads
    this.qkv_proj = new nn.Linear(embedDim, embedDim * 3)
    this.out_proj = new nn.Linear(embedDim, embedDim)
  }

  override forward(x: Tensor): Tensor {
    const [batch, length, dim] = x.shape as [number, number, number]
    const split = [batch, length, 3, this.numHeads, this.headDim]
    const [q, k, v] = this.qkv_proj(x).reshape(split).permute(2, 0, 3, 1, 4).unbind(0) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    const scores = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(this.headDim))
    const seen = scores.softmax(-1).matmul(v)
    return this.out_proj(seen.transpose(1, 2).reshape([batch, length, dim]))
  }
}

/** Two linear layers with ReLU. */
class FeedForward extends nn.Module {
  fc1: nn.Linear
  fc2: nn.Linear
  dropout: nn.Dropout

  constructor(embedDim: number, hiddenDim: number, dropout: number) {
    super()
    this.fc1 = new nn.Linear(embedDim, hiddenDim)
    this.fc2 = new nn.Linear(hiddenDim, embedDim)
    this.dropout = new nn.Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    return this.fc2(this.dropout(this.fc1(x).relu()))
  }
}

/** Post-norm block: norm(x + attention(x)), then norm(x + feedForward(x)). */
class EncoderLayer extends nn.Module {
  readonly attention: WrittenAttention
  readonly feed_forward: FeedForward
  norm1: nn.LayerNorm
  norm2: nn.LayerNorm
  dropout: nn.Dropout

  constructor(o: Required<TaughtViTOptions>) {
    super()
    this.attention = new WrittenAttention(o.embedDim, o.numHeads)
    this.feed_forward = new FeedForward(o.embedDim, o.hiddenDim, o.dropout)
    this.norm1 = new nn.LayerNorm(o.embedDim)
    this.norm2 = new nn.LayerNorm(o.embedDim)
    this.dropout = new nn.Dropout(o.dropout)
  }

  override forward(x: Tensor): Tensor {
    const seen = this.norm1(x.add(this.dropout(this.attention(x))))
    return this.norm2(seen.add(this.dropout(this.feed_forward(seen))))
  }
}

/**
 * A vision transformer with every step written out: patches, class token, positions, attention as a
 * formula, post-norm blocks.
 *
 * Shapes: `[N, inChannels, imageSize, imageSize]` -> logits `[N, numClasses]`.
 *
 * @throws {ValueError} if patches do not cover the image, or heads do not divide the width.
 * @throws {ShapeError} for images of other channels or sizes.
 * @see Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929; for the pre-norm form of the paper,
 * {@link VisionTransformer}
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { TaughtVisionTransformer } from '@flambeau/vision-models'
 * const size = { imageSize: 28, patchSize: 7, inChannels: 1, embedDim: 32, hiddenDim: 64 }
 * const net = new TaughtVisionTransformer({ ...size, depth: 2, numHeads: 4, numClasses: 10 })
 * console.log(net(ones([2, 1, 28, 28])).shape) // => [ 2, 10 ]
 * ```
 */
export class TaughtVisionTransformer extends nn.Module {
  cls_token: nn.Parameter
  pos_embed: nn.Parameter
  patch_embed: nn.Module
  encoder_layers: nn.ModuleList
  head: nn.Linear
  dropout: nn.Dropout

  constructor(options: TaughtViTOptions = {}) {
    super()
    const o = { ...DEFAULTS, ...options }
    const patches = patchCount('TaughtVisionTransformer', o.imageSize, o.patchSize)
    this.patch_embed = new PatchEmbedding(o.imageSize, o.patchSize, o.inChannels, o.embedDim)
    this.cls_token = new nn.Parameter(zeros([1, 1, o.embedDim]))
    this.pos_embed = new nn.Parameter(empty([1, patches + 1, o.embedDim]))
    this.encoder_layers = new nn.ModuleList(
      Array.from({ length: o.depth }, () => new EncoderLayer(o)),
    )
    this.head = new nn.Linear(o.embedDim, o.numClasses)
    this.dropout = new nn.Dropout(o.dropout)
    nn.init.truncNormal_(this.pos_embed, 0, 0.02)
    nn.init.truncNormal_(this.cls_token, 0, 0.02)
    nn.init.truncNormal_(this.head.weight, 0, 0.02)
    nn.init.zeros_(this.head.bias as nn.Parameter)
  }

  override forward(x: Tensor): Tensor {
    const patches = this.patch_embed(x)
    const cls = this.cls_token.expand(x.shape[0] as number, -1, -1)
    let y = this.dropout(cat([cls, patches], 1).add(this.pos_embed))
    for (const layer of this.encoder_layers) y = layer(y)
    return this.head(y.select(1, 0))
  }
}

/**
 * A vision transformer around `nn.Transformer`, encoder and decoder both: its image tokens are
 * source and target at once, and the decoder's class token is read.
 *
 * Shapes: `[N, inChannels, imageSize, imageSize]` -> logits `[N, numClasses]`.
 *
 * @throws {ValueError} if patches do not cover the image, or heads do not divide the width.
 * @throws {ShapeError} for images of other channels or sizes.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { TransformerViT } from '@flambeau/vision-models'
 * const size = { imageSize: 28, patchSize: 7, inChannels: 1, embedDim: 32, hiddenDim: 64 }
 * const net = new TransformerViT({ ...size, depth: 1, numHeads: 4, numClasses: 10 })
 * console.log(net(ones([2, 1, 28, 28])).shape) // => [ 2, 10 ]
 * ```
 */
export class TransformerViT extends nn.Module {
  pos_embed: nn.Parameter
  cls_token: nn.Parameter
  patch_embed: nn.Conv2d
  transformer: nn.Transformer
  head: nn.Linear

  constructor(options: TaughtViTOptions = {}) {
    super()
    const o = { ...DEFAULTS, ...options }
    const patches = patchCount('TransformerViT', o.imageSize, o.patchSize)
    const conv = { stride: o.patchSize }
    this.patch_embed = new nn.Conv2d(o.inChannels, o.embedDim, o.patchSize, conv)
    this.pos_embed = new nn.Parameter(randn([1, patches + 1, o.embedDim]))
    this.cls_token = new nn.Parameter(randn([1, 1, o.embedDim]))
    this.transformer = new nn.Transformer({
      dModel: o.embedDim,
      nhead: o.numHeads,
      numEncoderLayers: o.depth,
      numDecoderLayers: o.depth,
      dimFeedforward: o.hiddenDim,
      dropout: o.dropout,
      batchFirst: true,
    })
    this.head = new nn.Linear(o.embedDim, o.numClasses)
  }

  override forward(x: Tensor): Tensor {
    const patches = this.patch_embed(x).flatten(2).transpose(1, 2)
    const cls = this.cls_token.expand(x.shape[0] as number, -1, -1)
    const tokens = cat([cls, patches], 1).add(this.pos_embed)
    return this.head(this.transformer(tokens, tokens).select(1, 0))
  }
}
