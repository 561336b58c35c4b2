import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { ones } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import * as optim from './index.ts'

// `node scripts/fuzz.mjs --packages optim --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 4000 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

it.each<[call: () => unknown, message: RegExp]>([
  [
    () => {
      const optimizer = new optim.SGD([ones([1])], { lr: 1 })
      const scheduler = new optim.CosineAnnealingWarmRestarts(optimizer, 4)
      scheduler.loadStateDict({ ...scheduler.stateDict(), T_0: {} })
    },
    /T_0 must be a number/,
  ],
  [
    () => optim.swaUtils.updateBn(3 as never, new nn.Linear(1, 1)),
    /loader must be a DataLoader or a list of batches, not 3/,
  ],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
