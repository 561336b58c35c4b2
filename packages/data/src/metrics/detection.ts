/** Mean average precision of detections, by the definitions of COCO and of Pascal VOC. */
import type { TensorData } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import type { Corners, Detection, Outcome, Truth } from './detection-matching.ts'
import { averagePrecisionOf, matchCoco, matchVoc, overlaps } from './detection-matching.ts'
import { input, Metric, numbersOf, requireChoice } from './metric.ts'
import { Numbers } from './numbers.ts'

/** How boxes are written: corners, left-top corner with width and height, or centre with them. */
export type BoxFormat = 'xyxy' | 'xywh' | 'cxcywh'

/** What a model found in one image. */
export interface DetectedBoxes {
  /** `[D, 4]`. */
  boxes: TensorData
  /** `[D]`. */
  scores: TensorData
  /** `[D]`, classes. */
  labels: TensorData
}

/** What is there in one image. */
export interface TrueBoxes {
  /** `[G, 4]`. */
  boxes: TensorData
  /** `[G]`, classes. */
  labels: TensorData
  /** `[G]`: a crowd (COCO) or a difficult object (VOC), which is neither to be found nor a mistake to find. */
  iscrowd?: TensorData
  /** `[G]`: areas that decide about small, medium and large. Default: of the boxes. */
  area?: TensorData
}

/** What {@link MeanAveragePrecision} takes. */
export interface MeanAveragePrecisionOptions {
  /**
   * `'coco'`: thresholds .5 to .95, 101 points of recall. `'voc'`: threshold .5, the whole area under
   * the curve (from 2010 on). `'voc2007'`: threshold .5, 11 points. Default `'coco'`.
   */
  definition?: 'coco' | 'voc' | 'voc2007'
  /** Default `'xyxy'`. */
  boxFormat?: BoxFormat
  /** Overlaps from which on an object counts as found. Default: as the definition says. */
  iouThresholds?: readonly number[]
  /** COCO: detections of one class in an image that count, three numbers. Default [1, 10, 100]. */
  maxDetectionThresholds?: readonly [number, number, number]
}

/** What {@link MeanAveragePrecision} gives; −1 where no object was to be found. */
export interface MeanAveragePrecisionResult {
  /** The mean over thresholds and classes. */
  map: number
  /** At the threshold 0.5, and 0.75. */
  map50: number
  map75: number
  /** Of objects up to 32², up to 96² and above, in pixels. COCO only, −1 else. */
  mapSmall: number
  mapMedium: number
  mapLarge: number
  /** The mean recall with 1, 10 and 100 detections (or `maxDetectionThresholds`). COCO only, −1 else. */
  mar1: number
  mar10: number
  mar100: number
  /** The mean recall by size. COCO only, −1 else. */
  marSmall: number
  marMedium: number
  marLarge: number
  /** The classes seen, and the average precision and recall of each. */
  classes: number[]
  mapPerClass: number[]
  marPerClass: number[]
}

const AREAS = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const
type AreaName = keyof typeof AREAS

/** .5, .55, … .95 as NumPy's linspace makes them. */
const COCO_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
)

/** Numbers kept for each detection: image, class, score, left, top, right, bottom, area. */
const DETECTION_WIDTH = 8
/** Numbers kept for each object: image, class, crowd, left, top, right, bottom, area. */
const TRUTH_WIDTH = 8

/** Boxes of one class in one image. */
interface Group {
  detections: Detection[]
  truths: Truth[]
}

/**
 * Mean average precision of boxes, over all images of all batches.
 *
 * `'coco'` gives what pycocotools gives: detections by falling score, at most 100 of a class in an image;
 * crowds; areas small, medium and large; precision at 101 points of recall; the mean over thresholds and
 * classes. `'voc'` and `'voc2007'` are those of Pascal VOC's development kits, with boxes as continuous
 * coordinates.
 *
 * @throws {ValueError} for options that do not fit.
 * @see https://cocodataset.org/#detection-eval; torchmetrics.detection.MeanAveragePrecision
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MeanAveragePrecision } from '@flambeau/data'
 * const metric = new MeanAveragePrecision()
 * metric.update(
 *   [{ boxes: tensor([[10, 10, 60, 60]]), scores: tensor([0.9]), labels: tensor([1]) }],
 *   [{ boxes: tensor([[10, 10, 60, 50]]), labels: tensor([1]) }],
 * )
 * const { map, map50 } = metric.compute()
 * console.log(map.toFixed(2), map50) // => 0.70 1
 * ```
 */
export class MeanAveragePrecision extends Metric<
  MeanAveragePrecisionResult,
  [preds: readonly DetectedBoxes[], target: readonly TrueBoxes[]]
> {
  readonly definition: 'coco' | 'voc' | 'voc2007'
  readonly boxFormat: BoxFormat
  readonly iouThresholds: readonly number[]
  readonly maxDetectionThresholds: readonly [number, number, number]

  constructor(options: MeanAveragePrecisionOptions = {}) {
    super({ images: 0, detections: new Numbers(), truths: new Numbers() })
    const op = 'MeanAveragePrecision'
    const { definition = 'coco', boxFormat = 'xyxy', maxDetectionThresholds } = options
    this.definition = requireChoice(op, 'definition', definition, ['coco', 'voc', 'voc2007'])
    this.boxFormat = requireChoice(op, 'boxFormat', boxFormat, ['xyxy', 'xywh', 'cxcywh'])
    this.iouThresholds = options.iouThresholds ?? (definition === 'coco' ? COCO_THRESHOLDS : [0.5])
    if (this.iouThresholds.length === 0 || !this.iouThresholds.every((t) => t > 0 && t <= 1))
      throw new ValueError(op, [], 'iouThresholds must be above 0, up to 1, one at least', '[0.5]')
    const most = maxDetectionThresholds ?? [1, 10, 100]
    const counts = most.length === 3 && most.every((n) => Number.isSafeInteger(n) && n >= 1)
    if (!counts || most[0] > most[1] || most[1] > most[2])
      throw new ValueError(
        op,
        [],
        'maxDetectionThresholds must be three rising counts',
        '[1, 10, 100]',
      )
    this.maxDetectionThresholds = most
  }

  /**
   * Takes the detections and the objects of some images, one entry each.
   *
   * @throws {ShapeError} if the parts of an image do not fit each other.
   * @throws {ValueError} for NaN, or as many images in one list as not in the other.
   */
  override update(preds: readonly DetectedBoxes[], target: readonly TrueBoxes[]): void {
    const op = 'MeanAveragePrecision'
    if (!Array.isArray(preds) || !Array.isArray(target) || preds.length !== target.length)
      throw new ValueError(
        op,
        [],
        'preds and target must be lists of equally many images',
        'pass one entry per image',
      )
    const found: number[] = []
    const there: number[] = []
    const first = this.state['images'] as number
    for (const [i, one] of (preds as DetectedBoxes[]).entries()) {
      const image = first + i
      const boxes = this.#boxes(one.boxes)
      const labels = column(one.labels, boxes.length, 'labels')
      const scores = column(one.scores, boxes.length, 'scores')
      for (const [b, box] of boxes.entries())
        found.push(image, labels[b]!, scores[b]!, ...box, (box[2] - box[0]) * (box[3] - box[1]))
      const truth = target[i] as TrueBoxes
      const real = this.#boxes(truth.boxes)
      const classes = column(truth.labels, real.length, 'labels')
      const crowds =
        truth.iscrowd === undefined ? null : column(truth.iscrowd, real.length, 'iscrowd')
      const areas = truth.area === undefined ? null : column(truth.area, real.length, 'area')
      for (const [b, box] of real.entries()) {
        const area = areas?.[b] ?? (box[2] - box[0]) * (box[3] - box[1])
        there.push(image, classes[b]!, crowds?.[b] ?? 0, ...box, area)
      }
    }
    ;(this.state['detections'] as Numbers).push(found)
    ;(this.state['truths'] as Numbers).push(there)
    this.state['images'] = first + preds.length
  }

  #boxes(data: TensorData): Corners[] {
    const boxes = input(data)
    if (boxes.numel() === 0) return []
    if (boxes.ndim !== 2 || boxes.shape[1] !== 4)
      throw new ShapeError(
        'MeanAveragePrecision',
        { boxes },
        'boxes must be [N, 4]',
        'unsqueeze(0) of one box',
      )
    const numbers = numbersOf(boxes)
    if (numbers.some((value) => Number.isNaN(value)))
      throw new ValueError('MeanAveragePrecision', { boxes }, 'a box is NaN', 'leave it out')
    return Array.from({ length: boxes.shape[0] as number }, (_, i) => {
      const [a, b, c, d] = numbers.subarray(4 * i, 4 * i + 4) as unknown as Corners
      if (this.boxFormat === 'xyxy') return [a, b, c, d]
      if (this.boxFormat === 'xywh') return [a, b, a + c, b + d]
      return [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
    })
  }

  /** Boxes by class, then by image. Detections are in the order of falling scores. */
  #groups(): Map<number, Map<number, Group>> {
    const classes = new Map<number, Map<number, Group>>()
    const group = (label: number, image: number): Group => {
      let images = classes.get(label)
      if (images === undefined) classes.set(label, (images = new Map()))
      let found = images.get(image)
      if (found === undefined) images.set(image, (found = { detections: [], truths: [] }))
      return found
    }
    const found = (this.state['detections'] as Numbers).view()
    for (let i = 0; i < found.length; i += DETECTION_WIDTH) {
      const [image, label, score, x0, y0, x1, y1, area] = found.subarray(
        i,
        i + DETECTION_WIDTH,
      ) as unknown as number[]
      group(label!, image!).detections.push({
        box: [x0!, y0!, x1!, y1!],
        score: score!,
        area: area!,
      })
    }
    const there = (this.state['truths'] as Numbers).view()
    for (let i = 0; i < there.length; i += TRUTH_WIDTH) {
      const [image, label, crowd, x0, y0, x1, y1, area] = there.subarray(
        i,
        i + TRUTH_WIDTH,
      ) as unknown as number[]
      group(label!, image!).truths.push({
        box: [x0!, y0!, x1!, y1!],
        crowd: crowd !== 0,
        area: area!,
      })
    }
    for (const images of classes.values()) {
      for (const one of images.values()) one.detections.sort((a, b) => b.score - a.score)
    }
    return classes
  }

  override compute(): MeanAveragePrecisionResult {
    const groups = [...this.#groups()].sort(([a], [b]) => a - b)
    const coco = this.definition === 'coco'
    const most = this.maxDetectionThresholds
    const byClass = groups.map(([label, images]) => {
      const inOrder = [...images].sort(([a], [b]) => a - b).map(([, group]) => group)
      return { label, curves: coco ? this.#coco(inOrder) : this.#voc(inOrder) }
    })
    const pick = (area: AreaName, detections: number, part: 'precision' | 'recall', iou?: number) =>
      meanOf(
        byClass.flatMap(({ curves }) =>
          (curves.get(key(area, detections)) ?? [])
            .filter((one) => iou === undefined || Math.abs(one.iou - iou) < 1e-9)
            .map((one) => one[part]),
        ),
      )
    const each = (part: 'precision' | 'recall'): number[] =>
      byClass.map(({ curves }) =>
        meanOf((curves.get(key('all', most[2])) ?? []).map((one) => one[part])),
      )
    return {
      map: pick('all', most[2], 'precision'),
      map50: pick('all', most[2], 'precision', 0.5),
      map75: pick('all', most[2], 'precision', 0.75),
      mapSmall: pick('small', most[2], 'precision'),
      mapMedium: pick('medium', most[2], 'precision'),
      mapLarge: pick('large', most[2], 'precision'),
      mar1: pick('all', most[0], coco ? 'recall' : 'recall'),
      mar10: pick('all', most[1], 'recall'),
      mar100: pick('all', most[2], 'recall'),
      marSmall: pick('small', most[2], 'recall'),
      marMedium: pick('medium', most[2], 'recall'),
      marLarge: pick('large', most[2], 'recall'),
      classes: byClass.map(({ label }) => label),
      mapPerClass: each('precision'),
      marPerClass: each('recall'),
    }
  }

  /** Average precision and recall of one class by area, count of detections and threshold. */
  #coco(groups: readonly Group[]): Curves {
    const curves: Curves = new Map()
    const most = this.maxDetectionThresholds
    const tables = groups.map(({ detections, truths }) => {
      const best = detections.slice(0, most[2])
      return { best, truths, table: overlaps(best, truths, true) }
    })
    for (const [area, range] of Object.entries(AREAS) as [AreaName, readonly [number, number]][]) {
      const objects = groups
        .flatMap((group) => group.truths)
        .filter((truth) => !truth.crowd && truth.area >= range[0] && truth.area <= range[1]).length
      if (objects === 0) continue
      for (const iou of this.iouThresholds) {
        const outcomes = tables.map(({ best, truths, table }) =>
          matchCoco(best, truths, table, iou, range),
        )
        for (const count of new Set(area === 'all' ? most : [most[2]])) {
          const all = outcomes.flatMap((one) => one.slice(0, count))
          add(curves, key(area, count), iou, all, objects, 'coco101')
        }
      }
    }
    return curves
  }

  #voc(groups: readonly Group[]): Curves {
    const curves: Curves = new Map()
    const objects = groups.flatMap((group) => group.truths).filter((truth) => !truth.crowd).length
    if (objects === 0) return curves
    const interpolation = this.definition === 'voc' ? 'all' : 'voc11'
    for (const iou of this.iouThresholds) {
      const all = groups.flatMap(({ detections, truths }) =>
        matchVoc(detections, truths, overlaps(detections, truths, false), iou),
      )
      add(curves, key('all', this.maxDetectionThresholds[2]), iou, all, objects, interpolation)
    }
    return curves
  }
}

type Curves = Map<string, { iou: number; precision: number; recall: number }[]>

function key(area: AreaName, detections: number): string {
  return `${area} ${detections}`
}

function add(
  curves: Curves,
  name: string,
  iou: number,
  outcomes: readonly Outcome[],
  objects: number,
  interpolation: Parameters<typeof averagePrecisionOf>[2],
): void {
  const one = { iou, ...averagePrecisionOf(outcomes, objects, interpolation) }
  const list = curves.get(name)
  if (list === undefined) curves.set(name, [one])
  else list.push(one)
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? -1 : values.reduce((a, b) => a + b, 0) / values.length
}

/** One number for each box. */
function column(data: TensorData, boxes: number, name: string): ArrayLike<number> {
  const tensor = input(data)
  if (tensor.numel() !== boxes || tensor.ndim > 1)
    throw new ShapeError(
      'MeanAveragePrecision',
      { [name]: tensor },
      `${name} must have one element for each of the ${boxes} boxes`,
      'pass one-axis tensors',
    )
  const numbers = numbersOf(tensor)
  if (numbers.some((value) => Number.isNaN(value)))
    throw new ValueError(
      'MeanAveragePrecision',
      { [name]: tensor },
      `${name} has a NaN`,
      'leave the box out',
    )
  return numbers
}
