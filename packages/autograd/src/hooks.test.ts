import type { Tensor } from '@flambeau/core'
import { collectGarbage, memoryStats, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { grad, type GraphNode } from './index.ts'
import { hooks } from './hooks.ts'
import { retaining } from './tape.ts'

function leaf(values: number[]): Tensor {
  return tensor(values, { dtype: 'float64', requiresGrad: true })
}

const ones = (n: number): Tensor => zeros([n], { dtype: 'float64' }).add(1)

describe('hooks of a leaf', () => {
  it('see each gradient that arrives, before it is added', () => {
    const x = leaf([1, 2])
    const seen: unknown[] = []
    x.registerHook((g) => {
      seen.push(g.tolist())
    })
    x.mul(2).backward(ones(2))
    x.mul(3).backward(ones(2))
    expect(seen).toEqual([
      [2, 2],
      [3, 3],
    ])
    expect(x.grad?.tolist()).toEqual([5, 5])
  })

  it('replace the gradient, in the order in which they were registered', () => {
    const x = leaf([1, 2])
    x.registerHook((g) => g.add(1))
    x.registerHook((g) => g.mul(10))
    x.mul(2).backward(ones(2))
    expect(x.grad?.tolist()).toEqual([30, 30])
  })

  it('can be removed, also by themselves', () => {
    const x = leaf([1])
    const handle = x.registerHook((g) => g.mul(10))
    x.mul(2).backward(ones(1))
    handle.remove()
    handle.remove()
    x.mul(2).backward(ones(1))
    expect(x.grad?.tolist()).toEqual([22])

    let calls = 0
    const once = x.registerHook(() => {
      calls++
      once.remove()
    })
    x.mul(2).backward(ones(1))
    x.mul(2).backward(ones(1))
    expect(calls).toBe(1)
  })

  it('may register further hooks without being called forever', () => {
    const x = leaf([1])
    let calls = 0
    const again = (): void => {
      calls++
      x.registerHook(again)
    }
    x.registerHook(again)
    x.mul(2).backward(ones(1))
    expect(calls).toBe(1)
  })

  it('may keep the gradient they see', () => {
    const x = leaf([1, 2])
    const kept: Tensor[] = []
    x.registerHook((g) => {
      kept.push(g)
    })
    x.mul(2).backward(ones(2))
    x.mul(3).backward(ones(2))
    expect(kept.map((g) => g.tolist())).toEqual([
      [2, 2],
      [3, 3],
    ])
  })

  it('survive passes', () => {
    const x = leaf([1])
    let calls = 0
    x.registerHook(() => {
      calls++
    })
    for (let i = 0; i < 3; i++) x.mul(2).backward(ones(1))
    expect(calls).toBe(3)
  })

  it('must return a tensor of the same shape and dtype, or nothing', () => {
    const x = leaf([1, 2])
    const run = (result: unknown): void => {
      const handle = x.registerHook(() => result as Tensor)
      try {
        x.mul(2).backward(ones(2))
      } finally {
        handle.remove()
      }
    }
    expect(() => run(ones(3))).toThrow(/hook: a hook must keep the shape of its gradient/)
    expect(() => run(ones(2).to('float32'))).toThrow(/hook must keep the dtype[\s\S]*'float64'/)
    expect(() => run(3)).toThrow(/a hook returned number, which is not a tensor/)
    expect(() => run(Promise.resolve())).toThrow(/a hook returned object/)
    const gone = ones(2)
    gone.dispose()
    expect(() => run(gone)).toThrow(/hook: input was disposed/)
    expect(() => run(undefined)).not.toThrow()
    expect(x.grad?.tolist()).toEqual([2, 2])
  })

  it('need a function and a tensor that requires a gradient', () => {
    expect(() => tensor([1]).registerHook(() => {})).toThrow(
      /registerHook: the tensor does not require a gradient/,
    )
    expect(() => leaf([1]).registerHook(3 as never)).toThrow(
      /registerHook: hook must be a function, not 3/,
    )
  })

  it('belong to their tensor only, also when its place in the graph is used again', () => {
    const x = leaf([1])
    let calls = 0
    for (let i = 0; i < 100; i++) {
      const y = x.mul(2)
      y.registerHook(() => {
        calls++
      })
      y.dispose()
    }
    const others = Array.from({ length: 200 }, () => leaf([1]))
    for (const other of others) other.mul(3).backward(ones(1))
    expect(calls).toBe(0)
    expect(others.every((other) => other.grad?.item() === 3)).toBe(true)
  })
})

describe('hooks of other tensors', () => {
  it('change what flows on', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    y.registerHook((g) => g.mul(100))
    y.mul(3).backward(ones(2))
    expect(x.grad?.tolist()).toEqual([600, 600])
  })

  it('see the sum of all contributions once', () => {
    const x = leaf([1])
    const y = x.mul(2)
    const seen: unknown[] = []
    y.registerHook((g) => {
      seen.push(g.tolist())
    })
    y.mul(3).add(y.mul(4)).backward(ones(1))
    expect(seen).toEqual([[7]])
  })

  it('run at every pass that keeps the graph', () => {
    const x = leaf([1])
    const y = x.add(1)
    let calls = 0
    y.registerHook(() => {
      calls++
    })
    y.backward(ones(1), { retainGraph: true })
    y.backward(ones(1))
    expect(calls).toBe(2)
    // The hook went with the graph: a pass without it would give other gradients.
    expect(() => y.backward(ones(1))).toThrow(/already used for a backward pass/)
  })

  it('do not keep their tensor alive once backward is through', () => {
    const x = leaf([1])
    x.mul(2).backward(ones(1))
    collectGarbage()
    const before = memoryStats()
    for (let i = 0; i < 200; i++) {
      const y = x.mul(2)
      y.registerHook((g) => {
        expect(y.isDisposed).toBe(false)
        return g
      })
      y.mul(3).backward(ones(1))
    }
    collectGarbage()
    const after = memoryStats()
    expect(after.tensors - before.tensors).toBeLessThan(8)
    expect(after.graphNodes - before.graphNodes).toBeLessThan(8)
    x.mul(2).backward(ones(1))
    expect(hooks.size).toBeLessThan(8)
  })

  it('that throw leave nothing behind', () => {
    const x = leaf([1])
    collectGarbage()
    const before = memoryStats().tensors
    for (let i = 0; i < 50; i++) {
      const y = x.mul(2)
      y.registerHook(() => {
        throw new Error('mine')
      })
      expect(() => y.mul(3).backward(ones(1))).toThrow('mine')
    }
    const y = x.mul(2)
    y.mul(3).backward(ones(1))
    expect(x.grad?.item()).toBe(6)
    expect(memoryStats().tensors - before).toBeLessThan(600)
  })
})

describe('retainGrad', () => {
  it('keeps the gradient of a tensor that is not a leaf', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    y.retainGrad()
    y.retainGrad()
    y.mul(y).backward(ones(2))
    expect(y.grad?.tolist()).toEqual([4, 8])
    expect(x.grad?.tolist()).toEqual([8, 16])
  })

  it('sees what hooks made of the gradient', () => {
    const x = leaf([1])
    const y = x.mul(2)
    y.retainGrad()
    y.registerHook((g) => g.mul(10))
    y.mul(3).backward(ones(1))
    expect(y.grad?.tolist()).toEqual([30])
  })

  it('adds up over passes', () => {
    const x = leaf([1])
    const y = x.mul(2)
    y.retainGrad()
    y.backward(ones(1), { retainGraph: true })
    y.backward(ones(1))
    expect(y.grad?.tolist()).toEqual([2])
  })

  it('follows the tensor through an in-place operation', () => {
    const x = leaf([1])
    const y = x.mul(2)
    y.retainGrad()
    y.mul_(5)
    y.mul(3).backward(ones(1))
    expect(y.grad?.tolist()).toEqual([3])
    expect(x.grad?.tolist()).toEqual([30])
  })

  it('does nothing for a leaf, and refuses a tensor without gradients', () => {
    const x = leaf([1])
    x.retainGrad()
    x.mul(2).backward(ones(1))
    expect(x.grad?.tolist()).toEqual([2])
    expect(() => tensor([1]).retainGrad()).toThrow(/retainGrad: the tensor does not require/)
  })

  it('stores nothing for grad()', () => {
    const x = leaf([1])
    const y = x.mul(2)
    y.retainGrad()
    grad(y, [x], { gradOutputs: ones(1) })
    expect(y.grad).toBeNull()
  })

  it('keeps nothing alive', () => {
    const x = leaf([1])
    collectGarbage()
    const before = memoryStats()
    for (let i = 0; i < 200; i++) {
      const y = x.mul(2)
      y.retainGrad()
      y.mul(3).backward(ones(1))
      expect(y.grad?.item()).toBe(3)
    }
    collectGarbage()
    x.mul(2).backward(ones(1))
    collectGarbage()
    const after = memoryStats()
    expect(after.tensors - before.tensors).toBeLessThan(8)
    expect(after.graphNodes - before.graphNodes).toBeLessThan(8)
    expect(retaining.size).toBeLessThan(8)
  })
})

describe('hooks after accumulation', () => {
  it('see the leaf with its gradient, at every pass', () => {
    const x = leaf([1, 2])
    const seen: unknown[] = []
    const handle = x.registerPostAccumulateGradHook((p) => {
      expect(p).toBe(x)
      seen.push(p.grad?.tolist())
    })
    x.mul(2).add(x).backward(ones(2))
    x.mul(2).backward(ones(2), { inputs: [x] })
    handle.remove()
    x.mul(2).backward(ones(2))
    expect(seen).toEqual([
      [3, 3],
      [5, 5],
    ])
  })

  it('may take the gradient away', () => {
    const x = leaf([1, 2])
    x.registerPostAccumulateGradHook((p) => {
      p.grad = null
    })
    x.mul(2).backward(ones(2))
    expect(x.grad).toBeNull()
  })

  it('belong to leaves that require a gradient', () => {
    const x = leaf([1])
    expect(() => x.mul(2).registerPostAccumulateGradHook(() => {})).toThrow(
      /registerPostAccumulateGradHook: only gradients of leaves are accumulated/,
    )
    expect(() => tensor([1]).registerPostAccumulateGradHook(() => {})).toThrow(
      /the tensor does not require a gradient/,
    )
  })
})

describe('hooks of nodes', () => {
  it('see the gradients of inputs and outputs, and may replace the former', () => {
    const x = leaf([1, 2])
    const w = leaf([3, 4])
    const y = x.mul(w)
    const seen: unknown[] = []
    y.gradFn?.registerHook((inputs, outputs) => {
      seen.push(
        inputs.map((g) => g?.tolist()),
        outputs.map((g) => g?.tolist()),
      )
      return [inputs[0]?.mul(10) ?? null, null]
    })
    y.backward(ones(2))
    expect(seen).toEqual([
      [
        [3, 4],
        [1, 2],
      ],
      [[1, 1]],
    ])
    expect(x.grad?.tolist()).toEqual([30, 40])
    expect(w.grad).toBeNull()
  })

  it('before the node may replace the gradients of its outputs', () => {
    const x = leaf([1, 2])
    const y = x.mul(3)
    const order: string[] = []
    y.registerHook(() => {
      order.push('tensor')
    })
    y.gradFn?.registerPrehook(([g]) => {
      order.push('before')
      return g?.mul(10)
    })
    y.gradFn?.registerHook(() => {
      order.push('after')
    })
    y.backward(ones(2))
    expect(x.grad?.tolist()).toEqual([30, 30])
    expect(order).toEqual(['tensor', 'before', 'after'])
  })

  it('return as many gradients as they got', () => {
    const x = leaf([1, 2])
    const y = x.mul(x)
    y.gradFn?.registerHook(() => [null])
    expect(() => y.backward(ones(2))).toThrow(
      /hook: a hook returned 1 gradients in place of 2[\s\S]*fix: return as many as it got/,
    )
  })
})

describe('gradFn', () => {
  it('leads from node to node, to the leaves', () => {
    const x = leaf([1, 2])
    const y = x.mul(2).add(x).sum()
    const node = y.gradFn as GraphNode
    expect(node.name).toBe('SumBackward')
    expect(y.gradFn).toBe(node)
    const [[add, output]] = node.nextFunctions as [[GraphNode, number]]
    expect([add.name, output, String(add)]).toEqual(['AddBackward', 0, '<AddBackward>'])
    const [[mul], [accumulate]] = add.nextFunctions as [[GraphNode, number], [GraphNode, number]]
    expect([mul.name, accumulate.name]).toEqual(['MulBackward', 'AccumulateGrad'])
    expect(mul.nextFunctions[0]?.[0]).toBe(accumulate)
    expect(mul.nextFunctions[1]?.[0] ?? null).toBeNull()
    node.metadata['note'] = 1
    expect(y.gradFn?.metadata['note']).toBe(1)
    expect(x.gradFn).toBeNull()
  })

  it('says when it was freed', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    const node = y.gradFn as GraphNode
    y.dispose()
    for (let i = 0; i < 4; i++) x.mul(3).sum().backward()
    expect(() => node.name).toThrow(/gradFn: the node was freed/)
  })

  it('keeps nothing alive that nobody holds', async () => {
    const x = leaf([1])
    collectGarbage()
    const before = memoryStats().graphNodes
    for (let i = 0; i < 200; i++) expect(x.mul(2).gradFn?.name).toBe('MulBackward')
    // Until the end of the job, the engine keeps what weak references were asked for.
    await new Promise((resolve) => setTimeout(resolve, 1))
    collectGarbage()
    expect(memoryStats().graphNodes - before).toBeLessThan(8)
  })
})

describe('the version of a tensor', () => {
  it('counts what was written to its storage', () => {
    const y = leaf([1, 2]).mul(2)
    const view = y.narrow(0, 0, 1)
    expect(y._version).toBe(0)
    y.add_(1)
    view.mul_(2)
    expect([y._version, view._version]).toEqual([2, 2])
    expect([y.retainsGrad, (y.retainGrad(), y.retainsGrad)]).toEqual([false, true])
  })
})
