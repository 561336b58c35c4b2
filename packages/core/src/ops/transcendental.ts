/** Exponentials, logarithms, and the trigonometric and hyperbolic functions. */
import { inPlace, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { tanhGrad } from './gradients.ts'
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

const sinOp = defineOp(
  'sin',
  ['input'],
  ofInput((grad, x) => grad.mul(x.cos())),
)

/**
 * The sine of an angle in radians.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.sin
 */
export function sin(input: Tensor): Tensor {
  return unary(sinOp, input, 'float')
}

const cosOp = defineOp(
  'cos',
  ['input'],
  ofInput((grad, x) => grad.mul(x.sin()).neg()),
)

/**
 * The cosine of an angle in radians.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.cos
 */
export function cos(input: Tensor): Tensor {
  return unary(cosOp, input, 'float')
}

const tanOp = defineOp(
  'tan',
  ['input'],
  ofOutput((grad, y) => grad.mul(y.square().add(1))),
)

/**
 * The tangent of an angle in radians.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.tan
 */
export function tan(input: Tensor): Tensor {
  return unary(tanOp, input, 'float')
}

/** 1 - x². */
function complement(x: Tensor): Tensor {
  return x.square().neg().add(1)
}

const asinOp = defineOp(
  'asin',
  ['input'],
  ofInput((grad, x) => grad.mul(complement(x).rsqrt())),
)

/**
 * The angle in [-π/2, π/2] whose sine is x; NaN outside of [-1, 1].
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.asin
 */
export function asin(input: Tensor): Tensor {
  return unary(asinOp, input, 'float')
}

const acosOp = defineOp(
  'acos',
  ['input'],
  ofInput((grad, x) => grad.mul(complement(x).rsqrt()).neg()),
)

/**
 * The angle in [0, π] whose cosine is x; NaN outside of [-1, 1].
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.acos
 */
export function acos(input: Tensor): Tensor {
  return unary(acosOp, input, 'float')
}

const atanOp = defineOp(
  'atan',
  ['input'],
  ofInput((grad, x) => grad.div(x.square().add(1))),
)

/**
 * The angle in [-π/2, π/2] whose tangent is x.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.atan
 */
export function atan(input: Tensor): Tensor {
  return unary(atanOp, input, 'float')
}

const sinhOp = defineOp(
  'sinh',
  ['input'],
  ofInput((grad, x) => grad.mul(x.cosh())),
)

/**
 * The hyperbolic sine, (e^x - e^-x)/2.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.sinh
 */
export function sinh(input: Tensor): Tensor {
  return unary(sinhOp, input, 'float')
}

const coshOp = defineOp(
  'cosh',
  ['input'],
  ofInput((grad, x) => grad.mul(x.sinh())),
)

/**
 * The hyperbolic cosine, (e^x + e^-x)/2.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.cosh
 */
export function cosh(input: Tensor): Tensor {
  return unary(coshOp, input, 'float')
}

const tanhOp = defineOp(
  'tanh',
  ['input'],
  ofOutput((grad, y) => tanhGrad(grad, y)),
)

/**
 * The hyperbolic tangent, (e^x - e^-x)/(e^x + e^-x).
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.tanh
 */
export function tanh(input: Tensor): Tensor {
  return unary(tanhOp, input, 'float')
}

const erfOp = defineOp(
  'erf',
  ['input'],
  ofInput((grad, x) =>
    grad.mul(
      x
        .square()
        .neg()
        .exp()
        .mul(2 / Math.sqrt(Math.PI)),
    ),
  ),
)

/**
 * The error function, 2/√π · ∫₀ˣ e^(-t²) dt.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.erf
 */
export function erf(input: Tensor): Tensor {
  return unary(erfOp, input, 'float')
}

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
  /** See {@link sin}. */
  sin(): Tensor
  /** {@link sin}, writing into this tensor. */
  sin_(): Tensor
  /** See {@link cos}. */
  cos(): Tensor
  /** {@link cos}, writing into this tensor. */
  cos_(): Tensor
  /** See {@link tan}. */
  tan(): Tensor
  /** {@link tan}, writing into this tensor. */
  tan_(): Tensor
  /** See {@link asin}. */
  asin(): Tensor
  /** {@link asin}, writing into this tensor. */
  asin_(): Tensor
  /** See {@link acos}. */
  acos(): Tensor
  /** {@link acos}, writing into this tensor. */
  acos_(): Tensor
  /** See {@link atan}. */
  atan(): Tensor
  /** {@link atan}, writing into this tensor. */
  atan_(): Tensor
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
  /** See {@link erf}. */
  erf(): Tensor
  /** {@link erf}, writing into this tensor. */
  erf_(): Tensor
}

export const transcendentalMethods: MethodTable<TranscendentalMethods> = {
  exp,
  exp_: (self) => inPlace(expOp, self, [], 'float'),
  exp2,
  exp2_: (self) => inPlace(exp2Op, self, [], 'float'),
  expm1,
  expm1_: (self) => inPlace(expm1Op, self, [], 'float'),
  log,
  log_: (self) => inPlace(logOp, self, [], 'float'),
  log1p,
  log1p_: (self) => inPlace(log1pOp, self, [], 'float'),
  log2,
  log2_: (self) => inPlace(log2Op, self, [], 'float'),
  log10,
  log10_: (self) => inPlace(log10Op, self, [], 'float'),
  sin,
  sin_: (self) => inPlace(sinOp, self, [], 'float'),
  cos,
  cos_: (self) => inPlace(cosOp, self, [], 'float'),
  tan,
  tan_: (self) => inPlace(tanOp, self, [], 'float'),
  asin,
  asin_: (self) => inPlace(asinOp, self, [], 'float'),
  acos,
  acos_: (self) => inPlace(acosOp, self, [], 'float'),
  atan,
  atan_: (self) => inPlace(atanOp, self, [], 'float'),
  sinh,
  sinh_: (self) => inPlace(sinhOp, self, [], 'float'),
  cosh,
  cosh_: (self) => inPlace(coshOp, self, [], 'float'),
  tanh,
  tanh_: (self) => inPlace(tanhOp, self, [], 'float'),
  erf,
  erf_: (self) => inPlace(erfOp, self, [], 'float'),
}
