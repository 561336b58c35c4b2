import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FormatError } from './errors.ts'
import { parseSafetensors, serializeSafetensors } from './safetensors.ts'
import type { RawDType, RawTensor } from './safetensors.ts'

const path = 'model.safetensors'
const reference = readFileSync(join(import.meta.dirname, 'fixtures', 'reference.safetensors'))

const tensor = (dtype: RawDType, shape: number[], data: ArrayBufferView): RawTensor => ({
  dtype,
  shape,
  data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})

/** What fixtures/reference.py wrote. */
const referenceTensors = new Map<string, RawTensor>([
  ['fc.weight', tensor('float32', [2, 3], Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25))],
  ['fc.bias', tensor('float32', [2], Float32Array.of(-0, 1e-45))],
  ['step', tensor('int64', [], BigInt64Array.of(2n ** 53n + 1n))],
  ['double', tensor('float64', [1], Float64Array.of(Math.PI))],
  ['count', tensor('int32', [2, 1], Int32Array.of(1, -2))],
  ['bytes', tensor('uint8', [3], Uint8Array.of(0, 1, 255))],
  ['mask', tensor('bool', [2], Uint8Array.of(1, 0))],
  ['empty', tensor('float32', [0, 3], new Float32Array(0))],
  ['naïve "quoted"\n名前', tensor('uint8', [1], Uint8Array.of(7))],
])

/** A file from a header, given as text or bytes, and as many data bytes. */
function file(header: string | Uint8Array, dataBytes = 0): Uint8Array {
  const json = Buffer.from(header)
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([prefix, json, Buffer.alloc(dataBytes)])
}

/** The header of one tensor. */
const entry = (dtype: string, shape: string, offsets: string): string =>
  `{"t":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`

function errorOf(call: () => unknown): FormatError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError)
    return error as FormatError
  }
  throw new Error('the call did not throw')
}
const refusal = (bytes: Uint8Array): FormatError => errorOf(() => parseSafetensors(bytes, { path }))

describe('the reference implementation', () => {
  test('writes files that read back to the same names, dtypes, shapes, bytes and metadata', () => {
    const { tensors, metadata } = parseSafetensors(reference, { path })
    expect(tensors.size).toBe(referenceTensors.size)
    for (const [name, expected] of referenceTensors) {
      const found = tensors.get(name)
      expect(found?.dtype).toBe(expected.dtype)
      expect(found?.shape).toEqual(expected.shape)
      expect([...(found?.data ?? [])]).toEqual([...expected.data])
    }
    expect({ ...metadata }).toEqual({ format: 'pt' })
  })

  test('writes the very bytes that are written here', () => {
    const written = Buffer.concat(serializeSafetensors(referenceTensors, { format: 'pt' }))
    expect(written.equals(reference)).toBe(true)
  })
})

describe('a file written here', () => {
  test('does not depend on the order of the tensors, and copies none of their data', () => {
    const reversed = new Map([...referenceTensors].toReversed())
    const chunks = serializeSafetensors(reversed, { format: 'pt' })
    expect(Buffer.concat(chunks).equals(reference)).toBe(true)
    for (const { data } of referenceTensors.values()) expect(chunks).toContain(data)
  })

  test('aligns every tensor to its elements', () => {
    const bytes = Buffer.concat(serializeSafetensors(referenceTensors, { length: 'odd' }))
    const start = new Uint8Array(bytes) // a buffer of its own: offsets count from its start
    const sizes: Partial<Record<RawDType, number>> = {
      float64: 8,
      int64: 8,
      float32: 4,
      int32: 4,
      uint8: 1,
      bool: 1,
    }
    for (const { dtype, data } of parseSafetensors(start, { path }).tensors.values()) {
      expect(data.byteOffset % (sizes[dtype] ?? Number.NaN)).toBe(0)
    }
  })

  test('may hold nothing at all', () => {
    const bytes = Buffer.concat(serializeSafetensors(new Map()))
    expect(bytes.toString('latin1')).toBe('\b\0\0\0\0\0\0\0{}      ')
    expect(parseSafetensors(bytes, { path }).tensors.size).toBe(0)
  })

  test('takes any text as a name', () => {
    const names = [
      '__proto__',
      'constructor',
      '0',
      '-1',
      '',
      '\ufeffbom',
      '\u0000\u001f"\\',
      '🔥',
      'ÿ',
    ]
    const one = tensor('uint8', [1], Uint8Array.of(1))
    const metadata = JSON.parse('{"__proto__":"a","toString":"b","\ufeff":"c"}') as Record<
      string,
      string
    >
    const chunks = serializeSafetensors(new Map(names.map((name) => [name, one])), metadata)
    const read = parseSafetensors(Buffer.concat(chunks), { path })
    expect([...read.tensors.keys()].toSorted()).toEqual(names.toSorted())
    expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata))
    expect(read.metadata['constructor']).toBeUndefined()
  })

  test('is refused before it is written where it could not be read', () => {
    const write = (name: string, value: RawTensor, metadata = {}): string =>
      errorOf(() => serializeSafetensors(new Map([[name, value]]), metadata)).message
    const floats = new Float32Array(2)
    expect(write('w', tensor('float32', [3], floats))).toBe(
      'safetensors: tensor "w" has 8 bytes of data, but float32 [3] takes 12\n' +
        '  fix: pass the data of the whole tensor, row-major',
    )
    expect(write('w', tensor('float32', [-2], floats))).toMatch(/\[-2\] takes an impossible number/)
    expect(write('w', tensor('float32', [2 ** 40, 2 ** 40], floats))).toMatch(/impossible number/)
    expect(write('w', tensor('uint16' as RawDType, [4], floats))).toMatch(/the dtype uint16\n/)
    expect(write('__metadata__', tensor('float32', [2], floats))).toMatch(/cannot be named/)
    expect(write('\ud800', tensor('float32', [2], floats))).toMatch(/tensor "\\ud800" is not text/)
    expect(write('w', tensor('float32', [2], floats), { step: 1 })).toMatch(/metadata\["step"\]/)
    const long = 'x'.repeat(100_000_000)
    expect(write('w', tensor('float32', [2], floats), { long })).toMatch(
      /must not exceed 100000000/,
    )
  })
})

describe('a file from elsewhere', () => {
  test('may leave out padding, order its fields and data freely, and add fields', () => {
    const header =
      '{ "b": {"data_offsets":[0,4], "dtype":"F32","extra":{"x":[null,true,-1.5e3]}, "shape":[1]},\n' +
      '"a":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},' +
      '"\\u0061b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}} \t'
    const { tensors } = parseSafetensors(file(header, 6), { path })
    expect([...tensors.keys()]).toEqual(['b', 'a', 'ab'])
    expect(tensors.get('ab')?.data.byteLength).toBe(2)
  })

  test.each<[what: string, bytes: Uint8Array, offset: number, reason: RegExp]>([
    ['is empty', new Uint8Array(0), 0, /the file has 0 bytes/],
    ['ends in its header length', new Uint8Array(7), 0, /the file has 7 bytes/],
    [
      'claims an endless header',
      new Uint8Array(16).fill(255),
      0,
      /\(18446744073709551615\) must not/,
    ],
    ['claims more header than file', file('{}').subarray(0, 9), 0, /length \(2\) exceeds .* \(1\)/],
    ['has no header', file(''), 8, /must start with '{'/],
    ['starts its header with a space', file(' {}'), 8, /must start with '{'/],
    ['is cut within the header', file('{"t"'), 12, /the end of the text where ':' must be/],
    ['has text after the header', file('{} {}'), 11, /text after the end/],
    ['has a zero byte for padding', file('{}\0'), 10, /text after the end/],
    ['has a comma too many', file('{"a":{},}'), 16, /'}' where a name in double quotes/],
    ['has bad UTF-8 in a name', file(Buffer.from('{"\xff":0}', 'latin1')), 9, /not valid UTF-8/],
    ['has half a surrogate pair', file('{"\\ud800":{}}'), 9, /surrogate pair/],
    ['has an unknown escape', file('{"\\x":{}}'), 9, /escape/],
    ['has a line break in a name', file('{"a\n":{}}'), 11, /control character/],
    ['has a name without an end', file('{"a'), 9, /string without an end/],
    ['nests too deep', file(`{"a":${'['.repeat(100)}`), 77, /deeper than 64/],
    ['names a tensor twice', file('{"a":{},"a":{}}'), 16, /"a" comes twice in the header/],
    ['names it twice by an escape', file('{"a":{},"\\u0061":{}}'), 16, /"a" comes twice/],
    ['has a number for a tensor', file('{"t":1}'), 13, /tensor "t" must be an object/],
    [
      'has a number in its metadata',
      file('{"__metadata__":{"a":1}}'),
      29,
      /__metadata__.a must be/,
    ],
    ['has metadata twice', file('{"__metadata__":{"a":"","a":""}}'), 32, /comes twice/],
    ['lacks a field', file('{"t":{"dtype":"F32","shape":[]}}'), 13, /"t" has no data_offsets/],
    ['has a field twice', file('{"t":{"dtype":"F32","dtype":"F32"}}'), 28, /"dtype" comes twice/],
    ['has a number for a dtype', file('{"t":{"dtype":32}}'), 22, /dtype must be a string/],
    [
      'has an unknown dtype',
      file(entry('F33', '[]', '[0,4]'), 4),
      22,
      /dtype "F33" is none of I64,/,
    ],
    ['has text for a shape', file(entry('F32', '"1"', '[0,4]'), 4), 36, /shape must be a list/],
    ['has a negative extent', file(entry('F32', '[-1]', '[0,4]'), 4), 37, /not -1$/],
    ['has a fraction for an extent', file(entry('F32', '[1.0]', '[0,4]'), 4), 37, /not 1\.0$/],
    ['has an exponent for an extent', file(entry('F32', '[1e0]', '[0,4]'), 4), 37, /not 1e0$/],
    ['has null for an extent', file(entry('F32', '[null]', '[0,4]'), 4), 37, /not null$/],
    ['has an unsafe extent', file(entry('F32', '[9007199254740992]', '[0,4]'), 4), 37, /2\^53 - 1/],
    ['has a leading zero', file(entry('F32', '[01]', '[0,4]'), 4), 37, /not JSON: '0' where/],
    [
      'has a shape that overflows',
      file(entry('F32', '[4294967296,4294967296]', '[0,4]'), 4),
      36,
      /float32 \[4294967296, 4294967296\] takes an impossible number of bytes, its data has 4$/,
    ],
    [
      'hides an overflow behind a zero',
      file(entry('F32', '[4294967296,4294967296,0]', '[0,0]')),
      36,
      /impossible number of bytes/,
    ],
    ['has a shape too large', file(entry('F32', '[2]', '[0,4]'), 4), 36, /takes 8, its data has 4/],
    ['has one offset', file(entry('F32', '[1]', '[4]'), 4), 55, /two numbers, not 1/],
    ['has three offsets', file(entry('F32', '[1]', '[0,4,4]'), 4), 55, /two numbers, not 3/],
    [
      'ends before it begins',
      file(entry('F32', '[1]', '[4,0]'), 4),
      55,
      /\[4, 0\] must lie in order/,
    ],
    ['reaches past the file', file(entry('F32', '[1]', '[0,4]'), 3), 55, /within the 3 bytes/],
    [
      'has a hole at the start',
      file(entry('U8', '[1]', '[1,2]'), 2),
      13,
      /leaves a hole .*at 1, must start at 0/,
    ],
    ['has bytes left over', file(entry('U8', '[1]', '[0,1]'), 2), 62, /2 bytes follow .* take 1$/],
    ['has data and no tensors', file('{}', 3), 10, /3 bytes follow the header, the tensors take 0/],
  ])('that %s is refused', (_what, bytes, offset, reason) => {
    const error = refusal(bytes)
    expect(error.reason).toMatch(reason)
    expect(error.offset).toBe(offset)
    expect(error.path).toBe(path)
    expect(error.message).toBe(
      `safetensors: ${error.reason}\n  file: ${path}   at byte ${offset}\n  fix: ${error.fix}`,
    )
  })

  test('whose tensors overlap is refused', () => {
    const header =
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},' +
      '"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}'
    const error = refusal(file(header, 3))
    expect(error.reason).toMatch(/"b" overlaps the tensor before it .*starts at 1, must start at 2/)
  })

  test('of a dtype that does not exist here says so, and what to do', () => {
    for (const code of ['U16', 'U32', 'U64', 'C64', 'F8_E4M3', 'F4']) {
      const error = refusal(file(entry(code, '[1]', '[0,2]'), 2))
      expect(error.reason).toBe(`tensor "t": dtype ${code} is not supported`)
      expect(error.fix).toBe(
        'convert the tensor to one of I64, F64, F32, I32, BF16, F16, I16, I8, U8, BOOL and save it again',
      )
    }
  })

  test('with a bool that is neither true nor false is refused', () => {
    const bytes = Buffer.from(file(entry('BOOL', '[3]', '[0,3]'), 3))
    bytes[bytes.length - 2] = 2
    const error = refusal(bytes)
    expect(error.reason).toBe('tensor "t": a bool must be 0 or 1, not 2')
    expect(error.offset).toBe(bytes.length - 2)
  })

  test('with more values than any model needs does not fill the memory', () => {
    const shape = `[${'0,'.repeat(4_000_000)}0]`
    expect(refusal(file(entry('F32', shape, '[0,0]'))).reason).toMatch(/more than 4000000 values/)
  })

  test('of another kind is named', () => {
    const pointer = Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n')
    expect(refusal(pointer).fix).toContain('git lfs pull')
    expect(refusal(Buffer.from('PK\x03\x04\x14\0\x08\x08\0\0')).fix).toContain('safetensors.torch')
    expect(refusal(Buffer.from('not a model at all')).fix).toContain('not a safetensors file')
  })
})

describe('damage', () => {
  const headerEnd = 8 + Number(reference.readBigUInt64LE(0))

  test('by truncation at any byte is found', () => {
    for (let length = 0; length < reference.length; length++) {
      const error = refusal(reference.subarray(0, length))
      expect(error.offset).toBeLessThanOrEqual(length)
    }
  })

  test('by bytes added at the end is found', () => {
    const error = refusal(Buffer.concat([reference, Buffer.alloc(1)]))
    expect(error.offset).toBe(reference.length)
  })

  test('by any flipped bit in the header is found, or gives tensors that fit the file', () => {
    let found = 0
    for (let bit = 0; bit < headerEnd * 8; bit++) {
      const bytes = Buffer.from(reference)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      try {
        const { tensors } = parseSafetensors(bytes, { path })
        let covered = headerEnd // a flip in a name or in the metadata cannot be told from a choice
        for (const { data, shape } of tensors.values()) {
          covered += data.byteLength
          if (shape.includes(0)) expect(data.byteLength).toBe(0)
        }
        expect(covered).toBe(reference.length)
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError)
        found++
      }
    }
    expect(found / (headerEnd * 8)).toBeGreaterThan(0.75)
  })

  test('by any byte in place of another never gives anything but tensors or a FormatError', () => {
    const hostile = [0x00, 0x22, 0x2c, 0x30, 0x39, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x80, 0xff]
    for (let at = 0; at < headerEnd; at++) {
      for (const byte of hostile) {
        const bytes = Buffer.from(reference)
        bytes[at] = byte
        try {
          parseSafetensors(bytes, { path })
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError)
        }
      }
    }
  })
})
