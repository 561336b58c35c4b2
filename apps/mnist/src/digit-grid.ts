import { writeFileSync } from 'node:fs'
import { encode } from 'fast-png'
import { element, palette, renderPng, svgDocument, text } from './picture.ts'

export interface DigitGridOptions {
  title: string
  /** One line below the title; the share of right answers in the grid follows it. */
  subtitle?: string
  /** Grey values of N images of 28 × 28 pixels, one after the other; 0 is paper, 255 is ink. */
  images: Uint8Array
  /** What each digit is, N of them. */
  labels: ArrayLike<number>
  /** What the network takes it for, N of them. */
  predictions: ArrayLike<number>
  /** Digits in a row. */
  columns: number
  path: string
}

/** Draws digits in a grid as a PNG, the prediction under each; wrong ones are framed in red. */
export function digitGrid(options: DigitGridOptions): void {
  writeFileSync(options.path, renderPng(digitGridSvg(options)))
}

const side = 28
const pixels = side * side
const tile = 70
const cellWidth = 86
const cellHeight = 106
const margin = 40
const top = 96
/** For the title. */
const minWidth = 360

/**
 * The picture of {@link digitGrid} as the text of an SVG.
 *
 * @throws {RangeError} if the lists do not have one entry for each image, or `columns` is not a
 *   whole number from 1 up.
 */
export function digitGridSvg(options: Omit<DigitGridOptions, 'path'>): string {
  const { title, subtitle, images, labels, predictions, columns } = options
  const count = images.length / pixels
  if (!Number.isInteger(count) || labels.length !== count || predictions.length !== count) {
    throw new RangeError(
      `digitGrid: labels and predictions must have one entry for each image of ${pixels} pixels\n` +
        `  images: ${images.length} pixels   labels: ${labels.length}   predictions: ${predictions.length}\n` +
        '  fix: pass the same images, labels and predictions, all of one batch',
    )
  }
  if (!Number.isInteger(columns) || columns < 1) {
    throw new RangeError(
      `digitGrid: columns must be a whole number from 1 up, not ${columns}\n  fix: pass 10`,
    )
  }

  const cells: string[] = []
  let right = 0
  for (let i = 0; i < count; i++) {
    const x = margin + (i % columns) * cellWidth
    const y = top + Math.floor(i / columns) * cellHeight
    const [label, prediction] = [labels[i]!, predictions[i]!]
    if (label === prediction) right++
    cells.push(...cell(x, y, images.subarray(i * pixels, (i + 1) * pixels), label, prediction))
  }

  const share = `${right} of ${count} right`
  const rows = Math.ceil(count / columns)
  return svgDocument(
    2 * margin + Math.max(columns * cellWidth - (cellWidth - tile), minWidth),
    top + rows * cellHeight + margin / 2,
    [
      text(margin, 40, title, { size: 20, bold: true }),
      text(margin, 63, subtitle === undefined ? share : `${subtitle}; ${share}`, {
        size: 13,
        color: palette.muted,
      }),
      ...cells,
    ],
  )
}

function cell(
  x: number,
  y: number,
  image: Uint8Array,
  label: number,
  prediction: number,
): string[] {
  const wrong = label !== prediction
  const frame = wrong
    ? { stroke: palette.red, 'stroke-width': 3 }
    : { stroke: palette.grid, 'stroke-width': 1 }
  const caption = wrong ? `${prediction} → true ${label}` : String(prediction)
  return [
    element('image', { x, y, width: tile, height: tile, 'xlink:href': dataUrl(image) }),
    element('rect', { x, y, width: tile, height: tile, rx: 3, fill: 'none', ...frame }),
    text(x + tile / 2, y + tile + 20, caption, {
      size: 13,
      bold: wrong,
      color: wrong ? palette.red : palette.ink,
      anchor: 'middle',
    }),
  ]
}

/** The image, dark on light, as a PNG within a URL. */
function dataUrl(image: Uint8Array): string {
  const data = image.map((ink) => 255 - ink)
  const png = encode({ width: side, height: side, data, channels: 1, depth: 8 })
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}
