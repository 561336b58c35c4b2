/** Comparisons, logic and bits: operations without gradients. */
import type { Operand } from '../elementwise.ts'
import { binary, inPlace } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { discreteBinary, requireInteger, requireWhole } from './rules.ts'

const eqOp = defineOp('eq', ['input', 'other'], discreteBinary)

/**
 * Is input = other? NaN equals nothing.
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.eq
 */
export function eq(input: Operand, other: Operand): Tensor {
  return binary(eqOp, input, other, 'bool')
}

const neOp = defineOp('ne', ['input', 'other'], discreteBinary)

/**
 * Is input ≠ other? NaN differs from everything.
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.ne
 */
export function ne(input: Operand, other: Operand): Tensor {
  return binary(neOp, input, other, 'bool')
}

const ltOp = defineOp('lt', ['input', 'other'], discreteBinary)

/**
 * Is input < other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.lt
 */
export function lt(input: Operand, other: Operand): Tensor {
  return binary(ltOp, input, other, 'bool')
}

const leOp = defineOp('le', ['input', 'other'], discreteBinary)

/**
 * Is input ≤ other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.le
 */
export function le(input: Operand, other: Operand): Tensor {
  return binary(leOp, input, other, 'bool')
}

const gtOp = defineOp('gt', ['input', 'other'], discreteBinary)

/**
 * Is input > other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.gt
 */
export function gt(input: Operand, other: Operand): Tensor {
  return binary(gtOp, input, other, 'bool')
}

const geOp = defineOp('ge', ['input', 'other'], discreteBinary)

/**
 * Is input ≥ other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.ge
 */
export function ge(input: Operand, other: Operand): Tensor {
  return binary(geOp, input, other, 'bool')
}

const logicalAndOp = defineOp('logicalAnd', ['input', 'other'], discreteBinary)

/**
 * Are both operands not 0?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.logical_and
 */
export function logicalAnd(input: Operand, other: Operand): Tensor {
  return binary(logicalAndOp, input, other, 'bool')
}

const logicalOrOp = defineOp('logicalOr', ['input', 'other'], discreteBinary)

/**
 * Is an operand not 0?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.logical_or
 */
export function logicalOr(input: Operand, other: Operand): Tensor {
  return binary(logicalOrOp, input, other, 'bool')
}

const logicalXorOp = defineOp('logicalXor', ['input', 'other'], discreteBinary)

/**
 * Is exactly one operand not 0?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.logical_xor
 */
export function logicalXor(input: Operand, other: Operand): Tensor {
  return binary(logicalXorOp, input, other, 'bool')
}

const bitwiseAndOp = defineOp('bitwiseAnd', ['input', 'other'], discreteBinary)

/**
 * Bits that are set in both operands; for bool, `and`.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes.
 * @see torch.bitwise_and
 */
export function bitwiseAnd(input: Operand, other: Operand): Tensor {
  requireWhole('bitwiseAnd', { input, other })
  return binary(bitwiseAndOp, input, other, 'same')
}

const bitwiseOrOp = defineOp('bitwiseOr', ['input', 'other'], discreteBinary)

/**
 * Bits that are set in either operand; for bool, `or`.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes.
 * @see torch.bitwise_or
 */
export function bitwiseOr(input: Operand, other: Operand): Tensor {
  requireWhole('bitwiseOr', { input, other })
  return binary(bitwiseOrOp, input, other, 'same')
}

const bitwiseXorOp = defineOp('bitwiseXor', ['input', 'other'], discreteBinary)

/**
 * Bits that are set in exactly one operand.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes.
 * @see torch.bitwise_xor
 */
export function bitwiseXor(input: Operand, other: Operand): Tensor {
  requireWhole('bitwiseXor', { input, other })
  return binary(bitwiseXorOp, input, other, 'same')
}

const bitwiseLeftShiftOp = defineOp('bitwiseLeftShift', ['input', 'other'], {
  ...discreteBinary,
  kernel: 'leftShift',
})

/**
 * input · 2^other, wrapping; 0 where `other` is negative or not less than the number of bits.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes and bool.
 * @see torch.bitwise_left_shift
 */
export function bitwiseLeftShift(input: Operand, other: Operand): Tensor {
  requireInteger('bitwiseLeftShift', { input, other })
  return binary(bitwiseLeftShiftOp, input, other, 'same')
}

const bitwiseRightShiftOp = defineOp('bitwiseRightShift', ['input', 'other'], {
  ...discreteBinary,
  kernel: 'rightShift',
})

/**
 * ⌊input / 2^other⌋; 0 or -1 where `other` is negative or not less than the number of bits.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes and bool.
 * @see torch.bitwise_right_shift
 */
export function bitwiseRightShift(input: Operand, other: Operand): Tensor {
  requireInteger('bitwiseRightShift', { input, other })
  return binary(bitwiseRightShiftOp, input, other, 'same')
}

export interface ComparisonMethods {
  /** See {@link eq}. */
  eq(other: Operand): Tensor
  /** See {@link ne}. */
  ne(other: Operand): Tensor
  /** See {@link lt}. */
  lt(other: Operand): Tensor
  /** See {@link le}. */
  le(other: Operand): Tensor
  /** See {@link gt}. */
  gt(other: Operand): Tensor
  /** See {@link ge}. */
  ge(other: Operand): Tensor
  /** See {@link logicalAnd}. */
  logicalAnd(other: Operand): Tensor
  /** See {@link logicalOr}. */
  logicalOr(other: Operand): Tensor
  /** See {@link logicalXor}. */
  logicalXor(other: Operand): Tensor
  /** See {@link bitwiseAnd}. */
  bitwiseAnd(other: Operand): Tensor
  /** {@link bitwiseAnd}, writing into this tensor. */
  bitwiseAnd_(other: Operand): Tensor
  /** See {@link bitwiseOr}. */
  bitwiseOr(other: Operand): Tensor
  /** {@link bitwiseOr}, writing into this tensor. */
  bitwiseOr_(other: Operand): Tensor
  /** See {@link bitwiseXor}. */
  bitwiseXor(other: Operand): Tensor
  /** {@link bitwiseXor}, writing into this tensor. */
  bitwiseXor_(other: Operand): Tensor
  /** See {@link bitwiseLeftShift}. */
  bitwiseLeftShift(other: Operand): Tensor
  /** {@link bitwiseLeftShift}, writing into this tensor. */
  bitwiseLeftShift_(other: Operand): Tensor
  /** See {@link bitwiseRightShift}. */
  bitwiseRightShift(other: Operand): Tensor
  /** {@link bitwiseRightShift}, writing into this tensor. */
  bitwiseRightShift_(other: Operand): Tensor
}

export const comparisonMethods: MethodTable<ComparisonMethods> = {
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  logicalAnd,
  logicalOr,
  logicalXor,
  bitwiseAnd,
  bitwiseAnd_: (self, other) => {
    requireWhole('bitwiseAnd_', { input: self, other })
    return inPlace(bitwiseAndOp, self, [other], 'same')
  },
  bitwiseOr,
  bitwiseOr_: (self, other) => {
    requireWhole('bitwiseOr_', { input: self, other })
    return inPlace(bitwiseOrOp, self, [other], 'same')
  },
  bitwiseXor,
  bitwiseXor_: (self, other) => {
    requireWhole('bitwiseXor_', { input: self, other })
    return inPlace(bitwiseXorOp, self, [other], 'same')
  },
  bitwiseLeftShift,
  bitwiseLeftShift_: (self, other) => {
    requireInteger('bitwiseLeftShift_', { input: self, other })
    return inPlace(bitwiseLeftShiftOp, self, [other], 'same')
  },
  bitwiseRightShift,
  bitwiseRightShift_: (self, other) => {
    requireInteger('bitwiseRightShift_', { input: self, other })
    return inPlace(bitwiseRightShiftOp, self, [other], 'same')
  },
}
