import { describe, expect, it } from 'vitest'
import { callsPerSample, takeSamples } from './measure.ts'
import type { Request } from './protocol.ts'

const request: Request = {
  name: 'test',
  threads: 0,
  seed: 0,
  firstSteps: 0,
  samples: 4,
  seconds: 60,
  maxWait: Number.POSITIVE_INFINITY,
  digest: false,
}

function busyWait(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe('callsPerSample', () => {
  it('lets a sample last about two milliseconds', () => {
    expect(callsPerSample(() => busyWait(3))).toBe(1)
    const calls = callsPerSample(() => busyWait(0.1))
    expect(calls).toBeGreaterThan(2)
    expect(calls).toBeLessThan(100)
  })
})

describe('takeSamples', () => {
  it('gives milliseconds per call', () => {
    let calls = 0
    const step = (): void => {
      calls++
      busyWait(0.5)
    }
    const samples = takeSamples(step, 5, request)
    expect(samples).toHaveLength(4)
    expect(calls).toBe(20)
    for (const [ms] of samples) expect(ms).toBeGreaterThanOrEqual(0.5)
  })

  it('stops at the time limit once it has three', () => {
    expect(takeSamples(() => busyWait(1), 1, { ...request, seconds: 0 })).toHaveLength(3)
  })

  it('goes on to twice the limit while samples are contended', () => {
    const start = performance.now()
    const samples = takeSamples(() => busyWait(1), 1, { ...request, seconds: 0.05, maxWait: -1 })
    expect(performance.now() - start).toBeGreaterThan(100)
    expect(samples.length).toBeGreaterThan(4)
  })
})
