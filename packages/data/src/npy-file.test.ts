import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DType, Tensor } from '@flambeau/core'
import { arange, tensor, zeros } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import { FormatError } from './formats/errors.ts'
import { parseNpy, serializeNpy } from './formats/npy.ts'
import { loadNpy, loadNpz, parseNpz, saveNpy, saveNpz, serializeNpz } from './npy-file.ts'

// Written by formats/fixtures/numpy_files.py with NumPy.
const fixture = (name: string): string =>
  new URL(`formats/fixtures/npy/${name}`, import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'flambeau-npy-'))
afterAll(() => rmSync(folder, { recursive: true }))

const wide = arange(24).view(2, 3, 4).tolist()

describe('npy files', () => {
  it.each<DType>([
    'float16',
    'float32',
    'float64',
    'int8',
    'int16',
    'int32',
    'int64',
    'uint8',
    'bool',
  ])('of %s are read, and written as NumPy writes them', (dtype) => {
    const path = fixture(`${dtype}.npy`)
    const x = loadNpy(path)
    expect(x.dtype).toBe(dtype)
    const values = dtype === 'bool' ? [0, 1, 1, 1, 1, 1] : [0, 1, 2, 3, 100, 7]
    expect([...x.to('float64').flatten().toArray()]).toEqual(values)
    expect(x.shape).toEqual([2, 3])
    expect(Buffer.from(serializeNpy(x)).equals(readFileSync(path))).toBe(true)
  })

  it.each(['fortran', 'version2', 'version3', 'big'])('are read: %s', (name) => {
    const x = loadNpy(fixture(`${name}.npy`))
    expect([x.dtype, x.shape]).toEqual(['int32', [2, 3, 4]])
    expect(x.tolist()).toEqual(wide)
    if (name === 'fortran') expect(x.stride()).toEqual([1, 2, 6])
    // Written row-major, whatever the strides.
    const path = join(folder, 'again.npy')
    saveNpy(path, x)
    expect(loadNpy(path).tolist()).toEqual(wide)
    expect(loadNpy(path).isContiguous()).toBe(true)
  })

  it('without elements, or axes, are read and written', () => {
    for (const [name, shape] of [
      ['scalar', []],
      ['empty', [0, 3]],
      ['vector', [5]],
    ] as const) {
      const x = loadNpy(fixture(`${name}.npy`))
      expect(x.shape).toEqual(shape)
      expect(Buffer.from(serializeNpy(x)).equals(readFileSync(fixture(`${name}.npy`)))).toBe(true)
    }
    expect(loadNpy(fixture('bigfloat.npy')).tolist()).toEqual([1.5, -2.25])
  })

  it.each([
    ['object', /the dtype object \(pickled Python values, which are never read\) \("\|O"\)/],
    ['structured', /structured dtypes are not supported/],
    ['complex', /the dtype complex64 \("<c8"\) is not supported/],
    ['uint16', /the dtype uint16/],
    ['text', /the dtype str/],
    ['date', /the dtype datetime64/],
  ])('of other dtypes are refused by name: %s', (name, message) => {
    expect(() => loadNpy(fixture(`no_${name}.npy`))).toThrow(message)
    expect(() => loadNpy(fixture(`no_${name}.npy`))).toThrow(FormatError)
  })

  it('of bfloat16 are not written', () => {
    expect(() => serializeNpy(zeros([2], { dtype: 'bfloat16' }))).toThrow(/NumPy has no bfloat16/)
  })

  const file = (header: string, data = 0, version = [1, 0]): Uint8Array =>
    Buffer.concat([
      Buffer.from('\x93NUMPY', 'latin1'),
      Buffer.from([...version, header.length & 255, header.length >> 8]),
      Buffer.from(header, 'latin1'),
      Buffer.alloc(data),
    ])
  const head = (shape: string, descr = "'<f4'", order = 'False'): string =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}}`

  it.each<[string, Uint8Array, RegExp]>([
    ['text', Buffer.from('hello world'), /does not begin with/],
    ['nothing', Buffer.alloc(0), /ends after 0 bytes/],
    ['a version to come', file(head('()'), 4, [4, 0]), /version 4\.0 is not known/],
    ['a header beyond the end', file(head('(2,)')).subarray(0, 30), /the file ends after 30/],
    ['too few elements', file(head('(2,)'), 7), /takes 8 bytes, 7 follow/],
    ['too many elements', file(head('(2,)'), 9), /takes 8 bytes, 9 follow/],
    ['an absurd shape', file(head(`(${2 ** 40}, ${2 ** 40})`)), /an impossible number of bytes/],
    ['a huge shape', file(head(`(${2 ** 62},)`)), /whole numbers ≥ 0/],
    ['a negative extent', file(head('(-1, 2)')), /whole numbers ≥ 0/],
    ['a shape that is none', file(head("'3'")), /'shape' must be a tuple/],
    ['too many axes', file(head(`(${'1, '.repeat(17)})`), 4), /17 axes/],
    ['code for a header', file('__import__("os").system("true")'), /no Python dict: no value/],
    ['deep brackets', file('('.repeat(9999)), /nested more than 16/],
    ['an order that is none', file(head('(1,)', "'<f4'", '2'), 4), /'fortran_order' must be/],
    ['a field too many', file(`{'x': 1, ${head('(1,)').slice(1)}`, 4), /and nothing else/],
    ['a field twice', file(`{'descr': '<f4', ${head('(1,)').slice(1)}`, 4), /comes twice/],
    ['a dtype that is none', file(head('(1,)', "'<q7'"), 7), /"<q7" is not a dtype/],
  ])('refuses %s', (_name, bytes, message) => {
    expect(() => parseNpy(bytes, { path: 'x.npy' })).toThrow(message)
    expect(() => parseNpy(bytes)).toThrow(FormatError)
  })

  it('reads headers of Python 2', () => {
    expect(parseNpy(file(head('(2L, 1L)'), 8)).shape).toEqual([2, 1])
  })
})

describe('npz files', () => {
  it('of NumPy are read', async () => {
    const plain = await loadNpz(fixture('plain.npz'))
    expect(Object.keys(plain)).toEqual(['x', 'a/b'])
    expect(plain['x']?.tolist()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
    const packed = await loadNpz(fixture('packed.npz'))
    expect(packed['y']?.tolist()).toEqual([true, true])
    expect(packed['arr_0']?.shape).toEqual([100, 100])
  })

  it.each([false, true])('are written, compressed: %s', async (compressed) => {
    const path = join(folder, 'x.npz')
    const x: Tensor = arange(1000).view(10, 100).t()
    await saveNpz(path, { x, ['__proto__']: tensor(1.5) }, { compressed })
    const again = await loadNpz(path)
    expect(again['x']?.tolist()).toEqual(x.tolist())
    expect(again['__proto__']?.item()).toBe(1.5)
    expect(Object.keys(again)).toEqual(['x', '__proto__'])
  })

  it('are bounded', async () => {
    const zeros4 = zeros([2 ** 20])
    const bytes = await serializeNpz({ a: zeros4, b: zeros4 }, { compressed: true })
    await expect(parseNpz(bytes, { maxBytes: 5e6 })).rejects.toThrow(
      /unpacks to more than 5000000 \(maxBytes\).*\n.*fix: if you trust the file/,
    )
    expect((await parseNpz(bytes))['b']?.shape).toEqual([2 ** 20])
  })

  it('say what does not fit', async () => {
    await expect(loadNpz(join(folder, 'none.npz'))).rejects.toThrow(/does not exist/)
    await expect(parseNpz(Buffer.from('hello'))).rejects.toThrow(FormatError)
    await expect(serializeNpz({ '../x': tensor(1) })).rejects.toThrow(/cannot be the name/)
    const path = fixture('no_object.npy')
    expect(() => loadNpy(path)).toThrow(`file: ${path}`)
  })
})
