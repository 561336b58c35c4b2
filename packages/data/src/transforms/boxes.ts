/** Boxes around objects: their formats, and what becomes of them. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import { requireOptions, requireTensor, show } from '@flambeau/core/internal'
import type { Map2d } from './maps.ts'
import { mapped } from './maps.ts'

/**
 * How four numbers are a box: corners `xyxy`; corner and size `xywh` (COCO); centre and size
 * `cxcywh`; centre and size as shares of the image `yolo`.
 */
export type BoxLayout = 'xyxy' | 'xywh' | 'cxcywh' | 'yolo'

/** The format, and which boxes stay when an image was cropped or turned. */
export interface BoxOptions {
  /** Default `xyxy`, in pixels: [left, top, right, bottom]. */
  format?: BoxLayout
  /** Boxes whose visible part has fewer pixels go. Default 0: only empty ones go. */
  minArea?: number
  /** Boxes of which a smaller share is visible go. Default 0. */
  minVisibility?: number
}

export type Box = [left: number, top: number, right: number, bottom: number]

const FORMATS: readonly BoxLayout[] = ['xyxy', 'xywh', 'cxcywh', 'yolo']

export function checkBoxOptions(op: string, options: BoxOptions): void {
  requireOptions(op, options)
  const { format = 'xyxy', minArea = 0, minVisibility = 0 } = options
  if (FORMATS.includes(format) && minArea >= 0 && minVisibility >= 0 && minVisibility <= 1) return
  throw new ValueError(
    op,
    [],
    `boxes: { format: ${show(format)}, minArea: ${show(minArea)}, minVisibility: ${show(minVisibility)} } cannot be`,
    `format is one of ${FORMATS.join(', ')}, minArea ≥ 0, and minVisibility from 0 to 1`,
  )
}

/** The rows of [N, 4] as corners. @throws {ShapeError} for another shape. */
export function toCorners(
  op: string,
  boxes: Tensor,
  format: BoxLayout,
  height: number,
  width: number,
): Box[] {
  requireTensor(op, 'boxes', boxes)
  if (boxes.ndim !== 2 || boxes.shape[1] !== 4) {
    if (boxes.numel() === 0) return []
    throw new ShapeError(op, { boxes }, 'boxes are [N, 4]', 'boxes.view(-1, 4)')
  }
  const numbers = boxes.to('float64').toArray() as Float64Array
  return Array.from({ length: boxes.shape[0] as number }, (_, i) => {
    const [a = 0, b = 0, c = 0, d = 0] = numbers.subarray(4 * i, 4 * i + 4)
    if (format === 'xyxy') return [a, b, c, d]
    if (format === 'xywh') return [a, b, a + c, b + d]
    const [sx, sy] = format === 'yolo' ? [width, height] : [1, 1]
    return [(a - c / 2) * sx, (b - d / 2) * sy, (a + c / 2) * sx, (b + d / 2) * sy]
  })
}

/** The other way round: [N, 4] of `like`'s dtype, or float32 if that holds whole numbers only. */
export function fromCorners(
  boxes: readonly Box[],
  format: BoxLayout,
  height: number,
  width: number,
  like: Tensor,
): Tensor {
  const rows = boxes.map(([left, top, right, bottom]) => {
    if (format === 'xyxy') return [left, top, right, bottom]
    const size = [right - left, bottom - top] as const
    if (format === 'xywh') return [left, top, ...size]
    const [sx, sy] = format === 'yolo' ? [width, height] : [1, 1]
    const centre = [(left + right) / 2 / sx, (top + bottom) / 2 / sy]
    return [...centre, size[0] / sx, size[1] / sy]
  })
  const dtype = like.dtype === 'float64' ? 'float64' : 'float32'
  return tensor(rows.flat(), { dtype }).view(boxes.length, 4)
}

/**
 * Boxes in another format.
 *
 * Shapes: `[N, 4]` -> same. Dtype: float64 stays, others become float32.
 *
 * @param options.size of the image, needed from and to `yolo`.
 * @throws {ShapeError} for another shape. @throws {ValueError} for unknown formats, or without size.
 * @see torchvision.ops.box_convert
 */
export function convertBoxes(
  boxes: Tensor,
  from: BoxLayout,
  to: BoxLayout,
  options: { size?: readonly [height: number, width: number] } = {},
): Tensor {
  checkBoxOptions('convertBoxes', { format: from })
  checkBoxOptions('convertBoxes', { format: to })
  if ((from === 'yolo' || to === 'yolo') && options.size === undefined) {
    throw new ValueError(
      'convertBoxes',
      { boxes },
      'boxes in shares of the image need its size',
      '{ size: [height, width] }',
    )
  }
  const [height, width] = options.size ?? [1, 1]
  const corners = toCorners('convertBoxes', boxes, from, height, width)
  return fromCorners(corners, to, height, width, boxes)
}

export function areaOf([left, top, right, bottom]: Box): number {
  return Math.max(0, right - left) * Math.max(0, bottom - top)
}

/** The part of a box that lies in the image. */
export function clipped([left, top, right, bottom]: Box, height: number, width: number): Box {
  const inside = (value: number, most: number): number => Math.min(Math.max(value, 0), most)
  return [inside(left, width), inside(top, height), inside(right, width), inside(bottom, height)]
}

/** The smallest upright box around what a map makes of a box. */
export function mappedBox(map: Map2d, [left, top, right, bottom]: Box): Box {
  const corners = [
    mapped(map, left, top),
    mapped(map, right, top),
    mapped(map, right, bottom),
    mapped(map, left, bottom),
  ]
  const xs = corners.map(([x]) => x)
  const ys = corners.map(([, y]) => y)
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}
