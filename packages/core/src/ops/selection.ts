/** Elements by their rank along an axis: the k largest, the median, the most frequent one. */
import type { Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import { BOOL, INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { namedResult } from '../named-result.ts'
import type { Op } from '../op.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { flag, oneAxis, reduction, requireElements } from './reduce-axes.ts'
import type { Taken, ValuesAndIndices } from './taken.ts'
import { keeping, ofTaken } from './taken.ts'
import { where } from './ternary.ts'

/** @throws {DTypeError} for bools, which have no order worth the name. */
function refuseBools(op: string, input: Tensor): void {
  if (input._dtype !== BOOL) return
  throw new DTypeError(
    op,
    { input },
    'bools are not compared by size',
    `convert the input first: x.byte().${op}(…)`,
  )
}

/** A rank along an axis of `size` elements. @throws {ValueError} unless it is in [least, size]. */
function rank(op: string, input: Tensor, k: unknown, least: number, size: number): number {
  if (typeof k === 'number' && Number.isInteger(k) && k >= least && k <= size) return k
  throw new ValueError(
    op,
    { input },
    typeof k === 'number' && Number.isInteger(k)
      ? `k (${k}) is outside [${least}, ${size}], the axis having ${size} elements`
      : `k is a whole number, not ${show(k)}`,
    `${op}(x, 1)`,
  )
}

function sizeAlong(input: Tensor, axis: number): number {
  return input.ndim === 0 ? 1 : (input._shape[axis] as number)
}

export interface TopkOptions {
  /** How many elements of each row. */
  k?: number
  /** The axis along which to look. Default -1. */
  dim?: number | null
  /** The largest elements; false for the smallest. Default true. */
  largest?: boolean
  /** In order, the most extreme first; otherwise in any order. Default true. */
  sorted?: boolean
}

const topkOp = defineOp<'input', Taken>('topk', ['input'], ofTaken)
const readTopk = parameters<[number, number | null, boolean, boolean]>('topk', [
  'k',
  'dim',
  'largest',
  'sorted',
])

/**
 * The `k` largest elements along the axis `dim`, or the smallest, and where they are. NaN counts as
 * larger than all numbers.
 *
 * Shapes: input `[…, n, …]` -> values and indices (int64) `[…, k, …]`. The gradient goes to the
 * elements that were taken.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if k is not in [0, n].
 * @throws {DTypeError} for bools.
 * @see torch.topk
 *
 * @example
 * ```ts
 * import { tensor, topk } from '@flambeau/core'
 * const { values, indices } = topk(tensor([3, 9, 7, 1]), 2)
 * console.log(values.tolist(), indices.tolist()) // [ 9, 7 ] [ 1, 2 ]
 * ```
 */
export function topk(
  input: Tensor,
  k: number | TopkOptions,
  dim?: number | null | TopkOptions,
  largest?: boolean | TopkOptions,
  sorted?: boolean | TopkOptions,
): ValuesAndIndices {
  const given = readTopk([k, dim, largest, sorted])
  requireTensor('topk', 'input', input)
  const axis = oneAxis('topk', input, given[1] ?? -1)
  const count = rank('topk', input, given[0], 0, sizeAlong(input, axis))
  const top = flag('topk', 'largest', given[2], true)
  const inOrder = flag('topk', 'sorted', given[3], true)
  refuseBools('topk', input)
  const shape = input._shape.map((size, i) => (i === axis ? count : size))
  const specs = [
    { shape, dtype: input._dtype },
    { shape, dtype: INT64 },
  ]
  const numbers = [axis, input.ndim === 0 ? 1 : count, top ? 1 : 0, inOrder ? 1 : 0]
  return namedResult(['values', 'indices'], runMany(topkOp, [input], specs, numbers, keeping(axis)))
}

/** Arguments of selections along an axis, by name. */
export interface SelectionOptions {
  /** The axis along which to look. Default -1. */
  dim?: number
  /** Keep the axis with size 1. Default false. */
  keepdim?: boolean
}

function selectAlong(
  op: Op<Taken>,
  input: Tensor,
  dim: number,
  keep: boolean | undefined,
  numbers: readonly number[],
): ValuesAndIndices {
  const axis = oneAxis(op.name, input, dim)
  const { axes, keepdim, shape } = reduction(op.name, input, axis, keep)
  requireElements(op.name, input, axes)
  const specs = [
    { shape, dtype: input._dtype },
    { shape, dtype: INT64 },
  ]
  return namedResult(
    ['values', 'indices'],
    runMany(op, [input], specs, [axis, ...numbers], { axis, axes, keepdim }),
  )
}

export interface KthvalueOptions extends SelectionOptions {
  /** The rank, counted from 1 for the smallest. */
  k?: number
}

const kthvalueOp = defineOp<'input', Taken>('kthvalue', ['input'], ofTaken)
const readKthvalue = parameters<[number, number, boolean]>('kthvalue', ['k', 'dim', 'keepdim'])

/**
 * The `k`-th smallest element along the axis `dim`, counted from 1, and where it is. NaN counts as
 * larger than all numbers.
 *
 * Shapes: input `[d0, d1, …]` -> values and indices (int64) without the axis, which `keepdim` keeps
 * with size 1. The gradient goes to the element that was taken.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if there is no k-th element.
 * @throws {DTypeError} for bools.
 * @see torch.kthvalue
 */
export function kthvalue(
  input: Tensor,
  k: number | KthvalueOptions,
  dim?: number | KthvalueOptions,
  keepdim?: boolean | KthvalueOptions,
): ValuesAndIndices {
  const given = readKthvalue([k, dim, keepdim])
  requireTensor('kthvalue', 'input', input)
  const axis = oneAxis('kthvalue', input, given[1] ?? -1)
  requireElements('kthvalue', input, [axis])
  const place = rank('kthvalue', input, given[0], 1, sizeAlong(input, axis))
  refuseBools('kthvalue', input)
  return selectAlong(kthvalueOp, input, axis, given[2], [place])
}

const modeOp = defineOp<'input', Taken>('mode', ['input'], ofTaken)
const readMode = parameters<[number, boolean]>('mode', ['dim', 'keepdim'])

/**
 * The element that occurs most often along the axis `dim`, and where it is; the smallest of several.
 * Every NaN is an element of its own.
 *
 * Shapes: input `[d0, d1, …]` -> values and indices (int64) without the axis, which `keepdim` keeps
 * with size 1. The gradient goes to the element that was taken.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @see torch.mode
 */
export function mode(
  input: Tensor,
  dim?: number | SelectionOptions,
  keepdim?: boolean | SelectionOptions,
): ValuesAndIndices {
  const given = readMode([dim, keepdim])
  requireTensor('mode', 'input', input)
  return selectAlong(modeOp, input, given[0] ?? -1, given[1], [])
}

const medianOp = defineOp<'input', Taken>('median', ['input'], ofTaken)
const nanmedianOp = defineOp<'input', Taken>('nanmedian', ['input'], {
  ...ofTaken,
  kernel: 'median',
})

const ofWhole = {
  kernel: 'median',
  derivative: {
    input: needs<null>(['input', 'out'], (grad, { input, out }) => {
      const x = input as Tensor
      const middle = out as Tensor
      // Elements equal to the median share the gradient; where that is NaN, those that are.
      const taken = x.eq(middle).logicalOr(x.isnan().logicalAnd(middle.isnan()))
      return where(taken, grad.div(taken.sum()), 0)
    }),
  },
}
const medianOfAllOp = defineOp<'input'>('medianOfAll', ['input'], ofWhole)
const nanmedianOfAllOp = defineOp<'input'>('nanmedianOfAll', ['input'], ofWhole)

const readMedian = parameters<[number, boolean]>('median', ['dim', 'keepdim'])
const readNanmedian = parameters<[number, boolean]>('nanmedian', ['dim', 'keepdim'])

function median_(
  along: Op<Taken>,
  ofAll: Op<null>,
  input: Tensor,
  [dim, keepdim]: Given<[number, boolean]>,
): Tensor | ValuesAndIndices {
  requireTensor(along.name, 'input', input)
  refuseBools(along.name, input)
  const ignoresNan = along === nanmedianOp ? 1 : 0
  if (dim !== undefined || keepdim !== undefined) {
    return selectAlong(along, input, dim as number, keepdim, [ignoresNan])
  }
  if (input.numel() > 0) return run(ofAll, [input], [], input._dtype, [-1, ignoresNan])
  // Of nothing: NaN, or what stands for it among integers.
  return fullCode(
    [],
    isFloatingCode(input._dtype) ? Number.NaN : lowest(input),
    input._dtype,
    input,
  )
}

function lowest(input: Tensor): number {
  return input.dtype === 'int64' ? -(2 ** 63) : input.dtype === 'int32' ? -(2 ** 31) : 0
}

/**
 * The middle element, of an even number the lower one: of the whole tensor (`median(x)`), or along
 * the axis `dim` together with its place. NaN where there is one.
 *
 * Shapes: input `[d0, d1, …]` -> `[]`; or values and indices (int64) without the axis, which
 * `keepdim` keeps with size 1. The gradient goes to the element that was taken; for the whole
 * tensor, elements equal to the median share it.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if the axis has no elements.
 * @throws {DTypeError} for bools.
 * @see torch.median
 */
export function median(input: Tensor): Tensor
export function median(
  input: Tensor,
  dim: number | { dim: number; keepdim?: boolean },
  keepdim?: boolean | { keepdim?: boolean },
): ValuesAndIndices
export function median(
  input: Tensor,
  dim?: number | { dim: number; keepdim?: boolean },
  keepdim?: boolean | { keepdim?: boolean },
): Tensor | ValuesAndIndices {
  return median_(medianOp, medianOfAllOp, input, readMedian([dim, keepdim]))
}

/**
 * The {@link median} of the elements that are not NaN; NaN where all are.
 *
 * Shapes, gradients and errors: as for {@link median}.
 *
 * @see torch.nanmedian
 */
export function nanmedian(input: Tensor): Tensor
export function nanmedian(
  input: Tensor,
  dim: number | { dim: number; keepdim?: boolean },
  keepdim?: boolean | { keepdim?: boolean },
): ValuesAndIndices
export function nanmedian(
  input: Tensor,
  dim?: number | { dim: number; keepdim?: boolean },
  keepdim?: boolean | { keepdim?: boolean },
): Tensor | ValuesAndIndices {
  return median_(nanmedianOp, nanmedianOfAllOp, input, readNanmedian([dim, keepdim]))
}

export interface SelectionMethods {
  /** See {@link topk}. */
  topk(
    k: number | TopkOptions,
    dim?: number | null | TopkOptions,
    largest?: boolean | TopkOptions,
    sorted?: boolean | TopkOptions,
  ): ValuesAndIndices
  /** See {@link kthvalue}. */
  kthvalue(
    k: number | KthvalueOptions,
    dim?: number | KthvalueOptions,
    keepdim?: boolean | KthvalueOptions,
  ): ValuesAndIndices
  /** See {@link mode}. */
  mode(dim?: number | SelectionOptions, keepdim?: boolean | SelectionOptions): ValuesAndIndices
  /** See {@link median}. */
  median(): Tensor
  median(
    dim: number | { dim: number; keepdim?: boolean },
    keepdim?: boolean | { keepdim?: boolean },
  ): ValuesAndIndices
  /** See {@link nanmedian}. */
  nanmedian(): Tensor
  nanmedian(
    dim: number | { dim: number; keepdim?: boolean },
    keepdim?: boolean | { keepdim?: boolean },
  ): ValuesAndIndices
}

export const selectionMethods: MethodTable<SelectionMethods> = {
  topk,
  kthvalue,
  mode,
  median,
  nanmedian,
}
