/** Quotients and remainders. */
import { isNamed, parameters } from '../arguments.ts'
import type { DTypeCode } from '../dtype.ts'
import { BFLOAT16, FLOAT16 } from '../dtype.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, operandOf, resultType } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { trunc } from './rounding.ts'
import { flatBinary, refuseBool } from './rules.ts'

const divOp = defineOp('div', ['input', 'other'], {
  derivative: {
    input: needs(['other'], (grad, { other }) => grad.div(other as Operand)),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(div(div(input as Operand, other as Operand), other as Operand)).neg(),
    ),
  },
})

/** How a quotient is rounded: `'floor'` as Python's `//`, `'trunc'` towards 0, null not at all. */
export type RoundingMode = 'floor' | 'trunc' | null

export interface DivOptions {
  /** Default null. */
  roundingMode?: RoundingMode
}

/** {@link DivOptions} with the operand. */
export interface OtherDivOptions extends DivOptions {
  other: Value
}

/** The divisor, by position or by name with the rounding. */
export type Divisor = Value | OtherDivOptions

/** The rounding, by position or by name. */
export type Rounding = RoundingMode | DivOptions

function readDivisor(
  op: string,
  given: readonly unknown[],
): { other: Value; mode: RoundingMode | undefined } {
  const read = parameters<[Value, RoundingMode]>(op, ['other', 'roundingMode'])
  const [other, mode] = read(given)
  if (mode !== undefined && mode !== null && mode !== 'floor' && mode !== 'trunc') {
    throw new ValueError(
      op,
      [],
      `roundingMode is 'floor', 'trunc' or null, not ${show(mode)}`,
      'leave it out for a quotient that is not rounded',
    )
  }
  return { other: operandOf(op, 'other', other), mode }
}

/**
 * Quotient: input / other, elementwise; rounded if asked for, and then with a gradient of 0.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype, but without rounding integers and
 * bool become the default floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool, if rounded.
 * @throws {ValueError} for another rounding mode, or if integers are divided by zero and rounded.
 * @see torch.div
 */
export function div(input: Value, other: Divisor, rounding?: Rounding): Tensor {
  if (rounding === undefined && !isNamed(other)) {
    return binary(divOp, input, other as Value, 'float')
  }
  const given = readDivisor('div', [other, rounding])
  if (given.mode === 'floor') return floorDivide(input, given.other)
  if (given.mode === 'trunc') return truncDivide(input, given.other)
  return binary(divOp, input, given.other, 'float')
}

/** {@link div}. @see torch.divide */
export const divide: typeof div = div

/**
 * Quotient: input / other, elementwise, never rounded.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers and bool become the default
 * floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.true_divide
 */
export function trueDivide(input: Value, other: Named<'other'>): Tensor {
  return binary(divOp, input, other, 'float')
}

const truncDivideOp = defineOp('truncDivide', ['input', 'other'], flatBinary)
// A quotient that is cut afterwards, so that its gradient is 0 wherever the other's is infinite.
const flatQuotientOp = defineOp('flatQuotient', ['input', 'other'], {
  ...flatBinary,
  kernel: 'div',
})

function truncDivide(input: Value, other: Value): Tensor {
  refuseBool('div', input, other)
  // The quotient takes the precision of its dtype before it is cut, which matters for 16 bits.
  const narrow = NARROW.has(resultType([input, other]))
  return narrow
    ? trunc(binary(flatQuotientOp, input, other, 'float'))
    : binary(truncDivideOp, input, other, 'same')
}

const NARROW: ReadonlySet<DTypeCode> = new Set([FLOAT16, BFLOAT16])

const floorDivideOp = defineOp('floorDivide', ['input', 'other'], flatBinary)

/**
 * ⌊input / other⌋, elementwise: Python's `//`. The gradient is 0.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @throws {ValueError} if integers are divided by zero.
 * @see torch.floor_divide
 */
export function floorDivide(input: Value, other: Named<'other'>): Tensor {
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
export function remainder(input: Value, other: Named<'other'>): Tensor {
  refuseBool('remainder', input, other)
  return binary(remainderOp, input, other, 'same')
}

const fmodOp = defineOp('fmod', ['input', 'other'], {
  derivative: {
    input: (grad) => grad,
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(truncDivide(input as Operand, other as Operand)).neg(),
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
export function fmod(input: Value, other: Named<'other'>): Tensor {
  refuseBool('fmod', input, other)
  return binary(fmodOp, input, other, 'same')
}

function div_(self: Tensor, other: Divisor, rounding?: Rounding): Tensor {
  const given = readDivisor('div_', [other, rounding])
  if (given.mode == null) return inPlace(divOp, self, [given.other], 'float')
  refuseBool('div_', self, given.other)
  if (given.mode === 'floor') return inPlace(floorDivideOp, self, [given.other], 'same')
  return NARROW.has(self._dtype)
    ? inPlace(flatQuotientOp, self, [given.other], 'float').trunc_()
    : inPlace(truncDivideOp, self, [given.other], 'same')
}

export interface DivisionMethods {
  /** See {@link div}. */
  div(other: Divisor, rounding?: Rounding): Tensor
  /** {@link div}, writing into this tensor. */
  div_(other: Divisor, rounding?: Rounding): Tensor
  /** See {@link div}. */
  divide(other: Divisor, rounding?: Rounding): Tensor
  /** {@link div}, writing into this tensor. */
  divide_(other: Divisor, rounding?: Rounding): Tensor
  /** See {@link trueDivide}. */
  trueDivide(other: Named<'other'>): Tensor
  /** {@link trueDivide}, writing into this tensor. */
  trueDivide_(other: Named<'other'>): Tensor
  /** See {@link floorDivide}. */
  floorDivide(other: Named<'other'>): Tensor
  /** {@link floorDivide}, writing into this tensor. */
  floorDivide_(other: Named<'other'>): Tensor
  /** See {@link remainder}. */
  remainder(other: Named<'other'>): Tensor
  /** {@link remainder}, writing into this tensor. */
  remainder_(other: Named<'other'>): Tensor
  /** See {@link fmod}. */
  fmod(other: Named<'other'>): Tensor
  /** {@link fmod}, writing into this tensor. */
  fmod_(other: Named<'other'>): Tensor
}

export const divisionMethods: MethodTable<DivisionMethods> = {
  div,
  div_,
  divide,
  divide_: div_,
  trueDivide,
  trueDivide_: (self, other) => inPlace(divOp, self, [other], 'float'),
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
}
