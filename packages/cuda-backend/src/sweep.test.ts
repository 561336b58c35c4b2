/**
 * Every sample of every operation gives on the GPU what it gives on the processor, and so do its
 * gradients, in all floating dtypes. Random numbers are others there: of those only dtype and shape are
 * compared.
 */
import type { DType } from '@flambeau/core'
import { DTypeError, manualSeed, Tensor } from '@flambeau/core'
import type { Sample } from '@flambeau/core/testing'
import { allSamples } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import './testing/device.ts'
import type { SampleInput } from './testing/parity.ts'
import {
  compare,
  compareChoices,
  compareChosenGradients,
  deviceOutputsOf,
  gradientsOf,
  inputsOf,
  makesTensors,
  onDevice,
  outputsOf,
  seedsItself,
} from './testing/parity.ts'

/** Contents are what was in memory before. */
const UNSPECIFIED = /^(empty|newEmpty|emptyLike|emptyStrided|newEmptyStrided)/

/** Which of several equal elements they choose is open. */
const CHOOSES = /^(topk|kthvalue|mode)$/

/** Samples that seed the generator themselves, so that a seed of ours does not tell. */
const SEEDED = /^(dropoutBits|scaledDotProductAttention: .*dropout)/

const OTHER_DTYPES: readonly DType[] = ['float64', 'float16', 'bfloat16']

/** What a sample gives on the processor from a seed; null where it refuses the dtype. */
function expectedOf(sample: Sample, inputs: readonly SampleInput[], seed: number): Tensor[] | null {
  manualSeed(seed)
  try {
    return outputsOf(sample, inputs)
  } catch (error) {
    if (error instanceof DTypeError) return null
    throw error
  }
}

/** The same rule; what the GPU finds out later it says of the kernel, not of the function. */
function orLater(rule: RegExp): RegExp {
  const ofAny = rule.source.replace(/^\^?\w+: /, '')
  return new RegExp(`${rule.source}|\\w+: ${ofAny}.* \\(the GPU found it`, rule.flags)
}

const numbers = (tensors: readonly Tensor[]): string =>
  tensors.map((tensor) => tensor.toArray().join()).join(';')

function sameKind(actual: readonly Tensor[], expected: readonly Tensor[]): void {
  const kind = (tensor: Tensor): string => `${tensor.dtype} [${tensor.shape.join(', ')}]`
  expect(actual.map(kind)).toEqual(expected.map(kind))
}

function sweep(op: string, sample: Sample, dtype?: DType): void {
  const expected = expectedOf(sample, inputsOf(sample, dtype), 0)
  if (expected === null) return
  const inputs = inputsOf(sample, dtype)
  const given = inputs.some((input) => input instanceof Tensor)
  const actual = deviceOutputsOf(sample, onDevice(inputs))
  if (given && !makesTensors(sample)) {
    for (const [i, output] of actual.entries()) {
      if (output.numel() > 0) expect(`${i} on ${output.device}`).toBe(`${i} on cuda:0`)
    }
  }
  const seeded = SEEDED.test(`${op}: ${sample.name}`) || seedsItself(sample)
  if (UNSPECIFIED.test(op) || seeded) return sameKind(actual, expected)
  const again = expectedOf(sample, inputsOf(sample, dtype), 1) ?? []
  if (numbers(again) !== numbers(expected)) return sameKind(actual, expected)
  const chooses = CHOOSES.test(op)
  if (chooses) compareChoices(sample, inputs[0] as Tensor, actual, expected)
  else compare(sample, actual, expected, 'output')
  if (sample.gradcheck === false || dtype === 'float16' || dtype === 'bfloat16') return
  const onHost = (leaves: readonly SampleInput[]): Tensor[] => outputsOf(sample, leaves)
  const onGpu = (leaves: readonly SampleInput[]): Tensor[] => deviceOutputsOf(sample, leaves)
  const gradients = gradientsOf(inputsOf(sample, dtype), onHost)
  const there = gradientsOf(onDevice(inputs), onGpu)
  gradients.forEach((gradient, i) => {
    const other = there[i] ?? null
    if (gradient === null || other === null) return expect(other).toBe(gradient)
    if (chooses) compareChosenGradients(sample, other, gradient)
    else compare(sample, [other], [gradient], `gradient ${i} of`)
  })
}

for (const [op, samples] of allSamples()) {
  describe(op, () => {
    for (const sample of samples) {
      if (sample.throws !== undefined) {
        const rule = sample.throws
        it(`${sample.name}: is refused`, () => {
          const inputs = onDevice(inputsOf(sample))
          expect(() => {
            // What depends on contents is found out when they are looked at.
            for (const output of deviceOutputsOf(sample, inputs)) output.toArray()
          }).toThrow(orLater(rule))
        })
        continue
      }
      it(sample.name, () => sweep(op, sample))
      const floating = inputsOf(sample).some(
        (input) => input instanceof Tensor && input.dtype === 'float32',
      )
      for (const dtype of floating ? OTHER_DTYPES : []) {
        it(`${sample.name}: ${dtype}`, () => sweep(op, sample, dtype))
      }
    }
  })
}
