import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { ones, tensor } from '@flambeau/core'
import * as models from './index.ts'

// `node scripts/fuzz.mjs --packages sequence-models --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 4000 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

it.each<[call: () => unknown, message: RegExp]>([
  [() => models.teacherForcing('linear', {} as never), /span must be a number/],
  [() => models.teacherForcing('fast' as never, 5), /decay must be one of "linear"/],
  [() => new models.DictionarySegmenter(['a']).forward(3 as never), /text must be a string/],
  [() => new models.DictionarySegmenter(['a']).bidirectional(undefined as never), /text must be a/],
  [
    () => new models.UnigramSegmenter(new Map([['a', 1]])).score(3 as never),
    /words must be a list of words, not 3/,
  ],
  [() => new models.WordLevelModel(new Map([['a', 1]]), {} as never), /unkToken must be a string/],
  [
    () => new models.GPT({ vocabSize: 8, dim: 8, depth: 1, heads: 2 })(tensor([[1]]), [] as never),
    /options are an object with blocks, length/,
  ],
  [
    () => new models.TCN({ inChannels: 1, channels: 3 as never }),
    /channels must be a list of numbers/,
  ],
  [
    () => models.gradientNormByStep(() => 3 as never, ones([1, 2, 3])),
    /what run gives must be a tensor/,
  ],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
