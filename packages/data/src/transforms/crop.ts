/** Parts of images, and images with more around them. */
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import { shift } from './maps.ts'
import type { BorderMode, Fill, Interpolation, Size } from './options.ts'
import { drawing, oneOf, pair, range } from './options.ts'
import type { Draws } from './random.ts'
import { resizeScene } from './resize.ts'
import type { Scene } from './scene.ts'
import { Transform } from './transform.ts'

/** Around an image: everywhere; left and right, top and bottom; or left, top, right and bottom. */
export type Padding =
  | number
  | readonly [sides: number, ends: number]
  | readonly [left: number, top: number, right: number, bottom: number]

type Edges = [left: number, top: number, right: number, bottom: number]

function edges(op: string, padding: Padding): Edges {
  const list: readonly number[] = Array.isArray(padding) ? padding : [padding as number]
  if ([1, 2, 4].includes(list.length) && list.every((n) => Number.isInteger(n) && n >= 0)) {
    const [a = 0, b = a, c = a, d = b] = list
    return [a, b, c, d]
  }
  throw new ValueError(
    op,
    [],
    `padding must be one, two or four whole numbers ≥ 0, not ${show(padding)}`,
    '{ padding: [left, top, right, bottom] }',
  )
}

function padScene(scene: Scene, op: string, by: Edges, fill: Fill, mode: BorderMode): void {
  const [left, top, right, bottom] = by
  if (left + top + right + bottom === 0) return
  const [height, width] = [scene.height + top + bottom, scene.width + left + right]
  scene.warp(shift(left, top), height, width, drawing(op, 'nearest', mode, fill))
}

/** The part of these rows and columns, which lies in the image. */
function cropScene(scene: Scene, top: number, left: number, height: number, width: number): void {
  if (top === 0 && left === 0 && height === scene.height && width === scene.width) return
  const part = (planes: Tensor): Tensor => planes.narrow(1, top, height).narrow(2, left, width)
  scene.redraw(part, part)
  scene.move(shift(-left, -top))
  scene.clip()
}

/** Options of {@link Pad}. */
export interface PadOptions {
  padding: Padding
  /** Default 0; masks are filled with 0. */
  fill?: Fill
  /** Default `constant`. */
  paddingMode?: BorderMode
}

const PAD_NAMES = ['padding', 'fill', 'paddingMode'] as const
const readPad = parameters<[Padding, Fill, BorderMode]>('Pad', PAD_NAMES)

/**
 * More around the image.
 *
 * Shapes: `[C, H, W]` -> `[C, H + top + bottom, W + left + right]`. Dtype: stays.
 *
 * @throws {ValueError} for bad options.
 * @see torchvision.transforms.v2.Pad
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { Pad } from '@flambeau/data'
 * const image = arange(4).view(1, 1, 4)
 * console.log(new Pad([1, 0]).apply(image).view(-1).tolist()) // => [ 0, 0, 1, 2, 3, 0 ]
 * const mirrored = new Pad([1, 0], { paddingMode: 'reflect' })
 * console.log(mirrored.apply(image).view(-1).tolist()) // => [ 1, 0, 1, 2, 3, 2 ]
 * ```
 */
export class Pad extends Transform {
  readonly padding: readonly [left: number, top: number, right: number, bottom: number]
  readonly fill: Fill
  readonly paddingMode: BorderMode

  constructor(...given: Arguments<PadOptions, typeof PAD_NAMES>) {
    super(Pad, given)
    const [padding, fill = 0, paddingMode = 'constant'] = readPad(given)
    this.padding = edges('Pad', padding as Padding)
    this.fill = fill
    this.paddingMode = paddingMode
    drawing('Pad', 'nearest', paddingMode, fill)
  }

  override get isRandom(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene): void {
    padScene(scene, 'Pad', [...this.padding] as Edges, this.fill, this.paddingMode)
  }
}

/**
 * The middle of the image; where that is smaller, 0 around it.
 *
 * Shapes: `[C, H, W]` -> `[C, height, width]`. Dtype: stays.
 *
 * @throws {ValueError} for sizes that are not whole numbers ≥ 1.
 * @see torchvision.transforms.v2.CenterCrop
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { CenterCrop } from '@flambeau/data'
 * console.log(new CenterCrop([1, 2]).apply(arange(12).view(1, 3, 4)).tolist()) // => [ [ [ 5, 6 ] ] ]
 * ```
 */
export class CenterCrop extends Transform {
  readonly size: Size

  constructor(size: Size) {
    super(CenterCrop, [size])
    pair('CenterCrop', 'size', size)
    this.size = size
  }

  override get isRandom(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene): void {
    const [height, width] = pair('CenterCrop', 'size', this.size)
    const [high, wide] = [Math.max(0, height - scene.height), Math.max(0, width - scene.width)]
    const before = [Math.floor(wide / 2), Math.floor(high / 2)] as const
    const around: Edges = [...before, Math.ceil(wide / 2), Math.ceil(high / 2)]
    padScene(scene, 'CenterCrop', around, 0, 'constant')
    const top = roundHalfEven((scene.height - height) / 2)
    cropScene(scene, top, roundHalfEven((scene.width - width) / 2), height, width)
  }
}

/** As Python rounds. @internal */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  if (x - floor !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : floor + 1
}

/** Options of {@link RandomCrop}. */
export interface RandomCropOptions {
  size: Size
  /** Added before. Default none. */
  padding?: Padding | null
  /** Add what is missing where the image is smaller than the crop. Default false. */
  padIfNeeded?: boolean
  /** Default 0. */
  fill?: Fill
  /** Default `constant`. */
  paddingMode?: BorderMode
}

const CROP_NAMES = ['size', 'padding', 'padIfNeeded', 'fill', 'paddingMode'] as const
const readCrop = parameters<[Size, Padding | null, boolean, Fill, BorderMode]>(
  'RandomCrop',
  CROP_NAMES,
)

/**
 * A part of this size, anywhere in the image.
 *
 * Shapes: `[C, H, W]` -> `[C, height, width]`. Dtype: stays.
 *
 * @throws {ValueError} if the image is smaller, unless `padIfNeeded`; and for bad options.
 * @see torchvision.transforms.v2.RandomCrop
 *
 * @example
 * ```ts
 * import { Generator, zeros } from '@flambeau/core'
 * import { RandomCrop } from '@flambeau/data'
 * const crop = new RandomCrop(32, { padding: 4 })
 * console.log(crop.apply(zeros([3, 32, 32]), new Generator()).shape) // => [ 3, 32, 32 ]
 * ```
 */
export class RandomCrop extends Transform {
  readonly size: Size
  readonly padding: readonly [left: number, top: number, right: number, bottom: number]
  readonly padIfNeeded: boolean
  readonly fill: Fill
  readonly paddingMode: BorderMode

  constructor(...given: Arguments<RandomCropOptions, typeof CROP_NAMES>) {
    super(RandomCrop, given)
    const [size, padding, padIfNeeded = false, fill = 0, mode = 'constant'] = readCrop(given)
    pair('RandomCrop', 'size', size as Size)
    this.size = size as Size
    this.padding = edges('RandomCrop', padding ?? 0)
    this.padIfNeeded = padIfNeeded
    this.fill = fill
    this.paddingMode = mode
    drawing('RandomCrop', 'nearest', mode, fill)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const [height, width] = pair('RandomCrop', 'size', this.size)
    const [left, top, right, bottom] = this.padding
    const [rows, columns] = [scene.height + top + bottom, scene.width + left + right]
    const high = this.padIfNeeded ? Math.max(0, height - rows) : 0
    const wide = this.padIfNeeded ? Math.max(0, width - columns) : 0
    const [down, across] = [rows + 2 * high - height, columns + 2 * wide - width]
    if (down < 0 || across < 0) {
      throw new ValueError(
        'RandomCrop',
        { image: scene.image },
        `a crop of ${height} × ${width} does not fit the image of ${rows} × ${columns}`,
        '{ padIfNeeded: true }, or resize the image first',
      )
    }
    const around: Edges = [left + wide, top + high, right + wide, bottom + high]
    const y = down > 0 ? random.integer(0, down + 1) : 0
    const x = across > 0 ? random.integer(0, across + 1) : 0
    padScene(scene, 'RandomCrop', around, this.fill, this.paddingMode)
    cropScene(scene, y, x, height, width)
  }
}

/** Options of {@link RandomResizedCrop}. */
export interface RandomResizedCropOptions {
  size: Size
  /** The crop's share of the image's area. Default [0.08, 1]. */
  scale?: readonly [low: number, high: number]
  /** Its width over its height. Default [3 / 4, 4 / 3]. */
  ratio?: readonly [low: number, high: number]
  /** Default `bilinear`. */
  interpolation?: Interpolation
  /** Default true. */
  antialias?: boolean
}

const RESIZED_NAMES = ['size', 'scale', 'ratio', 'interpolation', 'antialias'] as const
const readResized = parameters<
  [Size, readonly [number, number], readonly [number, number], Interpolation, boolean]
>('RandomResizedCrop', RESIZED_NAMES)

/**
 * A part of random size and proportions, brought to one size.
 *
 * Shapes: `[C, H, W]` -> `[C, height, width]`. Dtype: stays.
 *
 * @throws {ValueError} for bad options.
 * @see torchvision.transforms.v2.RandomResizedCrop
 *
 * @example
 * ```ts
 * import { Generator, zeros } from '@flambeau/core'
 * import { RandomResizedCrop } from '@flambeau/data'
 * const crop = new RandomResizedCrop(224, { scale: [0.5, 1] })
 * console.log(crop.apply(zeros([3, 300, 400]), new Generator()).shape) // => [ 3, 224, 224 ]
 * ```
 */
export class RandomResizedCrop extends Transform {
  readonly size: Size
  readonly scale: readonly [number, number]
  readonly ratio: readonly [number, number]
  readonly interpolation: Interpolation
  readonly antialias: boolean

  constructor(...given: Arguments<RandomResizedCropOptions, typeof RESIZED_NAMES>) {
    super(RandomResizedCrop, given)
    const op = 'RandomResizedCrop'
    const [size, scale = [0.08, 1], ratio = [3 / 4, 4 / 3], interpolation, antialias = true] =
      readResized(given)
    pair(op, 'size', size as Size)
    this.size = size as Size
    this.scale = range(op, 'scale', scale, 0, [0, 1])
    this.ratio = range(op, 'ratio', ratio, 0, [1e-6, 1e6])
    this.interpolation = oneOf(
      op,
      'interpolation',
      ['bilinear', 'nearest', 'bicubic', 'area', 'nearest-exact'],
      interpolation ?? 'bilinear',
    )
    this.antialias = antialias
  }

  #part(height: number, width: number, random: Draws): Edges {
    const [least, most] = this.ratio
    const logs = [Math.fround(Math.log(least)), Math.fround(Math.log(most))] as const
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = height * width * random.uniform(...this.scale)
      const ratio = Math.fround(Math.exp(random.uniform(...logs)))
      const w = roundHalfEven(Math.sqrt(area * ratio))
      const h = roundHalfEven(Math.sqrt(area / ratio))
      if (w > 0 && w <= width && h > 0 && h <= height) {
        const top = random.integer(0, height - h + 1)
        return [random.integer(0, width - w + 1), top, w, h]
      }
    }
    // The middle, within the proportions.
    const own = width / height
    const w = own > most ? roundHalfEven(height * most) : width
    const h = own < least ? roundHalfEven(width / least) : height
    return [Math.floor((width - w) / 2), Math.floor((height - h) / 2), w, h]
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const [left, top, w, h] = this.#part(scene.height, scene.width, random)
    cropScene(scene, top, left, h, w)
    const [height, width] = pair('RandomResizedCrop', 'size', this.size)
    resizeScene(scene, height, width, this.interpolation, this.antialias)
  }
}
