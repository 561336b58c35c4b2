/** Copies, and writing into a tensor that exists. */
import type { Operand } from '../elementwise.ts'
import { requireOperand, requireTensor } from '../elementwise.ts'
import { overwrite } from '../in-place.ts'
import type { DType } from '../dtype.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run, runInPlace } from '../op.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'

const cloneOp = defineOp('clone', ['input'], {
  kernel: 'copy',
  derivative: { input: (grad) => grad },
})

/**
 * A copy with storage of its own, in the same order in memory.
 *
 * Shapes: input `[*]` -> same. Differentiable.
 *
 * @see torch.clone
 */
export function clone(input: Tensor): Tensor {
  requireTensor('clone', 'input', input)
  return run(cloneOp, [input], input._shape, input._dtype)
}

const contiguousOp = defineOp('contiguous', ['input'], { derivative: { input: (grad) => grad } })

/**
 * The tensor itself if its elements lie in row-major order without gaps, else a copy that does.
 *
 * @see torch.Tensor.contiguous
 */
export function contiguous(input: Tensor): Tensor {
  requireTensor('contiguous', 'input', input)
  return input.isContiguous() ? input : run(contiguousOp, [input], input._shape, input._dtype)
}

/**
 * Writes `source` into `input`, converting the dtype; `source` broadcasts.
 *
 * @throws {ShapeError} if `source` does not broadcast to `input`.
 * @see torch.Tensor.copy_
 */
function copy_(input: Tensor, source: Tensor): Tensor {
  requireTensor('copy_', 'input', input)
  requireTensor('copy_', 'source', source)
  return overwrite('copy_', input, source)
}

const fillOp = defineOp('fillInPlace', ['input'], {
  kernel: 'fill',
  derivative: { input: () => null },
})

/**
 * Writes one value everywhere.
 *
 * @see torch.Tensor.fill_
 */
function fill_(input: Tensor, value: Operand): Tensor {
  requireTensor('fill_', 'input', input)
  requireOperand('fill_', 'value', value)
  if (value instanceof Tensor) return copy_(input, value)
  runInPlace(fillOp, [input], [input], [value], null, input._dtype, 'fill_')
  return input
}

export interface CopyMethods<D extends DType = AnyDType> {
  /** See {@link clone}. */
  clone(): Tensor<D>
  /** See {@link contiguous}. */
  contiguous(): Tensor<D>
  /** Writes `source` into this tensor, converting the dtype; `source` broadcasts. */
  copy_(source: Tensor): Tensor<D>
  /** Writes one value everywhere. */
  fill_(value: Operand): Tensor<D>
  /** Writes zeros everywhere. */
  zero_(): Tensor<D>
}

export const copyMethods: MethodTable<CopyMethods> = {
  clone,
  contiguous,
  copy_,
  fill_,
  zero_: (self) => fill_(self, 0),
}
