/** Boxes to begin from, and how far others are from them. */
import type { Tensor } from '@flambeau/core'
import { arange, cat, maximum, meshgrid, stack, tensor } from '@flambeau/core'
import { requireList, requireNumberList, requireTensor } from '@flambeau/core/internal'
import { cornersOf } from './boxes.ts'

/**
 * Boxes of given sizes and shapes around every place of feature maps.
 *
 * @see torchvision.models.detection.anchor_utils.AnchorGenerator
 *
 * @example
 * ```ts
 * import { AnchorGenerator } from '@flambeau/vision-models'
 * const anchors = new AnchorGenerator([[32, 64]], [[0.5, 1, 2]])
 * console.log(anchors.perPlace, anchors.forMaps([[4, 5]], [64, 80]).shape) // => [ 6 ] [ 120, 4 ]
 * ```
 */
export class AnchorGenerator {
  /** For each map, boxes around 0: `[A, 4]`. */
  readonly cells: readonly Tensor[]

  /**
   * @param sizes For each map, roots of the boxes' areas, in pixels.
   * @param aspectRatios For each map, height over width.
   */
  constructor(sizes: readonly (readonly number[])[], aspectRatios: readonly (readonly number[])[]) {
    requireList('AnchorGenerator', 'sizes', sizes, 'a list of sizes for each map')
    for (const own of sizes) requireNumberList('AnchorGenerator', 'sizes of a map', own)
    requireList('AnchorGenerator', 'aspectRatios', aspectRatios, 'a list of ratios for each map')
    this.cells = sizes.map((own, i) => {
      const boxes = (aspectRatios[i] ?? []).flatMap((ratio) =>
        own.map((size) => {
          const [h, w] = [size * Math.sqrt(ratio), size / Math.sqrt(ratio)]
          return [-w, -h, w, h].map((value) => roundToEven(value / 2))
        }),
      )
      return tensor(boxes, { dtype: 'float32' })
    })
  }

  /** Boxes at each place, for each map. */
  get perPlace(): number[] {
    return this.cells.map((cell) => cell.shape[0] as number)
  }

  /** All boxes, map by map, row by row: `[N, 4]` in pixels of an image of that size. */
  forMaps(
    maps: readonly (readonly [height: number, width: number])[],
    imageSize: readonly [height: number, width: number],
  ): Tensor {
    const all = maps.map(([height, width], i) => {
      const [sy, sx] = [Math.floor(imageSize[0] / height), Math.floor(imageSize[1] / width)]
      const [y, x] = meshgrid([arange(height).mul(sy), arange(width).mul(sx)], { indexing: 'ij' })
      const [row, column] = [(y as Tensor).flatten(), (x as Tensor).flatten()]
      const shifts = stack([column, row, column, row], 1).unsqueeze(1)
      return shifts.add(this.cells[i] as Tensor).reshape([-1, 4])
    })
    return cat(all)
  }
}

/** Halves go to the even neighbour, as torch.round. */
function roundToEven(value: number): number {
  const low = Math.floor(value)
  if (value - low !== 0.5) return Math.round(value)
  return low % 2 === 0 ? low : low + 1
}

/**
 * Boxes as distances from anchors, and back: shifts in units of the anchor, logarithms of the sizes.
 *
 * @see torchvision.models.detection._utils.BoxCoder; Girshick et al. 2013,
 * https://arxiv.org/abs/1311.2524
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { BoxCoder } from '@flambeau/vision-models'
 * const coder = new BoxCoder([10, 10, 5, 5])
 * const [anchor, box] = [tensor([[0, 0, 8, 8]]).float(), tensor([[1, 1, 9, 9]]).float()]
 * console.log(coder.encode(box, anchor).tolist()) // => [ [ 1.25, 1.25, 0, 0 ] ]
 * console.log(coder.decode(coder.encode(box, anchor), anchor).tolist()) // => [ [ 1, 1, 9, 9 ] ]
 * ```
 */
export class BoxCoder {
  readonly weights: readonly [number, number, number, number]
  /** Logarithms of sizes are not above this: boxes cannot burst. */
  readonly clip: number

  constructor(
    weights: readonly [number, number, number, number] = [1, 1, 1, 1],
    clip: number = Math.log(1000 / 16),
  ) {
    requireNumberList('BoxCoder', 'weights', weights, 4)
    this.weights = weights
    this.clip = clip
  }

  /** Boxes `[N, 4]` seen from anchors `[N, 4]`. */
  encode(boxes: Tensor, anchors: Tensor): Tensor {
    requireTensor('BoxCoder', 'boxes', boxes)
    requireTensor('BoxCoder', 'anchors', anchors)
    const [wx, wy, ww, wh] = this.weights
    const [from, to] = [centred(anchors), centred(boxes)]
    return stack(
      [
        to.x.sub(from.x).div(from.w).mul(wx),
        to.y.sub(from.y).div(from.h).mul(wy),
        to.w.div(from.w).log().mul(ww),
        to.h.div(from.h).log().mul(wh),
      ],
      1,
    )
  }

  /** Boxes from what was seen from anchors `[N, 4]`: codes `[N, 4]` or `[N, K · 4]` -> the same shape. */
  decode(codes: Tensor, anchors: Tensor): Tensor {
    requireTensor('BoxCoder', 'codes', codes)
    requireTensor('BoxCoder', 'anchors', anchors)
    const [wx, wy, ww, wh] = this.weights
    const [count, columns] = codes.shape as [number, number]
    const split = codes.reshape([count, columns / 4, 4])
    const from = centred(anchors)
    const [dx, dy, dw, dh] = split.unbind(2) as [Tensor, Tensor, Tensor, Tensor]
    const column = (one: Tensor): Tensor => one.unsqueeze(1)
    const x = dx.div(wx).mul(column(from.w)).add(column(from.x))
    const y = dy.div(wy).mul(column(from.h)).add(column(from.y))
    const w = dw.div(ww).clamp({ max: this.clip }).exp().mul(column(from.w)).div(2)
    const h = dh.div(wh).clamp({ max: this.clip }).exp().mul(column(from.h)).div(2)
    return stack([x.sub(w), y.sub(h), x.add(w), y.add(h)], 2).reshape(codes.shape)
  }
}

function centred(boxes: Tensor): { x: Tensor; y: Tensor; w: Tensor; h: Tensor } {
  const [x1, y1, x2, y2] = cornersOf(boxes)
  const [w, h] = [x2.sub(x1), y2.sub(y1)]
  return { x: x1.add(w.div(2)), y: y1.add(h.div(2)), w, h }
}

/** Which true box each anchor belongs to. */
export interface Matches {
  /** For each anchor the number of its box, -1 for background, -2 for neither: int64 `[N]`. */
  readonly matched: Tensor
  /** Overlap with the nearest box: `[N]`. */
  readonly overlap: Tensor
}

/**
 * Gives each anchor the true box that it overlaps most: from `high` on it belongs to it, below `low` to
 * the background, between to neither. With `keepBest` each true box also has its best anchors.
 *
 * @param iou Overlaps `[boxes, anchors]`.
 * @see torchvision.models.detection._utils.Matcher
 */
export function matchAnchors(iou: Tensor, high: number, low: number, keepBest: boolean): Matches {
  requireTensor('matchAnchors', 'iou', iou)
  const [boxes, anchors] = iou.shape as [number, number]
  if (boxes === 0) {
    const none = iou.sum(0)
    return { matched: none.long().sub(1), overlap: none }
  }
  const { values, indices } = iou.max(0)
  let matched = indices.maskedFill(values.lt(high), -2).maskedFill(values.lt(low), -1)
  if (keepBest && anchors > 0) {
    const best = iou.max(1).values.unsqueeze(1)
    const isBest = iou.ge(best).logicalAnd(best.gt(0)).any(0)
    matched = maximum(matched, indices.mul(isBest.long()).sub(isBest.logicalNot().long().mul(2)))
  }
  return { matched, overlap: values }
}
