/** Mean average precision of detections, by the definitions of COCO and of Pascal VOC. */
import { ValueError } from '@flambeau/core'
import { requireNumberList, requireOptions } from '@flambeau/core/internal'
import { choiceOf } from '../checked.ts'
import type {
  BoxFormat,
  DetectedBoxes,
  DetectedBy,
  DetectedMasks,
  IouType,
  TrueBoxes,
  TrueBy,
  TrueMasks,
} from './detection-inputs.ts'
import { column, compareBoxes, compareMasks } from './detection-inputs.ts'
import type { Detection, Outcome, Truth } from './detection-matching.ts'
import { averagePrecisionOf, matchCoco, matchVoc } from './detection-matching.ts'
import { Metric } from './metric.ts'
import { Numbers } from './numbers.ts'

/** What {@link MeanAveragePrecision} takes. */
export interface MeanAveragePrecisionOptions<T extends IouType = IouType> {
  /** What overlaps are taken of: `'bbox'`, boxes, or `'segm'`, masks. Default `'bbox'`. */
  iouType?: T
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

/** Numbers kept for each detection: image, class, score, area. */
const DETECTION_WIDTH = 4
/** Numbers kept for each object: image, class, crowd, area. */
const TRUTH_WIDTH = 4

/** What there is of one class in one image. */
interface Group {
  detections: Detection[]
  truths: Truth[]
}

/**
 * Mean average precision of boxes or of masks, over all images of all batches.
 *
 * `'coco'` gives what pycocotools gives: detections by falling score, at most 100 of a class in an image;
 * crowds; areas small, medium and large; precision at 101 points of recall; the mean over thresholds and
 * classes. `'voc'` and `'voc2007'` are those of Pascal VOC's development kits, with boxes as continuous
 * coordinates. With `iouType: 'segm'` overlaps and areas are those of masks.
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
 *
 * @example
 * Of masks:
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MeanAveragePrecision } from '@flambeau/data'
 * const metric = new MeanAveragePrecision({ iouType: 'segm' })
 * metric.update(
 *   [{ masks: tensor([[[1, 1, 0], [1, 0, 0]]]), scores: tensor([0.9]), labels: tensor([1]) }],
 *   [{ masks: tensor([[[1, 1, 0], [1, 1, 0]]]), labels: tensor([1]) }],
 * )
 * const { map, map50 } = metric.compute()
 * console.log(map.toFixed(2), map50) // => 0.60 1
 * ```
 */
export class MeanAveragePrecision<T extends IouType = 'bbox'> extends Metric<
  MeanAveragePrecisionResult,
  [preds: readonly DetectedBy[T][], target: readonly TrueBy[T][]]
> {
  readonly iouType: T
  readonly definition: 'coco' | 'voc' | 'voc2007'
  readonly boxFormat: BoxFormat
  readonly iouThresholds: readonly number[]
  readonly maxDetectionThresholds: readonly [number, number, number]

  constructor(options: MeanAveragePrecisionOptions<T> = {}) {
    super({
      images: 0,
      detections: new Numbers(),
      truths: new Numbers(),
      // Of each detection with each object of its class in its image.
      overlaps: new Numbers(),
    })
    const op = 'MeanAveragePrecision'
    requireOptions(op, options)
    const { definition = 'coco', boxFormat = 'xyxy', maxDetectionThresholds } = options
    this.iouType = choiceOf<IouType>(op, 'iouType', options.iouType ?? 'bbox', [
      'bbox',
      'segm',
    ]) as T
    this.definition = choiceOf(op, 'definition', definition, ['coco', 'voc', 'voc2007'])
    this.boxFormat = choiceOf(op, 'boxFormat', boxFormat, ['xyxy', 'xywh', 'cxcywh'])
    this.iouThresholds = options.iouThresholds ?? (definition === 'coco' ? COCO_THRESHOLDS : [0.5])
    requireNumberList(op, 'iouThresholds', this.iouThresholds)
    if (this.iouThresholds.length === 0 || !this.iouThresholds.every((t) => t > 0 && t <= 1))
      throw new ValueError(op, [], 'iouThresholds must be above 0, up to 1, one at least', '[0.5]')
    const most = maxDetectionThresholds ?? [1, 10, 100]
    requireNumberList(op, 'maxDetectionThresholds', most, 3)
    const counts = most.every((n) => Number.isSafeInteger(n) && n >= 1)
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
  override update(preds: readonly DetectedBy[T][], target: readonly TrueBy[T][]): void {
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
    const overlaps: number[] = []
    const first = this.state['images'] as number
    const coco = this.definition === 'coco'
    for (const [i, one] of (preds as readonly (DetectedBoxes | DetectedMasks)[]).entries()) {
      const image = first + i
      const truth = target[i] as TrueBoxes | TrueMasks
      const { areas, trueAreas, overlap } =
        this.iouType === 'segm'
          ? compareMasks((one as DetectedMasks).masks, (truth as TrueMasks).masks)
          : compareBoxes((one as DetectedBoxes).boxes, (truth as TrueBoxes).boxes, this.boxFormat)
      const labels = column(one.labels, areas.length, 'labels')
      const scores = column(one.scores, areas.length, 'scores')
      const classes = column(truth.labels, trueAreas.length, 'labels')
      const crowds =
        truth.iscrowd === undefined ? null : column(truth.iscrowd, trueAreas.length, 'iscrowd')
      const given = truth.area === undefined ? null : column(truth.area, trueAreas.length, 'area')
      for (let g = 0; g < trueAreas.length; g++)
        there.push(image, classes[g]!, crowds?.[g] ?? 0, given?.[g] ?? trueAreas[g]!)
      for (let d = 0; d < areas.length; d++) {
        found.push(image, labels[d]!, scores[d]!, areas[d]!)
        for (let g = 0; g < trueAreas.length; g++) {
          const crowd = coco && crowds !== null && crowds[g] !== 0
          if (classes[g] === labels[d]) overlaps.push(overlap(d, g, crowd))
        }
      }
    }
    ;(this.state['detections'] as Numbers).push(found)
    ;(this.state['truths'] as Numbers).push(there)
    ;(this.state['overlaps'] as Numbers).push(overlaps)
    this.state['images'] = first + preds.length
  }

  /** What there is by class, then by image. Detections are in the order of falling scores. */
  #groups(): Map<number, Map<number, Group>> {
    const classes = new Map<number, Map<number, Group>>()
    const group = (label: number, image: number): Group => {
      let images = classes.get(label)
      if (images === undefined) classes.set(label, (images = new Map()))
      let found = images.get(image)
      if (found === undefined) images.set(image, (found = { detections: [], truths: [] }))
      return found
    }
    const there = (this.state['truths'] as Numbers).view()
    for (let i = 0; i < there.length; i += TRUTH_WIDTH) {
      const [image, label, crowd, area] = there.subarray(i, i + TRUTH_WIDTH) as unknown as number[]
      group(label!, image!).truths.push({ crowd: crowd !== 0, area: area! })
    }
    const found = (this.state['detections'] as Numbers).view()
    const overlaps = (this.state['overlaps'] as Numbers).view()
    let at = 0
    for (let i = 0; i < found.length; i += DETECTION_WIDTH) {
      const [image, label, score, area] = found.subarray(
        i,
        i + DETECTION_WIDTH,
      ) as unknown as number[]
      const { detections, truths } = group(label!, image!)
      const row = overlaps.subarray(at, (at += truths.length))
      detections.push({ score: score!, area: area!, overlaps: row })
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
      mar1: pick('all', most[0], 'recall'),
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
    const judged = groups.map(({ detections, truths }) => ({
      best: detections.slice(0, most[2]),
      truths,
    }))
    for (const [area, range] of Object.entries(AREAS) as [AreaName, readonly [number, number]][]) {
      const objects = groups
        .flatMap((group) => group.truths)
        .filter((truth) => !truth.crowd && truth.area >= range[0] && truth.area <= range[1]).length
      if (objects === 0) continue
      for (const iou of this.iouThresholds) {
        const outcomes = judged.map(({ best, truths }) => matchCoco(best, truths, iou, range))
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
      const all = groups.flatMap(({ detections, truths }) => matchVoc(detections, truths, iou))
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
