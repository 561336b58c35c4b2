/** What reductions share: which axes they reduce, the shapes that follow, and checks. */
import type { DType, DTypeCode } from '../dtype.ts'
import { dtypeCode, dtypeName, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { Shape } from '../shape.ts'
import { normalizeAxes, normalizeAxis, numElements } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

/** Axes to reduce: one, several, or all of them (left out, null or an empty list). */
export type Dims = number | readonly number[] | null

export interface ReduceOptions {
  /** Keep the reduced axes with size 1. Default false. */
  keepdim?: boolean
}

/** A reduction of a tensor, resolved. */
export interface Reduction {
  /** The reduced axes, counted from the front. */
  readonly axes: readonly number[]
  readonly keepdim: boolean
  /** The result's shape. */
  readonly shape: Shape
}

/** What a derivative must know of it. */
export type Reduced = Pick<Reduction, 'axes' | 'keepdim'>

const ALL_AXES: readonly (readonly number[])[] = Array.from({ length: 17 }, (_, rank) =>
  Array.from({ length: rank }, (_unused, axis) => axis),
)
const NO_AXES: Shape = []

/** All axes, into a single number. */
function reduceAll(input: Tensor, keepdim: boolean): Reduction {
  const axes = ALL_AXES[input.ndim] as readonly number[]
  return { axes, keepdim, shape: keepdim ? input._shape.map(() => 1) : NO_AXES }
}

/** Options given in place of the axes, as in `x.sum({ dtype })`. */
export function isOptions<O extends object>(value: Dims | O | undefined): value is O {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Tensor)
  )
}

/** Throws unless options are an object (or left out). */
export function requireOptions(op: string, options: unknown): void {
  const plain = typeof options === 'object' && options !== null && !Array.isArray(options)
  if (options === undefined || (plain && !(options instanceof Tensor))) return
  throw new ValueError(
    op,
    [],
    `options are an object, not ${options === null ? 'null' : Array.isArray(options) ? 'a list' : typeof options}`,
    `for example ${op}(x, 0, { keepdim: true })`,
  )
}

/** What the arguments of a reduction over any axes say. */
export function reduction<O extends ReduceOptions>(
  op: string,
  input: Tensor,
  dim: Dims | O | undefined,
  options: O | undefined,
): Reduction & { options: O | undefined } {
  requireTensor(op, 'input', input)
  const given = isOptions<O>(dim) ? dim : options
  requireOptions(op, given)
  const list = isOptions<O>(dim) ? undefined : dim
  const keepdim = given?.keepdim ?? false
  if (list === undefined || list === null || (Array.isArray(list) && list.length === 0)) {
    return { ...reduceAll(input, keepdim), options: given }
  }
  if (typeof list !== 'number' && !Array.isArray(list)) {
    throw new ValueError(
      op,
      { input },
      `axes are a number or a list of numbers, not ${typeof list}`,
      `${op}(x, 0) or ${op}(x, [0, 1])`,
    )
  }
  const named = normalizeAxes(op, list, input.ndim, input)
  return { ...reduceAxes(input, named, keepdim), options: given }
}

/** What the arguments of a reduction over one axis say. */
export function reductionAlong(
  op: string,
  input: Tensor,
  dim: number,
  options: ReduceOptions | undefined,
): Reduction & { axis: number } {
  requireTensor(op, 'input', input)
  requireOptions(op, options)
  const axis = oneAxis(op, input, dim)
  return { ...reduceAxes(input, [axis], options?.keepdim ?? false), axis }
}

/** An axis counted from the front. @throws {ValueError} if it is not one number. */
export function oneAxis(op: string, input: Tensor, dim: unknown): number {
  if (typeof dim !== 'number') {
    throw new ValueError(
      op,
      { input },
      `the axis is one number, not ${Array.isArray(dim) ? 'a list' : dim === null ? 'null' : typeof dim}`,
      `${op}(x, 0)`,
    )
  }
  return normalizeAxis(op, dim, input.ndim, input)
}

function reduceAxes(input: Tensor, named: readonly number[], keepdim: boolean): Reduction {
  const { ndim, _shape: shape } = input
  // The one axis that a tensor without axes accepts is not there.
  const axes = ndim === 0 ? [] : named
  return {
    axes,
    keepdim,
    shape: keepdim
      ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
      : shape.filter((_, axis) => !axes.includes(axis)),
  }
}

/** How many elements meet in each element of the result. */
export function reducedCount(shape: Shape, axes: readonly number[]): number {
  return numElements(axes.map((axis) => shape[axis] as number))
}

/** A result (or its gradient) with its reduced axes put back as size 1. */
export function restore(result: Tensor, { axes, keepdim }: Reduced, shape: Shape): Tensor {
  if (keepdim || shape.length === 0) return result
  return result.reshape(shape.map((size, axis) => (axes.includes(axis) ? 1 : size)))
}

/** As {@link restore}, then repeated along those axes without copying. */
export function spread(result: Tensor, reduced: Reduced, shape: Shape): Tensor {
  return restore(result, reduced, shape).expand(shape)
}

/** Throws where an axis without elements would have to give one. */
export function requireElements(op: string, input: Tensor, axes: readonly number[]): void {
  const empty = axes.find((axis) => input._shape[axis] === 0)
  if (empty === undefined) return
  const all = axes.length === input.ndim
  if (!all && numElements(input._shape.filter((_, axis) => !axes.includes(axis))) === 0) return
  throw new ShapeError(
    op,
    { input },
    `axis ${empty} has no elements, and of nothing there is no ${op}`,
    'check that the tensor is not empty first',
  )
}

/** The input in `dtype` (or its own), which must be floating. */
export function asFloating(op: string, input: Tensor, dtype: DType | undefined): Tensor {
  const code: DTypeCode = dtype === undefined ? input._dtype : dtypeCode(dtype)
  if (!isFloatingCode(code)) {
    throw new DTypeError(
      op,
      { input },
      `the result of ${op} is a fraction, which ${dtypeName(code)} cannot hold`,
      `convert the input first: x.float().${op}(…)`,
    )
  }
  return castCode(input, code)
}
