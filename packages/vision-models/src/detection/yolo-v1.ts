import type { Tensor } from '@flambeau/core'
import { arange, cat, meshgrid, stack, tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { boxConvert, boxIou, clipBoxesToImage } from './boxes.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { Detector, ImageBatcher } from './detector.ts'
import { convolution, SmallBackbone } from './feature-maps.ts'
import type { SelectionOptions } from './selection.ts'
import { indices, selectDetections } from './selection.ts'

const F = nn.functional

/** Options of {@link YOLOv1}. */
export interface YOLOv1Options extends Partial<SelectionOptions> {
  /** With the background, which has no output of its own. Default 21, Pascal VOC's. */
  readonly numClasses?: number
  /** What every image is resized to, multiples of 2^widths.length. Default [128, 128]. */
  readonly size?: ImageSize
  /** Boxes of a cell. Default 2. */
  readonly boxes?: number
  /** Channels after each halving: a cell is 2^widths.length pixels wide. Default [16, 32, 64, 128]. */
  readonly widths?: readonly number[]
  /** Weight of where boxes lie. Default 5. */
  readonly coordinateWeight?: number
  /** Weight of the confidence of boxes without an object. Default 0.5. */
  readonly emptyWeight?: number
}

/** What the grid says of a batch of N images with S × S' cells. */
interface Grid {
  /** Where in the cell, and roots of width and height as shares of the image: `[N, S, S', B, 4]`. */
  readonly places: Tensor
  /** `[N, S, S', B]`. */
  readonly confidences: Tensor
  /** `[N, S, S', C]`. */
  readonly classes: Tensor
}

/**
 * YOLO in its first form: the image is a grid of cells; the cell in which an object's centre lies says
 * what it is, and one of its boxes, the one that fits best, is responsible for where it lies. One output
 * of B · 5 + C numbers for each cell.
 *
 * Losses, all squared errors: `coordinates`, `object` (confidence: the overlap), `empty`, `classes`.
 * Places, roots of sizes and confidences go through a sigmoid.
 *
 * @see Redmon et al. 2015, https://arxiv.org/abs/1506.02640
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { YOLOv1 } from '@flambeau/vision-models'
 * const net = new YOLOv1({ numClasses: 4, size: [64, 64], widths: [8, 16, 32] })
 * console.log(net.gridSize, net.detect(rand([1, 3, 64, 64])).length) // => [ 8, 8 ] 1
 * ```
 */
export class YOLOv1 extends Detector {
  readonly numClasses: number
  readonly backbone: SmallBackbone
  head: nn.Sequential
  readonly boxesPerCell: number
  readonly gridSize: ImageSize
  readonly batcher: ImageBatcher
  readonly weights: { readonly coordinates: number; readonly empty: number }
  readonly selection: SelectionOptions

  constructor(options: YOLOv1Options = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 21, size = [128, 128], boxes = 2, widths = [16, 32, 64, 128] } = options
    this.numClasses = numClasses
    this.boxesPerCell = boxes
    const cell = 2 ** widths.length
    this.gridSize = [Math.ceil(size[0] / cell), Math.ceil(size[1] / cell)]
    this.backbone = new SmallBackbone({ widths, levels: 1 })
    const width = widths.at(-1) as number
    this.head = new nn.Sequential(
      ...convolution(width, width, 1),
      ...convolution(width, width, 1),
      new nn.Conv2d(width, boxes * 5 + numClasses - 1, 1),
    )
    this.batcher = new ImageBatcher({
      fixedSize: size,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    })
    const { coordinateWeight = 5, emptyWeight = 0.5 } = options
    this.weights = { coordinates: coordinateWeight, empty: emptyWeight }
    this.selection = {
      scoreThreshold: options.scoreThreshold ?? 0.01,
      nmsThreshold: options.nmsThreshold ?? 0.45,
      detectionsPerImage: options.detectionsPerImage ?? 100,
    }
  }

  private grid(images: Tensor): Grid {
    const [features] = this.backbone(images) as [Tensor]
    const out = this.head(features).permute(0, 2, 3, 1)
    const { boxesPerCell: count } = this
    const shape = out.shape.slice(0, 3)
    return {
      places: out
        .narrow(3, 0, 4 * count)
        .sigmoid()
        .reshape([...shape, count, 4]),
      confidences: out.narrow(3, 4 * count, count).sigmoid(),
      classes: out.narrow(3, 5 * count, this.numClasses - 1),
    }
  }

  /** Boxes in pixels of the batch: `[N, S · S' · B, 4]`. */
  private decode({ places }: Grid, [height, width]: ImageSize): Tensor {
    const [count, rows, columns] = places.shape as [number, number, number]
    const [y, x] = meshgrid([arange(rows), arange(columns)], { indexing: 'ij' }) as [Tensor, Tensor]
    const [dx, dy, w, h] = places.unbind(4) as [Tensor, Tensor, Tensor, Tensor]
    const centred = stack(
      [
        dx.add(x.unsqueeze(2)).mul(width / columns),
        dy.add(y.unsqueeze(2)).mul(height / rows),
        w.square().mul(width),
        h.square().mul(height),
      ],
      4,
    )
    return boxConvert(centred, 'cxcywh', 'xyxy').reshape([count, -1, 4])
  }

  protected override computeLosses(
    images: readonly Tensor[],
    given: readonly DetectionTarget[],
  ): DetectorLosses {
    const batch = this.batcher.batch(images)
    const targets = this.batcher.targets(batch, given)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const grid = this.grid(batch.tensor)
    const decoded = this.decode(grid, size).detach()
    const { cells, boxes, wantedPlaces, overlaps, labels } = this.assign(decoded, targets, size)

    const said = grid.places.reshape([-1, 4]).indexSelect(0, indices(boxes))
    const confidences = grid.confidences.flatten()
    const objects = confidences.indexSelect(0, indices(boxes))
    const classes = grid.classes.reshape([-1, this.numClasses - 1]).indexSelect(0, indices(cells))
    const wanted = F.oneHot(indices(labels), this.numClasses - 1).to(classes.dtype)
    const squared = (a: Tensor, b: Tensor): Tensor => a.sub(b).square().sum()
    const share = 1 / images.length
    const empty = confidences.square().sum().sub(objects.square().sum())
    return {
      coordinates: squared(said, tensor(wantedPlaces, { dtype: 'float32' }).reshape([-1, 4])).mul(
        this.weights.coordinates * share,
      ),
      object: squared(objects, tensor(overlaps, { dtype: 'float32' })).mul(share),
      empty: empty.mul(this.weights.empty * share),
      classes: squared(classes, wanted).mul(share),
    }
  }

  /** The responsible cell and box of each object; of objects in one cell, the first has it. */
  private assign(
    decoded: Tensor,
    targets: readonly DetectionTarget[],
    [height, width]: ImageSize,
  ): {
    cells: number[]
    boxes: number[]
    wantedPlaces: number[]
    overlaps: number[]
    labels: number[]
  } {
    const [rows, columns] = this.gridSize
    const { boxesPerCell: count } = this
    const out = { cells: [], boxes: [], wantedPlaces: [], overlaps: [], labels: [] } as {
      cells: number[]
      boxes: number[]
      wantedPlaces: number[]
      overlaps: number[]
      labels: number[]
    }
    for (const [i, target] of targets.entries()) {
      if (target.boxes.shape[0] === 0) continue
      const iou = boxIou(target.boxes, decoded.select(0, i)).tolist() as number[][]
      const centred = boxConvert(target.boxes, 'xyxy', 'cxcywh').tolist() as number[][]
      const classes = target.labels.tolist() as number[]
      const taken = new Set<number>()
      for (const [k, [cx, cy, w, h]] of (centred as [number, number, number, number][]).entries()) {
        const [x, y] = [(cx / width) * columns, (cy / height) * rows]
        const [column, row] = [
          Math.min(Math.floor(x), columns - 1),
          Math.min(Math.floor(y), rows - 1),
        ]
        const cell = row * columns + column
        if (taken.has(cell)) continue
        taken.add(cell)
        const own = (iou[k] as number[]).slice(cell * count, (cell + 1) * count)
        const best = own.indexOf(Math.max(...own))
        out.cells.push(i * rows * columns + cell)
        out.boxes.push((i * rows * columns + cell) * count + best)
        out.wantedPlaces.push(x - column, y - row, Math.sqrt(w / width), Math.sqrt(h / height))
        out.overlaps.push(own[best] as number)
        out.labels.push((classes[k] as number) - 1)
      }
    }
    return out
  }

  protected override find(images: readonly Tensor[]): Detection[] {
    const batch = this.batcher.batch(images)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const grid = this.grid(batch.tensor)
    const boxes = this.decode(grid, size)
    const scores = grid.classes.clamp(0, 1).unsqueeze(3).mul(grid.confidences.unsqueeze(4))
    const found = images.map((_, i) => {
      const own = scores.select(0, i).reshape([-1, this.numClasses - 1])
      const all = cat([own.narrow(1, 0, 1).mul(0), own], 1)
      return selectDetections(clipBoxesToImage(boxes.select(0, i), size), all, this.selection)
    })
    return this.batcher.restore(batch, found)
  }
}

/**
 * A YOLO in its first form that learns from scratch on two cores, with cells of 16 pixels.
 *
 * @param options Default `widths` [24, 48, 96, 192].
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { SmallYOLOv1 } from '@flambeau/vision-models'
 * const net = new SmallYOLOv1({ numClasses: 11, size: [96, 96] })
 * console.log(net.gridSize, net.detect(rand([2, 3, 96, 96])).length) // => [ 6, 6 ] 2
 * ```
 */
export class SmallYOLOv1 extends YOLOv1 {
  constructor(options: YOLOv1Options = {}) {
    super({ widths: [24, 48, 96, 192], ...options })
  }
}
