import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { arange, rand, tensor, zeros } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import { saveSafetensors } from './checkpoint.ts'
import { FormatError } from './formats/errors.ts'
import type { AxisRange } from './safetensors-file.ts'
import { openSafetensors } from './safetensors-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'flambeau-lazy-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = (name: string): string => join(folder, name)

const wide = arange(5 * 6 * 7, { dtype: 'float32' }).view(5, 6, 7)
saveSafetensors(
  path('a.safetensors'),
  {
    wide,
    half: tensor([1.5, -2], { dtype: 'bfloat16' }),
    flags: tensor([true, false, true]),
    none: zeros([0, 3]),
    one: tensor(7),
  },
  { format: 'pt' },
)

describe('openSafetensors', () => {
  it('knows names, shapes, dtypes and texts, and reads what is asked for', () => {
    const file = openSafetensors(path('a.safetensors'))
    expect(file.keys().toSorted()).toEqual(['flags', 'half', 'none', 'one', 'wide'])
    expect(file.info('wide')).toEqual({ dtype: 'float32', shape: [5, 6, 7], sizeBytes: 840 })
    expect(file.metadata['format']).toBe('pt')
    expect([file.has('one'), file.has('two')]).toEqual([true, false])
    expect(file.get('wide').tolist()).toEqual(wide.tolist())
    expect(file.get('half').tolist()).toEqual([1.5, -2])
    expect(file.get('flags').tolist()).toEqual([true, false, true])
    expect(file.get('none').shape).toEqual([0, 3])
    expect(file.get('one').item()).toBe(7)
    expect(Object.keys(file.load()).length).toBe(5)
    file.close()
    file.close()
    expect(() => file.get('one')).toThrow(/was closed/)
    expect(() => file.get('two')).toThrow(/there is no tensor "two".*\n.*there are /)
  })

  it('reads tensors of many chunks', () => {
    const large = rand([3000, 1001])
    saveSafetensors(path('large.safetensors'), { small: tensor([1]), large })
    using file = openSafetensors(path('large.safetensors'))
    expect(file.get('large').equal(large)).toBe(true)
    const part = file.slice('large', [
      [100, 2900],
      [500, 1001],
    ])
    expect(part.equal(large.slice(0, 100, 2900).slice(1, 500, 1001))).toBe(true)
    const columns = file.slice('large', [null, [1000, 1001]])
    expect(columns.equal(large.slice(1, 1000, 1001))).toBe(true)
  })

  it.each<AxisRange[][]>([
    [[]],
    [[[1, 3]]],
    [
      [
        [1, 3],
        [2, 4],
      ],
    ],
    [
      [
        [1, 3],
        [2, 4],
        [0, 1],
      ],
    ],
    [[null, null, [-2, 7]]],
    [[null, [5, 99]]],
    [[[3, 3]]],
    [[[4, 2], null]],
    [
      [
        [-2, -1],
        [0, 6],
        [6, 7],
      ],
    ],
  ])('reads parts: %j', (ranges) => {
    using file = openSafetensors(path('a.safetensors'))
    let wanted = wide
    for (const [axis, range] of ranges.entries()) {
      if (range === null) continue
      const size = wide.shape[axis] as number
      const at = (i: number): number => Math.min(Math.max(i < 0 ? i + size : i, 0), size)
      const start = at(range[0])
      wanted = wanted.narrow(axis, start, Math.max(at(range[1]) - start, 0))
    }
    const part = file.slice('wide', ranges)
    expect(part.shape).toEqual(wanted.shape)
    expect(part.tolist()).toEqual(wanted.tolist())
  })

  it('refuses ranges that are none', () => {
    using file = openSafetensors(path('a.safetensors'))
    expect(() => file.slice('one', [[0, 1]])).toThrow(/1 ranges are given for 0 axes/)
    expect(() => file.slice('wide', [[0.5, 1]])).toThrow(/two whole numbers/)
    expect(() => file.slice('wide', [[0, Number.NaN]])).toThrow(/two whole numbers/)
  })

  it('notices a file that shrinks while open', () => {
    saveSafetensors(path('cut.safetensors'), { x: rand([1000]) })
    using file = openSafetensors(path('cut.safetensors'))
    truncateSync(path('cut.safetensors'), 2000)
    expect(() => file.get('x')).toThrow(/was cut while open/)
  })

  it('says what is wrong with a file', () => {
    expect(() => openSafetensors(path('no.safetensors'))).toThrow(/does not exist/)
    expect(() => openSafetensors(folder)).toThrow(FormatError)
    writeFileSync(path('short.safetensors'), 'abc')
    expect(() => openSafetensors(path('short.safetensors'))).toThrow(/the file has 3 bytes/)
    writeFileSync(path('zip.safetensors'), Buffer.from('PK\x03\x04and so on and on and on'))
    expect(() => openSafetensors(path('zip.safetensors'))).toThrow(/zip archive, as PyTorch/)
    const bad = Buffer.concat([Buffer.from('0500000000000000', 'hex'), Buffer.from('{"a":')])
    writeFileSync(path('bad.safetensors'), bad)
    expect(() => openSafetensors(path('bad.safetensors'))).toThrow(/the header is not JSON/)
  })
})

describe('an index', () => {
  const index = (weights: unknown): string => {
    const name = path('model.safetensors.index.json')
    writeFileSync(name, JSON.stringify({ metadata: { total_size: 9 }, weight_map: weights }))
    return name
  }
  saveSafetensors(path('b.safetensors'), { tail: tensor([1, 2]) }, { part: '2' })

  it('opens all its files', () => {
    const names = { wide: 'a.safetensors', tail: 'b.safetensors', one: 'a.safetensors' }
    using file = openSafetensors(index(names))
    expect(file.keys()).toEqual(['wide', 'one', 'tail'])
    expect(file.get('tail').tolist()).toEqual([1, 2])
    expect(file.slice('wide', [[4, 5]]).shape).toEqual([1, 6, 7])
    expect(file.metadata).toEqual({ format: 'pt', part: '2' })
  })

  it.each<[string, unknown, RegExp]>([
    ['another folder', { x: '../b.safetensors' }, /no name within the folder/],
    ['an absolute path', { x: '/etc/passwd' }, /no name within the folder/],
    ['the folder itself', { x: '..' }, /no name within the folder/],
    ['a number', { x: 3 }, /no name within the folder/],
    ['a file that is not there', { x: 'c.safetensors' }, /c\.safetensors/],
    ['a tensor that is not there', { x: 'b.safetensors' }, /tensor "x" is not in b\.safetensors/],
    ['a list', ['x'], /no weight_map/],
  ])('may not name %s', (_name, weights, message) => {
    expect(() => openSafetensors(index(weights))).toThrow(message)
    expect(() => openSafetensors(index(weights))).toThrow(FormatError)
  })

  it('must be JSON', () => {
    writeFileSync(path('x.json'), '{"weight_map": {"a": "b", "a": "c"}}')
    expect(() => openSafetensors(path('x.json'))).toThrow(/"a" comes twice/)
    writeFileSync(path('x.json'), '{')
    expect(() => openSafetensors(path('x.json'))).toThrow(/it is not JSON/)
  })
})
