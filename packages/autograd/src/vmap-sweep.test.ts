/** Gradients of operations that vmap does with one call: those of each sample. */
import { batchRules, operations } from '@flambeau/core/internal'
import { fromTypedArray, stack, Tensor, vmap, zerosLike } from '@flambeau/core'
import type { Sample } from '@flambeau/core/testing'
import {
  allSamples,
  assertClose,
  goldenCase,
  goldenInputs,
  makeInput,
} from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { grad } from './index.ts'

type Input = Tensor | number | null

function inputsOf(sample: Sample): Input[] {
  return sample.golden === undefined
    ? (sample.inputs ?? []).map((spec, i) => makeInput(spec, i, 'float64'))
    : goldenInputs(goldenCase(sample.golden), 'float64')
}

const isFloating = (input: Input): input is Tensor =>
  input instanceof Tensor && input.isFloatingPoint()

function total(results: readonly Tensor[], phase: number): Tensor | null {
  const terms = results.flatMap((out) => {
    if (!out.requiresGrad) return []
    const weights = Float64Array.from({ length: out.numel() }, (_, i) => Math.cos(0.7 * i + phase))
    return [out.mul(fromTypedArray(weights, [...out.shape])).sum()]
  })
  return terms.length === 0 ? null : terms.reduce((a, b) => a.add(b))
}

function list(result: Tensor | readonly Tensor[]): Tensor[] {
  return Array.isArray(result) ? [...(result as readonly Tensor[])] : [result as Tensor]
}

/** Gradients of the samples together, and one by one. */
function compare(sample: Sample): number {
  const inputs = inputsOf(sample)
  if (!inputs.some(isFloating)) return 0
  const rows = [1, 0.9].map((by) =>
    inputs.map((input) => (isFloating(input) ? input.mul(by).requiresGrad_() : input)),
  )
  const args = inputs.map((input, i) =>
    isFloating(input)
      ? stack(rows.map((row) => (row[i] as Tensor).detach())).requiresGrad_()
      : input,
  )
  const inDims = inputs.map((input) => (isFloating(input) ? 0 : null))
  const together = vmap((...given: unknown[]) => list(sample.run(...given)), { inDims })(...args)
  const whole = total(
    together.flatMap((out) => [out.select(0, 0)]),
    0.3,
  )
  const second = total(
    together.flatMap((out) => [out.select(0, 1)]),
    0.9,
  )
  const leaves = args.filter(isFloating)
  let compared = 0
  rows.forEach((row, i) => {
    const alone = total(list(sample.run(...row)), i === 0 ? 0.3 : 0.9)
    const mapped = i === 0 ? whole : second
    expect(mapped === null).toBe(alone === null)
    if (alone === null || mapped === null) return
    const own = row.filter(isFloating)
    const expected = grad(alone, own, { allowUnused: true })
    const got = grad(mapped, leaves, { allowUnused: true, retainGraph: true })
    own.forEach((leaf, k) => {
      const mine = (got[k] ?? zerosLike(leaves[k] as Tensor)).select(0, i)
      assertClose(mine, expected[k] ?? zerosLike(leaf.detach()), { rtol: 1e-9, atol: 1e-11 })
      compared++
    })
  })
  return compared
}

/** Operations none of whose samples had a gradient to compare. */
const without: string[] = []

const ruled = [...batchRules.keys()].filter((op) => operations().get(op)?.differentiable)

describe.each(ruled)('%s', (op) => {
  it('has the gradients of each sample', () => {
    let compared = 0
    for (const sample of allSamples().get(op) ?? []) {
      if (sample.throws !== undefined) continue
      try {
        compared += compare(sample)
      } catch (error) {
        const { message } = error as Error
        // Random numbers are each sample's own: there is nothing to compare.
        const refused =
          /cannot be changed by one of them|a leaf that requires|looked into|random numbers/
        if (refused.test(message)) continue
        throw new Error(`${sample.name}: ${message}`, { cause: error })
      }
    }
    if (compared === 0) without.push(op)
    expect(allSamples().get(op)).toBeDefined()
  })
})

it('all were compared whose samples have gradients', () => {
  expect(without).toEqual(['cast'])
})

it('all rules are of operations that exist', () => {
  expect([...batchRules.keys()].filter((op) => !operations().has(op))).toEqual([])
})
