/** Windows of an axis, sharing storage: one position, every n-th, a range, or all that slide along. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { Describable } from '../errors.ts'
import { IndexError, ValueError } from '../errors.ts'
import type { DType } from '../dtype.ts'
import { isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, normalizeAxis } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import { unsqueeze } from './views.ts'

/** Every `step`-th position of an axis from `start`; how many, the window's size says. @internal */
export interface Window {
  axis: number
  start: number
  step: number
}

const windowGradOp = defineOp<'grad', Window>('windowGrad', ['grad'], {
  derivative: {
    grad: (grad, _saved, { params, shapes }) => {
      const { axis, start, step } = params
      const count = (shapes[0] as Shape)[axis] as number
      return slice(grad, axis, start, start + (count - 1) * step + 1, step)
    },
  },
})

/** Zeros of `shape` with `grad` at every `step`-th position of `axis` from `start`. */
function windowGrad(grad: Tensor, shape: Shape, params: Window): Tensor {
  const { axis, start, step } = params
  return run(windowGradOp, [grad], shape, grad._dtype, [axis, start, step], params)
}

interface SelectParams {
  axis: number
  index: number
}

const selectOp = defineOp<'input', SelectParams>('select', ['input'], {
  derivative: {
    input: {
      needs: [],
      formula: (grad, _saved, { params, shapes }) =>
        windowGrad(unsqueeze(grad, params.axis), shapes[0] as Shape, {
          axis: params.axis,
          start: params.index,
          step: 1,
        }),
      into: (total, grad, { params }) => {
        select(total, params.axis, params.index).add_(grad)
      },
    },
  },
})

/** A position counted from the front. @throws {IndexError} if the axis has none of this number. @internal */
export function checkIndex(
  op: string,
  index: number,
  size: number,
  axis: number,
  input: Describable,
): number {
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new IndexError(
      op,
      { input },
      `index ${show(index)} is outside axis ${axis}, which has ${size} ${size === 1 ? 'position' : 'positions'}`,
      size === 0 ? 'the axis is empty' : `use -${size} to ${size - 1}`,
    )
  }
  return index < 0 ? index + size : index
}

/** An axis of a tensor that has some. @throws {IndexError} @internal */
export function axisOf(op: string, dim: number, input: Tensor): number {
  if (input.ndim === 0) {
    throw new IndexError(op, { input }, 'the tensor has no axes', 'add one with unsqueeze(0)')
  }
  return normalizeAxis(op, dim, input.ndim, input)
}

/** What {@link select} takes by name. */
export interface SelectOptions {
  dim: number
  /** The position; negative ones count from the back. */
  index: number
}

const readSelect = parameters<[number, number]>('select', ['dim', 'index'])

/**
 * One position of an axis, without that axis; shares storage.
 *
 * @throws {IndexError} if axis or index do not exist.
 * @see torch.select
 */
export function select<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<SelectOptions, ['dim', 'index']>
): Tensor<D> {
  requireTensor('select', 'input', input)
  const [dim, index] = readSelect(given)
  const axis = axisOf('select', dim as number, input)
  const at = checkIndex('select', index as number, input.shape[axis] as number, axis, input)
  const shape = input.shape.filter((_, i) => i !== axis)
  return run(selectOp, [input], shape, input._dtype, [axis, at], { axis, index: at })
}

const sliceOp = defineOp<'input', Window>('slice', ['input'], {
  derivative: {
    input: {
      needs: [],
      formula: (grad, _saved, { params, shapes }) => windowGrad(grad, shapes[0] as Shape, params),
      into: (total, grad, { params: { axis, start, step } }) => {
        const count = grad._shape[axis] as number
        if (count > 0) slice(total, axis, start, start + (count - 1) * step + 1, step).add_(grad)
      },
    },
  },
})

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
}

/**
 * First position, step and number of positions of a slice of an axis with `size` positions.
 *
 * @throws {ValueError} if `step` is not a whole number ≥ 1, or a bound is not whole. @internal
 */
export function sliceBounds(
  op: string,
  input: Tensor,
  size: number,
  start: number | null | undefined,
  end: number | null | undefined,
  step: number,
): { first: number; count: number; step: number } {
  if (!Number.isInteger(step) || step < 1) {
    throw new ValueError(
      op,
      { input },
      `step must be a whole number ≥ 1, not ${show(step)}`,
      'use flip() to reverse',
    )
  }
  const bound = (value: number | null | undefined, open: number): number => {
    if (value === null || value === undefined) return open
    if (!Number.isInteger(value) && !isInfinite(value)) {
      throw new ValueError(
        op,
        { input },
        `bounds are whole numbers, not ${show(value)}`,
        'round it',
      )
    }
    return Math.min(Math.max(value < 0 ? value + size : value, 0), size)
  }
  const first = bound(start, 0)
  const count = Math.max(0, Math.ceil((bound(end, size) - first) / step))
  return { first, count, step: Math.min(step, Math.max(size, 1)) }
}

/**
 * Every `step`-th position of an axis from `start` up to and without `end`; shares storage. Bounds
 * count from the back if negative and are cut to the axis, as in Python.
 *
 * @throws {ValueError} if `step` is not a whole number ≥ 1, or a bound is not whole.
 */
export function slice<D extends DType>(
  input: Tensor<D>,
  dim = 0,
  start: number | null = null,
  end: number | null = null,
  step = 1,
): Tensor<D> {
  requireTensor('slice', 'input', input)
  const axis = axisOf('slice', dim, input)
  const bounds = sliceBounds('slice', input, input.shape[axis] as number, start, end, step)
  const shape = input.shape.map((s, i) => (i === axis ? bounds.count : s))
  const params = { axis, start: bounds.first, step: bounds.step }
  return run(sliceOp, [input], shape, input._dtype, [axis, params.start, params.step], params)
}

/** What {@link narrow} takes by name. */
export interface NarrowOptions {
  dim: number
  /** The first position, as a number or an integer tensor without axes. */
  start: number | Tensor
  length: number
}

const readNarrow = parameters<[number, number | Tensor, number]>('narrow', [
  'dim',
  'start',
  'length',
])

/** A position that may come as an integer tensor without axes. */
function positionOf(op: string, input: Tensor, start: number | Tensor | undefined): number {
  if (!(start instanceof Tensor)) return start as number
  if (start.ndim === 0 && !isFloatingCode(start._dtype) && start.dtype !== 'bool') {
    return start.item()
  }
  throw new ValueError(
    op,
    { input, start },
    'start must be a number or an integer tensor without axes',
    'pass start.item() of a tensor with one element',
  )
}

/**
 * `length` positions of an axis from `start`; shares storage.
 *
 * @throws {IndexError} if the range leaves the axis.
 * @see torch.narrow
 */
export function narrow<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<NarrowOptions, ['dim', 'start', 'length']>
): Tensor<D> {
  requireTensor('narrow', 'input', input)
  const [dim, from, count] = readNarrow(given)
  const length = count as number
  const start = positionOf('narrow', input, from)
  const axis = axisOf('narrow', dim as number, input)
  const size = input.shape[axis] as number
  const first = Number.isInteger(start) && start < 0 ? start + size : start
  if (
    !Number.isInteger(first) ||
    !Number.isInteger(length) ||
    first < 0 ||
    length < 0 ||
    first + length > size
  ) {
    throw new IndexError(
      'narrow',
      { input },
      `${show(length)} positions from ${show(start)} do not lie in axis ${dim}, which has ${size}`,
      'start + length must not exceed the size of the axis',
    )
  }
  const shape = input.shape.map((s, i) => (i === axis ? length : s))
  const params = { axis, start: first, step: 1 }
  return run(sliceOp, [input], shape, input._dtype, [axis, first, 1], params)
}

interface UnfoldParams {
  axis: number
  step: number
}

const unfoldGradOp = defineOp<'grad', UnfoldParams>('unfoldGrad', ['grad'], {
  derivative: {
    grad: (grad, _saved, { params, shapes }) => {
      const windows = shapes[0] as Shape
      return unfold(grad, params.axis, windows.at(-1) as number, params.step)
    },
  },
})

const unfoldOp = defineOp<'input', UnfoldParams>('unfold', ['input'], {
  derivative: {
    input: (grad, _saved, { params, shapes }) => {
      const { axis, step } = params
      const shape = shapes[0] as Shape
      return run(unfoldGradOp, [grad], shape, grad._dtype, [axis, step], params)
    },
  },
})

/** What {@link unfold} takes by name. */
export interface UnfoldOptions {
  dimension: number
  /** Positions in a window. */
  size: number
  /** Positions from one window to the next. */
  step: number
}

const readUnfold = parameters<[number, number, number]>('unfold', ['dimension', 'size', 'step'])

/**
 * All windows of `size` positions that slide along an axis in steps; shares storage.
 *
 * Shapes: input `[.., n, ..]` -> `[.., ⌊(n - size) / step⌋ + 1, .., size]`, the windows' positions as
 * a new last axis. A tensor without axes counts as one of shape `[1]`.
 *
 * @throws {ValueError} unless 0 ≤ size ≤ n and step ≥ 1.
 * @see torch.Tensor.unfold
 */
export function unfold<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<UnfoldOptions, ['dimension', 'size', 'step']>
): Tensor<D> {
  requireTensor('unfold', 'input', input)
  const [dimension, size, step] = readUnfold(given)
  const axis = normalizeAxis('unfold', dimension as number, input.ndim, input)
  const length = input.ndim === 0 ? 1 : (input.shape[axis] as number)
  if (!Number.isInteger(size) || (size as number) < 0 || (size as number) > length) {
    throw new ValueError(
      'unfold',
      { input },
      `size is a whole number from 0 to ${length}, the size of axis ${axis}, not ${show(size)}`,
      'use smaller windows, or pad the tensor',
    )
  }
  if (!Number.isInteger(step) || (step as number) < 1) {
    throw new ValueError(
      'unfold',
      { input },
      `step must be a whole number ≥ 1, not ${show(step)}`,
      'unfold(0, 3, 1)',
    )
  }
  const count = Math.floor((length - (size as number)) / (step as number)) + 1
  const outer = input.shape.map((s, i) => (i === axis ? count : s))
  const shape = checkShape('unfold', [...outer, size as number])
  // A step beyond the axis leaves one window, where it does not matter.
  const params = { axis, step: Math.min(step as number, Math.max(length, 1)) }
  return run(unfoldOp, [input], shape, input._dtype, [axis, params.step], params)
}

export interface SlicingMethods<D extends DType = AnyDType> {
  /** See {@link select}. */
  select(...given: Arguments<SelectOptions, ['dim', 'index']>): Tensor<D>
  /** See {@link slice}. */
  slice(dim?: number, start?: number | null, end?: number | null, step?: number): Tensor<D>
  /** See {@link narrow}. */
  narrow(...given: Arguments<NarrowOptions, ['dim', 'start', 'length']>): Tensor<D>
  /** See {@link unfold}. */
  unfold(...given: Arguments<UnfoldOptions, ['dimension', 'size', 'step']>): Tensor<D>
}

export const slicingMethods: MethodTable<SlicingMethods> = {
  select,
  slice,
  narrow,
  unfold,
}
