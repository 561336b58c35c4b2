import type { Tensor } from '@flambeau/core'
import {
  AutogradError,
  collectGarbage,
  dropout,
  manualSeed,
  memoryStats,
  ones,
  rand,
  tensor,
  ValueError,
} from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import type { FunctionContext } from './index.ts'
import {
  checkpoint,
  checkpointSequential,
  Function,
  grad,
  gradcheck,
  gradgradcheck,
  noGrad,
} from './index.ts'

const leaf = (values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true })

const block = (x: Tensor, w: Tensor): Tensor => x.mul(w).sin().exp().mul(x)

describe('checkpoint', () => {
  it('has the results and gradients of the function itself', () => {
    const x = leaf([0.5, 1.5])
    const w = leaf([2, 0.25])
    const y = checkpoint(block, x, w)
    assertClose(y, block(x, w))
    const plain = grad(block(x, w).sum(), [x, w])
    grad(y.sum(), [x, w]).forEach((g, i) => assertClose(g as Tensor, plain[i] as Tensor))
    expect(gradcheck((a: Tensor, b: Tensor) => checkpoint(block, a, b).mul(a), [x, w])).toBe(true)
    expect(gradgradcheck((a: Tensor, b: Tensor) => checkpoint(block, a, b), [x, w])).toBe(true)
  })

  it('computes the function again once for each pass, and not before', () => {
    const x = leaf([0.5])
    const w = leaf([3])
    let calls = 0
    const y = checkpoint((a: Tensor) => {
      calls++
      return block(a, w)
    }, x)
    expect(calls).toBe(1)
    y.backward({ retainGraph: true })
    expect(calls).toBe(2)
    y.backward()
    expect(calls).toBe(3)
    // Weights that the function closes over get gradients too.
    const [expected] = grad(block(x, w), [w])
    assertClose(w.grad as Tensor, (expected as Tensor).mul(2))
    expect(() => y.backward()).toThrow(/already used for a backward pass/)
  })

  it('keeps less memory until the backward pass', () => {
    const x = ones([1000], { requiresGrad: true })
    const deep = (a: Tensor): Tensor => {
      let y = a
      for (let i = 0; i < 20; i++) y = y.sin()
      return y
    }
    const bytesOf = (run: () => Tensor): number => {
      collectGarbage()
      const before = memoryStats().liveBytes
      const y = run()
      collectGarbage()
      const bytes = memoryStats().liveBytes - before
      y.sum().backward()
      return bytes
    }
    const plain = bytesOf(() => deep(x))
    const less = bytesOf(() => checkpoint(deep, x))
    expect(plain).toBeGreaterThanOrEqual(20 * 4000)
    expect(less).toBeLessThan(4 * 4000)
    collectGarbage()
    const before = memoryStats()
    for (let i = 0; i < 20; i++) checkpoint(deep, x).sum().backward()
    collectGarbage()
    expect(memoryStats().liveBytes - before.liveBytes).toBeLessThan(4 * 4000)
    expect(memoryStats().graphNodes - before.graphNodes).toBeLessThan(50)
  })

  it('draws the same random numbers again, and leaves the generator where it was', () => {
    const x = ones([64], { requiresGrad: true })
    const noisy = (a: Tensor): Tensor => dropout(a, 0.5, true).square()
    manualSeed(3)
    const y = checkpoint(noisy, x)
    const before = rand([2]).tolist()
    manualSeed(3)
    noisy(x)
    expect(rand([2]).tolist()).toEqual(before)
    y.sum().backward()
    assertClose(x.grad as Tensor, y.detach().mul(2))
    const after = rand([2]).tolist()
    manualSeed(3)
    noisy(x)
    rand([2])
    expect(rand([2]).tolist()).toEqual(after)
    // Others where it is told not to care.
    x.grad = null
    const z = checkpoint(noisy, x, { preserveRngState: false })
    z.sum().backward()
    expect((x.grad as unknown as Tensor).sub(z.detach().mul(2)).abs().sum().item()).toBeGreaterThan(
      0,
    )
  })

  it('goes with views, writes, and functions of the user', () => {
    class Cube extends Function {
      static override forward(ctx: FunctionContext, a: Tensor): Tensor {
        ctx.saveForBackward(a)
        return a.pow(3)
      }
      static override backward(ctx: FunctionContext, upper: Tensor): Tensor {
        return upper.mul((ctx.savedTensors[0] as Tensor).square()).mul(3)
      }
    }
    const fn = (a: Tensor): Tensor => {
      const y = a.mul(2)
      y.narrow(0, 0, 1).sin_()
      y.mul_(a)
      return Cube.apply(y)
    }
    const x = leaf([0.5, 1.5])
    expect(gradcheck((a: Tensor) => checkpoint(fn, a), [x])).toBe(true)
    expect(gradgradcheck((a: Tensor) => checkpoint(fn, a), [x])).toBe(true)
  })

  it('may be nested, and have several results', () => {
    const x = leaf([0.5, 1.5])
    const inner = (a: Tensor): Tensor => checkpoint(block, a, a).sin()
    const outer = (a: Tensor): [Tensor, Tensor] => [inner(a).mul(a), a.exp()]
    expect(gradcheck((a: Tensor) => checkpoint(outer, a), [x])).toBe(true)
    expect(gradgradcheck((a: Tensor) => checkpoint(outer, a), [x])).toBe(true)
  })

  it('only calls the function where nothing is recorded', () => {
    const x = leaf([0.5])
    expect(noGrad(() => checkpoint(block, x, x)).requiresGrad).toBe(false)
    expect(checkpoint(block, x, x, { useReentrant: false }).requiresGrad).toBe(true)
  })

  it('notices a function that does something else the second time', () => {
    const x = leaf([0.5])
    let calls = 0
    const fickle = (a: Tensor): Tensor => (calls++ === 0 ? a.sin().mul(a) : a.cos().mul(a))
    const y = checkpoint(fickle, x)
    expect(() => y.backward()).toThrow(AutogradError)
    calls = 0
    const z = checkpoint(fickle, x)
    expect(() => z.backward()).toThrow(
      /checkpoint: operation 0 was sin at first, cos when the function was computed again/,
    )
    calls = 0
    const longer = (a: Tensor): Tensor => (calls++ === 0 ? a.sin() : a.sin().mul(a))
    const u = checkpoint(longer, x)
    expect(() => u.backward()).toThrow(/recorded 2 operations when .*computed again, 1 before/)
    calls = 0
    checkpoint(longer, x, { determinismCheck: 'none' }).backward()
    expect(() => checkpoint(longer, x, { determinismCheck: 'some' as never })).toThrow(ValueError)
    expect(() => checkpoint(async (a: Tensor) => a.mul(2), x)).toThrow(/must not be asynchronous/)
  })
})

describe('checkpointSequential', () => {
  it('is the stages one after the other', () => {
    const x = leaf([0.5, 1.5])
    const stages = [1, 2, 3, 4, 5].map((n) => (a: Tensor) => a.mul(n / 3).sin())
    const plain = (a: Tensor): Tensor => stages.reduce((value, stage) => stage(value), a)
    for (const segments of [1, 2, 3, 5]) {
      assertClose(checkpointSequential(stages, segments, x), plain(x))
      const fn = (a: Tensor): Tensor => checkpointSequential(stages, segments, a)
      expect(gradcheck(fn, [x])).toBe(true)
    }
    expect(() => checkpointSequential(stages, 6, x)).toThrow(/segments must be a whole number/)
  })
})
