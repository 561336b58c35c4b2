/** Attention as a function. */
import type { DType, Tensor } from '@flambeau/core'
import {
  cat,
  dropout,
  DTypeError,
  linear,
  scaledDotProductAttention,
  ShapeError,
  softmax,
  ValueError,
  zeros,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireTensor } from './inputs.ts'

/** The summand of scores of a mask: -∞ where booleans forbid. */
function additive(mask: Tensor, forbidden: Tensor, dtype: DType): Tensor {
  return zeros([...mask.shape], { dtype }).maskedFill(forbidden, -Infinity)
}

/** A mask as summands of scores. @throws {DTypeError} unless it is bool or floating. */
export function canonicalMask(
  op: string,
  name: string,
  mask: Tensor | null | undefined,
  dtype: DType,
): Tensor | null {
  if (mask === null || mask === undefined) return null
  requireTensor(op, name, mask)
  if (mask.dtype === 'bool') return additive(mask, mask, dtype)
  if (mask.isFloatingPoint()) return mask
  throw new DTypeError(op, { [name]: mask }, 'a mask is bool or floating', ".to('bool')")
}

export interface MultiHeadAttentionForwardOptions {
  /** `[S, N, kdim]`, or less the axis N. */
  key: Tensor
  /** `[S, N, vdim]`, or less the axis N. */
  value: Tensor
  /** The size E that query must have. */
  embedDimToCheck: number
  /** How many heads share it. */
  numHeads: number
  /** The three projections in one, `[3E, E]`. */
  inProjWeight: Tensor | null
  /** `[3E]`. */
  inProjBias: Tensor | null
  /** A further key, `[1, 1, E]`. */
  biasK: Tensor | null
  /** A further value, `[1, 1, E]`. */
  biasV: Tensor | null
  /** Append a key and a value of zeros? */
  addZeroAttn: boolean
  /** The share of weights to drop while training. */
  dropoutP: number
  /** `[E, E]`. */
  outProjWeight: Tensor
  /** `[E]`. */
  outProjBias: Tensor | null
  /** Default true. */
  training?: boolean
  /** `[N, S]`: true or -∞ where a key is padding. Default null. */
  keyPaddingMask?: Tensor | null
  /** Give the weights too. Default true. */
  needWeights?: boolean
  /** `[L, S]` or `[N · heads, L, S]`: true or -∞ where a query must not look. Default null. */
  attnMask?: Tensor | null
  /** Are there three weights instead of inProjWeight? Default false. */
  useSeparateProjWeight?: boolean
  /** `[E, E]`. */
  qProjWeight?: Tensor | null
  /** `[E, kdim]`. */
  kProjWeight?: Tensor | null
  /** `[E, vdim]`. */
  vProjWeight?: Tensor | null
  /** Projected keys, `[N · heads, S, E / heads]`. Default null. */
  staticK?: Tensor | null
  /** Projected values. Default null. */
  staticV?: Tensor | null
  /** Give the mean of the heads' weights. Default true. */
  averageAttnWeights?: boolean
  /** A hint that attnMask is causal. Default false. */
  isCausal?: boolean
}

const HEADS = [
  'key',
  'value',
  'embedDimToCheck',
  'numHeads',
  'inProjWeight',
  'inProjBias',
  'biasK',
  'biasV',
  'addZeroAttn',
  'dropoutP',
  'outProjWeight',
  'outProjBias',
  'training',
  'keyPaddingMask',
  'needWeights',
  'attnMask',
  'useSeparateProjWeight',
  'qProjWeight',
  'kProjWeight',
  'vProjWeight',
  'staticK',
  'staticV',
  'averageAttnWeights',
  'isCausal',
] as const

type Optional = Tensor | null

const readHeads = parameters<
  [
    Tensor,
    Tensor,
    number,
    number,
    Optional,
    Optional,
    Optional,
    Optional,
    boolean,
    number,
    Tensor,
    Optional,
    boolean,
    Optional,
    boolean,
    Optional,
    boolean,
    Optional,
    Optional,
    Optional,
    Optional,
    Optional,
    boolean,
    boolean,
  ]
>('multiHeadAttentionForward', HEADS)

/** A mask with one more column, which forbids nothing. */
function widenedMask(mask: Tensor | null): Tensor | null {
  return mask === null
    ? null
    : cat([mask, zeros([...mask.shape.slice(0, -1), 1], { dtype: mask.dtype })], -1)
}

/**
 * Projects queries, keys and values, attends in several heads, and projects back: what
 * MultiheadAttention does.
 *
 * Shapes: query `[L, N, E]` or `[L, E]` -> output of the same shape, and weights `[N, L, S]`,
 * `[N, heads, L, S]` without averageAttnWeights (less N without batches), or null without
 * needWeights.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {ValueError} for sizes that
 * do not divide.
 * @see torch.nn.functional.multi_head_attention_forward
 */
export function multiHeadAttentionForward(
  query: Tensor,
  ...given: Arguments<MultiHeadAttentionForwardOptions, typeof HEADS>
): [output: Tensor, weights: Tensor | null] {
  const op = 'multiHeadAttentionForward'
  const read = readHeads(given)
  const [keys, values, embedDim, heads = 0, inWeight = null, inBias = null] = read
  const [, , , , , , biasK = null, biasV = null, addZero = false, dropoutP = 0, outWeight] = read
  const [needWeights, separate] = [read[14] ?? true, read[16] ?? false]
  for (const [name, value] of Object.entries({ query, key: keys, value: values })) {
    requireTensor(op, name, value)
  }
  const fail = (rule: string, fix: string): never => {
    throw new ShapeError(
      op,
      { query, key: keys as Tensor, value: values as Tensor, attnMask: read[15] ?? null },
      rule,
      fix,
    )
  }
  const batched = query.ndim === 3
  let padding = read[13] ?? null
  if ((query.ndim !== 3 && query.ndim !== 2) || (keys as Tensor).ndim !== query.ndim) {
    fail('query and key must both be [L, N, E], or [L, E]', 'unsqueeze(1)')
  }
  if ((values as Tensor).ndim !== query.ndim)
    fail('value must have the axes of key', 'unsqueeze(1)')
  if (padding !== null && padding.ndim !== query.ndim - 1) {
    fail('keyPaddingMask must be [N, S], or [S] without batches', 'reshape it')
  }
  const lift = (tensor: Tensor): Tensor => (batched ? tensor : tensor.unsqueeze(1))
  const [q0, k0, v0] = [lift(query), lift(keys as Tensor), lift(values as Tensor)]
  if (!batched && padding !== null) padding = padding.unsqueeze(0)
  const [length, count, size] = q0.shape as unknown as [number, number, number]
  if (size !== embedDim) fail(`query must end in ${embedDim}`, 'as embedDim says')
  const width = size / heads
  if (!Number.isSafeInteger(width) || width < 1) {
    throw new ValueError(
      op,
      { embedDim: size, numHeads: heads },
      `${heads} heads do not divide ${size}`,
      'choose a divisor',
    )
  }
  const same = separate ? 2 : 3
  if (k0.shape.slice(0, same).join() !== v0.shape.slice(0, same).join()) {
    fail('key and value must agree in shape', 'they belong together')
  }
  if (k0.shape[1] !== count) fail('query and key must have as many batches', 'expand one')
  const { dtype } = query
  let mask = canonicalMask(op, 'attnMask', read[15], dtype)
  padding = canonicalMask(op, 'keyPaddingMask', padding, dtype)
  const project = (): [Tensor, Tensor, Tensor] => {
    const biases = inBias === null ? [null, null, null] : inBias.chunk(3)
    const weights = separate ? read.slice(17, 20) : [...(inWeight?.chunk(3) ?? [])]
    const [a, b, c] = [q0, k0, v0].map((input, i) => {
      requireTensor(op, separate ? 'qProjWeight' : 'inProjWeight', weights[i])
      return linear(input, weights[i] as Tensor, biases[i] ?? null)
    })
    return [a as Tensor, b as Tensor, c as Tensor]
  }
  const packed = !separate && query === keys && keys === values && inWeight !== null
  let [q, k, v] = packed
    ? (linear(q0, inWeight, inBias).chunk(3, -1) as unknown as [Tensor, Tensor, Tensor])
    : project()
  const source =
    (read[20] ?? null) === null ? (k.shape[0] as number) : (read[20] as Tensor).shape[1]
  if (mask !== null) {
    const wanted = mask.ndim === 2 ? [length, source] : [count * heads, length, source]
    if (mask.shape.join() !== wanted.join()) {
      fail(
        `attnMask must be [${length}, ${source}] or [${count * heads}, ${length}, ${source}]`,
        'fit it',
      )
    }
  }
  if ((biasK === null) !== (biasV === null)) {
    throw new ValueError(op, [], 'biasK and biasV go together', 'pass both')
  }
  if (biasK !== null && biasV !== null) {
    k = cat([k, biasK.expand(1, count, size)])
    v = cat([v, biasV.expand(1, count, size)])
    mask = widenedMask(mask)
    padding = widenedMask(padding)
  }
  const split = (tensor: Tensor): Tensor =>
    tensor.reshape(tensor.shape[0] as number, count * heads, width).transpose(0, 1)
  q = split(q)
  k = read[20] ?? split(k)
  v = read[21] ?? split(v)
  if (addZero) {
    const none = zeros([count * heads, 1, width], { dtype })
    k = cat([k, none], 1)
    v = cat([v, none], 1)
    mask = widenedMask(mask)
    padding = widenedMask(padding)
  }
  const total = k.shape[1] as number
  let summand = mask
  if (padding !== null) {
    if (padding.shape.join() !== [count, total].join()) {
      fail(`keyPaddingMask must be [${count}, ${total}]`, 'a column for each key')
    }
    const rows = padding
      .reshape(count, 1, 1, total)
      .expand(count, heads, 1, total)
      .reshape(count * heads, 1, total)
    summand = summand === null ? rows : summand.add(rows)
  }
  const drop = (read[12] ?? true) ? dropoutP : 0
  let weights: Tensor | null = null
  let mixed: Tensor
  if (needWeights) {
    const scores = q.mul(Math.sqrt(1 / width)).bmm(k.transpose(1, 2))
    weights = softmax(summand === null ? scores : scores.add(summand.to(dtype)), -1)
    if (drop > 0) weights = dropout(weights, drop, true)
    mixed = weights.bmm(v)
  } else {
    const causal = (read[23] ?? false) && summand === null
    mixed = scaledDotProductAttention(q, k, v, summand?.to(dtype) ?? null, drop, causal)
  }
  const rows = mixed.transpose(0, 1).reshape(length, count, size)
  const output = linear(rows, outWeight as Tensor, read[11] ?? null)
  if (weights !== null) {
    weights = weights.reshape(count, heads, length, total)
    if (read[22] ?? true) weights = weights.mean(1)
  }
  return batched ? [output, weights] : [output.squeeze(1), weights?.squeeze(0) ?? null]
}
