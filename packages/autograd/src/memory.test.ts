import type { Tensor } from '@flambeau/core'
import {
  collectGarbage,
  memoryStats,
  ones,
  randn,
  resetPeakMemoryStats,
  tensor,
  zeros,
} from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { noGrad } from './index.ts'

const MB = 1 << 20
const rss = (): number => process.memoryUsage.rss()

function run(steps: number, step: (i: number) => void): { growth: number; peak: number } {
  resetPeakMemoryStats()
  let early = 0
  for (let i = 1; i <= steps; i++) {
    step(i)
    if (i === Math.ceil(steps / 10)) early = rss()
  }
  return { growth: rss() - early, peak: memoryStats().peakBytes }
}

/** Live tensors and nodes that `body` leaves behind. */
function leftBy(body: () => void): { tensors: number; nodes: number; bytes: number } {
  collectGarbage()
  const before = memoryStats()
  body()
  collectGarbage()
  const after = memoryStats()
  return {
    tensors: after.tensors - before.tensors,
    nodes: after.graphNodes - before.graphNodes,
    bytes: after.liveBytes - before.liveBytes,
  }
}

/** Two layers, trained by plain gradient descent. */
function trainer(width: number): { step: () => number; parameters: Tensor[] } {
  const parameters = [randn([width, 32]), zeros([32]), randn([32, 1]).mul(0.1)]
  for (const parameter of parameters) parameter.requiresGrad = true
  const [w1, b1, w2] = parameters as [Tensor, Tensor, Tensor]
  const x = randn([16, width])
  const y = x.sum(1, { keepdim: true })
  const step = (): number => {
    const loss = x.matmul(w1).add(b1).relu().matmul(w2).sub(y).square().mean()
    loss.backward()
    noGrad(() => {
      for (const parameter of parameters) {
        parameter.sub_((parameter.grad as Tensor).mul(1e-4))
        parameter.grad = null
      }
    })
    return loss.item()
  }
  return { step, parameters }
}

// All loops are plain and synchronous: no await, no scope, no dispose.
describe('memory stays bounded', () => {
  it('over many steps of training', () => {
    const { step } = trainer(64)
    const { growth, peak } = run(5000, step)
    expect(growth).toBeLessThan(32 * MB)
    expect(peak).toBeLessThan(200 * MB)
    const left = leftBy(() => void run(500, step))
    expect(left.tensors).toBeLessThan(16)
    expect(left.nodes).toBeLessThan(16)
    expect(left.bytes).toBeLessThan(MB)
  })

  it('over many small evaluations whose graph is never used', () => {
    const x = ones([4]).requiresGrad_()
    const { growth, peak } = run(300_000, () => x.mul(2).add(1))
    expect(growth).toBeLessThan(48 * MB)
    expect(peak).toBeLessThan(96 * MB)
    expect(memoryStats().graphNodes).toBeLessThan(300_000)
  })

  it('over large evaluations whose graph is never used', () => {
    const w = ones([MB]).requiresGrad_()
    const x = ones([MB])
    const { growth, peak } = run(400, () => {
      const y = x.mul(w).exp().mul(w)
      return y.narrow(0, 0, 1).item()
    })
    expect(growth).toBeLessThan(200 * MB)
    expect(peak).toBeLessThan(600 * MB)
  })

  it('for a user who keeps every loss', () => {
    const { step } = trainer(64)
    const w = ones([64, 512]).requiresGrad_()
    const losses: Tensor[] = []
    step()
    const left = leftBy(() => {
      for (let i = 0; i < 500; i++) {
        const loss = w.mul(2).exp().mul(w).sum()
        loss.backward()
        losses.push(loss)
      }
    })
    // The saved activations (128 KB each) went with the backward pass.
    expect(losses.length).toBe(500)
    expect(left.bytes).toBeLessThan(2 * MB)
  })

  it('for a user who keeps some activations, with their graph', () => {
    const w = ones([256, 256]).requiresGrad_()
    const kept: Tensor[] = []
    const { growth, peak } = run(1000, (i) => {
      const h = w.mul(1.5).exp()
      h.mul(w).sum().backward()
      if (i % 3 === 0) kept.push(h)
      if (kept.length > 20) kept.shift()
    })
    expect(growth).toBeLessThan(96 * MB)
    expect(peak).toBeLessThan(500 * MB)
  })

  it('in loops with awaits', async () => {
    const { step } = trainer(16)
    step()
    let early = 0
    for (let i = 0; i < 2000; i++) {
      step()
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (i === 200) early = rss()
    }
    expect(rss() - early).toBeLessThan(32 * MB)
  })
})

describe('nothing is left', () => {
  it('of graphs that no backward pass went through', () => {
    const left = leftBy(() => {
      for (let i = 0; i < 300; i++) {
        const x = tensor([1, 2, 3]).float().requiresGrad_()
        x.mul(x).exp().sum()
      }
    })
    expect(left.tensors).toBeLessThan(8)
    expect(left.nodes).toBeLessThan(8)
  })

  it('of recorded gradients, which lead back to their leaf', () => {
    const left = leftBy(() => {
      for (let i = 0; i < 300; i++) {
        const x = tensor([1, 2, 3]).float().requiresGrad_()
        x.mul(x).mul(x).sum().backward(null, { createGraph: true })
        expect(x.grad?.requiresGrad).toBe(true)
        if (i % 2 === 0) x.dispose()
      }
    })
    expect(left.tensors).toBeLessThan(8)
    expect(left.nodes).toBeLessThan(8)
  })

  it('of in-place operations and retained graphs', () => {
    const left = leftBy(() => {
      for (let i = 0; i < 300; i++) {
        const x = tensor([1, 2, 3]).float().requiresGrad_()
        const y = x.mul(2)
        y.mul_(x)
        y.add_(1)
        const z = y.sum()
        z.backward(null, { retainGraph: true })
        z.backward()
      }
    })
    expect(left.tensors).toBeLessThan(8)
    expect(left.nodes).toBeLessThan(8)
  })
})
