/** What was found and what is there in one image, as areas and overlaps: of boxes or of masks. */
import type { Tensor, TensorData } from '@flambeau/core'
import { isFloatingPoint, ShapeError, ValueError } from '@flambeau/core'
import type { Corners } from './detection-matching.ts'
import { overlap } from './detection-matching.ts'
import { input, numbersOf } from './metric.ts'

/** What overlaps are taken of, boxes or masks. */
export type IouType = 'bbox' | 'segm'

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

/** What a model found in one image, as masks. */
export interface DetectedMasks {
  /** `[D, H, W]` or `[D, 1, H, W]`: bool, whole numbers (0: outside), or probabilities (above 0.5: inside). */
  masks: TensorData
  /** `[D]`. */
  scores: TensorData
  /** `[D]`, classes. */
  labels: TensorData
}

/** What is there in one image, as masks. */
export interface TrueMasks {
  /** `[G, H, W]` or `[G, 1, H, W]`, as in {@link DetectedMasks}. */
  masks: TensorData
  /** `[G]`, classes. */
  labels: TensorData
  /** `[G]`: a crowd (COCO) or a difficult object (VOC), which is neither to be found nor a mistake to find. */
  iscrowd?: TensorData
  /** `[G]`: areas that decide about small, medium and large. Default: of the masks. */
  area?: TensorData
}

/** What an image's entry of a list is, by what overlaps are taken of. */
export interface DetectedBy {
  bbox: DetectedBoxes
  segm: DetectedMasks
}

/** What an image's entry of the other list is. */
export interface TrueBy {
  bbox: TrueBoxes
  segm: TrueMasks
}

const OP = 'MeanAveragePrecision'

/** Regions of one image: their areas, and the overlap of one with a region of another list. */
export interface Compared {
  /** Of what was found. */
  areas: ArrayLike<number>
  /** Of what is there. */
  trueAreas: ArrayLike<number>
  /** Intersection over union; with a crowd, over the area of what was found. */
  overlap: (found: number, there: number, crowd: boolean) => number
}

/** Compares boxes. @throws {ShapeError} unless they are `[N, 4]`. @throws {ValueError} for NaN. */
export function compareBoxes(found: TensorData, there: TensorData, format: BoxFormat): Compared {
  const [ours, theirs] = [readBoxes(found, format), readBoxes(there, format)]
  const areaOf = (box: Corners): number => (box[2] - box[0]) * (box[3] - box[1])
  return {
    areas: ours.map(areaOf),
    trueAreas: theirs.map(areaOf),
    overlap: (d, g, crowd) => overlap(ours[d] as Corners, theirs[g] as Corners, crowd),
  }
}

function readBoxes(data: TensorData, format: BoxFormat): Corners[] {
  if (data === undefined)
    throw new ValueError(OP, [], 'an image has no boxes', "pass { boxes }, or iouType: 'segm'")
  const boxes = input(data)
  if (boxes.numel() === 0) return []
  if (boxes.ndim !== 2 || boxes.shape[1] !== 4)
    throw new ShapeError(OP, { boxes }, 'boxes must be [N, 4]', 'unsqueeze(0) of one box')
  const numbers = numbersOf(boxes)
  if (numbers.some((value) => Number.isNaN(value)))
    throw new ValueError(OP, { boxes }, 'a box is NaN', 'leave it out')
  return Array.from({ length: boxes.shape[0] as number }, (_, i) => {
    const [a, b, c, d] = numbers.subarray(4 * i, 4 * i + 4) as unknown as Corners
    if (format === 'xyxy') return [a, b, c, d]
    if (format === 'xywh') return [a, b, a + c, b + d]
    return [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
  })
}

/**
 * Compares masks.
 *
 * @throws {ShapeError} unless they are `[N, H, W]` or `[N, 1, H, W]`, of one size in both lists.
 * @throws {ValueError} for NaN.
 */
export function compareMasks(found: TensorData, there: TensorData): Compared {
  const [ours, theirs] = [readMasks(found), readMasks(there)]
  const [areas, trueAreas] = [numbersOf(ours.sum([1, 2])), numbersOf(theirs.sum([1, 2]))]
  if (areas.length === 0 || trueAreas.length === 0) return { areas, trueAreas, overlap: () => 0 }
  if (ours.shape[1] !== theirs.shape[1] || ours.shape[2] !== theirs.shape[2])
    throw new ShapeError(
      OP,
      { found: ours, there: theirs },
      `masks of one image must have one size, not ${ours.shape.slice(1).join(' × ')} and ${theirs.shape.slice(1).join(' × ')}`,
      'resize those that were found to the image',
    )
  // Sums of ones: exact in any order.
  const both = numbersOf(ours.flatten(1).matmul(theirs.to(ours.device).flatten(1).t()))
  return {
    areas,
    trueAreas,
    overlap: (d, g, crowd) => {
      const shared = both[d * trueAreas.length + g] as number
      if (shared === 0) return 0
      const area = areas[d] as number
      return shared / (crowd ? area : area + (trueAreas[g] as number) - shared)
    },
  }
}

/** Masks as float32 `[N, H, W]` of zeros and ones. */
function readMasks(data: TensorData): Tensor {
  if (data === undefined)
    throw new ValueError(OP, [], 'an image has no masks', "pass { masks }, or iouType: 'bbox'")
  const masks = input(data)
  if (masks.numel() === 0) return masks.to('float32').reshape([0, 0, 0])
  const flat = masks.ndim === 4 && masks.shape[1] === 1 ? masks.squeeze(1) : masks
  if (flat.ndim !== 3)
    throw new ShapeError(
      OP,
      { masks },
      'masks must be [N, H, W] or [N, 1, H, W]',
      'unsqueeze(0) of one mask',
    )
  if (!isFloatingPoint(flat)) return flat.ne(0).to('float32')
  if (flat.isnan().any().item() === true)
    throw new ValueError(OP, { masks }, 'a mask is NaN', 'leave it out')
  return flat.gt(0.5).to('float32')
}

/** One number for each region. @throws {ShapeError} for another count. @throws {ValueError} for NaN. */
export function column(data: TensorData, regions: number, name: string): ArrayLike<number> {
  const tensor = input(data)
  if (tensor.numel() !== regions || tensor.ndim > 1)
    throw new ShapeError(
      OP,
      { [name]: tensor },
      `${name} must have one element for each of the ${regions} regions`,
      'pass one-axis tensors',
    )
  const numbers = numbersOf(tensor)
  if (numbers.some((value) => Number.isNaN(value)))
    throw new ValueError(OP, { [name]: tensor }, `${name} has a NaN`, 'leave the region out')
  return numbers
}
