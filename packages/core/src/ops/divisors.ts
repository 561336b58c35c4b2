/** Common divisors and multiples of whole numbers. */
import type { Named } from '../elementwise.ts'
import { binary, inPlace, requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { discreteBinary, requireInteger } from './rules.ts'

const gcdOp = defineOp('gcd', ['input', 'other'], discreteBinary)

/**
 * The greatest common divisor, elementwise; that with 0 is the other's magnitude.
 *
 * Shapes: input and other broadcast. Dtype: integers, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.gcd
 */
export function gcd(input: Tensor, other: Named<'other'>): Tensor {
  requireTensor('gcd', 'input', input)
  requireInteger('gcd', { input, other })
  return binary(gcdOp, input, other, 'same')
}

/** {@link gcd}, writing into the tensor. @see torch.gcd_ */
export function gcd_(input: Tensor, other: Named<'other'>): Tensor {
  requireTensor('gcd_', 'input', input)
  requireInteger('gcd_', { input, other })
  return inPlace(gcdOp, input, [other], 'same')
}

const lcmOp = defineOp('lcm', ['input', 'other'], discreteBinary)

/**
 * The least common multiple, elementwise; that with 0 is 0. Wraps where it is too large.
 *
 * Shapes: input and other broadcast. Dtype: integers, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.lcm
 */
export function lcm(input: Tensor, other: Named<'other'>): Tensor {
  requireTensor('lcm', 'input', input)
  requireInteger('lcm', { input, other })
  return binary(lcmOp, input, other, 'same')
}

/** {@link lcm}, writing into the tensor. @see torch.lcm_ */
export function lcm_(input: Tensor, other: Named<'other'>): Tensor {
  requireTensor('lcm_', 'input', input)
  requireInteger('lcm_', { input, other })
  return inPlace(lcmOp, input, [other], 'same')
}

export interface DivisorMethods {
  /** See {@link gcd}. */
  gcd(other: Named<'other'>): Tensor
  /** {@link gcd}, writing into this tensor. */
  gcd_(other: Named<'other'>): Tensor
  /** See {@link lcm}. */
  lcm(other: Named<'other'>): Tensor
  /** {@link lcm}, writing into this tensor. */
  lcm_(other: Named<'other'>): Tensor
}

export const divisorMethods: MethodTable<DivisorMethods> = { gcd, gcd_, lcm, lcm_ }
