/** Stacks of transformer layers. */
import type { Device, DType, Tensor } from '@flambeau/core'
import { full, ShapeError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, requireTensor } from '@flambeau/core/internal'
import { xavierUniform_ } from '../init.ts'
import type { AnyModule } from '../module.ts'
import { Module } from '../module.ts'
import { ModuleList } from './container.ts'
import { copyModule } from './copy.ts'
import type { FactoryOptions } from './factory.ts'
import { LayerNorm } from './normalization.ts'
import type {
  DecoderCall,
  TransformerActivation,
  TransformerSettings,
} from './transformer-layers.ts'
import {
  readDecoderCall,
  TransformerDecoderLayer,
  TransformerEncoderLayer,
} from './transformer-layers.ts'

interface Stack {
  /** How many copies of the layer there are. */
  numLayers: number
  /** What normalises the output. Default null. */
  norm?: Module | null
}

export interface TransformerEncoderOptions extends Stack {
  /** The layer to copy. */
  encoderLayer: TransformerEncoderLayer
  /** Taken for PyTorch's sake. Default true. */
  enableNestedTensor?: boolean
  /** Taken for PyTorch's sake. Default true. */
  maskCheck?: boolean
}

const ENCODER = ['encoderLayer', 'numLayers', 'norm', 'enableNestedTensor', 'maskCheck'] as const
const readEncoder = parameters<[TransformerEncoderLayer, number, Module | null, boolean, boolean]>(
  'TransformerEncoder',
  ENCODER,
)

export interface EncoderCallOptions {
  /** Who must not look where. Default null. */
  mask?: Tensor | null
  /** Where there is padding. Default null. */
  srcKeyPaddingMask?: Tensor | null
  /** A hint that mask is causal. Default null. */
  isCausal?: boolean | null
}

const ENCODER_CALL = ['mask', 'srcKeyPaddingMask', 'isCausal'] as const
const readEncoderCall = parameters<[Tensor | null, Tensor | null, boolean | null]>(
  'TransformerEncoder',
  ENCODER_CALL,
)

/** What an encoder is called with. */
export type EncoderCall = [
  src: Tensor,
  ...given: Arguments<EncoderCallOptions, typeof ENCODER_CALL>,
]

/** Copies of a layer, all with its present weights. */
function copies<M extends AnyModule>(op: string, layer: M, numLayers: unknown): ModuleList<M> {
  requireCounts(op, { numLayers }, 0)
  const made = new ModuleList<M>()
  for (let i = 0; i < (numLayers as number); i++) made.append(copyModule(layer))
  return made
}

/** Is `isCausal` worth telling: without a mask there is nothing that it could be said of. */
function hint(isCausal: boolean | null | undefined, mask: Tensor | null | undefined): boolean {
  return (isCausal ?? false) && (mask ?? null) !== null
}

/**
 * Copies of an encoder layer behind one another.
 *
 * Shapes: as of TransformerEncoderLayer.
 *
 * @throws {ValueError} unless numLayers is a whole number ≥ 0. @throws {ShapeError} if the operands do
 * not fit.
 * @see torch.nn.TransformerEncoder
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { TransformerEncoder, TransformerEncoderLayer } from '@flambeau/nn'
 * const encoder = new TransformerEncoder(new TransformerEncoderLayer(8, 2), 3)
 * console.log(encoder(ones([5, 2, 8])).shape) // => [ 5, 2, 8 ]
 * ```
 */
export class TransformerEncoder extends Module<EncoderCall> {
  readonly layers: ModuleList<TransformerEncoderLayer>
  readonly numLayers: number
  readonly norm: Module | null

  constructor(...given: Arguments<TransformerEncoderOptions, typeof ENCODER>) {
    super()
    const [layer, numLayers, norm = null] = readEncoder(given)
    this.layers = copies('TransformerEncoder', layer as TransformerEncoderLayer, numLayers)
    this.numLayers = numLayers as number
    this.norm = norm
  }

  override forward(...[src, ...given]: EncoderCall): Tensor {
    const [mask = null, padding = null, isCausal] = readEncoderCall(given)
    let out = src
    for (const layer of this.layers) out = layer(out, mask, padding, hint(isCausal, mask))
    return this.norm === null ? out : this.norm(out)
  }
}

export interface TransformerDecoderOptions extends Stack {
  /** The layer to copy. */
  decoderLayer: TransformerDecoderLayer
}

const DECODER = ['decoderLayer', 'numLayers', 'norm'] as const
const readDecoder = parameters<[TransformerDecoderLayer, number, Module | null]>(
  'TransformerDecoder',
  DECODER,
)

/**
 * Copies of a decoder layer behind one another.
 *
 * Shapes: as of TransformerDecoderLayer.
 *
 * @throws {ValueError} unless numLayers is a whole number ≥ 0. @throws {ShapeError} if the operands do
 * not fit.
 * @see torch.nn.TransformerDecoder
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { TransformerDecoder, TransformerDecoderLayer } from '@flambeau/nn'
 * const decoder = new TransformerDecoder(new TransformerDecoderLayer(8, 2), 3)
 * console.log(decoder(ones([5, 2, 8]), ones([4, 2, 8])).shape) // => [ 5, 2, 8 ]
 * ```
 */
export class TransformerDecoder extends Module<DecoderCall> {
  readonly layers: ModuleList<TransformerDecoderLayer>
  readonly numLayers: number
  readonly norm: Module | null

  constructor(...given: Arguments<TransformerDecoderOptions, typeof DECODER>) {
    super()
    const [layer, numLayers, norm = null] = readDecoder(given)
    this.layers = copies('TransformerDecoder', layer as TransformerDecoderLayer, numLayers)
    this.numLayers = numLayers as number
    this.norm = norm
  }

  override forward(...[tgt, ...given]: DecoderCall): Tensor {
    const read = readDecoderCall(given)
    const [other, tgtMask = null, memoryMask = null, tgtPadding = null] = read
    const [memory, memoryPadding, tgtCausal, memoryCausal] = [
      other as Tensor,
      read[4] ?? null,
      read[5],
      read[6],
    ]
    const causal = [hint(tgtCausal, tgtMask), hint(memoryCausal, memoryMask)] as const
    let out = tgt
    for (const layer of this.layers) {
      out = layer(out, memory, tgtMask, memoryMask, tgtPadding, memoryPadding, ...causal)
    }
    return this.norm === null ? out : this.norm(out)
  }
}

export interface TransformerOptions extends TransformerSettings {
  /** The size of the features. Default 512. */
  dModel?: number
  /** How many heads share it. Default 8. */
  nhead?: number
  /** Default 6. */
  numEncoderLayers?: number
  /** Default 6. */
  numDecoderLayers?: number
  /** An encoder of one's own. Default null. */
  customEncoder?: Module<EncoderCall> | null
  /** A decoder of one's own. Default null. */
  customDecoder?: Module<DecoderCall> | null
}

const NAMES = [
  'dModel',
  'nhead',
  'numEncoderLayers',
  'numDecoderLayers',
  'dimFeedforward',
  'dropout',
  'activation',
  'customEncoder',
  'customDecoder',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
  'device',
  'dtype',
] as const

const readTransformer = parameters<
  [
    number,
    number,
    number,
    number,
    number,
    number,
    TransformerActivation,
    Module<EncoderCall> | null,
    Module<DecoderCall> | null,
    number,
    boolean,
    boolean,
    boolean,
    FactoryOptions['device'],
    FactoryOptions['dtype'],
  ]
>('Transformer', NAMES)

export interface TransformerCallOptions {
  /** What the decoder is given. */
  tgt: Tensor
  /** Who must not look where. Default null. */
  srcMask?: Tensor | null
  /** Who must not look where. Default null. */
  tgtMask?: Tensor | null
  /** Who must not look where in the encoder's output. Default null. */
  memoryMask?: Tensor | null
  /** Where there is padding. Default null. */
  srcKeyPaddingMask?: Tensor | null
  /** Where there is padding. Default null. */
  tgtKeyPaddingMask?: Tensor | null
  /** Where there is padding in the encoder's output. Default null. */
  memoryKeyPaddingMask?: Tensor | null
  /** A hint that srcMask is causal. Default null. */
  srcIsCausal?: boolean | null
  /** A hint that tgtMask is causal. Default null. */
  tgtIsCausal?: boolean | null
  /** A hint that memoryMask is causal. Default false. */
  memoryIsCausal?: boolean | null
}

const CALL = [
  'tgt',
  'srcMask',
  'tgtMask',
  'memoryMask',
  'srcKeyPaddingMask',
  'tgtKeyPaddingMask',
  'memoryKeyPaddingMask',
  'srcIsCausal',
  'tgtIsCausal',
  'memoryIsCausal',
] as const

type Masked = Tensor | null
type Hint = boolean | null

const readCall = parameters<
  [Tensor, Masked, Masked, Masked, Masked, Masked, Masked, Hint, Hint, Hint]
>('Transformer', CALL)

/** What a transformer is called with. */
export type TransformerCall = [
  src: Tensor,
  ...given: Arguments<TransformerCallOptions, typeof CALL>,
]

/**
 * An encoder and a decoder that looks at its output.
 *
 * Shapes: src `[S, N, dModel]` and tgt `[T, N, dModel]`, the first axes exchanged with batchFirst, or
 * less N -> as tgt. Masks as of the layers.
 *
 * @throws {ShapeError} if the operands do not fit. @throws {ValueError} if nhead does not divide dModel.
 * @see torch.nn.Transformer; Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Transformer } from '@flambeau/nn'
 * const model = new Transformer({ dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1 })
 * console.log(model(ones([4, 2, 8]), ones([5, 2, 8])).shape) // => [ 5, 2, 8 ]
 * ```
 */
export class Transformer extends Module<TransformerCall> {
  readonly encoder: Module<EncoderCall>
  readonly decoder: Module<DecoderCall>
  readonly dModel: number
  readonly nhead: number
  readonly batchFirst: boolean

  constructor(...given: Arguments<TransformerOptions, typeof NAMES>) {
    super()
    const read = readTransformer(given)
    const [dModel = 512, nhead = 8, encoders = 6, decoders = 6, dimFeedforward = 2048] = read
    const [, , , , , dropout = 0.1, activation = 'relu', encoder = null, decoder = null] = read
    const [batchFirst, normFirst, bias] = [read[10] ?? false, read[11] ?? false, read[12] ?? true]
    const eps = read[9] ?? 1e-5
    const factory = { device: read[13] ?? null, dtype: read[14] ?? null }
    const layer = {
      dModel,
      nhead,
      dimFeedforward,
      dropout,
      activation,
      layerNormEps: eps,
      batchFirst,
      normFirst,
      bias,
      ...factory,
    }
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, ...factory })
    this.encoder =
      encoder ?? new TransformerEncoder(new TransformerEncoderLayer(layer), encoders, norm())
    this.decoder =
      decoder ?? new TransformerDecoder(new TransformerDecoderLayer(layer), decoders, norm())
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter)
    this.dModel = dModel
    this.nhead = nhead
    this.batchFirst = batchFirst
  }

  /**
   * `[size, size]` zeros, with -∞ above the diagonal: nobody sees what comes later.
   *
   * @see torch.nn.Transformer.generate_square_subsequent_mask
   */
  static generateSquareSubsequentMask(
    size: number,
    options: { device?: Device; dtype?: DType } = {},
  ): Tensor {
    return full([size, size], -Infinity, options).triu(1)
  }

  override forward(...[src, ...given]: TransformerCall): Tensor {
    const call = readCall(given)
    const [target, srcMask = null, tgtMask = null, memoryMask = null, srcPadding = null] = call
    const [tgt, tgtPadding, memoryPadding] = [target as Tensor, call[5] ?? null, call[6] ?? null]
    requireTensor('Transformer', 'src', src)
    requireTensor('Transformer', 'tgt', tgt)
    const axis = this.batchFirst ? 0 : 1
    if (src.ndim === 3 && src.shape[axis] !== tgt.shape[axis]) {
      throw new ShapeError(
        'Transformer',
        { src, tgt },
        'src and tgt must have as many batches',
        'fit',
      )
    }
    if (src.shape.at(-1) !== this.dModel || tgt.shape.at(-1) !== this.dModel) {
      throw new ShapeError(
        'Transformer',
        { src, tgt },
        `both must end in ${this.dModel}`,
        'embed them',
      )
    }
    const memory = this.encoder(src, srcMask, srcPadding, call[7] ?? null)
    return this.decoder(
      tgt,
      memory,
      tgtMask,
      memoryMask,
      tgtPadding,
      memoryPadding,
      call[8] ?? false,
      call[9] ?? false,
    )
  }
}
