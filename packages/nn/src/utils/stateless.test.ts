import type { Tensor } from '@flambeau/core'
import { manualSeed, ones, randn, tensor, zeros } from '@flambeau/core'
import { grad, vmap } from '@flambeau/autograd'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

const { functionalCall } = nn.utils.stateless

describe('functionalCall', () => {
  it('uses other tensors, with gradients, and leaves the module as it was', () => {
    const net = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1))
    const before = net.stateDict({ keepVars: true })
    const weight = ones([3, 2], { requiresGrad: true })
    const y = functionalCall(net, { '0.weight': weight, '0.bias': zeros([3]) }, [ones([1, 2])])
    expect(grad(y.sum(), [weight])[0]?.shape).toEqual([3, 2])
    const after = net.stateDict({ keepVars: true })
    for (const [key, own] of Object.entries(before)) expect(after[key]).toBe(own)
    expect(() => functionalCall(net, { '0.bias': ones([7]) }, [ones([1, 2])])).toThrow(
      /broadcast|7/,
    )
    expect(net.stateDict({ keepVars: true })['0.bias']).toBe(before['0.bias'])
  })

  it('ties what is tied in the module, unless told otherwise', () => {
    class Tied extends nn.Module {
      a = new nn.Linear(2, 2, { bias: false })
      b = new nn.Linear(2, 2, { bias: false })
      constructor() {
        super()
        this.b.weight = this.a.weight
      }
      override forward(x: Tensor): Tensor {
        return this.b(this.a(x))
      }
    }
    const net = new Tied()
    const eye2 = tensor([
      [2, 0],
      [0, 2],
    ]).float()
    expect(functionalCall(net, { 'a.weight': eye2 }, [ones([1, 2])]).tolist()).toEqual([[4, 4]])
    const apart = functionalCall(net, { 'a.weight': eye2 }, ones([1, 2]), { tieWeights: false })
    expect(apart.tolist()).toEqual(net.b(ones([1, 2]).mul(2)).tolist())
  })

  it('works for buffers and parametrized weights', () => {
    manualSeed(0)
    const norm = new nn.BatchNorm1d(2)
    const mean = zeros([2])
    functionalCall(norm, [{ running_mean: mean, running_var: ones([2]) }], [randn([5, 2])])
    expect(mean.abs().sum().item()).toBeGreaterThan(0)
    expect(norm.running_mean?.tolist()).toEqual([0, 0])
    const layer = nn.utils.parametrizations.weightNorm(new nn.Linear(2, 1, { bias: false }))
    const given = { 'parametrizations.weight.original0': tensor([[10]]).float() }
    const y = functionalCall(layer, given, [layer.weight.detach()])
    expect(y.item()).toBeCloseTo(10 * layer.weight.norm().item(), 4)
  })

  it('gives the gradients of each sample, with grad and vmap', () => {
    manualSeed(1)
    const net = new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 1))
    const [x, y] = [randn([5, 3]), randn([5, 1])]
    const loss = (state: nn.StateDict, a: Tensor, b: Tensor): Tensor =>
      nn.functional.mseLoss(functionalCall(net, state, [a]), b)
    const each = vmap(grad(loss), [null, 0, 0])(net.stateDict(), x, y)
    for (let i = 0; i < 5; i++) {
      net.zeroGrad()
      nn.functional.mseLoss(net(x.select(0, i)), y.select(0, i)).backward()
      for (const [name, one] of net.namedParameters()) {
        const own = (each[name] as Tensor).select(0, i)
        assertClose(own, one.grad as Tensor, { rtol: 1e-5, atol: 1e-6 }, name)
      }
    }
  })

  it('says which names are wrong', () => {
    const layer = new nn.Linear(2, 1)
    const x = ones([1, 2])
    expect(() => functionalCall(layer, { wight: x }, [x])).toThrow(/unexpected: wight/)
    expect(() => functionalCall(layer, { bias: x }, [x], { strict: true })).toThrow(
      /missing: weight/,
    )
    expect(() => functionalCall(layer, [{ bias: x }, { bias: x }], [x])).toThrow(/given twice/)
    expect(() => functionalCall(layer, { bias: 3 as never }, [x])).toThrow(/'bias' is not a tensor/)
  })
})
