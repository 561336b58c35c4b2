/** Sines, cosines, tangents, their inverses, and angles. */
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, inPlaceUnary, requireTensor, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { Tensor } from '../tensor.ts'
import { add, mul } from './binary.ts'
import { div } from './division.ts'
import { flat, ofInput, ofOutput } from './rules.ts'
import { where } from './ternary.ts'

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

/** {@link sin}, writing into the tensor. @see torch.sin_ */
export const sin_: (input: Tensor) => Tensor = inPlaceUnary(sinOp, 'float')

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

/** {@link cos}, writing into the tensor. @see torch.cos_ */
export const cos_: (input: Tensor) => Tensor = inPlaceUnary(cosOp, 'float')

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

/** {@link tan}, writing into the tensor. @see torch.tan_ */
export const tan_: (input: Tensor) => Tensor = inPlaceUnary(tanOp, 'float')

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

/** {@link asin}, writing into the tensor. @see torch.asin_ */
export const asin_: (input: Tensor) => Tensor = inPlaceUnary(asinOp, 'float')

/** {@link asin}. @see torch.arcsin */
export const arcsin: typeof asin = asin

/** {@link asin_}. @see torch.arcsin_ */
export const arcsin_: typeof asin_ = asin_

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

/** {@link acos}, writing into the tensor. @see torch.acos_ */
export const acos_: (input: Tensor) => Tensor = inPlaceUnary(acosOp, 'float')

/** {@link acos}. @see torch.arccos */
export const arccos: typeof acos = acos

/** {@link acos_}. @see torch.arccos_ */
export const arccos_: typeof acos_ = acos_

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

/** {@link atan}, writing into the tensor. @see torch.atan_ */
export const atan_: (input: Tensor) => Tensor = inPlaceUnary(atanOp, 'float')

/** {@link atan}. @see torch.arctan */
export const arctan: typeof atan = atan

/** {@link atan_}. @see torch.arctan_ */
export const arctan_: typeof atan_ = atan_

/** `part` / (a² + b²), and 0 in the origin, where the angle has no slope; a or b is a tensor. */
function overSquaredRadius(part: Operand, a: Operand, b: Operand): Tensor {
  const square = (x: Operand): Operand => (x instanceof Tensor ? x.square() : x * x)
  const radius = add(square(a), square(b))
  return div(part, radius.maskedFill(radius.eq(0), Infinity))
}

const atan2Op = defineOp('atan2', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(overSquaredRadius(other as Operand, input as Operand, other as Operand)),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(overSquaredRadius(input as Operand, input as Operand, other as Operand)).neg(),
    ),
  },
})

/**
 * The angle in [-π, π] of the point (other, input) as seen from the origin.
 *
 * Shapes: input (y) and other (x) broadcast. Dtype: their common dtype; integers and bool become the
 * default floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.atan2
 */
export function atan2(input: Value, other: Named<'other'>): Tensor {
  return binary(atan2Op, input, other, 'float')
}

/** {@link atan2}. @see torch.arctan2 */
export const arctan2: typeof atan2 = atan2

function atan2_(self: Tensor, other: Named<'other'>): Tensor {
  return inPlace(atan2Op, self, [other], 'float')
}

const sincOp = defineOp('sinc', ['input'], {
  derivative: {
    // (cos(πx) - sinc(x))/x, and 0 at 0
    input: needs(['input', 'out'], (grad, { input, out }) => {
      const x = input as Tensor
      const zero = x.eq(0)
      const divisor = where(zero, 1, x)
      const slope = divisor
        .mul(Math.PI)
        .cos()
        .sub(out as Tensor)
        .div(divisor)
      return where(zero, 0, grad.mul(slope))
    }),
  },
})

/**
 * sin(πx)/(πx), and 1 at 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.sinc
 */
export function sinc(input: Tensor): Tensor {
  return unary(sincOp, input, 'float')
}

/** {@link sinc}, writing into the tensor. @see torch.sinc_ */
export const sinc_: (input: Tensor) => Tensor = inPlaceUnary(sincOp, 'float')

const DEGREE = Math.PI / 180

/**
 * Degrees as radians: x · π/180.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.deg2rad
 */
export function deg2rad(input: Tensor): Tensor {
  requireTensor('deg2rad', 'input', input)
  return mul(input, DEGREE)
}

/** {@link deg2rad}, writing into the tensor. @see torch.deg2rad_ */
export function deg2rad_(input: Tensor): Tensor {
  requireTensor('deg2rad_', 'input', input)
  return input.mul_(DEGREE)
}

/**
 * Radians as degrees: x · 180/π.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.rad2deg
 */
export function rad2deg(input: Tensor): Tensor {
  requireTensor('rad2deg', 'input', input)
  return mul(input, 1 / DEGREE)
}

/** {@link rad2deg}, writing into the tensor. @see torch.rad2deg_ */
export function rad2deg_(input: Tensor): Tensor {
  requireTensor('rad2deg_', 'input', input)
  return input.mul_(1 / DEGREE)
}

const angleOp = defineOp('angle', ['input'], flat)

/**
 * The angle of x as a complex number: π below 0, else 0; NaN stays. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.angle
 */
export function angle(input: Tensor): Tensor {
  return unary(angleOp, input, 'float')
}

export interface TrigonometricMethods {
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
  /** See {@link asin}. */
  arcsin(): Tensor
  /** {@link asin}, writing into this tensor. */
  arcsin_(): Tensor
  /** See {@link acos}. */
  acos(): Tensor
  /** {@link acos}, writing into this tensor. */
  acos_(): Tensor
  /** See {@link acos}. */
  arccos(): Tensor
  /** {@link acos}, writing into this tensor. */
  arccos_(): Tensor
  /** See {@link atan}. */
  atan(): Tensor
  /** {@link atan}, writing into this tensor. */
  atan_(): Tensor
  /** See {@link atan}. */
  arctan(): Tensor
  /** {@link atan}, writing into this tensor. */
  arctan_(): Tensor
  /** See {@link atan2}. */
  atan2(other: Named<'other'>): Tensor
  /** {@link atan2}, writing into this tensor. */
  atan2_(other: Named<'other'>): Tensor
  /** See {@link atan2}. */
  arctan2(other: Named<'other'>): Tensor
  /** {@link atan2}, writing into this tensor. */
  arctan2_(other: Named<'other'>): Tensor
  /** See {@link sinc}. */
  sinc(): Tensor
  /** {@link sinc}, writing into this tensor. */
  sinc_(): Tensor
  /** See {@link deg2rad}. */
  deg2rad(): Tensor
  /** {@link deg2rad}, writing into this tensor. */
  deg2rad_(): Tensor
  /** See {@link rad2deg}. */
  rad2deg(): Tensor
  /** {@link rad2deg}, writing into this tensor. */
  rad2deg_(): Tensor
  /** See {@link angle}. */
  angle(): Tensor
}

export const trigonometricMethods: MethodTable<TrigonometricMethods> = {
  sin,
  sin_,
  cos,
  cos_,
  tan,
  tan_,
  asin,
  asin_,
  arcsin,
  arcsin_,
  acos,
  acos_,
  arccos,
  arccos_,
  atan,
  atan_,
  arctan,
  arctan_,
  atan2,
  atan2_,
  arctan2,
  arctan2_: atan2_,
  sinc,
  sinc_,
  deg2rad,
  deg2rad_,
  rad2deg,
  rad2deg_,
  angle,
}
