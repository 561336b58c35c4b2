/** Signs, roots, rounding, and tests of single elements. */
import { BOOL, INT64 } from '../dtype.ts'
import { inPlace, requireTensor, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { discreteUnary, flat, ofInput, ofOutput, refuseBool, requireWhole } from './rules.ts'

const negOp = defineOp('neg', ['input'], { derivative: { input: (grad) => grad.neg() } })

/**
 * -x.
 *
 * Shapes: input `[*]` -> same. Dtype: kept. Integers wrap.
 *
 * @throws {DTypeError} for bool.
 *
 * @see torch.neg
 */
export function neg(input: Tensor): Tensor {
  refuseBool('neg', input)
  return unary(negOp, input, 'same')
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
 *
 * @see torch.abs
 */
export function abs(input: Tensor): Tensor {
  refuseBool('abs', input)
  return unary(absOp, input, 'same')
}

const signOp = defineOp('sign', ['input'], flat)

/**
 * -1, 0 or 1, and 0 for NaN.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @see torch.sign
 */
export function sign(input: Tensor): Tensor {
  return unary(signOp, input, 'same')
}

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

const floorOp = defineOp('floor', ['input'], flat)

/**
 * The largest whole number ≤ x. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 *
 * @see torch.floor
 */
export function floor(input: Tensor): Tensor {
  refuseBool('floor', input)
  return unary(floorOp, input, 'same')
}

const ceilOp = defineOp('ceil', ['input'], flat)

/**
 * The smallest whole number ≥ x. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 *
 * @see torch.ceil
 */
export function ceil(input: Tensor): Tensor {
  refuseBool('ceil', input)
  return unary(ceilOp, input, 'same')
}

const roundOp = defineOp('round', ['input'], flat)

/**
 * The nearest whole number, of two equally near ones the even one. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 *
 * @see torch.round
 */
export function round(input: Tensor): Tensor {
  refuseBool('round', input)
  return unary(roundOp, input, 'same')
}

const truncOp = defineOp('trunc', ['input'], flat)

/**
 * The whole part of x: rounded towards 0. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 *
 * @see torch.trunc
 */
export function trunc(input: Tensor): Tensor {
  refuseBool('trunc', input)
  return unary(truncOp, input, 'same')
}

const isnanOp = defineOp('isnan', ['input'], discreteUnary)

/**
 * Is x not a number?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isnan
 */
export function isnan(input: Tensor): Tensor {
  return unary(isnanOp, input, 'bool')
}

const isinfOp = defineOp('isinf', ['input'], discreteUnary)

/**
 * Is x infinite?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isinf
 */
export function isinf(input: Tensor): Tensor {
  return unary(isinfOp, input, 'bool')
}

const isfiniteOp = defineOp('isfinite', ['input'], discreteUnary)

/**
 * Is x neither infinite nor NaN?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isfinite
 */
export function isfinite(input: Tensor): Tensor {
  return unary(isfiniteOp, input, 'bool')
}

const logicalNotOp = defineOp('logicalNot', ['input'], discreteUnary)

/**
 * Is x 0? NaN counts as true, so it gives false.
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.logical_not
 */
export function logicalNot(input: Tensor): Tensor {
  return unary(logicalNotOp, input, 'bool')
}

const bitwiseNotOp = defineOp('bitwiseNot', ['input'], discreteUnary)

/**
 * All bits flipped; for bool the opposite.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for floating dtypes.
 *
 * @see torch.bitwise_not
 */
export function bitwiseNot(input: Tensor): Tensor {
  requireWhole('bitwiseNot', { input })
  return unary(bitwiseNotOp, input, 'same')
}

export interface UnaryMethods {
  /** See {@link neg}. */
  neg(): Tensor
  /** {@link neg}, writing into this tensor. */
  neg_(): Tensor
  /** See {@link abs}. */
  abs(): Tensor
  /** {@link abs}, writing into this tensor. */
  abs_(): Tensor
  /** See {@link sign}. */
  sign(): Tensor
  /** {@link sign}, writing into this tensor. */
  sign_(): Tensor
  /** See {@link square}. */
  square(): Tensor
  /** {@link square}, writing into this tensor. */
  square_(): Tensor
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
  /** See {@link floor}. */
  floor(): Tensor
  /** {@link floor}, writing into this tensor. */
  floor_(): Tensor
  /** See {@link ceil}. */
  ceil(): Tensor
  /** {@link ceil}, writing into this tensor. */
  ceil_(): Tensor
  /** See {@link round}. */
  round(): Tensor
  /** {@link round}, writing into this tensor. */
  round_(): Tensor
  /** See {@link trunc}. */
  trunc(): Tensor
  /** {@link trunc}, writing into this tensor. */
  trunc_(): Tensor
  /** See {@link isnan}. */
  isnan(): Tensor
  /** See {@link isinf}. */
  isinf(): Tensor
  /** See {@link isfinite}. */
  isfinite(): Tensor
  /** See {@link logicalNot}. */
  logicalNot(): Tensor
  /** See {@link bitwiseNot}. */
  bitwiseNot(): Tensor
  /** {@link bitwiseNot}, writing into this tensor. */
  bitwiseNot_(): Tensor
}

export const unaryMethods: MethodTable<UnaryMethods> = {
  neg,
  neg_: (self) => {
    refuseBool('neg_', self)
    return inPlace(negOp, self, [], 'same')
  },
  abs,
  abs_: (self) => {
    refuseBool('abs_', self)
    return inPlace(absOp, self, [], 'same')
  },
  sign,
  sign_: (self) => inPlace(signOp, self, [], 'same'),
  square,
  square_: (self) => inPlace(squareOp, self, [], 'same'),
  sqrt,
  sqrt_: (self) => inPlace(sqrtOp, self, [], 'float'),
  rsqrt,
  rsqrt_: (self) => inPlace(rsqrtOp, self, [], 'float'),
  reciprocal,
  reciprocal_: (self) => inPlace(reciprocalOp, self, [], 'float'),
  floor,
  floor_: (self) => {
    refuseBool('floor_', self)
    return inPlace(floorOp, self, [], 'same')
  },
  ceil,
  ceil_: (self) => {
    refuseBool('ceil_', self)
    return inPlace(ceilOp, self, [], 'same')
  },
  round,
  round_: (self) => {
    refuseBool('round_', self)
    return inPlace(roundOp, self, [], 'same')
  },
  trunc,
  trunc_: (self) => {
    refuseBool('trunc_', self)
    return inPlace(truncOp, self, [], 'same')
  },
  isnan,
  isinf,
  isfinite,
  logicalNot,
  bitwiseNot,
  bitwiseNot_: (self) => {
    requireWhole('bitwiseNot_', { input: self })
    return inPlace(bitwiseNotOp, self, [], 'same')
  },
}
