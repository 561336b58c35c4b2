/** Grids and products of one-dimensional tensors, and the positions of triangles. */
import type { Arguments } from '../arguments.ts'
import { isNamed, parameters } from '../arguments.ts'
import type { CreationOptions } from '../creation.ts'
import { chooseDtype, emptyCode, onesLike } from '../creation.ts'
import type { Device } from '../device.ts'
import { placed } from '../device.ts'
import type { DType } from '../dtype.ts'
import { INT32, INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { native } from '../native.ts'
import { defineOp, run } from '../op.ts'
import { checkShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import type { TensorList } from './expand.ts'
import { tensorsOf } from './expand.ts'
import { cat, stack } from './joining.ts'
import { flip } from './rearranging.ts'

/** What {@link meshgrid} takes by name. */
export interface MeshgridOptions {
  /** `'ij'`: the first tensor runs along axis 0; `'xy'`: along axis 1. Default `'ij'`. */
  indexing?: 'ij' | 'xy'
}

/**
 * For each tensor its values along an axis of its own, expanded over the grid of all of them; views.
 *
 * Shapes: k tensors `[n_i]` (or without axes) -> k tensors `[n_0, n_1, …]`; with `'xy'` the first two
 * axes are exchanged.
 *
 * @throws {ValueError} without tensors. @throws {ShapeError} if one has more than one axis.
 * @throws {DTypeError} if their dtypes differ.
 * @see torch.meshgrid
 */
export function meshgrid(...tensors: TensorList): Tensor[]
export function meshgrid(...tensors: [...Tensor[], MeshgridOptions]): Tensor[]
export function meshgrid(tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[]
export function meshgrid(...given: unknown[]): Tensor[] {
  const options = isNamed(given.at(-1)) ? (given.at(-1) as Record<string, unknown>) : undefined
  const { indexing = 'ij', ...others } = options ?? {}
  const list = tensorsOf('meshgrid', options === undefined ? given : given.slice(0, -1))
  const wrong = Object.keys(others)
  if (list.length === 0 || wrong.length > 0 || (indexing !== 'ij' && indexing !== 'xy')) {
    throw new ValueError(
      'meshgrid',
      [],
      list.length === 0
        ? 'at least one tensor is needed'
        : wrong.length > 0
          ? `there is no option '${wrong[0]}'`
          : `indexing is 'ij' or 'xy', not ${show(indexing)}`,
      "meshgrid([x, y], { indexing: 'ij' })",
    )
  }
  for (const [i, tensor] of list.entries()) {
    requireLine('meshgrid', `tensors[${i}]`, tensor, 0)
    if (tensor._dtype !== (list[0] as Tensor)._dtype) {
      throw new DTypeError(
        'meshgrid',
        { 'tensors[0]': list[0] as Tensor, [`tensors[${i}]`]: tensor },
        'all tensors must have one dtype',
        'convert them with to()',
      )
    }
  }
  const swapped = indexing === 'xy' && list.length > 1
  const order = swapped ? [list[1], list[0], ...list.slice(2)] : list
  const shape = (order as Tensor[]).map((tensor) => tensor.numel())
  checkShape('meshgrid', shape)
  const grids = (order as Tensor[]).map((tensor, axis) =>
    tensor.reshape(shape.map((size, i) => (i === axis ? size : 1))).expand(shape),
  )
  if (!swapped) return grids
  return [grids[1] as Tensor, grids[0] as Tensor, ...grids.slice(2)].map((grid) => grid)
}

/** @throws {ShapeError} unless the tensor has one axis (or as few as `least`). */
function requireLine(op: string, name: string, tensor: Tensor, least: 0 | 1): void {
  requireTensor(op, name, tensor)
  if (tensor.ndim === 1 || (least === 0 && tensor.ndim === 0)) return
  throw new ShapeError(
    op,
    { [name]: tensor },
    `a tensor with one axis is needed, not with ${tensor.ndim}`,
    'flatten it first: x.ravel()',
  )
}

/**
 * All tuples with one element of each tensor, in lexicographic order of their positions.
 *
 * Shapes: k tensors `[n_i]` -> `[Π n_i, k]`; a single one stays `[n]`.
 *
 * @throws {ShapeError} if a tensor has not one axis. @throws {DTypeError} if their dtypes differ.
 * @see torch.cartesian_prod
 */
export function cartesianProd(...tensors: TensorList): Tensor {
  const list = tensorsOf('cartesianProd', tensors)
  list.forEach((tensor, i) => requireLine('cartesianProd', `tensors[${i}]`, tensor, 1))
  if (list.length === 1) return list[0] as Tensor
  return stack(
    meshgrid(list).map((grid) => grid.reshape(grid.numel())),
    1,
  )
}

/** What {@link combinations} takes by name. */
export interface CombinationsOptions {
  /** Elements in a combination. Default 2. */
  r?: number
  /** May an element come several times? Default false. */
  withReplacement?: boolean
}

const readCombinations = parameters<[number, boolean]>('combinations', ['r', 'withReplacement'])

/** Number of combinations of `r` of `n`. */
function countOf(n: number, r: number, replacing: boolean): number {
  const from = replacing ? n + r - 1 : n
  if (r > from) return 0
  let count = 1
  for (let i = 1; i <= r; i++) count = (count * (from - r + i)) / i
  return Math.round(count)
}

/** Positions of all combinations, one after the other, in lexicographic order. */
function positionsOf(n: number, r: number, replacing: boolean, count: number): Float64Array {
  const out = new Float64Array(count * r)
  const at = Float64Array.from({ length: r }, (_, i) => (replacing ? 0 : i))
  for (let row = 0; row < count; row++) {
    out.set(at, row * r)
    let i = r - 1
    while (i >= 0 && (at[i] as number) === (replacing ? n - 1 : n - r + i)) i--
    if (i < 0) break
    at[i] = (at[i] as number) + 1
    for (let j = i + 1; j < r; j++) at[j] = (at[j - 1] as number) + (replacing ? 0 : 1)
  }
  return out
}

/**
 * All combinations of `r` elements, in lexicographic order of their positions.
 *
 * Shapes: input `[n]` -> `[count, r]`, the combinations as rows.
 *
 * @throws {ShapeError} if the tensor has not one axis. @throws {ValueError} if `r` is not ≥ 0.
 * @see torch.combinations
 */
export function combinations(
  input: Tensor,
  ...given: Arguments<CombinationsOptions, ['r', 'withReplacement']>
): Tensor {
  requireTensor('combinations', 'input', input)
  const [r = 2, withReplacement = false] = readCombinations(given)
  requireLine('combinations', 'input', input, 1)
  if (!Number.isSafeInteger(r) || r < 0) {
    throw new ValueError(
      'combinations',
      { input },
      `r is a whole number ≥ 0, not ${show(r)}`,
      'combinations(x, 2)',
    )
  }
  if (r === 0) return emptyCode([0], input._dtype, input)
  const n = input.numel()
  const count = countOf(n, r, withReplacement)
  checkShape('combinations', [count, r])
  if (count * r > 2 ** 31) {
    throw new ValueError(
      'combinations',
      { input },
      `there are ${count} combinations of ${r} of ${n}`,
      'make them in parts',
    )
  }
  const positions = positionsOf(n, r, withReplacement, count)
  const index = placed('combinations', input.device, () =>
    fromNumbers(positions, [count * r], INT64),
  )
  return input.indexSelect(0, index).reshape(count, r)
}

function fromNumbers(values: Float64Array, shape: readonly number[], dtype: number): Tensor {
  const out = emptyCode(shape, dtype)
  native.write(out._id, values)
  return out
}

/** What {@link vander} takes by name. */
export interface VanderOptions {
  /** The number of columns. Default: as many as rows. */
  N?: number | null
  /** Powers from left to right instead of from right to left. Default false. */
  increasing?: boolean
}

const readVander = parameters<[number | null, boolean]>('vander', ['N', 'increasing'])

/**
 * The Vandermonde matrix: the powers of each element in a row.
 *
 * Shapes: x `[n]` -> `[n, N]`. Dtype: x's; integers become int64.
 *
 * @throws {ShapeError} if x has not one axis. @throws {ValueError} if N is not a whole number ≥ 0.
 * @see torch.vander
 */
export function vander(x: Tensor, ...given: Arguments<VanderOptions, ['N', 'increasing']>): Tensor {
  requireTensor('vander', 'x', x)
  const [columns, increasing = false] = readVander(given)
  requireLine('vander', 'x', x, 1)
  const n = columns ?? x.numel()
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new ValueError('vander', { x }, `N is a whole number ≥ 0, not ${show(n)}`, 'vander(x, 3)')
  }
  const base = isFloatingCode(x._dtype) ? x : x.to('int64')
  const rows = x.numel()
  const [, size] = checkShape('vander', [rows, n]) as [number, number]
  if (size === 0) return emptyCode([rows, 0], base._dtype, base)
  const column = base.reshape(rows, 1)
  const first = onesLike(column)
  if (size === 1) return first
  const powers = cat([first, column.expand(rows, size - 1).cumprod(1)], 1)
  return increasing ? powers : flip(powers, [1])
}

/** What {@link trilIndices} and {@link triuIndices} take by name. */
export interface TriangleIndexOptions extends Omit<CreationOptions, 'requiresGrad'> {
  /** 0 is the main diagonal, positive ones are above, negative below. Default 0. */
  offset?: number
}

type TriangleIndexArguments = [
  ...sizes: [row: number, col: number],
  ...rest: [options?: TriangleIndexOptions] | [offset: number, options?: TriangleIndexOptions],
]

const readTriangle = parameters<[number, number, number, DType, Device]>('trilIndices', [
  'row',
  'col',
  'offset',
  'dtype',
  'device',
])

const triangleIndicesOp = defineOp('triangleIndices', [], { derivative: {} })

/** Rows, then columns, of the elements of a triangle in row-major order. */
function triangleIndices(op: string, given: readonly unknown[], upper: boolean): Tensor {
  const [rows, columns, offset = 0, dtype, device] = readTriangle(given)
  const options: CreationOptions = {}
  if (dtype !== undefined) options.dtype = dtype
  if (device !== undefined) options.device = device
  const code = chooseDtype(op, options, INT64)
  const [m, n] = checkShape(op, [rows as number, columns as number]) as [number, number]
  if (!Number.isSafeInteger(offset)) {
    throw new ValueError(op, [], `offset is a whole number, not ${show(offset)}`, 'offset: 0')
  }
  if (code !== INT64 && code !== INT32) {
    throw new DTypeError(op, [], `positions are int64 or int32, not ${show(dtype)}`, 'leave it out')
  }
  let count = 0
  for (let i = 0; i < m; i++) {
    const edge = Math.min(Math.max(i + offset + (upper ? 0 : 1), 0), n)
    count += upper ? n - edge : edge
  }
  const shape = checkShape(op, [2, count])
  const numbers = [m, n, offset, Number(upper)]
  return placed(op, device, () => run(triangleIndicesOp, [], shape, code, numbers))
}

/**
 * Rows and columns of the elements on and below a diagonal of a matrix, in row-major order.
 *
 * Shapes: `[2, count]`, rows first. Dtype: int64, or int32.
 *
 * @throws {ShapeError} for bad sizes. @throws {DTypeError} for other dtypes.
 * @see torch.tril_indices
 */
export function trilIndices(...given: TriangleIndexArguments): Tensor {
  return triangleIndices('trilIndices', given, false)
}

/**
 * Rows and columns of the elements on and above a diagonal of a matrix, in row-major order.
 *
 * Shapes: `[2, count]`, rows first. Dtype: int64, or int32.
 *
 * @throws {ShapeError} for bad sizes. @throws {DTypeError} for other dtypes.
 * @see torch.triu_indices
 */
export function triuIndices(...given: TriangleIndexArguments): Tensor {
  return triangleIndices('triuIndices', given, true)
}
