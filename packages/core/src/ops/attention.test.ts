import { describe, expect, it } from 'vitest'
import { manualSeed, randn, scaledDotProductAttention, softmax, vmap } from '../index.ts'
import type { Tensor } from '../tensor.ts'

const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item()

describe('scaledDotProductAttention', () => {
  it('is softmax of products for sizes around its tiles', () => {
    for (const length of [1, 4, 5, 63, 64, 65, 130]) {
      for (const source of [1, 15, 16, 17, 127, 128, 129, 260]) {
        const [q, k, v] = [randn([2, length, 16]), randn([2, source, 16]), randn([2, source, 8])]
        const whole = softmax(q.matmul(k.transpose(1, 2)).mul(0.25), -1).matmul(v)
        expect(difference(scaledDotProductAttention(q, k, v), whole)).toBeLessThan(1e-5)
      }
    }
  })

  it('repeats its result bit for bit', () => {
    const [q, k, v] = [randn([4, 100, 32]), randn([4, 300, 32]), randn([4, 300, 32])]
    const once = scaledDotProductAttention(q, k, v).toArray()
    expect(scaledDotProductAttention(q, k, v).toArray()).toEqual(once)
  })

  it('lets large scores pass', () => {
    const q = randn([3, 8]).mul(1e4)
    expect(difference(scaledDotProductAttention(q, q, q), q)).toBeLessThan(1e-2)
  })

  it('stores heads side by side, so that joining them is a view', () => {
    const x = randn([2, 3, 5, 4])
    const joined = scaledDotProductAttention(x, x, x).transpose(1, 2)
    expect(joined.isContiguous()).toBe(true)
  })

  it('draws dropout for each sample of vmap, if that may be', () => {
    const [q, k] = [randn([2, 6, 8]), randn([2, 6, 8])]
    const dropped = (x: Tensor, y: Tensor): Tensor =>
      scaledDotProductAttention(x, y, y, { dropoutP: 0.5 })
    expect(() => vmap(dropped)(q, k)).toThrow(/random/)
    manualSeed(1)
    const all = vmap(dropped, { randomness: 'different' })(q, k)
    manualSeed(1)
    const first = dropped(q.select(0, 0), k.select(0, 0))
    const second = dropped(q.select(0, 1), k.select(0, 1))
    expect(difference(all.select(0, 0), first)).toBeLessThan(1e-6)
    expect(difference(all.select(0, 1), second)).toBeLessThan(1e-6)
  })
})
