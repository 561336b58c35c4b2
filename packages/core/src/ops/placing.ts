/** One tensor written over a part of a copy of another, and tensors set into a larger frame. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { Op } from '../op.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import type { Diagonal, DiagonalOptions } from './diagonals.ts'
import { checkDiagonal, diagonal, diagonalLength } from './diagonals.ts'
import { requireSizes } from './sizes.ts'
import type { Window } from './slicing.ts'
import { axisOf, checkIndex, slice, sliceBounds } from './slicing.ts'
import { unsqueeze } from './views.ts'

interface WindowParams extends Window {
  count: number
}

const windowScatterOp: Op<WindowParams> = defineOp<'input' | 'src', WindowParams>(
  'windowScatter',
  ['input', 'src'],
  {
    derivative: {
      input: (grad, _saved, { params }) => {
        const { axis, start, step } = params
        return run(
          windowScatterOp,
          [grad, 0],
          grad._shape,
          grad._dtype,
          [axis, start, step, params.count],
          params,
        )
      },
      src: (grad, _saved, { params }) => {
        const { axis, start, step, count } = params
        return slice(grad, axis, start, start + (count - 1) * step + 1, step)
      },
    },
  },
)

/** @throws {ShapeError} unless `src` has the shape of what it replaces. */
function requireFitting(op: string, input: Tensor, src: Tensor, shape: Shape): void {
  if (sameShape(src._shape, shape)) return
  throw new ShapeError(
    op,
    { input, src },
    `src has shape ${formatShape(src.shape)}, what it replaces ${formatShape(shape)}`,
    'expand or reshape src first',
  )
}

function placed(input: Tensor, src: Tensor, params: WindowParams): Tensor {
  const { axis, start, step, count } = params
  const same = castCode(src, input._dtype)
  return run(
    windowScatterOp,
    [input, same],
    input._shape,
    input._dtype,
    [axis, start, step, count],
    params,
  )
}

/** What {@link selectScatter} takes by name. */
export interface SelectScatterOptions {
  /** What takes the place; the tensor's shape without axis `dim`. */
  src: Tensor
  dim: number
  /** The position; negative ones count from the back. */
  index: number
}

type SelectScatterArguments = Arguments<SelectScatterOptions, ['src', 'dim', 'index']>

const readSelectScatter = parameters<[Tensor, number, number]>('selectScatter', [
  'src',
  'dim',
  'index',
])

/**
 * A copy with one position of an axis replaced by `src`.
 *
 * Shapes: input `[.., n, ..]`, src `[.., ..]` -> input's. Differentiable in both.
 *
 * @throws {IndexError} if axis or index do not exist. @throws {ShapeError} if `src` does not fit.
 * @see torch.select_scatter
 */
export function selectScatter<D extends DType>(
  input: Tensor<D>,
  ...given: SelectScatterArguments
): Tensor<D> {
  requireTensor('selectScatter', 'input', input)
  const [src, dim, index] = readSelectScatter(given)
  requireTensor('selectScatter', 'src', src)
  const axis = axisOf('selectScatter', dim as number, input)
  const size = input.shape[axis] as number
  const start = checkIndex('selectScatter', index as number, size, axis, input)
  requireFitting(
    'selectScatter',
    input,
    src,
    input.shape.filter((_, i) => i !== axis),
  )
  return placed(input, unsqueeze(src, axis), { axis, start, step: 1, count: 1 })
}

/** What {@link sliceScatter} takes by name. */
export interface SliceScatterOptions {
  /** What takes the place; the shape of the slice. */
  src: Tensor
  /** Default 0. */
  dim?: number
  /** Default: the beginning. */
  start?: number | null
  /** Default: the end. */
  end?: number | null
  /** Default 1. */
  step?: number
}

type SliceScatterArguments = Arguments<SliceScatterOptions, ['src', 'dim', 'start', 'end', 'step']>

const readSliceScatter = parameters<[Tensor, number, number | null, number | null, number]>(
  'sliceScatter',
  ['src', 'dim', 'start', 'end', 'step'],
)

/**
 * A copy with every `step`-th position of an axis, from `start` up to and without `end`, replaced by
 * `src`. Bounds are those of {@link slice}. Differentiable in both.
 *
 * @throws {ShapeError} if `src` does not have the shape of the slice.
 * @see torch.slice_scatter
 */
export function sliceScatter<D extends DType>(
  input: Tensor<D>,
  ...given: SliceScatterArguments
): Tensor<D> {
  requireTensor('sliceScatter', 'input', input)
  const [src, dim = 0, start, end, step = 1] = readSliceScatter(given)
  requireTensor('sliceScatter', 'src', src)
  const axis = axisOf('sliceScatter', dim, input)
  const size = input.shape[axis] as number
  const bounds = sliceBounds('sliceScatter', input, size, start, end, step)
  const { first, count } = bounds
  requireFitting(
    'sliceScatter',
    input,
    src,
    input.shape.map((s, i) => (i === axis ? count : s)),
  )
  return placed(input, src, { axis, start: first, step: bounds.step, count })
}

const diagonalScatterOp: Op<Diagonal> = defineOp<'input' | 'src', Diagonal>(
  'diagonalScatter',
  ['input', 'src'],
  {
    derivative: {
      input: (grad, _saved, { params }) => {
        const { a, b, offset } = params
        return run(diagonalScatterOp, [grad, 0], grad._shape, grad._dtype, [a, b, offset], params)
      },
      src: (grad, _saved, { params }) => diagonal(grad, params.offset, params.a, params.b),
    },
  },
)

/** What {@link diagonalScatter} takes by name. */
export interface DiagonalScatterOptions extends DiagonalOptions {
  /** What takes the place; the shape of the diagonal. */
  src: Tensor
}

type DiagonalScatterArguments = Arguments<DiagonalScatterOptions, ['src', 'offset', 'dim1', 'dim2']>

const readDiagonalScatter = parameters<[Tensor, number, number, number]>('diagonalScatter', [
  'src',
  'offset',
  'dim1',
  'dim2',
])

/**
 * A copy with a diagonal of the matrices of two axes (default 0 and 1) replaced by `src`, which has
 * the shape that {@link diagonal} gives. Differentiable in both.
 *
 * @throws {ShapeError} if `src` does not fit. @throws {IndexError, ValueError} for bad axes.
 * @see torch.diagonal_scatter
 */
export function diagonalScatter<D extends DType>(
  input: Tensor<D>,
  ...given: DiagonalScatterArguments
): Tensor<D> {
  requireTensor('diagonalScatter', 'input', input)
  const [src, offset = 0, dim1 = 0, dim2 = 1] = readDiagonalScatter(given)
  requireTensor('diagonalScatter', 'src', src)
  const params = checkDiagonal('diagonalScatter', input, input.ndim, offset, dim1, dim2)
  const rest = input.shape.filter((_, i) => i !== params.a && i !== params.b)
  requireFitting('diagonalScatter', input, src, [...rest, diagonalLength(input._shape, params)])
  const same = castCode(src, input._dtype)
  const numbers = [params.a, params.b, params.offset]
  return run(diagonalScatterOp, [input, same], input._shape, input._dtype, numbers, params)
}

const padOp = defineOp<'input', readonly number[]>('constantPadNd', ['input'], {
  derivative: {
    input: (grad, _saved, { params }) =>
      padded(
        grad,
        params.map((size) => -size),
        0,
      ),
  },
})

/** Padded by sizes that have been checked, last axis first: [before, after, before, after, …]. */
function padded(input: Tensor, pad: readonly number[], value: number): Tensor {
  const last = input.ndim - 1
  const shape = input.shape.map((size, i) => {
    const at = 2 * (last - i)
    return size + (pad[at] ?? 0) + (pad[at + 1] ?? 0)
  })
  return run(padOp, [input], shape, input._dtype, [value, ...pad], pad)
}

/** What {@link constantPadNd} takes by name. */
export interface ConstantPadOptions {
  /** Positions to add before and after, for the last axis first; negative ones take away. */
  pad: readonly number[]
  /** What the new positions hold. Default 0. */
  value?: number
}

const readPad = parameters<[readonly number[], number]>('constantPadNd', ['pad', 'value'])

/**
 * With positions of one value added around (or taken away from) the last axes.
 *
 * Shapes: input `[.., n]`, pad [before, after, …] with the last axis first -> `[.., n + before + after]`.
 *
 * @throws {ValueError} if `pad` does not hold two whole numbers for each axis it speaks of.
 * @throws {ShapeError} if an axis would get a negative size.
 * @see torch.constant_pad_nd
 */
export function constantPadNd<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<ConstantPadOptions, ['pad', 'value']>
): Tensor<D> {
  requireTensor('constantPadNd', 'input', input)
  const [sizes, value = 0] = readPad(given)
  const pad = requireSizes('constantPadNd', 'pad', sizes)
  if (pad.length % 2 !== 0 || pad.length > 2 * input.ndim || !pad.every(Number.isSafeInteger)) {
    throw new ValueError(
      'constantPadNd',
      { input },
      `pad is a list of two whole numbers for each of the last axes (at most ${input.ndim}), not ${show(pad)}`,
      'pad: [left, right, top, bottom]',
    )
  }
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    throw new ValueError(
      'constantPadNd',
      { input },
      `value is a number, not ${show(value)}`,
      'value: 0',
    )
  }
  pad.forEach((_, i) => {
    if (i % 2 === 1) return
    const size = input.shape[input.ndim - 1 - i / 2] as number
    const before = pad[i] as number
    const after = pad[i + 1] as number
    if (size + before + after >= 0 && size + Math.min(before, 0) + Math.min(after, 0) >= 0) return
    throw new ShapeError(
      'constantPadNd',
      { input },
      `${before} before and ${after} after do not fit axis ${input.ndim - 1 - i / 2}, which has ${size}`,
      'take away no more positions than there are',
    )
  })
  checkShape(
    'constantPadNd',
    input.shape.map((size, i) => {
      const at = 2 * (input.ndim - 1 - i)
      return size + (pad[at] ?? 0) + (pad[at + 1] ?? 0)
    }),
  )
  return padded(input, [...pad], Number(value))
}

export interface PlacingMethods<D extends DType = AnyDType> {
  /** See {@link selectScatter}. */
  selectScatter(...given: SelectScatterArguments): Tensor<D>
  /** See {@link sliceScatter}. */
  sliceScatter(...given: SliceScatterArguments): Tensor<D>
  /** See {@link diagonalScatter}. */
  diagonalScatter(...given: DiagonalScatterArguments): Tensor<D>
}

export const placingMethods: MethodTable<PlacingMethods> = {
  selectScatter,
  sliceScatter,
  diagonalScatter,
}
