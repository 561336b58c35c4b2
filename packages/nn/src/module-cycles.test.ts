import { ones, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { describe, expect, test } from 'vitest'
import * as nn from './index.ts'

const refusal = expect.objectContaining({
  constructor: ValueError,
  rule: expect.stringMatching(/would be a part of itself/) as string,
}) as object

function errorOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

/** A list within a list, and the one that is within. */
function nested(): [outer: nn.ModuleList<nn.AnyModule>, inner: nn.ModuleList<nn.AnyModule>] {
  const inner = new nn.ModuleList<nn.AnyModule>([new nn.ReLU()])
  return [new nn.ModuleList<nn.AnyModule>([inner]), inner]
}

describe('a module that would contain itself', () => {
  test('is refused where modules are registered, and nothing changes', () => {
    const [outer, inner] = nested()
    const chain = new nn.Sequential(new nn.ReLU())
    const dict = new nn.ModuleDict<nn.Module>({ one: new nn.ReLU() })
    const calls: (() => unknown)[] = [
      () => inner.registerModule('up', inner),
      () => inner.registerModule('up', outer),
      () => inner.addModule('up', outer),
      () => inner.append(outer),
      () => inner.extend([outer]),
      () => inner.insert(0, outer),
      () => outer.setSubmodule('0.0', outer),
      () => chain.append(chain),
      () => chain.insert(0, chain),
      () => dict.set('two', dict as unknown as nn.Module),
    ]
    for (const call of calls) expect(errorOf(call)).toEqual(refusal)
    expect([outer.length, inner.length, chain.length, dict.size]).toEqual([1, 1, 1, 1])
    expect(outer.toString()).toContain('ReLU()')
  })

  test('is refused by what walks along fields that were set to it', () => {
    const [outer, inner] = nested()
    inner[1] = outer
    const calls: (() => unknown)[] = [
      () => outer.train(),
      () => outer.eval(),
      () => outer.toString(),
      () => outer.apply(() => {}),
    ]
    for (const call of calls) {
      expect(errorOf(call)).toEqual(refusal)
      // And in the same way again.
      expect(errorOf(call)).toEqual(refusal)
    }
    expect([...outer.modules()]).toHaveLength(3)
    inner.pop()
    expect(outer.train().toString()).toContain('ReLU()')
  })

  test('is refused where its parts are called or measured one after another', () => {
    const chain = new nn.Sequential(new nn.ReLU())
    const outer = new nn.Sequential(new nn.ReLU(), chain)
    const sparse = new nn.SparseSequential(new nn.SparseReLU())
    Object.assign(chain, { up: outer })
    Object.assign(sparse, { self: sparse })
    const sites = nn.SparseTensor2d.fromDense(ones([1, 1, 2, 2]))
    const calls: (() => unknown)[] = [
      () => chain(ones([2])),
      () => outer(ones([2])),
      () => sparse(sites),
      () => nn.receptiveField(outer),
      () => nn.receptiveField(sparse),
    ]
    for (const call of calls) {
      expect(errorOf(call)).toEqual(refusal)
      expect(errorOf(call)).toEqual(refusal)
    }
    Reflect.deleteProperty(chain, 'up')
    expect(outer(ones([2])).tolist()).toEqual([1, 1])
  })

  test('is not one that is called within its own call', () => {
    let depth = 0
    const chain = new nn.Sequential(new nn.ReLU())
    class Again extends nn.Module {
      override forward(x: Tensor): Tensor {
        return depth++ < 3 ? chain(x).add(1) : x
      }
    }
    chain.append(new Again())
    expect(chain(ones([1])).tolist()).toEqual([4])
  })

  test('is not one that is there twice', () => {
    const layer = new nn.Linear(2, 2)
    const net = new nn.Sequential(layer, new nn.Sequential(layer, layer))
    let count = 0
    net.eval().apply(() => count++)
    expect([count, net.toString().match(/Linear/g)?.length]).toEqual([5, 3])
    // A function may walk along the modules of its own again.
    net.apply((module) => module.apply(() => count++))
    expect(count).toBe(16)
  })
})
