import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { arange } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import { parseSafetensors, serializeSafetensors } from '../formats/safetensors.ts'
import { writeZip } from '../formats/zip.ts'
import {
  loadCheckpoint,
  openSafetensors,
  parseCsv,
  parseIdx,
  parseNpy,
  parseNpz,
  parseTorchFile,
  readCsv,
  saveTorch,
  serializeNpy,
  serializeNpz,
  TextLineDataset,
} from '../index.ts'
import { bounded } from '../testing/bounded.ts'

const folder = mkdtempSync(join(tmpdir(), 'flambeau-archives-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

async function reasonOf(read: () => unknown): Promise<string> {
  const { refused } = await bounded(read)
  if (refused === null) throw new Error('it was read')
  return refused.message
}

/** Where the n-th header of an archive begins: of a file (03 04), or of its entry in the directory (01 02). */
function headerAt(zip: Uint8Array, kind: 'local' | 'central', n = 0): number {
  const signature = Buffer.from(kind === 'local' ? 'PK\x03\x04' : 'PK\x01\x02', 'latin1')
  let found = -1
  for (let i = 0; i <= n; i++) found = Buffer.from(zip).indexOf(signature, found + 1)
  expect(found).toBeGreaterThanOrEqual(0)
  return found
}

/** A copy of an archive with a 32-bit number changed, counted from the n-th header of a kind. */
function patched(
  zip: Uint8Array,
  changes: readonly (readonly [
    kind: 'local' | 'central',
    n: number,
    field: number,
    value: number,
  ])[],
): Uint8Array {
  const out = Buffer.from(zip)
  for (const [kind, n, field, value] of changes)
    out.writeUInt32LE(value, headerAt(zip, kind, n) + field)
  return out
}

const npy = serializeNpy(arange(1000))
const torch = await (async () => {
  await saveTorch({ x: arange(1000) }, at('x.pt'))
  const { readFileSync } = await import('node:fs')
  return readFileSync(at('x.pt'))
})()

describe('an archive', () => {
  const readers: [string, (bytes: Uint8Array) => Promise<unknown>][] = [
    ['npz', parseNpz],
    ['a PyTorch file', parseTorchFile],
  ]
  /** A part of this many zero bytes, packed a thousandfold. */
  const bomb = async (name: string, sizeBytes: number, copies = 1): Promise<Uint8Array> => {
    const part = new Uint8Array(sizeBytes)
    return writeZip(
      Array.from({ length: copies }, (_, i): [string, Uint8Array] => [
        name.replace('#', String(i)),
        part,
      ]),
      { compressed: true },
    )
  }

  it.each(readers)('may not unpack to a multiple of its size: %s', async (_name, read) => {
    const bytes = await bomb('a/data/#', 2 ** 26, 8)
    expect(bytes.length).toBeLessThan(2 ** 20)
    expect(await reasonOf(() => read(bytes))).toMatch(/unpacks to more than \d+ \(maxBytes\)/)
  })

  it('holds no archive within an archive that would be unpacked too', async () => {
    const inner = await bomb('x.npy', 2 ** 26)
    const outer = await writeZip([['inner.zip', inner]])
    expect(await reasonOf(() => parseNpz(outer))).toMatch(/'inner\.zip' is no npy file/)
    const renamed = await writeZip([['inner.npy', inner]])
    expect(await reasonOf(() => parseNpz(renamed))).toMatch(/does not begin with/)
  })

  it('may not lie about its sizes', async () => {
    const packed = await writeZip([['x.npy', npy]], { compressed: true })
    const sizes = (value: number): Uint8Array =>
      patched(packed, [
        ['central', 0, 24, value],
        ['local', 0, 22, value],
      ])
    // Larger than deflate can make of it; larger than it is; smaller than it is.
    for (const size of [2 ** 31, 2 ** 32 - 2, npy.length + 1, npy.length - 1, 1, 0]) {
      expect(await reasonOf(() => parseNpz(sizes(size)))).toMatch(/^(npz|npy): /)
    }
    const stored = await serializeNpz({ x: arange(1000) })
    for (const size of [2 ** 31, 2 ** 32 - 2, 10, 0]) {
      const one = patched(stored, [
        ['central', 0, 20, size],
        ['central', 0, 24, size],
      ])
      expect(await reasonOf(() => parseNpz(one))).toMatch(/^(npz|npy): /)
    }
  })

  it('may not unpack to more than it claims, even where nothing else is wrong', async () => {
    const large = await bomb('x.npy', 2 ** 27)
    const lying = patched(large, [
      ['central', 0, 24, 1000],
      ['local', 0, 22, 1000],
    ])
    expect(await reasonOf(() => parseNpz(lying))).toMatch(/^npz: /)
  })

  it('may not use the same bytes for several parts', async () => {
    const two = await serializeNpz({ x: arange(1000), y: arange(1000) })
    const overlapping = patched(two, [['central', 1, 42, 0]])
    expect(await reasonOf(() => parseNpz(overlapping))).toMatch(/^npz: /)
  })

  it.each([
    ['beyond the end', 2 ** 31],
    ['at its end', 2 ** 20],
    ['within a part', 100],
  ])('may not say that a part begins %s', async (_name, offset) => {
    const stored = await serializeNpz({ x: arange(1000) })
    expect(await reasonOf(() => parseNpz(patched(stored, [['central', 0, 42, offset]])))).toMatch(
      /^npz: /,
    )
    const torchFile = patched(torch, [['central', 0, 42, offset]])
    expect(await reasonOf(() => parseTorchFile(torchFile))).toMatch(/^PyTorch file: /)
  })

  it('may not be encrypted, or of an unknown method', async () => {
    const stored = await serializeNpz({ x: arange(1000) })
    const flag = Buffer.from(stored)
    for (const kind of ['local', 'central'] as const)
      flag[headerAt(stored, kind) + (kind === 'local' ? 6 : 8)]! |= 1
    expect(await reasonOf(() => parseNpz(flag))).toMatch(/^npz: /)
    const method = Buffer.from(stored)
    for (const kind of ['local', 'central'] as const)
      method[headerAt(stored, kind) + (kind === 'local' ? 8 : 10)] = 97
    expect(await reasonOf(() => parseNpz(method))).toMatch(/^npz: /)
  })

  it('may not have a name twice, or a wrong checksum', async () => {
    const stored = Buffer.from(await serializeNpz({ x: arange(1000), y: arange(1000) }))
    const twice = Buffer.from(stored.toString('latin1').replaceAll('y.npy', 'x.npy'), 'latin1')
    expect(await reasonOf(() => parseNpz(twice))).toMatch(/'x\.npy' is there twice/)
    stored[stored.indexOf('NUMPY') + 400]! ^= 1
    expect(await reasonOf(() => parseNpz(stored))).toMatch(/^npz: /)
  })

  it('may have parts for any folder: nothing is written anywhere', async () => {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { level: 0 })
    await writer.add('../../escape.npy', new Uint8ArrayReader(npy)).catch(() => null)
    const bytes = await writer.close()
    const { refused, value } = await bounded(() => parseNpz(bytes))
    if (refused === null) expect(Object.keys(value as object).length).toBeLessThanOrEqual(1)
    else expect(refused.message).toMatch(/^npz: /)
  })

  it('may not have hundreds of thousands of parts', async () => {
    // 200,000 entries of the directory, 46 bytes and a name each, which all point to one empty file.
    const one = Buffer.from(await writeZip([['aaaaaa', new Uint8Array(0)]]))
    const start = headerAt(one, 'central')
    const end = one.indexOf(Buffer.from('PK\x05\x06', 'latin1'))
    const entry = one.subarray(start, end)
    const entries = Array.from({ length: 65_000 }, (_, i) => {
      const copy = Buffer.from(entry)
      copy.write(i.toString(36).padStart(6, 'a'), 46, 'latin1')
      return copy
    })
    const tail = Buffer.from(one.subarray(end))
    tail.writeUInt16LE(65_000, 8)
    tail.writeUInt16LE(65_000, 10)
    tail.writeUInt32LE(entry.length * 65_000, 12)
    const many = Buffer.concat([one.subarray(0, start), ...entries, tail])
    const { refused } = await bounded(() => parseNpz(many), { milliseconds: 4000, mebibytes: 256 })
    expect(refused?.message).toMatch(/^npz: /)
  })

  it('of PyTorch has a pickle of reasonable size', async () => {
    const large = await writeZip([['a/data.pkl', new Uint8Array(2 ** 26 + 1)]])
    expect(await reasonOf(() => parseTorchFile(large))).toMatch(/the pickle has 67108865 bytes/)
  })
})

describe('absurd shapes', () => {
  const header = (json: unknown, data = 0): Uint8Array => {
    const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(text.length))
    return Buffer.concat([length, text, Buffer.alloc(data)])
  }
  const path = 'x.safetensors'

  it.each<[string, unknown]>([
    ['2^62 elements', { x: { dtype: 'F32', shape: [2 ** 62], data_offsets: [0, 4] } }],
    [
      'a product beyond 2^64',
      { x: { dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 4] } },
    ],
    [
      'a product that wraps to 4',
      { x: { dtype: 'U8', shape: [2 ** 33, 2 ** 31 + 1, 4], data_offsets: [0, 4] } },
    ],
    ['an extent below 0', '{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}'],
    ['two extents below 0', '{"x":{"dtype":"U8","shape":[-2,-2],"data_offsets":[0,4]}}'],
    ['half an element', '{"x":{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}}'],
    ['an extent in exponents', '{"x":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}'],
    ['offsets that are turned round', { x: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }],
    ['offsets beyond the end', { x: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }],
    [
      'offsets of 2^64',
      '{"x":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551616]}}',
    ],
    [
      '100,000 axes',
      { x: { dtype: 'F32', shape: Array.from({ length: 1e5 }, () => 1), data_offsets: [0, 4] } },
    ],
    ['an empty tensor of 2^60', { x: { dtype: 'F32', shape: [2 ** 60, 0], data_offsets: [0, 0] } }],
  ])('in safetensors: %s', async (_name, json) => {
    const bytes = header(json, 4)
    writeFileSync(at(path), bytes)
    const lazily = await reasonOf(() => {
      using file = openSafetensors(at(path))
      return file.load()
    })
    expect(lazily).toMatch(/^(safetensors|reshape|empty|zeros): /)
    await bounded(() => parseSafetensors(bytes, { path }))
  })

  it.each<[string, string]>([
    ['a megabyte of brackets', '['.repeat(2 ** 20)],
    ['a megabyte of nested objects', '{"a":'.repeat(2 ** 17)],
    ['millions of values', `{"x":[${'0,'.repeat(5e6)}0]}`],
    ['a text without an end', `{"${'a'.repeat(2 ** 20)}`],
    [
      'a number of a megabyte',
      `{"x":{"dtype":"F32","shape":[${'9'.repeat(2 ** 20)}],"data_offsets":[0,4]}}`,
    ],
    ['one name many times', `{${Array.from({ length: 1e5 }, () => '"x":{}').join(',')}}`],
  ])('in headers: %s', async (_name, json) => {
    const { refused } = await bounded(() => parseSafetensors(header(json, 4), { path }), {
      milliseconds: 4000,
      mebibytes: 768,
    })
    expect(refused?.name).toBe('FormatError')
  })

  it('of a header that announces more than there is, in a file full of holes', async () => {
    for (const length of [2n ** 64n - 1n, 2n ** 63n, 2n ** 32n, 99_999_999n]) {
      const bytes = Buffer.alloc(16)
      bytes.writeBigUInt64LE(length)
      writeFileSync(at('sparse.safetensors'), bytes)
      expect(await reasonOf(() => openSafetensors(at('sparse.safetensors')))).toMatch(
        /^safetensors: /,
      )
      // 1 TiB, of which nothing is on the disk.
      truncateSync(at('sparse.safetensors'), 2 ** 40)
      const { refused } = await bounded(() => openSafetensors(at('sparse.safetensors')), {
        mebibytes: 256,
      })
      expect(refused?.message).toMatch(/^safetensors: /)
    }
  })

  it.each<[string, number[], number[]]>([
    ['2^32 - 1 along four axes', [0x0d, 4, ...Array.from({ length: 16 }, () => 255)], []],
    ['255 axes', [0x08, 255, ...Array.from({ length: 1020 }, () => 1)], []],
    ['2^31 elements of a short file', [0x08, 1, 0x80, 0, 0, 0], [1, 2, 3]],
    ['a product that wraps', [0x08, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0], []],
  ])('in IDX: %s', async (_name, head, data) => {
    const bytes = Buffer.from([0, 0, ...head, ...data])
    expect(await reasonOf(() => parseIdx(bytes, { path: 'x' }))).toMatch(/^IDX: /)
    const packed = await reasonOf(() => parseIdx(gzipSync(bytes), { path: 'x.gz' }))
    expect(packed).toMatch(/^IDX \(gzip\): /)
  })

  it('in IDX packed a thousandfold', async () => {
    const large = gzipSync(
      Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, 4]), new Uint8Array(2 ** 27)]),
    )
    expect(await reasonOf(() => parseIdx(large, { path: 'x.gz' }))).toMatch(/^IDX \(gzip\): /)
  })

  it.each([
    `(${2 ** 62},)`,
    '(4611686018427387904, 4611686018427387904)',
    `(${2 ** 32}, ${2 ** 32}, 0x1)`,
    `(${2 ** 52}, 0)`,
    '(-4,)',
    '(99999999999999999999999999,)',
    `(${'1,'.repeat(5000)})`,
    `(${'('.repeat(5000)}`,
  ])('in npy: %s', async (shape) => {
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}}`
    const head = Buffer.alloc(12)
    head.write('\x93NUMPY\x02\0', 'latin1')
    head.writeUInt32LE(text.length, 8)
    const bytes = Buffer.concat([head, Buffer.from(text), Buffer.alloc(16)])
    expect(await reasonOf(() => parseNpy(bytes))).toMatch(/^npy: /)
    const version1 = Buffer.concat([head.subarray(0, 10), Buffer.from(text), Buffer.alloc(16)])
    version1[6] = 1
    version1.writeUInt16LE(text.length, 8)
    expect(await reasonOf(() => parseNpy(version1))).toMatch(/^npy: /)
  })
})

describe('absurd tables and texts', () => {
  it.each<[string, string]>([
    ['a quote that is never closed', `a,b\n"${'x,\n'.repeat(2e6)}`],
    ['one row of millions of fields', ','.repeat(3e6)],
    ['a row that is longer than the others', `a,b\n1,2\n${'1,'.repeat(1e6)}`],
    ['zero bytes', '\0'.repeat(5e6)],
    ['quotes only', '"'.repeat(1e6 + 1)],
  ])('%s', async (_name, text) => {
    const { refused } = await bounded(() => parseCsv(text, { dtypes: 'int64' }), {
      milliseconds: 3000,
      mebibytes: 512,
    })
    expect(refused?.name).toBe('TableError')
  })

  it('a number of a megabyte', async () => {
    const long = `x\n${'9'.repeat(2 ** 20)}\n`
    expect(await reasonOf(() => parseCsv(long, { dtypes: 'int32' }))).toMatch(/line 2, column 'x'/)
    const { refused } = await bounded(() =>
      parseCsv(`x\n${'1'.repeat(2 ** 20)}x`, { dtypes: 'float64' }),
    )
    expect(refused?.message).toMatch(/is not a number/)
    expect((refused?.message ?? '').length).toBeLessThan(300)
  })

  it('a line of a tebibyte, of which nothing is on the disk', async () => {
    writeFileSync(at('one.txt'), 'a\nb')
    truncateSync(at('one.txt'), 2 ** 27)
    using lines = new TextLineDataset(at('one.txt'))
    expect(lines.length).toBe(2)
    expect(await reasonOf(() => lines.getItem(1))).toMatch(/line 2: the line has \d+ bytes/)
  })

  it('a device and a folder', async () => {
    expect(await reasonOf(() => openSafetensors('/dev/zero'))).toMatch(/no regular file/)
    expect(await reasonOf(() => readCsv(folder))).toMatch(/cannot be read \(EISDIR\)/)
    expect(await reasonOf(() => new TextLineDataset(folder))).toMatch(/cannot be read \(EISDIR\)/)
  })
})

describe('a checkpoint with the right checksum and a hostile tree', () => {
  const write = (tree: string): string => {
    const sha256 = createHash('sha256').update(`1\n${tree}\n`).digest('hex')
    const metadata = {
      'flambeau.checkpoint': tree,
      'flambeau.version': '1',
      'flambeau.sha256': sha256,
    }
    writeFileSync(at('c.safetensors'), Buffer.concat(serializeSafetensors(new Map(), metadata)))
    return at('c.safetensors')
  }

  it('is read if it is whole', () => {
    expect(loadCheckpoint(write('{"a":1}'))).toEqual({ a: 1 })
  })

  it.each<[string, string]>([
    ['nested 100,000 deep', '['.repeat(1e5) + ']'.repeat(1e5)],
    ['objects nested 100,000 deep', '{"a":'.repeat(1e5) + '1' + '}'.repeat(1e5)],
    ['a tensor that is not there', '{"$tensor":"x"}'],
    ['a tensor without a name', '{"$tensor":{"a":1}}'],
    ['a whole number that is none', '{"$bigint":"1e9"}'],
    ['a whole number of a megabyte', `{"$bigint":"${'9'.repeat(2 ** 20)}"}`],
    ['no JSON', '{'],
    ['nothing', ''],
  ])('is refused: %s', async (_name, tree) => {
    const path = write(tree)
    expect(await reasonOf(() => loadCheckpoint(path))).toMatch(/^checkpoint: /)
  })

  it('cannot change the prototype of all objects', async () => {
    const path = write('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')
    await bounded(() => loadCheckpoint(path))
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})
