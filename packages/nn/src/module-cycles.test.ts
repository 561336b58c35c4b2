import { ValueError } from '@flambeau/core'
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
