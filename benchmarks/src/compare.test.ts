import { describe, expect, it } from 'vitest'
import * as compare from './compare.ts'
import type { Answer } from './protocol.ts'

function answer(losses: number[], digests: number[] = []): Answer {
  return {
    samples: [[1, 0]],
    peakRssMb: 1,
    peakDeviceMb: 0,
    threads: 1,
    version: '1',
    losses,
    digests,
  }
}

const disagreement = (ours: Answer, theirs: Answer): string | null =>
  compare.disagreement(ours, theirs, compare.lossTolerance('cpu', 'float32'))

describe('disagreement', () => {
  it('accepts what rounding explains', () => {
    expect(disagreement(answer([2.3, 2.2], [1e6]), answer([2.3001, 2.2], [1e6 + 1]))).toBeNull()
  })

  it('names the first loss that is off', () => {
    expect(disagreement(answer([2.3, 2.3, 9]), answer([2.3, 2.31, 2.2]))).toBe(
      "loss 2 is 2.300000, PyTorch's 2.310000",
    )
  })

  it('names a result that is off', () => {
    expect(disagreement(answer([], [5, 7]), answer([], [5, 7.1]))).toBe(
      "digest 2 is 7.000000, PyTorch's 7.100000",
    )
  })

  it('does not take NaN for a match', () => {
    expect(disagreement(answer([Number.NaN]), answer([2.3]))).toContain('loss 1 is NaN')
    expect(disagreement(answer([2.3]), answer([Number.NaN]))).toContain("PyTorch's NaN")
  })

  it('notices missing numbers', () => {
    expect(disagreement(answer([]), answer([2.3]))).toBe("0 losses instead of PyTorch's 1")
    expect(disagreement(answer([], [1]), answer([], [1, 2]))).toBe(
      "1 digests instead of PyTorch's 2",
    )
  })

  it('accepts zeros', () => {
    expect(disagreement(answer([0]), answer([0]))).toBeNull()
  })

  it('allows for what the precision of a run loses', () => {
    const apart = (by: number): [Answer, Answer] => [answer([2.3 * (1 + by)]), answer([2.3])]
    const { lossTolerance } = compare
    expect(compare.disagreement(...apart(5e-3), lossTolerance('cuda', 'float32'))).toBeNull()
    expect(compare.disagreement(...apart(2e-2), lossTolerance('cuda', 'float32'))).toContain(
      'loss 1',
    )
    expect(compare.disagreement(...apart(2e-2), lossTolerance('cuda', 'bfloat16'))).toBeNull()
    expect(compare.disagreement(...apart(5e-2), lossTolerance('cpu', 'bfloat16'))).toContain(
      'loss 1',
    )
  })
})
