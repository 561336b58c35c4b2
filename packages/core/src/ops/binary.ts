import type { Operand } from '../elementwise.ts'
import { binary, inPlace } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import type { Tensor } from '../tensor.ts'

export interface AddOptions {
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
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.add
 */
export function add(input: Operand, other: Operand, options?: AddOptions): Tensor {
  const alpha = options?.alpha ?? 1
  return alpha === 1
    ? binary(addOp, input, other, 'same', undefined, UNSCALED)
    : binary(addOp, input, other, 'same', [alpha], { alpha })
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
 * Shapes: input and other broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.mul
 */
export function mul(input: Operand, other: Operand): Tensor {
  return binary(mulOp, input, other, 'same')
}

export interface BinaryMethods {
  /** See {@link add}. */
  add(other: Operand, options?: AddOptions): Tensor
  /** {@link add}, writing into this tensor. */
  add_(other: Operand, options?: AddOptions): Tensor
  /** See {@link mul}. */
  mul(other: Operand): Tensor
  /** {@link mul}, writing into this tensor. */
  mul_(other: Operand): Tensor
}

export const binaryMethods: MethodTable<BinaryMethods> = {
  add,
  add_: (self, other, options) => {
    const alpha = options?.alpha ?? 1
    return inPlace(addOp, self, [other], 'same', [alpha], { alpha })
  },
  mul,
  mul_: (self, other) => inPlace(mulOp, self, [other], 'same'),
}
