import type { DType, DTypeCode } from '../dtype.ts'
import { dtypeCode } from '../dtype.ts'
import { defineOp, run } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { requireTensor } from '../tensor.ts'

interface CastParams {
  from: DTypeCode
}

const castOp = defineOp<'input', CastParams>('cast', ['input'], {
  derivative: {
    input: (grad, _saved, { params }) => castCode(grad, params.from),
  },
})

/** The tensor itself if it has that dtype, else a converted copy. @internal */
export function castCode(x: Tensor, dtype: DTypeCode): Tensor {
  return x._dtype === dtype ? x : run(castOp, [x], x._shape, dtype, undefined, { from: x._dtype })
}

/**
 * The tensor itself if it already has `dtype`, else a copy converted to it. Floating values are cut
 * towards zero on the way to integers; anything but zero becomes `true`.
 *
 * Shapes: input `[*]` -> same. Differentiable between floating dtypes.
 *
 * @throws {DTypeError} for a name that is not a dtype.
 * @see torch.Tensor.to
 */
export function to(input: Tensor, dtype: DType): Tensor {
  requireTensor('to', 'input', input)
  return castCode(input, dtypeCode(dtype))
}

export interface CastMethods {
  /** See {@link to}. */
  to(dtype: DType): Tensor
  /** As float32. See {@link to}. */
  float(): Tensor
  /** As float64. See {@link to}. */
  double(): Tensor
  /** As int64. See {@link to}. */
  long(): Tensor
  /** As int32. See {@link to}. */
  int(): Tensor
  /** As uint8. See {@link to}. */
  byte(): Tensor
  /** As bool: true where not zero. See {@link to}. */
  bool(): Tensor
  /** With the dtype of `other`. See {@link to}. */
  typeAs(other: Tensor): Tensor
}

export const castMethods: {
  [K in keyof CastMethods]: (self: Tensor, ...args: Parameters<CastMethods[K]>) => Tensor
} = {
  to,
  float: (self) => to(self, 'float32'),
  double: (self) => to(self, 'float64'),
  long: (self) => to(self, 'int64'),
  int: (self) => to(self, 'int32'),
  byte: (self) => to(self, 'uint8'),
  bool: (self) => to(self, 'bool'),
  typeAs: (self, other) => {
    requireTensor('typeAs', 'other', other)
    return to(self, other.dtype)
  },
}
