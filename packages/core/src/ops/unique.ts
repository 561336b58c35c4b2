/** Each element once: of the whole tensor, along an axis, or of neighbours only. */
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import { BOOL, INT64 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { IndexError, ShapeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, run } from '../op.ts'
import { internally } from '../scope.ts'
import type { Shape } from '../shape.ts'
import { normalizeAxis } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { cat } from './joining.ts'
import { placesOf } from './masking.ts'
import { flag } from './reduce-axes.ts'
import { sort } from './sorting.ts'

export interface UniqueConsecutiveOptions {
  /** Also say for each element where in the result it is. Default false. */
  returnInverse?: boolean
  /** Also count how often each occurs. Default false. */
  returnCounts?: boolean
  /** Compare the slices along this axis; null (the default) compares all elements. */
  dim?: number | null
}

export interface UniqueOptions extends UniqueConsecutiveOptions {
  /** In ascending order; that is always so here. Default true. */
  sorted?: boolean
}

/** What {@link unique} and {@link uniqueConsecutive} give together with the elements. */
export type WithInverse = NamedResult<readonly ['output', 'inverseIndices']>
export type WithCounts = NamedResult<readonly ['output', 'counts']>
export type WithInverseAndCounts = NamedResult<readonly ['output', 'inverseIndices', 'counts']>
export type Uniques = Tensor | WithInverse | WithCounts | WithInverseAndCounts

type Alone<O> = O & { returnInverse?: false; returnCounts?: false }
type Inverse<O> = O & { returnInverse: true; returnCounts?: false }
type Counts<O> = O & { returnInverse?: false; returnCounts: true }
type Both<O> = O & { returnInverse: true; returnCounts: true }

interface Wanted {
  op: string
  inverse: boolean
  counts: boolean
}

const sortRowsOp = defineOp('sortRows', ['input'], { derivative: { input: 'non-differentiable' } })

/** Of `size` places, those where a run of equal ones begins; `differs` compares neighbours. */
function startsOf(size: number, like: Tensor, differs: () => Tensor): Tensor {
  const first = fullCode([Math.min(1, size)], 1, BOOL, like)
  return size <= 1 ? first : cat([first, differs()], 0)
}

/**
 * The results, from where runs of equal ones begin among n elements (or slices), which came from
 * `places` if they were sorted. `take` picks the elements at some of these n.
 */
function results(
  wanted: Wanted,
  starts: Tensor,
  places: Tensor | null,
  take: (at: Tensor) => Tensor,
  shape: Shape,
): Uniques {
  const n = starts.shape[0] as number
  const at = placesOf(starts)
  const names: string[] = ['output']
  const tensors: Tensor[] = [take(places === null ? at : places.indexSelect(0, at))]
  if (wanted.inverse) {
    const group = starts.cumsum(0).sub(1)
    names.push('inverseIndices')
    const inverse =
      places === null ? group : fullCode([n], 0, INT64, places).scatter_(0, places, group)
    tensors.push(inverse.reshape(shape))
  }
  if (wanted.counts) {
    names.push('counts')
    const ends = cat([at.narrow(0, Math.min(1, n), Math.max(0, at.numel() - 1)), endOf(n, at)], 0)
    tensors.push(ends.sub(at))
  }
  if (tensors.length === 1) return tensors[0] as Tensor
  return namedResult(names as ['output', 'inverseIndices', 'counts'], tensors)
}

/** The end of the last run: n, if there is one. */
function endOf(n: number, like: Tensor): Tensor {
  return fullCode([Math.min(1, n)], n, INT64, like)
}

function ofElements(wanted: Wanted, input: Tensor, sorted: boolean): Uniques {
  const flat = input.reshape(-1)
  const n = flat.numel()
  const found = sorted ? sort(flat) : null
  const row = found === null ? flat : found.values
  const starts = startsOf(n, row, () => row.narrow(0, 1, n - 1).ne(row.narrow(0, 0, n - 1)))
  const places = found === null ? null : found.indices
  return results(wanted, starts, places, (at) => flat.indexSelect(0, at), input.shape)
}

function ofSlices(wanted: Wanted, input: Tensor, dim: number, sorted: boolean): Uniques {
  if (input.ndim === 0) {
    throw new IndexError(
      wanted.op,
      { input },
      'the tensor has no axes',
      'leave dim out to compare elements',
    )
  }
  const axis = normalizeAxis(wanted.op, dim, input.ndim, input)
  const n = input.shape[axis] as number
  const empty = input.shape.findIndex((size, i) => size === 0 && i !== axis)
  if (empty >= 0) {
    throw new ShapeError(
      wanted.op,
      { input },
      `axis ${empty} has no elements by which slices along axis ${axis} could differ`,
      'check that the tensor is not empty first',
    )
  }
  const rows = input.movedim(axis, 0).reshape(n, n === 0 ? 0 : -1)
  const places = sorted ? run(sortRowsOp, [rows], [n], INT64) : null
  const ordered = places === null ? rows : rows.indexSelect(0, places)
  const starts = startsOf(n, ordered, () =>
    ordered
      .narrow(0, 1, n - 1)
      .ne(ordered.narrow(0, 0, n - 1))
      .any(1),
  )
  return results(wanted, starts, places, (at) => input.indexSelect(axis, at), [n])
}

type ConsecutiveArguments = [boolean, boolean, number | null]
const CONSECUTIVE_NAMES: readonly string[] = ['returnInverse', 'returnCounts', 'dim']
const readUnique = parameters<[boolean, ...ConsecutiveArguments]>('unique', [
  'sorted',
  ...CONSECUTIVE_NAMES,
])
const readConsecutive = parameters<ConsecutiveArguments>('uniqueConsecutive', CONSECUTIVE_NAMES)

function distinct(
  op: string,
  input: Tensor,
  sorted: boolean,
  returnInverse: boolean | undefined,
  returnCounts: boolean | undefined,
  dim: number | null | undefined,
): Uniques {
  requireTensor(op, 'input', input)
  const wanted = {
    op,
    inverse: flag(op, 'returnInverse', returnInverse, false),
    counts: flag(op, 'returnCounts', returnCounts, false),
  }
  return internally(() => {
    const x = input.detach()
    return dim === undefined || dim === null
      ? ofElements(wanted, x, sorted)
      : ofSlices(wanted, x, dim, sorted)
  })
}

/**
 * Each element once, in ascending order; with `dim`, each slice along that axis once, in
 * lexicographic order. Every NaN is an element of its own. Not differentiable.
 *
 * Shapes: input `[*]` -> output `[u]`, or like input with size u along `dim`; where asked for,
 * inverseIndices (int64, like input or `[n]`) that say where each element is in the output, and
 * counts (int64 `[u]`).
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if the slices have no elements.
 * @see torch.unique
 *
 * @example
 * ```ts
 * import { tensor, unique } from '@flambeau/core'
 * const { output, counts } = unique(tensor([3, 1, 3]), { returnCounts: true })
 * console.log(output.tolist(), counts.tolist()) // [ 1, 3 ] [ 1, 2 ]
 * ```
 */
export function unique(input: Tensor, options?: Alone<UniqueOptions>): Tensor
export function unique(input: Tensor, options: Inverse<UniqueOptions>): WithInverse
export function unique(input: Tensor, options: Counts<UniqueOptions>): WithCounts
export function unique(input: Tensor, options: Both<UniqueOptions>): WithInverseAndCounts
export function unique(
  input: Tensor,
  sorted?: boolean | UniqueOptions,
  returnInverse?: boolean | UniqueOptions,
  returnCounts?: boolean | UniqueOptions,
  dim?: number | null | UniqueOptions,
): Uniques
export function unique(input: Tensor, ...given: unknown[]): Uniques {
  const [sorted, inverse, counts, dim] = readUnique(given)
  flag('unique', 'sorted', sorted, true)
  return distinct('unique', input, true, inverse, counts, dim)
}

/**
 * The elements without those that equal the one before them; with `dim`, slices along that axis.
 *
 * Shapes and errors: as for {@link unique}, with the order of the input.
 *
 * @see torch.unique_consecutive
 */
export function uniqueConsecutive(input: Tensor, options?: Alone<UniqueConsecutiveOptions>): Tensor
export function uniqueConsecutive(
  input: Tensor,
  options: Inverse<UniqueConsecutiveOptions>,
): WithInverse
export function uniqueConsecutive(
  input: Tensor,
  options: Counts<UniqueConsecutiveOptions>,
): WithCounts
export function uniqueConsecutive(
  input: Tensor,
  options: Both<UniqueConsecutiveOptions>,
): WithInverseAndCounts
export function uniqueConsecutive(
  input: Tensor,
  returnInverse?: boolean | UniqueConsecutiveOptions,
  returnCounts?: boolean | UniqueConsecutiveOptions,
  dim?: number | null | UniqueConsecutiveOptions,
): Uniques
export function uniqueConsecutive(input: Tensor, ...given: unknown[]): Uniques {
  const [inverse, counts, dim] = readConsecutive(given)
  return distinct('uniqueConsecutive', input, false, inverse, counts, dim)
}

export interface UniqueMethods {
  /** See {@link unique}. */
  unique(options?: Alone<UniqueOptions>): Tensor
  unique(options: Inverse<UniqueOptions>): WithInverse
  unique(options: Counts<UniqueOptions>): WithCounts
  unique(options: Both<UniqueOptions>): WithInverseAndCounts
  unique(
    sorted?: boolean | UniqueOptions,
    returnInverse?: boolean | UniqueOptions,
    returnCounts?: boolean | UniqueOptions,
    dim?: number | null | UniqueOptions,
  ): Uniques
  /** See {@link uniqueConsecutive}. */
  uniqueConsecutive(options?: Alone<UniqueConsecutiveOptions>): Tensor
  uniqueConsecutive(options: Inverse<UniqueConsecutiveOptions>): WithInverse
  uniqueConsecutive(options: Counts<UniqueConsecutiveOptions>): WithCounts
  uniqueConsecutive(options: Both<UniqueConsecutiveOptions>): WithInverseAndCounts
  uniqueConsecutive(
    returnInverse?: boolean | UniqueConsecutiveOptions,
    returnCounts?: boolean | UniqueConsecutiveOptions,
    dim?: number | null | UniqueConsecutiveOptions,
  ): Uniques
}

export const uniqueMethods: MethodTable<UniqueMethods> = { unique, uniqueConsecutive }
