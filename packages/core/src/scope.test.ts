import { describe, expect, it } from 'vitest'
import type { Tensor } from './index.ts'
import { collectGarbage, keep, memoryStats, scope, tensor, zeros } from './index.ts'
import { internally, Scope, scopes } from './internal.ts'

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

describe('scope', () => {
  it('frees what its body made, but for the result', () => {
    let inner: Tensor | null = null
    const result = scope(() => {
      inner = zeros([4])
      return inner.add(1)
    })
    expect((inner as unknown as Tensor).isDisposed).toBe(true)
    expect(result.tolist()).toEqual([1, 1, 1, 1])
    expect(result._scope).toBeNull()
  })

  it('finds tensors in arrays, plain objects, maps and sets of the result', () => {
    const result = scope(() => {
      const loop: unknown[] = [zeros([1])]
      loop.push(loop)
      return {
        list: [zeros([1]), [zeros([1])]],
        map: new Map([['a', zeros([1])]]),
        set: new Set([zeros([1])]),
        loop,
        text: 'x',
        nothing: null,
      }
    })
    const found = [
      ...result.list.flat(),
      result.map.get('a') as Tensor,
      ...result.set,
      result.loop[0] as Tensor,
    ] as Tensor[]
    expect(found.length).toBe(5)
    expect(found.every((one) => !one.isDisposed)).toBe(true)
  })

  it('leaves tensors of outside alone', () => {
    const x = zeros([2])
    scope(() => x)
    scope(() => x.add(1))
    expect(x.isDisposed).toBe(false)
  })

  it('hands results to the scope around it', () => {
    let middle: Tensor | null = null
    scope(() => {
      middle = scope(() => zeros([2]).add(1))
      expect(middle.tolist()).toEqual([1, 1])
    })
    expect((middle as unknown as Tensor).isDisposed).toBe(true)
  })

  it('lets kept tensors live', () => {
    let kept: Tensor | null = null
    scope(() => {
      scope(() => {
        kept = keep(zeros([2]))
        expect(keep(kept)).toBe(kept)
      })
    })
    expect((kept as unknown as Tensor).tolist()).toEqual([0, 0])
  })

  it('allows dispose inside', () => {
    const result = scope(() => {
      const x = zeros([2])
      const y = x.add(1)
      x.dispose()
      x.dispose()
      return y
    })
    expect(result.tolist()).toEqual([1, 1])
  })

  it('frees everything when its body throws', () => {
    const before = memoryStats().tensors
    expect(() =>
      scope(() => {
        zeros([2]).add(1)
        throw new Error('mine')
      }),
    ).toThrow('mine')
    expect(memoryStats().tensors).toBe(before)
    expect(scopes.current).toBeNull()
  })

  it('follows await', async () => {
    const before = memoryStats().tensors
    const made: Tensor[] = []
    const running = scope(async () => {
      made.push(zeros([2]))
      await tick()
      made.push(zeros([2]))
      await tick()
      return zeros([2]).add(3)
    })
    // Meanwhile, tensors of others are not the scope's.
    const outside = zeros([2])
    await tick()
    const later = outside.add(1)
    const result = await running
    expect(result.tolist()).toEqual([3, 3])
    expect(made.every((one) => one.isDisposed)).toBe(true)
    expect(later.tolist()).toEqual([1, 1])
    for (const one of [result, outside, later]) one.dispose()
    expect(memoryStats().tensors).toBe(before)
    expect(scopes.asynchronous).toBe(0)
  })

  it('frees everything when its promise is rejected', async () => {
    const before = memoryStats().tensors
    await expect(
      scope(async () => {
        zeros([2])
        await tick()
        zeros([2])
        throw new Error('mine')
      }),
    ).rejects.toThrow('mine')
    expect(memoryStats().tensors).toBe(before)
    expect(scopes.asynchronous).toBe(0)
  })

  it('that outlives the scope around it hands its result to the collector', async () => {
    let inner: Promise<Tensor> | null = null
    scope(() => {
      inner = scope(async () => {
        await tick()
        return zeros([2]).add(1)
      })
      return 0
    })
    const result = await (inner as unknown as Promise<Tensor>)
    expect(result.tolist()).toEqual([1, 1])
    expect(result._scope).toBeNull()
  })

  it('runs many bodies at once, each with tensors of its own', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        scope(async () => {
          const x = tensor([i])
          await tick()
          const y = x.add(1)
          await tick()
          return y.mul(2)
        }),
      ),
    )
    expect(results.map((one) => one.item())).toEqual(results.map((_, i) => (i + 1) * 2))
  })

  it('needs a function, and keep a tensor', () => {
    expect(() => scope(3 as never)).toThrow(/scope: a scope needs a function, not 3/)
    expect(() => keep({} as never)).toThrow(/keep: only tensors can be kept/)
  })

  it('leaves no count behind', () => {
    collectGarbage()
    const before = memoryStats()
    for (let i = 0; i < 1000; i++) {
      scope(() => {
        const x = zeros([8])
        return internally(() => [x.add(1).mul(2), x.add(3)])
      })[0]?.dispose()
    }
    collectGarbage()
    const after = memoryStats()
    expect(after.tensors - before.tensors).toBeLessThan(4)
    expect(after.liveBytes).toBeLessThanOrEqual(before.liveBytes + 4096)
  })
})

describe('Scope', () => {
  it('frees nothing twice', () => {
    const own = new Scope(null)
    const x = zeros([1])
    own.tensors.push(x)
    own.close()
    own.close()
    expect(x.isDisposed).toBe(false)
  })
})
