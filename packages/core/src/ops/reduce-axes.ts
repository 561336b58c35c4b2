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
const NO_AXES: readonly number[] = []

/** Are these options, in place of the axes, as in `x.sum({ dtype })`? */
export function isOptions<O extends object>(value: Dims | O | undefined): value is O {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Tensor)
  )
}

/** The options of a call: its last argument, or the one in place of the axes. */
export function optionsOf<O extends object>(
  op: string,
  dim: Dims | O | undefined,
  options: O | undefined,
): O | undefined {
  const given: unknown = options === undefined && isOptions<O>(dim) ? dim : options
  if (given === undefined) return undefined
  if (isOptions(given as O)) return given as O
  throw new ValueError(
    op,
    [],
    `options are an object, not ${given === null ? 'null' : Array.isArray(given) ? 'a list' : typeof given}`,
    `for example ${op}(x, 0, { keepdim: true })`,
  )
}

/** What the arguments of a reduction over any axes say; `options` are those of {@link optionsOf}. */
export function reduction(
  op: string,
  input: Tensor,
  dim: Dims | ReduceOptions | undefined,
  options: ReduceOptions | undefined,
): Reduction {
  requireTensor(op, 'input', input)
  const keepdim = options?.keepdim ?? false
  if (typeof dim === 'number') {
    return reduceAxes(input, [normalizeAxis(op, dim, input.ndim, input)], keepdim)
  }
  if (dim === undefined || dim === null || isOptions(dim)) return reduceAll(input, keepdim)
  if (!Array.isArray(dim)) {
    throw new ValueError(
      op,
      { input },
      `axes are a number or a list of numbers, not ${typeof dim}`,
      `${op}(x, 0) or ${op}(x, [0, 1])`,
    )
  }
  if (dim.length === 0) return reduceAll(input, keepdim)
  return reduceAxes(input, normalizeAxes(op, dim, input.ndim, input), keepdim)
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

function reduceAll(input: Tensor, keepdim: boolean): Reduction {
  const axes = ALL_AXES[input.ndim] as readonly number[]
  return { axes, keepdim, shape: keepdim ? axes.map(() => 1) : NO_AXES }
}

function reduceAxes(input: Tensor, named: readonly number[], keepdim: boolean): Reduction {
  const { _shape: sizes } = input
  // The one axis that a tensor without axes accepts is not there.
  if (sizes.length === 0) return { axes: NO_AXES, keepdim, shape: NO_AXES }
  const shape: number[] = []
  for (let axis = 0; axis < sizes.length; axis++) {
    if (!named.includes(axis)) shape.push(sizes[axis] as number)
    else if (keepdim) shape.push(1)
  }
  return { axes: named, keepdim, shape }
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
