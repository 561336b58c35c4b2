/** Sums, differences and products of two operands, of which one may be a number. */
import { isNamed, parameters } from '../arguments.ts'
import { BOOL, isFloatingCode } from '../dtype.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, operandOf, resultType } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'
import { requireHeld } from './rules.ts'

export interface AlphaOptions {
  /** Factor of `other`. Default 1. */
  alpha?: number | boolean
}

/** {@link AlphaOptions} with the operand. */
export interface OtherAlphaOptions extends AlphaOptions {
  other: Value
}

/** The second operand of a sum, by position or by name with its factor. */
export type Addend = Value | OtherAlphaOptions

/** The factor, by position or by name. */
export type Alpha = number | boolean | AlphaOptions

interface AlphaParams {
  alpha: number
}

const UNSCALED: AlphaParams = { alpha: 1 }

/** The other operand and its factor, where the call is not just of two operands. */
function readAddend(
  op: string,
  input: Value,
  given: readonly unknown[],
): { other: Value; alpha: number } {
  const read = parameters<[Value, number | boolean]>(op, ['other', 'alpha'])
  const [first, alpha = 1] = read(given)
  const other = operandOf(op, 'other', first)
  if (typeof alpha !== 'number' && typeof alpha !== 'boolean') {
    throw new ValueError(op, [], `alpha must be a number, not ${show(alpha)}`, '{ alpha: 2 }')
  }
  const dtype = resultType([operandOf(op, 'input', input), other])
  if (!isFloatingCode(dtype) && !Number.isInteger(Number(alpha))) {
    throw new DTypeError(
      op,
      { input, other, alpha },
      `alpha must be whole for operands of integer dtype, not ${alpha}`,
      "convert them with .to('float32')",
    )
  }
  if (typeof alpha === 'boolean' && dtype !== BOOL) {
    throw new DTypeError(
      op,
      { input, other, alpha },
      'alpha may be a boolean for results of dtype bool only',
      'give it as a number',
    )
  }
  requireHeld(op, dtype, [alpha])
  return { other, alpha: Number(alpha) }
}

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
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for a fractional alpha of
 * integers.
 * @see torch.add
 */
export function add(input: Value, other: Addend, alpha?: Alpha): Tensor {
  if (alpha === undefined && !isNamed(other)) {
    return binary(addOp, input, other as Value, 'same', undefined, UNSCALED)
  }
  const given = readAddend('add', input, [other, alpha])
  if (given.alpha === 1) return binary(addOp, input, given.other, 'same', undefined, UNSCALED)
  if (resultType([input, given.other]) === BOOL) return addBools(input, given)
  return binary(addOp, input, given.other, 'same', [given.alpha], { alpha: given.alpha })
}

/** For bool, alpha counts as true or false. */
function addBools(input: Value, { other, alpha }: { other: Value; alpha: number }): Tensor {
  const scaled = alpha !== 0 ? other : other instanceof Tensor ? other.logicalAnd(false) : false
  return binary(addOp, input, scaled, 'same', undefined, UNSCALED)
}

const subOp = defineOp<'input' | 'other', AlphaParams>('sub', ['input', 'other'], {
  derivative: {
    input: (grad) => grad,
    other: (grad, _saved, { params }) =>
      params.alpha === 1 ? grad.neg() : grad.mul(-params.alpha),
  },
})

function isBool(x: Value): boolean {
  return x instanceof Tensor ? x._dtype === BOOL : typeof x === 'boolean'
}

function refuseBools(op: string, input: Value, other: Value): void {
  if (!isBool(input) && !isBool(other)) return
  throw new DTypeError(
    op,
    { input, other },
    'is not defined for bool',
    "use logicalXor for the difference of two masks, logicalNot for 1 - mask, or .to('int64')",
  )
}

/**
 * Difference: input - alpha · other, elementwise.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers wrap.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if an operand is bool, or
 * for a fractional alpha of integers.
 * @see torch.sub
 */
export function sub(input: Value, other: Addend, alpha?: Alpha): Tensor {
  if (alpha === undefined && !isNamed(other)) {
    refuseBools('sub', input, other as Value)
    return binary(subOp, input, other as Value, 'same', undefined, UNSCALED)
  }
  const given = readAddend('sub', input, [other, alpha])
  refuseBools('sub', input, given.other)
  return given.alpha === 1
    ? binary(subOp, input, given.other, 'same', undefined, UNSCALED)
    : binary(subOp, input, given.other, 'same', [given.alpha], { alpha: given.alpha })
}

/** {@link sub}. @see torch.subtract */
export const subtract: typeof sub = sub

/**
 * The difference the other way round: other - alpha · input, elementwise.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers wrap.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} as {@link sub}.
 * @see torch.rsub
 */
export function rsub(input: Value, other: Addend, alpha?: Alpha): Tensor {
  const given = readAddend('rsub', input, [other, alpha])
  return sub(given.other, input, given.alpha)
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
export function mul(input: Value, other: Named<'other'>): Tensor {
  return binary(mulOp, input, other, 'same')
}

/** {@link mul}. @see torch.multiply */
export const multiply: typeof mul = mul

const hypotOp = defineOp('hypot', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) =>
      grad.mul((input as Tensor).div(out as Tensor)),
    ),
    other: needs(['other', 'out'], (grad, { other, out }) =>
      grad.mul((other as Tensor).div(out as Tensor)),
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
export function hypot(input: Tensor, other: Named<'other'>): Tensor {
  return binary(hypotOp, input, other, 'float')
}

function add_(self: Tensor, other: Addend, alpha?: Alpha): Tensor {
  if (alpha === undefined && !isNamed(other)) {
    return inPlace(addOp, self, [other as Value], 'same', undefined, UNSCALED)
  }
  const given = readAddend('add_', self, [other, alpha])
  if (given.alpha === 1 || resultType([self, given.other]) === BOOL) {
    return given.alpha === 0
      ? self
      : inPlace(addOp, self, [given.other], 'same', undefined, UNSCALED)
  }
  return inPlace(addOp, self, [given.other], 'same', [given.alpha], { alpha: given.alpha })
}

function sub_(self: Tensor, other: Addend, alpha?: Alpha): Tensor {
  const given =
    alpha === undefined && !isNamed(other)
      ? { other: other as Value, alpha: 1 }
      : readAddend('sub_', self, [other, alpha])
  refuseBools('sub_', self, given.other)
  return given.alpha === 1
    ? inPlace(subOp, self, [given.other], 'same', undefined, UNSCALED)
    : inPlace(subOp, self, [given.other], 'same', [given.alpha], { alpha: given.alpha })
}

const mul_ = (self: Tensor, other: Named<'other'>): Tensor => inPlace(mulOp, self, [other], 'same')

export interface BinaryMethods {
  /** See {@link add}. */
  add(other: Addend, alpha?: Alpha): Tensor
  /** {@link add}, writing into this tensor. */
  add_(other: Addend, alpha?: Alpha): Tensor
  /** See {@link sub}. */
  sub(other: Addend, alpha?: Alpha): Tensor
  /** {@link sub}, writing into this tensor. */
  sub_(other: Addend, alpha?: Alpha): Tensor
  /** See {@link sub}. */
  subtract(other: Addend, alpha?: Alpha): Tensor
  /** {@link sub}, writing into this tensor. */
  subtract_(other: Addend, alpha?: Alpha): Tensor
  /** See {@link mul}. */
  mul(other: Named<'other'>): Tensor
  /** {@link mul}, writing into this tensor. */
  mul_(other: Named<'other'>): Tensor
  /** See {@link mul}. */
  multiply(other: Named<'other'>): Tensor
  /** {@link mul}, writing into this tensor. */
  multiply_(other: Named<'other'>): Tensor
  /** See {@link hypot}. */
  hypot(other: Named<'other'>): Tensor
  /** {@link hypot}, writing into this tensor. */
  hypot_(other: Named<'other'>): Tensor
}

export const binaryMethods: MethodTable<BinaryMethods> = {
  add,
  add_,
  sub,
  sub_,
  subtract,
  subtract_: sub_,
  mul,
  mul_,
  multiply,
  multiply_: mul_,
  hypot,
  hypot_: (self, other) => inPlace(hypotOp, self, [other], 'float'),
}
