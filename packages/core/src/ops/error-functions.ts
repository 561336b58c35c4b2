/** The error function, the normal distribution, and their inverses. */
import { inPlaceUnary, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { ofInput, ofOutput } from './rules.ts'

/** e^-x² · factor. */
function bell(x: Tensor, factor: number): Tensor {
  return x.square().neg().exp().mul(factor)
}

/** The slope of erf at 0. */
const SLOPE = 2 / Math.sqrt(Math.PI)

const erfOp = defineOp(
  'erf',
  ['input'],
  ofInput((grad, x) => grad.mul(bell(x, SLOPE))),
)

/**
 * The error function: 2/√π times the integral of e^-t² from 0 to x.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.erf
 */
export function erf(input: Tensor): Tensor {
  return unary(erfOp, input, 'float')
}

/** {@link erf}, writing into the tensor. @see torch.erf_ */
export const erf_: (input: Tensor) => Tensor = inPlaceUnary(erfOp, 'float')

const erfcOp = defineOp(
  'erfc',
  ['input'],
  ofInput((grad, x) => grad.mul(bell(x, -SLOPE))),
)

/**
 * 1 - erf(x), precise in the tail.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.erfc
 */
export function erfc(input: Tensor): Tensor {
  return unary(erfcOp, input, 'float')
}

/** {@link erfc}, writing into the tensor. @see torch.erfc_ */
export const erfc_: (input: Tensor) => Tensor = inPlaceUnary(erfcOp, 'float')

const erfinvOp = defineOp(
  'erfinv',
  ['input'],
  ofOutput((grad, y) =>
    grad.mul(
      y
        .square()
        .exp()
        .mul(1 / SLOPE),
    ),
  ),
)

/**
 * The number whose error function is x; ±∞ at ±1, NaN outside.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.erfinv
 */
export function erfinv(input: Tensor): Tensor {
  return unary(erfinvOp, input, 'float')
}

const erfcxOp = defineOp('erfcx', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) =>
      grad.mul(
        (input as Tensor)
          .mul(2)
          .mul(out as Tensor)
          .sub(SLOPE),
      ),
    ),
  },
})

/**
 * e^x² · erfc(x): what is left of erfc when its decay is taken away.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.erfcx
 */
export function erfcx(input: Tensor): Tensor {
  return unary(erfcxOp, input, 'float')
}

const ndtrOp = defineOp(
  'ndtr',
  ['input'],
  ofInput((grad, x) => grad.mul(bell(x.mul(Math.SQRT1_2), 1 / Math.sqrt(2 * Math.PI)))),
)

/**
 * The standard normal's distribution function Φ(x).
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.ndtr
 */
export function ndtr(input: Tensor): Tensor {
  return unary(ndtrOp, input, 'float')
}

const ndtriOp = defineOp(
  'ndtri',
  ['input'],
  ofOutput((grad, y) =>
    grad.mul(
      y
        .square()
        .mul(0.5)
        .exp()
        .mul(Math.sqrt(2 * Math.PI)),
    ),
  ),
)

/**
 * The number below which the standard normal lies with probability x; NaN outside of [0, 1].
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.ndtri
 */
export function ndtri(input: Tensor): Tensor {
  return unary(ndtriOp, input, 'float')
}

const logNdtrOp = defineOp(
  'logNdtr',
  ['input'],
  ofInput((grad, x) => grad.div(erfcx(x.mul(-Math.SQRT1_2))).mul(Math.sqrt(2 / Math.PI))),
)

/**
 * log Φ(x), precise where Φ is almost 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.log_ndtr
 */
export function logNdtr(input: Tensor): Tensor {
  return unary(logNdtrOp, input, 'float')
}

export interface ErrorFunctionMethods {
  /** See {@link erf}. */
  erf(): Tensor
  /** {@link erf}, writing into this tensor. */
  erf_(): Tensor
  /** See {@link erfc}. */
  erfc(): Tensor
  /** {@link erfc}, writing into this tensor. */
  erfc_(): Tensor
  /** See {@link erfinv}. */
  erfinv(): Tensor
  /** {@link erfinv}, writing into this tensor. */
  erfinv_(): Tensor
}

export const errorFunctionMethods: MethodTable<ErrorFunctionMethods> = {
  erf,
  erf_,
  erfc,
  erfc_,
  erfinv,
  erfinv_: inPlaceUnary(erfinvOp, 'float'),
}
