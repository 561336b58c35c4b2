/** Arithmetic on two operands, of which one may be a number. */
import { zerosLike } from '../creation.ts'
import { isFloatingCode } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { binary, inPlace, resultType } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { Tensor } from '../tensor.ts'
import { discreteBinary, refuseBool } from './rules.ts'
import { where } from './ternary.ts'
import { trunc } from './unary.ts'

export interface AlphaOptions {
  /** Factor of `other`. Default 1. */
  alpha?: number
}

interface AlphaParams {
  alpha: number
}

const UNSCALED: AlphaParams = { alpha: 1 }

const addOp = defineOp<'input' | 'other', AlphaParams>('add', ['input', 'other'], {
  derivative: {
    input: (grad) => grad,
    other: (grad, _saved, { params }) => (params.alpha === 1 ? grad : grad.mul(params.alpha)),
  },
})

/**
 * Sum: input + alpha · other, elementwise.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; for bool, `or`.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.add
 */
export function add(input: Operand, other: Operand, options?: AlphaOptions): Tensor {
  const alpha = options?.alpha ?? 1
  if (alpha === 1) return binary(addOp, input, other, 'same', undefined, UNSCALED)
  refuseBool('add with alpha', input, other)
  return binary(addOp, input, other, 'same', [alpha], { alpha })
}

const subOp = defineOp<'input' | 'other', AlphaParams>('sub', ['input', 'other'], {
  derivative: {
    input: (grad) => grad,
    other: (grad, _saved, { params }) =>
      params.alpha === 1 ? grad.neg() : grad.mul(-params.alpha),
  },
})

/**
 * Difference: input - alpha · other, elementwise.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers wrap.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @see torch.sub
 */
export function sub(input: Operand, other: Operand, options?: AlphaOptions): Tensor {
  refuseBool('sub', input, other)
  const alpha = options?.alpha ?? 1
  return alpha === 1
    ? binary(subOp, input, other, 'same', undefined, UNSCALED)
    : binary(subOp, input, other, 'same', [alpha], { alpha })
}

const mulOp = defineOp('mul', ['input', 'other'], {
  derivative: {
    input: needs(['other'], (grad, { other }) => grad.mul(other as Operand)),
    other: needs(['input'], (grad, { input }) => grad.mul(input as Operand)),
  },
})

/**
 * Product: input · other, elementwise.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; for bool, `and`.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.mul
 */
export function mul(input: Operand, other: Operand): Tensor {
  return binary(mulOp, input, other, 'same')
}

const divOp = defineOp('div', ['input', 'other'], {
  derivative: {
    input: needs(['other'], (grad, { other }) => grad.div(other as Operand)),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(div(div(input as Operand, other as Operand), other as Operand)).neg(),
    ),
  },
})

export interface DivOptions {
  /** `'floor'` as Python's `//`, `'trunc'` as C's integer division. Default: not rounded. */
  roundingMode?: 'floor' | 'trunc'
}

function checkTrunc(op: string, mode: string): void {
  if (mode === 'trunc') return
  throw new ValueError(
    op,
    [],
    `roundingMode is 'floor' or 'trunc', not ${JSON.stringify(mode)}`,
    'leave it out for a quotient that is not rounded',
  )
}

/**
 * Quotient: input / other, elementwise; rounded if asked for.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype, but without rounding integers and
 * bool become the default floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {ValueError} for another rounding mode, or if integers are divided by zero.
 * @see torch.div
 */
export function div(input: Operand, other: Operand, options?: DivOptions): Tensor {
  const mode = options?.roundingMode
  if (mode === undefined) return binary(divOp, input, other, 'float')
  if (mode === 'floor') return floorDivide(input, other)
  checkTrunc('div', mode)
  if (isFloatingCode(resultType([input, other]))) return trunc(div(input, other))
  return floorDivide(sub(input, fmod(input, other)), other)
}

const floorDivideOp = defineOp('floorDivide', ['input', 'other'], discreteBinary)

/**
 * ⌊input / other⌋, elementwise: Python's `//`. Not differentiable.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @throws {ValueError} if integers are divided by zero.
 * @see torch.floor_divide
 */
export function floorDivide(input: Operand, other: Operand): Tensor {
  refuseBool('floorDivide', input, other)
  return binary(floorDivideOp, input, other, 'same')
}

const remainderOp = defineOp('remainder', ['input', 'other'], {
  derivative: {
    input: (grad) => grad,
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(floorDivide(input as Operand, other as Operand)).neg(),
    ),
  },
})

/**
 * input - other · ⌊input / other⌋, with the sign of `other`: Python's `%`.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @throws {ValueError} if integers are divided by zero.
 * @see torch.remainder
 */
export function remainder(input: Operand, other: Operand): Tensor {
  refuseBool('remainder', input, other)
  return binary(remainderOp, input, other, 'same')
}

const fmodOp = defineOp('fmod', ['input', 'other'], {
  derivative: {
    input: (grad) => grad,
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(div(input as Operand, other as Operand, { roundingMode: 'trunc' })).neg(),
    ),
  },
})

/**
 * The remainder of division rounded towards zero, with the sign of `input`: C's `fmod`.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @throws {ValueError} if integers are divided by zero.
 * @see torch.fmod
 */
export function fmod(input: Operand, other: Operand): Tensor {
  refuseBool('fmod', input, other)
  return binary(fmodOp, input, other, 'same')
}

const powOp = defineOp('pow', ['input', 'exponent'], {
  derivative: {
    // e · x^(e-1); 0 where e is 0, also at x = 0
    input: needs(['input', 'exponent'], (grad, { input, exponent }) => {
      const x = input as Operand
      const e = exponent as Operand
      if (typeof e === 'number') return e === 0 ? zerosLike(grad) : grad.mul(pow(x, e - 1).mul(e))
      return where(e.eq(0), 0, grad.mul(e.mul(pow(x, e.sub(1)))))
    }),
    // x^e · log(x); 0 where x is 0 and e ≥ 0
    exponent: needs(['input', 'exponent', 'out'], (grad, { input, exponent, out }) => {
      const x = input as Operand
      const y = out as Tensor
      const positive = (exponent as Tensor).ge(0)
      if (typeof x === 'number') {
        const slope = grad.mul(y.mul(Math.log(x)))
        return x === 0 ? where(positive, 0, slope) : slope
      }
      return grad.mul(where(x.eq(0).logicalAnd(positive), 0, y.mul(x.log())))
    }),
  },
})

function checkPow(op: string, input: Operand, exponent: Operand): void {
  refuseBool(op, input, exponent)
  if (typeof exponent !== 'number' || exponent >= 0) return
  if (input instanceof Tensor && !isFloatingCode(resultType([input, exponent]))) {
    throw new ValueError(
      op,
      { input, exponent },
      `integers cannot be raised to the negative power ${exponent}`,
      "convert the input with .to('float32')",
    )
  }
}

/**
 * Power: input to the power of `exponent`, elementwise. Negative floats to a power that is not whole
 * give NaN. In a tensor, negative exponents of integers give 0 (of 1 and -1 the exact result).
 *
 * Shapes: input and exponent broadcast. Dtype: their common dtype; integers wrap.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @throws {ValueError} for integers to a negative number.
 * @see torch.pow
 */
export function pow(input: Operand, exponent: Operand): Tensor {
  checkPow('pow', input, exponent)
  return binary(powOp, input, exponent, 'same')
}

/** a² + b²; one of them is a tensor. */
function squaredRadius(a: Operand, b: Operand): Tensor {
  const square = (x: Operand): Operand => (x instanceof Tensor ? x.square() : x * x)
  return add(square(a), square(b))
}

const atan2Op = defineOp('atan2', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(div(other as Operand, squaredRadius(input as Operand, other as Operand))),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(div(input as Operand, squaredRadius(input as Operand, other as Operand))).neg(),
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
export function atan2(input: Operand, other: Operand): Tensor {
  return binary(atan2Op, input, other, 'float')
}

const hypotOp = defineOp('hypot', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) =>
      grad.mul(div(input as Operand, out as Tensor)),
    ),
    other: needs(['other', 'out'], (grad, { other, out }) =>
      grad.mul(div(other as Operand, out as Tensor)),
    ),
  },
})

/**
 * Length of the hypotenuse: √(input² + other²), without overflow on the way.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers and bool become the default
 * floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.hypot
 */
export function hypot(input: Operand, other: Operand): Tensor {
  return binary(hypotOp, input, other, 'float')
}

export interface BinaryMethods {
  /** See {@link add}. */
  add(other: Operand, options?: AlphaOptions): Tensor
  /** {@link add}, writing into this tensor. */
  add_(other: Operand, options?: AlphaOptions): Tensor
  /** See {@link sub}. */
  sub(other: Operand, options?: AlphaOptions): Tensor
  /** {@link sub}, writing into this tensor. */
  sub_(other: Operand, options?: AlphaOptions): Tensor
  /** See {@link mul}. */
  mul(other: Operand): Tensor
  /** {@link mul}, writing into this tensor. */
  mul_(other: Operand): Tensor
  /** See {@link div}. */
  div(other: Operand, options?: DivOptions): Tensor
  /** {@link div}, writing into this tensor. */
  div_(other: Operand, options?: DivOptions): Tensor
  /** See {@link floorDivide}. */
  floorDivide(other: Operand): Tensor
  /** {@link floorDivide}, writing into this tensor. */
  floorDivide_(other: Operand): Tensor
  /** See {@link remainder}. */
  remainder(other: Operand): Tensor
  /** {@link remainder}, writing into this tensor. */
  remainder_(other: Operand): Tensor
  /** See {@link fmod}. */
  fmod(other: Operand): Tensor
  /** {@link fmod}, writing into this tensor. */
  fmod_(other: Operand): Tensor
  /** See {@link pow}. */
  pow(exponent: Operand): Tensor
  /** {@link pow}, writing into this tensor. */
  pow_(exponent: Operand): Tensor
  /** See {@link atan2}. */
  atan2(other: Operand): Tensor
  /** {@link atan2}, writing into this tensor. */
  atan2_(other: Operand): Tensor
  /** See {@link hypot}. */
  hypot(other: Operand): Tensor
  /** {@link hypot}, writing into this tensor. */
  hypot_(other: Operand): Tensor
}

export const binaryMethods: MethodTable<BinaryMethods> = {
  add,
  add_: (self, other, options) => {
    const alpha = options?.alpha ?? 1
    if (alpha === 1) return inPlace(addOp, self, [other], 'same', undefined, UNSCALED)
    refuseBool('add_ with alpha', self, other)
    return inPlace(addOp, self, [other], 'same', [alpha], { alpha })
  },
  sub,
  sub_: (self, other, options) => {
    refuseBool('sub_', self, other)
    const alpha = options?.alpha ?? 1
    return alpha === 1
      ? inPlace(subOp, self, [other], 'same', undefined, UNSCALED)
      : inPlace(subOp, self, [other], 'same', [alpha], { alpha })
  },
  mul,
  mul_: (self, other) => inPlace(mulOp, self, [other], 'same'),
  div,
  div_: (self, other, options) => {
    const mode = options?.roundingMode
    if (mode === undefined) return inPlace(divOp, self, [other], 'float')
    if (mode === 'floor') return self.floorDivide_(other)
    checkTrunc('div_', mode)
    return isFloatingCode(self._dtype)
      ? self.div_(other).trunc_()
      : self.sub_(fmod(self, other)).floorDivide_(other)
  },
  floorDivide,
  floorDivide_: (self, other) => {
    refuseBool('floorDivide_', self, other)
    return inPlace(floorDivideOp, self, [other], 'same')
  },
  remainder,
  remainder_: (self, other) => {
    refuseBool('remainder_', self, other)
    return inPlace(remainderOp, self, [other], 'same')
  },
  fmod,
  fmod_: (self, other) => {
    refuseBool('fmod_', self, other)
    return inPlace(fmodOp, self, [other], 'same')
  },
  pow,
  pow_: (self, exponent) => {
    checkPow('pow_', self, exponent)
    return inPlace(powOp, self, [exponent], 'same')
  },
  atan2,
  atan2_: (self, other) => inPlace(atan2Op, self, [other], 'float'),
  hypot,
  hypot_: (self, other) => inPlace(hypotOp, self, [other], 'float'),
}
