/** Products over chosen axes that are made of others: outer, inner, Kronecker, cross, tensordot. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { tensor } from '../creation.ts'
import { BOOL, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, IndexError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, normalizeAxes, normalizeAxis, numElements } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import type { FactorOptions } from './matmul.ts'
import { operand, product, requireRank } from './product-rules.ts'

/** What {@link outer} takes by name. */
export interface OuterOptions {
  vec2: Tensor
}

/**
 * All products of an element of one vector and an element of the other.
 *
 * Shapes: input `[M]`, vec2 `[N]` -> `[M, N]`. Dtype: their common dtype.
 *
 * @throws {ShapeError} unless both have one axis.
 * @see torch.outer
 */
export function outer(input: Tensor, vec2: Tensor | OuterOptions): Tensor {
  const right = operand('outer', 'vec2', [vec2])
  requireRank('outer', 'input', input, 1)
  requireRank('outer', 'vec2', right, 1)
  return input.unsqueeze(1).mul(right.unsqueeze(0))
}

/**
 * Sums of products over the last axis of both; with a tensor without axes, plain products.
 *
 * Shapes: input `[..., K]`, other `[*, K]` -> `[..., *]`. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the last axes differ. @throws {DTypeError} for bool.
 * @see torch.inner
 */
export function inner(input: Tensor, other: Tensor | FactorOptions): Tensor {
  const right = operand('inner', 'other', [other])
  requireTensor('inner', 'input', input)
  if (input.ndim === 0 || right.ndim === 0) return input.mul(right)
  const k = input.shape.at(-1)
  if (k !== right.shape.at(-1)) {
    throw new ShapeError(
      'inner',
      { input, other: right },
      `input.shape[-1] (${k}) must equal other.shape[-1] (${right.shape.at(-1)})`,
      'both last axes are summed over; matmul() takes the second to last of the second',
    )
  }
  return contract('inner', input, [input.ndim - 1], right, [right.ndim - 1])
}

/**
 * Kronecker product: every element of `input` times the whole of `other`, as blocks.
 *
 * Shapes: input `[a, b]`, other `[c, d]` -> `[a·c, b·d]`; likewise for any number of axes, the shorter
 * shape being filled with leading ones. Dtype: their common dtype.
 *
 * @see torch.kron
 */
export function kron(input: Tensor, other: Tensor | FactorOptions): Tensor {
  const right = operand('kron', 'other', [other])
  requireTensor('kron', 'input', input)
  const rank = Math.max(input.ndim, right.ndim)
  const pad = (shape: Shape): number[] => [
    ...Array.from({ length: rank - shape.length }, () => 1),
    ...shape,
  ]
  const x = pad(input.shape)
  const y = pad(right.shape)
  // [a, 1, b, 1] · [1, c, 1, d] -> [a, c, b, d] -> [a·c, b·d]
  const left = input.reshape(x.flatMap((size) => [size, 1]))
  const blocks = left.mul(right.reshape(y.flatMap((size) => [1, size])))
  return blocks.reshape(x.map((size, i) => size * (y[i] as number)))
}

/** What {@link tensordot} takes by name. */
export interface TensordotOptions {
  b: Tensor
  /**
   * A number n: the last n axes of the first meet the first n of the second. Two lists: those axes
   * of the first and of the second, pair by pair. Default 2.
   */
  dims?: number | readonly [readonly number[], readonly number[]]
}

const readTensordot = parameters<[Tensor, NonNullable<TensordotOptions['dims']>]>('tensordot', [
  'b',
  'dims',
])

/**
 * Sums of products over several axes of both tensors.
 *
 * Shapes: the axes of `a` that are left, then those of `b`. Axes that meet have one size; a size of 1
 * is expanded. Dtype: their common dtype.
 *
 * @throws {ShapeError} if sizes differ. @throws {IndexError} if there is no such axis. @throws
 * {ValueError} if the lists differ in length or name an axis twice. @throws {DTypeError} for bool.
 * @see torch.tensordot
 */
export function tensordot(a: Tensor, ...given: Arguments<TensordotOptions, ['b', 'dims']>): Tensor {
  if (autocasting.on) return inAutocast('tensordot', tensordot, [a, ...given])
  const [b, dims = 2] = readTensordot(given)
  requireTensor('tensordot', 'a', a)
  requireTensor('tensordot', 'b', b)
  const [left, right] = pairedAxes(a, b, dims)
  let x = a
  let y = b
  for (let i = 0; i < left.length; i++) {
    const p = left[i] as number
    const q = right[i] as number
    const m = a.shape[p] as number
    const n = b.shape[q] as number
    if (m === n) continue
    // An axis of size 1 is multiplied by the sum over the other.
    if (m === 1) y = y.sum(q, { keepdim: true, dtype: y.dtype })
    else if (n === 1) x = x.sum(p, { keepdim: true, dtype: x.dtype })
    else {
      throw new ShapeError(
        'tensordot',
        { a, b },
        `axis ${p} of a has size ${m}, axis ${q} of b, which it meets, ${n}`,
        'check which axes are summed over',
      )
    }
  }
  return contract('tensordot', x, left, y, right)
}

function pairedAxes(
  a: Tensor,
  b: Tensor,
  dims: NonNullable<TensordotOptions['dims']>,
): [number[], number[]] {
  if (typeof dims === 'number') {
    if (!Number.isInteger(dims) || dims < 0 || dims > a.ndim || dims > b.ndim) {
      throw new IndexError(
        'tensordot',
        { a, b },
        `dims is a number of axes that both have, not ${dims}`,
        `it is from 0 to ${Math.min(a.ndim, b.ndim)}`,
      )
    }
    const count = Array.from({ length: dims }, (_, i) => i)
    return [count.map((i) => a.ndim - dims + i), count]
  }
  const [p, q] = Array.isArray(dims) && dims.length === 2 ? dims : [null, null]
  if (!Array.isArray(p) || !Array.isArray(q) || p.length !== q.length) {
    throw new ValueError(
      'tensordot',
      { a, b },
      `dims is a number or two lists of the same length, not ${show(dims)}`,
      'tensordot(a, b, [[1], [0]]) is a matrix product',
    )
  }
  return [normalizeAxes('tensordot', p, a.ndim, a), normalizeAxes('tensordot', q, b.ndim, b)]
}

/** Sums products over axes of the same sizes: one matrix product of the others by the others. */
function contract(
  op: string,
  a: Tensor,
  left: readonly number[],
  b: Tensor,
  right: readonly number[],
): Tensor {
  const keptA = a.shape.map((_, i) => i).filter((i) => !left.includes(i))
  const keptB = b.shape.map((_, i) => i).filter((i) => !right.includes(i))
  const sizesA = keptA.map((i) => a.shape[i] as number)
  const sizesB = keptB.map((i) => b.shape[i] as number)
  const k = numElements(left.map((i) => a.shape[i] as number))
  const rows = a.permute([...keptA, ...left]).reshape([numElements(sizesA), k])
  const columns = b.permute([...right, ...keptB]).reshape([k, numElements(sizesB)])
  return product(rows, columns, op).reshape([...sizesA, ...sizesB])
}

/**
 * Sum of the elements on the diagonal of a matrix.
 *
 * Shapes: input `[M, N]` -> `[]`. Dtype: floating ones stay, integers give int64.
 *
 * @throws {ShapeError} unless the input has two axes. @throws {DTypeError} for bool.
 * @see torch.trace
 */
export function trace(input: Tensor): Tensor {
  if (autocasting.on) return inAutocast('trace', trace, [input])
  requireTensor('trace', 'input', input)
  if (input.ndim !== 2) {
    throw new ShapeError(
      'trace',
      { input },
      `input must be a matrix, but has ${input.ndim} ${input.ndim === 1 ? 'axis' : 'axes'}`,
      'for batches: linalg.diagonal(x).sum(-1)',
    )
  }
  if (input._dtype === BOOL) {
    throw new DTypeError('trace', { input }, 'is not defined for bool', "convert with .to('int64')")
  }
  return input.diagonal().sum()
}

/** What {@link cross} takes by name. */
export interface CrossOptions {
  other: Tensor
  /** The axis of size 3; torch's default is the first of size 3, linalg's the last. */
  dim?: number | null
}

const readCross = parameters<[Tensor, number | null]>('cross', ['other', 'dim'])

/**
 * Cross product of vectors with three elements along an axis.
 *
 * Shapes: input and other broadcast, have the same number of axes, and size 3 at `dim`, by default
 * the first axis of that size. Dtype: their common dtype.
 *
 * @throws {ShapeError} if there is no axis of size 3, or shapes do not fit.
 * @see torch.cross
 */
export function cross(input: Tensor, ...given: Arguments<CrossOptions, ['other', 'dim']>): Tensor {
  const [other, dim = null] = readCross(given)
  requireTensor('cross', 'input', input)
  requireTensor('cross', 'other', other)
  if (dim !== null) return crossAt('cross', input, other, dim)
  requireSameRank('cross', input, other)
  const axis = broadcastShapes('cross', input._shape, other._shape, { input, other }).indexOf(3)
  if (axis < 0) {
    throw new ShapeError(
      'cross',
      { input, other },
      'no axis has size 3',
      'pass vectors of 3 numbers',
    )
  }
  return crossAt('cross', input, other, axis)
}

function requireSameRank(op: string, input: Tensor, other: Tensor): void {
  if (input.ndim === other.ndim) return
  throw new ShapeError(
    op,
    { input, other },
    `both need the same number of axes, not ${input.ndim} and ${other.ndim}`,
    'add axes of size 1 with unsqueeze()',
  )
}

/** {@link cross} along a given axis, under the name of `op`. @internal */
export function crossAt(op: string, input: Tensor, other: Tensor, dim: number): Tensor {
  requireSameRank(op, input, other)
  const axis = normalizeAxis(op, dim, input.ndim, input)
  for (const [name, one] of [
    ['input', input],
    ['other', other],
  ] as const) {
    if (one.shape[axis] === 3) continue
    throw new ShapeError(
      op,
      { input, other },
      `${name}.shape[${axis}] must be 3, not ${one.shape[axis]}`,
      'dim names the axis of the three coordinates',
    )
  }
  broadcastShapes(op, input._shape, other._shape, { input, other })
  const common = promote(input._dtype, other._dtype)
  if (common === BOOL) {
    throw new DTypeError(
      op,
      { input, other },
      'is not defined for bool',
      "convert with .to('int64')",
    )
  }
  const a = castCode(input, common)
  const b = castCode(other, common)
  // y, z, x and z, x, y: a × b = (a_y b_z - a_z b_y, …)
  const next = tensor([1, 2, 0], { device: a.device })
  const after = tensor([2, 0, 1], { device: a.device })
  const take = (x: Tensor, order: Tensor): Tensor => x.indexSelect(axis, order)
  return take(a, next)
    .mul(take(b, after))
    .sub(take(a, after).mul(take(b, next)))
}

/** @throws {DTypeError} unless both are floating. @internal */
export function requireFloats(op: string, inputs: Record<string, Tensor>): void {
  if (Object.values(inputs).every((x) => isFloatingCode(x._dtype))) return
  throw new DTypeError(op, inputs, 'takes floating tensors only', "convert with .to('float32')")
}

/** What `linalg.vecdot` takes by name. */
export interface VecdotOptions {
  y: Tensor
  /** The axis that is summed over. Default -1. */
  dim?: number
}

const readVecdot = parameters<[Tensor, number]>('vecdot', ['y', 'dim'])

/**
 * Sums of the products of two tensors along an axis.
 *
 * Shapes: x and y broadcast -> without axis `dim`. Dtype: their common dtype, floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for integers and bool.
 * @see torch.linalg.vecdot
 */
export function vecdot(x: Tensor, ...given: Arguments<VecdotOptions, ['y', 'dim']>): Tensor {
  if (autocasting.on) return inAutocast('vecdot', vecdot, [x, ...given])
  const [y, dim = -1] = readVecdot(given)
  requireTensor('vecdot', 'x', x)
  requireTensor('vecdot', 'y', y)
  requireFloats('vecdot', { x, y })
  return x.mul(y).sum(dim)
}

export interface ContractionMethods {
  /** See {@link outer}. */
  outer(vec2: Tensor | OuterOptions): Tensor
  /** See {@link inner}. */
  inner(other: Tensor | FactorOptions): Tensor
  /** See {@link kron}. */
  kron(other: Tensor | FactorOptions): Tensor
  /** See {@link trace}. */
  trace(): Tensor
  /** See {@link cross}. */
  cross(...given: Arguments<CrossOptions, ['other', 'dim']>): Tensor
}

export const contractionMethods: MethodTable<ContractionMethods> = {
  outer,
  inner,
  kron,
  trace,
  cross,
}
