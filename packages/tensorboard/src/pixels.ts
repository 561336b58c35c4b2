/** Images as the bytes of PNG files. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireTensor, requireText } from '@flambeau/core/internal'
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

/** The size of a PNG, read from its head. */
export function sizeOfPng(png: Uint8Array): { width: number; height: number } {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  return { width: view.getUint32(16), height: view.getUint32(20) }
}
