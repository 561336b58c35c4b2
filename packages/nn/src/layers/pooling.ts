/** Pooling over windows. */
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { avgPool1d, avgPool2d, avgPool3d, maxPool1d, maxPool2d, maxPool3d } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { wholeNumbers } from '../functional/inputs.ts'
import { Module } from '../module.ts'
import { describe } from './describe.ts'

type Numbers = number | readonly number[]

/** Throws for a window, stride, padding or dilation that are no whole numbers. */
function requireWindow(op: string, dims: 1 | 2 | 3, settings: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(settings)) {
    wholeNumbers(op, name, value, dims, name === 'padding' ? 0 : 1)
  }
}

export interface MaxPoolSettings<S> {
  /** The size of a window. */
  kernelSize: S
  /** Distance between windows. Default (and null): the window's size. */
  stride?: S | null
  /** Positions added at each side that never win; at most half of the window. Default 0. */
  padding?: S
  /** Distance between the places of a window. Default 1. */
  dilation?: S
  /** Also return where each value came from. Default false. */
  returnIndices?: boolean
  /** Round the number of windows up. Default false. */
  ceilMode?: boolean
}

const MAX = ['kernelSize', 'stride', 'padding', 'dilation', 'returnIndices', 'ceilMode'] as const

type MaxArguments<S> = Arguments<MaxPoolSettings<S>, typeof MAX>

abstract class MaxPool extends Module {
  readonly kernelSize: Numbers
  readonly stride: Numbers
  readonly padding: Numbers
  readonly dilation: Numbers
  readonly returnIndices: boolean
  readonly ceilMode: boolean

  constructor(op: string, dims: 1 | 2 | 3, given: readonly unknown[]) {
    super()
    const read = parameters<[Numbers, Numbers | null, Numbers, Numbers, boolean, boolean]>(op, MAX)
    const [size, stride, padding = 0, dilation = 1, returnIndices = false, ceilMode = false] =
      read(given)
    this.kernelSize = size as Numbers
    this.stride = stride ?? this.kernelSize
    this.padding = padding
    this.dilation = dilation
    this.returnIndices = returnIndices
    this.ceilMode = ceilMode
    requireWindow(op, dims, {
      kernelSize: size,
      stride: this.stride,
      padding,
      dilation,
    })
  }

  /** The arguments behind the input. */
  protected get windows(): unknown[] {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this
    return [kernelSize, stride, padding, dilation, ceilMode, returnIndices]
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this
    return describe({ kernelSize, stride, padding, dilation, ceilMode })
  }
}

/** A function of an input and arguments that a layer keeps. */
type Kept = (input: Tensor, ...given: unknown[]) => Tensor

/**
 * The largest value of each window along one axis; with `returnIndices`, also its row-major position
 * in the pooled axes.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> `[N, C, L']` or `[C, L']` with
 * L' = ⌊(L + 2 · padding - dilation · (kernelSize - 1) - 1) / stride⌋ + 1 (⌈⌉ with ceilMode).
 * Dtype: kept; any but bool.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the padded input. @throws {DTypeError} for bool.
 * @see torch.nn.MaxPool1d
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { MaxPool1d } from '@flambeau/nn'
 * console.log(new MaxPool1d(2)(arange(6).reshape([1, 6]))) // => tensor([[1, 3, 5]])
 * ```
 */
export class MaxPool1d extends MaxPool {
  constructor(...given: MaxArguments<Single>) {
    super('MaxPool1d', 1, given)
  }

  override forward(input: Tensor): Tensor {
    return (maxPool1d as unknown as Kept)(input, ...this.windows)
  }
}

/**
 * The largest value of each window over height and width; with `returnIndices`, also its row-major position
 * in the pooled axes.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C, H', W']` or `[C, H', W']` with
 * H' = ⌊(H + 2 · padding - dilation · (kernelSize - 1) - 1) / stride⌋ + 1 (⌈⌉ with ceilMode).
 * Dtype: kept; any but bool.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the padded input. @throws {DTypeError} for bool.
 * @see torch.nn.MaxPool2d
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { MaxPool2d } from '@flambeau/nn'
 * console.log(new MaxPool2d(2)(arange(16).reshape([1, 4, 4])))
 * // => tensor([[[ 5,  7],
 * //             [13, 15]]])
 * ```
 */
export class MaxPool2d extends MaxPool {
  constructor(...given: MaxArguments<Pair>) {
    super('MaxPool2d', 2, given)
  }

  override forward(input: Tensor): Tensor {
    return (maxPool2d as unknown as Kept)(input, ...this.windows)
  }
}

/**
 * The largest value of each window over depth, height and width; with `returnIndices`, also its row-major position
 * in the pooled axes.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, D', H', W']` or `[C, D', H', W']` with
 * D' = ⌊(D + 2 · padding - dilation · (kernelSize - 1) - 1) / stride⌋ + 1 (⌈⌉ with ceilMode).
 * Dtype: kept; any but bool.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the padded input. @throws {DTypeError} for bool.
 * @see torch.nn.MaxPool3d
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { MaxPool3d } from '@flambeau/nn'
 * console.log(new MaxPool3d(2)(arange(64).reshape([1, 4, 4, 4])).shape) // => [ 1, 2, 2, 2 ]
 * ```
 */
export class MaxPool3d extends MaxPool {
  constructor(...given: MaxArguments<Triple>) {
    super('MaxPool3d', 3, given)
  }

  override forward(input: Tensor): Tensor {
    return (maxPool3d as unknown as Kept)(input, ...this.windows)
  }
}

export interface AvgPoolSettings<S> {
  /** The size of a window. */
  kernelSize: S
  /** Distance between windows. Default (and null): the window's size. */
  stride?: S | null
  /** Zeros added at each side; at most half of the window. Default 0. */
  padding?: S
  /** Round the number of windows up. Default false. */
  ceilMode?: boolean
  /** Count padding when dividing. Default true. */
  countIncludePad?: boolean
}

export interface AvgPoolDivisorSettings<S> extends AvgPoolSettings<S> {
  /** What to divide sums by, in place of the number of positions. Default null. */
  divisorOverride?: number | null
}

const AVG = ['kernelSize', 'stride', 'padding', 'ceilMode', 'countIncludePad'] as const
const AVG_DIVISOR = [
  'kernelSize',
  'stride',
  'padding',
  'ceilMode',
  'countIncludePad',
  'divisorOverride',
] as const

abstract class AvgPool extends Module {
  readonly kernelSize: Numbers
  readonly stride: Numbers
  readonly padding: Numbers
  readonly ceilMode: boolean
  readonly countIncludePad: boolean
  readonly divisorOverride: number | null

  constructor(op: string, dims: 1 | 2 | 3, given: readonly unknown[]) {
    super()
    const names = dims === 1 ? AVG : AVG_DIVISOR
    const read = parameters<[Numbers, Numbers | null, Numbers, boolean, boolean, number | null]>(
      op,
      names,
    )
    const [size, stride, padding = 0, ceilMode = false, countPad = true, divisor = null] =
      read(given)
    this.kernelSize = size as Numbers
    this.stride = stride ?? this.kernelSize
    this.padding = padding
    this.ceilMode = ceilMode
    this.countIncludePad = countPad
    this.divisorOverride = divisor
    requireWindow(op, dims, { kernelSize: size, stride: this.stride, padding })
  }

  /** The arguments behind the input. */
  protected get windows(): unknown[] {
    const { kernelSize, stride, padding, ceilMode, countIncludePad } = this
    return [kernelSize, stride, padding, ceilMode, countIncludePad]
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this
    return describe({ kernelSize, stride, padding })
  }
}

/**
 * The mean of each window along one axis.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> `[N, C, L']` or `[C, L']` with
 * L' = ⌊(L + 2 · padding - kernelSize) / stride⌋ + 1 (⌈⌉ with ceilMode). Dtype: floating or int64,
 * kept.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the padded input. @throws {DTypeError} for other dtypes.
 * @see torch.nn.AvgPool1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { AvgPool1d } from '@flambeau/nn'
 * console.log(new AvgPool1d(2)(tensor([[1, 2, 3, 4.0]]))) // => tensor([[1, 3]])
 * ```
 */
export class AvgPool1d extends AvgPool {
  constructor(...given: Arguments<AvgPoolSettings<Single>, typeof AVG>) {
    super('AvgPool1d', 1, given)
  }

  override forward(input: Tensor): Tensor {
    return (avgPool1d as unknown as Kept)(input, ...this.windows)
  }
}

/**
 * The mean of each window over height and width.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C, H', W']` or `[C, H', W']` with
 * H' = ⌊(H + 2 · padding - kernelSize) / stride⌋ + 1 (⌈⌉ with ceilMode). Dtype: floating or int64,
 * kept.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the padded input. @throws {DTypeError} for other dtypes.
 * @see torch.nn.AvgPool2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AvgPool2d } from '@flambeau/nn'
 * console.log(new AvgPool2d(2)(ones([1, 4, 4])))
 * // => tensor([[[1., 1.],
 * //             [1., 1.]]])
 * ```
 */
export class AvgPool2d extends AvgPool {
  constructor(...given: Arguments<AvgPoolDivisorSettings<Pair>, typeof AVG_DIVISOR>) {
    super('AvgPool2d', 2, given)
  }

  override forward(input: Tensor): Tensor {
    return (avgPool2d as unknown as Kept)(input, ...this.windows, this.divisorOverride)
  }
}

/**
 * The mean of each window over depth, height and width.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, D', H', W']` or `[C, D', H', W']` with
 * D' = ⌊(D + 2 · padding - kernelSize) / stride⌋ + 1 (⌈⌉ with ceilMode). Dtype: floating or int64,
 * kept.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the padded input. @throws {DTypeError} for other dtypes.
 * @see torch.nn.AvgPool3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AvgPool3d } from '@flambeau/nn'
 * console.log(new AvgPool3d(2)(ones([1, 4, 4, 4])).shape) // => [ 1, 2, 2, 2 ]
 * ```
 */
export class AvgPool3d extends AvgPool {
  constructor(...given: Arguments<AvgPoolDivisorSettings<Triple>, typeof AVG_DIVISOR>) {
    super('AvgPool3d', 3, given)
  }

  override forward(input: Tensor): Tensor {
    return (avgPool3d as unknown as Kept)(input, ...this.windows, this.divisorOverride)
  }
}
