/** Tests of single elements. */
import type { DType } from '../dtype.ts'
import { inPlace, inPlaceUnary, requireTensor, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import { discreteUnary, requireWhole } from './rules.ts'

const isnanOp = defineOp('isnan', ['input'], discreteUnary)

/**
 * Is x not a number?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isnan
 */
export function isnan(input: Tensor): Tensor<'bool'> {
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
export function isinf(input: Tensor): Tensor<'bool'> {
  return unary(isinfOp, input, 'bool')
}

const isposinfOp = defineOp('isposinf', ['input'], discreteUnary)

/**
 * Is x infinite and positive?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isposinf
 */
export function isposinf(input: Tensor): Tensor<'bool'> {
  return unary(isposinfOp, input, 'bool')
}

const isneginfOp = defineOp('isneginf', ['input'], discreteUnary)

/**
 * Is x infinite and negative?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isneginf
 */
export function isneginf(input: Tensor): Tensor<'bool'> {
  return unary(isneginfOp, input, 'bool')
}

const isfiniteOp = defineOp('isfinite', ['input'], discreteUnary)

/**
 * Is x neither infinite nor NaN?
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.isfinite
 */
export function isfinite(input: Tensor): Tensor<'bool'> {
  return unary(isfiniteOp, input, 'bool')
}

const signbitOp = defineOp('signbit', ['input'], discreteUnary)

/**
 * Is the sign of x set? True for negative numbers, -0 and -NaN.
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.signbit
 */
export function signbit(input: Tensor): Tensor<'bool'> {
  return unary(signbitOp, input, 'bool')
}

const logicalNotOp = defineOp('logicalNot', ['input'], discreteUnary)

/**
 * Is x 0? NaN counts as true, so it gives false.
 *
 * Shapes: input `[*]` -> same. Dtype: bool.
 *
 * @see torch.logical_not
 */
export function logicalNot(input: Tensor): Tensor<'bool'> {
  return unary(logicalNotOp, input, 'bool')
}

const bitwiseNotOp = defineOp('bitwiseNot', ['input'], discreteUnary)

/**
 * All bits flipped; for bool the opposite.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for floating dtypes.
 * @see torch.bitwise_not
 */
export function bitwiseNot(input: Tensor): Tensor {
  requireTensor('bitwiseNot', 'input', input)
  requireWhole('bitwiseNot', { input })
  return unary(bitwiseNotOp, input, 'same')
}

export interface PredicateMethods<D extends DType = AnyDType> {
  /** See {@link isnan}. */
  isnan(): Tensor<'bool'>
  /** See {@link isinf}. */
  isinf(): Tensor<'bool'>
  /** See {@link isposinf}. */
  isposinf(): Tensor<'bool'>
  /** See {@link isneginf}. */
  isneginf(): Tensor<'bool'>
  /** See {@link isfinite}. */
  isfinite(): Tensor<'bool'>
  /** See {@link signbit}. */
  signbit(): Tensor<'bool'>
  /** See {@link logicalNot}. */
  logicalNot(): Tensor<'bool'>
  /** {@link logicalNot}, writing into this tensor. */
  logicalNot_(): Tensor
  /** See {@link bitwiseNot}. */
  bitwiseNot(): Tensor<D>
  /** {@link bitwiseNot}, writing into this tensor. */
  bitwiseNot_(): Tensor<D>
}

export const predicateMethods: MethodTable<PredicateMethods> = {
  isnan,
  isinf,
  isposinf,
  isneginf,
  isfinite,
  signbit,
  logicalNot,
  logicalNot_: inPlaceUnary(logicalNotOp, 'bool'),
  bitwiseNot,
  bitwiseNot_: (self) => {
    requireTensor('bitwiseNot_', 'input', self)
    requireWhole('bitwiseNot_', { input: self })
    return inPlace(bitwiseNotOp, self, [], 'same')
  },
}
