import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { ones } from '@flambeau/core'
import { histogram, linePlot, overlay, parameterHistograms, scatter } from './index.ts'

// `node scripts/fuzz.mjs --packages plot --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 4000 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

it.each<[call: () => unknown, message: RegExp]>([
  [() => overlay(ones([4, 4]), { mask: {} as never }), /mask must be a tensor/],
  [() => overlay(ones([4, 4]), { boxes: [1] as never }), /boxes must be a tensor/],
  [
    () => parameterHistograms({ namedParameters: () => 3 as never }),
    /namedParameters\(\) must be a list of \[name, parameter\], not 3/,
  ],
  [() => scatter({ length: 2 ** 47 } as never), /values must be numbers: a tensor, a list/],
  [() => histogram([-1e308, 1e308]), /numbers from -1e\+308 to 1e\+308 do not fit on an axis/],
  [() => linePlot({ a: [-1e308, 1e308] }), /do not fit on an axis/],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
