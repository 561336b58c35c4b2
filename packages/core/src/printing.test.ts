import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { arange, fromTypedArray, setDefaultDtype, setPrintoptions, tensor, zeros } from './index.ts'

afterEach(() => setPrintoptions({ profile: 'default' }))

// What PyTorch 2.13 prints, with its size=(…) and dtype=torch.x written as here.
describe('a printed tensor', () => {
  it.each([
    ['whole floating numbers', tensor([1, 2, 3]).float(), 'tensor([1., 2., 3.])'],
    ['fractions', tensor([1.5, 2, 3.25]), 'tensor([1.5000, 2.0000, 3.2500])'],
    ['negative numbers', tensor([-1.5, 2]), 'tensor([-1.5000,  2.0000])'],
    ['integers', tensor([1, -20]), 'tensor([  1, -20])'],
    ['booleans', tensor([true, false]), 'tensor([ True, False])'],
    ['other dtypes', tensor([1, 2], { dtype: 'int32' }), 'tensor([1, 2], dtype=int32)'],
    ['float64', tensor([1, 2], { dtype: 'float64' }), 'tensor([1., 2.], dtype=float64)'],
    ['float16', tensor([1.5, 2], { dtype: 'float16' }), 'tensor([1.5000, 2.0000], dtype=float16)'],
    [
      'bfloat16',
      tensor([0.1, 1000], { dtype: 'bfloat16' }),
      'tensor([1.0010e-01, 1.0000e+03], dtype=bfloat16)',
    ],
    ['int8', tensor([1, -100], { dtype: 'int8' }), 'tensor([   1, -100], dtype=int8)'],
    ['no axes', tensor(3.5), 'tensor(3.5000)'],
    ['nan and infinity', tensor([Number.NaN, 1, -Infinity]), 'tensor([nan, 1., -inf])'],
    ['a wide range', tensor([1e-5, 1000.5]), 'tensor([1.0000e-05, 1.0005e+03])'],
    ['no elements', zeros([0]), 'tensor([])'],
    ['no elements in two axes', zeros([2, 0]), 'tensor([], size=(2, 0))'],
    ['no elements and another dtype', zeros([0], { dtype: 'int64' }), 'tensor([], dtype=int64)'],
    [
      'matrices',
      tensor([
        [1, 2],
        [3, 4],
      ]),
      'tensor([[1, 2],\n        [3, 4]])',
    ],
    [
      'more axes',
      arange(8).view(2, 2, 2),
      'tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])',
    ],
    [
      '64-bit integers exactly',
      fromTypedArray(BigInt64Array.of(9007199254740993n)),
      'tensor([9007199254740993])',
    ],
  ])('shows %s', (_, x, text) => {
    expect(String(x)).toBe(text)
  })

  it('leaves out the middle of what is long', () => {
    expect(String(arange(2000))).toBe('tensor([   0,    1,    2,  ..., 1997, 1998, 1999])')
    expect(String(arange(4000).view(2000, 2))).toBe(
      'tensor([[   0,    1],\n        [   2,    3],\n        [   4,    5],\n        ...,\n        [3994, 3995],\n        [3996, 3997],\n        [3998, 3999]])',
    )
  })

  it('breaks lines', () => {
    expect(String(arange(30))).toBe(
      'tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])',
    )
  })

  it('is what console.log shows', () => {
    expect(inspect(tensor([1, 2]))).toBe('tensor([1, 2])')
    expect(inspect({ x: tensor([1]) })).toBe('{ x: tensor([1]) }')
  })

  it('reads only what it shows', () => {
    expect(String(zeros([1, 1]).expand([2 ** 20, 2 ** 20]))).toContain('...')
    expect(String(zeros([0, 1]).expand([0, 2 ** 40]))).toBe(`tensor([], size=(0, ${2 ** 40}))`)
  })

  it('says the dtype unless it is the default', () => {
    setDefaultDtype('bfloat16')
    try {
      expect(String(tensor([1.5]))).toBe('tensor([1.5000])')
      expect(String(zeros([0]))).toBe('tensor([])')
      expect(String(zeros([1], { dtype: 'float32' }))).toBe('tensor([0.], dtype=float32)')
    } finally {
      setDefaultDtype('float32')
    }
  })

  it('follows the options', () => {
    setPrintoptions({ precision: 2, edgeitems: 1, threshold: 3 })
    expect(String(tensor([1.234, 2, 3, 4]))).toBe('tensor([1.23,  ..., 4.00])')
    setPrintoptions({ sciMode: true, precision: 1 })
    expect(String(tensor([1.5]))).toBe('tensor([1.5e+00])')
    setPrintoptions({ threshold: 1e6, profile: 'short' })
    expect(String(tensor([1.256]))).toBe('tensor([1.26])')
    expect(String(arange(200_000)).length).toBeGreaterThan(1e6)
  })

  it('refuses options that make no sense', () => {
    expect(() => setPrintoptions({ profile: 'long' as 'short' })).toThrow(/no profile "long"/)
    expect(() => setPrintoptions(-1)).toThrow(/precision must be a number ≥ 0, not -1/)
  })
})
