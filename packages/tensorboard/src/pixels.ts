/** Images as the bytes of PNG files. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import { requireTensor, requireText, show } from '@flambeau/core/internal'
import { functional } from '@flambeau/nn'
import { encode } from 'fast-png'

/** An image within a file. */
export interface EncodedImage {
  readonly width: number
  readonly height: number
  readonly channels: number
  /** Of the file. */
  readonly bytes: Uint8Array
}

/** An image as its bytes, row by row, the channels of a pixel together. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: Uint8Array
}

/** Images in a row of a grid, as PyTorch lays them out. */
const COLUMNS = 8

/**
 * A tensor of one or several images; several side by side.
 *
 * @param formats What each axis is, by letters: `CHW`, `HWC`, `HW`, `NCHW`, `NHWC`.
 * @param most Images in a row.
 */
export function gridOf(op: string, image: Tensor, formats: string, most: number = COLUMNS): Pixels {
  requireTensor(op, 'imgTensor', image)
  requireText(op, 'dataformats', formats)
  const letters = formats.toUpperCase().split('')
  const isKnown = /^[NCHW]+$/.test(letters.join('')) && new Set(letters).size === letters.length
  if (!isKnown || !letters.includes('H') || !letters.includes('W')) {
    const rule = `dataformats is '${formats}'`
    throw new ValueError(op, { image }, rule, "one of 'CHW', 'HWC', 'HW', 'NCHW', 'NHWC'")
  }
  if (image.ndim !== letters.length) {
    const rule = `the image has ${image.ndim} axes, its dataformats '${formats}' ${letters.length}`
    throw new ShapeError(op, { image }, rule, 'say what its axes are: { dataformats }')
  }
  const size = (letter: string): number => image.shape[letters.indexOf(letter)] ?? 1
  const [count, channels, height, width] = ['N', 'C', 'H', 'W'].map(size) as [
    number,
    number,
    number,
    number,
  ]
  if (![1, 3, 4].includes(channels) || image.numel() === 0) {
    const rule = `an image has 1, 3 or 4 channels and some pixels, not ${channels} of ${height} × ${width}`
    throw new ShapeError(op, { image }, rule, 'choose channels with narrow()')
  }
  const order = ['N', 'H', 'W', 'C'].map((letter) => letters.indexOf(letter)).filter((i) => i >= 0)
  const values = image.detach().permute(order).contiguous().flatten().toArray()
  const scale = image.isFloatingPoint() ? 255 : 1
  const columns = Math.min(most, count)
  const rows = Math.ceil(count / columns)
  const [wide, high] = [width * columns, height * rows]
  const data = new Uint8Array(wide * high * channels)
  const line = width * channels
  for (let n = 0; n < count; n++) {
    const corner = (Math.floor(n / columns) * height * wide + (n % columns) * width) * channels
    for (let y = 0; y < height; y++) {
      for (let i = 0; i < line; i++) {
        const value = Number(values[(n * height + y) * line + i]) * scale
        // Like PyTorch: fractions of a level are cut off.
        data[corner + y * wide * channels + i] = Math.trunc(Math.min(255, Math.max(0, value)))
      }
    }
  }
  return { width: wide, height: high, channels, data }
}

/** The bytes of a PNG. */
export function encodePng({ width, height, channels, data }: Pixels): Uint8Array {
  return encode({ width, height, data, channels, depth: 8 })
}

/** A tensor of one or several images as a PNG; see {@link gridOf}. */
export function encodeImage(op: string, image: Tensor, formats: string): EncodedImage {
  const grid = gridOf(op, image, formats)
  return { ...grid, bytes: encodePng(grid) }
}

/** Pixels that the line around a box is wide. */
const LINE = 2

/**
 * An image with red lines around boxes `[N, 4]` of left, top, right and bottom, in pixels.
 *
 * @param rescale Size of what comes out over that of the image.
 */
export function encodeBoxes(
  op: string,
  image: Tensor,
  boxes: Tensor,
  formats: string,
  rescale: number,
): EncodedImage {
  requireTensor(op, 'boxTensor', boxes)
  if (boxes.ndim !== 2 || boxes.shape[1] !== 4) {
    const rule = `boxes are [N, 4], not [${boxes.shape.join(', ')}]`
    throw new ShapeError(op, { boxTensor: boxes }, rule, 'left, top, right, bottom of each')
  }
  if (!(rescale > 0 && rescale <= 16)) {
    throw new ValueError(
      op,
      { image },
      `rescale is ${show(rescale)}`,
      'a number above 0, at most 16',
    )
  }
  const { width, height, channels, data } = gridOf(op, image, formats)
  const rgb = new Uint8Array(width * height * 3)
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      rgb[i * 3 + c] = data[i * channels + (channels === 1 ? 0 : c)] as number
    }
  }
  const fill = (left: number, top: number, right: number, bottom: number): void => {
    for (let y = Math.max(0, top); y < Math.min(height, bottom); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, right); x++) {
        rgb.set([255, 0, 0], (y * width + x) * 3)
      }
    }
  }
  for (const box of boxes.detach().tolist() as number[][]) {
    const [left = 0, top = 0, right = 0, bottom = 0] = box.map(Math.round)
    fill(left, top, right + 1, top + LINE)
    fill(left, bottom + 1 - LINE, right + 1, bottom + 1)
    fill(left, top, left + LINE, bottom + 1)
    fill(right + 1 - LINE, top, right + 1, bottom + 1)
  }
  const drawn = { width, height, channels: 3, data: rgb }
  const made = rescale === 1 ? drawn : resized(drawn, rescale)
  return { ...made, bytes: encodePng(made) }
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

/** The size of a PNG, read from its head. */
export function sizeOfPng(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}
