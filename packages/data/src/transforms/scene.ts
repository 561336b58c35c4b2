/** A sample while it is transformed: the image, and what belongs to its places. */
import { ShapeError, Tensor, tensor, ValueError } from '@flambeau/core'
import type { BorderMode, Sampling } from '@flambeau/core/internal'
import { imageWarp } from '@flambeau/core/internal'
import type { Box, BoxOptions } from './boxes.ts'
import { areaOf, clipped, fromCorners, mappedBox, toCorners } from './boxes.ts'
import type { Map2d } from './maps.ts'
import { after, inverse, mapped, shift } from './maps.ts'

/**
 * What transforms take and give: an image, and whatever is to be moved along with it. Other fields
 * stay as they are.
 */
export interface ImageSample {
  /** `[C, H, W]`, or `[H, W]`. */
  image: Tensor
  /** `[H, W]` or `[C, H, W]`: classes of pixels, never blended. */
  mask?: Tensor
  /** `[N, H, W]`: one mask for each box. */
  masks?: Tensor
  /** `[N, 4]`, corners in pixels unless {@link BoxOptions} say otherwise. */
  boxes?: Tensor
  /** `[N]` or `[N, …]`: a row for each box, dropped with it; anything if there are no boxes. */
  labels?: Tensor
  /**
   * Points `[…, 2]` as x and y, or `[…, 3]` with a flag that becomes 0 for points that leave the image.
   * With three axes, the first one counts boxes.
   */
  keypoints?: Tensor
}

/** How pixels come about that are drawn anew. */
export interface Drawing {
  sampling: Sampling
  border: BorderMode
  /** For the image; masks are filled with `maskFill`. */
  fill: readonly number[]
  maskFill: number
}

/** Draws images of other types than uint8 and float32 in float32, where pixels are blended. @internal */
export function blended(image: Tensor, sampling: string, draw: (image: Tensor) => Tensor): Tensor {
  const { dtype } = image
  if (sampling.startsWith('nearest') || dtype === 'uint8' || dtype === 'float32') return draw(image)
  const drawn = draw(image.to('float32'))
  return (image.isFloatingPoint() ? drawn : drawn.round()).to(dtype)
}

/** @internal */
export class Scene {
  /** `[C, H, W]`. */
  image: Tensor
  /** Had the image no channels, and shall it have none in the end? */
  flat: boolean
  mask: Tensor | null = null
  masks: Tensor | null = null
  boxes: Box[] | null = null
  /** The share of each box that is visible. */
  shares: number[] = []
  /** x and y of each keypoint. */
  points: [number, number][] = []
  /** The rows that are left of boxes, labels, masks and points. */
  rows: number[] = []
  readonly #given: Readonly<Partial<ImageSample>>
  readonly #op: string

  constructor(op: string, sample: ImageSample, boxes: BoxOptions) {
    this.#op = op
    this.#given = sample
    const { image, mask, masks, keypoints } = sample
    this.flat = image.ndim === 2
    this.image = this.#planes('image', image)
    if (this.height * this.width === 0) {
      throw new ShapeError(op, { image }, 'the image has no pixels', 'check where it comes from')
    }
    const { height, width } = this
    if (mask !== undefined) this.mask = this.#planes('mask', mask)
    if (masks !== undefined) this.masks = this.#planes('masks', masks)
    if (sample.boxes !== undefined) {
      if (!(sample.boxes instanceof Tensor)) {
        throw new ValueError(op, [], 'boxes must be a tensor', 'tensor([[x1, y1, x2, y2]])')
      }
      this.boxes = toCorners(op, sample.boxes, boxes.format ?? 'xyxy', height, width)
      this.shares = this.boxes.map(() => 1)
      this.rows = this.boxes.map((_, i) => i)
      this.#checkRows('masks', masks)
      this.#checkRows('labels', sample.labels)
    }
    if (keypoints !== undefined) this.points = this.#readPoints(keypoints)
  }

  get height(): number {
    return this.image.shape[1] as number
  }

  get width(): number {
    return this.image.shape[2] as number
  }

  /** Is there nothing but the image? Then it may become something without places. */
  get alone(): boolean {
    const { mask, masks, boxes, points } = this
    return mask === null && masks === null && boxes === null && points.length === 0
  }

  /** @throws {ShapeError} if a function made something else of the image than channels of pixels. */
  requirePixels(op: string): void {
    if (this.image.ndim === 3) return
    throw new ShapeError(
      op,
      { image: this.image },
      `the image must be [C, H, W] here, a function before made it [${this.image.shape.join(', ')}]`,
      'put a function that flattens the image at the end of the list',
    )
  }

  #planes(name: string, image: unknown): Tensor {
    if (!(image instanceof Tensor) || (image.ndim !== 2 && image.ndim !== 3)) {
      throw new ShapeError(
        this.#op,
        image instanceof Tensor ? { [name]: image } : {},
        `${name} must be a tensor [C, H, W] or [H, W]`,
        'transform images before they are collated; applyBatch takes [N, C, H, W]',
      )
    }
    const planes = image.ndim === 2 ? image.unsqueeze(0) : image
    if (name !== 'image') {
      const [, height, width] = planes.shape
      if (height !== this.height || width !== this.width) {
        throw new ShapeError(
          this.#op,
          { image: this.image, [name]: image },
          `the ${name} of ${height} × ${width} does not fit the image of ${this.height} × ${this.width}`,
          'resize it to the size of its image first',
        )
      }
    }
    return planes
  }

  #checkRows(name: string, rows: Tensor | undefined): void {
    if (rows === undefined || !(rows instanceof Tensor) || this.boxes === null) return
    if (rows.shape[0] === this.boxes.length) return
    throw new ShapeError(
      this.#op,
      { [name]: rows },
      `${name} has ${rows.shape[0]} rows for ${this.boxes.length} boxes`,
      'give one row for each box',
    )
  }

  #readPoints(keypoints: Tensor): [number, number][] {
    const size = keypoints instanceof Tensor ? keypoints.shape.at(-1) : undefined
    if (size !== 2 && size !== 3) {
      throw new ShapeError(
        this.#op,
        keypoints instanceof Tensor ? { keypoints } : {},
        'keypoints are [..., 2] or [..., 3]',
        'put x and y on the last axis',
      )
    }
    if (this.boxes !== null && keypoints.ndim === 3) this.#checkRows('keypoints', keypoints)
    const numbers = keypoints.to('float64').toArray() as Float64Array
    return Array.from({ length: numbers.length / size }, (_, i) => [
      numbers[size * i] as number,
      numbers[size * i + 1] as number,
    ])
  }

  /** The image and masks, changed by functions of [C, H, W]. */
  redraw(image: (planes: Tensor) => Tensor, mask: (planes: Tensor) => Tensor): void {
    this.image = image(this.image)
    if (this.mask !== null) this.mask = mask(this.mask)
    if (this.masks !== null) this.masks = mask(this.masks)
  }

  /** Boxes and points go where a map takes them. */
  move(map: Map2d): void {
    if (this.boxes !== null) this.boxes = this.boxes.map((box) => mappedBox(map, box))
    this.points = this.points.map(([x, y]) => mapped(map, x, y))
  }

  /** Cuts boxes off at the edges of the image, and keeps count of what is left of them. */
  clip(): void {
    const { boxes, height, width } = this
    if (boxes === null) return
    for (const [i, box] of boxes.entries()) {
      const inside = clipped(box, height, width)
      const area = areaOf(box)
      boxes[i] = inside
      this.shares[i] = area > 0 ? (this.shares[i] as number) * (areaOf(inside) / area) : 0
    }
  }

  /** Everything goes where `map` takes it, on a canvas of this size. */
  warp(map: Map2d, height: number, width: number, drawing: Drawing): void {
    const back = inverse(map)
    if (back === null) {
      throw new ValueError(this.#op, [], 'the map has no inverse', 'use scales other than 0')
    }
    // The kernel counts from the centre of the first pixel.
    const pixels = after(shift(-0.5, -0.5), after(back, shift(0.5, 0.5)))
    const { sampling, border, fill, maskFill } = drawing
    const size = { height, width, border }
    this.redraw(
      (image) =>
        blended(image, sampling, (one) => imageWarp(one, pixels, { ...size, sampling, fill })),
      (mask) => imageWarp(mask, pixels, { ...size, sampling: 'nearest', fill: [maskFill] }),
    )
    this.move(map)
    this.clip()
  }

  /** Drops boxes of which too little is visible. */
  sift(options: BoxOptions): void {
    const { boxes } = this
    if (boxes === null) return
    const { minArea = 0, minVisibility = 0 } = options
    const stays = boxes.map((box, i) => {
      const area = areaOf(box)
      return area > 0 && area >= minArea && (this.shares[i] as number) >= minVisibility
    })
    if (stays.every(Boolean)) return
    const kept = <T>(list: readonly T[]): T[] => list.filter((_, i) => stays[i])
    this.boxes = kept(boxes)
    this.shares = kept(this.shares)
    this.rows = kept(this.rows)
    if (this.masks !== null) {
      const places = stays.flatMap((stay, i) => (stay ? [i] : []))
      this.masks = this.masks.indexSelect(0, tensor(places, { dtype: 'int64' }))
    }
  }

  /** What the image became. */
  result(): Tensor {
    return this.flat && this.image.shape[0] === 1 ? this.image.squeeze(0) : this.image
  }

  /** The sample that this became, with the other fields that it had. */
  sample(options: BoxOptions): ImageSample {
    const given = this.#given
    const out: ImageSample = { ...given, image: this.result() }
    if (this.mask !== null) {
      out.mask = (given.mask as Tensor).ndim === 2 ? this.mask.squeeze(0) : this.mask
    }
    if (this.masks !== null) out.masks = this.masks
    const dropped = this.boxes !== null && this.rows.length < (given.boxes as Tensor).size(0)
    const rows = tensor(this.rows, { dtype: 'int64' })
    if (this.boxes !== null) {
      const { height, width } = this
      const format = options.format ?? 'xyxy'
      out.boxes = fromCorners(this.boxes, format, height, width, given.boxes as Tensor)
      if (dropped && given.labels instanceof Tensor) out.labels = given.labels.indexSelect(0, rows)
    }
    if (given.keypoints !== undefined) {
      const points = this.#writePoints(given.keypoints)
      const owned = dropped && points.ndim === 3
      out.keypoints = owned ? points.indexSelect(0, rows) : points
    }
    return out
  }

  #writePoints(given: Tensor): Tensor {
    const size = given.shape.at(-1) as number
    const numbers = given.to('float64').toArray() as Float64Array
    const { height, width } = this
    for (const [i, [x, y]] of this.points.entries()) {
      numbers[size * i] = x
      numbers[size * i + 1] = y
      const inside = x >= 0 && y >= 0 && x <= width && y <= height
      if (size === 3 && !inside) numbers[size * i + 2] = 0
    }
    const dtype = given.dtype === 'float64' ? 'float64' : 'float32'
    return tensor([...numbers], { dtype }).view(given.shape)
  }
}
