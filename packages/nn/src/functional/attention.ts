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
import type { Arguments, Given } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireTensor } from './inputs.ts'

/** The summand of scores of a mask: -∞ where booleans forbid. */
function additive(mask: Tensor, forbidden: Tensor, dtype: DType): Tensor {
  return zeros([...mask.shape], { dtype, device: mask.device }).maskedFill(forbidden, -Infinity)
}

/** A mask as summands of scores. @throws {DTypeError} unless it is bool or floating. */
function canonicalMask(
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

type HeadParameters = [
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

/** The arguments of {@link multiHeadAttentionForward} after the query, in order. */
export type HeadArguments = Given<HeadParameters>

const readHeads = parameters<HeadParameters>('multiHeadAttentionForward', HEADS)

/** A mask with one more column, which forbids nothing. */
function widenedMask(mask: Tensor | null): Tensor | null {
  return mask === null
    ? null
    : cat(
        [mask, zeros([...mask.shape.slice(0, -1), 1], { dtype: mask.dtype, device: mask.device })],
        -1,
      )
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
  return attendInHeads(query, readHeads(given), false)
}

/** Queries, keys and values of all heads: `[N, heads, length, E / heads]` each, as views. */
type Heads = [query: Tensor, key: Tensor, value: Tensor]

/** `count` projections side by side, each cut into heads; x is `[N, length, …]`, or turned. */
function projected(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  count: number,
  heads: number,
  batchFirst: boolean,
): Tensor[] {
  const width = (weight.shape[0] as number) / count / heads
  const [a, b] = x.shape as unknown as [number, number]
  const order = batchFirst ? [0, 2, 1, 3] : [1, 2, 0, 3]
  const cut = (part: Tensor): Tensor => part.view(a, b, heads, width).permute(order)
  const made = linear(x, weight, bias)
  if (count === 1) return [cut(made)]
  // Parts of rows: their gradients make one tensor, which the product takes as it lies.
  return made.split(heads * width, 2).map(cut)
}

/** Query, key and value by the weights that there are, in as few products as possible. */
function projectedHeads(
  operands: readonly [Tensor, Tensor, Tensor],
  read: HeadArguments,
  batchFirst: boolean,
): Heads {
  const op = 'multiHeadAttentionForward'
  const [query, key, value] = operands
  const [heads, weight = null, bias = null] = [read[3] ?? 0, read[4], read[5]]
  const project = (x: Tensor, w: Tensor, b: Tensor | null, count: number): Tensor[] =>
    projected(x, w, b, count, heads, batchFirst)
  const size = query.shape[2] as number
  if (read[16] ?? false) {
    return operands.map((x, i) => {
      const own = read[17 + i] as Tensor
      requireTensor(op, `${'qkv'[i] ?? ''}ProjWeight`, own)
      const [b = null] = bias === null ? [] : [bias.narrow(0, i * size, size)]
      return project(x, own, b, 1)[0] as Tensor
    }) as Heads
  }
  requireTensor(op, 'inProjWeight', weight)
  if (query === key && key === value) return project(query, weight as Tensor, bias, 3) as Heads
  const counts = key === value ? [1, 2] : [1, 1, 1]
  const sizes = counts.map((count) => count * size)
  const weights = (weight as Tensor).split(sizes)
  const biases = bias?.split(sizes) ?? []
  return counts.flatMap((count, i) =>
    project(operands[i] as Tensor, weights[i] as Tensor, biases[i] ?? null, count),
  ) as Heads
}

/**
 * {@link multiHeadAttentionForward}, where the axis N may come first. What it works on are views.
 *
 * @internal
 */
export function attendInHeads(
  query: Tensor,
  read: HeadArguments,
  turned: boolean,
): [output: Tensor, weights: Tensor | null] {
  const op = 'multiHeadAttentionForward'
  const [keys, values, embedDim, heads = 0] = read
  const [, , , , , , biasK = null, biasV = null, addZero = false, dropoutP = 0, outWeight] = read
  const needWeights = read[14] ?? true
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
  // One batch is as good as many that come first.
  const batchFirst = turned || !batched
  const lift = (tensor: Tensor): Tensor => (batched ? tensor : tensor.unsqueeze(0))
  const q0 = lift(query)
  const k0 = keys === query ? q0 : lift(keys as Tensor)
  const v0 = values === keys ? k0 : lift(values as Tensor)
  if (!batched && padding !== null) padding = padding.unsqueeze(0)
  const [batchAxis, lengthAxis] = batchFirst ? [0, 1] : [1, 0]
  const [length, count] = [q0.shape[lengthAxis] as number, q0.shape[batchAxis] as number]
  const size = q0.shape[2] as number
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
  const same = (read[16] ?? false) ? 2 : 3
  if (k0.shape.slice(0, same).join() !== v0.shape.slice(0, same).join()) {
    fail('key and value must agree in shape', 'they belong together')
  }
  if (k0.shape[batchAxis] !== count) fail('query and key must have as many batches', 'expand one')
  if (same === 3 && k0.shape[2] !== size) fail(`key must end in ${size}`, 'as query does')
  const { dtype } = query
  const [staticK, staticV] = [read[20] ?? null, read[21] ?? null]
  const source = staticK === null ? (k0.shape[lengthAxis] as number) : staticK.shape[1]
  const given = canonicalMask(op, 'attnMask', read[15], dtype)
  padding = canonicalMask(op, 'keyPaddingMask', padding, dtype)
  if (given !== null) {
    const wanted = given.ndim === 2 ? [length, source] : [count * heads, length, source]
    if (given.shape.join() !== wanted.join()) {
      fail(
        `attnMask must be [${length}, ${source}] or [${count * heads}, ${length}, ${source}]`,
        'fit it',
      )
    }
  }
  if ((biasK === null) !== (biasV === null)) {
    throw new ValueError(op, [], 'biasK and biasV go together', 'pass both')
  }
  // A causal mask need not be looked at, unless keys are added or the weights asked for.
  const plain = biasK === null && !addZero && padding === null && !needWeights
  const causal = (read[23] ?? false) && plain
  let mask =
    causal || given === null || given.ndim === 2 ? given : given.unflatten(0, [count, heads])
  if (causal) mask = null
  const ours = projectedHeads([q0, k0, v0], read, batchFirst)
  const [q] = ours
  let [, k, v] = ours
  if (biasK !== null && biasV !== null) {
    const further = (bias: Tensor): Tensor =>
      bias.reshape(1, heads, 1, width).expand(count, heads, 1, width)
    k = cat([k, further(biasK)], 2)
    v = cat([v, further(biasV)], 2)
    mask = widenedMask(mask)
    padding = widenedMask(padding)
  }
  if (staticK !== null) k = staticK.unflatten(0, [count, heads])
  if (staticV !== null) v = staticV.unflatten(0, [count, heads])
  if (addZero) {
    const none = zeros([count, heads, 1, width], { dtype, device: k.device })
    k = cat([k, none], 2)
    v = cat([v, none], 2)
    mask = widenedMask(mask)
    padding = widenedMask(padding)
  }
  const total = k.shape[2] as number
  let summand = mask
  if (padding !== null) {
    if (padding.shape.join() !== [count, total].join()) {
      fail(`keyPaddingMask must be [${count}, ${total}]`, 'a column for each key')
    }
    const rows = padding.reshape(count, 1, 1, total)
    summand = summand === null ? rows : summand.add(rows)
  }
  summand = summand?.to(dtype) ?? null
  const drop = (read[12] ?? true) ? dropoutP : 0
  let weights: Tensor | null = null
  let mixed: Tensor
  if (needWeights) {
    const scores = q.mul(Math.sqrt(1 / width)).matmul(k.transpose(-2, -1))
    weights = softmax(summand === null ? scores : scores.add(summand), -1)
    if (drop > 0) weights = dropout(weights, drop, true)
    mixed = weights.matmul(v)
  } else {
    mixed = scaledDotProductAttention(q, k, v, summand, drop, causal)
  }
  // While training on the processor, the output lies in memory as PyTorch's does, lengths first: dropout
  // behind it draws in that order. A GPU draws other numbers in any case.
  const inOrder = batchFirst && !(batched && (read[12] ?? true) && query.isCpu)
  const rows = inOrder
    ? mixed.transpose(1, 2).reshape(count, length, size)
    : mixed.permute(2, 0, 1, 3).reshape(length, count, size)
  const made = linear(rows, outWeight as Tensor, read[11] ?? null)
  const output = batchFirst === inOrder ? made : made.transpose(0, 1)
  if (weights !== null && (read[22] ?? true)) weights = weights.mean(1)
  return batched ? [output, weights] : [output.squeeze(0), weights?.squeeze(0) ?? null]
}
