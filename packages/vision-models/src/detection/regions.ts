/** What a region of a feature map holds, at a fixed size. */
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, ShapeError } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

export interface RoiOptions {
  /** Units of the feature map to a pixel of the image. Default 1. */
  readonly spatialScale?: number
}

export interface RoiAlignOptions extends RoiOptions {
  /** Points a side of each bin; 0 or less: as many as the bin has units. Default -1. */
  readonly samplingRatio?: number
  /** Pixel centres at half units, as they should be. Default false, as torchvision's. */
  readonly aligned?: boolean
}

interface Geometry {
  readonly images: number
  readonly height: number
  readonly width: number
  readonly size: readonly [number, number]
}

function geometryOf(
  op: string,
  features: Tensor,
  boxes: Tensor,
  outputSize: number | readonly [number, number],
): Geometry {
  requireTensor(op, 'features', features)
  requireTensor(op, 'boxes', boxes)
  if (typeof outputSize !== 'number') requireNumberList(op, 'outputSize', outputSize, 2)
  if (features.ndim !== 4) {
    throw new ShapeError(op, { features }, 'features must be [N, C, H, W]', 'unsqueeze(0)')
  }
  if (boxes.ndim !== 2 || boxes.shape[1] !== 5) {
    const rule = 'boxes must be [K, 5]: number of the image, x1, y1, x2, y2'
    throw new ShapeError(op, { features, boxes }, rule, 'see withImageNumbers')
  }
  const [images, , height, width] = features.shape as [number, number, number, number]
  const numbers = boxes.select(1, 0)
  if (boxes.shape[0] !== 0 && (numbers.min().item() < 0 || numbers.max().item() >= images)) {
    const rule = `a box lies on an image that is not among the ${images}`
    throw new ShapeError(op, { features, boxes }, rule, 'count images from 0')
  }
  const size = typeof outputSize === 'number' ? [outputSize, outputSize] : outputSize
  return { images, height, width, size: size as readonly [number, number] }
}

/** Which rows of the features make each bin, and with what weights. */
class Bags {
  readonly offsets: Int32Array
  #bins = 0
  #indices = new Int32Array(1024)
  #weights = new Float32Array(1024)
  #count = 0

  constructor(bins: number) {
    this.offsets = new Int32Array(bins)
  }

  /** What is added from now on is of the next bin. */
  begin(): void {
    this.offsets[this.#bins++] = this.#count
  }

  add(row: number, weight: number): void {
    if (this.#count === this.#indices.length) {
      const [indices, weights] = [this.#indices, this.#weights]
      this.#indices = new Int32Array(2 * this.#count)
      this.#weights = new Float32Array(2 * this.#count)
      this.#indices.set(indices)
      this.#weights.set(weights)
    }
    this.#indices[this.#count] = row
    this.#weights[this.#count++] = weight
  }

  get indices(): Int32Array {
    return this.#indices.slice(0, this.#count)
  }

  get weights(): Float32Array {
    return this.#weights.slice(0, this.#count)
  }
}

/** Weighted sums, or maxima, of rows of the features, as images `[K, C, h, w]`. */
function gather(
  features: Tensor,
  size: readonly [number, number],
  bags: Bags,
  mode: 'max' | 'sum',
): Tensor {
  const channels = features.shape[1] as number
  const rows = features.permute(0, 2, 3, 1).reshape([-1, channels])
  const [indices, offsets] = [bags.indices, bags.offsets].map((list) =>
    fromTypedArray(list).to('int64'),
  ) as [Tensor, Tensor]
  const perSampleWeights = mode === 'max' ? null : fromTypedArray(bags.weights).to(features.dtype)
  const out = F.embeddingBag(indices, rows, { offsets, mode, perSampleWeights })
  return out.reshape([-1, size[0], size[1], channels]).permute(0, 3, 1, 2)
}

/**
 * Bilinear samples of each box, averaged over the bins of a grid. Differentiable in the features.
 *
 * Shapes: features `[N, C, H, W]`, boxes `[K, 5]` (number of the image, x1, y1, x2, y2 in pixels) ->
 * `[K, C, height, width]` of the outputSize.
 *
 * @throws {ShapeError} if they do not fit, or a box lies on no image.
 * @see torchvision.ops.roi_align; He et al. 2017, https://arxiv.org/abs/1703.06870
 *
 * @example
 * ```ts
 * import { randn, tensor } from '@flambeau/core'
 * import { roiAlign } from '@flambeau/vision-models'
 * const boxes = tensor([[0, 8, 8, 40, 40]]).float()
 * console.log(roiAlign(randn([1, 3, 16, 16]), boxes, 7, { spatialScale: 1 / 4 }).shape)
 * // => [ 1, 3, 7, 7 ]
 * ```
 */
export function roiAlign(
  features: Tensor,
  boxes: Tensor,
  outputSize: number | readonly [number, number],
  options: RoiAlignOptions = {},
): Tensor {
  const g = geometryOf('roiAlign', features, boxes, outputSize)
  requireOptions('roiAlign', options)
  const { spatialScale = 1, samplingRatio = -1, aligned = false } = options
  const shift = aligned ? 0.5 : 0
  const bags = new Bags((boxes.shape[0] as number) * g.size[0] * g.size[1])
  for (const [image, ...corners] of boxes.detach().tolist() as number[][]) {
    const at = corners.map((value) => value * spatialScale - shift)
    const [x1, y1, x2, y2] = at as [number, number, number, number]
    const least = aligned ? -Infinity : 1
    const bin = [
      Math.max(y2 - y1, least) / g.size[0],
      Math.max(x2 - x1, least) / g.size[1],
    ] as const
    const points = bin.map((side) => (samplingRatio > 0 ? samplingRatio : Math.ceil(side)))
    const [rows, columns] = points as [number, number]
    for (let i = 0; i < g.size[0]; i++) {
      for (let j = 0; j < g.size[1]; j++) {
        bags.begin()
        const share = 1 / Math.max(rows * columns, 1)
        for (let a = 0; a < rows; a++) {
          const y = y1 + bin[0] * (i + (a + 0.5) / rows)
          for (let b = 0; b < columns; b++) {
            const x = x1 + bin[1] * (j + (b + 0.5) / columns)
            bilinear(g, image as number, y, x, share, bags)
          }
        }
      }
    }
  }
  return gather(features, g.size, bags, 'sum')
}

/** Adds the four neighbours of a point with their weights; none outside of the map. */
function bilinear(
  { height, width }: Geometry,
  image: number,
  y: number,
  x: number,
  share: number,
  bags: Bags,
): void {
  if (y < -1 || y > height || x < -1 || x > width) return
  const [top, ty] = cell(y, height)
  const [left, tx] = cell(x, width)
  const [below, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)]
  const base = image * height
  const [upper, lower] = [(base + top) * width, (base + below) * width]
  bags.add(upper + left, (1 - ty) * (1 - tx) * share)
  bags.add(upper + right, (1 - ty) * tx * share)
  bags.add(lower + left, ty * (1 - tx) * share)
  bags.add(lower + right, ty * tx * share)
}

/** The unit that a coordinate lies in, and how far in it. */
function cell(at: number, size: number): [number, number] {
  const inside = Math.max(at, 0)
  const low = Math.floor(inside)
  return low >= size - 1 ? [size - 1, 0] : [low, inside - low]
}

/**
 * The maximum of each bin of each box, with corners at whole units. Differentiable in the features.
 *
 * Shapes: as of {@link roiAlign}.
 *
 * @throws {ShapeError} if they do not fit, or a box lies on no image.
 * @see torchvision.ops.roi_pool; Girshick 2015, https://arxiv.org/abs/1504.08083
 */
export function roiPool(
  features: Tensor,
  boxes: Tensor,
  outputSize: number | readonly [number, number],
  options: RoiOptions = {},
): Tensor {
  const g = geometryOf('roiPool', features, boxes, outputSize)
  requireOptions('roiPool', options)
  const { spatialScale = 1 } = options
  const bags = new Bags((boxes.shape[0] as number) * g.size[0] * g.size[1])
  for (const [image, ...corners] of boxes.detach().tolist() as number[][]) {
    const at = corners.map((value) => Math.round(value * spatialScale))
    const [x1, y1, x2, y2] = at as [number, number, number, number]
    const [h, w] = [Math.max(y2 - y1 + 1, 1) / g.size[0], Math.max(x2 - x1 + 1, 1) / g.size[1]]
    const clip = (value: number, size: number): number => Math.min(Math.max(value, 0), size)
    for (let i = 0; i < g.size[0]; i++) {
      const [top, bottom] = [
        clip(Math.floor(i * h) + y1, g.height),
        clip(Math.ceil((i + 1) * h) + y1, g.height),
      ]
      for (let j = 0; j < g.size[1]; j++) {
        const [left, right] = [
          clip(Math.floor(j * w) + x1, g.width),
          clip(Math.ceil((j + 1) * w) + x1, g.width),
        ]
        bags.begin()
        for (let row = top; row < bottom; row++) {
          const from = ((image as number) * g.height + row) * g.width
          for (let column = left; column < right; column++) bags.add(from + column, 1)
        }
      }
    }
  }
  return gather(features, g.size, bags, 'max')
}
