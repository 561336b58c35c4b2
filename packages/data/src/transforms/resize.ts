import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { imageResize, parameters } from '@flambeau/core/internal'
import { stretch } from './maps.ts'
import type { Interpolation, Size } from './options.ts'
import { oneOf, pair } from './options.ts'
import type { Scene } from './scene.ts'
import { blended } from './scene.ts'
import { Transform } from './transform.ts'

const FILTERS = ['bilinear', 'nearest', 'bicubic', 'area', 'nearest-exact'] as const

/** Options of {@link Resize}. */
export interface ResizeOptions {
  /** `[height, width]`, or the length of the shorter side, which keeps the proportions. */
  size: Size
  /** Of the image; masks take the nearest pixel. Default `bilinear`. */
  interpolation?: Interpolation
  /** With a single number as size: the longer side is at most this long. */
  maxSize?: number | null
  /** Smooth while shrinking (bilinear and bicubic). Default true. */
  antialias?: boolean
}

/** Everything in another size. @internal */
export function resizeScene(
  scene: Scene,
  height: number,
  width: number,
  interpolation: Interpolation,
  antialias: boolean,
): void {
  if (height === scene.height && width === scene.width) return
  const scale = stretch(width / scene.width, height / scene.height)
  const sized = (image: Tensor): Tensor =>
    blended(image, interpolation, (one) =>
      imageResize(one, height, width, interpolation, antialias),
    )
  scene.redraw(sized, (mask) => imageResize(mask, height, width, 'nearest', false))
  scene.move(scale)
}

const NAMES = ['size', 'interpolation', 'maxSize', 'antialias'] as const
const read = parameters<[Size, Interpolation, number | null, boolean]>('Resize', NAMES)

/**
 * Another size: `[height, width]`, or that of the shorter side.
 *
 * Shapes: `[C, H, W]` -> `[C, height, width]`; masks by the nearest pixel, boxes and points scaled.
 * Dtype: stays; uint8 is computed in whole numbers, as PyTorch does.
 *
 * @throws {ValueError} for sizes that are not whole numbers ≥ 1, or other options.
 * @see torchvision.transforms.v2.Resize
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { Resize } from '@flambeau/data'
 * const photo = zeros([3, 1280, 1918], { dtype: 'uint8' })
 * console.log(new Resize([160, 240]).apply(photo).shape) // => [ 3, 160, 240 ]
 * console.log(new Resize(160).apply(photo).shape) // => [ 3, 160, 239 ]
 * const both = new Resize([160, 240]).apply({ image: photo, mask: zeros([1280, 1918]) })
 * console.log(both.mask.shape) // => [ 160, 240 ]
 * ```
 */
export class Resize extends Transform {
  readonly size: Size
  readonly interpolation: Interpolation
  readonly maxSize: number | null
  readonly antialias: boolean

  constructor(...given: Arguments<ResizeOptions, typeof NAMES>) {
    super(Resize, given)
    const [size, interpolation = 'bilinear', maxSize = null, antialias = true] = read(given)
    pair('Resize', 'size', size as Size)
    this.size = size as Size
    this.interpolation = oneOf('Resize', 'interpolation', FILTERS, interpolation)
    this.maxSize = maxSize
    this.antialias = antialias
    if (maxSize !== null && !(typeof size === 'number' && maxSize >= size)) {
      throw new ValueError(
        'Resize',
        [],
        `maxSize (${maxSize}) bounds the longer side, and needs the length of the shorter one as size`,
        '{ size: 160, maxSize: 240 }',
      )
    }
  }

  override get isRandom(): boolean {
    return false
  }

  #target(height: number, width: number): [number, number] {
    if (typeof this.size !== 'number') return [...this.size]
    let short = this.size
    let long = Math.floor((this.size * Math.max(height, width)) / Math.min(height, width))
    if (this.maxSize !== null && long > this.maxSize) {
      short = Math.max(1, Math.floor((this.maxSize * short) / long))
      long = this.maxSize
    }
    return height <= width ? [short, long] : [long, short]
  }

  /** @internal */
  override change(scene: Scene): void {
    const [height, width] = this.#target(scene.height, scene.width)
    resizeScene(scene, height, width, this.interpolation, this.antialias)
  }
}
