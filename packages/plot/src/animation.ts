import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Tensor, ValueError } from '@flambeau/core'
import {
  requireList,
  requireNumber,
  requireOptions,
  requireTensor,
  requireText,
  show,
} from '@flambeau/core/internal'
import { Figure } from './figure.ts'
import { renderPixels } from './svg.ts'
import type { Brightness } from './values.ts'
import { pixelsOf, requireScale } from './values.ts'

type Color = readonly number[]

/** What is used of gifenc, which comes without types. */
interface Gifenc {
  GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: readonly Color[]; delay: number; repeat: number },
    ): void
    finish(): void
    bytes(): Uint8Array
  }
  quantize(rgba: Uint8Array, colors: number): Color[]
  applyPalette(rgba: Uint8Array, palette: readonly Color[]): Uint8Array
}

// A CommonJS module whose names Node does not see when it is imported.
const gifenc = createRequire(import.meta.url)('gifenc') as Gifenc

export interface AnimationOptions extends Brightness {
  /** Frames a second, at most 50. Default 10. */
  readonly fps?: number
  /** How often it is shown; 0 goes on for ever. Default 0. */
  readonly repeat?: number
  /** Pixels to each unit of a figure, or to each pixel of an image. Default 1. */
  readonly scale?: number
  /** Seconds that the last frame stays. Default 1. */
  readonly pause?: number
}

/** Frames: figures, images `[C, H, W]` or `[H, W]`, or a tensor of images `[N, C, H, W]`. */
export type Frames = Tensor | Iterable<Figure | Tensor>

interface Frame {
  readonly width: number
  readonly height: number
  /** Red, green, blue and opacity of each pixel. */
  readonly rgba: Uint8Array
}

/**
 * An animated GIF of figures or images, such as one of each epoch of a training.
 *
 * @returns The bytes of the file.
 * @throws {ValueError} if there are no frames, they differ in size, or an option makes no sense.
 * @see matplotlib.animation.FuncAnimation
 *
 * @example
 * ```ts
 * import { linePlot, renderAnimation } from '@flambeau/plot'
 * const frames = [1, 2, 3].map((epoch) => linePlot({ loss: [3, 2, 1].slice(0, epoch) }))
 * console.log(Buffer.from(renderAnimation(frames)).toString('latin1', 0, 6)) // => GIF89a
 * ```
 */
export function renderAnimation(frames: Frames, options: AnimationOptions = {}): Uint8Array {
  requireOptions('animation', options)
  const { fps = 10, repeat = 0, scale = 1, pause = 1 } = options
  const fail = (rule: string, fix: string): ValueError => new ValueError('animation', [], rule, fix)
  if (!(fps > 0 && fps <= 50))
    throw fail(`fps is ${show(fps)}`, 'give a number above 0, at most 50')
  if (!Number.isInteger(repeat) || repeat < 0) throw fail(`repeat is ${show(repeat)}`, '0, 1, 2, …')
  requireScale('animation', scale)
  requireNumber('animation', 'pause', pause)
  const all = [...framesOf(frames, options)]
  const [first] = all
  if (first === undefined) throw fail('there are no frames', 'give at least one figure or image')
  const encoder = gifenc.GIFEncoder()
  for (const [i, { width, height, rgba }] of all.entries()) {
    if (width !== first.width || height !== first.height) {
      const rule = `frame ${i} is ${width} × ${height}, the first ${first.width} × ${first.height}`
      throw fail(rule, 'draw all frames with the same options')
    }
    const palette = gifenc.quantize(rgba, 256)
    const delay = 1000 / fps + (i === all.length - 1 ? pause * 1000 : 0)
    // A GIF counts how often it is repeated after the first time; -1 is never.
    const again = repeat === 0 ? 0 : repeat === 1 ? -1 : repeat - 1
    const index = gifenc.applyPalette(rgba, palette)
    encoder.writeFrame(index, width, height, { palette, delay, repeat: again })
  }
  encoder.finish()
  return encoder.bytes()
}

/**
 * Writes an animated GIF: see {@link renderAnimation}.
 *
 * @throws {ValueError} as it does, and if the path does not end in `.gif`; what the file system throws.
 *
 * @example
 * ```ts
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { rand } from '@flambeau/core'
 * import { animation } from '@flambeau/plot'
 * animation(rand([5, 1, 28, 28]), join(tmpdir(), 'digits.gif'), { scale: 4, fps: 5 })
 * ```
 */
export function animation(frames: Frames, path: string, options: AnimationOptions = {}): void {
  requireText('animation', 'path', path)
  if (!path.toLowerCase().endsWith('.gif')) {
    throw new ValueError('animation', [], `'${path}' does not end with .gif`, 'name it so')
  }
  writeFileSync(path, renderAnimation(frames, options))
}

function* framesOf(frames: Frames, options: AnimationOptions): Generator<Frame> {
  const { scale = 1 } = options
  requireScale('animation', scale)
  if (frames instanceof Tensor) {
    for (const picture of pixelsOf('animation', frames, options)) yield enlarged(picture, scale)
    return
  }
  requireList('animation', 'frames', frames, 'a tensor, or a list of figures and tensors')
  for (const frame of frames) {
    if (frame instanceof Figure) yield renderPixels(frame.svg, scale)
    else {
      requireTensor('animation', 'a frame', frame)
      yield* framesOf(frame, options)
    }
  }
}

/** Pixels as red, green, blue and opacity, each `scale` times as wide and high. */
function enlarged(picture: ReturnType<typeof pixelsOf>[number], scale: number): Frame {
  const { channels, data } = picture
  const width = Math.max(1, Math.round(picture.width * scale))
  const height = Math.max(1, Math.round(picture.height * scale))
  const rgba = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    const row = Math.min(picture.height - 1, Math.floor(y / scale)) * picture.width
    for (let x = 0; x < width; x++) {
      const from = (row + Math.min(picture.width - 1, Math.floor(x / scale))) * channels
      const to = (y * width + x) * 4
      for (let c = 0; c < 3; c++) rgba[to + c] = data[from + (channels === 3 ? c : 0)] as number
      rgba[to + 3] = 255
    }
  }
  return { width, height, rgba }
}
