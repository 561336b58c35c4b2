/** Every sample of every operation: mapped over samples, and sample by sample. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Sample } from '../testing/index.ts'
import { allSamples, assertClose, goldenCase, goldenInputs, makeInput } from '../testing/index.ts'
import { stack, Tensor, vmap } from '../index.ts'
import { operations } from '../op.ts'
import { elementwise, isRandom } from './rules.ts'

type Input = Tensor | number | null

function inputsOf(sample: Sample): Input[] {
  return sample.golden === undefined
    ? (sample.inputs ?? []).map((spec, i) => makeInput(spec, i))
    : goldenInputs(goldenCase(sample.golden))
}

/** Other values of the same kind; integers stay valid as indices and labels. */
function varied(input: Input, by: number): Input {
  if (!(input instanceof Tensor) || !input.isFloatingPoint()) return input
  return input.mul(by).to(input.dtype)
}

/** Some samples write to their inputs. */
function copies(inputs: readonly Input[]): Input[] {
  return inputs.map((input) => (input instanceof Tensor ? input.clone() : input))
}

function list(result: Tensor | readonly Tensor[]): readonly Tensor[] {
  return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]
}

/** The result's shape, or values outside of tensors, follow from the elements. */
const LOOKS_INSIDE = /inside of vmap, which cannot be looked into/
/** Something that was not mapped was to be changed by one of the samples. */
const SHARED = /cannot be changed by one of them/

/** Compares, with these inputs mapped. @returns why not, if that is impossible */
function compare(
  sample: Sample,
  inputs: readonly Input[],
  mapped: readonly boolean[],
): 'looks inside' | 'shared' | null {
  const rows = [1, 0.9, 0.8].map((by) =>
    inputs.map((input, i) => (mapped[i] === true ? varied(input, by) : input)),
  )
  const args = inputs.map((input, i) =>
    mapped[i] === true ? stack(rows.map((row) => row[i] as Tensor)) : input,
  )
  const inDims = mapped.map((one) => (one ? 0 : null))
  const run = (...given: unknown[]): Tensor[] => [...list(sample.run(...given))]
  let together: Tensor[]
  try {
    together = vmap(run, { inDims })(...copies(args))
  } catch (error) {
    const { message } = error as Error
    if (LOOKS_INSIDE.test(message)) return 'looks inside'
    if (SHARED.test(message)) return 'shared'
    throw error
  }
  rows.forEach((row, i) => {
    const alone = list(sample.run(...copies(row)))
    expect(together).toHaveLength(alone.length)
    alone.forEach((one, k) => {
      const actual = (together[k] as Tensor).select(0, i)
      assertClose(actual, one, sample.tolerance, `output ${k} of sample ${i}`)
    })
  })
  return null
}

// Contents that nobody wrote are equal by chance only.
const UNWRITTEN = /^(new)?empty/i

const tested = [...allSamples()]
  .filter(([op]) => !isRandom(op) && !UNWRITTEN.test(op))
  .map(([op, samples]) => ({
    op,
    samples: samples.filter(
      ({ throws, run }) => throws === undefined && !/rand|seed|manual/i.test(run.toString()),
    ),
  }))

const refused = new Set<string>()

describe.each(tested.filter(({ samples }) => samples.length > 0))('$op', ({ op, samples }) => {
  it('is the same with all samples at once', () => {
    for (const sample of samples) {
      const inputs = inputsOf(sample)
      const places = inputs.map((input) => input instanceof Tensor)
      if (!places.includes(true)) continue
      const first = places.map((one, i) => one && i === places.indexOf(true))
      const rest = places.map((one, i) => one && !first[i])
      for (const mapped of [places, first, rest]) {
        if (!mapped.includes(true)) continue
        try {
          const why = compare(sample, inputs, mapped)
          if (why === 'looks inside' && mapped === places) refused.add(op)
        } catch (error) {
          throw new Error(`${sample.name}, ${mapped.join(' ')}: ${(error as Error).message}`, {
            cause: error,
          })
        }
      }
    }
    expect(samples.length).toBeGreaterThan(0)
  })
})

it('every elementwise kernel is known as such', () => {
  const header = new URL('../../native/simd/elementwise.h', import.meta.url)
  const kernels = [...readFileSync(header, 'utf8').matchAll(/^ *X\w*\((\w+),/gm)].map((m) => m[1])
  expect(kernels.length).toBeGreaterThan(100)
  const missing = [...operations().keys()].filter(
    (name) => kernels.includes(name) && !elementwise.has(name),
  )
  expect(missing).toEqual([])
})

it('only operations that look at values are refused', () => {
  expect([...refused].sort()).toEqual([
    'allclose',
    'argwhere',
    'asStrided',
    'asStridedScatter',
    'asStrided_',
    'bincount',
    'cov',
    'embeddingBag',
    'equal',
    'histc',
    'histogram',
    'index',
    'indexPut',
    'maskOffsets',
    'maskedScatter',
    'maskedScatter_',
    'maskedSelect',
    'maskedSelectGrad',
    'nonzero',
    'oneHot',
    'repeatIndex',
    'repeatInterleave',
    'sortRows',
    'unique',
    'uniqueConsecutive',
  ])
})
