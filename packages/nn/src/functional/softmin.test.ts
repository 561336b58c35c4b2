import { tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { softmin } from './softmin.ts'

describe('softmin', () => {
  const x = tensor([
    [1, 2],
    [0, Math.log(3)],
  ])

  it('is the softmax of what is negated', () => {
    const rows = softmin(x, 1).tolist() as number[][]
    expect(rows[0]?.[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6)
    expect(rows[1]?.[0]).toBeCloseTo(0.75, 6)
    expect(softmin(x, { dim: 1, _stacklevel: 3, dtype: null }).tolist()).toEqual(rows)
  })

  it('converts after it has negated', () => {
    const bytes = tensor([0, 1], { dtype: 'uint8' })
    // -1 is 255 in bytes.
    expect(softmin(bytes, 0, { dtype: 'float32' }).tolist()).toEqual([0, 1])
  })

  it('needs an axis that exists', () => {
    expect(() => softmin(x, 2)).toThrow(/axis 2 is outside \[-2, 1\]/)
    // @ts-expect-error: the axis is required
    expect(() => softmin(x)).toThrow(/the axis is one number/)
  })
})
