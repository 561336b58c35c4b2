import { describe, expect, it } from 'vitest'
import { median, summarize } from './clean-samples.ts'

describe('median', () => {
  it('is the middle value, or the mean of the middle two', () => {
    expect(median([3, 100, 1])).toBe(3)
    expect(median([10, 2, 1, 4])).toBe(3)
  })

  it('sorts by number, not by text', () => {
    expect(median([10, 9, 100])).toBe(10)
  })

  it('refuses nothing', () => {
    expect(() => median([])).toThrow(RangeError)
  })
})

describe('summarize', () => {
  it('discards samples that waited for a core', () => {
    const samples = [
      [1, 0],
      [9, 0.5],
      [2, 0.01],
      [9, 0.03],
      [3, 0],
    ] as const
    expect(summarize(samples, 0.03)).toEqual({ median: 2, contended: false })
  })

  it('uses the least disturbed quarter, and says so, where fewer than three are clean', () => {
    const disturbed = Array.from({ length: 14 }, (_, i) => [10 + i, 0.1 + i / 100] as const)
    const samples = [[2, 0], ...disturbed, [1, 0]] as const
    // 2, 1, 10 and 11
    expect(summarize(samples, 0.03)).toEqual({ median: 6, contended: true })
  })

  it('uses at least three', () => {
    const samples = [
      [5, 0.5],
      [9, 0.9],
      [1, 0.6],
      [6, 0.7],
    ] as const
    expect(summarize(samples, 0.03)).toEqual({ median: 5, contended: true })
  })

  it('is content with fewer samples where no more were taken', () => {
    expect(summarize([[4, 0]], 0.03)).toEqual({ median: 4, contended: false })
  })
})
