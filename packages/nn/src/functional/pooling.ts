/** Adaptive max pooling, which here returns indices only where they are asked for. */
import { autocasting, inAutocast } from '@flambeau/core/internal'
import type { MaxPooled, OutputSize, Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { adaptiveMax, parameters } from '@flambeau/core/internal'

export interface AdaptiveMaxPoolOptions<D extends 1 | 2 | 3> {
  /** How many windows each axis has; null keeps the axis as it is. */
  outputSize: OutputSize<D>
  /** Also return where each value came from. Default false. */
  returnIndices?: boolean
}

const NAMES = ['outputSize', 'returnIndices'] as const

type Values<D extends 1 | 2 | 3> = Arguments<
  AdaptiveMaxPoolOptions<D> & { returnIndices?: false },
  typeof NAMES
>
type ValuesAndIndices<D extends 1 | 2 | 3> = Arguments<
  AdaptiveMaxPoolOptions<D> & { returnIndices: true },
  typeof NAMES
>

function pool(op: string, dims: 1 | 2 | 3, input: Tensor, given: unknown[]): Tensor | MaxPooled {
  const [size, returnIndices = false] = parameters<[unknown, boolean]>(op, NAMES)(given)
  const result = adaptiveMax(op, dims, input, size)
  return returnIndices ? result : result.values
}

/**
 * The largest values of `outputSize` windows along one axis, as even as can be.
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> `[N, C, outputSize]` or `[C, outputSize]`, with
 * `returnIndices` two of them. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the axis is empty. @throws {ValueError} for a size that is not one.
 * @throws {DTypeError} if input is not floating.
 * @see torch.nn.functional.adaptive_max_pool1d
 */
export function adaptiveMaxPool1d(input: Tensor, ...given: Values<1>): Tensor
export function adaptiveMaxPool1d(input: Tensor, ...given: ValuesAndIndices<1>): MaxPooled
export function adaptiveMaxPool1d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  return pool('adaptiveMaxPool1d', 1, input, given)
}

/**
 * The largest values of windows over height and width, as even as can be.
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`,
 * with `returnIndices` two of them. Dtype: floating, kept.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link adaptiveMaxPool1d}.
 * @see torch.nn.functional.adaptive_max_pool2d
 */
export function adaptiveMaxPool2d(input: Tensor, ...given: Values<2>): Tensor
export function adaptiveMaxPool2d(input: Tensor, ...given: ValuesAndIndices<2>): MaxPooled
export function adaptiveMaxPool2d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  return pool('adaptiveMaxPool2d', 2, input, given)
}

/**
 * The largest values of windows over depth, height and width, as even as can be.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, ...outputSize]` or
 * `[C, ...outputSize]`, with `returnIndices` two of them. Dtype: floating, kept.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link adaptiveMaxPool1d}.
 * @see torch.nn.functional.adaptive_max_pool3d
 */
export function adaptiveMaxPool3d(input: Tensor, ...given: Values<3>): Tensor
export function adaptiveMaxPool3d(input: Tensor, ...given: ValuesAndIndices<3>): MaxPooled
export function adaptiveMaxPool3d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  if (autocasting.on) return inAutocast('adaptiveMaxPool3d', adaptiveMaxPool3d, [input, ...given])
  return pool('adaptiveMaxPool3d', 3, input, given)
}
