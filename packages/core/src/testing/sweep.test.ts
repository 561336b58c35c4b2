import { describe, expect, it } from 'vitest'
import { operations } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import {
  allSamples,
  assertClose,
  goldenCase,
  goldenInputs,
  makeInput,
  operationsWithoutSamples,
} from './index.ts'

function list(result: Tensor | readonly Tensor[]): readonly Tensor[] {
  return Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor]
}

describe('every operation of the registry', () => {
  it('has samples', () => {
    expect(operationsWithoutSamples()).toEqual([])
  })

  it('has a kernel', () => {
    for (const op of operations().values()) expect(op.kernel).toBeGreaterThanOrEqual(0)
  })
})

for (const [op, samples] of allSamples()) {
  describe(op, () => {
    for (const sample of samples) {
      it(sample.name, () => {
        if (sample.inputs === undefined && sample.golden === undefined) {
          throw new Error('the sample has neither inputs nor a golden')
        }
        if (sample.inputs !== undefined) {
          const inputs = sample.inputs.map((spec, i) => makeInput(spec, i))
          if (sample.throws !== undefined) {
            expect(() => sample.run(...inputs)).toThrow(sample.throws)
            return
          }
          for (const output of list(sample.run(...inputs))) expect(output.toArray()).toBeDefined()
        }
        if (sample.golden !== undefined) {
          const golden = goldenCase(sample.golden)
          const outputs = list(sample.run(...goldenInputs(golden)))
          expect(outputs.length).toBe(golden.outputs.length)
          golden.outputs.forEach((expected, i) => {
            assertClose(outputs[i] as Tensor, expected, sample.tolerance, `output ${i}`)
          })
        }
      })
    }
  })
}
