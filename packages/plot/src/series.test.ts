import { expect, test } from 'vitest'
import { decimate, runningMean } from './series.ts'
import type { Point } from './series.ts'

const series = (values: readonly number[]): Point[] => values.map((y, x) => ({ x, y }))
const ys = (points: readonly Point[]): number[] => points.map(({ y }) => y)

test('a running mean starts at the first value and takes in the neighbours from there', () => {
  expect(ys(runningMean(series([8, 4, 6, 2, 0, 4]), 1))).toEqual([8, 6, 4, 8 / 3, 2, 2])
  expect(ys(runningMean(series([8, 4, 6]), 100))).toEqual([8, 6, 6])
  expect(runningMean([], 3)).toEqual([])
})

test('a running mean of a constant is that constant', () => {
  expect(new Set(ys(runningMean(series(new Array<number>(500).fill(0.25)), 9)))).toEqual(
    new Set([0.25]),
  )
})

test('decimation keeps short series whole, and the spikes of long ones', () => {
  const short = series([3, 1, 2])
  expect(decimate(short, 3)).toEqual(short)
  const values = new Array<number>(10_001).fill(1)
  values[1234] = 9
  values[8765] = -5
  const kept = decimate(series(values), 100)
  expect(kept.length).toBeLessThanOrEqual(100)
  expect(kept).toContainEqual({ x: 1234, y: 9 })
  expect(kept).toContainEqual({ x: 8765, y: -5 })
  expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).toSorted((a, b) => a - b))
})
