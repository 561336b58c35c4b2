import { beforeEach, describe, expect, it, vi } from 'vitest'
import { callsPerSample, takeSamples, warmUp } from './measure.ts'
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
  dropout: true,
  variant: 'eager',
  device: 'cpu',
  precision: 'float32',
  graph: false,
}

/** Milliseconds of a clock that only {@link step} moves. */
let clock = 0
let calls = 0

beforeEach(() => {
  clock = 0
  calls = 0
  vi.spyOn(performance, 'now').mockImplementation(() => clock)
})

/** A step that takes so many milliseconds; the first one takes `first`. */
function step(ms: number, first = ms): () => void {
  return () => {
    clock += calls++ === 0 ? first : ms
  }
}

describe('callsPerSample', () => {
  it.each([
    [300, 1],
    [2, 1],
    [1.5, 2],
    [0.0625, 40],
  ])('lets samples of a step of %s ms last two milliseconds', (ms, times) => {
    expect(callsPerSample(step(ms))).toBe(times)
  })

  it('has a limit for steps that take no time', () => {
    expect(callsPerSample(step(0))).toBe(1 << 20)
  })

  it('is not misled by one slow call', () => {
    expect(callsPerSample(step(0.0625, 50))).toBe(40)
  })
})

describe('warmUp', () => {
  it('takes a quarter of a second', () => {
    warmUp(step(2), 10)
    expect(clock).toBe(260)
  })

  it('runs two long samples, and at most fifty short ones', () => {
    warmUp(step(1000), 1)
    expect(calls).toBe(2)
    warmUp(step(0), 1)
    expect(calls).toBe(52)
  })
})

describe('takeSamples', () => {
  it('gives milliseconds per call', () => {
    const samples = takeSamples(step(0.5), 8, request)
    expect(samples.map(([ms]) => ms)).toEqual([0.5, 0.5, 0.5, 0.5])
    expect(calls).toBe(32)
  })

  it('stops at the time limit once it has three', () => {
    expect(takeSamples(step(100_000), 1, request)).toHaveLength(3)
  })

  it('goes on to twice the limit while samples are contended', () => {
    expect(takeSamples(step(1000), 1, { ...request, maxWait: -1 })).toHaveLength(121)
  })
})
