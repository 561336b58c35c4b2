/** The larger, the smaller, and values kept between bounds. */
import { isNamed, parameters } from '../arguments.ts'
import { BOOL, INT64 } from '../dtype.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, operandOf, requireTensor, resultType } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { OpDefinition, SavedInputs } from '../op.ts'
import { defineOp, needs } from '../op.ts'
import { Tensor } from '../tensor.ts'
import { requireHeld, ternary } from './rules.ts'
import { where } from './ternary.ts'

/** The gradient of a maximum or minimum goes to the operand taken; equal ones get half each. */
function toTaken(
  grad: Tensor,
  own: Operand,
  other: Operand,
  loses: (own: Operand, other: Operand) => Tensor,
): Tensor {
  return where(equal(own, other), grad.div(2), where(loses(own, other), 0, grad))
}
const equal = (a: Operand, b: Operand): Tensor =>
  a instanceof Tensor ? a.eq(b) : (b as Tensor).eq(a)
const less = (a: Operand, b: Operand): Tensor =>
  a instanceof Tensor ? a.lt(b) : (b as Tensor).gt(a)
const greater = (a: Operand, b: Operand): Tensor => less(b, a)

const maximumOp = defineOp('maximum', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      toTaken(grad, input as Operand, other as Operand, less),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      toTaken(grad, other as Operand, input as Operand, less),
    ),
  },
})

/**
 * The larger operand, elementwise; NaN where either is. Where both are equal, each gets half of the
 * gradient.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.maximum
 */
export function maximum(input: Value, other: Named<'other'>): Tensor {
  return binary(maximumOp, input, other, 'same')
}

const minimumOp = defineOp('minimum', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      toTaken(grad, input as Operand, other as Operand, greater),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      toTaken(grad, other as Operand, input as Operand, greater),
    ),
  },
})

/**
 * The smaller operand, elementwise; NaN where either is. Where both are equal, each gets half of the
 * gradient.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.minimum
 */
export function minimum(input: Value, other: Named<'other'>): Tensor {
  return binary(minimumOp, input, other, 'same')
}

/** The gradient of fmax and fmin goes to the operand taken; to the first of equal ones. */
function takenOrNumber(
  taken: (input: Tensor, other: Tensor) => Tensor,
): OpDefinition<'input' | 'other', null> {
  const first = ({ input, other }: SavedInputs): Tensor =>
    taken(input as Tensor, other as Tensor).logicalOr((other as Tensor).isnan())
  return {
    derivative: {
      input: needs(['input', 'other'], (grad, saved) => where(first(saved), grad, 0)),
      other: needs(['input', 'other'], (grad, saved) => where(first(saved), 0, grad)),
    },
  }
}

const fmaxOp = defineOp(
  'fmax',
  ['input', 'other'],
  takenOrNumber((input, other) => input.ge(other)),
)

type OtherTensor = Tensor | { other: Tensor }

function otherTensor(op: string, input: Tensor, given: OtherTensor): Tensor {
  requireTensor(op, 'input', input)
  const other = operandOf(op, 'other', given)
  requireTensor(op, 'other', other)
  return other
}

/**
 * The larger operand, elementwise; where one is NaN, the other one.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.fmax
 */
export function fmax(input: Tensor, other: OtherTensor): Tensor {
  return binary(fmaxOp, input, otherTensor('fmax', input, other), 'same')
}

const fminOp = defineOp(
  'fmin',
  ['input', 'other'],
  takenOrNumber((input, other) => input.le(other)),
)

/**
 * The smaller operand, elementwise; where one is NaN, the other one.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.fmin
 */
export function fmin(input: Tensor, other: OtherTensor): Tensor {
  return binary(fminOp, input, otherTensor('fmin', input, other), 'same')
}

const clampOp = defineOp('clamp', ['input', 'min', 'max'], {
  derivative: {
    input: needs(['input', 'min', 'max'], (grad, { input, min, max }) => {
      const x = input as Tensor
      return where(x.ge(min as Operand).logicalAnd(x.le(max as Operand)), grad, 0)
    }),
    min: needs(['input', 'min', 'max'], (grad, { input, min, max }) =>
      where(
        (min as Tensor).lt(max as Operand).logicalAnd((min as Tensor).gt(input as Operand)),
        grad,
        0,
      ),
    ),
    max: needs(['input', 'min', 'max'], (grad, { input, min, max }) =>
      where(
        (max as Tensor).lt(input as Operand).logicalOr((max as Tensor).lt(min as Operand)),
        grad,
        0,
      ),
    ),
  },
})

const clampMinOp = defineOp('clampMin', ['input', 'min'], {
  kernel: 'maximum',
  derivative: {
    input: needs(['input', 'min'], (grad, { input, min }) =>
      where((input as Tensor).ge(min as Operand), grad, 0),
    ),
    min: needs(['input', 'min'], (grad, { input, min }) =>
      where((min as Tensor).gt(input as Operand), grad, 0),
    ),
  },
})

const clampMaxOp = defineOp('clampMax', ['input', 'max'], {
  kernel: 'minimum',
  derivative: {
    input: needs(['input', 'max'], (grad, { input, max }) =>
      where((input as Tensor).le(max as Operand), grad, 0),
    ),
    max: needs(['input', 'max'], (grad, { input, max }) =>
      where((max as Tensor).lt(input as Operand), grad, 0),
    ),
  },
})

export interface ClampOptions {
  /** The lower bound. Default null: none. */
  min?: Value | null
  /** The upper bound. Default null: none. */
  max?: Value | null
}

/** The bounds of {@link clamp}, by position or by name. */
export type ClampArguments = [
  min?: Value | null | ClampOptions,
  max?: Value | null | Pick<ClampOptions, 'max'>,
]

interface Bounds {
  min: Value | null
  max: Value | null
}

/** Is it a bound by position, or none? */
function plain(bound: unknown): bound is Operand | null | undefined {
  return bound == null || typeof bound === 'number' || bound instanceof Tensor
}

function readBounds(op: string, input: Tensor, first: unknown, second: unknown): Bounds {
  requireTensor(op, 'input', input)
  let min = first
  let max = second
  if (!plain(first) || !plain(second)) {
    if (isNamed(first) || isNamed(second)) {
      const read = parameters<[Value | null, Value | null]>(op, ['min', 'max'])
      ;[min, max] = read([first, second])
    }
    if (min != null) min = operandOf(op, 'min', min)
    if (max != null) max = operandOf(op, 'max', max)
  }
  const bounds = { min: (min ?? null) as Value | null, max: (max ?? null) as Value | null }
  if (bounds.min === null && bounds.max === null) {
    throw new ValueError(op, { input }, 'at least one bound must be given', `${op}(0, 1)`)
  }
  if (input._dtype === BOOL) refuseBools(op, input, bounds)
  checkBounds(op, input, bounds.min, bounds.max)
  return bounds
}

/** @throws {ValueError} for numbers that the integers or 16-bit floats of the input cannot be. */
function checkBounds(op: string, input: Tensor, ...bounds: readonly unknown[]): void {
  requireTensor(op, 'input', input)
  if (input._dtype <= INT64 || !bounds.some((bound) => typeof bound === 'number')) return
  const given = bounds.filter((bound) => bound instanceof Tensor || typeof bound === 'number')
  requireHeld(op, resultType([input, ...(given as Operand[])]), bounds)
}

function refuseBools(op: string, input: Tensor, { min, max }: Bounds): void {
  const given = [input, min, max].filter((value) => value !== null)
  if (resultType(given) !== BOOL) return
  throw new DTypeError(
    op,
    { input, min, max },
    'is not defined for bool',
    "use the logical operations, or convert with .to('int64')",
  )
}

/**
 * min(max(x, min), max), elementwise; `max` where min > max, and NaN where any of them is. A bound
 * may be left out with null. The gradient passes inside of the bounds and on them.
 *
 * Shapes: input and the bounds broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} without any bound.
 * @throws {DTypeError} for bool.
 * @see torch.clamp
 */
export function clamp(input: Tensor, ...given: ClampArguments): Tensor {
  const { min, max } = readBounds('clamp', input, given[0], given[1])
  if (min === null) return binary(clampMaxOp, input, max as Value, 'same')
  if (max === null) return binary(clampMinOp, input, min, 'same')
  return ternary(clampOp, { input, min, max })
}

/** {@link clamp}, writing into the tensor. @see torch.clamp_ */
export function clamp_(input: Tensor, ...given: ClampArguments): Tensor {
  const { min, max } = readBounds('clamp_', input, given[0], given[1])
  if (min === null) return inPlace(clampMaxOp, input, [max as Value], 'same')
  if (max === null) return inPlace(clampMinOp, input, [min], 'same')
  return inPlace(clampOp, input, [min, max], 'same')
}

/** {@link clamp}. @see torch.clip */
export const clip: typeof clamp = clamp

/** {@link clamp_}. @see torch.clip_ */
export const clip_: typeof clamp_ = clamp_

/** {@link clamp} with a lower bound only. @see torch.clamp_min */
export function clampMin(input: Tensor, min: Named<'min'>): Tensor {
  checkBounds('clampMin', input, min)
  return binary(clampMinOp, input, min, 'same')
}

/** {@link clampMin}, writing into the tensor. @see torch.clamp_min_ */
export function clampMin_(input: Tensor, min: Named<'min'>): Tensor {
  checkBounds('clampMin_', input, min)
  return inPlace(clampMinOp, input, [min], 'same')
}

/** {@link clamp} with an upper bound only. @see torch.clamp_max */
export function clampMax(input: Tensor, max: Named<'max'>): Tensor {
  checkBounds('clampMax', input, max)
  return binary(clampMaxOp, input, max, 'same')
}

/** {@link clampMax}, writing into the tensor. @see torch.clamp_max_ */
export function clampMax_(input: Tensor, max: Named<'max'>): Tensor {
  checkBounds('clampMax_', input, max)
  return inPlace(clampMaxOp, input, [max], 'same')
}

export interface BoundsMethods {
  /** See {@link maximum}. */
  maximum(other: Named<'other'>): Tensor
  /** See {@link minimum}. */
  minimum(other: Named<'other'>): Tensor
  /** See {@link fmax}. */
  fmax(other: OtherTensor): Tensor
  /** See {@link fmin}. */
  fmin(other: OtherTensor): Tensor
  /** See {@link clamp}. */
  clamp(...given: ClampArguments): Tensor
  /** {@link clamp}, writing into this tensor. */
  clamp_(...given: ClampArguments): Tensor
  /** See {@link clamp}. */
  clip(...given: ClampArguments): Tensor
  /** {@link clamp}, writing into this tensor. */
  clip_(...given: ClampArguments): Tensor
  /** See {@link clampMin}. */
  clampMin(min: Named<'min'>): Tensor
  /** {@link clampMin}, writing into this tensor. */
  clampMin_(min: Named<'min'>): Tensor
  /** See {@link clampMax}. */
  clampMax(max: Named<'max'>): Tensor
  /** {@link clampMax}, writing into this tensor. */
  clampMax_(max: Named<'max'>): Tensor
}

export const boundsMethods: MethodTable<BoundsMethods> = {
  maximum,
  minimum,
  fmax,
  fmin,
  clamp,
  clamp_,
  clip,
  clip_,
  clampMin,
  clampMin_,
  clampMax,
  clampMax_,
}
