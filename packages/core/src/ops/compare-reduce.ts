/** The largest and smallest elements along axes, and where they are. */
import type { Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { BOOL, INT64 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { namedResult } from '../named-result.ts'
import type { Op } from '../op.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import { Tensor } from '../tensor.ts'
import type { AxisOptions, Dims, Reduced, ReduceOptions } from './reduce-axes.ts'
import { oneAxis, reduction, requireElements, restore } from './reduce-axes.ts'
import type { Taken, ValuesAndIndices } from './taken.ts'
import { ofTaken } from './taken.ts'
import { where } from './ternary.ts'

/**
 * `grad` where x is the `extreme` of its axes, divided by how many such elements there are; 0
 * elsewhere. Where the extreme is NaN, the elements that are NaN count. @internal
 */
export function shareAmongTies(
  grad: Tensor,
  x: Tensor,
  extreme: Tensor,
  axes: readonly number[],
): Tensor {
  const taken = x.eq(extreme).logicalOr(x.isnan())
  return where(taken, grad.div(taken.sum(axes, { keepdim: true })), 0)
}

const ofExtreme = {
  derivative: {
    input: needs<Reduced>(['input', 'out'], (grad, { input, out }, { params }) => {
      const x = input as Tensor
      const shape = x.shape
      return shareAmongTies(
        restore(grad, params, shape),
        x,
        restore(out as Tensor, params, shape),
        params.axes,
      )
    }),
  },
}
const amaxOp = defineOp<'input', Reduced>('amax', ['input'], ofExtreme)
const aminOp = defineOp<'input', Reduced>('amin', ['input'], ofExtreme)

const DIM_NAMES: readonly string[] = ['dim', 'keepdim']
const readAmax = parameters<[Dims, boolean]>('amax', DIM_NAMES)
const readAmin = parameters<[Dims, boolean]>('amin', DIM_NAMES)

function extreme(
  op: Op<Reduced>,
  name: string,
  input: Tensor,
  dim: Dims | undefined,
  keepdim: boolean | undefined,
): Tensor {
  const reduced = reduction(name, input, dim, keepdim)
  requireElements(name, input, reduced.axes)
  return run(op, [input], reduced.shape, input._dtype, reduced.axes, reduced)
}

/**
 * The largest element over the axes `dim`: one, several, or all of them (the default); NaN where
 * there is one. Equal largest elements share the gradient.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @see torch.amax
 */
export function amax(
  input: Tensor,
  dim?: Dims | ReduceOptions,
  keepdim?: boolean | ReduceOptions,
): Tensor {
  const given = readAmax([dim, keepdim])
  return extreme(amaxOp, 'amax', input, given[0], given[1])
}

/**
 * The smallest element over the axes `dim`: one, several, or all of them (the default); NaN where
 * there is one. Equal smallest elements share the gradient.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @see torch.amin
 */
export function amin(
  input: Tensor,
  dim?: Dims | ReduceOptions,
  keepdim?: boolean | ReduceOptions,
): Tensor {
  const given = readAmin([dim, keepdim])
  return extreme(aminOp, 'amin', input, given[0], given[1])
}

const maxOp = defineOp<'input', Taken>('max', ['input'], ofTaken)
const minOp = defineOp<'input', Taken>('min', ['input'], ofTaken)

/** Arguments of {@link max} and {@link min} along an axis, by name. */
export interface AlongOptions {
  dim: number
  /** Keep the axis with size 1. Default false. */
  keepdim?: boolean
}

type ExtremeArguments = [number | Tensor, boolean, Tensor]
const EXTREME_NAMES: readonly string[] = ['dim', 'keepdim', 'other']
const readMax = parameters<ExtremeArguments>('max', EXTREME_NAMES)
const readMin = parameters<ExtremeArguments>('min', EXTREME_NAMES)

/** The largest or smallest of all elements, along an axis, or of two tensors. */
function extremeOf(
  along: Op<Taken>,
  whole: Op<Reduced>,
  ofTwo: 'maximum' | 'minimum',
  input: Tensor,
  given: Given<ExtremeArguments>,
): Tensor | ValuesAndIndices {
  requireTensor(along.name, 'input', input)
  const second = given[2] ?? given[0]
  if (second instanceof Tensor) {
    if (given[1] !== undefined || (given[2] !== undefined && given[0] !== undefined)) {
      throw new ValueError(
        along.name,
        { input, other: second },
        'an axis and another tensor do not go together',
        `${along.name}(x, y) compares two tensors, ${along.name}(x, 0) the elements of one`,
      )
    }
    return input[ofTwo](second)
  }
  if (second === undefined && given[1] === undefined) {
    return extreme(whole, along.name, input, undefined, undefined)
  }
  return extremesAlong(along, input, second, given[1])
}

function extremesAlong(
  op: Op<Taken>,
  input: Tensor,
  dim: unknown,
  keep: boolean | undefined,
): ValuesAndIndices {
  const axis = oneAxis(op.name, input, dim)
  const { axes, keepdim, shape } = reduction(op.name, input, axis, keep)
  requireElements(op.name, input, axes)
  const specs = [
    { shape, dtype: input._dtype },
    { shape, dtype: INT64 },
  ]
  const params = { axis, axes, keepdim }
  return namedResult(
    ['values', 'indices'],
    runMany(op, [input], specs, [axesOf(input, axis)], params),
  )
}

/** What the kernels take for an axis: -1 stands for all axes, of which a number has none. */
function axesOf(input: Tensor, axis: number): number {
  return input.ndim === 0 ? -1 : axis
}

/**
 * The largest element: of the whole tensor (`max(x)`), along one axis together with its place
 * (`max(x, 1)`), or of two tensors elementwise (`max(a, b)`, which is {@link maximum}). NaN counts
 * as larger than all numbers; of equal elements the first is taken.
 *
 * Shapes: input `[d0, d1, …]` -> `[]`; or values and indices (int64) without the axis, which
 * `keepdim` keeps with size 1; or the broadcast shape. The gradient goes to the element that was
 * taken; for the whole tensor, equal largest elements share it.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @see torch.max
 *
 * @example
 * ```ts
 * import { max, tensor } from '@flambeau/core'
 * const { values, indices } = max(tensor([[3, 9], [7, 5]]), 1)
 * console.log(values.tolist(), indices.tolist()) // [ 9, 7 ] [ 1, 0 ]
 * ```
 */
export function max(input: Tensor): Tensor
export function max(input: Tensor, other: Tensor | { other: Tensor }): Tensor
export function max(
  input: Tensor,
  dim: number | AlongOptions,
  keepdim?: boolean | { keepdim?: boolean },
): ValuesAndIndices
export function max(
  input: Tensor,
  dim?: Tensor | number | AlongOptions | { other: Tensor },
  keepdim?: boolean | { keepdim?: boolean },
): Tensor | ValuesAndIndices {
  return extremeOf(maxOp, amaxOp, 'maximum', input, readMax([dim, keepdim]))
}

/**
 * The smallest element: of the whole tensor (`min(x)`), along one axis together with its place
 * (`min(x, 1)`), or of two tensors elementwise (`min(a, b)`, which is {@link minimum}). NaN counts
 * as smaller than all numbers; of equal elements the first is taken.
 *
 * Shapes, gradients and errors: as for {@link max}.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @see torch.min
 */
export function min(input: Tensor): Tensor
export function min(input: Tensor, other: Tensor | { other: Tensor }): Tensor
export function min(
  input: Tensor,
  dim: number | AlongOptions,
  keepdim?: boolean | { keepdim?: boolean },
): ValuesAndIndices
export function min(
  input: Tensor,
  dim?: Tensor | number | AlongOptions | { other: Tensor },
  keepdim?: boolean | { keepdim?: boolean },
): Tensor | ValuesAndIndices {
  return extremeOf(minOp, aminOp, 'minimum', input, readMin([dim, keepdim]))
}

const argmaxOp = defineOp('argmax', ['input'], { derivative: { input: 'non-differentiable' } })
const argminOp = defineOp('argmin', ['input'], { derivative: { input: 'non-differentiable' } })

const readArgmax = parameters<[number | null, boolean]>('argmax', DIM_NAMES)
const readArgmin = parameters<[number | null, boolean]>('argmin', DIM_NAMES)

function place(
  op: typeof argmaxOp,
  input: Tensor,
  [dim = null, keepdim]: Given<[number | null, boolean]>,
): Tensor {
  requireTensor(op.name, 'input', input)
  const axis = dim === null ? null : oneAxis(op.name, input, dim)
  const { axes, shape } = reduction(op.name, input, axis, keepdim)
  if (input._dtype === BOOL) {
    throw new DTypeError(
      op.name,
      { input },
      'bools are not compared by size',
      `convert the input first: x.byte().${op.name}(…)`,
    )
  }
  requireElements(op.name, input, axes)
  return run(op, [input], shape, INT64, [axis === null ? -1 : axesOf(input, axis)])
}

/**
 * Where the largest element is: its place along the axis `dim`, or in the whole tensor in row-major
 * order (the default). Of equal elements the first; NaN counts as larger than all numbers.
 *
 * Shapes: input `[d0, d1, …]` -> int64 without the axis, which `keepdim` keeps with size 1.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @throws {DTypeError} for bools.
 * @see torch.argmax
 */
export function argmax(
  input: Tensor,
  dim?: number | null | AxisOptions,
  keepdim?: boolean | AxisOptions,
): Tensor {
  return place(argmaxOp, input, readArgmax([dim, keepdim]))
}

/**
 * Where the smallest element is: its place along the axis `dim`, or in the whole tensor in row-major
 * order (the default). Of equal elements the first; NaN counts as smaller than all numbers.
 *
 * Shapes: input `[d0, d1, …]` -> int64 without the axis, which `keepdim` keeps with size 1.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @throws {DTypeError} for bools.
 * @see torch.argmin
 */
export function argmin(
  input: Tensor,
  dim?: number | null | AxisOptions,
  keepdim?: boolean | AxisOptions,
): Tensor {
  return place(argminOp, input, readArgmin([dim, keepdim]))
}

export interface CompareReduceMethods {
  /** See {@link max}. */
  max(): Tensor
  max(other: Tensor | { other: Tensor }): Tensor
  max(dim: number | AlongOptions, keepdim?: boolean | { keepdim?: boolean }): ValuesAndIndices
  /** See {@link min}. */
  min(): Tensor
  min(other: Tensor | { other: Tensor }): Tensor
  min(dim: number | AlongOptions, keepdim?: boolean | { keepdim?: boolean }): ValuesAndIndices
  /** See {@link amax}. */
  amax(dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor
  /** See {@link amin}. */
  amin(dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor
  /** See {@link argmax}. */
  argmax(dim?: number | null | AxisOptions, keepdim?: boolean | AxisOptions): Tensor
  /** See {@link argmin}. */
  argmin(dim?: number | null | AxisOptions, keepdim?: boolean | AxisOptions): Tensor
}

export const compareReduceMethods: MethodTable<CompareReduceMethods> = {
  max,
  min,
  amax,
  amin,
  argmax,
  argmin,
}
