/** What an image file says of itself before anything is decoded. */
import type { GifFrame } from '@flambeau/core/internal'
import { FormatError } from '../formats/errors.ts'
import { requireBytes } from '../formats/arguments.ts'

/** The formats that are read and written. */
export type ImageFormat = 'JPEG' | 'PNG' | 'GIF' | 'WebP'

/** A colour as red, green and blue, 0 to 255 each. */
export type Colour = readonly [red: number, green: number, blue: number]

/** What {@link imageInfo} tells. */
export interface ImageInfo {
  readonly format: ImageFormat
  readonly height: number
  readonly width: number
  /** Channels of the decoded image: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha. */
  readonly channels: 1 | 2 | 3 | 4
  /** Bits of a channel, or of an index into the palette. */
  readonly bits: number
  /** The colours that indices stand for; null if pixels are colours themselves. */
  readonly palette: readonly Colour[] | null
}

/** Throws a FormatError. @internal */
export type ImageFail = (offset: number | undefined, reason: string, fix?: string) => never

/** @internal */
export function failImage(format: string, path: string | undefined): ImageFail {
  return (offset, reason, fix = 'the file is damaged or incomplete: copy or download it again') => {
    throw new FormatError({ format, path, offset, reason, fix })
  }
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

function startsWith(bytes: Uint8Array, start: readonly number[], at = 0): boolean {
  return start.every((byte, i) => bytes[at + i] === byte)
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to))
}

/** The format of a file, by its first bytes; undefined for anything else. @internal */
function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'JPEG'
  if (startsWith(bytes, PNG_SIGNATURE)) return 'PNG'
  const start = ascii(bytes, 0, 12)
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'GIF'
  if (start.startsWith('RIFF') && start.slice(8) === 'WEBP') return 'WebP'
  return undefined
}

/** Numbers of a file; whatever lies behind its end is an error that says where it ends. */
class Reader {
  readonly bytes: Uint8Array
  readonly fail: ImageFail

  constructor(bytes: Uint8Array, fail: ImageFail) {
    this.bytes = bytes
    this.fail = fail
  }

  u8(at: number): number {
    const byte = this.bytes[at]
    if (byte !== undefined) return byte
    return this.fail(this.bytes.length, `the file ends after ${this.bytes.length} bytes`)
  }

  big(at: number, length: number): number {
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + this.u8(at + i)
    return value
  }

  little(at: number, length: number): number {
    let value = 0
    for (let i = length - 1; i >= 0; i--) value = value * 256 + this.u8(at + i)
    return value
  }

  colours(at: number, count: number): Colour[] {
    this.u8(at + 3 * count - 1)
    return Array.from({ length: count }, (_, i) => {
      const [red = 0, green = 0, blue = 0] = this.bytes.subarray(at + 3 * i, at + 3 * i + 3)
      return [red, green, blue]
    })
  }
}

type Header = Omit<ImageInfo, 'format'>

function readJpeg(file: Reader): Header {
  let at = 2
  for (;;) {
    if (file.u8(at) !== 0xff) file.fail(at, 'a marker (byte 0xff) was expected')
    const marker = file.u8(at + 1)
    if (marker === 0xff) {
      at++ // A fill byte.
      continue
    }
    const standalone = marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)
    if (marker === 0xd9 || marker === 0xda) file.fail(at, 'there is no frame before the image data')
    const size = standalone ? 0 : file.big(at + 2, 2)
    const frame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (frame) {
      const channels = file.u8(at + 9)
      return {
        bits: file.u8(at + 4),
        height: file.big(at + 5, 2),
        width: file.big(at + 7, 2),
        channels: channels === 1 ? 1 : 3,
        palette: null,
      }
    }
    if (!standalone && size < 2) file.fail(at + 2, `a segment has an impossible length of ${size}`)
    at += 2 + size
  }
}

function readPng(file: Reader): Header {
  if (file.big(8, 4) !== 13 || ascii(file.bytes, 12, 16) !== 'IHDR') {
    file.fail(8, 'the first chunk must be a header (IHDR) of 13 bytes')
  }
  const [width, height, bits, colour] = [file.big(16, 4), file.big(20, 4), file.u8(24), file.u8(25)]
  let palette: Colour[] | null = null
  let alpha = colour === 4 || colour === 6
  // Chunks before the first of the image data: the palette, and transparency.
  for (let at = 33; at + 8 <= file.bytes.length;) {
    const length = file.big(at, 4)
    const type = ascii(file.bytes, at + 4, at + 8)
    if (type === 'IDAT' || type === 'IEND') break
    if (type === 'PLTE' && colour === 3) palette = file.colours(at + 8, Math.floor(length / 3))
    if (type === 'tRNS') alpha = true
    at += 12 + length
  }
  if (![0, 2, 3, 4, 6].includes(colour)) file.fail(25, `${colour} is not a kind of colours`)
  if (colour === 3 && palette === null) file.fail(25, 'the palette (PLTE) is missing')
  const grey = colour === 0 || colour === 4
  const channels = ((grey ? 1 : 3) + (alpha ? 1 : 0)) as ImageInfo['channels']
  return { width, height, bits, channels, palette }
}

function readGif(file: Reader): Header {
  const [width, height, packed] = [file.little(6, 2), file.little(8, 2), file.u8(10)]
  let palette = packed & 0x80 ? file.colours(13, 2 << (packed & 7)) : null
  let bits = (packed & 7) + 1
  let alpha = false
  forEachGifBlock(file.bytes, file.fail, (kind, at) => {
    if (kind === 'control') alpha ||= (file.u8(at + 3) & 1) === 1
    else if (file.u8(at + 9) & 0x80) {
      bits = (file.u8(at + 9) & 7) + 1
      palette = file.colours(at + 10, 1 << bits)
    }
  })
  if (palette === null) file.fail(10, 'there is no table of colours')
  return { width, height, bits, channels: alpha ? 4 : 3, palette }
}

/**
 * Calls `visit` for the blocks of a GIF up to the first image: its control block (transparency), and
 * its description. @internal
 */
export function forEachGifBlock(
  bytes: Uint8Array,
  fail: ImageFail,
  visit: (kind: 'control' | 'image', at: number) => void,
): void {
  const file = new Reader(bytes, fail)
  const packed = file.u8(10)
  let at = 13 + (packed & 0x80 ? 3 * (2 << (packed & 7)) : 0)
  for (;;) {
    const kind = file.u8(at)
    if (kind === 0x2c) {
      visit('image', at)
      return
    }
    if (kind !== 0x21) {
      fail(at, kind === 0x3b ? 'there is no image in the file' : 'a block of another kind')
    }
    if (file.u8(at + 1) === 0xf9) visit('control', at)
    at += 2
    for (let size = file.u8(at); size !== 0; size = file.u8(at)) at += 1 + size
    at++
  }
}

/** Where the first image of a GIF is. @internal */
export function gifFrame(bytes: Uint8Array, fail: ImageFail): GifFrame {
  const file = new Reader(bytes, fail)
  let image = 0
  forEachGifBlock(bytes, fail, (kind, at) => {
    if (kind === 'image') image = at
  })
  const packed = file.u8(image + 9)
  return {
    start: image + 10 + (packed & 0x80 ? 3 * (2 << (packed & 7)) : 0),
    left: file.little(image + 1, 2),
    top: file.little(image + 3, 2),
    width: file.little(image + 5, 2),
    height: file.little(image + 7, 2),
    interlaced: (packed & 0x40) !== 0,
  }
}

function readWebp(file: Reader): Header {
  const kind = ascii(file.bytes, 12, 16)
  const common = { bits: 8, palette: null }
  if (kind === 'VP8X') {
    const alpha = (file.u8(20) & 0x10) !== 0
    const [width, height] = [file.little(24, 3) + 1, file.little(27, 3) + 1]
    return { ...common, width, height, channels: alpha ? 4 : 3 }
  }
  if (kind === 'VP8L') {
    if (file.u8(20) !== 0x2f) file.fail(20, 'the signature of a lossless image (0x2f) is missing')
    const packed = file.little(21, 4)
    const [width, height] = [(packed & 0x3fff) + 1, (Math.floor(packed / 2 ** 14) & 0x3fff) + 1]
    return { ...common, width, height, channels: Math.floor(packed / 2 ** 28) & 1 ? 4 : 3 }
  }
  if (kind === 'VP8 ') {
    if (file.big(23, 3) !== 0x9d012a) file.fail(23, 'the start code of the first frame is missing')
    const [width, height] = [file.little(26, 2) & 0x3fff, file.little(28, 2) & 0x3fff]
    return { ...common, width, height, channels: 3 }
  }
  return file.fail(12, `'${kind}' is not a kind of WebP image`)
}

const readers = { JPEG: readJpeg, PNG: readPng, GIF: readGif, WebP: readWebp }

/**
 * What the bytes of an image file say of it, without decoding: format, size, channels, palette.
 *
 * @throws {FormatError} if the bytes are not the start of a JPEG, PNG, GIF or WebP file.
 */
export function parseImageInfo(bytes: Uint8Array, path?: string): ImageInfo {
  requireBytes('image', bytes)
  const format = imageFormat(bytes)
  if (format === undefined) {
    const fail = failImage('image', path)
    if (bytes.length === 0) fail(0, 'the file is empty')
    return fail(
      0,
      'the first bytes are not those of a JPEG, PNG, GIF or WebP file',
      'convert it to one of these formats',
    )
  }
  const fail = failImage(format, path)
  const info = { format, ...readers[format](new Reader(bytes, fail)) }
  if (info.width === 0 || info.height === 0) {
    fail(undefined, `the image has ${info.height} rows and ${info.width} columns`)
  }
  return info
}
