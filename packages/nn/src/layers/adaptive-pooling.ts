/** Pooling to a given size. */
import type { OutputSize, Tensor } from '@flambeau/core'
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { wholeNumbers } from '../functional/inputs.ts'
import { adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d } from '../functional/pooling.ts'
import { Module } from '../module.ts'
import { describe } from './describe.ts'

/** A function of an input and arguments that a layer keeps. */
type Kept = (input: Tensor, ...given: unknown[]) => Tensor

export interface AdaptiveSettings<D extends 1 | 2 | 3> {
  /** How many windows each axis has; null keeps the axis as it is. */
  outputSize: OutputSize<D>
}

export interface AdaptiveMaxSettings<D extends 1 | 2 | 3> extends AdaptiveSettings<D> {
  /** Also return where each value came from. Default false. */
  returnIndices?: boolean
}

type Size = number | null | readonly (number | null)[]

abstract class AdaptivePool extends Module {
  readonly outputSize: Size

  constructor(op: string, dims: 1 | 2 | 3, outputSize: Size | undefined) {
    super()
    const sizes = Array.isArray(outputSize) ? (outputSize as (number | null)[]) : [outputSize]
    wholeNumbers(
      op,
      'outputSize',
      sizes.map((size) => (size === null ? 0 : size)),
      dims,
      0,
    )
    this.outputSize = outputSize as Size
  }

  override extraRepr(): string {
    return describe({ outputSize: this.outputSize })
  }
}

const ADAPTIVE = ['outputSize'] as const
const ADAPTIVE_MAX = ['outputSize', 'returnIndices'] as const

const readSize = parameters<[Size]>('outputSize', ADAPTIVE)
const readMaxSize = parameters<[Size, boolean]>('outputSize', ADAPTIVE_MAX)

/**
 * Means of `outputSize` windows along one axis, as even as can be.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> `[N, C, outputSize]` or `[C, outputSize]`. Dtype:
 * floating, kept.
 *
 * @throws {ValueError} for a size that is not one. @throws {ShapeError} for other ranks.
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.AdaptiveAvgPool1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AdaptiveAvgPool1d } from '@flambeau/nn'
 * console.log(new AdaptiveAvgPool1d(2)(ones([1, 4])).shape) // => [ 1, 2 ]
 * ```
 */
export class AdaptiveAvgPool1d extends AdaptivePool {
  constructor(...given: Arguments<AdaptiveSettings<1>, typeof ADAPTIVE>) {
    super('AdaptiveAvgPool1d', 1, readSize(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool1d(input, this.outputSize as OutputSize<1>)
  }
}

/**
 * The largest values of `outputSize` windows along one axis, as even as can be; with
 * `returnIndices`, also their row-major positions.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> `[N, C, outputSize]` or `[C, outputSize]`. Dtype:
 * floating, kept.
 *
 * @throws {ValueError} for a size that is not one. @throws {ShapeError} for other ranks.
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.AdaptiveMaxPool1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AdaptiveMaxPool1d } from '@flambeau/nn'
 * console.log(new AdaptiveMaxPool1d(2)(ones([1, 4])).shape) // => [ 1, 2 ]
 * ```
 */
export class AdaptiveMaxPool1d extends AdaptivePool {
  readonly returnIndices: boolean

  constructor(...given: Arguments<AdaptiveMaxSettings<1>, typeof ADAPTIVE_MAX>) {
    const [outputSize, returnIndices = false] = readMaxSize(given)
    super('AdaptiveMaxPool1d', 1, outputSize)
    this.returnIndices = returnIndices
  }

  override forward(input: Tensor): Tensor {
    return (adaptiveMaxPool1d as unknown as Kept)(input, this.outputSize, this.returnIndices)
  }
}

/**
 * Means of `outputSize` windows over height and width, as even as can be.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`. Dtype:
 * floating, kept.
 *
 * @throws {ValueError} for a size that is not one. @throws {ShapeError} for other ranks.
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.AdaptiveAvgPool2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AdaptiveAvgPool2d } from '@flambeau/nn'
 * console.log(new AdaptiveAvgPool2d(2)(ones([1, 4, 4])).shape) // => [ 1, 2, 2 ]
 * ```
 */
export class AdaptiveAvgPool2d extends AdaptivePool {
  constructor(...given: Arguments<AdaptiveSettings<2>, typeof ADAPTIVE>) {
    super('AdaptiveAvgPool2d', 2, readSize(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool2d(input, this.outputSize as OutputSize<2>)
  }
}

/**
 * The largest values of `outputSize` windows over height and width, as even as can be; with
 * `returnIndices`, also their row-major positions.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`. Dtype:
 * floating, kept.
 *
 * @throws {ValueError} for a size that is not one. @throws {ShapeError} for other ranks.
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.AdaptiveMaxPool2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AdaptiveMaxPool2d } from '@flambeau/nn'
 * console.log(new AdaptiveMaxPool2d(2)(ones([1, 4, 4])).shape) // => [ 1, 2, 2 ]
 * ```
 */
export class AdaptiveMaxPool2d extends AdaptivePool {
  readonly returnIndices: boolean

  constructor(...given: Arguments<AdaptiveMaxSettings<2>, typeof ADAPTIVE_MAX>) {
    const [outputSize, returnIndices = false] = readMaxSize(given)
    super('AdaptiveMaxPool2d', 2, outputSize)
    this.returnIndices = returnIndices
  }

  override forward(input: Tensor): Tensor {
    return (adaptiveMaxPool2d as unknown as Kept)(input, this.outputSize, this.returnIndices)
  }
}

/**
 * Means of `outputSize` windows over depth, height and width, as even as can be.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`. Dtype:
 * floating, kept.
 *
 * @throws {ValueError} for a size that is not one. @throws {ShapeError} for other ranks.
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.AdaptiveAvgPool3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AdaptiveAvgPool3d } from '@flambeau/nn'
 * console.log(new AdaptiveAvgPool3d(2)(ones([1, 4, 4, 4])).shape) // => [ 1, 2, 2, 2 ]
 * ```
 */
export class AdaptiveAvgPool3d extends AdaptivePool {
  constructor(...given: Arguments<AdaptiveSettings<3>, typeof ADAPTIVE>) {
    super('AdaptiveAvgPool3d', 3, readSize(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return adaptiveAvgPool3d(input, this.outputSize as OutputSize<3>)
  }
}

/**
 * The largest values of `outputSize` windows over depth, height and width, as even as can be; with
 * `returnIndices`, also their row-major positions.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`. Dtype:
 * floating, kept.
 *
 * @throws {ValueError} for a size that is not one. @throws {ShapeError} for other ranks.
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.AdaptiveMaxPool3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AdaptiveMaxPool3d } from '@flambeau/nn'
 * console.log(new AdaptiveMaxPool3d(2)(ones([1, 4, 4, 4])).shape) // => [ 1, 2, 2, 2 ]
 * ```
 */
export class AdaptiveMaxPool3d extends AdaptivePool {
  readonly returnIndices: boolean

  constructor(...given: Arguments<AdaptiveMaxSettings<3>, typeof ADAPTIVE_MAX>) {
    const [outputSize, returnIndices = false] = readMaxSize(given)
    super('AdaptiveMaxPool3d', 3, outputSize)
    this.returnIndices = returnIndices
  }

  override forward(input: Tensor): Tensor {
    return (adaptiveMaxPool3d as unknown as Kept)(input, this.outputSize, this.returnIndices)
  }
}
