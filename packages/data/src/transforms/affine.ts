import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireNumberList } from '@flambeau/core/internal'
import { roundHalfEven } from './crop.ts'
import type { Point } from './maps.ts'
import { affineMap, perspectiveMap } from './maps.ts'
import type { BorderMode, Fill, Range, Sampling } from './options.ts'
import { drawing, range } from './options.ts'
import type { Draws } from './random.ts'
import type { Centre } from './rotate.ts'
import type { Drawing, Scene } from './scene.ts'
import { checkChance, Transform } from './transform.ts'

/** Options of {@link RandomAffine}. */
export interface RandomAffineOptions {
  /** Degrees either way (clockwise if positive), or a range. */
  degrees: Range
  /** Shares of width and height by which it moves at most. Default none. */
  translate?: readonly [x: number, y: number] | null
  /** A range of factors. Default none. */
  scale?: readonly [low: number, high: number] | null
  /** Degrees along x either way; a range along x; or ranges along x and y. Default none. */
  shear?: Range | readonly [number, number, number, number] | null
  /** Default `nearest`. */
  interpolation?: Sampling
  /** Default 0. */
  fill?: Fill
  /** The point that stays. Default: the middle. */
  center?: Centre | null
  /** Default `constant`. */
  border?: BorderMode
  /** How likely it is. Default 1. */
  p?: number
}

const AFFINE_NAMES = [
  'degrees',
  'translate',
  'scale',
  'shear',
  'interpolation',
  'fill',
  'center',
  'border',
  'p',
] as const
const readAffine = parameters<
  [
    Range,
    readonly [number, number] | null,
    readonly [number, number] | null,
    Range | readonly [number, number, number, number] | null,
    Sampling,
    Fill,
    Centre | null,
    BorderMode,
    number,
  ]
>('RandomAffine', AFFINE_NAMES)

/**
 * Turned, moved, scaled and sheared at random.
 *
 * Shapes: `[C, H, W]` -> same. Dtype: stays. Boxes become the upright boxes around what the map makes
 * of them.
 *
 * @throws {ValueError} for bad options.
 * @see torchvision.transforms.v2.RandomAffine
 *
 * @example
 * ```ts
 * import { Generator, zeros } from '@flambeau/core'
 * import { RandomAffine } from '@flambeau/data'
 * const augment = new RandomAffine(10, { translate: [0.1, 0.1], scale: [0.9, 1.1], shear: 5 })
 * console.log(augment.apply(zeros([1, 28, 28]), new Generator()).shape) // => [ 1, 28, 28 ]
 * ```
 */
export class RandomAffine extends Transform {
  readonly degrees: readonly [number, number]
  readonly translate: readonly [number, number] | null
  readonly scale: readonly [number, number] | null
  readonly shear: readonly number[] | null
  readonly center: Centre | null
  override readonly p: number
  readonly #drawing: Drawing

  constructor(...given: Arguments<RandomAffineOptions, typeof AFFINE_NAMES>) {
    super(RandomAffine, given)
    const op = 'RandomAffine'
    const [
      degrees,
      translate = null,
      scale = null,
      shear = null,
      sampling,
      fill,
      center,
      border,
      p,
    ] = readAffine(given)
    this.degrees = range(op, 'degrees', degrees as Range, 0)
    this.translate = translate
    if (translate !== null) requireNumberList(op, 'translate', translate, 2)
    if (translate !== null && !translate.every((share) => share >= 0 && share <= 1)) {
      throw new ValueError(
        op,
        [],
        'translate must be shares from 0 to 1',
        '{ translate: [0.1, 0.1] }',
      )
    }
    this.scale = scale === null ? null : range(op, 'scale', scale, 1, [1e-9, 1e9])
    if (Array.isArray(shear) && shear.length === 4) {
      const [a, b, c, d] = shear as [number, number, number, number]
      this.shear = [
        ...range(op, 'shear', [a, b], 0, [-89, 89]),
        ...range(op, 'shear', [c, d], 0, [-89, 89]),
      ]
    } else {
      this.shear = shear === null ? null : range(op, 'shear', shear as Range, 0, [-89, 89])
    }
    this.center = center ?? null
    this.p = checkChance(op, p ?? 1)
    this.#drawing = drawing(op, sampling ?? 'nearest', border ?? 'constant', fill ?? 0)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const [height, width] = [scene.height, scene.width]
    const angle = random.uniform(...this.degrees)
    const moved = (most: number): number => roundHalfEven(random.uniform(-most, most))
    const translate = [0, 0] as [number, number]
    if (this.translate !== null) {
      translate[0] = moved(this.translate[0] * width)
      translate[1] = moved(this.translate[1] * height)
    }
    const scale = this.scale === null ? 1 : random.uniform(...this.scale)
    const shear = [0, 0] as [number, number]
    if (this.shear !== null) {
      const [a = 0, b = 0, c, d] = this.shear
      shear[0] = random.uniform(a, b)
      if (c !== undefined && d !== undefined) shear[1] = random.uniform(c, d)
    }
    const centre = this.center ?? ([width / 2, height / 2] as const)
    scene.warp(affineMap(angle, translate, scale, shear, centre), height, width, this.#drawing)
  }
}

/** {@link RandomAffine} by its short name. */
export const Affine: typeof RandomAffine = RandomAffine

/** Options of {@link RandomPerspective}. */
export interface RandomPerspectiveOptions {
  /** How far corners move at most, as a share of half the sides. Default 0.5. */
  distortionScale?: number
  /** How likely it is. Default 0.5. */
  p?: number
  /** Default `bilinear`. */
  interpolation?: Sampling
  /** Default 0. */
  fill?: Fill
  /** Default `constant`. */
  border?: BorderMode
}

const PERSPECTIVE_NAMES = ['distortionScale', 'p', 'interpolation', 'fill', 'border'] as const
const readPerspective = parameters<[number, number, Sampling, Fill, BorderMode]>(
  'RandomPerspective',
  PERSPECTIVE_NAMES,
)

/**
 * Seen from another angle: the corners move inwards at random.
 *
 * Shapes: `[C, H, W]` -> same. Dtype: stays.
 *
 * @throws {ValueError} for bad options.
 * @see torchvision.transforms.v2.RandomPerspective
 *
 * @example
 * ```ts
 * import { Generator, zeros } from '@flambeau/core'
 * import { RandomPerspective } from '@flambeau/data'
 * const augment = new RandomPerspective(0.3, { p: 1 })
 * console.log(augment.apply(zeros([3, 40, 60]), new Generator()).shape) // => [ 3, 40, 60 ]
 * ```
 */
export class RandomPerspective extends Transform {
  readonly distortionScale: number
  override readonly p: number
  readonly #drawing: Drawing

  constructor(...given: Arguments<RandomPerspectiveOptions, typeof PERSPECTIVE_NAMES>) {
    super(RandomPerspective, given)
    const [scale = 0.5, p = 0.5, sampling = 'bilinear', fill = 0, border = 'constant'] =
      readPerspective(given)
    this.distortionScale = checkChance('RandomPerspective: distortionScale', scale)
    this.p = checkChance('RandomPerspective', p)
    this.#drawing = drawing('RandomPerspective', sampling, border, fill)
  }

  /** @internal */
  override run(scene: Scene, random: Draws): void {
    if (random.chance(this.p)) this.change(scene, random)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const [height, width] = [scene.height, scene.width]
    const high = Math.trunc(this.distortionScale * Math.floor(height / 2)) + 1
    const wide = Math.trunc(this.distortionScale * Math.floor(width / 2)) + 1
    const near = (bound: number): number => random.integer(0, bound)
    const far = (side: number, bound: number): number => random.integer(side - bound, side)
    const end: Point[] = [
      [near(wide), near(high)],
      [far(width, wide), near(high)],
      [far(width, wide), far(height, high)],
      [near(wide), far(height, high)],
    ]
    const start: Point[] = [
      [0, 0],
      [width - 1, 0],
      [width - 1, height - 1],
      [0, height - 1],
    ]
    const map = perspectiveMap(start, end)
    // Images of a few pixels may be squeezed to a line: they stay.
    if (map !== null) scene.warp(map, height, width, this.#drawing)
  }
}

/** {@link RandomPerspective} by its short name. */
export const Perspective: typeof RandomPerspective = RandomPerspective
