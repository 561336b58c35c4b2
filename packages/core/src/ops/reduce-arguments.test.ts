import { describe, expect, it } from 'vitest'
import type { Tensor } from '../index.ts'
import { ValueError, tensor } from '../index.ts'

describe('arguments of reductions', () => {
  const x = tensor([
    [1, 2],
    [3, 5],
  ]).float()

  it('with a wrong name do not compile, and throw', () => {
    // @ts-expect-error: keepdims is NumPy's name
    expect(() => x.sum({ dim: 1, keepdims: true })).toThrow(ValueError)
    // @ts-expect-error: the same beside a position
    expect(() => x.amax(1, { keepdims: true })).toThrow(/there is no option 'keepdims'/)
    // @ts-expect-error: it is called correction
    expect(() => x.std(1, { ddof: 0 })).toThrow(/there is no option 'ddof'.*correction/s)
    // @ts-expect-error: a misspelt dtype
    expect(() => x.softmax(1, { dtpe: 'float32' })).toThrow(/there is no option 'dtpe'/)
  })

  it('decide whether max gives one tensor or two', () => {
    const whole: Tensor = x.max()
    const { values, indices } = x.max({ dim: 1, keepdim: true })
    const larger: Tensor = x.max({ other: x.neg() })
    expect(whole.item()).toBe(5)
    expect([values.tolist(), indices.tolist()]).toEqual([
      [[2], [5]],
      [[1], [1]],
    ])
    expect(larger.tolist()).toEqual(x.tolist())
    expect(() => x.max(x as never, true)).toThrow(/an axis and another tensor do not go together/)
  })
})
