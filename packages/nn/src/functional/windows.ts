/** Windows of images as columns, and back. */
import type { Tensor } from '@flambeau/core'
import { constantPadNd, DTypeError, ShapeError, tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from './inputs.ts'

/** One number for both axes, or height and width. */
export type Both = number | readonly number[]

export interface WindowOptions {
  /** The size of a window. */
  kernelSize: Both
  /** Distance between the places of a window. Default 1. */
  dilation?: Both
  /** Zeros added at each side. Default 0. */
  padding?: Both
  /** Distance between windows. Default 1. */
  stride?: Both
}

interface Axis {
  /** How many windows there are. */
  count: number
  size: number
  padding: number
  /** Positions in the padded axis, window by window within each place of the kernel. */
  positions: number[]
}

function axesOf(
  op: string,
  input: Tensor,
  sizes: readonly number[],
  given: readonly unknown[],
): Axis[] {
  const names = ['kernelSize', 'dilation', 'padding', 'stride']
  const read = names.map((name, i) =>
    wholeNumbers(op, name, given[i], 2, name === 'padding' ? 0 : 1, { input }),
  )
  return sizes.map((size, axis) => {
    const [kernel, dilation, padding, stride] = read.map((list) => list[axis]) as [
      number,
      number,
      number,
      number,
    ]
    const count = Math.floor((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    if (count < 1) {
      throw new ShapeError(
        op,
        { input },
        `the window covers ${dilation * (kernel - 1) + 1}, axis ${axis === 0 ? 'H' : 'W'} has ${size} and ${2 * padding} of padding`,
        'use a smaller window, or more padding',
      )
    }
    const positions = Array.from(
      { length: kernel * count },
      (_, i) => Math.floor(i / count) * dilation + (i % count) * stride,
    )
    return { count, size: kernel, padding, positions }
  })
}

/** The number of elements of each channel's columns and of the columns themselves. */
function columnsOf([h, w]: readonly [Axis, Axis]): [rows: number, columns: number] {
  return [h.size * w.size, h.count * w.count]
}

const indices = (list: readonly number[], { device }: Tensor): Tensor =>
  tensor([...list], { dtype: 'int64', device })

const UNFOLD = ['kernelSize', 'dilation', 'padding', 'stride'] as const
const readUnfold = parameters<[Both, Both, Both, Both]>('unfold', UNFOLD)

/**
 * The windows of each image as columns.
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]` -> `[N, C · kH · kW, windows]` or without N.
 * Dtype: kept.
 *
 * @throws {ShapeError} for other ranks, or a window that exceeds the padded input.
 * @throws {ValueError} for sizes that are not whole numbers.
 * @see torch.nn.functional.unfold
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.unfold(arange(9).reshape([1, 3, 3]), 2))
 * // => tensor([[0, 1, 3, 4],
 * //            [1, 2, 4, 5],
 * //            [3, 4, 6, 7],
 * //            [4, 5, 7, 8]])
 * ```
 */
export function unfold(input: Tensor, ...given: Arguments<WindowOptions, typeof UNFOLD>): Tensor {
  const op = 'unfold'
  requireTensor(op, 'input', input)
  const [kernelSize, dilation = 1, padding = 0, stride = 1] = readUnfold(given)
  const [c, h, w] = input.shape.slice(-3) as [number, number, number]
  if ((input.ndim !== 3 && input.ndim !== 4) || c === 0 || h === 0 || w === 0) {
    throw new ShapeError(
      op,
      { input },
      'input must be [N, C, H, W] or [C, H, W], with nothing empty but the batch',
      'add axes with unsqueeze()',
    )
  }
  const axes = axesOf(op, input, [h, w], [kernelSize, dilation, padding, stride])
  const [rows, columns] = axes as [Axis, Axis]
  const [inRow, inAll] = columnsOf([rows, columns])
  const batch = input.shape.slice(0, -3)
  const sides = [columns.padding, columns.padding, rows.padding, rows.padding]
  const x = sides.some((side) => side > 0) ? constantPadNd(input, sides) : input
  return x
    .indexSelect(-2, indices(rows.positions, input))
    .indexSelect(-1, indices(columns.positions, input))
    .reshape([...batch, c, rows.size, rows.count, columns.size, columns.count])
    .transpose(-3, -2)
    .reshape([...batch, c * inRow, inAll])
}

export interface FoldOptions extends WindowOptions {
  /** Height and width of the result. */
  outputSize: Both
}

const FOLD = ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride'] as const
const readFold = parameters<[Both, Both, Both, Both, Both]>('fold', FOLD)

/**
 * Images whose windows are summed up from columns: what {@link unfold} takes apart, with elements
 * that several windows share added.
 *
 * Shapes: input `[N, C · kH · kW, windows]` or without N -> `[N, C, ...outputSize]` or without N.
 * Dtype: floating, kept.
 *
 * @throws {ShapeError} if the columns do not make such images. @throws {DTypeError} for integers.
 * @throws {ValueError} for sizes that are not whole numbers.
 * @see torch.nn.functional.fold
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.fold(ones([4, 4]), [3, 3], 2))
 * // => tensor([[[1., 2., 1.],
 * //             [2., 4., 2.],
 * //             [1., 2., 1.]]])
 * ```
 */
export function fold(input: Tensor, ...given: Arguments<FoldOptions, typeof FOLD>): Tensor {
  const op = 'fold'
  requireTensor(op, 'input', input)
  const [outputSize, kernelSize, dilation = 1, padding = 0, stride = 1] = readFold(given)
  const size = wholeNumbers(op, 'outputSize', outputSize, 2, 1, { input })
  if (!input.isFloatingPoint() && input.dtype !== 'bool') {
    throw new DTypeError(
      op,
      { input },
      `elements must be floating, not ${input.dtype}`,
      "convert with .to('float32')",
    )
  }
  if (input.ndim !== 2 && input.ndim !== 3) {
    throw new ShapeError(
      op,
      { input },
      `input must be [N, C · kH · kW, windows] or [C · kH · kW, windows], but has ${input.ndim} axes`,
      'see unfold()',
    )
  }
  const [h, w] = size as [number, number]
  const axes = axesOf(op, input, [h, w], [kernelSize, dilation, padding, stride])
  const [rows, columns] = axes as [Axis, Axis]
  const [inRow, inAll] = columnsOf([rows, columns])
  const [elements, windows] = input.shape.slice(-2) as [number, number]
  if (elements === 0 || elements % inRow !== 0 || windows !== inAll) {
    throw new ShapeError(
      op,
      { input },
      `columns of ${elements} are not channels of ${inRow} elements, or there are ${windows} columns, not ${inAll}`,
      'pass the sizes that unfold() had',
    )
  }
  const batch = input.shape.slice(0, -2)
  const padded = [h + 2 * rows.padding, w + 2 * columns.padding] as const
  const parts = input
    .reshape([...batch, elements / inRow, rows.size, columns.size, rows.count, columns.count])
    .transpose(-3, -2)
    .reshape([...batch, elements / inRow, rows.size * rows.count, columns.size * columns.count])
  const wide = parts.newZeros([...batch, elements / inRow, padded[0], parts.shape.at(-1) as number])
  const lines = wide.indexAdd(-2, indices(rows.positions, parts), parts)
  const image = lines
    .newZeros([...batch, elements / inRow, ...padded])
    .indexAdd(-1, indices(columns.positions, lines), lines)
  return image.narrow(-2, rows.padding, h).narrow(-1, columns.padding, w).contiguous()
}
