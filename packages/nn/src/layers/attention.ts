import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, requireTensor } from '@flambeau/core/internal'
import { attendInHeads } from '../functional/attention.ts'
import { constant_, xavierNormal_, xavierUniform_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'
import { Linear } from './linear.ts'

export interface MultiheadAttentionOptions extends FactoryOptions {
  /** The size E of queries and outputs. */
  embedDim: number
  /** How many heads share it; divides it. */
  numHeads: number
  /** The share of weights to drop while training. Default 0. */
  dropout?: number
  /** Add biases. Default true. */
  bias?: boolean
  /** Learn a further key and value. Default false. */
  addBiasKv?: boolean
  /** Append a key and a value of zeros. Default false. */
  addZeroAttn?: boolean
  /** The size of keys. Default null: embedDim. */
  kdim?: number | null
  /** The size of values. Default null: embedDim. */
  vdim?: number | null
  /** Are batches the first axis, not the second? Default false. */
  batchFirst?: boolean
}

const NAMES = [
  'embedDim',
  'numHeads',
  'dropout',
  'bias',
  'addBiasKv',
  'addZeroAttn',
  'kdim',
  'vdim',
  'batchFirst',
  'device',
  'dtype',
] as const

const readAttention = parameters<
  [
    number,
    number,
    number,
    boolean,
    boolean,
    boolean,
    number | null,
    number | null,
    boolean,
    FactoryOptions['device'],
    FactoryOptions['dtype'],
  ]
>('MultiheadAttention', NAMES)

export interface AttentionCallOptions {
  /** `[N, S]` or `[S]`: true, or -∞, where a key is padding. Default null. */
  keyPaddingMask?: Tensor | null
  /** Give the weights too. Default true. */
  needWeights?: boolean
  /** `[L, S]` or `[N · heads, L, S]`: true, or -∞, where a query must not look. Default null. */
  attnMask?: Tensor | null
  /** Give the mean of the heads' weights. Default true. */
  averageAttnWeights?: boolean
  /** A hint that attnMask is causal. Default false. */
  isCausal?: boolean
}

const CALL = [
  'keyPaddingMask',
  'needWeights',
  'attnMask',
  'averageAttnWeights',
  'isCausal',
] as const

const readCall = parameters<[Tensor | null, boolean, Tensor | null, boolean, boolean]>(
  'MultiheadAttention',
  CALL,
)

/** What an attention layer is called with. */
export type AttentionCall = [
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...given: Arguments<AttentionCallOptions, typeof CALL>,
]

/**
 * Attention of several heads between linear layers.
 *
 * Shapes: query `[L, N, E]`, key `[S, N, kdim]`, value `[S, N, vdim]`, the first two axes exchanged
 * with batchFirst, or less N -> output as query, and weights `[N, L, S]`, `[N, heads, L, S]` without
 * averageAttnWeights, or null without needWeights. In state dicts: `in_proj_weight [3E, E]` or
 * `q_proj_weight`, `k_proj_weight`, `v_proj_weight`; `in_proj_bias`, `out_proj`, `bias_k`, `bias_v`.
 *
 * @throws {ValueError} if numHeads does not divide embedDim. @throws {ShapeError, DTypeError} if the
 * operands do not fit.
 * @see torch.nn.MultiheadAttention; Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { MultiheadAttention } from '@flambeau/nn'
 * const attention = new MultiheadAttention(8, 2, { batchFirst: true })
 * const x = ones([3, 5, 8])
 * const [output, weights] = attention(x, x, x)
 * console.log(output.shape, weights?.shape) // => [ 3, 5, 8 ] [ 3, 5, 5 ]
 * ```
 */
export class MultiheadAttention extends Module<
  AttentionCall,
  [output: Tensor, weights: Tensor | null]
> {
  readonly embedDim: number
  readonly numHeads: number
  readonly dropout: number
  readonly addZeroAttn: boolean
  readonly kdim: number
  readonly vdim: number
  readonly batchFirst: boolean
  readonly headDim: number
  q_proj_weight: Parameter | null = null
  k_proj_weight: Parameter | null = null
  v_proj_weight: Parameter | null = null
  in_proj_weight: Parameter | null = null
  in_proj_bias: Parameter | null
  readonly out_proj: Linear
  bias_k: Parameter | null
  bias_v: Parameter | null

  constructor(...given: Arguments<MultiheadAttentionOptions, typeof NAMES>) {
    super()
    const op = 'MultiheadAttention'
    const read = readAttention(given)
    const [embedDim, numHeads, dropout = 0, bias = true, biasKv = false, zero = false] = read
    requireCounts(op, { embedDim, numHeads }, 1)
    const [size, heads] = [embedDim as number, numHeads as number]
    if (size % heads !== 0) {
      throw new ValueError(
        op,
        { embedDim: size, numHeads: heads },
        `${heads} heads do not divide ${size}`,
        'choose a divisor',
      )
    }
    const factory = { device: read[9] ?? null, dtype: read[10] ?? null }
    this.embedDim = size
    this.numHeads = heads
    this.dropout = dropout
    this.addZeroAttn = zero
    this.kdim = read[6] ?? size
    this.vdim = read[7] ?? size
    this.batchFirst = read[8] ?? false
    this.headDim = size / heads
    requireCounts(op, { kdim: this.kdim, vdim: this.vdim }, 0)
    if (this.kdim === size && this.vdim === size) {
      this.in_proj_weight = newParameter([3 * size, size], factory)
    } else {
      this.q_proj_weight = newParameter([size, size], factory)
      this.k_proj_weight = newParameter([size, this.kdim], factory)
      this.v_proj_weight = newParameter([size, this.vdim], factory)
    }
    this.in_proj_bias = bias ? newParameter([3 * size], factory) : null
    this.out_proj = new Linear(size, size, { bias, ...factory })
    this.bias_k = biasKv ? newParameter([1, 1, size], factory) : null
    this.bias_v = biasKv ? newParameter([1, 1, size], factory) : null
    this.drawProjections()
  }

  private drawProjections(): void {
    const { in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight } = this
    for (const weight of [in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight]) {
      if (weight !== null) xavierUniform_(weight)
    }
    if (this.in_proj_bias !== null) {
      constant_(this.in_proj_bias, 0)
      constant_(this.out_proj.bias as Parameter, 0)
    }
    if (this.bias_k !== null) xavierNormal_(this.bias_k)
    if (this.bias_v !== null) xavierNormal_(this.bias_v)
  }

  override forward(...call: AttentionCall): [output: Tensor, weights: Tensor | null] {
    const op = 'MultiheadAttention'
    const [query, key, value, ...given] = call
    const [padding, needWeights, mask, averageAttnWeights, isCausal = false] = readCall(given)
    requireTensor(op, 'query', query)
    requireTensor(op, 'key', key)
    requireTensor(op, 'value', value)
    if (query.ndim !== 2 && query.ndim !== 3) {
      throw new ShapeError(op, { query }, 'query must have a length and a size', 'unsqueeze(0)')
    }
    if (isCausal && (mask ?? null) === null) {
      throw new ValueError(
        op,
        { query },
        'isCausal says what attnMask is, and there is none',
        'pass attnMask: Transformer.generateSquareSubsequentMask(n)',
      )
    }
    return attendInHeads(
      query,
      [
        key,
        value,
        this.embedDim,
        this.numHeads,
        this.in_proj_weight,
        this.in_proj_bias,
        this.bias_k,
        this.bias_v,
        this.addZeroAttn,
        this.dropout,
        this.out_proj.weight,
        this.out_proj.bias,
        this.training,
        padding ?? null,
        needWeights ?? true,
        mask ?? null,
        this.in_proj_weight === null,
        this.q_proj_weight,
        this.k_proj_weight,
        this.v_proj_weight,
        null,
        null,
        averageAttnWeights ?? true,
        isCausal,
      ],
      this.batchFirst,
    )
  }
}
