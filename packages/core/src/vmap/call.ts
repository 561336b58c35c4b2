/** An operation at one level of vmap, as rules see it. */
import type { Input, OpCall } from '../op.ts'
import { reshape } from '../ops/views.ts'
import type { Tensor } from '../tensor.ts'
import type { BatchLevel } from './batch.ts'

/** What a rule works with: a call at one level. */
export interface BatchedCall extends OpCall {
  readonly level: BatchLevel
  /** Per input: its samples, or null where it is the same for all (or no tensor). */
  readonly samples: readonly (Tensor | null)[]
}

/** Samples with axes of size 1 after the first, so that they broadcast as tensors of that rank. */
export function aligned(samples: Tensor, rank: number): Tensor {
  const missing = rank - (samples.ndim - 1)
  if (missing <= 0) return samples
  const [size, ...shape] = samples._shape
  return reshape(samples, [size as number, ...Array.from({ length: missing }, () => 1), ...shape])
}

/** The inputs of a call as they broadcast against all samples of a result of that rank. */
export function alignedInputs(call: BatchedCall, rank: number): Input[] {
  return call.inputs.map((input, i) => {
    const samples = call.samples[i] ?? null
    return samples === null ? input : aligned(samples, rank)
  })
}
