/** Attention, fused: the weights never exist as a whole. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { near } from '../device.ts'
import { BOOL, FLOAT32, FLOAT64, isFloatingCode, UINT8 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { generatorIndex } from '../generator.ts'
import type { BackwardInfo } from '../op.ts'
import { defineOp, isRecording, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, numElements, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import type { AttentionParams } from './attention-second-order.ts'
import { attentionWeights, secondOrderOfAttention, sharedHeads } from './attention-second-order.ts'
import { castCode } from './cast.ts'
import { dropout } from './dropout.ts'
import { expand } from './expand.ts'

type Operand = 'query' | 'key' | 'value' | 'mask' | 'bits'

// Outputs: the result, and for each query the logarithm of the sum of exp(scores).
const attentionOp = defineOp<Operand, AttentionParams>(
  'scaledDotProductAttention',
  ['query', 'key', 'value', 'mask', 'bits'],
  {
    outputs: 2,
    derivative: {
      needs: ['query', 'key', 'value', 'mask', 'bits', 'out', 'out1'],
      formula: ([grad], saved, info) => {
        if (!grad) return []
        const { query, key, value, mask, bits, out, out1 } = saved
        return attentionGrad(
          [grad, query, key, value, mask ?? null, bits ?? null, out, out1] as GradInputs,
          info,
        )
      },
    },
  },
)

type GradInputs = [
  grad: Tensor,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
  bits: Tensor | null,
  output: Tensor,
  sums: Tensor,
]

const attentionGradOp = defineOp<Operand | 'grad' | 'output' | 'sums', AttentionParams>(
  'scaledDotProductAttentionGrad',
  ['grad', 'query', 'key', 'value', 'mask', 'bits', 'output', 'sums'],
  {
    outputs: 3,
    derivative: {
      needs: ['grad', 'query', 'key', 'value', 'mask', 'bits'],
      formula: (seconds, saved, { params }) => secondOrderOfAttention(seconds, saved, params),
    },
  },
)

function attentionGrad(
  inputs: GradInputs,
  { params, needed }: Pick<BackwardInfo<AttentionParams>, 'params' | 'needed'>,
): (Tensor | null)[] {
  const specs = [1, 2, 3].map((i) => {
    const { _shape: shape, _dtype: dtype } = inputs[i] as Tensor
    return { shape: needed[i - 1] ? shape : [0], dtype }
  })
  const grads = runMany(attentionGradOp, inputs, specs, numbersOf(params), params)
  return grads.map((grad, i) => {
    if (needed[i]) return grad
    grad.dispose()
    return null
  })
}

function numbersOf({ scale, causal, p }: AttentionParams): number[] {
  return [scale, causal ? 1 : 0, 1 / (1 - p)]
}

const bitsOp = defineOp('dropoutBits', [], { derivative: {} })

/** Bits of what dropout keeps of `n` weights, drawn as it draws them; the kernel reads ahead. */
function drawBits(n: number, p: number): Tensor {
  const index = generatorIndex('scaledDotProductAttention', null)
  return run(bitsOp, [], [Math.ceil(n / 8) + 8], UINT8, [index, p, n])
}

export interface ScaledDotProductAttentionOptions {
  /** What is compared with, `[…, S, E]`. */
  key: Tensor
  /** What is mixed, `[…, S, Ev]`. */
  value: Tensor
  /** Booleans: who sees whom; or summands of the scores. Broadcasts to `[…, L, S]`. Default null. */
  attnMask?: Tensor | null
  /** The share of weights to drop, whether training or not. Default 0. */
  dropoutP?: number
  /** Does each query see the keys up to its own place only? Default false. */
  isCausal?: boolean
  /** The factor of the scores. Default null: 1 / sqrt(E). */
  scale?: number | null
  /** May queries have more heads than keys, which then serve several? Default false. */
  enableGqa?: boolean
}

const NAMES = ['key', 'value', 'attnMask', 'dropoutP', 'isCausal', 'scale', 'enableGqa'] as const

const readAttention = parameters<
  [Tensor, Tensor, Tensor | null, number, boolean, number | null, boolean]
>('scaledDotProductAttention', NAMES)

const OP = 'scaledDotProductAttention'

/** Throws unless the operands are matrices of one floating dtype whose sizes fit. */
function checkOperands(query: Tensor, key: Tensor, value: Tensor): void {
  requireTensor(OP, 'query', query)
  requireTensor(OP, 'key', key)
  requireTensor(OP, 'value', value)
  const operands = { query, key, value }
  if (!isFloatingCode(query._dtype)) {
    throw new DTypeError(OP, { query }, 'is for floating dtypes', "convert: x.to('float32')")
  }
  if (key._dtype !== query._dtype || value._dtype !== query._dtype) {
    throw new DTypeError(OP, operands, 'all must have one dtype', `.to('${query.dtype}')`)
  }
  const [q, k, v] = [query._shape, key._shape, value._shape]
  if (q.length < 2 || k.length < 2 || v.length < 2) {
    throw new ShapeError(OP, operands, 'all must have two axes', 'unsqueeze(0)')
  }
  const size = q[q.length - 1] as number
  if (k[k.length - 1] !== size) {
    throw new ShapeError(
      OP,
      operands,
      `query.shape[-1] (${size}) must equal key.shape[-1] (${k[k.length - 1] as number})`,
      'queries and keys are compared number by number',
    )
  }
  const source = k[k.length - 2] as number
  if (v[v.length - 2] !== source) {
    throw new ShapeError(
      OP,
      operands,
      `key.shape[-2] (${source}) must equal value.shape[-2] (${v[v.length - 2] as number})`,
      'there is one value for each key',
    )
  }
}

function sameLeading(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length - 2; i++) if (a[i] !== b[i]) return false
  return true
}

/** Key or value with as many heads as the query, or as many as both share among its heads. */
function headsFor(
  query: Tensor,
  key: Tensor,
  value: Tensor,
): readonly [key: Tensor, value: Tensor] {
  if (query.ndim < 3 || key.ndim < 3 || value.ndim < 3) {
    throw new ShapeError(
      OP,
      { query, key, value },
      'with enableGqa, all must have an axis of heads, the third from the end',
      'unsqueeze(-3)',
    )
  }
  const heads = query._shape[query.ndim - 3] as number
  for (const [name, tensor] of Object.entries({ key, value })) {
    const own = tensor._shape[tensor.ndim - 3] as number
    if (own > 0 && heads % own === 0) continue
    throw new ShapeError(
      OP,
      { query, [name]: tensor },
      `the query's ${heads} heads cannot share ${own}`,
      'the number of query heads must be a multiple',
    )
  }
  if (key._shape[key.ndim - 3] === value._shape[value.ndim - 3]) return [key, value]
  return [sharedHeads(key, heads), sharedHeads(value, heads)]
}

/** Brings the leading axes to one shape; shared heads stay as they are. */
function aligned(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  shared: boolean,
): readonly [query: Tensor, key: Tensor, value: Tensor] {
  const fixed = shared ? 3 : 2 // axes of each matrix, or of all heads
  const operands = [query, key, value] as const
  let lead: Shape = []
  for (const one of operands) {
    lead = broadcastShapes(OP, lead, one._shape.slice(0, one.ndim - fixed), { query, key, value })
  }
  return operands.map((one) =>
    expand(one, [...lead, ...one._shape.slice(one.ndim - fixed)]),
  ) as unknown as readonly [Tensor, Tensor, Tensor]
}

function checkedMask(query: Tensor, mask: Tensor, scores: Shape): Tensor {
  requireTensor(OP, 'attnMask', mask)
  const code = mask._dtype
  if (code !== BOOL && code !== query._dtype && code !== FLOAT32) {
    throw new DTypeError(
      OP,
      { query, attnMask: mask },
      `the mask must be bool, float32 or ${query.dtype}`,
      `.to('${query.dtype}')`,
    )
  }
  const shape = mask._shape
  for (let i = 1; i <= shape.length; i++) {
    const size = shape[shape.length - i] as number
    if (size === 1 || (i <= scores.length && size === scores[scores.length - i])) continue
    throw new ShapeError(
      OP,
      { query, attnMask: mask },
      `the mask must broadcast to the scores [${scores.join(', ')}]`,
      'its last axes are queries and keys',
    )
  }
  const own = code === BOOL ? mask : castCode(mask, query._dtype)
  const flat = shape.length > scores.length ? own.reshape(shape.slice(-scores.length)) : own
  return sameShape(flat._shape, scores) ? flat : expand(flat, scores)
}

/** The same with all weights at hand: where masks have gradients, or all weights are dropped. */
function unfused(
  [query, key, value]: readonly [Tensor, Tensor, Tensor],
  mask: Tensor | null,
  params: AttentionParams,
): Tensor {
  const wide = query._dtype === FLOAT64 ? FLOAT64 : FLOAT32
  const cast = (x: Tensor): Tensor => castCode(x, wide)
  const heads = query._shape[query.ndim - 3] ?? 1
  const [k, v] = [sharedHeads(cast(key), heads), sharedHeads(cast(value), heads)]
  const summand = mask === null || mask._dtype === BOOL ? mask : cast(mask)
  const weights = attentionWeights(cast(query), k, summand, params)
  return castCode(dropout(weights, params.p, true).matmul(v), query._dtype)
}

/**
 * softmax(query · keyᵀ · scale + mask) · value, without the matrix of weights; a query that sees
 * nothing gets zeros.
 *
 * Shapes: query `[…, L, E]`, key `[…, S, E]`, value `[…, S, Ev]`, whose leading axes broadcast ->
 * `[…, L, Ev]`; with enableGqa the axis of heads, -3, of key and value divides that of query.
 * Dtype: one, floating; the mask's bool or the same. float16 and bfloat16 are computed in float32.
 * Results are the same, bit for bit, for any number of threads. Dropout draws as PyTorch does.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {ValueError} for a mask with
 * isCausal, or a dropoutP outside of [0, 1].
 * @see torch.nn.functional.scaled_dot_product_attention; Vaswani et al. 2017,
 * https://arxiv.org/abs/1706.03762
 */
export function scaledDotProductAttention(
  query: Tensor,
  ...given: Arguments<ScaledDotProductAttentionOptions, typeof NAMES>
): Tensor {
  if (autocasting.on) return inAutocast(OP, scaledDotProductAttention, [query, ...given])
  const read = readAttention(given)
  const [mask = null, p = 0, causal = false, scale, gqa = false] = read.slice(2) as [
    Tensor | null | undefined,
    number | undefined,
    boolean | undefined,
    number | null | undefined,
    boolean | undefined,
  ]
  let [key, value] = [read[0] as Tensor, read[1] as Tensor]
  checkOperands(query, key, value)
  if (mask !== null && causal) {
    throw new ValueError(OP, { query }, 'isCausal is a mask of its own', 'pass one of them')
  }
  if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
    throw new ValueError(
      OP,
      { query },
      `dropoutP must lie in [0, 1], not ${show(p)}`,
      'it is the share of weights to drop',
    )
  }
  let shared = false
  if (gqa) {
    ;[key, value] = headsFor(query, key, value)
    shared = query._shape[query.ndim - 3] !== key._shape[key.ndim - 3]
  }
  let operands = [query, key, value] as const
  if (shared || !sameLeading(query._shape, key._shape) || !sameLeading(query._shape, value._shape))
    operands = aligned(query, key, value, shared)
  return attend(operands, mask, {
    scale: scale ?? 1 / Math.sqrt(query._shape[query.ndim - 1] as number),
    causal,
    p,
  })
}

function attend(
  operands: readonly [query: Tensor, key: Tensor, value: Tensor],
  given: Tensor | null,
  params: AttentionParams,
): Tensor {
  const [query, key, value] = operands
  const q = query._shape
  const last = q.length - 1
  const shape = q.slice()
  shape[last] = value._shape[value.ndim - 1] as number
  const scores = given !== null || params.p > 0 ? q.slice() : q
  let mask: Tensor | null = null
  if (scores !== q) (scores as number[])[last] = key._shape[key.ndim - 2] as number
  if (given !== null) mask = checkedMask(query, given, scores)
  const recorded = isRecording()
  if (params.p === 1 || (recorded && mask?._requiresGrad)) return unfused(operands, mask, params)
  const bits = params.p > 0 ? near(query._id, () => drawBits(numElements(scores), params.p)) : null
  const inputs = [query, key, value, mask, bits]
  const numbers = numbersOf(params)
  if (!recorded || !(query._requiresGrad || key._requiresGrad || value._requiresGrad)) {
    const alone = run(attentionOp, inputs, shape, query._dtype, numbers, params)
    bits?.dispose()
    return alone
  }
  const sums = query._dtype === FLOAT64 ? FLOAT64 : FLOAT32
  const [output, logs] = runMany(
    attentionOp,
    inputs,
    [
      { shape, dtype: query._dtype },
      { shape: q.slice(0, last), dtype: sums },
    ],
    numbers,
    params,
  ) as [Tensor, Tensor]
  logs.dispose() // the graph keeps them
  bits?.dispose()
  return output
}
