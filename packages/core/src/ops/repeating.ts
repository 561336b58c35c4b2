/** Copies that hold elements several times. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { INT32, INT64 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import { checkShape, formatShape, MAX_RANK, normalizeAxis } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import type { Sizes } from './sizes.ts'
import { sizesOf } from './sizes.ts'

/** A copy with each axis `counts[i]` times; as many counts as axes, or more for new leading axes. */
function repeated(op: string, input: Tensor, counts: readonly number[]): Tensor {
  checkShape(op, counts)
  const lead = counts.length - input.ndim
  const sizes = counts.map((_, i) => (i < lead ? 1 : (input.shape[i - lead] as number)))
  const shape = checkShape(
    op,
    sizes.map((size, i) => size * (counts[i] as number)),
  )
  if (counts.every((count) => count === 1)) return input.reshape(sizes).clone()
  // Each repeated axis of size n becomes [count, n], of which the first is expanded.
  const split = (of: (count: number) => number): number[] =>
    counts.flatMap((count, i) => {
      const size = sizes[i] as number
      return count === 1 ? [size] : [of(count), size]
    })
  const apart = split(() => 1)
  if (apart.length > MAX_RANK) {
    // Too many axes for one copy: the first half is repeated before the rest.
    const half = counts.map((count, i) => (i < counts.length / 2 ? count : 1))
    const rest = counts.map((count, i) => (i < counts.length / 2 ? 1 : count))
    return repeated(op, repeated(op, input, half), rest)
  }
  const wide = split((count) => count)
  return input.reshape(apart).expand(wide).contiguous().reshape(shape)
}

/**
 * A copy that holds the tensor several times along each axis.
 *
 * Shapes: input `[d0, d1]`, repeats `[r0, r1]` -> `[d0·r0, d1·r1]`; more repeats than axes add leading
 * ones.
 *
 * @throws {ShapeError} if there are fewer repeats than axes, or one is negative.
 * @see torch.Tensor.repeat
 */
export function repeat<D extends DType>(input: Tensor<D>, ...repeats: Sizes<'repeats'>): Tensor<D> {
  requireTensor('repeat', 'input', input)
  const counts = sizesOf('repeat', 'repeats', repeats)
  if (counts.length < input.ndim) {
    throw new ShapeError(
      'repeat',
      { input },
      `${counts.length} repeats are given for ${input.ndim} axes`,
      'name a number for each axis; tile() puts ones before them',
    )
  }
  return repeated('repeat', input, counts)
}

/**
 * {@link repeat} for which ones are put before the numbers of repeats where there are more axes.
 *
 * @throws {ShapeError} if a number of repeats is negative.
 * @see torch.tile
 */
export function tile<D extends DType>(input: Tensor<D>, ...dims: Sizes<'dims'>): Tensor<D> {
  requireTensor('tile', 'input', input)
  const counts = sizesOf('tile', 'dims', dims)
  const lead = Array.from({ length: Math.max(0, input.ndim - counts.length) }, () => 1)
  return repeated('tile', input, [...lead, ...counts])
}

const repeatIndexOp = defineOp('repeatIndex', ['repeats'], {
  derivative: { repeats: 'non-differentiable' },
})

/** What {@link repeatInterleave} takes by name. */
export interface RepeatInterleaveOptions {
  /** How often each element comes: one number, or an integer tensor with one for each position. */
  repeats: number | Tensor
  /** Default: the elements are taken in row-major order. */
  dim?: number | null
  /** The sum of the repeats, if known: saves looking at them. */
  outputSize?: number | null
}

type RepeatInterleaveArguments = Arguments<
  RepeatInterleaveOptions,
  ['repeats', 'dim', 'outputSize']
>

const readInterleave = parameters<[number | Tensor, number | null, number | null]>(
  'repeatInterleave',
  ['repeats', 'dim', 'outputSize'],
)

/** The positions 0, 0, …, 1, 1, …, each as often as `repeats` says. */
function repeatIndex(repeats: Tensor, outputSize: number | null | undefined): Tensor {
  if (repeats._dtype !== INT64 && repeats._dtype !== INT32) {
    throw new DTypeError(
      'repeatInterleave',
      { repeats },
      `repeats are int64 or int32, not ${repeats.dtype}`,
      "convert them with to('int64')",
    )
  }
  if (repeats.ndim !== 1) {
    throw new ShapeError(
      'repeatInterleave',
      { repeats },
      `repeats have one axis, not ${repeats.ndim}`,
      'pass a list of one number for each position',
    )
  }
  let total = outputSize
  if (total === undefined || total === null) {
    const sum = repeats.sum()
    total = sum.item()
    sum.dispose()
  }
  const shape = checkShape('repeatInterleave', [total])
  return run(repeatIndexOp, [repeats], shape, INT64)
}

/**
 * A copy with each position of an axis repeated, one after the other. With nothing but a tensor of
 * repeats, the positions 0, 0, …, 1, 1, … themselves.
 *
 * Shapes: input `[.., n, ..]` -> `[.., n·repeats, ..]`, or the sum of the repeats.
 *
 * @throws {ValueError} if a number of repeats is negative, or their sum is not `outputSize`.
 * @throws {ShapeError} if there are not as many repeats as positions.
 * @throws {DTypeError} if they are neither int64 nor int32.
 * @see torch.repeat_interleave
 */
export function repeatInterleave<D extends DType>(
  input: Tensor<D>,
  ...given: RepeatInterleaveArguments | [options?: { outputSize?: number | null }]
): Tensor<D> {
  requireTensor('repeatInterleave', 'input', input)
  const [repeats, dim = null, outputSize] = readInterleave(given)
  if (repeats === undefined) return repeatIndex(input, outputSize)
  const x = dim === null ? input.reshape(input.numel()) : input
  const axis = normalizeAxis('repeatInterleave', dim ?? 0, x.ndim, x)
  const line = x.ndim === 0 ? x.reshape(1) : x
  const size = line.shape[axis] as number
  const known = repeats instanceof Tensor && repeats.numel() === 1 ? repeats.item() : repeats
  if (known instanceof Tensor) {
    if (known.ndim === 1 && known.numel() !== size) {
      throw new ShapeError(
        'repeatInterleave',
        { input, repeats: known },
        `${known.numel()} repeats are given for ${size} positions of axis ${axis}`,
        'pass one number for each position, or one for all',
      )
    }
    return line.indexSelect(axis, repeatIndex(known, outputSize))
  }
  const count = known
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ValueError(
      'repeatInterleave',
      { input },
      `repeats are whole numbers ≥ 0, not ${show(count)}`,
      'repeatInterleave(2, 0)',
    )
  }
  if (outputSize !== undefined && outputSize !== null && outputSize !== size * count) {
    throw new ValueError(
      'repeatInterleave',
      { input },
      `outputSize is ${show(outputSize)}, but ${size} positions ${count} times are ${size * count}`,
      'leave outputSize out',
    )
  }
  const before = line.shape.slice(0, axis + 1)
  const after = line.shape.slice(axis + 1)
  const shape = checkShape('repeatInterleave', [...before.slice(0, -1), size * count, ...after])
  if (count === 1) return line.clone()
  if (line.ndim === MAX_RANK) {
    throw new ShapeError(
      'repeatInterleave',
      { input },
      `the tensor has ${formatShape(line.shape)}, ${MAX_RANK} axes`,
      'merge axes first',
    )
  }
  return line
    .unsqueeze(axis + 1)
    .expand([...before, count, ...after])
    .contiguous()
    .reshape(shape)
}

export interface RepeatingMethods<D extends DType = AnyDType> {
  /** See {@link repeat}. */
  repeat(...repeats: Sizes<'repeats'>): Tensor<D>
  /** See {@link tile}. */
  tile(...dims: Sizes<'dims'>): Tensor<D>
  /** See {@link repeatInterleave}. */
  repeatInterleave(
    ...given: RepeatInterleaveArguments | [options?: { outputSize?: number | null }]
  ): Tensor<D>
}

export const repeatingMethods: MethodTable<RepeatingMethods> = { repeat, tile, repeatInterleave }
