import { expect, test } from 'vitest'
import { logTicks } from './axes.ts'

const labels = (domain: readonly number[]): string[] => logTicks(domain).map(({ label }) => label)

test('ticks of short logarithmic axes are written out', () => {
  expect(labels([0.02, 3])).toEqual(['0.02', '0.05', '0.1', '0.2', '0.5', '1', '2'])
  expect(labels([0.001, 10])).toEqual(['0.001', '0.01', '0.1', '1', '10'])
})

test('ticks far from one are powers, and so are all that stand beside them', () => {
  const powers = ['1e-7', '1e-6', '1e-5', '1e-4', '1e-3', '1e-2', '1e-1', '1e0']
  expect(labels([1e-7, 1])).toEqual(powers)
  expect(labels([1.1e-7, 1])[0]).toBe('0.000001')
})
