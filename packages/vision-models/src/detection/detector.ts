/** What all detectors have in common: what they take, what they give, and what they refuse. */
import { noGrad } from '@flambeau/autograd'
import { isFloatingPoint, ShapeError, stack, Tensor, ValueError } from '@flambeau/core'
import {
  requireList,
  requireNumberList,
  requireOptions,
  requireTensor,
  requireTensors,
  requireText,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/** What there is in one image. */
export interface DetectionTarget {
  /** `[N, 4]`: x1, y1, x2, y2 in pixels, within the image; floating. */
  readonly boxes: Tensor
  /** int64 `[N]`: classes from 1; 0 is the background. */
  readonly labels: Tensor
  /** `[N, H, W]`: 1 where the object is, 0 elsewhere. Of detectors that learn masks. */
  readonly masks?: Tensor
}

/** What was found in one image, best first. */
export interface Detection {
  /** `[K, 4]`: x1, y1, x2, y2 in pixels of the image as it was given. */
  readonly boxes: Tensor
  /** `[K]`, from 0 to 1. */
  readonly scores: Tensor
  /** int64 `[K]`: classes from 1. */
  readonly labels: Tensor
  /** `[K, 1, H, W]`, from 0 to 1. Of detectors that find masks. */
  readonly masks?: Tensor
}

/** The parts of a detector's loss by name, scalars. */
export type DetectorLosses = Readonly<Record<string, Tensor>>

/** Height and width. */
export type ImageSize = readonly [height: number, width: number]

/** The sum of a detector's losses, a scalar to go back from. */
export function totalLoss(losses: DetectorLosses): Tensor {
  requireOptions('totalLoss', losses)
  for (const [name, loss] of Object.entries(losses)) requireTensor('totalLoss', name, loss)
  const [first, ...others] = Object.values(losses)
  if (first === undefined) throw new ValueError('totalLoss', [], 'there are no losses', 'train()')
  return others.reduce((sum, loss) => sum.add(loss), first)
}

/**
 * The base of detectors. In training `detector(images, targets)` gives losses by name, in evaluation
 * `detector(images)` gives what was found in each image.
 *
 * Images are `[3, H, W]` each, floating, from 0 to 1, and may differ in size; or one `[N, 3, H, W]`.
 * Classes are counted from 1 as in torchvision, and `numClasses` includes the background.
 *
 * @throws {ShapeError} for what are no images, or targets that do not belong to them.
 * @throws {ValueError} for bad boxes and labels, with the number of image and box.
 * @see torchvision.models.detection
 *
 * @example
 * ```ts
 * import { rand, tensor } from '@flambeau/core'
 * import { SmallSSD, totalLoss } from '@flambeau/vision-models'
 * const net = new SmallSSD({ numClasses: 3, size: [64, 64] })
 * const boxes = tensor([[8, 8, 40, 40]], { dtype: 'float32' })
 * const losses = net.losses([rand([3, 64, 64])], [{ boxes, labels: tensor([1]) }])
 * console.log(Object.keys(losses), totalLoss(losses).shape)
 * // => [ 'bbox_regression', 'classification' ] []
 * ```
 */
export abstract class Detector extends nn.Module<
  [images: Tensor | readonly Tensor[], targets?: readonly DetectionTarget[]],
  DetectorLosses | Detection[]
> {
  /** With the background. */
  abstract readonly numClasses: number
  /** Targets need masks. */
  readonly needsMasks: boolean = false

  protected abstract computeLosses(
    images: readonly Tensor[],
    targets: readonly DetectionTarget[],
  ): DetectorLosses

  protected abstract find(images: readonly Tensor[]): Detection[]

  /** The losses by name, whatever the mode. */
  losses(images: Tensor | readonly Tensor[], targets: readonly DetectionTarget[]): DetectorLosses {
    const list = imageList(this.constructor.name, images)
    checkTargets(this.constructor.name, list, targets, this.numClasses, this.needsMasks)
    return this.computeLosses(list, targets)
  }

  /** What is found in each image, in evaluation mode and without gradients. */
  detect(images: Tensor | readonly Tensor[]): Detection[] {
    const list = imageList(this.constructor.name, images)
    const was = this.training
    if (was) this.eval()
    try {
      return noGrad(() => this.find(list))
    } finally {
      if (was) this.train()
    }
  }

  override forward(
    images: Tensor | readonly Tensor[],
    targets?: readonly DetectionTarget[],
  ): DetectorLosses | Detection[] {
    if (!this.training) return this.detect(images)
    if (targets !== undefined) return this.losses(images, targets)
    const fix = 'pass a list of { boxes, labels }, or call eval() to find'
    throw new ValueError(this.constructor.name, [], 'training needs targets', fix)
  }
}

/** Images as a list. @throws {ShapeError} for what are no images. */
function imageList(op: string, images: Tensor | readonly Tensor[]): Tensor[] {
  const fix = 'a list of [3, H, W], or one [N, 3, H, W], from 0 to 1'
  if (images instanceof Tensor && images.ndim !== 4) {
    throw new ShapeError(op, { images }, 'images must be [N, C, H, W] or a list', fix)
  }
  const list = images instanceof Tensor ? images.unbind(0) : images
  if (!Array.isArray(list) || list.length === 0) {
    throw new ValueError(op, [], 'there are no images', fix)
  }
  for (const [i, image] of (list as unknown[]).entries()) {
    if (image instanceof Tensor && image.ndim === 3 && isFloatingPoint(image)) continue
    const seen = image instanceof Tensor ? { image } : []
    throw new ShapeError(op, seen, `image ${i} is not a floating [C, H, W]`, fix)
  }
  return [...(list as Tensor[])]
}

/** How far a box may stand over the edge for rounding, in pixels. */
const SLACK = 0.01

/**
 * Checks that targets are what detectors learn from.
 *
 * @param numClasses With the background.
 * @throws {ValueError} for a missing field, a box outside of its image or without area, a label out of
 * range; with the number of the image and of the box. @throws {ShapeError} for fields of other shapes.
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { checkTargets } from '@flambeau/vision-models'
 * const boxes = tensor([[0, 0, 8, 8], [4, 4, 4, 9]], { dtype: 'float32' })
 * const targets = [{ boxes, labels: tensor([1, 1]) }]
 * try {
 *   checkTargets('example', [zeros([3, 16, 16])], targets, 2)
 * } catch (error) {
 *   console.log((error as Error).message.includes('box 1 of image 0 has no area')) // => true
 * }
 * ```
 */
export function checkTargets(
  op: string,
  images: readonly Tensor[],
  targets: readonly DetectionTarget[],
  numClasses: number,
  needsMasks: boolean = false,
): void {
  requireText('checkTargets', 'op', op)
  requireTensors(op, 'images', images)
  if (!Array.isArray(targets) || targets.length !== images.length) {
    const got = Array.isArray(targets) ? `${targets.length} targets` : 'no list of targets'
    throw new ValueError(op, [], `${got} for ${images.length} images`, 'one for each')
  }
  for (const [i, image] of images.entries()) {
    const target = targets[i] as DetectionTarget
    checkTarget(op, i, image.shape.slice(-2) as unknown as ImageSize, target, numClasses)
    const { boxes, masks } = target
    if (masks === undefined && needsMasks) {
      throw new ValueError(op, [], `the target of image ${i} has no masks`, '[N, H, W], 0 and 1')
    }
    if (masks === undefined) continue
    const want = [boxes.shape[0], ...image.shape.slice(-2)]
    if (masks instanceof Tensor && String(masks.shape) === String(want)) continue
    const seen = masks instanceof Tensor ? { boxes, masks } : { boxes }
    throw new ShapeError(op, seen, `masks of image ${i} must be [${want.join(', ')}]`, 'one a box')
  }
}

function checkTarget(
  op: string,
  image: number,
  [height, width]: ImageSize,
  target: DetectionTarget,
  numClasses: number,
): void {
  const { boxes, labels } = (target ?? {}) as Partial<DetectionTarget>
  for (const [name, value] of Object.entries({ boxes, labels })) {
    if (value instanceof Tensor) continue
    throw new ValueError(op, [], `the target of image ${image} has no ${name}`, '{ boxes, labels }')
  }
  const [b, l] = [boxes as Tensor, labels as Tensor]
  if (b.ndim !== 2 || b.shape[1] !== 4 || !isFloatingPoint(b)) {
    const fix = 'zeros([0, 4]) for none'
    throw new ShapeError(op, { boxes: b }, `boxes of image ${image} must be floating [N, 4]`, fix)
  }
  if (l.ndim !== 1 || l.shape[0] !== b.shape[0] || isFloatingPoint(l)) {
    const rule = `labels of image ${image} must be int64 [N], as many as boxes`
    throw new ShapeError(op, { boxes: b, labels: l }, rule, "dtype: 'int64'")
  }
  const classes = l.tolist() as number[]
  for (const [k, box] of (b.detach().tolist() as number[][]).entries()) {
    const [x1, y1, x2, y2] = box as [number, number, number, number]
    const where = `box ${k} of image ${image}`
    const fail = (rule: string, fix: string): ValueError =>
      new ValueError(op, { box }, `${where} ${rule}`, fix)
    if (!box.every(Number.isFinite)) throw fail('is not of finite numbers', 'leave it out')
    if (x2 <= x1 || y2 <= y1) throw fail('has no area', 'x1 < x2 and y1 < y2; leave it out')
    if (x1 < -SLACK || y1 < -SLACK || x2 > width + SLACK || y2 > height + SLACK) {
      throw fail(`lies outside of its ${height} × ${width} pixels`, 'clipBoxesToImage')
    }
    const label = classes[k] as number
    if (label < 1 || label >= numClasses) {
      const rule = `has the label ${label}, which is not within 1 to ${numClasses - 1}`
      throw fail(rule, 'numClasses counts the background, which is 0')
    }
  }
}

/** How {@link ImageBatcher} makes a batch. */
export interface ImageBatcherOptions {
  /** Every image gets this size. Default: see minSize. */
  readonly fixedSize?: ImageSize | null
  /** Pixels of the shorter side. Default null: as it is. */
  readonly minSize?: number | null
  /** Most pixels of the longer side. Default 1333. */
  readonly maxSize?: number
  /** Sides of the batch are multiples of it. Default 32. */
  readonly sizeDivisible?: number
  /** Subtracted from each channel. Default ImageNet's. */
  readonly mean?: readonly number[]
  /** What each channel is then divided by. Default ImageNet's. */
  readonly std?: readonly number[]
}

/** Images as a network takes them. */
export interface ImageBatch {
  /** `[N, C, H, W]`, 0 where an image is smaller. */
  readonly tensor: Tensor
  /** Of each image within it. */
  readonly sizes: readonly ImageSize[]
  /** Of each image as it was given. */
  readonly given: readonly ImageSize[]
}

/**
 * Makes batches of images: normalises, resizes and pads them, and resizes boxes the same and back.
 *
 * @see torchvision.models.detection.transform.GeneralizedRCNNTransform
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { ImageBatcher } from '@flambeau/vision-models'
 * const batcher = new ImageBatcher({ minSize: 64 })
 * const { tensor, sizes } = batcher.batch([rand([3, 32, 48]), rand([3, 100, 50])])
 * console.log(tensor.shape, sizes) // => [ 2, 3, 128, 96 ] [ [ 64, 96 ], [ 128, 64 ] ]
 * ```
 */
export class ImageBatcher {
  readonly options: Required<ImageBatcherOptions>

  constructor(options: ImageBatcherOptions = {}) {
    requireOptions('ImageBatcher', options)
    this.options = {
      fixedSize: null,
      minSize: null,
      maxSize: 1333,
      sizeDivisible: 32,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      ...options,
    }
    requireNumberList('ImageBatcher', 'mean', this.options.mean)
    requireNumberList('ImageBatcher', 'std', this.options.std, this.options.mean.length)
  }

  #sizeFor([height, width]: ImageSize): ImageSize {
    const { fixedSize, minSize, maxSize } = this.options
    if (fixedSize !== null) return fixedSize
    const [short, long] = [Math.min(height, width), Math.max(height, width)]
    const scale = Math.min(minSize === null ? 1 : minSize / short, maxSize / long)
    return [Math.floor(height * scale), Math.floor(width * scale)]
  }

  /** @throws {ShapeError} for images of other channels than mean and std have. */
  batch(images: readonly Tensor[]): ImageBatch {
    const { mean, std, sizeDivisible, fixedSize } = this.options
    requireTensors('Detector', 'images', images, 1)
    const given = images.map((image) => image.shape.slice(-2) as unknown as ImageSize)
    const sizes = given.map((size) => this.#sizeFor(size))
    const column = (values: readonly number[]): Tensor =>
      (images[0] as Tensor).newTensor([...values]).reshape([-1, 1, 1])
    const [shift, scale] = [column(mean), column(std)]
    const ready = images.map((image, i) => {
      if (image.shape[0] !== mean.length) {
        const rule = `image ${i} has not ${mean.length} channels`
        throw new ShapeError('ImageBatcher', { image }, rule, 'options mean and std say how many')
      }
      return resize(image.sub(shift).div(scale), sizes[i] as ImageSize, 'bilinear')
    })
    const unit = fixedSize === null ? sizeDivisible : 1
    const whole = [0, 1].map((axis) => {
      const most = Math.max(...sizes.map((size) => size[axis as 0 | 1]))
      return Math.ceil(most / unit) * unit
    }) as [number, number]
    const padded = ready.map((image, i) => {
      const [height, width] = sizes[i] as ImageSize
      if (height === whole[0] && width === whole[1]) return image
      return nn.functional.pad(image, [0, whole[1] - width, 0, whole[0] - height])
    })
    return { tensor: stack(padded), sizes, given }
  }

  /** Targets in the sizes of the batch. */
  targets(batch: ImageBatch, targets: readonly DetectionTarget[]): DetectionTarget[] {
    requireList('Detector', 'targets', targets, 'a list of targets')
    requireBatch(batch)
    return targets.map((target, i) => {
      requireOptions('Detector', target, ['boxes', 'labels'])
      const [from, to] = [batch.given[i] as ImageSize, batch.sizes[i] as ImageSize]
      const boxes = resizeBoxes(target.boxes.float(), from, to)
      if (target.masks === undefined) return { boxes, labels: target.labels }
      return { boxes, labels: target.labels, masks: resize(target.masks.float(), to, 'nearest') }
    })
  }

  /** What was found in the batch, in the sizes of the given images. */
  restore(batch: ImageBatch, found: readonly Detection[]): Detection[] {
    requireList('Detector', 'found', found, 'a list of detections')
    requireBatch(batch)
    return found.map((one, i) => {
      requireOptions('Detector', one, ['boxes'])
      const [from, to] = [batch.sizes[i] as ImageSize, batch.given[i] as ImageSize]
      return { ...one, boxes: resizeBoxes(one.boxes, from, to) }
    })
  }
}

/** @throws {ValueError} unless `batch` has the sizes of its images. */
function requireBatch(batch: ImageBatch): void {
  requireOptions('Detector', batch, ['given', 'sizes'])
  requireList('Detector', 'batch.given', batch.given, 'a list of sizes')
  requireList('Detector', 'batch.sizes', batch.sizes, 'a list of sizes')
}

function resize(image: Tensor, [height, width]: ImageSize, mode: 'bilinear' | 'nearest'): Tensor {
  if (image.shape[1] === height && image.shape[2] === width) return image
  if (image.shape[0] === 0) return image.newTensor([]).reshape([0, height, width])
  const out = nn.functional.interpolate(image.unsqueeze(0), { size: [height, width], mode })
  return out.squeeze(0)
}

/** Boxes in an image of another size. */
export function resizeBoxes(boxes: Tensor, from: ImageSize, to: ImageSize): Tensor {
  const [y, x] = [to[0] / from[0], to[1] / from[1]]
  return y === 1 && x === 1 ? boxes : boxes.mul(boxes.newTensor([x, y, x, y]))
}
