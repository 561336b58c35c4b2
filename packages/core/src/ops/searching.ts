/** Where values belong in sorted sequences, and whether they are in a set. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import { BOOL, INT32, INT64, isFloatingCode } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireOperand, requireTensor, resultType } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { defineOp, run } from '../op.ts'
import { internally } from '../scope.ts'
import { formatShape, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { flag } from './reduce-axes.ts'
import { sort } from './sorting.ts'

const searchsortedOp = defineOp('searchsorted', ['sortedSequence', 'values', 'sorter'], {
  derivative: {
    sortedSequence: 'non-differentiable',
    values: 'non-differentiable',
    sorter: 'non-differentiable',
  },
})

/** Both in one dtype, as tensors. */
function together(op: string, sequence: Tensor, values: Operand): [Tensor, Tensor] {
  const dtype = resultType([sequence, values])
  if (dtype === BOOL) {
    throw new DTypeError(
      op,
      { sortedSequence: sequence, values },
      'bools are not compared by size',
      'convert them first: x.byte()',
    )
  }
  const x =
    values instanceof Tensor ? castCode(values, dtype) : fullCode([], values, dtype, sequence)
  return [castCode(sequence, dtype), x]
}

function search(
  op: string,
  sequence: Tensor,
  values: Operand,
  sorter: Tensor | null,
  right: boolean,
  outInt32: boolean,
): Tensor {
  return internally(() => {
    const [from, x] = together(op, sequence, values)
    const inputs = [from.detach(), x.detach(), sorter]
    return run(searchsortedOp, inputs, x._shape, outInt32 ? INT32 : INT64, [right ? 1 : 0])
  })
}

export interface BucketizeOptions {
  /** The edges, in ascending order. */
  boundaries: Tensor
  /** Give int32 instead of int64. Default false. */
  outInt32?: boolean
  /** A value that equals an edge belongs after it. Default false. */
  right?: boolean
}

const readBucketize = parameters<[Tensor, boolean, boolean]>('bucketize', [
  'boundaries',
  'outInt32',
  'right',
])

/**
 * Between which `boundaries` each value lies: the number of edges before it.
 *
 * Shapes: input `[*]` (or a number), boundaries `[n]` in ascending order -> int64 like input.
 * NaN lies after all edges.
 *
 * @throws {ShapeError} if boundaries has not one axis. @throws {DTypeError} for bools.
 * @see torch.bucketize
 */
export function bucketize(
  input: Operand,
  ...given: Arguments<BucketizeOptions, ['boundaries', 'outInt32', 'right']>
): Tensor {
  const [boundaries, outInt32, right] = readBucketize(given)
  requireOperand('bucketize', 'input', input)
  requireTensor('bucketize', 'boundaries', boundaries)
  if (boundaries.ndim !== 1) {
    throw new ShapeError(
      'bucketize',
      { input, boundaries },
      `boundaries has one axis, not ${boundaries.ndim}`,
      'searchsorted takes several sequences',
    )
  }
  const after = flag('bucketize', 'right', right, false)
  const narrow = flag('bucketize', 'outInt32', outInt32, false)
  return search('bucketize', boundaries, input, null, after, narrow)
}

export interface SearchsortedOptions {
  /** What to look for; called `input` in PyTorch's form with one number. */
  input?: Operand
  /** Give int32 instead of int64. Default false. */
  outInt32?: boolean
  /** A value that equals an element belongs after it. Default false. */
  right?: boolean
  /** The same in words: `'right'` is after. Default 'left'. */
  side?: 'left' | 'right' | null
  /** Places that put `sortedSequence` in order, where it is not: int64 of its shape. */
  sorter?: Tensor | null
}

const readSearchsorted = parameters<
  [Operand, boolean, boolean, 'left' | 'right' | null, Tensor | null]
>('searchsorted', ['input', 'outInt32', 'right', 'side', 'sorter'])

/** Does a value belong after elements that equal it? */
function isRight(right: boolean | undefined, side: unknown): boolean {
  const named = flag('searchsorted', 'right', right, false)
  if (side === undefined || side === null) return named
  if (side !== 'left' && side !== 'right') {
    throw new ValueError(
      'searchsorted',
      [],
      `side is 'left' or 'right', not ${show(side)}`,
      "searchsorted(sequence, values, { side: 'right' })",
    )
  }
  if (named && side === 'left') {
    throw new ValueError(
      'searchsorted',
      [],
      "side is 'left', and right is true",
      'give one of the two',
    )
  }
  return side === 'right'
}

/** @throws {ShapeError} unless each row of `values` has a sequence. */
function requireRows(sequence: Tensor, values: Operand): void {
  if (sequence.ndim === 1) return
  const lead = sequence._shape.slice(0, -1)
  const rows = values instanceof Tensor && sameShape(lead, values._shape.slice(0, -1))
  if (sequence.ndim > 0 && rows && values.ndim > 0) return
  throw new ShapeError(
    'searchsorted',
    { sortedSequence: sequence, input: values },
    sequence.ndim === 0
      ? 'the sequence has no axes'
      : `there are sequences ${formatShape(lead)}, but values ${
          values instanceof Tensor ? formatShape(values._shape) : 'that are one number'
        }`,
    'pass one sequence [n], or sequences [..., n] and values [..., m]',
  )
}

/** @throws {DTypeError, ShapeError} unless `sorter` has a place for each element. */
function requireSorter(sequence: Tensor, sorter: Tensor): void {
  requireTensor('searchsorted', 'sorter', sorter)
  if (sorter._dtype !== INT64) {
    throw new DTypeError(
      'searchsorted',
      { sortedSequence: sequence, sorter },
      `the sorter holds int64 places, not ${sorter.dtype}`,
      'make it with argsort',
    )
  }
  if (!sameShape(sorter._shape, sequence._shape)) {
    throw new ShapeError(
      'searchsorted',
      { sortedSequence: sequence, sorter },
      'the sorter has a place for each element of the sequence',
      'make it with argsort',
    )
  }
}

/**
 * Where in a sorted sequence each value belongs: the place before which it would be inserted.
 *
 * Shapes: sortedSequence `[n]` and input of any shape (or a number), or sortedSequence `[..., n]`
 * and input `[..., m]` -> int64 like input. NaN belongs at the end.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {DTypeError} for bools.
 * @throws {ValueError} if side contradicts right. @throws {IndexError} for a wrong place in sorter.
 * @see torch.searchsorted
 *
 * @example
 * ```ts
 * import { searchsorted, tensor } from '@flambeau/core'
 * console.log(searchsorted(tensor([1, 3, 5]), tensor([3, 4]), { right: true }).tolist()) // [ 2, 2 ]
 * ```
 */
export function searchsorted(
  sortedSequence: Tensor,
  ...given: Arguments<SearchsortedOptions, ['input', 'outInt32', 'right', 'side', 'sorter']>
): Tensor {
  const [input, outInt32, right, side, sorter = null] = readSearchsorted(given)
  requireTensor('searchsorted', 'sortedSequence', sortedSequence)
  requireOperand('searchsorted', 'input', input)
  requireRows(sortedSequence, input)
  if (sorter !== null) requireSorter(sortedSequence, sorter)
  const narrow = flag('searchsorted', 'outInt32', outInt32, false)
  return search('searchsorted', sortedSequence, input, sorter, isRight(right, side), narrow)
}

export interface IsinOptions {
  /** The set. */
  testElements: Operand
  /** No element occurs twice in either; it makes no difference here. Default false. */
  assumeUnique?: boolean
  /** Ask whether they are not in it. Default false. */
  invert?: boolean
}

const readIsin = parameters<[Operand, boolean, boolean]>('isin', [
  'testElements',
  'assumeUnique',
  'invert',
])

/**
 * Is each element in the set `testElements`? NaN never is.
 *
 * Shapes: elements `[*]` (or a number), testElements of any shape (or a number) -> bool like
 * elements. Dtype: they meet in their common dtype.
 *
 * @throws {DTypeError} for bools. @throws {ValueError} for two numbers.
 * @see torch.isin
 */
export function isin(
  elements: Operand,
  ...given: Arguments<IsinOptions, ['testElements', 'assumeUnique', 'invert']>
): Tensor {
  const [set, assumeUnique, invert] = readIsin(given)
  requireOperand('isin', 'elements', elements)
  requireOperand('isin', 'testElements', set)
  flag('isin', 'assumeUnique', assumeUnique, false)
  const inverted = flag('isin', 'invert', invert, false)
  if (!(elements instanceof Tensor) && !(set instanceof Tensor)) {
    throw new ValueError(
      'isin',
      { elements, testElements: set },
      'at least one of both must be a tensor',
      'use JavaScript comparisons for two numbers, or tensor(…)',
    )
  }
  const bools = [elements, set].some((x) => x instanceof Tensor && x._dtype === BOOL)
  if (bools) {
    throw new DTypeError(
      'isin',
      { elements, testElements: set },
      'bools are not searched for',
      'convert them first: x.byte()',
    )
  }
  return internally(() => {
    const dtype = resultType([elements, set])
    const place = [elements, set].find((x) => x instanceof Tensor)
    const as = (x: Operand): Tensor =>
      x instanceof Tensor ? castCode(x.detach(), dtype) : fullCode([], x, dtype, place)
    const x = as(elements)
    const test = as(set).reshape(-1)
    // NaN equals nothing, and would be in the way of the search.
    const numbers = isFloatingCode(dtype) ? test.maskedSelect(test.eq(test)) : test
    const sorted = sort(numbers).values
    const n = sorted.numel()
    if (n === 0) return fullCode(x.shape, inverted ? 1 : 0, BOOL, x)
    const places = search('isin', sorted, x, null, false, false).clamp(null, n - 1)
    const found = sorted.indexSelect(0, places.reshape(-1)).reshape(x.shape)
    return inverted ? found.ne(x) : found.eq(x)
  })
}
