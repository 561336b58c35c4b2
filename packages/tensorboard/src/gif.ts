/** Videos as the bytes of GIF files. */
import { createRequire } from 'node:module'
import type { Tensor } from '@flambeau/core'
import { cat, ShapeError, ValueError, zeros } from '@flambeau/core'
import { requireTensor, show } from '@flambeau/core/internal'
import type { EncodedImage } from './pixels.ts'

/** What is used of gifenc, which comes without types. */
interface Gifenc {
  GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: readonly (readonly number[])[]; delay: number; repeat: number },
    ): void
    finish(): void
    bytes(): Uint8Array
  }
  quantize(rgba: Uint8Array, colors: number): number[][]
  applyPalette(rgba: Uint8Array, palette: readonly (readonly number[])[]): Uint8Array
}

// A CommonJS module whose names Node does not see when it is imported.
const gifenc = createRequire(import.meta.url)('gifenc') as Gifenc

/** Browsers slow down GIFs that are faster. */
const FASTEST = 50

/**
 * Videos `[N, T, C, H, W]` as one GIF, side by side in a grid like PyTorch's: as many as the next power
 * of two, in rows that are at most as many as the columns.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} for a rate that a GIF cannot have.
 */
export function encodeVideo(op: string, video: Tensor, fps: number): EncodedImage {
  requireTensor(op, 'vidTensor', video)
  const [count = 0, frames = 0, channels = 0, height = 0, width = 0] = video.shape
  if (video.ndim !== 5 || ![1, 3].includes(channels) || video.numel() === 0) {
    const rule = `a video is [N, T, C, H, W] with 1 or 3 channels and some pixels, not [${video.shape.join(', ')}]`
    throw new ShapeError(op, { vidTensor: video }, rule, 'a single one needs an axis: unsqueeze(0)')
  }
  if (!(fps > 0 && fps <= FASTEST)) {
    const rule = `fps is ${show(fps)}`
    throw new ValueError(op, { vidTensor: video }, rule, `a number above 0, at most ${FASTEST}`)
  }
  const bits = 32 - Math.clz32(count)
  const places = (count & (count - 1)) === 0 ? count : 2 ** bits
  const rows = 2 ** Math.floor((bits - 1) / 2)
  const columns = places / rows
  const seen = video.detach()
  const scaled = seen.isFloatingPoint() ? seen.mul(255).clamp(0, 255) : seen.clamp(0, 255)
  const bytes = scaled.to('uint8')
  const blank = zeros([places - count, frames, channels, height, width], { dtype: 'uint8' })
  const grid = cat([bytes, blank])
    .reshape([rows, columns, frames, channels, height, width])
    .permute(2, 0, 4, 1, 5, 3)
  const values = grid.contiguous().flatten().toArray() as Uint8Array
  const [wide, high] = [columns * width, rows * height]
  const encoder = gifenc.GIFEncoder()
  const size = wide * high
  for (let frame = 0; frame < frames; frame++) {
    const rgba = new Uint8Array(size * 4).fill(255)
    const pixels = values.subarray(frame * size * channels, (frame + 1) * size * channels)
    for (let i = 0; i < size; i++) {
      for (let c = 0; c < 3; c++) {
        rgba[i * 4 + c] = pixels[i * channels + (channels === 1 ? 0 : c)] as number
      }
    }
    const { palette, index } = exact(rgba) ?? fitted(rgba)
    encoder.writeFrame(index, wide, high, { palette, delay: Math.round(1000 / fps), repeat: 0 })
  }
  encoder.finish()
  return { width: wide, height: high, channels, bytes: encoder.bytes() }
}

interface Indexed {
  readonly palette: readonly (readonly number[])[]
  /** For each pixel, its place in the palette. */
  readonly index: Uint8Array
}

/** All colours as they are; null if a palette has not enough room. */
function exact(rgba: Uint8Array): Indexed | null {
  const places = new Map<number, number>()
  const index = new Uint8Array(rgba.length / 4)
  for (let i = 0; i < index.length; i++) {
    const [r = 0, g = 0, b = 0] = rgba.subarray(i * 4, i * 4 + 3)
    const color = (r << 16) | (g << 8) | b
    let place = places.get(color)
    if (place === undefined) {
      place = places.size
      if (place === 256) return null
      places.set(color, place)
    }
    index[i] = place
  }
  return { palette: [...places.keys()].map((c) => [c >> 16, (c >> 8) & 255, c & 255]), index }
}

/** The colours that are nearest. */
function fitted(rgba: Uint8Array): Indexed {
  const palette = gifenc.quantize(rgba, 256)
  return { palette, index: gifenc.applyPalette(rgba, palette) }
}
