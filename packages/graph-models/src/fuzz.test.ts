import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { ones } from '@flambeau/core'
import * as models from './index.ts'

// `node scripts/fuzz.mjs --packages graph-models --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 4000 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

it.each<[call: () => unknown, message: RegExp]>([
  [() => new models.GlobalAttentionPool({} as never), /gate must be a Module/],
  [() => models.scaledLaplacian(ones([2, 2]), {} as never), /lambdaMax must be a number/],
  [
    () => models.topNodes(ones([2]), new models.Graph({ numNodes: 2 }), Symbol('r') as never),
    /ratio must be a number/,
  ],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
