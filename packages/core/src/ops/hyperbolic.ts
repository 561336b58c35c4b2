/** Hyperbolic functions and their inverses. */
import { inPlaceUnary, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { tanhGrad } from './gradients.ts'
import { ofInput, ofOutput } from './rules.ts'

const sinhOp = defineOp(
  'sinh',
  ['input'],
  ofInput((grad, x) => grad.mul(x.cosh())),
)

/**
 * The hyperbolic sine: (e^x - e^-x)/2.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.sinh
 */
export function sinh(input: Tensor): Tensor {
  return unary(sinhOp, input, 'float')
}

/** {@link sinh}, writing into the tensor. @see torch.sinh_ */
export const sinh_: (input: Tensor) => Tensor = inPlaceUnary(sinhOp, 'float')

const coshOp = defineOp(
  'cosh',
  ['input'],
  ofInput((grad, x) => grad.mul(x.sinh())),
)

/**
 * The hyperbolic cosine: (e^x + e^-x)/2.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.cosh
 */
export function cosh(input: Tensor): Tensor {
  return unary(coshOp, input, 'float')
}

/** {@link cosh}, writing into the tensor. @see torch.cosh_ */
export const cosh_: (input: Tensor) => Tensor = inPlaceUnary(coshOp, 'float')

const tanhOp = defineOp(
  'tanh',
  ['input'],
  ofOutput((grad, y) => tanhGrad(grad, y)),
)

/**
 * The hyperbolic tangent: sinh(x)/cosh(x), in [-1, 1].
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.tanh
 */
export function tanh(input: Tensor): Tensor {
  return unary(tanhOp, input, 'float')
}

/** {@link tanh}, writing into the tensor. @see torch.tanh_ */
export const tanh_: (input: Tensor) => Tensor = inPlaceUnary(tanhOp, 'float')

const asinhOp = defineOp(
  'asinh',
  ['input'],
  ofInput((grad, x) => grad.mul(x.square().add(1).rsqrt())),
)

/**
 * The number whose hyperbolic sine is x.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.asinh
 */
export function asinh(input: Tensor): Tensor {
  return unary(asinhOp, input, 'float')
}

/** {@link asinh}, writing into the tensor. @see torch.asinh_ */
export const asinh_: (input: Tensor) => Tensor = inPlaceUnary(asinhOp, 'float')

/** {@link asinh}. @see torch.arcsinh */
export const arcsinh: typeof asinh = asinh

/** {@link asinh_}. @see torch.arcsinh_ */
export const arcsinh_: typeof asinh_ = asinh_

const acoshOp = defineOp(
  'acosh',
  ['input'],
  ofInput((grad, x) => grad.mul(x.square().sub(1).rsqrt())),
)

/**
 * The number ≥ 0 whose hyperbolic cosine is x; NaN below 1.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.acosh
 */
export function acosh(input: Tensor): Tensor {
  return unary(acoshOp, input, 'float')
}

/** {@link acosh}, writing into the tensor. @see torch.acosh_ */
export const acosh_: (input: Tensor) => Tensor = inPlaceUnary(acoshOp, 'float')

/** {@link acosh}. @see torch.arccosh */
export const arccosh: typeof acosh = acosh

/** {@link acosh_}. @see torch.arccosh_ */
export const arccosh_: typeof acosh_ = acosh_

const atanhOp = defineOp(
  'atanh',
  ['input'],
  ofInput((grad, x) => grad.div(x.square().neg().add(1))),
)

/**
 * The number whose hyperbolic tangent is x; ±∞ at ±1, NaN outside.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.atanh
 */
export function atanh(input: Tensor): Tensor {
  return unary(atanhOp, input, 'float')
}

/** {@link atanh}, writing into the tensor. @see torch.atanh_ */
export const atanh_: (input: Tensor) => Tensor = inPlaceUnary(atanhOp, 'float')

/** {@link atanh}. @see torch.arctanh */
export const arctanh: typeof atanh = atanh

/** {@link atanh_}. @see torch.arctanh_ */
export const arctanh_: typeof atanh_ = atanh_

export interface HyperbolicMethods {
  /** See {@link sinh}. */
  sinh(): Tensor
  /** {@link sinh}, writing into this tensor. */
  sinh_(): Tensor
  /** See {@link cosh}. */
  cosh(): Tensor
  /** {@link cosh}, writing into this tensor. */
  cosh_(): Tensor
  /** See {@link tanh}. */
  tanh(): Tensor
  /** {@link tanh}, writing into this tensor. */
  tanh_(): Tensor
  /** See {@link asinh}. */
  asinh(): Tensor
  /** {@link asinh}, writing into this tensor. */
  asinh_(): Tensor
  /** See {@link asinh}. */
  arcsinh(): Tensor
  /** {@link asinh}, writing into this tensor. */
  arcsinh_(): Tensor
  /** See {@link acosh}. */
  acosh(): Tensor
  /** {@link acosh}, writing into this tensor. */
  acosh_(): Tensor
  /** See {@link acosh}. */
  arccosh(): Tensor
  /** {@link acosh}, writing into this tensor. */
  arccosh_(): Tensor
  /** See {@link atanh}. */
  atanh(): Tensor
  /** {@link atanh}, writing into this tensor. */
  atanh_(): Tensor
  /** See {@link atanh}. */
  arctanh(): Tensor
  /** {@link atanh}, writing into this tensor. */
  arctanh_(): Tensor
}

export const hyperbolicMethods: MethodTable<HyperbolicMethods> = {
  sinh,
  sinh_,
  cosh,
  cosh_,
  tanh,
  tanh_,
  asinh,
  asinh_,
  arcsinh,
  arcsinh_,
  acosh,
  acosh_,
  arccosh,
  arccosh_,
  atanh,
  atanh_,
  arctanh,
  arctanh_,
}
