/** GIF files with a palette of their own: what libraries write keeps neither order nor indices. */
import type { Colour } from './header.ts'

/** Bits packed from the lowest on, in blocks of at most 255 bytes. */
class BitWriter {
  readonly #bytes: number[] = []
  #held = 0
  #bits = 0

  write(code: number, bits: number): void {
    this.#held |= code << this.#bits
    this.#bits += bits
    while (this.#bits >= 8) {
      this.#bytes.push(this.#held & 0xff)
      this.#held >>>= 8
      this.#bits -= 8
    }
  }

  blocks(): number[] {
    if (this.#bits > 0) this.#bytes.push(this.#held & 0xff)
    const blocks: number[] = []
    for (let at = 0; at < this.#bytes.length; at += 255) {
      const part = this.#bytes.slice(at, at + 255)
      blocks.push(part.length, ...part)
    }
    return [...blocks, 0]
  }
}

/** The LZW of GIF: codes of `bits` + 1 up to 12 bits, started anew when all are taken. */
function compress(indices: Uint8Array, bits: number): number[] {
  const out = new BitWriter()
  const clear = 1 << bits
  let width = bits + 1
  let next = clear + 2
  // Of a known sequence's code and one more index, the code of the longer sequence.
  let codes = new Map<number, number>()
  out.write(clear, width)
  let current = indices[0] as number
  for (let i = 1; i < indices.length; i++) {
    const index = indices[i] as number
    const longer = codes.get(current * 256 + index)
    if (longer !== undefined) {
      current = longer
      continue
    }
    out.write(current, width)
    if (next === 4096) {
      out.write(clear, width)
      codes = new Map()
      width = bits + 1
      next = clear + 2
    } else {
      if (next === 1 << width) width++
      codes.set(current * 256 + index, next++)
    }
    current = index
  }
  out.write(current, width)
  out.write(clear + 1, width)
  return out.blocks()
}

/** One image of indices [height, width], row-major; the palette has 1 to 256 colours. */
export function encodeGif(
  indices: Uint8Array,
  height: number,
  width: number,
  palette: readonly Colour[],
): Uint8Array {
  const bits = Math.max(1, Math.ceil(Math.log2(palette.length)))
  const word = (value: number): number[] => [value & 0xff, value >> 8]
  const colours = Array.from({ length: 1 << bits }, (_, i) => palette[i] ?? [0, 0, 0]).flat()
  const least = Math.max(2, bits)
  return Uint8Array.from([
    ...Buffer.from('GIF89a'),
    ...word(width),
    ...word(height),
    0xf0 | (bits - 1),
    0,
    0,
    ...colours,
    0x2c,
    0,
    0,
    0,
    0,
    ...word(width),
    ...word(height),
    0,
    least,
    ...compress(indices, least),
    0x3b,
  ])
}
