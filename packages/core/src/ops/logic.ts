/** Logic and bits: operations without gradients. */
import type { Named, Value } from '../elementwise.ts'
import { binary, inPlace } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { discreteBinary, requireInteger, requireWhole } from './rules.ts'

const logicalAndOp = defineOp('logicalAnd', ['input', 'other'], discreteBinary)

/**
 * Are both operands not 0?
 *
 * Shapes: input and other broadcast. Dtype: bool; any dtypes are taken.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.logical_and
 */
export function logicalAnd(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(logicalAndOp, input, other, 'bool')
}

const logicalOrOp = defineOp('logicalOr', ['input', 'other'], discreteBinary)

/**
 * Is an operand not 0?
 *
 * Shapes: input and other broadcast. Dtype: bool; any dtypes are taken.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.logical_or
 */
export function logicalOr(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(logicalOrOp, input, other, 'bool')
}

const logicalXorOp = defineOp('logicalXor', ['input', 'other'], discreteBinary)

/**
 * Is exactly one operand not 0?
 *
 * Shapes: input and other broadcast. Dtype: bool; any dtypes are taken.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.logical_xor
 */
export function logicalXor(input: Value, other: Named<'other'>): Tensor<'bool'> {
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
export function bitwiseAnd(input: Value, other: Named<'other'>): Tensor {
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
export function bitwiseOr(input: Value, other: Named<'other'>): Tensor {
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
export function bitwiseXor(input: Value, other: Named<'other'>): Tensor {
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
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes
 * and bool.
 * @see torch.bitwise_left_shift
 */
export function bitwiseLeftShift(input: Value, other: Named<'other'>): Tensor {
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
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for floating dtypes
 * and bool.
 * @see torch.bitwise_right_shift
 */
export function bitwiseRightShift(input: Value, other: Named<'other'>): Tensor {
  requireInteger('bitwiseRightShift', { input, other })
  return binary(bitwiseRightShiftOp, input, other, 'same')
}

export interface LogicMethods {
  /** See {@link logicalAnd}. */
  logicalAnd(other: Named<'other'>): Tensor<'bool'>
  /** {@link logicalAnd}, writing into this tensor. */
  logicalAnd_(other: Named<'other'>): Tensor
  /** See {@link logicalOr}. */
  logicalOr(other: Named<'other'>): Tensor<'bool'>
  /** {@link logicalOr}, writing into this tensor. */
  logicalOr_(other: Named<'other'>): Tensor
  /** See {@link logicalXor}. */
  logicalXor(other: Named<'other'>): Tensor<'bool'>
  /** {@link logicalXor}, writing into this tensor. */
  logicalXor_(other: Named<'other'>): Tensor
  /** See {@link bitwiseAnd}. */
  bitwiseAnd(other: Named<'other'>): Tensor
  /** {@link bitwiseAnd}, writing into this tensor. */
  bitwiseAnd_(other: Named<'other'>): Tensor
  /** See {@link bitwiseOr}. */
  bitwiseOr(other: Named<'other'>): Tensor
  /** {@link bitwiseOr}, writing into this tensor. */
  bitwiseOr_(other: Named<'other'>): Tensor
  /** See {@link bitwiseXor}. */
  bitwiseXor(other: Named<'other'>): Tensor
  /** {@link bitwiseXor}, writing into this tensor. */
  bitwiseXor_(other: Named<'other'>): Tensor
  /** See {@link bitwiseLeftShift}. */
  bitwiseLeftShift(other: Named<'other'>): Tensor
  /** {@link bitwiseLeftShift}, writing into this tensor. */
  bitwiseLeftShift_(other: Named<'other'>): Tensor
  /** See {@link bitwiseRightShift}. */
  bitwiseRightShift(other: Named<'other'>): Tensor
  /** {@link bitwiseRightShift}, writing into this tensor. */
  bitwiseRightShift_(other: Named<'other'>): Tensor
}

export const logicMethods: MethodTable<LogicMethods> = {
  logicalAnd,
  logicalAnd_: (self, other) => inPlace(logicalAndOp, self, [other], 'bool'),
  logicalOr,
  logicalOr_: (self, other) => inPlace(logicalOrOp, self, [other], 'bool'),
  logicalXor,
  logicalXor_: (self, other) => inPlace(logicalXorOp, self, [other], 'bool'),
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
