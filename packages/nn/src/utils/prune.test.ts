import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { getRngState, manualSeed, ones, randn, tensor, zeros } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

interface Stored {
  shape: number[]
  data: number[]
}
interface Pruned {
  calls: [name: string, options: Record<string, unknown>][]
  state: Record<string, Stored>
  input: Stored
  output: Stored
  grad: Stored
  removed: Record<string, Stored>
}

// Written by goldens/utils.py with PyTorch.
const { cases } = JSON.parse(
  readFileSync(new URL('../../goldens/utils.json', import.meta.url), 'utf8'),
) as { cases: { prune: Record<string, Pruned>; global: Record<string, Stored> } }

const { prune } = nn.utils
const tolerance = { rtol: 1e-5, atol: 1e-6 }

function stored({ shape, data }: Stored): Tensor {
  return tensor(data, { dtype: 'float32' }).reshape(shape)
}

function expectState(found: Readonly<nn.StateDict>, wanted: Record<string, Stored>): void {
  expect(Object.keys(found)).toEqual(Object.keys(wanted))
  for (const [key, value] of Object.entries(wanted)) {
    assertClose(found[key] as Tensor, stored(value), tolerance, key)
  }
}

describe('prune', () => {
  it.each(Object.keys(cases.prune))('%s keeps what PyTorch keeps', (name) => {
    const golden = cases.prune[name] as Pruned
    manualSeed(7)
    const layer = new nn.Linear(5, 3)
    const { weight } = layer
    for (const [torchName, options] of golden.calls) {
      const camel = torchName.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())
      const own = Object.entries(options).map(([key, value]) => [
        key,
        value === 'inf' ? Infinity : value,
      ])
      const call = prune[camel as 'identity'] as (...args: unknown[]) => unknown
      expect(call(layer, 'weight', Object.fromEntries(own))).toBe(layer)
    }
    const x = randn([2, 5], { requiresGrad: true })
    const y = layer(x)
    expectState(layer.stateDict(), golden.state)
    assertClose(y.detach(), stored(golden.output), tolerance, 'output')
    y.sum().backward()
    assertClose(weight.grad as Tensor, stored(golden.grad), tolerance, 'gradient')
    expect(prune.isPruned(new nn.Sequential(layer))).toBe(true)
    expectState(prune.remove(layer, 'weight').stateDict(), golden.removed)
    expect(prune.isPruned(layer)).toBe(false)
    expect(layer.weight).toBe(weight)
    assertClose(layer(x).detach(), stored(golden.output), tolerance, 'without')
  })

  it('chooses among several weights at once', () => {
    manualSeed(7)
    const net = new nn.Sequential(new nn.Linear(4, 3), new nn.Linear(3, 2))
    const weights = [...net].map((one) => [one, 'weight'] as const)
    prune.globalUnstructured(weights, { pruningMethod: prune.l1Unstructured, amount: 0.4 })
    expectState(net.stateDict(), cases.global)
    prune.globalUnstructured(weights, { pruningMethod: prune.randomUnstructured, amount: 11 })
    expect(net.stateDict()['0.weight_mask']?.sum().item()).toBe(0)
  })

  it('takes scores and masks', () => {
    const layer = new nn.Linear(2, 2)
    const scores = tensor([
      [4, 3],
      [2, 1],
    ]).float()
    prune.l1Unstructured(layer, 'weight', 1, scores)
    expect(layer.weight.eq(0).tolist()).toEqual([
      [false, false],
      [false, true],
    ])
    prune.customFromMask(
      layer,
      'weight',
      tensor([
        [0, 1],
        [1, 1],
      ]),
    )
    expect(layer.stateDict()['weight_mask']?.tolist()).toEqual([
      [0, 1],
      [1, 0],
    ])
  })

  it('says what is wrong, and leaves the module as it was', () => {
    const layer = new nn.Linear(2, 2)
    expect(() => prune.l1Unstructured(layer, 'wight', 1)).toThrow(/no parameter "wight"/)
    expect(() => prune.l1Unstructured(layer, 'weight', 5)).toThrow(/\(5\) must be at most.*\(4\)/)
    expect(() => prune.l1Unstructured(layer, 'weight', 1.5)).toThrow(/not 1\.5/)
    expect(() => prune.l1Unstructured(layer, 'weight', -1)).toThrow(/not -1/)
    expect(() => prune.l1Unstructured(layer, 'weight', 1, ones([3]))).toThrow(/\[2, 2\]/)
    expect(() => prune.lnStructured(layer, 'bias', 1, 2, 0)).toThrow(/at least 2 axes/)
    expect(() => prune.lnStructured(layer, 'weight', 1, 2, 2)).toThrow(/from -2 to 1, not 2/)
    expect(() => prune.customFromMask(layer, 'weight', ones([1]))).toThrow(/\[2, 2\]/)
    expect(() => prune.remove(layer, 'weight')).toThrow(/has no prune/)
    expect(Object.keys(layer.stateDict())).toEqual(['weight', 'bias'])
    nn.utils.weightNorm(layer)
    expect(() => prune.identity(layer, 'weight')).toThrow(/no parameter "weight"/)
  })
})

describe('skipInit', () => {
  it('makes a module without drawing', () => {
    manualSeed(0)
    const before = getRngState().tolist()
    const layer = nn.utils.skipInit(nn.Linear, 5, 1, { dtype: 'float64' })
    expect(layer.weight.shape).toEqual([1, 5])
    expect(layer.weight.dtype).toBe('float64')
    expect(getRngState().tolist()).toEqual(before)
    expect(nn.init.ones_(zeros([1])).item()).toBe(1)
    expect(() => nn.utils.skipInit(nn.Linear, -1, 2)).toThrow(/≥ 0/)
    expect(nn.init.ones_(zeros([1])).item()).toBe(1)
    expect(() => nn.utils.skipInit(Map as never)).toThrow(/class of modules/)
  })
})
