import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { Dataset } from '../dataset.ts'
import { FormatError } from '../formats/errors.ts'
import { readImage } from '../images/decode.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { Transform } from '../transforms/transform.ts'
import type { DetectionSample } from './coco.ts'
import type { ErrorPolicy } from './image-source.ts'
import { checkSourceOptions, namesIn, readByPolicy, transformed } from './image-source.ts'
import { requirePath } from '../formats/arguments.ts'

/** The classes of Pascal VOC, in its order. */
export const VOC_CLASSES: readonly string[] = (
  'aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike ' +
  'person pottedplant sheep sofa train tvmonitor'
).split(' ')

/** Options of {@link VOCDetection} and {@link VOCSegmentation}. */
export interface VOCOptions {
  /** Applied to each sample with random numbers of its own. Default: none. */
  transform?: Transform | null
  /** Default `throw`. */
  onError?: ErrorPolicy
  /** The list in ImageSets that is read. Default `train`; without such folders, all images. */
  imageSet?: string
}

/** Options of {@link VOCDetection}. */
export interface VOCDetectionOptions extends VOCOptions {
  /** Names of classes; labels are places in it. Default {@link VOC_CLASSES}. */
  classes?: readonly string[]
  /** Leave out objects that are marked difficult. Default false. */
  skipDifficult?: boolean
}

/** A sample of {@link VOCDetection}. */
export interface VOCSample extends DetectionSample {
  /** The file's name without its ending. */
  name: string
}

function fail(path: string, reason: string, fix: string): never {
  throw new FormatError({ format: 'VOC', path, reason, fix })
}

/** The names of one list, or of all files of a folder. */
function listNames(root: string, kind: 'Main' | 'Segmentation', options: VOCOptions): string[] {
  const { imageSet = 'train' } = options
  const path = join(root, 'ImageSets', kind, `${imageSet}.txt`)
  if (existsSync(path)) {
    const names = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/)[0] as string)
      .filter((name) => name !== '')
    const bad = names.find((name) => name.includes('..') || name.startsWith('/'))
    if (bad !== undefined)
      fail(path, `'${bad}' leads out of the folder`, 'list names of images only')
    return names
  }
  if (options.imageSet !== undefined) {
    fail(path, 'the list does not exist', 'check { imageSet }, for example train or val')
  }
  const [folder, ending] =
    kind === 'Main' ? (['Annotations', '.xml'] as const) : (['SegmentationClass', '.png'] as const)
  return namesIn('VOC', join(root, folder), 'files')
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
}

const parser = new XMLParser({
  parseTagValue: false,
  processEntities: false,
  isArray: (name) => name === 'object',
})

interface VocObject {
  name?: unknown
  difficult?: unknown
  bndbox?: Record<string, unknown>
}

/** The objects of an annotation file, and the size of its image. */
function parseAnnotation(text: string, path: string): { objects: VocObject[]; size: number[] } {
  const fix = 'annotations are XML files like those of Pascal VOC'
  const valid = XMLValidator.validate(text)
  if (valid !== true) {
    fail(path, `line ${valid.err.line} is not XML: ${valid.err.msg.slice(0, 100)}`, fix)
  }
  const root = parser.parse(text) as { annotation?: unknown }
  const { annotation } = root
  if (annotation === '') return { objects: [], size: [] }
  if (typeof annotation !== 'object' || annotation === null) {
    return fail(path, 'there is no <annotation>', fix)
  }
  const { object = [], size = {} } = annotation as { object?: unknown; size?: unknown }
  const { height, width } = (typeof size === 'object' ? size : {}) as Record<string, unknown>
  return { objects: object as VocObject[], size: [Number(height), Number(width)] }
}

/**
 * Images with boxes and classes of objects, one XML file each, in the folders of Pascal VOC:
 * `JPEGImages`, `Annotations` and `ImageSets/Main`. A sample is `{ image, boxes, labels, name }`.
 *
 * Boxes are cut off at the edges of the image; those with nothing left are left out.
 *
 * Shapes: image uint8 `[3, H, W]`, boxes float32 `[N, 4]` as corners in pixels (VOC's first pixel is 1, here
 * its left edge is 0), labels int64 `[N]`.
 *
 * @throws {FormatError} if a file is missing, corrupt, names an unknown class, or has another size than
 *   its annotation says (see {@link ErrorPolicy}).
 * @see http://host.robots.ox.ac.uk/pascal/VOC/; torchvision.datasets.VOCDetection
 *
 * @example
 * ```ts
 * import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { zeros } from '@flambeau/core'
 * import { VOCDetection, writeImage } from '@flambeau/data'
 * const root = mkdtempSync(join(tmpdir(), 'voc-'))
 * for (const name of ['JPEGImages', 'Annotations']) mkdirSync(join(root, name))
 * await writeImage(join(root, 'JPEGImages/a.jpg'), zeros([3, 20, 30]))
 * const box = '<xmin>3</xmin><ymin>5</ymin><xmax>12</xmax><ymax>9</ymax>'
 * const object = `<object><name>cat</name><bndbox>${box}</bndbox></object>`
 * writeFileSync(join(root, 'Annotations/a.xml'), `<annotation>${object}</annotation>`)
 * const { boxes, labels } = await new VOCDetection(root).getItem(0)
 * console.log(boxes.tolist(), labels.tolist()) // => [ [ 2, 4, 12, 9 ] ] [ 7 ]
 * ```
 */
export class VOCDetection extends Dataset<VOCSample, unknown> {
  readonly root: string
  readonly classes: readonly string[]
  readonly names: readonly string[]
  override readonly length: number
  readonly #options: VOCDetectionOptions

  constructor(root: string, options: VOCDetectionOptions = {}) {
    super()
    requirePath('VOCDetection', root, 'root')
    checkSourceOptions('VOCDetection', options)
    this.root = root
    this.classes = options.classes ?? VOC_CLASSES
    this.names = listNames(root, 'Main', options)
    this.length = this.names.length
    this.#options = options
  }

  override getItem(index: number, context?: SampleContext): Promise<VOCSample> {
    const { transform, onError = 'throw' } = this.#options
    return readByPolicy('VOCDetection', index, this.length, onError, async (at) =>
      transformed(transform, await this.#read(this.names[at] as string), context),
    )
  }

  async #read(name: string): Promise<VOCSample> {
    const path = join(this.root, 'Annotations', `${name}.xml`)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return fail(
        path,
        `the annotation cannot be read (${code})`,
        'each image needs a file of its own',
      )
    }
    const { objects, size } = parseAnnotation(text, path)
    const image = await readImage(join(this.root, 'JPEGImages', `${name}.jpg`), { mode: 'rgb' })
    const [, height = 0, width = 0] = image.shape
    const [rows = Number.NaN, columns = Number.NaN] = size
    if ((rows > 0 && rows !== height) || (columns > 0 && columns !== width)) {
      fail(
        path,
        `the annotation is of ${rows} × ${columns} pixels, the image has ${height} × ${width}`,
        'take images and annotations from the same source',
      )
    }
    const found = objects.flatMap((one, i) => this.#object(one, i, path, height, width))
    return {
      image,
      boxes: tensor(
        found.flatMap(({ box }) => box),
        { dtype: 'float32' },
      ).view(found.length, 4),
      labels: tensor(
        found.map(({ label }) => label),
        { dtype: 'int64' },
      ),
      name,
    }
  }

  #object(
    one: VocObject,
    i: number,
    path: string,
    height: number,
    width: number,
  ): { box: number[]; label: number }[] {
    const { name, difficult, bndbox } = one
    const label = this.classes.indexOf(String(name))
    if (label < 0) {
      fail(path, `object ${i} is a ${show(name)}, which is none of the classes`, '{ classes: […] }')
    }
    const sides = ['xmin', 'ymin', 'xmax', 'ymax'].map((side) =>
      Number(bndbox?.[side] ?? Number.NaN),
    )
    const [xmin = 0, ymin = 0, xmax = 0, ymax = 0] = sides
    if (!sides.every(Number.isFinite)) {
      fail(path, `object ${i} needs a <bndbox> with xmin, ymin, xmax and ymax`, 'check the file')
    }
    if (this.#options.skipDifficult === true && Number(difficult) === 1) return []
    const box = [
      Math.max(0, xmin - 1),
      Math.max(0, ymin - 1),
      Math.min(width, xmax),
      Math.min(height, ymax),
    ]
    const [left = 0, top = 0, right = 0, bottom = 0] = box
    return right > left && bottom > top ? [{ box, label }] : []
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, VOCDetection, import.meta.url, [this.root, this.#options])
  }
}

/**
 * Images with the class of each pixel, in the folders of Pascal VOC: `JPEGImages`, `SegmentationClass` (PNG
 * files of indices) and `ImageSets/Segmentation`. A sample is `{ image, mask }`.
 *
 * Shapes: image uint8 `[3, H, W]`, mask uint8 `[H, W]`: 0 background, 1 and up the classes, 255 not labelled.
 *
 * @throws {FormatError} if a file is missing or corrupt, or a mask is not as large as its image.
 * @see torchvision.datasets.VOCSegmentation
 *
 * @example
 * ```ts
 * import { mkdirSync, mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { full, zeros } from '@flambeau/core'
 * import { VOCSegmentation, writeImage } from '@flambeau/data'
 * const root = mkdtempSync(join(tmpdir(), 'voc-'))
 * for (const name of ['JPEGImages', 'SegmentationClass']) mkdirSync(join(root, name))
 * await writeImage(join(root, 'JPEGImages/a.jpg'), zeros([3, 20, 30]))
 * const indices = full([20, 30], 1, { dtype: 'uint8' })
 * const palette = [[0, 0, 0], [128, 0, 0]] as const
 * await writeImage(join(root, 'SegmentationClass/a.png'), indices, { palette })
 * const { mask } = await new VOCSegmentation(root).getItem(0)
 * console.log(mask.shape, mask.max().item()) // => [ 20, 30 ] 1
 * ```
 */
export class VOCSegmentation extends Dataset<{ image: Tensor; mask: Tensor }> {
  readonly root: string
  readonly names: readonly string[]
  override readonly length: number
  readonly #options: VOCOptions

  constructor(root: string, options: VOCOptions = {}) {
    super()
    requirePath('VOCSegmentation', root, 'root')
    checkSourceOptions('VOCSegmentation', options)
    this.root = root
    this.names = listNames(root, 'Segmentation', options)
    this.length = this.names.length
    this.#options = options
  }

  override getItem(
    index: number,
    context?: SampleContext,
  ): Promise<{ image: Tensor; mask: Tensor }> {
    const { transform, onError = 'throw' } = this.#options
    return readByPolicy('VOCSegmentation', index, this.length, onError, async (at) => {
      const name = this.names[at] as string
      const path = join(this.root, 'SegmentationClass', `${name}.png`)
      const [image, mask] = await Promise.all([
        readImage(join(this.root, 'JPEGImages', `${name}.jpg`), { mode: 'rgb' }),
        readImage(path, { mode: 'index' }),
      ])
      const [one, two] = [image, mask].map(({ shape }) => shape.slice(1).join(' × '))
      if (one !== two) {
        fail(path, `the mask of ${two} does not fit its image of ${one}`, 'check the two files')
      }
      return transformed(transform, { image, mask: mask.select(0, 0) }, context)
    })
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, VOCSegmentation, import.meta.url, [this.root, this.#options])
  }
}
