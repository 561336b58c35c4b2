/**
 * Images with a palette whose pixels are wanted as indices. Decoders give colours, so the file is
 * changed before: its colours become their own numbers, and what comes out is the index.
 */
import { forEachGifBlock, type ImageFail } from './header.ts'

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  return c
})

/** The checksum of PNG's chunks. @internal */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = ((table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)) >>> 0
  return (crc ^ 0xffffffff) >>> 0
}

/** A chunk: length, type, data, checksum. @internal */
export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + data.length)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, data.length)
  for (let i = 0; i < 4; i++) chunk[4 + i] = type.charCodeAt(i)
  chunk.set(data, 8)
  view.setUint32(8 + data.length, crc32(chunk.subarray(4, 8 + data.length)))
  return chunk
}

/** The chunks of a PNG file as [type, start, end]; those that are cut off end with the file. @internal */
export function* pngChunks(
  bytes: Uint8Array,
): Generator<[type: string, start: number, end: number]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 8; at + 8 <= bytes.length;) {
    const end = Math.min(bytes.length, at + 12 + view.getUint32(at))
    yield [String.fromCharCode(...bytes.subarray(at + 4, at + 8)), at, end]
    at = end
  }
}

/**
 * A PNG file of grey values where `bytes` has a palette: its header says so, and the palette is left
 * out. Values of fewer than 8 bits come out spread over 0 to 255.
 */
export function pngOfIndices(bytes: Uint8Array): Uint8Array {
  const parts = [bytes.subarray(0, 8)]
  for (const [type, start, end] of pngChunks(bytes)) {
    if (type === 'IHDR') {
      const header = Uint8Array.from(bytes.subarray(start + 8, start + 21))
      header[9] = 0 // Grey instead of a palette.
      parts.push(pngChunk('IHDR', header))
    } else if (type === 'IDAT' || type === 'IEND') {
      parts.push(bytes.subarray(start, end))
    }
  }
  return Buffer.concat(parts)
}

/** A GIF file whose colour number i is (i, i, i), and whose first image is opaque. */
export function gifOfIndices(bytes: Uint8Array, fail: ImageFail): Uint8Array {
  const file = Uint8Array.from(bytes)
  const ramp = (at: number, colours: number): void => {
    for (let i = 0; i < colours; i++) file.fill(i, at + 3 * i, at + 3 * i + 3)
  }
  const packed = bytes[10] as number
  if (packed & 0x80) ramp(13, 2 << (packed & 7))
  forEachGifBlock(bytes, fail, (kind, at) => {
    if (kind === 'control') file[at + 3] = (file[at + 3] as number) & ~1
    else if ((bytes[at + 9] as number) & 0x80) ramp(at + 10, 2 << ((bytes[at + 9] as number) & 7))
  })
  return file
}
