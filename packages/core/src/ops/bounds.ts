/** The larger, the smaller, and values kept between bounds. */
import type { Operand } from '../elementwise.ts'
import { binary, inPlace, requireTensor } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { Tensor } from '../tensor.ts'
import { ternary } from './rules.ts'
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
export function maximum(input: Operand, other: Operand): Tensor {
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
export function minimum(input: Operand, other: Operand): Tensor {
  return binary(minimumOp, input, other, 'same')
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

function noBounds(op: string, input: Tensor): ValueError {
  return new ValueError(op, { input }, 'at least one bound must be given', `${op}(0, 1)`)
}

/**
 * min(max(x, min), max), elementwise; `max` where min > max, and NaN where any of them is. A bound
 * may be left out with null. The gradient passes inside of the bounds and on them.
 *
 * Shapes: input and the bounds broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} without any bound.
 * @see torch.clamp
 */
export function clamp(input: Tensor, min?: Operand | null, max?: Operand | null): Tensor {
  requireTensor('clamp', 'input', input)
  if (min != null) return max != null ? ternary(clampOp, { input, min, max }) : clampMin(input, min)
  if (max != null) return clampMax(input, max)
  throw noBounds('clamp', input)
}

/** {@link clamp} with a lower bound only. @see torch.clamp_min */
export function clampMin(input: Tensor, min: Operand): Tensor {
  requireTensor('clampMin', 'input', input)
  return binary(clampMinOp, input, min, 'same')
}

/** {@link clamp} with an upper bound only. @see torch.clamp_max */
export function clampMax(input: Tensor, max: Operand): Tensor {
  requireTensor('clampMax', 'input', input)
  return binary(clampMaxOp, input, max, 'same')
}

export interface BoundsMethods {
  /** See {@link maximum}. */
  maximum(other: Operand): Tensor
  /** See {@link minimum}. */
  minimum(other: Operand): Tensor
  /** See {@link clamp}. */
  clamp(min?: Operand | null, max?: Operand | null): Tensor
  /** {@link clamp}, writing into this tensor. */
  clamp_(min?: Operand | null, max?: Operand | null): Tensor
  /** See {@link clampMin}. */
  clampMin(min: Operand): Tensor
  /** {@link clampMin}, writing into this tensor. */
  clampMin_(min: Operand): Tensor
  /** See {@link clampMax}. */
  clampMax(max: Operand): Tensor
  /** {@link clampMax}, writing into this tensor. */
  clampMax_(max: Operand): Tensor
}

export const boundsMethods: MethodTable<BoundsMethods> = {
  maximum,
  minimum,
  clamp,
  clamp_: (self, min, max) => {
    if (min != null && max != null) return inPlace(clampOp, self, [min, max], 'same')
    if (min != null) return inPlace(clampMinOp, self, [min], 'same')
    if (max != null) return inPlace(clampMaxOp, self, [max], 'same')
    throw noBounds('clamp_', self)
  },
  clampMin,
  clampMin_: (self, min) => inPlace(clampMinOp, self, [min], 'same'),
  clampMax,
  clampMax_: (self, max) => inPlace(clampMaxOp, self, [max], 'same'),
}
