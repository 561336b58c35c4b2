import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'
import { imageResize, imageTable } from '@flambeau/core/internal'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { Dataset } from '../dataset.ts'
import { FormatError } from '../formats/errors.ts'
import { decodeImage, readImage, readImageFile } from '../images/decode.ts'
import { parseImageInfo } from '../images/header.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { ImageSourceOptions } from './image-source.ts'
import {
  checkSourceOptions,
  hasEnding,
  namesIn,
  readByPolicy,
  some,
  transformed,
} from './image-source.ts'
import { requirePath } from '../formats/arguments.ts'

/** Options of {@link CarvanaDataset}. */
export interface CarvanaOptions extends ImageSourceOptions {
  /** Folder of the images. Default: `train` in the root if there is one, else the root. */
  images?: string
  /** Folder of the masks. Default: `train_masks` in the root if there is one, else the images' folder. */
  masks?: string
}

/** A photograph and where the car is. */
export interface CarvanaSample {
  image: Tensor
  mask: Tensor
}

/** A pair of files. */
export interface CarvanaPair {
  readonly image: string
  readonly mask: string
}

/** 1 for the brighter half of grey values. */
const isWhite: Tensor = tensor(
  Array.from({ length: 256 }, (_, value) => (value < 128 ? 0 : 1)),
  { dtype: 'uint8' },
).view(1, 256)

const MASK = /_mask\.gif$/i

/** Each image with its mask. @throws {FormatError} if some have none. */
function pairs(images: string, masks: string): CarvanaPair[] {
  const fail = (path: string, reason: string, fix: string): never => {
    throw new FormatError({ format: 'Carvana', path, reason, fix })
  }
  const photographs = namesIn('Carvana', images, 'files').filter((name) =>
    hasEnding(name, ['.jpg', '.jpeg']),
  )
  if (photographs.length === 0) fail(images, 'there are no .jpg files in it', 'check the folder')
  const found = new Map(
    namesIn('Carvana', masks, 'files')
      .filter((name) => MASK.test(name))
      .map((name) => [name.replace(MASK, ''), name]),
  )
  const missing: string[] = []
  const matched = photographs.flatMap((name) => {
    const mask = found.get(name.replace(/\.jpe?g$/i, ''))
    if (mask === undefined) missing.push(name)
    return mask === undefined ? [] : [{ image: join(images, name), mask: join(masks, mask) }]
  })
  if (missing.length > 0) {
    fail(
      masks,
      `${missing.length} of ${photographs.length} images have no mask: ${some(missing)}`,
      'the mask of 00aa_01.jpg is 00aa_01_mask.gif',
    )
  }
  return matched
}

/**
 * Photographs of cars with masks, in the files of Kaggle's Carvana challenge: `0cdf5b5d0ce1_01.jpg` and
 * `0cdf5b5d0ce1_01_mask.gif`, in the folders `train` and `train_masks`, or all in one. A sample is
 * `{ image, mask }`.
 *
 * Shapes: image uint8 `[3, H, W]` (or what the transform makes of it), mask float32 `[1, H, W]`, 1 where
 * the car is and 0 elsewhere.
 *
 * @throws {FormatError} if folders or masks are missing (by name), a file cannot be decoded, or a mask is
 *   not as large as its image (see {@link ErrorPolicy}).
 * @see https://www.kaggle.com/c/carvana-image-masking-challenge
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { CarvanaDataset, Compose, generateCarvana, HorizontalFlip, Normalize, Rotate } from '@flambeau/data'
 * const folder = mkdtempSync(join(tmpdir(), 'carvana-'))
 * await generateCarvana(folder, { count: 2, size: [80, 120], seed: 0 })
 * const transform = new Compose([
 *   new Rotate(35, { p: 1 }),
 *   new HorizontalFlip(),
 *   new Normalize([0, 0, 0], [1, 1, 1]),
 * ])
 * const { image, mask } = await new CarvanaDataset(folder, { transform }).getItem(0)
 * console.log(image.dtype, image.shape, mask.shape) // => float32 [ 3, 80, 120 ] [ 1, 80, 120 ]
 * ```
 */
export class CarvanaDataset extends Dataset<CarvanaSample> {
  readonly root: string
  /** The files, ordered by name. */
  readonly pairs: readonly CarvanaPair[]
  override readonly length: number
  readonly #options: CarvanaOptions

  constructor(root: string, options: CarvanaOptions = {}) {
    super()
    requirePath('CarvanaDataset', root, 'root')
    checkSourceOptions('CarvanaDataset', options)
    const either = (name: string, other: string): string =>
      existsSync(join(root, name)) ? join(root, name) : other
    const images = options.images ?? either('train', root)
    this.root = root
    this.#options = options
    this.pairs = pairs(images, options.masks ?? either('train_masks', images))
    this.length = this.pairs.length
  }

  override getItem(index: number, context?: SampleContext): Promise<CarvanaSample> {
    const { transform, onError = 'throw' } = this.#options
    return readByPolicy('CarvanaDataset', index, this.length, onError, async (at) => {
      const { image, mask } = transformed(transform, await this.#read(at), context)
      return { image, mask: mask.to('float32') }
    })
  }

  async #read(at: number): Promise<CarvanaSample> {
    const { shrinkTo } = this.#options
    const files = this.pairs[at] as CarvanaPair
    const [bytes, drawn] = await Promise.all([
      readImageFile(files.image),
      readImage(files.mask, { mode: 'gray' }),
    ])
    // The sizes of the files are compared: the decoder may shrink the image, and the mask follows.
    const whole = parseImageInfo(bytes, files.image)
    const [, rows = 0, columns = 0] = drawn.shape
    if (rows !== whole.height || columns !== whole.width) {
      throw new FormatError({
        format: 'Carvana',
        path: files.mask,
        reason: `the mask of ${rows} × ${columns} does not fit ${basename(files.image)} of ${whole.height} × ${whole.width}`,
        fix: 'masks have the size of their images',
      })
    }
    const image = await decodeImage(bytes, {
      mode: 'rgb',
      path: files.image,
      ...(shrinkTo === undefined ? {} : { shrinkTo }),
    })
    const mask = imageTable(drawn, isWhite)
    const [, height = 0, width = 0] = image.shape
    if (rows === height && columns === width) return { image, mask }
    return { image, mask: imageResize(mask, height, width, 'nearest', false) }
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, CarvanaDataset, import.meta.url, [this.root, this.#options])
  }
}
