import type { Tensor } from '@flambeau/core'
import { cat, empty, ShapeError, ValueError, zeros } from '@flambeau/core'
import { requireOneOf, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/** Widths of vision transformers: tiny, small and base, as DeiT's; large and huge, as ViT's. */
export type ViTSize = 'tiny' | 'small' | 'base' | 'large' | 'huge'

const SIZES: Record<ViTSize, { hiddenDim: number; numLayers: number; numHeads: number }> = {
  tiny: { hiddenDim: 192, numLayers: 12, numHeads: 3 },
  small: { hiddenDim: 384, numLayers: 12, numHeads: 6 },
  base: { hiddenDim: 768, numLayers: 12, numHeads: 12 },
  large: { hiddenDim: 1024, numLayers: 24, numHeads: 16 },
  huge: { hiddenDim: 1280, numLayers: 32, numHeads: 16 },
}

export interface ViTOptions {
  /** Pixels a side. Default 224. */
  readonly imageSize?: number
  /** Pixels a side of a patch; divides imageSize. Default 16. */
  readonly patchSize?: number
  /** Default 1000. */
  readonly numClasses?: number
  /** Default 3. */
  readonly inChannels?: number
  /** After the embedding and inside the blocks. Default 0. */
  readonly dropout?: number
  /** Of attention weights. Default 0. */
  readonly attentionDropout?: number
  /** In place of that of the size. */
  readonly hiddenDim?: number
  /** In place of that of the size. */
  readonly numLayers?: number
  /** In place of that of the size; divides hiddenDim. */
  readonly numHeads?: number
  /** Width between the two linear layers of a block. Default 4 · hiddenDim. */
  readonly mlpDim?: number
}

/** Two linear layers with GELU, in torchvision's places 0 and 3. */
function mlp(dim: number, hidden: number, dropout: number): nn.Sequential {
  const [up, down] = [new nn.Linear(dim, hidden), new nn.Linear(hidden, dim)]
  for (const layer of [up, down]) {
    nn.init.xavierUniform_(layer.weight)
    nn.init.normal_(layer.bias as nn.Parameter, 0, 1e-6)
  }
  return new nn.Sequential(
    up,
    new nn.GELU(),
    new nn.Dropout(dropout),
    down,
    new nn.Dropout(dropout),
  )
}

/** Pre-norm block: x + attention(norm(x)), then x + mlp(norm(x)). */
class EncoderBlock extends nn.Module {
  ln_1: nn.LayerNorm
  self_attention: nn.MultiheadAttention
  dropout: nn.Dropout
  ln_2: nn.LayerNorm
  mlp: nn.Sequential

  constructor({ dim, heads, hidden, dropout, attention }: BlockSizes) {
    super()
    this.ln_1 = new nn.LayerNorm(dim, { eps: 1e-6 })
    const options = { dropout: attention, batchFirst: true }
    this.self_attention = new nn.MultiheadAttention(dim, heads, options)
    this.dropout = new nn.Dropout(dropout)
    this.ln_2 = new nn.LayerNorm(dim, { eps: 1e-6 })
    this.mlp = mlp(dim, hidden, dropout)
  }

  override forward(x: Tensor): Tensor {
    const y = this.ln_1(x)
    const [attended] = this.self_attention(y, y, y, { needWeights: false })
    const seen = x.add(this.dropout(attended))
    return seen.add(this.mlp(this.ln_2(seen)))
  }
}

interface BlockSizes {
  readonly dim: number
  readonly heads: number
  readonly hidden: number
  readonly dropout: number
  readonly attention: number
}

/** Positions, blocks, and a last norm. */
class Encoder extends nn.Module {
  pos_embedding: nn.Parameter
  dropout: nn.Dropout
  layers: nn.Sequential
  ln: nn.LayerNorm

  constructor(tokens: number, count: number, sizes: BlockSizes) {
    super()
    this.pos_embedding = new nn.Parameter(nn.init.normal_(empty([1, tokens, sizes.dim]), 0, 0.02))
    this.dropout = new nn.Dropout(sizes.dropout)
    const blocks: Record<string, EncoderBlock> = {}
    for (let i = 0; i < count; i++) blocks[`encoder_layer_${i}`] = new EncoderBlock(sizes)
    this.layers = new nn.Sequential(blocks)
    this.ln = new nn.LayerNorm(sizes.dim, { eps: 1e-6 })
  }

  override forward(x: Tensor): Tensor {
    return this.ln(this.layers(this.dropout(x.add(this.pos_embedding))))
  }
}

/**
 * The vision transformer: an image is a sequence of patches, a class token beside them reads the
 * answer off. Pre-norm, with torchvision's state-dict keys and initial weights.
 *
 * Shapes: `[N, inChannels, imageSize, imageSize]` -> logits `[N, numClasses]`.
 *
 * @throws {ValueError} if patches do not cover the image, or heads do not divide the width.
 * @throws {ShapeError} for images of other channels or sizes.
 * @see torchvision.models.vit_b_16; Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { VisionTransformer } from '@flambeau/vision-models'
 * const net = new VisionTransformer('tiny', { imageSize: 32, patchSize: 4, numClasses: 10, numLayers: 2 })
 * console.log(net(ones([2, 3, 32, 32])).shape) // => [ 2, 10 ]
 * ```
 */
export class VisionTransformer extends nn.Module {
  readonly imageSize: number
  readonly patchSize: number
  class_token: nn.Parameter
  conv_proj: nn.Conv2d
  encoder: nn.Module
  heads: nn.Sequential

  constructor(size: ViTSize, options: ViTOptions = {}) {
    super()
    requireOptions('VisionTransformer', options)
    requireOneOf('VisionTransformer', 'size', size, Object.keys(SIZES))
    const { imageSize = 224, patchSize = 16, numClasses = 1000, inChannels = 3 } = options
    const { hiddenDim, numLayers, numHeads } = { ...SIZES[size], ...options }
    const { mlpDim = 4 * hiddenDim, dropout = 0, attentionDropout = 0 } = options
    if (imageSize % patchSize !== 0) {
      throw new ValueError(
        'VisionTransformer',
        { imageSize, patchSize },
        `patches of ${patchSize} pixels do not cover ${imageSize}`,
        'choose a divisor',
      )
    }
    this.imageSize = imageSize
    this.patchSize = patchSize
    this.class_token = new nn.Parameter(zeros([1, 1, hiddenDim]))
    this.conv_proj = new nn.Conv2d(inChannels, hiddenDim, patchSize, { stride: patchSize })
    this.encoder = new Encoder((imageSize / patchSize) ** 2 + 1, numLayers, {
      dim: hiddenDim,
      heads: numHeads,
      hidden: mlpDim,
      dropout,
      attention: attentionDropout,
    })
    const head = new nn.Linear(hiddenDim, numClasses)
    this.heads = new nn.Sequential({ head })
    const fanIn = inChannels * patchSize ** 2
    nn.init.truncNormal_(this.conv_proj.weight, 0, Math.sqrt(1 / fanIn))
    nn.init.zeros_(this.conv_proj.bias as nn.Parameter)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias as nn.Parameter)
  }

  /** The tokens after the last norm: `[N, 1 + patches, hiddenDim]`, the class token first. */
  tokens(x: Tensor): Tensor {
    const [batch, , height, width] = x.shape
    if (x.ndim !== 4 || height !== this.imageSize || width !== this.imageSize) {
      throw new ShapeError(
        'VisionTransformer',
        { x },
        `images must be [N, C, ${this.imageSize}, ${this.imageSize}]`,
        'resize them, or build the model with their imageSize',
      )
    }
    const patches = this.conv_proj(x).flatten(2).transpose(1, 2)
    return this.encoder(cat([this.class_token.expand(batch as number, -1, -1), patches], 1))
  }

  override forward(x: Tensor): Tensor {
    return this.heads(this.tokens(x).select(1, 0))
  }
}
