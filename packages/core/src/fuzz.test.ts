import { beforeAll, describe, expect, it } from 'vitest'
import { collectGarbage, memoryStats } from './index.ts'
import type { FuzzTarget } from './testing/index.ts'
import { fuzz, publicTargets, sampleTargets } from './testing/index.ts'

// `node scripts/fuzz.mjs --calls N --seed S` makes more calls, and names the one that crashed.
const groups: [string, () => FuzzTarget[], number][] = [
  ['public functions and methods', () => publicTargets(), 14_000],
  ['operations whose inputs are spoilt', () => sampleTargets(), 6000],
]

describe.each(groups)('hostile calls of %s', (_, targets, calls) => {
  beforeAll(() => collectGarbage())

  it('return or throw an error that says what to change, and leak nothing', () => {
    const before = memoryStats()
    const report = fuzz({ seed: 20, calls, targets: targets() })
    expect(report.failures).toEqual([])
    // Both happen, or the calls test nothing.
    expect(report.returned).toBeGreaterThan(calls / 5)
    expect(report.refused).toBeGreaterThan(calls / 20)
    collectGarbage()
    const after = memoryStats()
    expect(after.tensors).toBeLessThanOrEqual(before.tensors + 2)
    expect(after.graphNodes).toBe(0)
    expect(after.liveBytes).toBeLessThanOrEqual(before.liveBytes + 65_536)
  })

  it('are the same for the same seed', () => {
    const texts = [1, 1, 2].map((seed) => {
      const made: string[] = []
      fuzz({ seed, calls: 100, targets: targets(), before: (_call, text) => made.push(text()) })
      return made
    })
    expect(texts[1]).toEqual(texts[0])
    expect(texts[2]).not.toEqual(texts[0])
  })
})

describe('the fuzzer', () => {
  it('reports errors of other types, wrong tensors and empty messages', () => {
    const report = fuzz({
      seed: 1,
      calls: 20,
      targets: [
        {
          name: 'bad',
          method: false,
          call: () => {
            throw new TypeError('x is not a function')
          },
        },
      ],
    })
    expect(report.failures.length).toBe(20)
    expect(report.failures[0]?.problem).toMatch(/TypeError: x is not a function/)
  })
})
