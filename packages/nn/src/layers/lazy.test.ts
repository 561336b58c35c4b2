import { manualSeed, ones, randn } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

const exact = { rtol: 0, atol: 0 }

describe('lazy layers', () => {
  it('become the layer that they stand for at the first call, with the same parameters', () => {
    const layer = new nn.LazyConv2d(4, 3, { padding: 1 })
    const before = [...layer.parameters()]
    expect(before.map((parameter) => parameter.numel())).toEqual([0, 0])
    expect(layer.toString()).toBe(
      'LazyConv2d(0, 4, kernelSize=[3, 3], stride=[1, 1], padding=[1, 1])',
    )
    layer(ones([1, 2, 5, 5]))
    expect([...layer.parameters()]).toEqual(before)
    expect(layer.weight.shape).toEqual([4, 2, 3, 3])
    expect(Object.getPrototypeOf(layer)).toBe(nn.Conv2d.prototype)
    expect(layer.toString()).toBe('Conv2d(2, 4, kernelSize=[3, 3], stride=[1, 1], padding=[1, 1])')
    expect(() => layer(ones([1, 3, 5, 5]))).toThrow(/channels/)
  })

  it('draw the values that the layer with sizes draws', () => {
    manualSeed(3)
    const wanted = new nn.Linear(5, 2)
    const lazy = new nn.LazyLinear(2)
    manualSeed(3)
    lazy(ones([1, 5]))
    assertClose(lazy.weight.detach(), wanted.weight.detach(), exact, 'weight')
  })

  it('take their shapes from a state that is loaded, and keep its values', () => {
    for (const [lazy, full, x] of [
      [new nn.LazyLinear(2), new nn.Linear(3, 2), randn([4, 3])],
      [new nn.LazyBatchNorm1d(), new nn.BatchNorm1d(3), randn([4, 3])],
      [new nn.LazyConvTranspose1d(2, 3), new nn.ConvTranspose1d(3, 2, 3), randn([1, 3, 4])],
    ] as const) {
      full(x)
      lazy.loadStateDict(full.stateDict())
      const [got, want] = [lazy.eval()(x), full.eval()(x)]
      assertClose(got.detach(), want.detach(), exact, full.constructor.name)
      expect(lazy.constructor).toBe(full.constructor)
    }
  })

  it('refuse inputs without the axis that they look at', () => {
    expect(() => new nn.LazyLinear(2)(ones([]))).toThrow(/a number has no last axis/)
    expect(() => new nn.LazyConv1d(2, 3)(ones([4]))).toThrow(/2 or 3 axes/)
    expect(() => new nn.LazyBatchNorm2d()(ones([4, 3]))).toThrow(/must have 4 axes/)
    expect(() => new nn.LazyConv1d(4, 1, { groups: 2 })(ones([1, 3, 4]))).toThrow(
      /groups \(2\) must divide the channels \(3\)/,
    )
  })
})
