import { describe, expect, it } from 'vitest'
import type { Tensor } from './index.ts'
import {
  collectGarbage,
  emptyCache,
  memoryStats,
  ones,
  resetPeakMemoryStats,
  setNumThreads,
  getNumThreads,
  zeros,
} from './index.ts'

const MB = 1 << 20
const rss = (): number => process.memoryUsage.rss()

/** Growth of resident memory from a tenth of the steps to their end, with the most that was live. */
function run(steps: number, step: (i: number) => void): { growth: number; peak: number } {
  resetPeakMemoryStats()
  let early = 0
  for (let i = 1; i <= steps; i++) {
    step(i)
    if (i === Math.ceil(steps / 10)) early = rss()
  }
  return { growth: rss() - early, peak: memoryStats().peakBytes }
}

// All loops are plain and synchronous: no await, no scope, no dispose.
describe('memory stays bounded', () => {
  it('over a million small operations', () => {
    const x = ones([4])
    const { growth, peak } = run(1_000_000, () => x.add(1))
    expect(growth).toBeLessThan(30 * MB)
    expect(peak).toBeLessThan(64 * MB)
    expect(memoryStats().tensors).toBeLessThan(300_000)
  })

  it('over a thousand large operations', () => {
    const x = ones([4 * MB])
    const live = memoryStats().liveBytes
    const { growth, peak } = run(1000, () => x.add(1))
    expect(growth).toBeLessThan(96 * MB)
    expect(peak - live).toBeLessThan(420 * MB)
  })

  it('for a user who keeps some results for a while', () => {
    const x = ones([MB / 4])
    const window: Tensor[] = []
    const { growth, peak } = run(3000, (i) => {
      const y = x.add(i)
      if (i % 3 === 0) window.push(y)
      if (window.length > 30) window.shift()
    })
    expect(growth).toBeLessThan(96 * MB)
    expect(peak).toBeLessThan(500 * MB)
    expect(window.at(-1)?.narrow(0, 0, 1).item()).toBe(3001)
  })

  it('beside 50 MB of JavaScript objects', () => {
    const heap: object[] = []
    while (process.memoryUsage().heapUsed < 60 * MB) {
      for (let i = 0; i < 10_000; i++) heap.push({ i, text: [i, i + 1] })
    }
    const x = ones([MB / 4])
    const kept: Tensor[] = []
    const { growth, peak } = run(3000, (i) => {
      const y = x.add(1).mul(2)
      if (i % 4 === 0) kept.push(y)
      if (kept.length > 20) kept.length = 0
    })
    expect(heap.length).toBeGreaterThan(10_000)
    expect(growth).toBeLessThan(200 * MB)
    expect(peak).toBeLessThan(800 * MB)
  })

  it('for views, whose storage another tensor may own', () => {
    const { growth, peak } = run(3000, () => {
      const x = zeros([512, 512])
      return x.t().narrow(0, 0, 3).select(0, 1)
    })
    expect(growth).toBeLessThan(96 * MB)
    expect(peak).toBeLessThan(400 * MB)
  })
})

describe('memoryStats', () => {
  it('counts what is live, cached and reused', () => {
    collectGarbage()
    emptyCache()
    const before = memoryStats()
    const x = zeros([MB])
    const during = memoryStats()
    expect(during.tensors - before.tensors).toBe(1)
    expect(during.liveBytes - before.liveBytes).toBeGreaterThanOrEqual(4 * MB)
    expect(during.allocations - before.allocations).toBe(1)
    x.dispose()
    const after = memoryStats()
    expect(after.liveBytes).toBe(before.liveBytes)
    expect(after.cachedBytes).toBeGreaterThanOrEqual(4 * MB)
    zeros([MB]).dispose()
    expect(memoryStats().cacheHits).toBeGreaterThan(after.cacheHits)
    emptyCache()
    expect(memoryStats().cachedBytes).toBeLessThan(MB)
  })

  it('comes back to where it was once nothing is referred to', () => {
    collectGarbage()
    const before = memoryStats()
    const fill = (): void => {
      for (let i = 0; i < 1000; i++) zeros([100]).view(10, 10).t().add(1)
    }
    fill()
    collectGarbage()
    const after = memoryStats()
    expect(after.tensors - before.tensors).toBeLessThanOrEqual(1)
    expect(after.liveBytes - before.liveBytes).toBeLessThanOrEqual(1024)
    expect(after.graphNodes).toBe(0)
  })

  it('measures a peak of its own after a reset', () => {
    zeros([2 * MB]).dispose()
    resetPeakMemoryStats()
    expect(memoryStats().peakBytes).toBe(memoryStats().liveBytes)
  })
})

describe('the number of threads', () => {
  it('is a whole number from 1 to 256', () => {
    const before = getNumThreads()
    for (const wrong of [0, 257, 1.5, Number.NaN, '2', null]) {
      expect(() => setNumThreads(wrong as never)).toThrow(/a whole number from 1 to 256/)
    }
    setNumThreads(3)
    expect(getNumThreads()).toBe(3)
    expect(ones([MB]).sum().item()).toBe(MB)
    setNumThreads(before)
  })
})
