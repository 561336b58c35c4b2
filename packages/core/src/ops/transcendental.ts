/** Exponentials and logarithms. */
import { inPlaceUnary, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { ofInput, ofOutput } from './rules.ts'

const expOp = defineOp(
  'exp',
  ['input'],
  ofOutput((grad, y) => grad.mul(y)),
)

/**
 * e^x.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.exp
 */
export function exp(input: Tensor): Tensor {
  return unary(expOp, input, 'float')
}

/** {@link exp}, writing into the tensor. @see torch.exp_ */
export const exp_: (input: Tensor) => Tensor = inPlaceUnary(expOp, 'float')

const exp2Op = defineOp(
  'exp2',
  ['input'],
  ofOutput((grad, y) => grad.mul(y.mul(Math.LN2))),
)

/**
 * 2^x.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.exp2
 */
export function exp2(input: Tensor): Tensor {
  return unary(exp2Op, input, 'float')
}

/** {@link exp2}, writing into the tensor. @see torch.exp2_ */
export const exp2_: (input: Tensor) => Tensor = inPlaceUnary(exp2Op, 'float')

const expm1Op = defineOp(
  'expm1',
  ['input'],
  ofOutput((grad, y) => grad.mul(y.add(1))),
)

/**
 * e^x - 1, precise near 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.expm1
 */
export function expm1(input: Tensor): Tensor {
  return unary(expm1Op, input, 'float')
}

/** {@link expm1}, writing into the tensor. @see torch.expm1_ */
export const expm1_: (input: Tensor) => Tensor = inPlaceUnary(expm1Op, 'float')

const logOp = defineOp(
  'log',
  ['input'],
  ofInput((grad, x) => grad.div(x)),
)

/**
 * The natural logarithm: -∞ at 0, NaN below.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.log
 */
export function log(input: Tensor): Tensor {
  return unary(logOp, input, 'float')
}

/** {@link log}, writing into the tensor. @see torch.log_ */
export const log_: (input: Tensor) => Tensor = inPlaceUnary(logOp, 'float')

const log1pOp = defineOp(
  'log1p',
  ['input'],
  ofInput((grad, x) => grad.div(x.add(1))),
)

/**
 * log(1 + x), precise near 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.log1p
 */
export function log1p(input: Tensor): Tensor {
  return unary(log1pOp, input, 'float')
}

/** {@link log1p}, writing into the tensor. @see torch.log1p_ */
export const log1p_: (input: Tensor) => Tensor = inPlaceUnary(log1pOp, 'float')

const log2Op = defineOp(
  'log2',
  ['input'],
  ofInput((grad, x) => grad.div(x.mul(Math.LN2))),
)

/**
 * The logarithm to base 2.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.log2
 */
export function log2(input: Tensor): Tensor {
  return unary(log2Op, input, 'float')
}

/** {@link log2}, writing into the tensor. @see torch.log2_ */
export const log2_: (input: Tensor) => Tensor = inPlaceUnary(log2Op, 'float')

const log10Op = defineOp(
  'log10',
  ['input'],
  ofInput((grad, x) => grad.div(x.mul(Math.LN10))),
)

/**
 * The logarithm to base 10.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.log10
 */
export function log10(input: Tensor): Tensor {
  return unary(log10Op, input, 'float')
}

/** {@link log10}, writing into the tensor. @see torch.log10_ */
export const log10_: (input: Tensor) => Tensor = inPlaceUnary(log10Op, 'float')

export interface TranscendentalMethods {
  /** See {@link exp}. */
  exp(): Tensor
  /** {@link exp}, writing into this tensor. */
  exp_(): Tensor
  /** See {@link exp2}. */
  exp2(): Tensor
  /** {@link exp2}, writing into this tensor. */
  exp2_(): Tensor
  /** See {@link expm1}. */
  expm1(): Tensor
  /** {@link expm1}, writing into this tensor. */
  expm1_(): Tensor
  /** See {@link log}. */
  log(): Tensor
  /** {@link log}, writing into this tensor. */
  log_(): Tensor
  /** See {@link log1p}. */
  log1p(): Tensor
  /** {@link log1p}, writing into this tensor. */
  log1p_(): Tensor
  /** See {@link log2}. */
  log2(): Tensor
  /** {@link log2}, writing into this tensor. */
  log2_(): Tensor
  /** See {@link log10}. */
  log10(): Tensor
  /** {@link log10}, writing into this tensor. */
  log10_(): Tensor
}

export const transcendentalMethods: MethodTable<TranscendentalMethods> = {
  exp,
  exp_,
  exp2,
  exp2_,
  expm1,
  expm1_,
  log,
  log_,
  log1p,
  log1p_,
  log2,
  log2_,
  log10,
  log10_,
}
