/** Comparisons: operations without gradients. */
import type { Named, Value } from '../elementwise.ts'
import { binary, inPlace } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { discreteBinary } from './rules.ts'

const eqOp = defineOp('eq', ['input', 'other'], discreteBinary)

/**
 * Is input = other? NaN equals nothing.
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.eq
 */
export function eq(input: Value, other: Named<'other'>): Tensor<'bool'> {
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
export function ne(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(neOp, input, other, 'bool')
}

const ne_ = (self: Tensor, other: Named<'other'>): Tensor => inPlace(neOp, self, [other], 'bool')

/** {@link ne}. @see torch.not_equal */
export const notEqual: typeof ne = ne

const ltOp = defineOp('lt', ['input', 'other'], discreteBinary)

/**
 * Is input < other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.lt
 */
export function lt(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(ltOp, input, other, 'bool')
}

const lt_ = (self: Tensor, other: Named<'other'>): Tensor => inPlace(ltOp, self, [other], 'bool')

/** {@link lt}. @see torch.less */
export const less: typeof lt = lt

const leOp = defineOp('le', ['input', 'other'], discreteBinary)

/**
 * Is input ≤ other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.le
 */
export function le(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(leOp, input, other, 'bool')
}

const le_ = (self: Tensor, other: Named<'other'>): Tensor => inPlace(leOp, self, [other], 'bool')

/** {@link le}. @see torch.less_equal */
export const lessEqual: typeof le = le

const gtOp = defineOp('gt', ['input', 'other'], discreteBinary)

/**
 * Is input > other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.gt
 */
export function gt(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(gtOp, input, other, 'bool')
}

const gt_ = (self: Tensor, other: Named<'other'>): Tensor => inPlace(gtOp, self, [other], 'bool')

/** {@link gt}. @see torch.greater */
export const greater: typeof gt = gt

const geOp = defineOp('ge', ['input', 'other'], discreteBinary)

/**
 * Is input ≥ other?
 *
 * Shapes: input and other broadcast. Dtype: bool; compared in the common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.ge
 */
export function ge(input: Value, other: Named<'other'>): Tensor<'bool'> {
  return binary(geOp, input, other, 'bool')
}

const ge_ = (self: Tensor, other: Named<'other'>): Tensor => inPlace(geOp, self, [other], 'bool')

/** {@link ge}. @see torch.greater_equal */
export const greaterEqual: typeof ge = ge

export interface ComparisonMethods {
  /** See {@link eq}. */
  eq(other: Named<'other'>): Tensor<'bool'>
  /** {@link eq}, writing into this tensor. */
  eq_(other: Named<'other'>): Tensor
  /** See {@link ne}. */
  ne(other: Named<'other'>): Tensor<'bool'>
  /** {@link ne}, writing into this tensor. */
  ne_(other: Named<'other'>): Tensor
  /** See {@link ne}. */
  notEqual(other: Named<'other'>): Tensor<'bool'>
  /** {@link ne}, writing into this tensor. */
  notEqual_(other: Named<'other'>): Tensor
  /** See {@link lt}. */
  lt(other: Named<'other'>): Tensor<'bool'>
  /** {@link lt}, writing into this tensor. */
  lt_(other: Named<'other'>): Tensor
  /** See {@link lt}. */
  less(other: Named<'other'>): Tensor<'bool'>
  /** {@link lt}, writing into this tensor. */
  less_(other: Named<'other'>): Tensor
  /** See {@link le}. */
  le(other: Named<'other'>): Tensor<'bool'>
  /** {@link le}, writing into this tensor. */
  le_(other: Named<'other'>): Tensor
  /** See {@link le}. */
  lessEqual(other: Named<'other'>): Tensor<'bool'>
  /** {@link le}, writing into this tensor. */
  lessEqual_(other: Named<'other'>): Tensor
  /** See {@link gt}. */
  gt(other: Named<'other'>): Tensor<'bool'>
  /** {@link gt}, writing into this tensor. */
  gt_(other: Named<'other'>): Tensor
  /** See {@link gt}. */
  greater(other: Named<'other'>): Tensor<'bool'>
  /** {@link gt}, writing into this tensor. */
  greater_(other: Named<'other'>): Tensor
  /** See {@link ge}. */
  ge(other: Named<'other'>): Tensor<'bool'>
  /** {@link ge}, writing into this tensor. */
  ge_(other: Named<'other'>): Tensor
  /** See {@link ge}. */
  greaterEqual(other: Named<'other'>): Tensor<'bool'>
  /** {@link ge}, writing into this tensor. */
  greaterEqual_(other: Named<'other'>): Tensor
}

export const comparisonMethods: MethodTable<ComparisonMethods> = {
  eq,
  eq_: (self, other) => inPlace(eqOp, self, [other], 'bool'),
  ne,
  ne_,
  notEqual,
  notEqual_: ne_,
  lt,
  lt_,
  less,
  less_: lt_,
  le,
  le_,
  lessEqual,
  lessEqual_: le_,
  gt,
  gt_,
  greater,
  greater_: gt_,
  ge,
  ge_,
  greaterEqual,
  greaterEqual_: ge_,
}
