/** What differences and integrals share: parts along an axis, and neighbours subtracted. */
import { BOOL } from '../dtype.ts'
import { IndexError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { oneAxis } from './reduce-axes.ts'

/** An axis of a tensor that has axes. @throws {IndexError} */
export function realAxis(op: string, input: Tensor, dim: unknown): number {
  if (input.ndim > 0) return oneAxis(op, input, dim)
  throw new IndexError(op, { input }, 'the tensor has no axes', `${op} goes along an axis`)
}

/** The size of an axis. */
export const sizeOf = (x: Tensor, axis: number): number => x.shape[axis] as number

/** Elements begin, begin + 1, … along an axis, without the last `less` ones. */
export function part(x: Tensor, axis: number, begin: number, less: number): Tensor {
  return x.narrow(axis, begin, sizeOf(x, axis) - begin - less)
}

/** Neighbours subtracted; of bools, whether they differ. */
export function differ(x: Tensor, axis: number): Tensor {
  const later = part(x, axis, 1, 0)
  const earlier = part(x, axis, 0, 1)
  return x._dtype === BOOL ? later.ne(earlier) : later.sub(earlier)
}
