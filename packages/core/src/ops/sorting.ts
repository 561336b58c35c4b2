/** Sorting along an axis. */
import { parameters } from '../arguments.ts'
import { INT64 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, runMany } from '../op.ts'
import { internally } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { flag, oneAxis } from './reduce-axes.ts'
import type { Taken, ValuesAndIndices } from './taken.ts'
import { keeping, ofTaken } from './taken.ts'

export interface SortOptions {
  /** The axis along which to sort. Default -1. */
  dim?: number
  /** The largest first. Default false. */
  descending?: boolean
  /** Keep the order of equal elements; that is always so here. Default false. */
  stable?: boolean | null
}

type SortArguments = [number, boolean, boolean | null]
const NAMES: readonly string[] = ['dim', 'descending', 'stable']
const readSort = parameters<SortArguments>('sort', NAMES)
const readArgsort = parameters<SortArguments>('argsort', NAMES)

const sortOp = defineOp<'input', Taken>('sort', ['input'], ofTaken)

function sorted(
  op: string,
  input: Tensor,
  dim: number | undefined,
  descending: boolean | undefined,
  stable: boolean | null | undefined,
): Tensor[] {
  requireTensor(op, 'input', input)
  const axis = oneAxis(op, input, dim ?? -1)
  const down = flag(op, 'descending', descending, false)
  flag(op, 'stable', stable ?? undefined, false)
  const shape = input._shape
  const specs = [
    { shape, dtype: input._dtype },
    { shape, dtype: INT64 },
  ]
  return runMany(sortOp, [input], specs, [axis, down ? 1 : 0], keeping(axis))
}

/**
 * The elements in order along the axis `dim`, the smallest first unless `descending`, and where they
 * were. NaN counts as larger than all numbers; equal elements keep their order (`stable` or not).
 *
 * Shapes: input `[*]` -> values and indices (int64) of the same shape. The gradient goes back to
 * where each element was.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.sort
 *
 * @example
 * ```ts
 * import { sort, tensor } from '@flambeau/core'
 * const { values, indices } = sort(tensor([3, 1, 2]), { descending: true })
 * console.log(values.tolist(), indices.tolist()) // [ 3, 2, 1 ] [ 0, 2, 1 ]
 * ```
 */
export function sort(
  input: Tensor,
  dim?: number | SortOptions,
  descending?: boolean | SortOptions,
  stable?: boolean | null | SortOptions,
): ValuesAndIndices {
  const given = readSort([dim, descending, stable])
  return namedResult(['values', 'indices'], sorted('sort', input, given[0], given[1], given[2]))
}

/**
 * Where the elements are that {@link sort} puts in order along the axis `dim`.
 *
 * Shapes: input `[*]` -> int64 of the same shape.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.argsort
 */
export function argsort(
  input: Tensor,
  dim?: number | SortOptions,
  descending?: boolean | SortOptions,
  stable?: boolean | SortOptions,
): Tensor {
  const given = readArgsort([dim, descending, stable])
  return internally(() => sorted('argsort', input, given[0], given[1], given[2])[1] as Tensor)
}

/**
 * The elements in order along the first axis, the smallest first.
 *
 * Shapes: input `[*]` -> same.
 *
 * @see torch.msort
 */
export function msort(input: Tensor): Tensor {
  return internally(() => sorted('msort', input, 0, false, true)[0] as Tensor)
}

export interface SortingMethods {
  /** See {@link sort}. */
  sort(
    dim?: number | SortOptions,
    descending?: boolean | SortOptions,
    stable?: boolean | null | SortOptions,
  ): ValuesAndIndices
  /** See {@link argsort}. */
  argsort(
    dim?: number | SortOptions,
    descending?: boolean | SortOptions,
    stable?: boolean | SortOptions,
  ): Tensor
  /** See {@link msort}. */
  msort(): Tensor
}

export const sortingMethods: MethodTable<SortingMethods> = { sort, argsort, msort }
