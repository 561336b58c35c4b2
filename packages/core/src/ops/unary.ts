/** Signs, squares, roots and reciprocals. */
import type { DType } from '../dtype.ts'
import { BOOL, INT64 } from '../dtype.ts'
import { inPlace, inPlaceUnary, requireTensor, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { flat, ofInput, ofOutput, refuseBool } from './rules.ts'

const negOp = defineOp('neg', ['input'], { derivative: { input: (grad) => grad.neg() } })

/**
 * -x.
 *
 * Shapes: input `[*]` -> same. Dtype: kept. Integers wrap.
 *
 * @throws {DTypeError} for bool.
 * @see torch.neg
 */
export function neg(input: Tensor): Tensor {
  refuseBool('neg', input)
  return unary(negOp, input, 'same')
}

/** {@link neg}, writing into the tensor. @see torch.neg_ */
export function neg_(input: Tensor): Tensor {
  refuseBool('neg_', input)
  return inPlace(negOp, input, [], 'same')
}

/** {@link neg}. @see torch.negative */
export const negative: typeof neg = neg

/** {@link neg_}. @see torch.negative_ */
export const negative_: typeof neg_ = neg_

/**
 * x itself, not a copy: the counterpart of {@link neg}.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.positive
 */
export function positive(input: Tensor): Tensor {
  requireTensor('positive', 'input', input)
  refuseBool('positive', input)
  return input
}

const absOp = defineOp(
  'abs',
  ['input'],
  ofInput((grad, x) => grad.mul(x.sign())),
)

/**
 * |x|. The gradient at 0 is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept. The smallest integer is its own absolute value.
 *
 * @throws {DTypeError} for bool.
 * @see torch.abs
 */
export function abs(input: Tensor): Tensor {
  refuseBool('abs', input)
  return unary(absOp, input, 'same')
}

/** {@link abs}, writing into the tensor. @see torch.abs_ */
export function abs_(input: Tensor): Tensor {
  refuseBool('abs_', input)
  return inPlace(absOp, input, [], 'same')
}

/** {@link abs}. @see torch.absolute */
export const absolute: typeof abs = abs

const signOp = defineOp('sign', ['input'], flat)

/**
 * -1, 0 or 1, and 0 for NaN. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @see torch.sign
 */
export function sign(input: Tensor): Tensor {
  return unary(signOp, input, 'same')
}

/** {@link sign}, writing into the tensor. */
const sign_: (input: Tensor) => Tensor = inPlaceUnary(signOp, 'same')

/** {@link sign}: of numbers that are not complex, both are the same. @see torch.sgn */
export const sgn: typeof sign = sign

const squareOp = defineOp(
  'square',
  ['input'],
  ofInput((grad, x) => grad.mul(x.mul(2))),
)

/**
 * x².
 *
 * Shapes: input `[*]` -> same. Dtype: kept, bool becomes int64. Integers wrap.
 *
 * @see torch.square
 */
export function square(input: Tensor): Tensor {
  requireTensor('square', 'input', input)
  return unary(squareOp, input._dtype === BOOL ? castCode(input, INT64) : input, 'same')
}

/**
 * {@link square}, writing into the tensor. @throws {DTypeError} for bool. @see torch.square_
 */
export function square_(input: Tensor): Tensor {
  refuseBool('square_', input)
  return inPlace(squareOp, input, [], 'same')
}

const sqrtOp = defineOp(
  'sqrt',
  ['input'],
  ofOutput((grad, y) => grad.div(y.mul(2))),
)

/**
 * √x; NaN below 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.sqrt
 */
export function sqrt(input: Tensor): Tensor {
  return unary(sqrtOp, input, 'float')
}

/** {@link sqrt}, writing into the tensor. @see torch.sqrt_ */
export const sqrt_: (input: Tensor) => Tensor = inPlaceUnary(sqrtOp, 'float')

const rsqrtOp = defineOp(
  'rsqrt',
  ['input'],
  ofOutput((grad, y) => grad.mul(y.mul(y).mul(y).mul(-0.5))),
)

/**
 * 1/√x; infinite at 0, NaN below.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.rsqrt
 */
export function rsqrt(input: Tensor): Tensor {
  return unary(rsqrtOp, input, 'float')
}

/** {@link rsqrt}, writing into the tensor. @see torch.rsqrt_ */
export const rsqrt_: (input: Tensor) => Tensor = inPlaceUnary(rsqrtOp, 'float')

const reciprocalOp = defineOp(
  'reciprocal',
  ['input'],
  ofOutput((grad, y) => grad.mul(y.mul(y)).neg()),
)

/**
 * 1/x; infinite at 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.reciprocal
 */
export function reciprocal(input: Tensor): Tensor {
  return unary(reciprocalOp, input, 'float')
}

/** {@link reciprocal}, writing into the tensor. @see torch.reciprocal_ */
export const reciprocal_: (input: Tensor) => Tensor = inPlaceUnary(reciprocalOp, 'float')

export interface UnaryMethods<D extends DType = AnyDType> {
  /** See {@link neg}. */
  neg(): Tensor<D>
  /** {@link neg}, writing into this tensor. */
  neg_(): Tensor<D>
  /** See {@link neg}. */
  negative(): Tensor<D>
  /** {@link neg}, writing into this tensor. */
  negative_(): Tensor<D>
  /** See {@link positive}. */
  positive(): Tensor<D>
  /** See {@link abs}. */
  abs(): Tensor<D>
  /** {@link abs}, writing into this tensor. */
  abs_(): Tensor<D>
  /** See {@link abs}. */
  absolute(): Tensor<D>
  /** {@link abs}, writing into this tensor. */
  absolute_(): Tensor<D>
  /** See {@link sign}. */
  sign(): Tensor<D>
  /** {@link sign}, writing into this tensor. */
  sign_(): Tensor<D>
  /** See {@link sign}. */
  sgn(): Tensor<D>
  /** {@link sign}, writing into this tensor. */
  sgn_(): Tensor<D>
  /** See {@link square}. */
  square(): Tensor
  /** {@link square}, writing into this tensor. */
  square_(): Tensor<D>
  /** See {@link sqrt}. */
  sqrt(): Tensor
  /** {@link sqrt}, writing into this tensor. */
  sqrt_(): Tensor
  /** See {@link rsqrt}. */
  rsqrt(): Tensor
  /** {@link rsqrt}, writing into this tensor. */
  rsqrt_(): Tensor
  /** See {@link reciprocal}. */
  reciprocal(): Tensor
  /** {@link reciprocal}, writing into this tensor. */
  reciprocal_(): Tensor
}

export const unaryMethods: MethodTable<UnaryMethods> = {
  neg,
  neg_,
  negative,
  negative_,
  positive,
  abs,
  abs_,
  absolute,
  absolute_: abs_,
  sign,
  sign_,
  sgn,
  sgn_: sign_,
  square,
  square_,
  sqrt,
  sqrt_,
  rsqrt,
  rsqrt_,
  reciprocal,
  reciprocal_,
}
