import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { affineMap, after, mapped, shift } from './maps.ts'
import type { BorderMode, Fill, Range, Sampling } from './options.ts'
import { drawing, range } from './options.ts'
import type { Draws } from './random.ts'
import type { Drawing, Scene } from './scene.ts'
import { checkChance, Transform } from './transform.ts'

/** A point of the image: x and y in pixels. */
export type Centre = readonly [x: number, y: number]

/** Turns counter-clockwise, in degrees. @internal */
export function rotateScene(
  scene: Scene,
  degrees: number,
  how: Drawing,
  expand: boolean,
  centre: Centre | null,
): void {
  const [height, width] = [scene.height, scene.width]
  const map = affineMap(-degrees, [0, 0], 1, [0, 0], centre ?? [width / 2, height / 2])
  if (!expand) return scene.warp(map, height, width, how)
  const corners = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ].map(([x = 0, y = 0]) => mapped(map, x, y))
  // About the middle, and without pixels that only rounding would add.
  const reach = (axis: 0 | 1, middle: number): [number, number] => {
    const places = corners.map((corner) => corner[axis] - middle)
    const cut = (value: number): number => Math.trunc(value * 1e4) / 1e4
    return [Math.floor(cut(Math.min(...places))), Math.ceil(cut(Math.max(...places)))]
  }
  const [left, right] = reach(0, width / 2)
  const [top, bottom] = reach(1, height / 2)
  const [wide, high] = [right - left, bottom - top]
  scene.warp(after(shift((wide - width) / 2, (high - height) / 2), map), high, wide, how)
}

/** Options of {@link Rotate}. */
export interface RotateOptions {
  /** Degrees either way, or a range. Default 90. */
  limit?: Range
  /** Turn by one of these angles instead of any within the limit. */
  angles?: readonly number[]
  /** Default `bilinear`. Masks take the nearest pixel. */
  interpolation?: Sampling
  /** What fills the corners. Default `reflect`. */
  border?: BorderMode
  /** With the border `constant`. Default 0. */
  fill?: Fill
  /** Make the image as large as the turned one. Default false. */
  expand?: boolean
  /** How likely it is. Default 0.5. */
  p?: number
}

const ROTATE_NAMES = ['limit', 'interpolation', 'border', 'fill', 'p', 'angles', 'expand'] as const
const readRotate = parameters<
  [Range, Sampling, BorderMode, Fill, number, readonly number[], boolean]
>('Rotate', ROTATE_NAMES)

/**
 * Turned counter-clockwise about the middle, by any angle within a limit, or one of a list.
 *
 * Shapes: `[C, H, W]` -> same, unless `expand`. Dtype: uint8 and float32; other masks too. Boxes become
 * the upright boxes around the turned ones.
 *
 * @throws {ValueError} for bad options.
 * @see albumentations.Rotate; {@link RandomRotation} has PyTorch's parameters.
 *
 * @example
 * ```ts
 * import { Generator, tensor } from '@flambeau/core'
 * import { Rotate } from '@flambeau/data'
 * const quarter = new Rotate({ angles: [90], p: 1 })
 * console.log(quarter.apply(tensor([[1, 2], [3, 4]])).tolist()) // => [ [ 2, 4 ], [ 1, 3 ] ]
 * const augment = new Rotate(35, { p: 1 })
 * const sample = { image: tensor([[1, 2], [3, 4]]), mask: tensor([[0, 1], [0, 1]]) }
 * console.log(augment.apply(sample, new Generator()).image.shape) // => [ 2, 2 ]
 * ```
 */
export class Rotate extends Transform {
  readonly limit: readonly [number, number]
  readonly angles: readonly number[] | null
  readonly expand: boolean
  override readonly p: number
  readonly #drawing: Drawing

  constructor(...given: Arguments<RotateOptions, typeof ROTATE_NAMES>) {
    super(Rotate, given)
    const [
      limit = 90,
      sampling = 'bilinear',
      border = 'reflect',
      fill = 0,
      p = 0.5,
      angles,
      expand,
    ] = readRotate(given)
    this.limit = range('Rotate', 'limit', limit, 0)
    this.angles = angles ?? null
    this.expand = expand ?? false
    this.p = checkChance('Rotate', p)
    this.#drawing = drawing('Rotate', sampling, border, fill)
    if (angles !== undefined && (angles.length === 0 || !angles.every(Number.isFinite))) {
      throw new ValueError('Rotate', [], 'angles must be a list of numbers', '{ angles: [0, 90] }')
    }
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const angle = this.angles === null ? random.uniform(...this.limit) : random.pick(this.angles)
    rotateScene(scene, angle, this.#drawing, this.expand, null)
  }
}

/** Options of {@link RandomRotation}. */
export interface RandomRotationOptions {
  /** Degrees either way, or a range. */
  degrees: Range
  /** Default `nearest`. */
  interpolation?: Sampling
  /** Make the image as large as the turned one. Default false. */
  expand?: boolean
  /** The point that stays. Default: the middle. */
  center?: Centre | null
  /** Default 0. */
  fill?: Fill
}

const ROTATION_NAMES = ['degrees', 'interpolation', 'expand', 'center', 'fill'] as const
const readRotation = parameters<[Range, Sampling, boolean, Centre | null, Fill]>(
  'RandomRotation',
  ROTATION_NAMES,
)

/**
 * Turned counter-clockwise by an angle within a range, with PyTorch's parameters and defaults.
 *
 * Shapes: `[C, H, W]` -> same, unless `expand`. Dtype: stays.
 *
 * @throws {ValueError} for bad options.
 * @see torchvision.transforms.v2.RandomRotation
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { RandomRotation } from '@flambeau/data'
 * const upsideDown = new RandomRotation([180, 180])
 * console.log(upsideDown.apply(tensor([[1, 2], [3, 4]])).tolist()) // => [ [ 4, 3 ], [ 2, 1 ] ]
 * ```
 */
export class RandomRotation extends Transform {
  readonly degrees: readonly [number, number]
  readonly expand: boolean
  readonly center: Centre | null
  readonly #drawing: Drawing

  constructor(...given: Arguments<RandomRotationOptions, typeof ROTATION_NAMES>) {
    super(RandomRotation, given)
    const [degrees, sampling = 'nearest', expand = false, center = null, fill = 0] =
      readRotation(given)
    this.degrees = range('RandomRotation', 'degrees', degrees as Range, 0)
    this.expand = expand
    this.center = center
    this.#drawing = drawing('RandomRotation', sampling, 'constant', fill)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const angle = random.uniform(...this.degrees)
    rotateScene(scene, angle, this.#drawing, this.expand, this.center)
  }
}
