import { describe, expect, it } from 'vitest'
import { DTypeError, ShapeError, tensor } from './index.ts'
import { inPlaceOf } from './in-place.ts'

describe('inPlaceOf', () => {
  const double_ = inPlaceOf('double_', (x, factor: number) => x.mul(factor))

  it('writes what the function computes into its first argument', () => {
    const x = tensor([1, 2, 3])
    const y = x.narrow(0, 0, 2)
    expect(double_(y, 2)).toBe(y)
    expect(x.tolist()).toEqual([2, 4, 3])
  })

  it('reads the whole of an overlapping result before it writes', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    inPlaceOf('flip_', (self) => self.t())(x)
    expect(x.tolist()).toEqual([
      [1, 3],
      [2, 4],
    ])
  })

  it('converts within a category, and upward', () => {
    const x = tensor([1, 2], { dtype: 'float32' })
    inPlaceOf('cast_', (self) => self.to('float64').mul(1.5))(x)
    expect(x.dtype).toBe('float32')
    expect(x.tolist()).toEqual([1.5, 3])
    inPlaceOf('positive_', (self) => self.gt(2))(x)
    expect(x.tolist()).toEqual([0, 1])
  })

  it('refuses a result of another shape', () => {
    const x = tensor([1, 2])
    const form = inPlaceOf('outer_', (self) => self.unsqueeze(0))
    expect(() => form(x)).toThrow(ShapeError)
    expect(() => form(x)).toThrow(
      /outer_: the result has shape \[1, 2\], which cannot be written into \[2\]/,
    )
  })

  it('refuses a result that the dtype cannot hold', () => {
    const x = tensor([1, 2])
    const form = inPlaceOf('half_', (self) => self.div(2))
    expect(() => form(x)).toThrow(DTypeError)
    expect(() => form(x)).toThrow(
      /half_: the result's dtype float32 cannot be stored in int64[\s\S]*fix: use the form without underscore/,
    )
    expect(x.tolist()).toEqual([1, 2])
  })
})
