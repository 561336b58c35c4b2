/** Layers that make images larger. */
import type { Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { InterpolateOptions, InterpolationMode } from '../functional/interpolation.ts'
import { interpolate } from '../functional/interpolation.ts'
import { Module } from '../module.ts'
import { describe, unless } from './describe.ts'

type Numbers = number | readonly number[]

/** What {@link Upsample} is made of. */
export type UpsampleOptions = Omit<InterpolateOptions, 'antialias'>

const NAMES = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor'] as const

type Read = [Numbers | null, Numbers | null, InterpolationMode, boolean | null, boolean | null]

/**
 * Images in another size: see interpolate().
 *
 * Shapes: `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]` -> same rank, with sizes `size` or
 * ⌊scaleFactor · old size⌋. Dtype: floating, kept.
 *
 * @throws {ValueError} at the call, unless one of size and scaleFactor is given, or for a mode that
 * does not suit the rank. @throws {ShapeError} for other ranks.
 * @see torch.nn.Upsample
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Upsample } from '@flambeau/nn'
 * console.log(new Upsample({ scaleFactor: 2 })(ones([1, 1, 2, 3])).shape) // => [ 1, 1, 4, 6 ]
 * ```
 */
export class Upsample extends Module {
  readonly size: Numbers | null
  readonly scaleFactor: Numbers | null
  readonly mode: InterpolationMode
  readonly alignCorners: boolean | null
  readonly recomputeScaleFactor: boolean | null

  constructor(...given: Arguments<UpsampleOptions, typeof NAMES>) {
    super()
    const read = parameters<Read>('Upsample', NAMES)(given)
    const [size = null, scaleFactor = null, mode = 'nearest', align = null, recompute = null] = read
    this.size = size
    this.scaleFactor = scaleFactor
    this.mode = mode
    this.alignCorners = align
    this.recomputeScaleFactor = recompute
  }

  override forward(input: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this
    return interpolate(input, size, scaleFactor, mode, alignCorners, recomputeScaleFactor)
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode } = this
    return describe({
      scaleFactor: unless(null, scaleFactor),
      size: scaleFactor === null ? size : undefined,
      mode,
    })
  }
}

const TWO = ['size', 'scaleFactor'] as const

type TwoArguments = Arguments<Pick<UpsampleOptions, 'size' | 'scaleFactor'>, typeof TWO>

const readTwo = parameters<[Numbers | null, Numbers | null]>('Upsample', TWO)

/**
 * {@link Upsample} of images by their nearest pixels.
 *
 * Shapes: `[N, C, H, W]` -> `[N, C, H', W']`. Dtype: kept.
 *
 * @throws {ValueError, ShapeError} as {@link Upsample}.
 * @see torch.nn.UpsamplingNearest2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { UpsamplingNearest2d } from '@flambeau/nn'
 * console.log(new UpsamplingNearest2d({ scaleFactor: 2 })(tensor([[[[1, 2]]]])))
 * // => tensor([[[[1, 1, 2, 2],
 * //              [1, 1, 2, 2]]]])
 * ```
 */
export class UpsamplingNearest2d extends Upsample {
  constructor(...given: TwoArguments) {
    const [size = null, scaleFactor = null] = readTwo(given)
    super(size, scaleFactor, 'nearest')
  }
}

/**
 * {@link Upsample} of images, bilinear between the centres of their corners.
 *
 * Shapes: `[N, C, H, W]` -> `[N, C, H', W']`. Dtype: floating, kept.
 *
 * @throws {ValueError, ShapeError} as {@link Upsample}.
 * @see torch.nn.UpsamplingBilinear2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { UpsamplingBilinear2d } from '@flambeau/nn'
 * console.log(new UpsamplingBilinear2d([1, 3])(tensor([[[[1, 2.5]]]])))
 * // => tensor([[[[1.0000, 1.7500, 2.5000]]]])
 * ```
 */
export class UpsamplingBilinear2d extends Upsample {
  constructor(...given: TwoArguments) {
    const [size = null, scaleFactor = null] = readTwo(given)
    super(size, scaleFactor, 'bilinear', true)
  }
}
