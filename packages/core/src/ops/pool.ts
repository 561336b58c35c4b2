/** Pooling over windows of one, two or three axes. Results are stored channels-last. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments, Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { INT64, isFloatingCode } from '../dtype.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { averageAlong, maxAlong, maxAndIndicesAlong, requireComparable } from './pool-axes.ts'
import type { OptionalSizes } from './pool-rule.ts'
import { windowsOf } from './pool-rule.ts'
import type { Dims, Pair, Single, Sizes, Triple } from './windows.ts'
import { requireImages } from './windows.ts'

/** The options of a max pooling whose numbers per axis are `S`. */
export interface MaxPoolOptions<S extends Sizes> {
  /** Distance between windows. Default (and null): the window's size, so that they do not overlap. */
  stride?: S | null
  /** Positions added at each side that never win; at most half of the window. Default 0. */
  padding?: S
  /** Distance between the places of a window. Default 1. */
  dilation?: S
  /** Round the number of windows up: the last ones may reach beyond the input. Default false. */
  ceilMode?: boolean
  /** Also return where each value came from. Default false. */
  returnIndices?: boolean
}

export type MaxPool1dOptions = MaxPoolOptions<Single>
export type MaxPool2dOptions = MaxPoolOptions<Pair>
export type MaxPool3dOptions = MaxPoolOptions<Triple>

/** The options of an average pooling whose numbers per axis are `S`. */
export interface AvgPoolOptions<S extends Sizes> {
  /** Distance between windows. Default (and null): the window's size. */
  stride?: S | null
  /** Zeros added at each side; at most half of the window. Default 0. */
  padding?: S
  /** Round the number of windows up: the last ones may reach beyond the input. Default false. */
  ceilMode?: boolean
  /** Count padding when dividing. Default true. */
  countIncludePad?: boolean
}

export type AvgPool1dOptions = AvgPoolOptions<Single>
export interface AvgPool2dOptions extends AvgPoolOptions<Pair> {
  /** What to divide sums by, in place of the number of positions. Default null. */
  divisorOverride?: number | null
}
export interface AvgPool3dOptions extends AvgPoolOptions<Triple> {
  /** What to divide sums by, in place of the number of positions. Default null. */
  divisorOverride?: number | null
}

/** The largest values, and their row-major positions in the pooled axes of the input. */
export type MaxPooled = NamedResult<readonly ['values', 'indices']>

interface Kernel<S> {
  /** The size of a window. */
  kernelSize: S
}

// --- max ---

const MAX_NAMES = [
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'ceilMode',
  'returnIndices',
] as const

type MaxParameters = [Sizes, OptionalSizes, Sizes, Sizes, boolean, boolean]

/** Arguments of a pooling that returns values alone. */
export type MaxArguments<S extends Sizes> = Arguments<
  Kernel<S> & MaxPoolOptions<S> & { returnIndices?: false },
  typeof MAX_NAMES
>
/** Arguments of one that returns indices too. */
export type MaxAndIndicesArguments<S extends Sizes> = Arguments<
  Kernel<S> & MaxPoolOptions<S> & { returnIndices: true },
  typeof MAX_NAMES
>

function maxPool(
  op: string,
  dims: Dims,
  input: Tensor,
  given: Given<MaxParameters>,
): Tensor | MaxPooled {
  requireImages(op, input, dims)
  requireComparable(op, input)
  const [kernelSize, stride, padding, dilation, ceilMode = false, returnIndices = false] = given
  const unbatched = input.ndim === dims + 1
  const x = unbatched ? input.unsqueeze(0) : input
  const numbers = { kernelSize: kernelSize as Sizes, stride, padding, dilation, ceilMode }
  const windows = windowsOf(op, dims, x, numbers)
  const restore = (tensor: Tensor): Tensor => (unbatched ? tensor.squeeze(0) : tensor)
  if (!returnIndices) return restore(maxAlong(x, windows))
  const [values, indices] = maxAndIndicesAlong(x, windows)
  return namedResult(['values', 'indices'], [restore(values), restore(indices)])
}

const readMaxPool1d = parameters<MaxParameters>('maxPool1d', MAX_NAMES)
const readMaxPool2d = parameters<MaxParameters>('maxPool2d', MAX_NAMES)
const readMaxPool3d = parameters<MaxParameters>('maxPool3d', MAX_NAMES)

/**
 * The largest value of each window along one axis; as {@link maxPool2d} with one axis less.
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> `[N, C, L']` or `[C, L']`. Dtype: kept; any but bool.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link maxPool2d}.
 * @see torch.max_pool1d
 */
export function maxPool1d(input: Tensor, ...given: MaxArguments<Single>): Tensor
export function maxPool1d(input: Tensor, ...given: MaxAndIndicesArguments<Single>): MaxPooled
export function maxPool1d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  return maxPool('maxPool1d', 1, input, readMaxPool1d(given))
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
 * @see torch.max_pool2d
 *
 * @example
 * ```ts
 * import { arange, maxPool2d } from '@flambeau/core'
 * console.log(maxPool2d(arange(16).reshape([1, 4, 4]), 2))
 * // => tensor([[[ 5,  7],
 * //             [13, 15]]])
 * ```
 */
export function maxPool2d(input: Tensor, ...given: MaxArguments<Pair>): Tensor
export function maxPool2d(input: Tensor, ...given: MaxAndIndicesArguments<Pair>): MaxPooled
export function maxPool2d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  return maxPool('maxPool2d', 2, input, readMaxPool2d(given))
}

/**
 * The largest value of each window of a volume; as {@link maxPool2d} with one axis more.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, D', H', W']` or `[C, D', H', W']`.
 * Dtype: kept; any but bool.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link maxPool2d}.
 * @see torch.max_pool3d
 */
export function maxPool3d(input: Tensor, ...given: MaxArguments<Triple>): Tensor
export function maxPool3d(input: Tensor, ...given: MaxAndIndicesArguments<Triple>): MaxPooled
export function maxPool3d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  if (autocasting.on) return inAutocast('maxPool3d', maxPool3d, [input, ...given])
  return maxPool('maxPool3d', 3, input, readMaxPool3d(given))
}

// --- average ---

const AVG_NAMES = [
  'kernelSize',
  'stride',
  'padding',
  'ceilMode',
  'countIncludePad',
  'divisorOverride',
] as const
const AVG_1D_NAMES = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const

type AvgParameters = [Sizes, OptionalSizes, Sizes, boolean, boolean, number | null]

function avgPool(op: string, dims: Dims, input: Tensor, given: Given<AvgParameters>): Tensor {
  requireImages(op, input, dims)
  const [kernelSize, stride, padding, ceilMode = false, countPad = true, divisor = null] = given
  if (!isFloatingCode(input._dtype) && input._dtype !== INT64) {
    throw new DTypeError(
      op,
      { input },
      'elements must be floating or int64',
      "convert with .to('float32')",
    )
  }
  if (divisor !== null && (!Number.isFinite(divisor) || divisor === 0)) {
    throw new ValueError(
      op,
      { input },
      `divisorOverride is a number other than 0, not ${show(divisor)}`,
      'leave it out to divide by the size of the window',
    )
  }
  const unbatched = input.ndim === dims + 1
  const x = unbatched ? input.unsqueeze(0) : input
  const numbers = { kernelSize: kernelSize as Sizes, stride, padding, dilation: 1, ceilMode }
  const y = averageAlong(x, windowsOf(op, dims, x, numbers), { countPad, divisor })
  return unbatched ? y.squeeze(0) : y
}

const readAvgPool1d = parameters<AvgParameters>('avgPool1d', AVG_1D_NAMES)
const readAvgPool2d = parameters<AvgParameters>('avgPool2d', AVG_NAMES)
const readAvgPool3d = parameters<AvgParameters>('avgPool3d', AVG_NAMES)

/**
 * The mean of each window along one axis; as {@link avgPool2d} with one axis less.
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> `[N, C, L']` or `[C, L']`. Dtype: as of {@link avgPool2d}.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link avgPool2d}.
 * @see torch.avg_pool1d
 */
export function avgPool1d(
  input: Tensor,
  ...given: Arguments<Kernel<Single> & AvgPool1dOptions, typeof AVG_1D_NAMES>
): Tensor {
  return avgPool('avgPool1d', 1, input, readAvgPool1d(given))
}

/**
 * The mean of each window.
 *
 * Shapes: as of {@link maxPool2d}, without dilation. Dtype: floating or int64, kept; means of
 * integers are cut towards zero.
 *
 * @throws {ShapeError} if the window exceeds the padded input.
 * @throws {ValueError} for options outside of their range, or padding beyond half of the window.
 * @throws {DTypeError} for other dtypes.
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
export function avgPool2d(
  input: Tensor,
  ...given: Arguments<Kernel<Pair> & AvgPool2dOptions, typeof AVG_NAMES>
): Tensor {
  return avgPool('avgPool2d', 2, input, readAvgPool2d(given))
}

/**
 * The mean of each window of a volume; as {@link avgPool2d} with one axis more.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, D', H', W']` or `[C, D', H', W']`.
 * Dtype: as of {@link avgPool2d}.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link avgPool2d}.
 * @see torch.nn.functional.avg_pool3d
 */
export function avgPool3d(
  input: Tensor,
  ...given: Arguments<Kernel<Triple> & AvgPool3dOptions, typeof AVG_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('avgPool3d', avgPool3d, [input, ...given])
  return avgPool('avgPool3d', 3, input, readAvgPool3d(given))
}
