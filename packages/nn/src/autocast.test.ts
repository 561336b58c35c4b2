import { readFileSync } from 'node:fs'
import type { DType } from '@flambeau/core'
import * as core from '@flambeau/core'
import { autocast, memoryStats, ones, scope, Tensor, tensor } from '@flambeau/core'
import { autocastLists } from '@flambeau/core/internal'
import { noGrad } from '@flambeau/autograd'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

interface Dump {
  dtype: DType
  shape: number[]
  data: number[]
}

type Spec = Dump | Spec[] | { value: unknown }

// Written by ../goldens/autocast.py with PyTorch.
const golden = JSON.parse(
  readFileSync(new URL('../goldens/autocast.json', import.meta.url), 'utf8'),
) as {
  cases: { name: string; kind: string; args: Spec[]; out: Dump }[]
  layers: Record<string, { dtype: DType; grads: DType[] }>
}

function make(spec: Spec): unknown {
  if (Array.isArray(spec)) return spec.map(make)
  if ('value' in spec) return spec.value
  return tensor(spec.data, { dtype: spec.dtype }).reshape(spec.shape)
}

type Fn = (...args: unknown[]) => Tensor

/** `functional.x`, `linalg.x`, or a function of core. */
function find(name: string): Fn {
  const [space, member] = name.split('.')
  if (member === undefined) {
    const fn = (core as unknown as Record<string, Fn>)[name] as Fn
    return name === 'cat' || name === 'stack' ? (...parts) => fn(parts) : fn
  }
  if (space === 'linalg') {
    const fn = (core.linalg as unknown as Record<string, Fn>)[member] as Fn
    if (member !== 'qr') return fn
    return (a) => (fn(a) as unknown as Tensor[])[1]?.abs() as Tensor
  }
  return ((nn.functional as unknown as Record<string, Fn>)[member] ??
    (core as unknown as Record<string, Fn>)[member]) as Fn
}

describe.each(golden.cases)('$name of $kind inputs', ({ name, args, out }) => {
  it('has the dtype and the values of PyTorch', () => {
    const fn = find(name)
    const result = autocast(() => fn(...args.map(make)))
    expect([result.dtype, result.shape]).toEqual([out.dtype, out.shape])
    const values = result.to('float64').reshape(-1).tolist() as number[]
    // 8 binary digits, of which sums may lose one more.
    const largest = Math.max(1, ...out.data.map(Math.abs))
    const atol = (out.dtype === 'bfloat16' ? 2 ** -7 : 1e-4) * largest
    out.data.forEach((value, i) =>
      expect(Math.abs((values[i] as number) - value)).toBeLessThan(atol),
    )
  })
})

describe('autocast', () => {
  it('is tested for every function on its lists', () => {
    const tested = new Set(golden.cases.map(({ name }) => name.split('.').at(-1)))
    const lists = [...autocastLists.lower, ...autocastLists.float32, ...autocastLists.promoted]
    // The same code as one that is tested, by another name or with another result.
    const others = { padReflecting: 'pad', eigh: 'eigvalsh', svd: 'svdvals', indexCopy: 'cat' }
    const missing = lists.filter(
      (name) => !tested.has(name) && !tested.has((others as Record<string, string>)[name] ?? ''),
    )
    expect(missing).toEqual(['fractionalMaxPool3d'])
  })

  it.each([
    ['Linear', () => new nn.Linear(4, 2), [2, 4]],
    ['Conv2d', () => new nn.Conv2d(2, 3, 2), [1, 2, 4, 4]],
  ] as const)('leaves the gradients of %s in float32', (_name, build, shape) => {
    const layer = build() as nn.Module
    const x = ones(shape, { requiresGrad: true })
    const y = autocast(() => layer(x))
    expect(y.dtype).toBe('bfloat16')
    y.to('float32').sum().backward()
    const grads = [x, ...layer.parameters()].map((one) => one.grad?.dtype)
    expect(grads).toEqual(grads.map(() => 'float32'))
    const plain = build() as nn.Module
    plain.loadStateDict(layer.stateDict())
    const z = ones(shape, { requiresGrad: true })
    plain(z).sum().backward()
    const both = (a: Tensor, b: Tensor): boolean => core.allclose(a, b, { rtol: 0.02, atol: 0.02 })
    const weights = [...layer.parameters()].map((one, i) =>
      both(one.grad as Tensor, [...plain.parameters()][i]?.grad as Tensor),
    )
    expect([both(x.grad as Tensor, z.grad as Tensor), ...weights]).not.toContain(false)
  })

  it('treats layers as PyTorch does', () => {
    const cell = ones([2, 4])
    const makers: Record<string, () => (x: Tensor) => unknown> = {
      RNN: () => new nn.RNN(4, 4),
      LSTM: () => new nn.LSTM(4, 4),
      GRU: () => new nn.GRU(4, 4),
      RNNCell: () => () => new nn.RNNCell(4, 4)(cell),
      LSTMCell: () => () => new nn.LSTMCell(4, 4)(cell),
      GRUCell: () => () => new nn.GRUCell(4, 4)(cell),
      MultiheadAttention: () => {
        const layer = new nn.MultiheadAttention(4, 2)
        return (x) => layer(x, x, x)
      },
      TransformerEncoderLayer: () => new nn.TransformerEncoderLayer(4, 2, 8, 0),
      BatchNorm2d: () => (x) => new nn.BatchNorm2d(2)(x.reshape(1, 2, 2, 2)),
      LayerNorm: () => new nn.LayerNorm(4),
      Embedding: () => (x) => new nn.Embedding(5, 4)(x.to('int64')),
    }
    expect(Object.keys(makers).toSorted()).toEqual(Object.keys(golden.layers).toSorted())
    for (const [name, make] of Object.entries(makers)) {
      const layer = make()
      const result = autocast(() => layer(ones([2, 1, 4])))
      const first = (result instanceof Tensor ? result : (result as Tensor[])[0]) as Tensor
      expect([name, first.dtype]).toEqual([name, golden.layers[name]?.dtype])
    }
  })

  it('casts a parameter once in a region, and again when it was changed', () => {
    const weight = ones([64, 64], { requiresGrad: true })
    const x = ones([1, 64])
    const kept = (): number => {
      const before = memoryStats().tensors
      scope(() => {
        noGrad(() => x.matmul(weight))
      })
      return memoryStats().tensors - before
    }
    autocast(() => {
      expect([kept(), kept()]).toEqual([1, 0])
      noGrad(() => weight.mul_(2))
      expect(x.matmul(weight).select(1, 0).item()).toBe(128)
      // What noGrad casts is no part of a graph, and must not be used outside of it.
      expect(noGrad(() => x.matmul(weight)).requiresGrad).toBe(false)
      expect(x.matmul(weight).requiresGrad).toBe(true)
    })
    autocast({ cacheEnabled: false }, () => {
      expect(kept()).toBe(0)
    })
  })

  it('keeps no casts after the region, but what the graph needs', () => {
    const weight = ones([8, 8], { requiresGrad: true })
    const before = memoryStats().tensors
    scope(() => {
      const loss = autocast(() => ones([1, 8]).matmul(weight).matmul(weight).float().sum())
      loss.backward()
      // Both uses: sums of 8 ones each.
      expect(weight.grad?.sum().item()).toBe(16 * 64)
      weight.grad?.dispose()
      weight.grad = null
    })
    expect(memoryStats().tensors).toBe(before)
  })

  it('goes backward twice in one region', () => {
    const weight = ones([4, 4], { requiresGrad: true })
    autocast(() => {
      for (let i = 0; i < 2; i++) ones([1, 4]).matmul(weight).float().sum().backward()
    })
    expect(weight.grad?.select(0, 0).select(0, 0).item()).toBe(2)
  })
})
