/** Names of PyTorch that its operator database has no cases of. */
import '@flambeau/autograd'
import {
  areDeterministicAlgorithmsEnabled,
  asStridedScatter,
  broadcastShapes,
  fromNumpy,
  indexPut_,
  tensor,
  zeros,
} from '@flambeau/core'
import { describe, expect, it } from 'vitest'

describe('names without cases', () => {
  it('broadcastShapes gives the shape that all shapes broadcast to', () => {
    expect(broadcastShapes([2, 1], [3], [1, 1, 1])).toEqual([1, 2, 3])
    expect(() => broadcastShapes([2], [3])).toThrow(/broadcastShapes/)
  })

  it('fromNumpy takes typed arrays', () => {
    const x = fromNumpy(new Float64Array([1, 2]))
    expect([x.dtype, x.tolist()]).toEqual(['float64', [1, 2]])
  })

  it('indexPut_ writes at places', () => {
    const x = zeros([3])
    indexPut_(x, [tensor([0, 2])], tensor([5, 6], { dtype: 'float32' }))
    expect(x.tolist()).toEqual([5, 0, 6])
  })

  it('areDeterministicAlgorithmsEnabled, since there are no others', () => {
    expect(areDeterministicAlgorithmsEnabled()).toBe(true)
  })

  it('asStridedScatter gives no gradient to what was replaced', () => {
    const x = zeros([4], { dtype: 'float64', requiresGrad: true })
    const source = tensor([5, 6], { dtype: 'float64', requiresGrad: true })
    const out = asStridedScatter(x, source, [2], [2], 1)
    expect(out.tolist()).toEqual([0, 5, 0, 6])
    out
      .mul(tensor([1, 2, 3, 4]))
      .sum()
      .backward()
    expect(x.grad?.tolist()).toEqual([1, 0, 3, 0])
    expect(source.grad?.tolist()).toEqual([2, 4])
  })
})
