import type { Tensor } from '@flambeau/core'
import { collectGarbage, memoryStats, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { grad } from './index.ts'
import { hooks, retaining } from './tape.ts'

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
    expect(() => leaf([1]).registerHook(3 as never)).toThrow(/a hook is a function/)
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
