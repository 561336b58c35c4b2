import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { Dataset } from '../dataset.ts'
import { FormatError } from '../formats/errors.ts'
import { readImage } from '../images/decode.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { ImageSourceOptions } from './image-source.ts'
import {
  checkSourceOptions,
  hasEnding,
  IMAGE_ENDINGS,
  namesIn,
  readByPolicy,
  transformed,
} from './image-source.ts'
import { requirePath } from '../formats/arguments.ts'

/** Options of {@link ImageFolder}. */
export interface ImageFolderOptions extends ImageSourceOptions {
  /** Endings of the files that count. Default .jpg, .jpeg, .png, .gif, .webp. */
  extensions?: readonly string[]
  /** Default `rgb`. */
  mode?: 'rgb' | 'gray' | 'rgba' | 'unchanged'
  /** Folders without images are classes too, instead of an error. Default false. */
  allowEmpty?: boolean
}

/** Files of a folder and of those below it. */
function* filesBelow(folder: string): Generator<string> {
  for (const name of namesIn('ImageFolder', folder, 'files')) yield join(folder, name)
  for (const name of namesIn('ImageFolder', folder, 'folders'))
    yield* filesBelow(join(folder, name))
}

/**
 * Images in one folder for each class: `root/cat/1.jpg`, `root/dog/5.png`. A sample is `[image, label]`.
 * Classes are the folders' names in alphabetical order, images are ordered by class and path.
 *
 * Shapes: image uint8 `[3, H, W]` (or what the transform makes of it); label a number, 0 and up.
 *
 * @throws {FormatError} if there are no folders, a folder has no images, or an image cannot be decoded
 *   (see {@link ErrorPolicy}).
 * @see torchvision.datasets.ImageFolder
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { Compose, DataLoader, generateShapes, HorizontalFlip, ImageFolder, ToTensor } from '@flambeau/data'
 * const folder = mkdtempSync(join(tmpdir(), 'shapes-'))
 * await generateShapes(folder, { count: 6, size: [32, 32], seed: 0 })
 * const transform = new Compose([new HorizontalFlip(), new ToTensor()])
 * const data = new ImageFolder(folder, { transform })
 * console.log(data.length, data.classes.slice(0, 3)) // => 6 [ 'circle', 'cross', 'ring' ]
 * for await (const [images, labels] of new DataLoader(data, { batchSize: 6 })) {
 *   console.log(images.shape, labels.tolist()) // [ 6, 3, 32, 32 ] [ 0, 1, 2, 3, 4, 5 ]
 * }
 * ```
 */
export class ImageFolder extends Dataset<[image: Tensor, label: number], [Tensor, Tensor]> {
  readonly root: string
  readonly classes: readonly string[]
  readonly classToIdx: Readonly<Record<string, number>>
  readonly samples: readonly { readonly path: string; readonly label: number }[]
  override readonly length: number
  readonly #options: ImageFolderOptions

  constructor(root: string, options: ImageFolderOptions = {}) {
    super()
    requirePath('ImageFolder', root, 'root')
    checkSourceOptions('ImageFolder', options)
    const { extensions = IMAGE_ENDINGS, allowEmpty = false } = options
    const fail = (path: string, reason: string, fix: string): never => {
      throw new FormatError({ format: 'ImageFolder', path, reason, fix })
    }
    this.root = root
    this.#options = options
    this.classes = namesIn('ImageFolder', root, 'folders')
    if (this.classes.length === 0) {
      fail(
        root,
        'there are no folders in it',
        'put the images of each class in a folder of their own',
      )
    }
    this.classToIdx = Object.fromEntries(this.classes.map((name, label) => [name, label]))
    this.samples = this.classes.flatMap((name, label) => {
      const files = [...filesBelow(join(root, name))].filter((path) => hasEnding(path, extensions))
      if (files.length === 0 && !allowEmpty) {
        fail(
          join(root, name),
          `there is no image in it (${extensions.join(', ')})`,
          'remove the folder, or { allowEmpty: true }',
        )
      }
      return files.map((path) => ({ path, label }))
    })
    this.length = this.samples.length
  }

  override getItem(index: number, context?: SampleContext): Promise<[Tensor, number]> {
    const { transform, onError = 'throw', mode = 'rgb', shrinkTo } = this.#options
    return readByPolicy('ImageFolder', index, this.length, onError, async (at) => {
      const { path, label } = this.samples[at] as { path: string; label: number }
      const image = await readImage(path, shrinkTo === undefined ? { mode } : { mode, shrinkTo })
      return [transformed(transform, { image }, context).image, label]
    })
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, ImageFolder, import.meta.url, [this.root, this.#options])
  }
}
