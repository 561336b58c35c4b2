import { fuzzPackage } from '@flambeau/core/testing'
import { expect, it } from 'vitest'
import { subject } from './fuzz.samples.ts'
import { ones } from '@flambeau/core'
import * as models from './index.ts'

// `node scripts/fuzz.mjs --packages vision-models --calls N --seed S` makes more calls.
it('returns from hostile calls, or throws an error that says what to change', async () => {
  const report = await fuzzPackage(subject, { seed: 20, calls: 800 })
  expect(report.failures).toEqual([])
  // Both happen, or the calls test nothing.
  expect(report.returned).toBeGreaterThan(report.calls / 20)
  expect(report.refused).toBeGreaterThan(report.calls / 20)
})

it.each<[call: () => unknown, message: RegExp]>([
  [() => new models.DenseNet(121, { blocks: {} as never }), /blocks must be a list of numbers/],
  [() => new models.SPPF({} as never, 8), /from must be a whole number ≥ 2/],
  [() => new models.SPPF(8, 8, 3n as never), /kernelSize must be a whole number ≥ 1, not 3n/],
  [() => new models.FastRCNN({ poolSize: 2n as never }), /poolSize must be a whole number ≥ 1/],
  [() => new models.RCNN({ cropSize: {} as never }), /cropSize must be a whole number ≥ 1/],
  [() => new models.ImageBatcher({ mean: 3 as never }), /mean must be a list of numbers, not 3/],
  [() => new models.ImageBatcher({ std: [1] }), /std must be a list of 3 numbers/],
  [
    () => new models.Diffusion().predictStart(ones([1]), null as never, ones([1])),
    /t must be a tensor/,
  ],
  [
    () => new models.FeaturePyramid([8, 8], 4)([ones([1, 8, 2, 2])]),
    /maps must have at least 2 tensors, not 1/,
  ],
  [() => models.discriminativeGroups(new models.SPPF(8, 8), {} as never), /lr must be a number/],
  [
    () =>
      new models.ImageBatcher().targets({ given: [[1, 1]], sizes: [[1, 1]], tensor: ones([1]) }, [
        ones([1]) as never,
      ]),
    /need boxes, labels/,
  ],
  [() => new models.GANGenerator({ imageSize: Symbol('s') as never }), /imageSize must be a whole/],
  [
    () => new models.ImageBatcher().restore({ given: 3, sizes: 3 } as never, []),
    /batch.given must be a list of sizes/,
  ],
])('names what is wrong with an argument (%#)', (call, message) => {
  expect(call).toThrow(message)
})
