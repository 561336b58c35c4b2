import type { Tensor } from '@flambeau/core'
import { arange, cat, meshgrid, stack, tensor, zeros } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { BoxCoder, matchAnchors } from './anchors.ts'
import { boxIou, clipBoxesToImage } from './boxes.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { Detector, ImageBatcher, resizeBoxes } from './detector.ts'
import { convolution } from './feature-maps.ts'
import { balancedSample } from './rpn.ts'
import { indices, selectDetections } from './selection.ts'
import { byPlace } from './ssd.ts'

const F = nn.functional

/** Options of {@link OverFeat}. */
export interface OverFeatOptions {
  /** With the background. Default 1001, ImageNet's. */
  readonly numClasses?: number
  /** Factors of the image's size at which windows are looked at. Default [1, 1.4, 0.7]. */
  readonly scales?: readonly number[]
  /** Channels after each halving; windows are this many halvings apart. Default [16, 32, 64]. */
  readonly widths?: readonly number[]
  /** Places of the last map that a window covers, a side. Default 4. */
  readonly windowPlaces?: number
  /** Overlap from which on a window has an object's class. Default 0.4. */
  readonly foreground?: number
  /** Windows of an image that count in the loss. Default 128, at most a third of them of objects. */
  readonly samples?: number
  /** Only windows with a score above. Default 0.05. */
  readonly scoreThreshold?: number
  /** Boxes of a class that overlap by more become one. Default 0.3. */
  readonly mergeThreshold?: number
  /** Most detections in an image. Default 100. */
  readonly detectionsPerImage?: number
}

/** What all windows of a batch say. */
interface Windows {
  /** Logits `[N, A, C]`. */
  readonly logits: Tensor
  /** `[N, A, 4]`, see {@link BoxCoder}. */
  readonly codes: Tensor
  /** `[A, 4]`, in pixels of the batch. */
  readonly boxes: Tensor
}

/**
 * OverFeat: a classifier of windows that is convolutional from end to end, so that one pass looks at all
 * windows of an image, at several scales; a second head says where the object lies in each window. Boxes
 * of a class that overlap are merged to their average, weighted by their scores, not suppressed.
 *
 * Losses: `classification`, `regression`.
 *
 * @see Sermanet et al. 2013, https://arxiv.org/abs/1312.6229
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { OverFeat } from '@flambeau/vision-models'
 * const net = new OverFeat({ numClasses: 3, scales: [1] })
 * console.log(net.windowSize, net.detect([rand([3, 64, 48])]).length) // => 32 1
 * ```
 */
export class OverFeat extends Detector {
  readonly numClasses: number
  features: nn.Sequential
  classifier: nn.Sequential
  regressor: nn.Sequential
  readonly scales: readonly number[]
  readonly stride: number
  readonly windowPlaces: number
  readonly coder: BoxCoder = new BoxCoder([5, 5, 2.5, 2.5])
  readonly batcher: ImageBatcher
  readonly settings: Required<
    Omit<OverFeatOptions, 'numClasses' | 'scales' | 'widths' | 'windowPlaces'>
  >

  constructor(options: OverFeatOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 1001, widths = [16, 32, 64], windowPlaces = 4 } = options
    this.numClasses = numClasses
    this.scales = options.scales ?? [1, 1.4, 0.7]
    this.stride = 2 ** widths.length
    this.windowPlaces = windowPlaces
    this.settings = {
      foreground: options.foreground ?? 0.4,
      samples: options.samples ?? 128,
      scoreThreshold: options.scoreThreshold ?? 0.05,
      mergeThreshold: options.mergeThreshold ?? 0.3,
      detectionsPerImage: options.detectionsPerImage ?? 100,
    }
    requireNumberList('OverFeat', 'widths', widths)
    let from = 3
    this.features = new nn.Sequential(
      ...widths.flatMap((width, i) => {
        const layers = [...convolution(from, width, 2)]
        if (i > 0) layers.push(...convolution(width, width, 1))
        from = width
        return layers
      }),
    )
    // What would be linear layers over a window: a convolution over it, then 1 × 1 ones.
    const head = (outputs: number): nn.Sequential =>
      new nn.Sequential(
        new nn.Conv2d(from, 2 * from, windowPlaces),
        new nn.ReLU(true),
        new nn.Conv2d(2 * from, outputs, 1),
      )
    this.classifier = head(numClasses)
    this.regressor = head(4)
    const step = this.stride * windowPlaces
    this.batcher = new ImageBatcher({
      sizeDivisible: step,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    })
  }

  /** Pixels a side of a window. */
  get windowSize(): number {
    return this.stride * this.windowPlaces
  }

  /** All windows at all scales. */
  private look(images: Tensor): Windows {
    const [height, width] = images.shape.slice(2) as [number, number]
    const parts = this.scales.map((scale) => {
      const size = [height, width].map((side) =>
        Math.max(Math.round((side * scale) / this.stride) * this.stride, this.windowSize),
      ) as [number, number]
      const same = size[0] === height && size[1] === width
      const scaled = same ? images : F.interpolate(images, { size, mode: 'bilinear' })
      const map = this.features(scaled)
      const logits = this.classifier(map)
      const [rows, columns] = logits.shape.slice(2) as [number, number]
      const [y, x] = meshgrid([arange(rows), arange(columns)], { indexing: 'ij' }) as [
        Tensor,
        Tensor,
      ]
      const corners = stack([x.flatten(), y.flatten()], 1).mul(this.stride)
      const boxes = cat([corners, corners.add(this.windowSize)], 1).float()
      return {
        logits: byPlace(logits, this.numClasses),
        codes: byPlace(this.regressor(map), 4),
        boxes: resizeBoxes(boxes, size, [height, width]),
      }
    })
    return {
      logits: cat(
        parts.map((one) => one.logits),
        1,
      ),
      codes: cat(
        parts.map((one) => one.codes),
        1,
      ),
      boxes: cat(parts.map((one) => one.boxes)),
    }
  }

  protected override computeLosses(
    images: readonly Tensor[],
    given: readonly DetectionTarget[],
  ): DetectorLosses {
    const batch = this.batcher.batch(images)
    const targets = this.batcher.targets(batch, given)
    const { logits, codes, boxes } = this.look(batch.tensor)
    const { foreground, samples } = this.settings
    const count = boxes.shape[0] as number
    const [chosen, labels, positives, wanted]: [number[], number[], number[], Tensor[]] = [
      [],
      [],
      [],
      [],
    ]
    targets.forEach((target, image) => {
      const classes = target.labels.tolist() as number[]
      const iou = boxIou(target.boxes, boxes)
      const { matched } = matchAnchors(iou, foreground, foreground * 0.6, true)
      const objects = matched.tolist() as number[]
      const own = objects.map((object) =>
        object >= 0 ? (classes[object] as number) : object === -1 ? 0 : -1,
      )
      const { positive, negative } = balancedSample(own, samples, 1 / 3)
      const at = (place: number): number => image * count + place
      chosen.push(...positive.map(at), ...negative.map(at))
      labels.push(...positive.map((place) => own[place] as number), ...negative.map(() => 0))
      positives.push(...positive.map(at))
      const truths = indices(positive.map((place) => objects[place] as number))
      const from = boxes.indexSelect(0, indices(positive))
      wanted.push(this.coder.encode(target.boxes.indexSelect(0, truths), from))
    })
    const rows = logits.reshape([-1, this.numClasses]).indexSelect(0, indices(chosen))
    const said = codes.reshape([-1, 4]).indexSelect(0, indices(positives))
    const share = 1 / Math.max(positives.length, 1)
    return {
      classification: F.crossEntropy(rows, indices(labels)),
      regression: F.smoothL1Loss(said, cat(wanted), { reduction: 'sum' }).mul(share),
    }
  }

  protected override find(images: readonly Tensor[]): Detection[] {
    const batch = this.batcher.batch(images)
    const { logits, codes, boxes } = this.look(batch.tensor)
    const { scoreThreshold, mergeThreshold, detectionsPerImage } = this.settings
    const found = images.map((_, i) => {
      const own = this.coder.decode(codes.select(0, i), boxes)
      const all = selectDetections(
        clipBoxesToImage(own, batch.sizes[i] as ImageSize),
        logits.select(0, i).softmax(1),
        {
          scoreThreshold,
          nmsThreshold: 1,
          detectionsPerImage: boxes.shape[0] as number,
          minSide: 1,
        },
      )
      return mergeBoxes(all, mergeThreshold, detectionsPerImage)
    })
    return this.batcher.restore(batch, found)
  }
}

/**
 * Merges boxes of a class that overlap the best of them by more than a threshold to their average,
 * weighted by their scores. The best score is kept.
 *
 * @param most Most that are given. Default all.
 * @see Sermanet et al. 2013, https://arxiv.org/abs/1312.6229
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { mergeBoxes } from '@flambeau/vision-models'
 * const boxes = tensor([[0, 0, 10, 10], [0, 0, 12, 10], [30, 30, 40, 40]], { dtype: 'float32' })
 * const found = { boxes, scores: tensor([0.5, 0.5, 0.25]), labels: tensor([1, 1, 1]) }
 * console.log(mergeBoxes(found, 0.5).boxes.tolist()) // => [ [ 0, 0, 11, 10 ], [ 30, 30, 40, 40 ] ]
 * ```
 */
export function mergeBoxes(
  found: Detection,
  threshold: number,
  most: number = Infinity,
): Detection {
  requireOptions('mergeBoxes', found, ['boxes', 'scores', 'labels'])
  requireTensor('mergeBoxes', 'boxes', found.boxes)
  requireTensor('mergeBoxes', 'scores', found.scores)
  requireTensor('mergeBoxes', 'labels', found.labels)
  const count = found.boxes.shape[0] as number
  if (count === 0) return { boxes: zeros([0, 4]), scores: zeros([0]), labels: found.labels }
  const corners = found.boxes.tolist() as number[][]
  const scores = found.scores.tolist() as number[]
  const labels = found.labels.tolist() as number[]
  const iou = boxIou(found.boxes, found.boxes).tolist() as number[][]
  const order = [...scores.keys()].toSorted((a, b) => (scores[b] as number) - (scores[a] as number))
  const used = new Set<number>()
  const merged: { box: number[]; score: number; label: number }[] = []
  for (const best of order) {
    if (used.has(best)) continue
    if (merged.length >= most) break
    const group = order.filter(
      (i) =>
        !used.has(i) &&
        labels[i] === labels[best] &&
        (i === best || (iou[best]?.[i] as number) > threshold),
    )
    for (const i of group) used.add(i)
    const total = group.reduce((sum, i) => sum + (scores[i] as number), 0)
    const box = [0, 1, 2, 3].map(
      (k) => group.reduce((sum, i) => sum + (scores[i] as number) * corners[i]![k]!, 0) / total,
    )
    merged.push({ box, score: scores[best] as number, label: labels[best] as number })
  }
  return {
    boxes: tensor(
      merged.map((one) => one.box),
      { dtype: 'float32' },
    ),
    scores: tensor(
      merged.map((one) => one.score),
      { dtype: 'float32' },
    ),
    labels: indices(merged.map((one) => one.label)),
  }
}
