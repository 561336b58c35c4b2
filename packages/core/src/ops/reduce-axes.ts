/** What reductions share: which axes they reduce, the shapes that follow, and checks. */
import type { DType, DTypeCode } from '../dtype.ts'
import { dtypeCode, dtypeName, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { Shape } from '../shape.ts'
import { normalizeAxes, normalizeAxis, numElements } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

/** Axes to reduce: one, several, or all of them (left out, null or an empty list). */
export type Dims = number | readonly number[] | null

/** Arguments of a reduction, by name. */
export interface ReduceOptions {
  /** Axes to reduce: one, several, or all of them (the default). */
  dim?: Dims
  /** Keep the reduced axes with size 1. Default false. */
  keepdim?: boolean
}

/** Arguments of a reduction over one axis or all, by name. */
export interface AxisOptions {
  /** The axis to reduce; all of them if left out or null. */
  dim?: number | null
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

/** A switch: `value`, or `otherwise` where it was left out. @throws {ValueError} */
export function flag(op: string, name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise
  if (typeof value === 'boolean') return value
  throw new ValueError(
    op,
    [],
    `${name} is true or false, not ${show(value)}`,
    `for example ${op}(x, { ${name}: ${!otherwise} })`,
  )
}

/** What the arguments of a reduction over any axes say. */
export function reduction(
  op: string,
  input: Tensor,
  dim: Dims | undefined,
  keepdim: boolean | undefined,
): Reduction {
  requireTensor(op, 'input', input)
  const keep = flag(op, 'keepdim', keepdim, false)
  if (typeof dim === 'number') {
    return reduceAxes(input, [normalizeAxis(op, dim, input.ndim, input)], keep)
  }
  if (dim === undefined || dim === null) return reduceAll(input, keep)
  if (!Array.isArray(dim)) {
    throw new ValueError(
      op,
      { input },
      `axes are a number or a list of numbers, not ${show(dim)}`,
      `${op}(x, 0) or ${op}(x, [0, 1])`,
    )
  }
  if (dim.length === 0) return reduceAll(input, keep)
  return reduceAxes(input, normalizeAxes(op, dim, input.ndim, input), keep)
}

/** An axis counted from the front. @throws {ValueError} if it is not one number. */
export function oneAxis(op: string, input: Tensor, dim: unknown): number {
  if (typeof dim !== 'number') {
    throw new ValueError(
      op,
      { input },
      `the axis is one number, not ${Array.isArray(dim) ? 'a list' : show(dim)}`,
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
export function asFloating(op: string, input: Tensor, dtype?: DType | null): Tensor {
  const code: DTypeCode = dtype === undefined || dtype === null ? input._dtype : dtypeCode(dtype)
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
