/** Tensors become image files. */
import { extname } from 'node:path'
import { DTypeError, ShapeError, Tensor, ValueError } from '@flambeau/core'
import { requireOptions, show } from '@flambeau/core/internal'
import type { Sharp } from 'sharp'
import { writeFileAtomic } from '../formats/atomic-write.ts'
import { codec } from './codec.ts'
import { encodeGif } from './gif.ts'
import type { Colour, ImageFormat } from './header.ts'
import { pngChunk, pngChunks } from './indices.ts'
import { requirePath } from '../formats/arguments.ts'

/** How {@link encodeImage} and {@link writeImage} encode. */
export interface EncodeOptions {
  /** Of JPEG and WebP, 1 to 100. Default 75, as in PyTorch. */
  quality?: number
  /** WebP without loss. Default false. */
  lossless?: boolean
  /**
   * Pixels are indices of these colours (1 to 256): PNG and GIF files that keep both as they are. The
   * image then has one channel.
   */
  palette?: readonly Colour[]
}

/** How {@link writeAnimation} encodes. */
export interface AnimationOptions {
  /** Frames in a second. Default 10. */
  fps?: number
  /** How often it is played; 0 for ever. Default 0. */
  loop?: number
}

const FORMATS: Readonly<Record<string, ImageFormat>> = {
  '.jpg': 'JPEG',
  '.jpeg': 'JPEG',
  '.png': 'PNG',
  '.gif': 'GIF',
  '.webp': 'WebP',
}

function formatOf(op: string, path: string): ImageFormat {
  requirePath(op, path)
  const format = FORMATS[extname(path).toLowerCase()]
  if (format !== undefined) return format
  throw new ValueError(
    op,
    [],
    `'${path}' does not end in one of ${Object.keys(FORMATS).join(', ')}`,
    'name the file so that its format is known, for example picture.png',
  )
}

interface Raw {
  data: Uint8Array | Uint16Array
  height: number
  width: number
  channels: 1 | 2 | 3 | 4
}

/** The pixels of [C, H, W] or [H, W] as bytes (or words), row by row. */
function rawPixels(op: string, image: Tensor, axes: readonly number[]): Raw {
  if (!(image instanceof Tensor)) {
    throw new ValueError(op, [], 'the image must be a tensor', 'pass the tensor first')
  }
  if (!axes.includes(image.ndim)) {
    throw new ShapeError(
      op,
      { image },
      `an image has ${axes.join(' or ')} axes, this has ${image.ndim}`,
      'images are [C, H, W] or [H, W]',
    )
  }
  const whole = image.ndim === 2 ? image.unsqueeze(0) : image
  const [channels = 0, height = 0, width = 0] = whole.shape.slice(-3)
  if (channels < 1 || channels > 4 || height < 1 || width < 1) {
    throw new ShapeError(
      op,
      { image },
      `an image has 1 to 4 channels and at least one pixel, not ${channels} × ${height} × ${width}`,
      'put channels first: x.permute(2, 0, 1)',
    )
  }
  const rows = whole.movedim(-3, -1).contiguous()
  return { data: toBytes(op, rows), height, width, channels: channels as Raw['channels'] }
}

function toBytes(op: string, rows: Tensor): Uint8Array | Uint16Array {
  switch (rows.dtype) {
    case 'uint8':
      return rows.toArray() as Uint8Array
    case 'bool':
      return rows.to('uint8').mul(255).toArray() as Uint8Array
    case 'int32':
      return Uint16Array.from(rows.clamp(0, 65535).toArray() as Int32Array)
    case 'float32':
    case 'float64':
    case 'float16':
    case 'bfloat16':
      return rows.to('float32').clamp(0, 1).mul(255).round().to('uint8').toArray() as Uint8Array
    default:
      throw new DTypeError(
        op,
        { image: rows },
        `${rows.dtype} is not a type of pixels`,
        'use uint8, bool, floats in [0, 1], or int32 for the 16 bits of a PNG',
      )
  }
}

function checkQuality(op: string, quality: number): number {
  if (Number.isInteger(quality) && quality >= 1 && quality <= 100) return quality
  throw new ValueError(
    op,
    [],
    `quality must be a whole number from 1 to 100, not ${show(quality)}`,
    '{ quality: 90 }',
  )
}

function inFormat(image: Sharp, format: ImageFormat, options: EncodeOptions): Sharp {
  const quality = checkQuality('encodeImage', options.quality ?? 75)
  switch (format) {
    case 'JPEG':
      return image.jpeg({ quality })
    case 'PNG':
      return image.png()
    case 'GIF':
      return image.gif()
    case 'WebP':
      return image.webp({ quality, lossless: options.lossless ?? false })
  }
}

function checkPalette(raw: Raw, format: ImageFormat, palette: readonly Colour[]): void {
  const colours = palette.length >= 1 && palette.length <= 256
  const valid = palette.every((colour) => colour.length === 3)
  let highest = 0
  for (const index of raw.data) highest = Math.max(highest, index)
  if (colours && valid && raw.channels === 1 && highest < palette.length) {
    if (format === 'PNG' || format === 'GIF') return
  }
  throw new ValueError(
    'encodeImage',
    [],
    `a palette of ${palette.length} colours does not fit ${raw.channels} channels with indices up to ${highest} in ${format}`,
    'images with a palette are PNG or GIF, with one channel and no index beyond the palette of 1 to 256 colours [r, g, b]',
  )
}

/** A PNG of grey values as one of indices into a palette. */
function withPalette(png: Uint8Array, palette: readonly Colour[]): Uint8Array {
  const parts = [png.subarray(0, 8)]
  for (const [type, start, end] of pngChunks(png)) {
    if (type === 'IHDR') {
      const header = Uint8Array.from(png.subarray(start + 8, start + 21))
      header[9] = 3
      parts.push(pngChunk('IHDR', header), pngChunk('PLTE', Uint8Array.from(palette.flat())))
    } else if (type === 'IDAT' || type === 'IEND') {
      parts.push(png.subarray(start, end))
    }
  }
  return Buffer.concat(parts)
}

/**
 * An image as the bytes of a file.
 *
 * Shapes: image `[C, H, W]` with 1 to 4 channels (grey, grey and alpha, colour, colour and alpha), or
 * `[H, W]`. Dtype: uint8; floats in [0, 1], which are rounded to 255ths; bool, as black and white;
 * int32 for PNG files of 16 bits.
 *
 * @throws {ShapeError, DTypeError, ValueError} for anything else.
 * @see torchvision.io.encode_jpeg, encode_png
 */
export async function encodeImage(
  image: Tensor,
  format: ImageFormat,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  if (!Object.values(FORMATS).includes(format)) {
    throw new ValueError(
      'encodeImage',
      [],
      `${show(format)} is not a format that is written`,
      "use 'JPEG', 'PNG', 'GIF' or 'WebP'",
    )
  }
  requireOptions('encodeImage', options)
  const raw = rawPixels('encodeImage', image, [2, 3])
  const { data, width, height, channels } = raw
  if (data instanceof Uint16Array && format !== 'PNG') {
    throw new DTypeError(
      'encodeImage',
      { image },
      `${format} holds 8 bits of a channel, int32 is for the 16 bits of a PNG`,
      'convert it: x.byte()',
    )
  }
  const { palette } = options
  if (palette !== undefined) {
    checkPalette(raw, format, palette)
    if (format === 'GIF') return encodeGif(Uint8Array.from(data), height, width, palette)
  }
  const sharp = await codec()
  const source = sharp(data, { raw: { width, height, channels } })
  const space = data instanceof Uint16Array ? '16' : ''
  const grey = space === '16' ? 'grey16' : 'b-w'
  const encoded = inFormat(
    source.toColourspace(channels < 3 ? grey : `${space === '16' ? 'rgb16' : 'srgb'}`),
    format,
    palette === undefined ? options : {},
  )
  const bytes = await encoded.toBuffer()
  return palette === undefined ? bytes : withPalette(bytes, palette)
}

/**
 * Writes an image file, all or nothing; the format follows from the name. See {@link encodeImage}.
 *
 * @throws {ValueError} for other endings than .jpg, .jpeg, .png, .gif and .webp.
 * @throws {FileWriteError} if the file cannot be written.
 * @see torchvision.io.write_jpeg, write_png
 */
export async function writeImage(
  path: string,
  image: Tensor,
  options: EncodeOptions = {},
): Promise<void> {
  writeFileAtomic(path, [await encodeImage(image, formatOf('writeImage', path), options)])
}

/**
 * Writes frames as an animated GIF or WebP, all or nothing.
 *
 * Shapes: frames `[T, C, H, W]`. Dtype: as for {@link encodeImage}.
 *
 * @throws {ShapeError, DTypeError, ValueError} for anything else, and for other endings.
 * @throws {FileWriteError} if the file cannot be written.
 */
export async function writeAnimation(
  path: string,
  frames: Tensor,
  options: AnimationOptions = {},
): Promise<void> {
  requireOptions('writeAnimation', options)
  const { fps = 10, loop = 0 } = options
  const format = formatOf('writeAnimation', path)
  if ((format !== 'GIF' && format !== 'WebP') || !(fps > 0) || !(loop >= 0)) {
    throw new ValueError(
      'writeAnimation',
      [],
      `an animation is a GIF or WebP with fps > 0 and loop ≥ 0, not ${format} with ${fps} and ${loop}`,
      "writeAnimation('reverse.gif', frames, { fps: 10 })",
    )
  }
  const raw = rawPixels('writeAnimation', frames, [4])
  if (raw.data instanceof Uint16Array || frames.shape[0] === 0) {
    throw new ShapeError('writeAnimation', { frames }, 'frames of 8 bits are needed', 'x.byte()')
  }
  const { data, width, height, channels } = raw
  const count = frames.shape[0] as number
  const sharp = await codec()
  // One tall picture, of which each page is a frame.
  const source = sharp(data, {
    raw: { width, height: height * count, channels, pageHeight: height },
    limitInputPixels: false,
  }).toColourspace('srgb')
  const timing = { delay: Array.from({ length: count }, () => Math.round(1000 / fps)), loop }
  const encoded = format === 'GIF' ? source.gif(timing) : source.webp(timing)
  writeFileAtomic(path, [await encoded.toBuffer()])
}
