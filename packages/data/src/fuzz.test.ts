import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { booleanOf, choiceOf, countOf, iterableOf } from './checked.ts'
import * as data from './index.ts'

// `node scripts/fuzz.mjs --packages data --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 4000 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

it.each<[call: () => unknown, message: RegExp]>([
  [
    () => new data.StackDataset(null as never),
    /datasets must be datasets, or an object of them, not null/,
  ],
  [() => new data.CocoDetection('.', {} as never), /annotations must be a path/],
  [() => new data.CheckpointFolder('package.json').list(), /the file cannot be read \(ENOTDIR\)/],
  [
    () => new data.TextLineDataset('package.json', { lineIndex: 3 as never }),
    /lineIndex must be a/,
  ],
  [
    () => data.writeFileAtomic('/tmp/flambeau-none', [undefined] as never),
    /the bytes of a file must be a Uint8Array, not undefined/,
  ],
  [() => countOf('f', 'size', 0, 1), /f: size must be a whole number ≥ 1, not 0/],
  [() => booleanOf('f', 'last', 1), /f: last must be true or false, not 1/],
  [() => choiceOf('f', 'mode', 'c', ['a', 'b']), /f: mode must be one of "a", "b"/],
  [() => iterableOf('f', 'sampler', 5), /f: sampler must be an iterable, not 5/],
  [() => new data.Pad(3n as never), /padding must be one, two or four whole numbers ≥ 0, not 3n/],
  [() => new data.BLEUScore({ weights: 'x' as never }), /weights must be a list of numbers/],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
