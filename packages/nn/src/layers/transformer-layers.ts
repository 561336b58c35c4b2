/** The layers that transformers repeat. */
import type { Tensor } from '@flambeau/core'
import { gelu, relu, ValueError } from '@flambeau/core'
import type { Arguments, Given } from '@flambeau/core/internal'
import { parameters, requireTensor, show } from '@flambeau/core/internal'
import { Module } from '../module.ts'
import { MultiheadAttention } from './attention.ts'
import { Dropout } from './dropout.ts'
import type { FactoryOptions } from './factory.ts'
import { Linear } from './linear.ts'
import { LayerNorm } from './normalization.ts'

/** A function by name or itself. */
export type TransformerActivation = 'relu' | 'gelu' | ((input: Tensor) => Tensor)

/** What the layers are made with, less their sizes. */
export interface TransformerSettings extends FactoryOptions {
  /** The size of the hidden layer. Default 2048. */
  dimFeedforward?: number
  /** The share to drop while training. Default 0.1. */
  dropout?: number
  /** What the hidden layer is put through. Default 'relu'. */
  activation?: TransformerActivation
  /** Added to variances. Default 1e-5. */
  layerNormEps?: number
  /** Are batches the first axis, not the second? Default false. */
  batchFirst?: boolean
  /** Normalise before each part, not behind it. Default false. */
  normFirst?: boolean
  /** Add biases. Default true. */
  bias?: boolean
}

export interface TransformerLayerOptions extends TransformerSettings {
  /** The size of the features. */
  dModel: number
  /** How many heads share it. */
  nhead: number
}

const NAMES = [
  'dModel',
  'nhead',
  'dimFeedforward',
  'dropout',
  'activation',
  'layerNormEps',
  'batchFirst',
  'normFirst',
  'bias',
  'device',
  'dtype',
] as const

type LayerParameters = [
  number,
  number,
  number,
  number,
  TransformerActivation,
  number,
  boolean,
  boolean,
  boolean,
  FactoryOptions['device'],
  FactoryOptions['dtype'],
]

const readEncoder = parameters<LayerParameters>('TransformerEncoderLayer', NAMES)
const readDecoder = parameters<LayerParameters>('TransformerDecoderLayer', NAMES)

/** What a layer is called with. */
type LayerArguments = Arguments<TransformerLayerOptions, typeof NAMES>

interface Settings {
  dModel: number
  nhead: number
  dimFeedforward: number
  dropout: number
  activation: (input: Tensor) => Tensor
  eps: number
  batchFirst: boolean
  normFirst: boolean
  bias: boolean
  factory: FactoryOptions
}

function activationOf(op: string, activation: TransformerActivation): (input: Tensor) => Tensor {
  if (activation === 'relu') return (input) => relu(input)
  if (activation === 'gelu') return (input) => gelu(input)
  if (typeof activation === 'function') return activation
  throw new ValueError(
    op,
    [],
    `activation is 'relu', 'gelu' or a function, not ${show(activation)}`,
    "{ activation: 'relu' }",
  )
}

function settingsOf(op: string, read: Given<LayerParameters>): Settings {
  return {
    dModel: read[0] as number,
    nhead: read[1] as number,
    dimFeedforward: read[2] ?? 2048,
    dropout: read[3] ?? 0.1,
    activation: activationOf(op, read[4] ?? 'relu'),
    eps: read[5] ?? 1e-5,
    batchFirst: read[6] ?? false,
    normFirst: read[7] ?? false,
    bias: read[8] ?? true,
    factory: { device: read[9] ?? null, dtype: read[10] ?? null },
  }
}

function attentionOf(settings: Settings): MultiheadAttention {
  const { dModel: embedDim, nhead: numHeads, dropout, bias, batchFirst, factory } = settings
  return new MultiheadAttention({ embedDim, numHeads, dropout, bias, batchFirst, ...factory })
}

function normOf({ dModel: normalizedShape, eps, bias, factory }: Settings): LayerNorm {
  return new LayerNorm({ normalizedShape, eps, bias, ...factory })
}

/** What is known of the masks of one attention. */
interface Sight {
  attnMask: Tensor | null
  keyPaddingMask: Tensor | null
  isCausal: boolean
}

function attend(
  attention: MultiheadAttention,
  query: Tensor,
  memory: Tensor,
  { attnMask, keyPaddingMask, isCausal }: Sight,
): Tensor {
  const options = { attnMask, keyPaddingMask, isCausal, needWeights: false }
  return attention(query, memory, memory, options)[0]
}

export interface EncoderLayerCallOptions {
  /** Who must not look where. Default null. */
  srcMask?: Tensor | null
  /** Where there is padding. Default null. */
  srcKeyPaddingMask?: Tensor | null
  /** A hint that srcMask is causal. Default false. */
  isCausal?: boolean | null
}

const ENCODER_CALL = ['srcMask', 'srcKeyPaddingMask', 'isCausal'] as const
const readEncoderCall = parameters<[Tensor | null, Tensor | null, boolean | null]>(
  'TransformerEncoderLayer',
  ENCODER_CALL,
)

/** What an encoder layer is called with. */
export type EncoderLayerCall = [
  src: Tensor,
  ...given: Arguments<EncoderLayerCallOptions, typeof ENCODER_CALL>,
]

/**
 * Self-attention and a two-layer network, each added to its input and normalised.
 *
 * Shapes: src `[S, N, dModel]`, `[N, S, dModel]` with batchFirst, or `[S, dModel]` -> same; srcMask
 * `[S, S]` or `[N · nhead, S, S]`, srcKeyPaddingMask `[N, S]` or `[S]`.
 *
 * @throws {ValueError} for another activation, or if nhead does not divide dModel.
 * @throws {ShapeError} if the operands do not fit.
 * @see torch.nn.TransformerEncoderLayer; Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { TransformerEncoderLayer } from '@flambeau/nn'
 * const layer = new TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true })
 * console.log(layer(ones([3, 5, 8])).shape) // => [ 3, 5, 8 ]
 * ```
 */
export class TransformerEncoderLayer extends Module<EncoderLayerCall> {
  readonly self_attn: MultiheadAttention
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly normFirst: boolean
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly activation: (input: Tensor) => Tensor

  constructor(...given: LayerArguments) {
    super()
    const settings = settingsOf('TransformerEncoderLayer', readEncoder(given))
    const { dModel, dimFeedforward, dropout, bias, factory } = settings
    this.self_attn = attentionOf(settings)
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, ...factory })
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, ...factory })
    this.normFirst = settings.normFirst
    this.norm1 = normOf(settings)
    this.norm2 = normOf(settings)
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.activation = settings.activation
  }

  private feed(x: Tensor): Tensor {
    return this.dropout2(this.linear2(this.dropout(this.activation(this.linear1(x)))))
  }

  override forward(...[src, ...given]: EncoderLayerCall): Tensor {
    requireTensor('TransformerEncoderLayer', 'src', src)
    const [attnMask, keyPaddingMask, isCausal] = readEncoderCall(given)
    const sight = {
      attnMask: attnMask ?? null,
      keyPaddingMask: keyPaddingMask ?? null,
      isCausal: isCausal ?? false,
    }
    const look = (x: Tensor): Tensor => this.dropout1(attend(this.self_attn, x, x, sight))
    if (this.normFirst) {
      const x = src.add(look(this.norm1(src)))
      return x.add(this.feed(this.norm2(x)))
    }
    const x = this.norm1(src.add(look(src)))
    return this.norm2(x.add(this.feed(x)))
  }
}

export interface DecoderCallOptions {
  /** The encoder's output. */
  memory: Tensor
  /** Who must not look where. Default null. */
  tgtMask?: Tensor | null
  /** Who must not look where in memory. Default null. */
  memoryMask?: Tensor | null
  /** Where there is padding. Default null. */
  tgtKeyPaddingMask?: Tensor | null
  /** Where there is padding in memory. Default null. */
  memoryKeyPaddingMask?: Tensor | null
  /** A hint that tgtMask is causal. Default false. */
  tgtIsCausal?: boolean | null
  /** A hint that memoryMask is causal. Default false. */
  memoryIsCausal?: boolean | null
}

const DECODER_CALL = [
  'memory',
  'tgtMask',
  'memoryMask',
  'tgtKeyPaddingMask',
  'memoryKeyPaddingMask',
  'tgtIsCausal',
  'memoryIsCausal',
] as const

/** What a decoder and its layers are called with. */
export type DecoderCall = [
  tgt: Tensor,
  ...given: Arguments<DecoderCallOptions, typeof DECODER_CALL>,
]

type Masked = Tensor | null
type Hint = boolean | null

/** The arguments of such a call after the first, in order. */
export const readDecoderCall: (
  given: readonly unknown[],
) => Given<[Tensor, Masked, Masked, Masked, Masked, Hint, Hint]> = parameters(
  'TransformerDecoder',
  DECODER_CALL,
)

/**
 * Self-attention, attention to an encoder's output, and a two-layer network, each added to its input
 * and normalised.
 *
 * Shapes: tgt `[T, N, dModel]` and memory `[S, N, dModel]`, the first axes exchanged with batchFirst,
 * or less N -> as tgt; tgtMask `[T, T]`, memoryMask `[T, S]`, tgtKeyPaddingMask `[N, T]`,
 * memoryKeyPaddingMask `[N, S]`.
 *
 * @throws {ValueError} for another activation, or if nhead does not divide dModel.
 * @throws {ShapeError} if the operands do not fit.
 * @see torch.nn.TransformerDecoderLayer; Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { TransformerDecoderLayer } from '@flambeau/nn'
 * const layer = new TransformerDecoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true })
 * console.log(layer(ones([3, 5, 8]), ones([3, 4, 8])).shape) // => [ 3, 5, 8 ]
 * ```
 */
export class TransformerDecoderLayer extends Module<DecoderCall> {
  readonly self_attn: MultiheadAttention
  readonly multihead_attn: MultiheadAttention
  readonly linear1: Linear
  readonly dropout: Dropout
  readonly linear2: Linear
  readonly normFirst: boolean
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly norm3: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly dropout3: Dropout
  readonly activation: (input: Tensor) => Tensor

  constructor(...given: LayerArguments) {
    super()
    const settings = settingsOf('TransformerDecoderLayer', readDecoder(given))
    const { dModel, dimFeedforward, dropout, bias, factory } = settings
    this.self_attn = attentionOf(settings)
    this.multihead_attn = attentionOf(settings)
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, ...factory })
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, ...factory })
    this.normFirst = settings.normFirst
    this.norm1 = normOf(settings)
    this.norm2 = normOf(settings)
    this.norm3 = normOf(settings)
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.dropout3 = new Dropout(dropout)
    this.activation = settings.activation
  }

  private feed(x: Tensor): Tensor {
    return this.dropout3(this.linear2(this.dropout(this.activation(this.linear1(x)))))
  }

  override forward(...[tgt, ...given]: DecoderCall): Tensor {
    const call = readDecoderCall(given)
    const [other0, tgtMask = null, memoryMask = null, tgtPadding, memoryPadding] = call
    const memory = other0 as Tensor
    requireTensor('TransformerDecoderLayer', 'tgt', tgt)
    requireTensor('TransformerDecoderLayer', 'memory', memory)
    const own = {
      attnMask: tgtMask,
      keyPaddingMask: tgtPadding ?? null,
      isCausal: call[5] ?? false,
    }
    const other = {
      attnMask: memoryMask,
      keyPaddingMask: memoryPadding ?? null,
      isCausal: call[6] ?? false,
    }
    const look = (x: Tensor): Tensor => this.dropout1(attend(this.self_attn, x, x, own))
    const recall = (x: Tensor): Tensor =>
      this.dropout2(attend(this.multihead_attn, x, memory, other))
    if (this.normFirst) {
      const x = tgt.add(look(this.norm1(tgt)))
      const y = x.add(recall(this.norm2(x)))
      return y.add(this.feed(this.norm3(y)))
    }
    const x = this.norm1(tgt.add(look(tgt)))
    const y = this.norm2(x.add(recall(x)))
    return this.norm3(y.add(this.feed(y)))
  }
}
