import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, tensor, zeros } from '@flambeau/core'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { Dataset } from '../dataset.ts'
import { FormatError } from '../formats/errors.ts'
import { readImage } from '../images/decode.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { Transform } from '../transforms/transform.ts'
import { fillPolygon, fillRuns } from './coco-masks.ts'
import type { ErrorPolicy } from './image-source.ts'
import { checkSourceOptions, readByPolicy, transformed } from './image-source.ts'
import { requirePath } from '../formats/arguments.ts'

/** Options of {@link CocoDetection}. */
export interface CocoOptions {
  /** Applied to each sample with random numbers of its own. Default: none. */
  transform?: Transform | null
  /** Default `throw`. */
  onError?: ErrorPolicy
  /** Also give a mask for each box, from polygons or run lengths. Default false. */
  masks?: boolean
  /** Also give keypoints. Default false. */
  keypoints?: boolean
  /** Leave out groups of objects (iscrowd). Default false. */
  skipCrowds?: boolean
}

/** A picture and the objects in it. */
export interface DetectionSample {
  image: Tensor
  boxes: Tensor
  labels: Tensor
  masks?: Tensor
  keypoints?: Tensor
}

/** A sample of {@link CocoDetection}. */
export interface CocoSample extends DetectionSample {
  /** The number of the image in the annotations. */
  imageId: number
}

interface CocoImage {
  id: number
  file_name: string
  height: number
  width: number
}

type Box = readonly [x: number, y: number, width: number, height: number]

interface CocoAnnotation {
  id: number
  image_id: number
  category_id: number
  bbox: Box
  iscrowd?: number
  segmentation?: readonly (readonly number[])[] | { counts: number[] | string; size: number[] }
  keypoints?: readonly number[]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => Number.isFinite(value)

/** A box as corners, cut off at the edges of its image; null if nothing is left of it. */
function insideOf(
  { bbox: [x, y, w, h] }: CocoAnnotation,
  { width, height }: Pick<CocoImage, 'width' | 'height'>,
): readonly number[] | null {
  const [left, top] = [Math.max(0, x), Math.max(0, y)]
  const [right, bottom] = [Math.min(width, x + w), Math.min(height, y + h)]
  return right > left && bottom > top ? [left, top, right, bottom] : null
}

/** Reads and checks the parts of the file that are used. */
class Annotations {
  readonly path: string
  readonly images: readonly CocoImage[]
  readonly names: ReadonlyMap<number, string>
  readonly byImage: ReadonlyMap<number, readonly CocoAnnotation[]>

  constructor(path: string) {
    this.path = path
    const root = this.#parse()
    const list = (name: string): Record<string, unknown>[] => {
      const value = root[name]
      if (Array.isArray(value) && value.every(isRecord)) return value
      return this.fail(`'${name}' must be a list of objects`)
    }
    const images = list('images')
    for (const [i, one] of images.entries()) {
      const { id, file_name: file, height, width } = one
      const sized = isNumber(height) && isNumber(width) && height > 0 && width > 0
      if (!isNumber(id) || typeof file !== 'string' || !sized) {
        this.fail(`images[${i}] needs a number id, a file_name, and a height and width above 0`)
      }
    }
    this.images = images as unknown as CocoImage[]
    const categories = list('categories').map(({ id, name }, i): [number, string] => {
      if (isNumber(id) && typeof name === 'string') return [id, name]
      return this.fail(`categories[${i}] needs a number id and a name`)
    })
    this.names = new Map(categories.toSorted(([a], [b]) => a - b))
    this.byImage = this.#group(list('annotations'))
    this.#warnOfOutside()
  }

  /** Says how many boxes have nothing inside of their image: they are left out. */
  #warnOfOutside(): void {
    const outside = this.images.flatMap((image) =>
      (this.byImage.get(image.id) ?? []).filter((one) => insideOf(one, image) === null),
    )
    const [first] = outside
    // Copies in threads do not say it again.
    if (first === undefined || !isMainThread) return
    const [count, all] = [outside.length, [...this.byImage.values()].flat().length]
    process.emitWarning(
      `COCO leaves out ${count} of ${all} boxes: they have no area inside of their image; the first is [${first.bbox.join(', ')}] of annotation ${String(first.id)}\n  file: ${this.path}`,
      'FlambeauWarning',
    )
  }

  fail(reason: string): never {
    const fix = 'the file must be like instances_val2017.json of COCO'
    throw new FormatError({ format: 'COCO', path: this.path, reason, fix })
  }

  #parse(): Record<string, unknown> {
    let root: unknown
    try {
      root = JSON.parse(readFileSync(this.path, 'utf8'))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      const reason = code === undefined ? (error as Error).message : `it cannot be read (${code})`
      return this.fail(code === 'ENOENT' ? 'the file does not exist' : reason)
    }
    return isRecord(root) ? root : this.fail('an object is expected')
  }

  #group(annotations: readonly Record<string, unknown>[]): Map<number, CocoAnnotation[]> {
    const known = new Map(this.images.map((image): [number, CocoAnnotation[]] => [image.id, []]))
    for (const [i, one] of annotations.entries()) {
      const { image_id: image, category_id: category, bbox } = one
      const rows = known.get(image as number)
      if (rows === undefined)
        this.fail(`annotations[${i}] is of image ${String(image)}, which is none`)
      if (!this.names.has(category as number)) {
        this.fail(`annotations[${i}] is of category ${String(category)}, which is none`)
      }
      if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(isNumber)) {
        this.fail(`annotations[${i}].bbox must be four numbers: x, y, width, height`)
      }
      rows?.push(one as unknown as CocoAnnotation)
    }
    return known
  }
}

/**
 * Images with boxes, classes and masks of objects, annotated in one JSON file as COCO's are. A sample is
 * `{ image, boxes, labels, imageId }`, with `masks` and `keypoints` if options ask for them.
 *
 * Boxes are cut off at the edges of the image; those with nothing left are left out, with a warning.
 *
 * Shapes: image uint8 `[3, H, W]`, boxes float32 `[N, 4]` as corners in pixels, labels int64 `[N]`: places
 * in `classes`, which are ordered by category id; masks uint8 `[N, H, W]`, keypoints float32 `[N, K, 3]`.
 * Samples have different N: collate them to lists.
 *
 * @throws {FormatError} if annotations are not as in COCO, refer to what does not exist, or an image is
 *   missing, corrupt or of another size than annotated (see {@link ErrorPolicy}).
 * @see https://cocodataset.org/#format-data; torchvision.datasets.CocoDetection
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { CocoDetection, generateDetection } from '@flambeau/data'
 * const folder = mkdtempSync(join(tmpdir(), 'digits-'))
 * await generateDetection(folder, { count: 2, size: [96, 128], seed: 0 })
 * const data = new CocoDetection(join(folder, 'images'), join(folder, 'annotations.json'), { masks: true })
 * const { image, boxes, labels, masks } = await data.getItem(0)
 * console.log(image.shape, boxes.shape[0] === labels.shape[0]) // => [ 3, 96, 128 ] true
 * console.log(masks?.shape.slice(1), data.classes[7]) // => [ 96, 128 ] 7
 * ```
 */
export class CocoDetection extends Dataset<CocoSample, unknown> {
  readonly root: string
  readonly classes: readonly string[]
  override readonly length: number
  readonly #annotations: Annotations
  readonly #labels: ReadonlyMap<number, number>
  readonly #options: CocoOptions

  constructor(root: string, annotations: string, options: CocoOptions = {}) {
    super()
    requirePath('CocoDetection', root, 'root')
    requirePath('CocoDetection', annotations, 'annotations')
    checkSourceOptions('CocoDetection', options)
    this.root = root
    this.#options = options
    this.#annotations = new Annotations(annotations)
    this.classes = [...this.#annotations.names.values()]
    this.#labels = new Map([...this.#annotations.names.keys()].map((id, label) => [id, label]))
    this.length = this.#annotations.images.length
  }

  override getItem(index: number, context?: SampleContext): Promise<CocoSample> {
    const { transform, onError = 'throw' } = this.#options
    return readByPolicy('CocoDetection', index, this.length, onError, async (at) =>
      transformed(transform, await this.#read(at), context),
    )
  }

  async #read(at: number): Promise<CocoSample> {
    const { file_name: file, height, width, id } = this.#annotations.images[at] as CocoImage
    const path = join(this.root, file)
    const image = await readImage(path, { mode: 'rgb' })
    const [, rows, columns] = image.shape
    if (rows !== height || columns !== width) {
      throw new FormatError({
        format: 'COCO',
        path,
        reason: `the image is ${rows} × ${columns}, its annotations are of ${height} × ${width}`,
        fix: 'take images and annotations from the same source',
      })
    }
    const objects = (this.#annotations.byImage.get(id) ?? []).flatMap((one) => {
      if (this.#options.skipCrowds === true && one.iscrowd === 1) return []
      const box = insideOf(one, { width, height })
      return box === null ? [] : [{ box, one }]
    })
    const sample: CocoSample = {
      image,
      boxes: tensor(
        objects.flatMap(({ box }) => box),
        { dtype: 'float32' },
      ).view(objects.length, 4),
      labels: tensor(
        objects.map(({ one }) => this.#labels.get(one.category_id) as number),
        { dtype: 'int64' },
      ),
      imageId: id,
    }
    const annotations = objects.map(({ one }) => one)
    if (this.#options.masks === true) sample.masks = this.#masks(annotations, height, width)
    if (this.#options.keypoints === true) sample.keypoints = this.#keypoints(annotations)
    return sample
  }

  #masks(objects: readonly CocoAnnotation[], height: number, width: number): Tensor {
    const all = new Uint8Array(objects.length * height * width)
    for (const [i, { id, segmentation }] of objects.entries()) {
      const mask = all.subarray(i * height * width, (i + 1) * height * width)
      const fail = (what: string): never =>
        this.#annotations.fail(`the segmentation of annotation ${String(id)} has ${what}`)
      if (segmentation === undefined) fail('no polygons or run lengths')
      else if (Array.isArray(segmentation)) {
        for (const polygon of segmentation as readonly (readonly number[])[]) {
          const valid = Array.isArray(polygon) && polygon.length >= 6 && polygon.every(isNumber)
          if (!valid) fail('a polygon of fewer than three points')
          fillPolygon(mask, height, width, polygon)
        }
      } else {
        const { counts, size } = segmentation as { counts: number[] | string; size: number[] }
        const fits = Array.isArray(size) && size[0] === height && size[1] === width
        if (!fits) fail(`another size than ${height} × ${width}`)
        const valid = typeof counts === 'string' || Array.isArray(counts)
        if (!valid) fail('no run lengths')
        fillRuns(mask, height, width, counts, fail)
      }
    }
    return fromTypedArray(all, [objects.length, height, width])
  }

  #keypoints(objects: readonly CocoAnnotation[]): Tensor {
    const lists = objects.map(({ keypoints = [] }) => keypoints)
    const count = Math.max(0, ...lists.map((list) => list.length))
    if (lists.some((list) => list.length !== count || count % 3 !== 0 || !list.every(isNumber))) {
      this.#annotations.fail('keypoints must be as many for each object, three numbers each')
    }
    if (count === 0) return zeros([objects.length, 0, 3])
    return tensor(lists.flat(), { dtype: 'float32' }).view(objects.length, count / 3, 3)
  }

  override toWorker(): WorkerRecipe {
    const args = [this.root, this.#annotations.path, this.#options]
    return recipeOf(this, CocoDetection, import.meta.url, args)
  }
}
