/** Boxes: areas, overlaps, forms, and choosing among them. */
import type { Tensor } from '@flambeau/core'
import { cat, maximum, minimum, ShapeError, stack, tensor, ValueError } from '@flambeau/core'
import { requireNumberList, requireTensor, requireTensors, show } from '@flambeau/core/internal'

/** How four numbers name a box: corners; corner and size; centre and size. In pixels. */
export type BoxFormat = 'xyxy' | 'xywh' | 'cxcywh'

function requireBoxes(op: string, tensors: Readonly<Record<string, Tensor>>): void {
  for (const [name, boxes] of Object.entries(tensors)) {
    requireTensor(op, name, boxes)
    if (boxes.ndim === 2 && boxes.shape[1] === 4) continue
    throw new ShapeError(op, tensors, 'boxes must be [N, 4]', 'reshape([-1, 4])')
  }
}

/** x1, y1, x2 and y2 of boxes, each `[N]`. */
export function cornersOf(boxes: Tensor): [x1: Tensor, y1: Tensor, x2: Tensor, y2: Tensor] {
  requireTensor('boxes', 'boxes', boxes)
  if (boxes.ndim === 0 || boxes.shape.at(-1) !== 4) {
    throw new ShapeError('boxes', { boxes }, 'boxes must be [N, 4]', 'reshape([-1, 4])')
  }
  return boxes.unbind(-1) as [Tensor, Tensor, Tensor, Tensor]
}

/**
 * The areas of boxes.
 *
 * Shapes: `[N, 4]` as x1, y1, x2, y2 -> `[N]`.
 *
 * @throws {ShapeError} for other shapes.
 * @see torchvision.ops.box_area
 */
export function boxArea(boxes: Tensor): Tensor {
  requireBoxes('boxArea', { boxes })
  const [x1, y1, x2, y2] = cornersOf(boxes)
  return x2.sub(x1).mul(y2.sub(y1))
}

/**
 * Boxes in another form.
 *
 * Shapes: `[…, 4]` -> the same.
 *
 * @throws {ValueError} for forms that there are not.
 * @see torchvision.ops.box_convert
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { boxConvert } from '@flambeau/vision-models'
 * const corners = tensor([[10, 20, 30, 60]])
 * console.log(boxConvert(corners, 'xyxy', 'cxcywh').tolist()) // => [ [ 20, 40, 20, 40 ] ]
 * ```
 */
export function boxConvert(boxes: Tensor, from: BoxFormat, to: BoxFormat): Tensor {
  const known: readonly string[] = ['xyxy', 'xywh', 'cxcywh']
  for (const form of [from, to]) {
    if (known.includes(form)) continue
    throw new ValueError(
      'boxConvert',
      { boxes },
      `there is no form ${show(form)}`,
      known.join(', '),
    )
  }
  const [a, b, c, d] = cornersOf(boxes)
  const corners: [Tensor, Tensor, Tensor, Tensor] =
    from === 'xyxy'
      ? [a, b, c, d]
      : from === 'xywh'
        ? [a, b, a.add(c), b.add(d)]
        : [a.sub(c.div(2)), b.sub(d.div(2)), a.add(c.div(2)), b.add(d.div(2))]
  const [x1, y1, x2, y2] = corners
  if (to === 'xyxy') return stack(corners, -1)
  const [w, h] = [x2.sub(x1), y2.sub(y1)]
  if (to === 'xywh') return stack([x1, y1, w, h], -1)
  return stack([x1.add(x2).div(2), y1.add(y2).div(2), w, h], -1)
}

/**
 * Boxes cut off at the edges of the image.
 *
 * Shapes: `[…, 4]` as x1, y1, x2, y2 -> the same.
 *
 * @param size Height and width of the image, in pixels.
 * @see torchvision.ops.clip_boxes_to_image
 */
export function clipBoxesToImage(boxes: Tensor, size: readonly [number, number]): Tensor {
  requireNumberList('clipBoxesToImage', 'size', size, 2)
  const [height, width] = size
  const [x1, y1, x2, y2] = cornersOf(boxes)
  const within = (x: Tensor, max: number): Tensor => x.clamp({ min: 0, max })
  return stack([within(x1, width), within(y1, height), within(x2, width), within(y2, height)], -1)
}

/**
 * Places of the boxes with both sides of at least `minSize`: int64 `[K]`.
 *
 * @see torchvision.ops.remove_small_boxes
 */
export function removeSmallBoxes(boxes: Tensor, minSize: number): Tensor {
  requireBoxes('removeSmallBoxes', { boxes })
  const [x1, y1, x2, y2] = cornersOf(boxes)
  const large = x2.sub(x1).ge(minSize).logicalAnd(y2.sub(y1).ge(minSize))
  return large.nonzero().squeeze(1)
}

/** Areas of the intersections and unions of all pairs: `[N, M]` each. */
function pairs(a: Tensor, b: Tensor): { intersection: Tensor; union: Tensor } {
  const [left, right] = [a.unsqueeze(1), b.unsqueeze(0)]
  const from = maximum(left.narrow(2, 0, 2), right.narrow(2, 0, 2))
  const to = minimum(left.narrow(2, 2, 2), right.narrow(2, 2, 2))
  const [w, h] = to.sub(from).clamp({ min: 0 }).unbind(2) as [Tensor, Tensor]
  const intersection = w.mul(h)
  const union = boxArea(a).unsqueeze(1).add(boxArea(b)).sub(intersection)
  return { intersection, union }
}

/**
 * Intersection over union of all pairs of boxes.
 *
 * Shapes: `[N, 4]` and `[M, 4]` as x1, y1, x2, y2 -> `[N, M]`.
 *
 * @throws {ShapeError} for other shapes.
 * @see torchvision.ops.box_iou
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { boxIou } from '@flambeau/vision-models'
 * const a = tensor([[0, 0, 2, 2]]).float()
 * console.log(boxIou(a, tensor([[0, 0, 2, 1], [5, 5, 6, 6]]).float()).tolist()) // => [ [ 0.5, 0 ] ]
 * ```
 */
export function boxIou(a: Tensor, b: Tensor): Tensor {
  requireBoxes('boxIou', { a, b })
  const { intersection, union } = pairs(a, b)
  return intersection.div(union)
}

/**
 * Generalised intersection over union of all pairs, from -1 to 1: less the further boxes are apart.
 *
 * Shapes: `[N, 4]` and `[M, 4]` as x1, y1, x2, y2 -> `[N, M]`.
 *
 * @throws {ShapeError} for other shapes.
 * @see torchvision.ops.generalized_box_iou; Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630
 */
export function generalizedBoxIou(a: Tensor, b: Tensor): Tensor {
  requireBoxes('generalizedBoxIou', { a, b })
  const { intersection, union } = pairs(a, b)
  const [left, right] = [a.unsqueeze(1), b.unsqueeze(0)]
  const from = minimum(left.narrow(2, 0, 2), right.narrow(2, 0, 2))
  const to = maximum(left.narrow(2, 2, 2), right.narrow(2, 2, 2))
  const [w, h] = to.sub(from).clamp({ min: 0 }).unbind(2) as [Tensor, Tensor]
  const hull = w.mul(h)
  return intersection.div(union).sub(hull.sub(union).div(hull))
}

/** Boxes with their scores as plain numbers, the best first. */
interface Ranked {
  readonly boxes: Float64Array
  readonly scores: number[]
  readonly order: number[]
}

function ranked(op: string, boxes: Tensor, scores: Tensor): Ranked {
  requireBoxes(op, { boxes })
  const count = boxes.shape[0] as number
  requireTensor(op, 'scores', scores)
  if (scores.ndim !== 1 || scores.shape[0] !== count) {
    throw new ShapeError(
      op,
      { boxes, scores },
      'scores must be [N], as many as boxes',
      'squeeze(1)',
    )
  }
  const numbers = Float64Array.from(boxes.detach().double().flatten().toArray() as Float64Array)
  const order = scores.detach().argsort({ descending: true, stable: true }).tolist() as number[]
  return { boxes: numbers, scores: scores.tolist() as number[], order }
}

/** Overlap of boxes i and j. */
function overlap(b: Float64Array, i: number, j: number): number {
  const [x1, y1, x2, y2] = [b[4 * i]!, b[4 * i + 1]!, b[4 * i + 2]!, b[4 * i + 3]!]
  const [u1, v1, u2, v2] = [b[4 * j]!, b[4 * j + 1]!, b[4 * j + 2]!, b[4 * j + 3]!]
  const w = Math.min(x2, u2) - Math.max(x1, u1)
  const h = Math.min(y2, v2) - Math.max(y1, v1)
  if (w <= 0 || h <= 0) return 0
  return (w * h) / ((x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - w * h)
}

/**
 * Non-maximum suppression: of boxes that overlap by more than a threshold, only the best scored.
 *
 * Shapes: boxes `[N, 4]` as x1, y1, x2, y2, scores `[N]` -> places of those kept, best first, int64.
 *
 * @param iouThreshold From 0 to 1.
 * @throws {ShapeError} if they do not fit.
 * @see torchvision.ops.nms
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { nms } from '@flambeau/vision-models'
 * const boxes = tensor([[0, 0, 9, 9], [1, 0, 10, 9], [20, 20, 30, 30]]).float()
 * console.log(nms(boxes, tensor([0.8, 0.9, 0.7]), 0.5).tolist()) // => [ 1, 2 ]
 * ```
 */
export function nms(boxes: Tensor, scores: Tensor, iouThreshold: number): Tensor {
  const { boxes: b, order } = ranked('nms', boxes, scores)
  const kept: number[] = []
  for (const i of order) {
    if (kept.every((j) => overlap(b, i, j) <= iouThreshold)) kept.push(i)
  }
  return tensor(kept, { dtype: 'int64' })
}

/**
 * {@link nms} of each class by itself.
 *
 * @param labels The class of each box: int64 `[N]`.
 * @throws {ShapeError} if they do not fit.
 * @see torchvision.ops.batched_nms
 */
export function batchedNms(
  boxes: Tensor,
  scores: Tensor,
  labels: Tensor,
  iouThreshold: number,
): Tensor {
  const { boxes: b, order } = ranked('batchedNms', boxes, scores)
  const classes = labels.tolist() as number[]
  const kept = new Map<number, number[]>()
  const all: number[] = []
  for (const i of order) {
    const own = kept.get(classes[i] as number) ?? []
    if (own.some((j) => overlap(b, i, j) > iouThreshold)) continue
    own.push(i)
    kept.set(classes[i] as number, own)
    all.push(i)
  }
  return tensor(all, { dtype: 'int64' })
}

/** What {@link softNms} gives. */
export interface SoftNmsResult {
  /** Places of the boxes kept, best first: int64 `[K]`. */
  readonly kept: Tensor
  /** Their scores after the decay: float32 `[K]`. */
  readonly scores: Tensor
}

/**
 * Soft non-maximum suppression: overlapping boxes lose score by a Gaussian instead of being dropped.
 *
 * @param sigma Width of the Gaussian. Default 0.5. @param minScore Boxes below are dropped. Default
 * 0.001.
 * @throws {ShapeError} if they do not fit.
 * @see Bodla et al. 2017, https://arxiv.org/abs/1704.04503
 */
export function softNms(
  boxes: Tensor,
  scores: Tensor,
  sigma: number = 0.5,
  minScore: number = 0.001,
): SoftNmsResult {
  const { boxes: b, scores: given, order } = ranked('softNms', boxes, scores)
  const left = new Map(order.map((i) => [i, given[i] as number]))
  const kept: number[] = []
  const values: number[] = []
  while (left.size > 0) {
    let [best, bestScore] = [-1, -Infinity]
    for (const [i, score] of left) if (score > bestScore) [best, bestScore] = [i, score]
    left.delete(best)
    if (!(bestScore >= minScore)) break
    kept.push(best)
    values.push(bestScore)
    for (const [i, score] of left) {
      left.set(i, score * Math.exp(-(overlap(b, best, i) ** 2) / sigma))
    }
  }
  return { kept: tensor(kept, { dtype: 'int64' }), scores: tensor(values, { dtype: 'float32' }) }
}

/** Boxes of several images in one tensor `[K, 5]`, the number of the image first. */
export function withImageNumbers(boxes: readonly Tensor[]): Tensor {
  requireTensors('withImageNumbers', 'boxes', boxes)
  const parts = boxes.map((one, i) => {
    requireBoxes('withImageNumbers', { boxes: one })
    const number = one.narrow(1, 0, 1).mul(0).add(i)
    return cat([number, one], 1)
  })
  return cat(parts)
}
