/** Transforms that change colours and leave places alone. */
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireNumberList, show } from '@flambeau/core/internal'
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  brightnessOf,
  gaussianBlur,
  requireColours,
} from './colour-changes.ts'
import type { Range, Size } from './options.ts'
import { pair, range } from './options.ts'
import type { Draws } from './random.ts'
import type { Scene } from './scene.ts'
import { checkChance, Transform } from './transform.ts'

/** Options of {@link ColorJitter}: a number v stands for the factors [1 - v, 1 + v]. */
export interface ColorJitterOptions {
  brightness?: Range
  contrast?: Range
  saturation?: Range
  /** Shares of the full circle, at most 0.5 either way: v stands for [-v, v]. */
  hue?: Range
  /** How likely it is. Default 1. */
  p?: number
}

const JITTER_NAMES = ['brightness', 'contrast', 'saturation', 'hue', 'p'] as const
const readJitter = parameters<[Range, Range, Range, Range, number]>('ColorJitter', JITTER_NAMES)
const CHANGES = [adjustBrightness, adjustContrast, adjustSaturation, adjustHue] as const

/**
 * Other brightness, contrast, saturation and hue, in random order.
 *
 * Shapes: `[1 or 3, H, W]` -> same. Dtype: uint8, or float32 in [0, 1]; stays.
 *
 * @throws {ValueError} for bad ranges. @throws {ShapeError, DTypeError} for images without such colours.
 * @see torchvision.transforms.v2.ColorJitter
 *
 * @example
 * ```ts
 * import { full, Generator } from '@flambeau/core'
 * import { ColorJitter } from '@flambeau/data'
 * const grey = full([3, 1, 1], 100, { dtype: 'uint8' })
 * console.log(new ColorJitter({ brightness: [1.5, 1.5] }).apply(grey).view(-1).tolist())
 * // => [ 150, 150, 150 ]
 * const augment = new ColorJitter(0.2, 0.2, 0.2, 0.05)
 * console.log(augment.apply(grey, new Generator()).shape) // => [ 3, 1, 1 ]
 * ```
 */
export class ColorJitter extends Transform {
  /** Ranges of brightness, contrast, saturation and hue; null for what stays. */
  readonly ranges: readonly (readonly [number, number] | null)[]
  override readonly p: number

  constructor(...given: Arguments<ColorJitterOptions, typeof JITTER_NAMES>) {
    super(ColorJitter, given)
    const [brightness, contrast, saturation, hue, p = 1] = readJitter(given)
    const read = (name: string, value: Range | null | undefined): [number, number] | null => {
      if (value === undefined || value === null) return null
      const middle = name === 'hue' ? 0 : 1
      const bounds = name === 'hue' ? ([-0.5, 0.5] as const) : ([0, Infinity] as const)
      const [low, high] = range('ColorJitter', name, value, middle, bounds)
      return low === middle && high === middle ? null : [low, high]
    }
    this.ranges = [
      read('brightness', brightness),
      read('contrast', contrast),
      read('saturation', saturation),
      read('hue', hue),
    ]
    this.p = checkChance('ColorJitter', p)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    requireColours('ColorJitter', scene.image)
    const order = random.order(4)
    const amounts = this.ranges.map((one) => (one === null ? null : random.uniform(...one)))
    for (const i of order) {
      const amount = amounts[i]
      const change = CHANGES[i]
      if (amount === null || amount === undefined || change === undefined) continue
      scene.image = change(scene.image, amount)
    }
  }
}

/** Options of {@link Grayscale}. */
export interface GrayscaleOptions {
  /** 1, or 3 equal ones. Default 1. */
  numOutputChannels?: 1 | 3
  /** How likely it is. Default 1. */
  p?: number
}

const GRAY_NAMES = ['numOutputChannels', 'p'] as const
const readGray = parameters<[1 | 3, number]>('Grayscale', GRAY_NAMES)

/**
 * Brightness instead of colours: 0.2989 red + 0.587 green + 0.114 blue.
 *
 * Shapes: `[1 or 3, H, W]` -> `[numOutputChannels, H, W]`. Dtype: uint8 (rounded down) or float32; stays.
 *
 * @throws {ValueError} for other numbers of channels.
 * @see torchvision.transforms.v2.Grayscale
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Grayscale } from '@flambeau/data'
 * const red = tensor([200, 0, 0], { dtype: 'uint8' }).view(3, 1, 1)
 * console.log(new Grayscale().apply(red).tolist()) // => [ [ [ 59 ] ] ]
 * ```
 */
export class Grayscale extends Transform {
  readonly numOutputChannels: 1 | 3
  override readonly p: number

  constructor(...given: Arguments<GrayscaleOptions, typeof GRAY_NAMES>) {
    super(Grayscale, given)
    const [channels = 1, p = 1] = readGray(given)
    if (channels !== 1 && channels !== 3) {
      throw new ValueError(
        'Grayscale',
        [],
        `numOutputChannels must be 1 or 3, not ${show(channels)}`,
        '{ numOutputChannels: 3 }',
      )
    }
    this.numOutputChannels = channels
    this.p = checkChance('Grayscale', p)
  }

  override get isRandom(): boolean {
    return this.p < 1
  }

  /** @internal */
  override change(scene: Scene): void {
    requireColours('Grayscale', scene.image)
    const grey = brightnessOf(scene.image)
    const { height, width } = scene
    scene.image =
      this.numOutputChannels === 3
        ? grey.expand([3, height, width]).contiguous()
        : grey.contiguous()
  }
}

/** Options of {@link GaussianBlur}. */
export interface GaussianBlurOptions {
  /** Odd numbers of pixels: of both sides, or `[width, height]`, as in PyTorch. */
  kernelSize: Size
  /** The standard deviation in pixels, or the range of it. Default [0.1, 2]. */
  sigma?: number | readonly [low: number, high: number]
  /** How likely it is. Default 1. */
  p?: number
}

const BLUR_NAMES = ['kernelSize', 'sigma', 'p'] as const
const readBlur = parameters<[Size, number | readonly [number, number], number]>(
  'GaussianBlur',
  BLUR_NAMES,
)

/**
 * Blurred by a Gaussian of random width; edges are reflected.
 *
 * Shapes: `[C, H, W]` -> same. Dtype: uint8 (rounded) or floating; stays.
 *
 * @throws {ValueError} unless kernel sizes are odd and sigma is positive.
 * @see torchvision.transforms.v2.GaussianBlur
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { GaussianBlur } from '@flambeau/data'
 * const dot = tensor([0, 0, 90, 0, 0], { dtype: 'uint8' }).view(1, 1, 5)
 * console.log(new GaussianBlur([3, 1], 1).apply(dot).view(-1).tolist()) // => [ 0, 25, 41, 25, 0 ]
 * ```
 */
export class GaussianBlur extends Transform {
  readonly kernelSize: readonly [width: number, height: number]
  readonly sigma: readonly [low: number, high: number]
  override readonly p: number

  constructor(...given: Arguments<GaussianBlurOptions, typeof BLUR_NAMES>) {
    super(GaussianBlur, given)
    const [size, sigma = [0.1, 2], p = 1] = readBlur(given)
    this.kernelSize = pair('GaussianBlur', 'kernelSize', size as Size)
    if (typeof sigma !== 'number') requireNumberList('GaussianBlur', 'sigma', sigma, 2)
    const [low, high] = typeof sigma === 'number' ? [sigma, sigma] : sigma
    if (!this.kernelSize.every((side) => side % 2 === 1) || !(low > 0 && low <= high)) {
      throw new ValueError(
        'GaussianBlur',
        [],
        `kernel sizes must be odd and sigma positive, not ${this.kernelSize.join(', ')} and ${low}, ${high}`,
        'new GaussianBlur(5, [0.1, 2])',
      )
    }
    this.sigma = [low, high]
    this.p = checkChance('GaussianBlur', p)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const sigma = random.uniform(...this.sigma)
    const [width, height] = this.kernelSize
    scene.image = gaussianBlur(scene.image, [height, width], [sigma, sigma])
  }
}
