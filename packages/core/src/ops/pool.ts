/** Pooling over windows of height and width. Results are stored channels-last. */
import { BOOL, isFloatingCode } from '../dtype.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import type { Shape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { average, maximum, maximumAndIndices } from './pool-records.ts'
import type { Pair } from './windows.ts'
import { reachOf, requireImages, sizesOf } from './windows.ts'

export interface MaxPool2dOptions {
  /** Distance between windows. Default: the window's size, so that windows do not overlap. */
  stride?: Pair
  /** Positions added at each side that never win; at most half of the window. Default 0. */
  padding?: Pair
  /** Distance between the places of a window. Default 1. */
  dilation?: Pair
  /** Round the number of windows up: the last ones may reach beyond the input. Default false. */
  ceilMode?: boolean
  /** Also return where each value came from. Default false. */
  returnIndices?: boolean
}

export interface AvgPool2dOptions {
  /** Distance between windows. Default: the window's size. */
  stride?: Pair
  /** Zeros added at each side; at most half of the window. Default 0. */
  padding?: Pair
  /** Round the number of windows up: the last ones may reach beyond the input. Default false. */
  ceilMode?: boolean
  /** Count padding when dividing. Default true. */
  countIncludePad?: boolean
  /** What to divide sums by, in place of the number of positions. */
  divisorOverride?: number
}

/** The largest values, and the positions h · W + w in the input that they came from. */
export type MaxPooled = NamedResult<readonly ['values', 'indices']>

interface Windows {
  /** Of the output, [N, C, H, W]. */
  shape: Shape
  /** Size, stride and padding; height and width each. */
  numbers: readonly number[]
}

/** Windows along an axis of the input. */
function countWindows(
  size: number,
  reach: number,
  stride: number,
  padding: number,
  up: boolean,
): number {
  const free = size + 2 * padding - reach
  const count = (up ? Math.ceil(free / stride) : Math.floor(free / stride)) + 1
  // A window that would begin behind the input and its padding in front does not count.
  return up && (count - 1) * stride >= size + padding ? count - 1 : count
}

/** Checks the input (with a batch axis) and the options, and lays out the windows. */
function windowsOf(
  op: string,
  input: Tensor,
  kernelSize: Pair,
  dilation: readonly number[],
  options: MaxPool2dOptions | AvgPool2dOptions | undefined,
): Windows {
  const inputs = { input }
  const kernel = sizesOf(op, 'kernelSize', kernelSize, 2, 1, inputs)
  const stride = sizesOf(op, 'stride', options?.stride ?? kernel, 2, 1, inputs)
  const padding = sizesOf(op, 'padding', options?.padding ?? 0, 2, 0, inputs)
  const [n, channels, height, width] = input._shape as readonly [number, number, number, number]
  if (channels * height * width === 0) {
    throw new ShapeError(
      op,
      inputs,
      'only the batch may be empty',
      'leave out empty inputs before pooling',
    )
  }
  const sizes = [height, width]
  const counts = sizes.map((size, i) => {
    const reach = reachOf(kernel[i] as number, dilation[i] as number)
    const pad = padding[i] as number
    if (pad > Math.floor(reach / 2)) {
      throw new ValueError(
        op,
        inputs,
        `padding (${pad}) must be at most half of the window (${reach})`,
        'use less padding, or a larger window',
      )
    }
    const count = countWindows(size, reach, stride[i] as number, pad, options?.ceilMode ?? false)
    if (count >= 1) return count
    throw new ShapeError(
      op,
      inputs,
      `the window covers a ${i === 0 ? 'height' : 'width'} of ${reach}, the padded input has ${size + 2 * pad}`,
      'use a larger input, more padding, or a smaller window or dilation',
    )
  })
  return {
    shape: [n, channels, ...counts],
    numbers: [...kernel, ...stride, ...padding],
  }
}

/**
 * The largest value of each window; NaN if a window holds one. Of equal values the first one counts
 * (it gets the gradient).
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]` -> `[N, C, H', W']` or `[C, H', W']` with
 * H' = ⌊(H + 2 · padding - dilation · (kH - 1) - 1) / stride⌋ + 1 (⌈⌉ with ceilMode, less windows
 * that would begin behind the input). Dtype: kept; any but bool.
 *
 * @throws {ShapeError} if the window exceeds the padded input. @throws {DTypeError} for bool.
 * @throws {ValueError} for options outside of their range, or padding beyond half of the window.
 * @see torch.nn.functional.max_pool2d
 *
 * @example
 * ```ts
 * import { arange, maxPool2d } from '@flambeau/core'
 * console.log(maxPool2d(arange(16).reshape([1, 4, 4]), 2))
 * // => tensor([[[ 5,  7],
 * //             [13, 15]]])
 * ```
 */
export function maxPool2d(
  input: Tensor,
  kernelSize: Pair,
  options?: MaxPool2dOptions & { returnIndices?: false },
): Tensor
export function maxPool2d(
  input: Tensor,
  kernelSize: Pair,
  options: MaxPool2dOptions & { returnIndices: true },
): MaxPooled
export function maxPool2d(
  input: Tensor,
  kernelSize: Pair,
  options?: MaxPool2dOptions,
): Tensor | MaxPooled {
  requireImages('maxPool2d', input)
  if (input._dtype === BOOL) {
    throw new DTypeError(
      'maxPool2d',
      { input },
      'is not defined for bool',
      "convert with .to('uint8')",
    )
  }
  const unbatched = input.ndim === 3
  const x = unbatched ? input.unsqueeze(0) : input
  const dilation = sizesOf('maxPool2d', 'dilation', options?.dilation ?? 1, 2, 1, { input })
  const { shape, numbers } = windowsOf('maxPool2d', x, kernelSize, dilation, options)
  const params = { numbers: [...numbers, ...dilation] }
  const restore = (tensor: Tensor): Tensor => (unbatched ? tensor.squeeze(0) : tensor)
  if (options?.returnIndices === true) {
    const [values, indices] = maximumAndIndices(x, shape, params)
    return namedResult(['values', 'indices'], [restore(values), restore(indices)])
  }
  return restore(maximum(x, shape, params))
}

/**
 * The mean of each window.
 *
 * Shapes: as of {@link maxPool2d}, without dilation. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the window exceeds the padded input.
 * @throws {ValueError} for options outside of their range, or padding beyond half of the window.
 * @throws {DTypeError} if input is not floating (PyTorch takes int64 too).
 * @see torch.nn.functional.avg_pool2d
 *
 * @example
 * ```ts
 * import { arange, avgPool2d } from '@flambeau/core'
 * console.log(avgPool2d(arange(16).to('float32').reshape([1, 4, 4]), 2))
 * // => tensor([[[ 2.5000,  4.5000],
 * //             [10.5000, 12.5000]]])
 * ```
 */
export function avgPool2d(input: Tensor, kernelSize: Pair, options?: AvgPool2dOptions): Tensor {
  requireImages('avgPool2d', input)
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(
      'avgPool2d',
      { input },
      'elements must be floating',
      "convert with .to('float32')",
    )
  }
  if (input.ndim === 3) return avgPool2d(input.unsqueeze(0), kernelSize, options).squeeze(0)
  const countIncludePad = options?.countIncludePad ?? true
  const divisorOverride = options?.divisorOverride
  if (
    divisorOverride !== undefined &&
    (!Number.isFinite(divisorOverride) || divisorOverride === 0)
  ) {
    throw new ValueError(
      'avgPool2d',
      { input },
      `divisorOverride is a number other than 0, not ${show(divisorOverride)}`,
      'leave it out to divide by the size of the window',
    )
  }
  const { shape, numbers } = windowsOf('avgPool2d', input, kernelSize, [1, 1], options)
  const params = { numbers: [...numbers, countIncludePad ? 1 : 0, divisorOverride ?? 0] }
  return average(input, shape, params)
}
