/** Pooling by p-norms, at random places, and undone. */
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { FractionalMaxPoolOptions } from '../functional/fractional-pool.ts'
import * as fractional from '../functional/fractional-pool.ts'
import { wholeNumbers } from '../functional/inputs.ts'
import type { LpPoolArguments } from '../functional/lp-pool.ts'
import { lpPool1d, lpPool2d, lpPool3d } from '../functional/lp-pool.ts'
import { maxUnpool1d, maxUnpool2d, maxUnpool3d } from '../functional/unpooling.ts'
import { Module } from '../module.ts'
import type { OutputSize } from './conv.ts'
import { describe } from './describe.ts'

type Numbers = number | readonly number[]
/** A function of an input and arguments that a layer keeps. */
type Kept = (input: Tensor, ...given: unknown[]) => Tensor

const LP = ['normType', 'kernelSize', 'stride', 'ceilMode'] as const

abstract class LPPool extends Module {
  readonly normType: number
  readonly kernelSize: Numbers
  readonly stride: Numbers | null
  readonly ceilMode: boolean

  constructor(op: string, dims: 1 | 2 | 3, given: readonly unknown[]) {
    super()
    const read = parameters<[number, Numbers, Numbers | null, boolean]>(op, LP)(given)
    const [normType, kernelSize, stride = null, ceilMode = false] = read
    wholeNumbers(op, 'kernelSize', kernelSize, dims, 1)
    if (stride !== null) wholeNumbers(op, 'stride', stride, dims, 1)
    this.normType = normType as number
    this.kernelSize = kernelSize as Numbers
    this.stride = stride
    this.ceilMode = ceilMode
  }

  protected pooled(pool: Kept, input: Tensor): Tensor {
    return pool(input, this.normType, this.kernelSize, this.stride, this.ceilMode)
  }

  override extraRepr(): string {
    const { normType, kernelSize, stride, ceilMode } = this
    return describe({ normType, kernelSize, stride, ceilMode })
  }
}

/**
 * The p-norm of each window along one axis: (Σ x^p)^(1/p), p being `normType`.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> `[N, C, L']` or `[C, L']` with
 * L' = ⌊(L - kernelSize) / stride⌋ + 1 (⌈⌉ with ceilMode). Dtype: floating, kept.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the input. @throws {DTypeError} for other dtypes.
 * @see torch.nn.LPPool1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LPPool1d } from '@flambeau/nn'
 * console.log(new LPPool1d(2, 2)(ones([1, 4])).shape) // => [ 1, 2 ]
 * ```
 */
export class LPPool1d extends LPPool {
  constructor(...given: LpPoolArguments<Single>) {
    super('LPPool1d', 1, given)
  }

  override forward(input: Tensor): Tensor {
    return this.pooled(lpPool1d as unknown as Kept, input)
  }
}

/**
 * The p-norm of each window over height and width: (Σ x^p)^(1/p), p being `normType`.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C, H', W']` or `[C, H', W']` with
 * H' = ⌊(H - kernelSize) / stride⌋ + 1 (⌈⌉ with ceilMode). Dtype: floating, kept.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the input. @throws {DTypeError} for other dtypes.
 * @see torch.nn.LPPool2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LPPool2d } from '@flambeau/nn'
 * console.log(new LPPool2d(2, 2)(ones([1, 4, 4])).shape) // => [ 1, 2, 2 ]
 * ```
 */
export class LPPool2d extends LPPool {
  constructor(...given: LpPoolArguments<Pair>) {
    super('LPPool2d', 2, given)
  }

  override forward(input: Tensor): Tensor {
    return this.pooled(lpPool2d as unknown as Kept, input)
  }
}

/**
 * The p-norm of each window over depth, height and width: (Σ x^p)^(1/p), p being `normType`.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, D', H', W']` or `[C, D', H', W']` with
 * D' = ⌊(D - kernelSize) / stride⌋ + 1 (⌈⌉ with ceilMode). Dtype: floating, kept.
 *
 * @throws {ValueError} for settings outside of their range. @throws {ShapeError} if the window
 * exceeds the input. @throws {DTypeError} for other dtypes.
 * @see torch.nn.LPPool3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LPPool3d } from '@flambeau/nn'
 * console.log(new LPPool3d(2, 2)(ones([1, 4, 4, 4])).shape) // => [ 1, 2, 2, 2 ]
 * ```
 */
export class LPPool3d extends LPPool {
  constructor(...given: LpPoolArguments<Triple>) {
    super('LPPool3d', 3, given)
  }

  override forward(input: Tensor): Tensor {
    return this.pooled(lpPool3d as unknown as Kept, input)
  }
}

const FRACTIONAL = [
  'kernelSize',
  'outputSize',
  'outputRatio',
  'returnIndices',
  '_randomSamples',
] as const

type FractionalArguments = Arguments<FractionalMaxPoolOptions, typeof FRACTIONAL>

abstract class FractionalMaxPool extends Module {
  readonly kernelSize: Numbers
  readonly outputSize: Numbers | null
  readonly outputRatio: Numbers | null
  readonly returnIndices: boolean
  /** Where windows lie, in place of random numbers. */
  declare _random_samples: Tensor | null

  constructor(op: string, dims: 2 | 3, given: readonly unknown[]) {
    super()
    const read = parameters<[Numbers, Numbers | null, Numbers | null, boolean, Tensor | null]>(
      op,
      FRACTIONAL,
    )(given)
    const [kernelSize, outputSize = null, outputRatio = null, returnIndices = false] = read
    wholeNumbers(op, 'kernelSize', kernelSize, dims, 1)
    if ((outputSize === null) === (outputRatio === null)) {
      throw new ValueError(
        op,
        [],
        'one of outputSize and outputRatio is needed',
        `new ${op}(2, { outputRatio: 0.5 })`,
      )
    }
    this.kernelSize = kernelSize as Numbers
    this.outputSize = outputSize
    this.outputRatio = outputRatio
    this.returnIndices = returnIndices
    this.registerBuffer('_random_samples', read[4] ?? null)
  }

  protected pooled(pool: Kept, input: Tensor): Tensor {
    const { kernelSize, outputSize, outputRatio, returnIndices } = this
    return pool(input, kernelSize, outputSize, outputRatio, returnIndices, this._random_samples)
  }
}

/**
 * The largest values of windows at random places over height and width, so that sizes shrink by any
 * factor; with `returnIndices`, also their row-major positions.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`.
 * Dtype: floating, kept.
 *
 * @throws {ValueError} unless one of outputSize and outputRatio is given. @throws {ShapeError} if
 * the windows do not fit. @throws {DTypeError} for other dtypes.
 * @see Graham 2014, https://arxiv.org/abs/1412.6071; torch.nn.FractionalMaxPool2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { FractionalMaxPool2d } from '@flambeau/nn'
 * console.log(new FractionalMaxPool2d(2, { outputRatio: 0.5 })(ones([1, 4, 4])).shape)
 * // => [ 1, 2, 2 ]
 * ```
 */
export class FractionalMaxPool2d extends FractionalMaxPool {
  constructor(...given: FractionalArguments) {
    super('FractionalMaxPool2d', 2, given)
  }

  override forward(input: Tensor): Tensor {
    return this.pooled(fractional.fractionalMaxPool2d as unknown as Kept, input)
  }
}

/**
 * The largest values of windows at random places over depth, height and width, so that sizes shrink by any
 * factor; with `returnIndices`, also their row-major positions.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`.
 * Dtype: floating, kept.
 *
 * @throws {ValueError} unless one of outputSize and outputRatio is given. @throws {ShapeError} if
 * the windows do not fit. @throws {DTypeError} for other dtypes.
 * @see Graham 2014, https://arxiv.org/abs/1412.6071; torch.nn.FractionalMaxPool3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { FractionalMaxPool3d } from '@flambeau/nn'
 * console.log(new FractionalMaxPool3d(2, { outputRatio: 0.5 })(ones([1, 4, 4, 4])).shape)
 * // => [ 1, 2, 2, 2 ]
 * ```
 */
export class FractionalMaxPool3d extends FractionalMaxPool {
  constructor(...given: FractionalArguments) {
    super('FractionalMaxPool3d', 3, given)
  }

  override forward(input: Tensor): Tensor {
    return this.pooled(fractional.fractionalMaxPool3d as unknown as Kept, input)
  }
}

export interface MaxUnpoolSettings<S> {
  /** The size of a window. */
  kernelSize: S
  /** Distance between windows. Default (and null): the window's size. */
  stride?: S | null
  /** Positions that were added at each side. Default 0. */
  padding?: S
}

const UNPOOL = ['kernelSize', 'stride', 'padding'] as const

type UnpoolCall = [input: Tensor, indices: Tensor, outputSize?: OutputSize]

abstract class MaxUnpool extends Module<UnpoolCall> {
  readonly kernelSize: number[]
  readonly stride: number[]
  readonly padding: number[]

  constructor(op: string, dims: 1 | 2 | 3, given: readonly unknown[]) {
    super()
    const read = parameters<[Numbers, Numbers | null, Numbers]>(op, UNPOOL)(given)
    this.kernelSize = wholeNumbers(op, 'kernelSize', read[0], dims, 1)
    this.stride = wholeNumbers(op, 'stride', read[1] ?? read[0], dims, 1)
    this.padding = wholeNumbers(op, 'padding', read[2] ?? 0, dims, 0)
  }

  protected unpooled(unpool: Kept, ...[input, indices, outputSize]: UnpoolCall): Tensor {
    return unpool(input, indices, this.kernelSize, this.stride, this.padding, outputSize)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding } = this
    return describe({ kernelSize, stride, padding })
  }
}

/**
 * Values back at where they stood before max pooling along one axis, zeros elsewhere.
 *
 * Shapes: input and indices `[N, C, L]` or `[C, L]` -> same rank with
 * L' = (L - 1) · stride + kernelSize - 2 · padding, or the `outputSize` of the call. Dtype: kept.
 *
 * @throws {ShapeError} for other ranks or sizes. @throws {DTypeError} unless indices are int64.
 * @throws {IndexError} for an index beyond the result.
 * @see torch.nn.MaxUnpool1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MaxUnpool1d } from '@flambeau/nn'
 * console.log(new MaxUnpool1d(2)(tensor([[7]]), tensor([[1]]))) // => tensor([[0, 7]])
 * ```
 */
export class MaxUnpool1d extends MaxUnpool {
  constructor(...given: Arguments<MaxUnpoolSettings<Single>, typeof UNPOOL>) {
    super('MaxUnpool1d', 1, given)
  }

  override forward(...call: UnpoolCall): Tensor {
    return this.unpooled(maxUnpool1d as unknown as Kept, ...call)
  }
}

/**
 * Values back at where they stood before max pooling over height and width, zeros elsewhere.
 *
 * Shapes: input and indices `[N, C, H, W]` or `[C, H, W]` -> same rank with
 * H' = (H - 1) · stride + kernelSize - 2 · padding, or the `outputSize` of the call. Dtype: kept.
 *
 * @throws {ShapeError} for other ranks or sizes. @throws {DTypeError} unless indices are int64.
 * @throws {IndexError} for an index beyond the result.
 * @see torch.nn.MaxUnpool2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MaxUnpool2d } from '@flambeau/nn'
 * console.log(new MaxUnpool2d(2)(tensor([[[7]]]), tensor([[[2]]])))
 * // => tensor([[[0, 0],
 * //             [7, 0]]])
 * ```
 */
export class MaxUnpool2d extends MaxUnpool {
  constructor(...given: Arguments<MaxUnpoolSettings<Pair>, typeof UNPOOL>) {
    super('MaxUnpool2d', 2, given)
  }

  override forward(...call: UnpoolCall): Tensor {
    return this.unpooled(maxUnpool2d as unknown as Kept, ...call)
  }
}

/**
 * Values back at where they stood before max pooling over depth, height and width, zeros elsewhere.
 *
 * Shapes: input and indices `[N, C, D, H, W]` or `[C, D, H, W]` -> same rank with
 * D' = (D - 1) · stride + kernelSize - 2 · padding, or the `outputSize` of the call. Dtype: kept.
 *
 * @throws {ShapeError} for other ranks or sizes. @throws {DTypeError} unless indices are int64.
 * @throws {IndexError} for an index beyond the result.
 * @see torch.nn.MaxUnpool3d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MaxUnpool3d } from '@flambeau/nn'
 * console.log(new MaxUnpool3d(2)(tensor([[[[7]]]]), tensor([[[[2]]]])))
 * // => tensor([[[[0, 0],
 * //              [7, 0]],
 * //  
 * //             [[0, 0],
 * //              [0, 0]]]])
 * ```
 */
export class MaxUnpool3d extends MaxUnpool {
  constructor(...given: Arguments<MaxUnpoolSettings<Triple>, typeof UNPOOL>) {
    super('MaxUnpool3d', 3, given)
  }

  override forward(...call: UnpoolCall): Tensor {
    return this.unpooled(maxUnpool3d as unknown as Kept, ...call)
  }
}
