import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireCount, requireOptions, requireTensor } from '@flambeau/core/internal'
import { Figure } from './figure.ts'
import { element, palette, svgDocument, text } from './svg.ts'
import { imageText } from './terminal.ts'
import type { Brightness, Pixels } from './values.ts'
import { dataUrl, pixelsOf } from './values.ts'

export interface ImageGridOptions extends Brightness {
  readonly title?: string
  /** One line below the title. */
  readonly subtitle?: string
  /** Images in a row. Default: as many as make a grid about as wide as it is high, at most 10. */
  readonly columns?: number
  /** A line below each image. Default none. */
  readonly captions?: readonly string[]
  /** Which images are framed in red, with a bold caption. Default none. */
  readonly marked?: readonly boolean[]
  /** Dark on light: white becomes paper. Default false. */
  readonly invert?: boolean
  /** Width of an image in units of the picture. Default: 70 for small ones, up to 200. */
  readonly tile?: number
  /** Show single pixels of enlarged images, not a smooth picture. Default false. */
  readonly pixelated?: boolean
}

const margin = 40
const gap = 16
/** For the title. */
const minWidth = 360

/**
 * Images in a grid, with captions.
 *
 * Shapes: `[N, C, H, W]`, `[C, H, W]` or `[H, W]` with 1 or 3 channels; dtype integer (0 to 255) or
 * floating (0 to 1), or what `range` says.
 *
 * @throws {ValueError} for other shapes, lists of other lengths, or columns that are not a whole
 * number from 1 up.
 * @see torchvision.utils.make_grid
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { imageGrid } from '@flambeau/plot'
 * const figure = imageGrid(rand([4, 3, 16, 16]), { captions: ['a', 'b', 'c', 'd'] })
 * console.log(figure.svg.split('<image').length - 1) // => 4
 * ```
 */
export function imageGrid(images: Tensor, options: ImageGridOptions = {}): Figure {
  const op = 'imageGrid'
  requireTensor(op, 'images', images)
  requireOptions(op, options)
  const pictures = images.numel() === 0 ? [] : pixelsOf(op, images, options)
  const shown = options.invert === true ? pictures.map(inverted) : pictures
  return drawGrid(op, shown, options)
}

/** Pictures in a grid. @throws {ValueError} as {@link imageGrid} does. */
export function drawGrid(
  op: string,
  pictures: readonly Pixels[],
  options: ImageGridOptions,
): Figure {
  const count = pictures.length
  const { captions, marked } = options
  for (const [name, list] of Object.entries({ captions, marked })) {
    if (list === undefined || list.length === count) continue
    const rule = `${name} has ${list.length} entries for ${count} images`
    throw new ValueError(op, [], rule, 'give one for each')
  }
  const columns = options.columns ?? Math.min(10, Math.max(1, Math.ceil(Math.sqrt(count))))
  requireCount(op, 'columns', columns, 1)
  const [first] = pictures
  const tile = options.tile ?? Math.min(200, Math.max(70, (first?.width ?? 0) * 1.5))
  const height = first === undefined ? tile : (tile * first.height) / first.width
  const cell = { width: tile + gap, height: height + (captions === undefined ? gap : 36) }
  const top = options.title === undefined ? margin : options.subtitle === undefined ? 72 : 96
  const rows = Math.ceil(count / columns)
  const used = Math.min(columns, Math.max(count, 1))
  const cells = pictures.flatMap((picture, i) => {
    const x = margin + (i % columns) * cell.width
    const y = top + Math.floor(i / columns) * cell.height
    return drawCell(x, y, picture, {
      tile,
      height,
      caption: captions?.[i] ?? '',
      marked: marked?.[i] ?? false,
      pixelated: options.pixelated ?? false,
    })
  })
  return new Figure(
    svgDocument(
      2 * margin + Math.max(used * cell.width - gap, options.title === undefined ? 0 : minWidth),
      top + rows * cell.height + margin / 2,
      [
        text(margin, 40, options.title ?? '', { size: 20, bold: true }),
        text(margin, 63, options.subtitle ?? '', { size: 13, color: palette.muted }),
        ...cells,
      ],
    ),
    (across) => imageText(pictures, across, options.captions, options.title),
  )
}

interface CellStyle {
  readonly tile: number
  readonly height: number
  readonly caption: string
  readonly marked: boolean
  readonly pixelated: boolean
}

function drawCell(x: number, y: number, picture: Pixels, style: CellStyle): string[] {
  const { tile, height, caption, marked } = style
  const frame = marked
    ? { stroke: palette.red, 'stroke-width': 3 }
    : { stroke: palette.grid, 'stroke-width': 1 }
  const box = { x, y, width: tile, height }
  const rendering: Record<string, string> = style.pixelated
    ? { 'image-rendering': 'optimizeSpeed' } // what both resvg and browsers know as pixelated
    : {}
  return [
    element('image', {
      ...box,
      ...rendering,
      preserveAspectRatio: 'none',
      'xlink:href': dataUrl(picture),
    }),
    element('rect', { ...box, rx: 3, fill: 'none', ...frame }),
    text(x + tile / 2, y + height + 20, caption, {
      size: 13,
      bold: marked,
      color: marked ? palette.red : palette.ink,
      anchor: 'middle',
    }),
  ]
}

function inverted(picture: Pixels): Pixels {
  return { ...picture, data: picture.data.map((value) => 255 - value) }
}
