import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireOptions, requireTensor } from '@flambeau/core/internal'
import { Figure } from './figure.ts'
import { colorOf, element, svgDocument, text } from './svg.ts'
import { overlayText } from './terminal.ts'
import type { Brightness } from './values.ts'
import { dataUrl, numbersOf, pixelsOf } from './values.ts'

export interface OverlayOptions extends Brightness {
  /** Boxes `[N, 4]`: x1, y1, x2, y2 in pixels. Default none. */
  readonly boxes?: Tensor
  /** A mask `[H, W]`: 0 is not covered, each other number gets its colour. Default none. */
  readonly mask?: Tensor
  /** Beside each box. Default none. */
  readonly captions?: readonly string[]
  /** The class of each box, which is its colour. Default one class. */
  readonly labels?: ArrayLike<number>
  /** How much the mask covers, 0 to 1. Default 0.45. */
  readonly opacity?: number
  /** Units of the picture to a pixel of the image. Default: so that it is about 480 wide. */
  readonly scale?: number
}

/**
 * An image with boxes and a mask drawn over it.
 *
 * Shapes: image `[C, H, W]` or `[H, W]` with 1 or 3 channels; integer (0 to 255) or floating
 * (0 to 1).
 *
 * @throws {ValueError} for other shapes, a mask of another size, or lists of other lengths.
 * @see torchvision.utils.draw_bounding_boxes, draw_segmentation_masks
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { overlay } from '@flambeau/plot'
 * const boxes = tensor([[2, 2, 10, 12]])
 * const figure = overlay(zeros([3, 16, 16]), { boxes, captions: ['cat 0.97'] })
 * console.log(figure.svg.includes('cat 0.97')) // => true
 * ```
 */
export function overlay(image: Tensor, options: OverlayOptions = {}): Figure {
  const op = 'overlay'
  requireOptions(op, options)
  const [picture] = pixelsOf(op, image, options)
  if (picture === undefined || image.ndim > 3) {
    throw new ValueError(op, { image }, 'one image is drawn at a time', 'select one of them')
  }
  if (options.mask !== undefined) requireTensor(op, 'mask', options.mask)
  if (options.boxes !== undefined) requireTensor(op, 'boxes', options.boxes)
  const scale = options.scale ?? Math.max(1, Math.round(480 / picture.width))
  const [width, height] = [picture.width * scale, picture.height * scale]
  const whole = { x: 0, y: 0, width, height, preserveAspectRatio: 'none' }
  const content = [element('image', { ...whole, 'xlink:href': dataUrl(picture) })]
  if (options.mask !== undefined) {
    const [rows, columns] = options.mask.shape
    if (options.mask.ndim !== 2 || rows !== picture.height || columns !== picture.width) {
      const fix = 'resize the mask by nearest neighbours'
      throw new ValueError(op, { image, mask: options.mask }, 'the mask must be [H, W]', fix)
    }
    content.push(...maskOver(options.mask, picture.width, scale, options.opacity ?? 0.45))
  }
  content.push(...boxesOver(op, options, scale, height))
  return new Figure(svgDocument(width, height, content), (across) => {
    const boxes = options.boxes === undefined ? [] : numbersOf(options.boxes)
    const covered = options.mask === undefined ? [] : numbersOf(options.mask)
    return overlayText(picture, boxes, covered, across, options.captions)
  })
}

/** Runs of covered pixels, row by row, as one path for each class. */
function maskOver(mask: Tensor, width: number, scale: number, opacity: number): string[] {
  const values = numbersOf(mask)
  const paths = new Map<number, string[]>()
  for (let at = 0; at < values.length;) {
    const value = values[at] as number
    const [row, column] = [Math.floor(at / width), at % width]
    let end = at + 1
    while (end % width !== 0 && values[end] === value) end++
    if (value !== 0) {
      const runs = paths.get(value) ?? []
      paths.set(value, runs)
      const [x, y, w] = [column * scale, row * scale, (end - at) * scale]
      runs.push(`M${x},${y}h${w}v${scale}h${-w}z`)
    }
    at = end
  }
  return [...paths].map(([value, runs]) =>
    element('path', { d: runs.join(''), fill: colorOf(value), 'fill-opacity': opacity }),
  )
}

function boxesOver(op: string, options: OverlayOptions, scale: number, height: number): string[] {
  const { boxes, captions, labels } = options
  if (boxes === undefined || boxes.numel() === 0) return []
  if (boxes.ndim !== 2 || boxes.shape[1] !== 4) {
    throw new ValueError(op, { boxes }, 'boxes must be [N, 4]: x1, y1, x2, y2', 'reshape them')
  }
  const count = boxes.shape[0] as number
  for (const [name, list] of Object.entries({ captions, labels })) {
    if (list === undefined || list.length === count) continue
    const rule = `${name} has ${list.length} entries for ${count} boxes`
    throw new ValueError(op, { boxes }, rule, 'give one for each')
  }
  const values = numbersOf(boxes).map((value) => value * scale)
  return Array.from({ length: count }, (_, i) => {
    const [x1, y1, x2, y2] = values.slice(4 * i, 4 * i + 4) as [number, number, number, number]
    const color = colorOf(labels?.[i] ?? 0)
    const frame = { x: x1, y: y1, width: Math.max(x2 - x1, 0), height: Math.max(y2 - y1, 0) }
    const box = element('rect', { ...frame, fill: 'none', stroke: color, 'stroke-width': 2.5 })
    const caption = captions?.[i]
    if (caption === undefined || caption === '') return box
    const top = y1 >= 18 ? y1 - 18 : Math.min(y1, height - 18)
    const wide = caption.length * 7 + 8
    return [
      box,
      element('rect', { x: x1 - 1, y: top, width: wide, height: 18, fill: color }),
      text(x1 + 3, top + 13, caption, { size: 12, bold: true, color: '#ffffff' }),
    ].join('')
  })
}
