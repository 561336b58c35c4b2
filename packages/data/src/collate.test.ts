import { arange, ShapeError, Tensor, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { defaultCollate, defaultConvert } from './index.ts'

/** Values and dtypes of tensors in place of the tensors. */
function plain(value: unknown): unknown {
  if (value instanceof Tensor) return `${value.dtype} ${JSON.stringify(value.tolist())}`
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return new Map(Array.from(value, ([k, v]) => [k, plain(v)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]))
}

describe('defaultCollate', () => {
  it('makes tensors of numbers', () => {
    expect(plain(defaultCollate([1, 2]))).toBe('int64 [1,2]')
    expect(plain(defaultCollate([1, 2.5]))).toBe('float64 [1,2.5]')
    expect(plain(defaultCollate([0.5, Number.POSITIVE_INFINITY]))).toMatch(/^float64/)
    expect(plain(defaultCollate([true, false]))).toBe('bool [true,false]')
    const big = defaultCollate([2n ** 60n, -1n])
    expect([big.dtype, ...big.toBigIntArray()]).toEqual(['int64', 2n ** 60n, -1n])
  })

  it('stacks tensors and typed arrays', () => {
    expect(plain(defaultCollate([arange(2), arange(2)]))).toBe('int64 [[0,1],[0,1]]')
    expect(plain(defaultCollate([Float32Array.of(1, 2)]))).toBe('float32 [[1,2]]')
    expect(plain(defaultCollate([Uint8Array.of(1), Uint8Array.of(2)]))).toBe('uint8 [[1],[2]]')
  })

  it('goes through arrays, objects and Maps, and keeps strings', () => {
    const sample = (i: number): unknown => [
      i,
      { x: tensor([i]), name: `s${i}`, deep: [{ y: i + 0.5 }] },
      new Map([['k', i > 0]]),
    ]
    expect(plain(defaultCollate([sample(0), sample(1)]))).toEqual([
      'int64 [0,1]',
      {
        x: 'int64 [[0],[1]]',
        name: ['s0', 's1'],
        deep: [{ y: 'float64 [0.5,1.5]' }],
      },
      new Map([['k', 'bool [false,true]']]),
    ])
  })

  it('says what does not fit, and where', () => {
    expect(() => defaultCollate([])).toThrow(/a batch of no samples/)
    expect(() => defaultCollate([[1, 2], [3]])).toThrow(/different numbers of parts/)
    expect(() => defaultCollate([undefined])).toThrow(/samples of type undefined/)
    expect(() => defaultCollate([{ a: [null] }])).toThrow(/\.a\[0\] of type null/)
    expect(() => defaultCollate([new Date()])).toThrow(/samples of type Date/)
    expect(() => defaultCollate([{ a: 1 }, { b: 1 }])).toThrow(/sample 1 of the batch has no 'a'/)
    expect(() => defaultCollate([{ a: 1 }, { a: 'x' }])).toThrow(
      /\.a: one is of type number, another of type string/,
    )
    expect(() => defaultCollate([1n, 2])).toThrow(/bigint, another of type number/)
    expect(() => defaultCollate([2n ** 70n])).toThrow(/64/)
    expect(() => defaultCollate([Float32Array.of(1), Float32Array.of(1, 2)])).toThrow(
      /Float32Array/,
    )
    expect(() => defaultCollate([Uint32Array.of(1)])).toThrow(/Uint32Array/)
    expect(() => defaultCollate([zeros([2]), zeros([3])])).toThrow(ShapeError)
    expect(() => defaultCollate([zeros([2]), 3])).toThrow(/Tensor, another of type number/)
  })
})

describe('defaultConvert', () => {
  it('makes tensors of typed arrays, and leaves the rest alone', () => {
    const date = new Date()
    const data = {
      a: [Int32Array.of(1)],
      b: 'x',
      c: 3,
      d: date,
      e: new Map([[1, Int8Array.of(2)]]),
    }
    expect(plain(defaultConvert(data))).toEqual({
      a: ['int32 [1]'],
      b: 'x',
      c: 3,
      d: {},
      e: new Map([[1, 'int8 [2]']]),
    })
    expect((defaultConvert(data) as { d: Date }).d).toBe(date)
    const x = arange(2)
    expect(defaultConvert(x)).toBe(x)
  })
})
