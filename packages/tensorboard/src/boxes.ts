/** Images with boxes around what is in them. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import { requireList, requireTensor, requireText, show } from '@flambeau/core/internal'
import { functional } from '@flambeau/nn'
import { textLine } from './bitmap-font.ts'
import type { EncodedImage, Pixels } from './pixels.ts'
import { encodePng, gridOf } from './pixels.ts'

/** Pixels that the line around a box is wide. */
const LINE = 2
const RED = [255, 0, 0] as const
const BLACK = [0, 0, 0] as const

/** What is drawn around and into an image. */
export interface Boxes {
  /** `[N, 4]`: left, top, right and bottom, in pixels. */
  readonly boxes: Tensor
  /** A name for each box, one for a single box, or null. */
  readonly labels: readonly string[] | string | null
  /** Size of what comes out over that of the image. */
  readonly rescale: number
}

/**
 * An image with red lines around boxes, and their names in black on red at their bottoms.
 *
 * @throws {ShapeError} for boxes of another shape. @throws {ValueError} for another number of labels.
 */
export function encodeBoxes(
  op: string,
  image: Tensor,
  formats: string,
  { boxes, labels, rescale }: Boxes,
): EncodedImage {
  requireTensor(op, 'boxTensor', boxes)
  if (boxes.ndim !== 2 || boxes.shape[1] !== 4) {
    const rule = `boxes are [N, 4], not [${boxes.shape.join(', ')}]`
    throw new ShapeError(op, { boxTensor: boxes }, rule, 'left, top, right, bottom of each')
  }
  const names = labels === null ? null : namesOf(op, boxes, labels)
  if (!(typeof rescale === 'number' && rescale > 0 && rescale <= 16)) {
    const fix = 'a number above 0, at most 16'
    throw new ValueError(op, { image }, `rescale is ${show(rescale)}`, fix)
  }
  const drawn = inColour(gridOf(op, image, formats))
  const corners = (boxes.detach().tolist() as number[][]).map((box) => box.map(Math.round))
  for (const [i, box] of corners.entries()) {
    drawFrame(drawn, box)
    if (names !== null) drawName(drawn, box, names[i] as string)
  }
  const made = rescale === 1 ? drawn : resized(drawn, rescale)
  return { ...made, bytes: encodePng(made) }
}

function namesOf(op: string, boxes: Tensor, labels: readonly string[] | string): readonly string[] {
  const names: unknown = typeof labels === 'string' ? [labels] : labels
  requireList(op, 'labels', names, 'a list of names')
  for (const [i, name] of names.entries()) requireText(op, `labels[${i}]`, name)
  if (names.length === boxes.shape[0]) return names as readonly string[]
  const rule = `there are ${names.length} labels for ${boxes.shape[0] ?? 0} boxes`
  throw new ValueError(op, { boxTensor: boxes }, rule, 'give one for each')
}

/** The pixels as red, green and blue. */
function inColour({ width, height, channels, data }: Pixels): Pixels {
  const rgb = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      rgb[i * 3 + c] = data[i * channels + (channels === 1 ? 0 : c)] as number
    }
  }
  return { width, height, channels: 3, data: rgb }
}

/** Colours the part of a rectangle that is within the image, the ends not included. */
function fill(
  { width, height, data }: Pixels,
  [left, top, right, bottom]: readonly [number, number, number, number],
  colour: readonly [number, number, number],
): void {
  for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
    for (let x = Math.max(0, left); x < Math.min(width, right); x++) {
      data.set(colour, (y * width + x) * 3)
    }
  }
}

function drawFrame(pixels: Pixels, box: readonly number[]): void {
  const [left = 0, top = 0, right = 0, bottom = 0] = box
  fill(pixels, [left, top, right + 1, top + LINE], RED)
  fill(pixels, [left, bottom + 1 - LINE, right + 1, bottom + 1], RED)
  fill(pixels, [left, top, left + LINE, bottom + 1], RED)
  fill(pixels, [right + 1 - LINE, top, right + 1, bottom + 1], RED)
}

/** Writes a name where a box has its lower left corner. */
function drawName(pixels: Pixels, box: readonly number[], name: string): void {
  const line = textLine(name)
  const [left = 0, , , bottom = 0] = box
  const top = bottom - line.height - 1
  fill(pixels, [left, top, left + line.width + 2, bottom + 1], RED)
  for (let y = 0; y < line.height; y++) {
    for (let x = 0; x < line.width; x++) {
      if (!line.has(x, y)) continue
      const [across, down] = [left + 1 + x, top + 1 + y]
      fill(pixels, [across, down, across + 1, down + 1], BLACK)
    }
  }
}

function resized({ width, height, channels, data }: Pixels, scale: number): Pixels {
  const size = [height, width].map((length) => Math.max(1, Math.trunc(length * scale)))
  const [high, wide] = size as [number, number]
  const planes = tensor(data, { dtype: 'float32' })
    .reshape([1, height, width, channels])
    .permute(0, 3, 1, 2)
  const larger = functional.interpolate(planes, { size, mode: 'bicubic', antialias: true })
  const values = larger.permute(0, 2, 3, 1).round().clamp(0, 255).to('uint8')
  const bytes = values.contiguous().flatten().toArray() as Uint8Array
  return { width: wide, height: high, channels, data: new Uint8Array(bytes) }
}
