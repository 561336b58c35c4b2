import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { ones } from '@flambeau/core'
import { subject } from './fuzz.samples.ts'
import * as nn from './index.ts'

// `node scripts/fuzz.mjs --packages nn --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 4000 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

const x = ones([2, 3])

it.each<[call: () => unknown, message: RegExp]>([
  [
    () => nn.functional.tripletMarginWithDistanceLoss(x, x, x, { distanceFunction: 'l2' as never }),
    /distanceFunction must be a function, not "l2"/,
  ],
  [() => nn.utils.clipGradNorm_(3 as never, 1), /parameters must be a list of tensors, not 3/],
  [() => nn.utils.clipGradNorm_([x, 'y'] as never, 1), /parameters\[1\] must be a tensor/],
  [() => nn.utils.clipGradNorm_([x], '1' as never), /maxNorm must be a number, not "1"/],
  [() => nn.utils.vectorToParameters([1] as never, [x]), /vector must be a tensor/],
  [() => new nn.ModuleList(3 as never), /modules must be a list, not 3/],
  [() => nn.init.truncNormal_(x, 1n as never), /mean must be a number, not 1n/],
  [() => nn.utils.rnn.packSequence([ones([1]), ones([2])], null as never), /enforceSorted/],
  [() => new nn.LinearCrossEntropyLoss(3, 1, 'x' as never), /outFeatures must be a list of sizes/],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
