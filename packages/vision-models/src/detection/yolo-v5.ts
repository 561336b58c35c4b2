import type { Tensor } from '@flambeau/core'
import { arange, cat, maximum, meshgrid, minimum, stack, tensor, ValueError } from '@flambeau/core'
import { requireNumberList, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { clipBoxesToImage, cornersOf } from './boxes.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { Detector, ImageBatcher } from './detector.ts'
import { generalizedBoxIouLoss } from './losses.ts'
import type { SelectionOptions } from './selection.ts'
import { indices, selectDetections } from './selection.ts'
import type { YOLOv5Size } from './yolo-blocks.ts'
import { YOLOv5Network } from './yolo-blocks.ts'

const F = nn.functional

/** Width and height of an anchor, in pixels. */
export type AnchorShape = readonly [width: number, height: number]

/** Options of {@link YOLOv5}. */
export interface YOLOv5Options extends Partial<SelectionOptions>, Partial<YOLOv5Size> {
  /** With the background, which has no output of its own. Default 81, COCO's. */
  readonly numClasses?: number
  /** What every image is resized to, multiples of 32. Default [640, 640]. */
  readonly size?: ImageSize
  /** For the maps of strides 8, 16 and 32. Default those for COCO at 640 pixels, scaled to the size. */
  readonly anchors?: readonly (readonly AnchorShape[])[]
  /** Which overlap the loss of boxes looks at. Default `ciou`. */
  readonly boxLoss?: 'ciou' | 'giou'
  /** Sides may differ from an anchor's by this factor. Default 4. */
  readonly anchorRatio?: number
  /** Weights of the losses. Default 1 each. */
  readonly lossWeights?: {
    readonly box?: number
    readonly object?: number
    readonly class?: number
  }
}

const COCO_ANCHORS: readonly (readonly AnchorShape[])[] = [
  [
    [10, 13],
    [16, 30],
    [33, 23],
  ],
  [
    [30, 61],
    [62, 45],
    [59, 119],
  ],
  [
    [116, 90],
    [156, 198],
    [373, 326],
  ],
]

/** How much the presence of objects on each map counts. */
const BALANCE = [4, 1, 0.4]

/**
 * 1 less the complete intersection over union of boxes with those of the same place: also looks at the
 * distance of centres and the ratio of sides.
 *
 * Shapes: `[N, 4]` and `[N, 4]` as x1, y1, x2, y2 -> `[N]`.
 *
 * @see torchvision.ops.complete_box_iou_loss; Zheng et al. 2019, https://arxiv.org/abs/1911.08287
 */
export function completeBoxIouLoss(a: Tensor, b: Tensor, eps: number = 1e-7): Tensor {
  const [ax1, ay1, ax2, ay2] = cornersOf(a)
  const [bx1, by1, bx2, by2] = cornersOf(b)
  const [aw, ah, bw, bh] = [ax2.sub(ax1), ay2.sub(ay1), bx2.sub(bx1), by2.sub(by1)]
  const w = minimum(ax2, bx2).sub(maximum(ax1, bx1)).clamp({ min: 0 })
  const h = minimum(ay2, by2).sub(maximum(ay1, by1)).clamp({ min: 0 })
  const intersection = w.mul(h)
  const union = aw.mul(ah).add(bw.mul(bh)).sub(intersection)
  const iou = intersection.div(union.add(eps))
  const diagonal = maximum(ax2, bx2)
    .sub(minimum(ax1, bx1))
    .square()
    .add(maximum(ay2, by2).sub(minimum(ay1, by1)).square())
    .add(eps)
  const apart = ax1.add(ax2).sub(bx1).sub(bx2).square()
  const distance = apart.add(ay1.add(ay2).sub(by1).sub(by2).square()).div(4)
  const angle = bw
    .div(bh)
    .atan()
    .sub(aw.div(ah).atan())
    .square()
    .mul(4 / Math.PI ** 2)
  const weight = angle.detach().div(iou.detach().neg().add(1).add(angle.detach()).add(eps))
  return iou.neg().add(1).add(distance.div(diagonal)).add(weight.mul(angle))
}

/** Objects that the anchors of one map are responsible for, as places `[image, anchor, row, column]`. */
interface Assigned {
  readonly rows: number[]
  readonly cells: number[]
  readonly anchors: number[]
  /** x1, y1, x2, y2 of each in pixels. */
  readonly boxes: number[]
  readonly labels: number[]
}

/**
 * YOLO in its fifth form: anchors at three strides of a CSP network with a path-aggregating neck.
 * An object belongs to all anchors of about its shape, in its cell and the two nearest beside.
 *
 * Losses: `box` (complete or generalised overlap), `object`, `class`.
 *
 * @see Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767; Bochkovskiy et al. 2020,
 * https://arxiv.org/abs/2004.10934
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { YOLOv5 } from '@flambeau/vision-models'
 * const net = new YOLOv5({ numClasses: 4, size: [64, 64], widthMultiple: 0.125, depthMultiple: 0.33 })
 * console.log(net.detect(rand([2, 3, 64, 64])).length) // => 2
 * ```
 */
export class YOLOv5 extends Detector {
  readonly numClasses: number
  readonly network: YOLOv5Network
  heads: nn.ModuleList<nn.Conv2d>
  readonly anchors: readonly (readonly AnchorShape[])[]
  readonly batcher: ImageBatcher
  readonly boxLoss: 'ciou' | 'giou'
  readonly anchorRatio: number
  readonly lossWeights: { readonly box: number; readonly object: number; readonly class: number }
  readonly selection: SelectionOptions

  constructor(options: YOLOv5Options = {}) {
    super()
    requireOptions(new.target.name, options)
    const {
      numClasses = 81,
      size = [640, 640],
      widthMultiple = 0.5,
      depthMultiple = 0.33,
    } = options
    requireNumberList('YOLOv5', 'size', size, 2)
    if (size[0] % 32 !== 0 || size[1] % 32 !== 0) {
      const rule = `size is ${size.join(' × ')}`
      throw new ValueError('YOLOv5', [], rule, 'take multiples of 32')
    }
    this.numClasses = numClasses
    const scale = Math.min(...size) / 640
    const scaled = COCO_ANCHORS.map((own) =>
      own.map(([w, h]): AnchorShape => [w * scale, h * scale]),
    )
    this.anchors = options.anchors ?? scaled
    this.network = new YOLOv5Network({ widthMultiple, depthMultiple })
    const maps = this.network.outChannels.length
    if (this.anchors.length !== maps || this.anchors.some((own) => own.length === 0)) {
      const rule = `there are anchors for ${this.anchors.length} maps, or none for one of them`
      throw new ValueError('YOLOv5', [], rule, `give at least one for each of the ${maps} maps`)
    }
    this.heads = new nn.ModuleList(
      this.network.outChannels.map((channels, i) => {
        const count = (this.anchors[i] as readonly AnchorShape[]).length
        const head = new nn.Conv2d(channels, count * (4 + numClasses), 1)
        startRare(head, count, numClasses - 1, size, 8 * 2 ** i)
        return head
      }),
    )
    this.batcher = new ImageBatcher({ fixedSize: size, mean: [0, 0, 0], std: [1, 1, 1] })
    this.boxLoss = options.boxLoss ?? 'ciou'
    this.anchorRatio = options.anchorRatio ?? 4
    this.lossWeights = { box: 1, object: 1, class: 1, ...options.lossWeights }
    this.selection = {
      scoreThreshold: options.scoreThreshold ?? 0.01,
      nmsThreshold: options.nmsThreshold ?? 0.6,
      detectionsPerImage: options.detectionsPerImage ?? 300,
    }
  }

  /** For each map what its anchors say: `[N, A, H, W, 5 + C]`. */
  private outputs(images: Tensor): Tensor[] {
    return this.network(images).map((map, i) => {
      const out = (this.heads[i] as nn.Conv2d)(map)
      const [count, , rows, columns] = out.shape as [number, number, number, number]
      const split = out.reshape([count, this.anchors[i]!.length, -1, rows, columns])
      return split.permute(0, 1, 3, 4, 2)
    })
  }

  /** Boxes in pixels from what anchors say: `[…, 4]`, places and anchors that broadcast with it. */
  private decode(said: Tensor, cells: Tensor, shapes: Tensor, stride: number): Tensor {
    const p = said.sigmoid()
    const centres = p.narrow(-1, 0, 2).mul(2).sub(0.5).add(cells).mul(stride)
    const halves = p.narrow(-1, 2, 2).mul(2).square().mul(shapes).div(2)
    return cat([centres.sub(halves), centres.add(halves)], -1)
  }

  private assign(
    targets: readonly DetectionTarget[],
    map: number,
    [rows, columns]: ImageSize,
  ): Assigned {
    const stride = 8 * 2 ** map
    const shapes = this.anchors[map] as readonly AnchorShape[]
    const out: Assigned = { rows: [], cells: [], anchors: [], boxes: [], labels: [] }
    for (const [image, target] of targets.entries()) {
      const classes = target.labels.tolist() as number[]
      for (const [k, box] of (target.boxes.tolist() as number[][]).entries()) {
        const [x1, y1, x2, y2] = box as [number, number, number, number]
        const [x, y] = [(x1 + x2) / 2 / stride, (y1 + y2) / 2 / stride]
        for (const [a, [w, h]] of shapes.entries()) {
          const [rw, rh] = [(x2 - x1) / w, (y2 - y1) / h]
          if (Math.max(rw, 1 / rw, rh, 1 / rh) >= this.anchorRatio) continue
          const [column, row] = [Math.floor(x), Math.floor(y)]
          const beside = [
            [0, 0],
            [x - column < 0.5 ? -1 : 1, 0],
            [0, y - row < 0.5 ? -1 : 1],
          ] as const
          for (const [dx, dy] of beside) {
            const [c, r] = [column + dx, row + dy]
            if (c < 0 || r < 0 || c >= columns || r >= rows) continue
            out.rows.push(((image * shapes.length + a) * rows + r) * columns + c)
            out.cells.push(c, r)
            out.anchors.push(w, h)
            out.boxes.push(...(box as [number, number, number, number]))
            out.labels.push((classes[k] as number) - 1)
          }
        }
      }
    }
    return out
  }

  protected override computeLosses(
    images: readonly Tensor[],
    given: readonly DetectionTarget[],
  ): DetectorLosses {
    const batch = this.batcher.batch(images)
    const targets = this.batcher.targets(batch, given)
    const sums = { box: [] as Tensor[], object: [] as Tensor[], class: [] as Tensor[] }
    this.outputs(batch.tensor).forEach((output, map) => {
      const size = output.shape.slice(2, 4) as unknown as ImageSize
      const own = this.assign(targets, map, size)
      const wide = output.shape[4] as number
      const flat = output.reshape([-1, wide])
      const logits = flat.select(1, 4)
      const presence = new Float32Array(logits.shape[0] as number)
      if (own.rows.length > 0) {
        const said = flat.indexSelect(0, indices(own.rows))
        const pairs = (values: number[], count: number): Tensor =>
          tensor(values, { dtype: 'float32' }).reshape([-1, count])
        const cells = pairs(own.cells, 2)
        const boxes = this.decode(said.narrow(1, 0, 4), cells, pairs(own.anchors, 2), 8 * 2 ** map)
        const loss =
          this.boxLoss === 'ciou'
            ? completeBoxIouLoss(boxes, pairs(own.boxes, 4))
            : generalizedBoxIouLoss(boxes, pairs(own.boxes, 4))
        sums.box.push(loss.mean())
        // An anchor is to be as sure as its box is right.
        const right = loss.detach().neg().add(1).clamp(0, 1).tolist() as number[]
        own.rows.forEach((row, i) => {
          presence[row] = Math.max(presence[row] as number, right[i] as number)
        })
        const truths = F.oneHot(indices(own.labels), this.numClasses - 1).to(said.dtype)
        const classes = said.narrow(1, 5, this.numClasses - 1)
        sums.class.push(F.binaryCrossEntropyWithLogits(classes, truths))
      }
      const wanted = tensor(presence)
      sums.object.push(F.binaryCrossEntropyWithLogits(logits, wanted).mul(BALANCE[map] ?? 1))
    })
    // Without objects the loss of the presence is all there is.
    const none = (sums.object[0] as Tensor).mul(0)
    const total = (parts: readonly Tensor[], weight: number): Tensor =>
      parts.reduce((sum, part) => sum.add(part), none).mul(weight)
    return {
      box: total(sums.box, this.lossWeights.box),
      object: total(sums.object, this.lossWeights.object),
      class: total(sums.class, this.lossWeights.class),
    }
  }

  protected override find(images: readonly Tensor[]): Detection[] {
    const batch = this.batcher.batch(images)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const all = this.outputs(batch.tensor).map((output, map) => {
      const [count, , rows, columns] = output.shape as [number, number, number, number]
      const [y, x] = meshgrid([arange(rows), arange(columns)], { indexing: 'ij' }) as [
        Tensor,
        Tensor,
      ]
      const shapes = tensor((this.anchors[map] as AnchorShape[]).map((shape) => [...shape]))
      const boxes = this.decode(
        output.narrow(4, 0, 4),
        stack([x, y], 2).float(),
        shapes.float().reshape([-1, 1, 1, 2]),
        8 * 2 ** map,
      )
      const scores = output.narrow(4, 4, this.numClasses).sigmoid()
      return {
        boxes: boxes.reshape([count, -1, 4]),
        scores: scores.reshape([count, -1, this.numClasses]),
      }
    })
    const boxes = cat(
      all.map((one) => one.boxes),
      1,
    )
    const scores = cat(
      all.map((one) => one.scores),
      1,
    )
    const found = images.map((_, i) => {
      const own = scores.select(0, i)
      // The first column, where selection has the background, is the presence.
      const sure = own.mul(own.narrow(1, 0, 1))
      return selectDetections(clipBoxesToImage(boxes.select(0, i), size), sure, this.selection)
    })
    return this.batcher.restore(batch, found)
  }
}

/** Biases for which eight objects in an image, and each class as rare as it is, are expected. */
function startRare(
  head: nn.Conv2d,
  anchors: number,
  classes: number,
  size: ImageSize,
  stride: number,
): void {
  const places = (size[0] / stride) * (size[1] / stride)
  const presence = Math.log(Math.min(8 / places, 0.2))
  const one = Math.log(0.6 / Math.max(classes - 0.6, 0.4))
  const row = [0, 0, 0, 0, presence, ...Array.from({ length: classes }, () => one)]
  const bias = Array.from({ length: anchors }, () => row).flat()
  nn.init.zeros_(head.bias as nn.Parameter)
  ;(head.bias as nn.Parameter).data.add_(tensor(bias, { dtype: 'float32' }))
}

/** Options of {@link SmallYOLOv5}. */
export interface SmallYOLOv5Options extends YOLOv5Options {
  /**
   * Heights of objects as shares of the image's, for the maps of strides 8, 16 and 32: their anchors are
   * half as wide, three quarters as wide, and square. Default [0.2, 0.35, 0.5].
   */
  readonly heights?: readonly number[]
}

/**
 * A YOLO in its fifth form that learns from scratch on two cores, for images of about 100 pixels.
 *
 * @throws {ValueError} for a size that is no multiple of 32, or other than three heights.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { SmallYOLOv5 } from '@flambeau/vision-models'
 * const net = new SmallYOLOv5({ numClasses: 11, size: [96, 96], heights: [0.25, 0.35, 0.45] })
 * console.log(net.anchors[0], net.detect(rand([2, 3, 96, 96])).length)
 * // => [ [ 12, 24 ], [ 18, 24 ], [ 24, 24 ] ] 2
 * ```
 */
export class SmallYOLOv5 extends YOLOv5 {
  constructor(options: SmallYOLOv5Options = {}) {
    requireOptions(new.target.name, options)
    const { size = [128, 128], heights = [0.2, 0.35, 0.5] } = options
    requireNumberList('SmallYOLOv5', 'size', size, 2)
    requireNumberList('SmallYOLOv5', 'heights', heights, 3)
    super({
      size,
      widthMultiple: 0.25,
      depthMultiple: 0.33,
      anchors: heights.map((high) =>
        [0.5, 0.75, 1].map((ratio): AnchorShape => [high * ratio * size[0], high * size[0]]),
      ),
      anchorRatio: 2,
      lossWeights: { class: 5 },
      ...options,
    })
  }
}
