/** Sequences of different lengths, padded or packed. @see torch.nn.utils.rnn */
import type { NamedResult, Tensor } from '@flambeau/core'
import { arange, cat, full, ShapeError, stack, tensor, ValueError, zerosLike } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import {
  isTensor,
  namedResult,
  parameters,
  requireInstance,
  requireNumberList,
  requireTensor,
  requireTensors,
  show,
} from '@flambeau/core/internal'

/**
 * Sequences step by step: at step t the rows of all that are longer than t, the longest ones first.
 *
 * @see torch.nn.utils.rnn.PackedSequence
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { utils } from '@flambeau/nn'
 * const packed = utils.rnn.packSequence([ones([3, 2]), ones([1, 2])])
 * console.log(packed.data.shape, packed.batchSizes.tolist()) // => [ 4, 2 ] [ 2, 1, 1 ]
 * ```
 */
export class PackedSequence {
  /** The steps behind one another, `[Σ lengths, *]`. */
  readonly data: Tensor
  /** How many sequences have each step, int64 `[longest]`. */
  readonly batchSizes: Tensor
  /** The sequences by falling length, or null if they came so. */
  readonly sortedIndices: Tensor | null
  /** Where each sequence went. */
  readonly unsortedIndices: Tensor | null

  constructor(
    data: Tensor,
    batchSizes: Tensor,
    sortedIndices: Tensor | null = null,
    unsortedIndices: Tensor | null = null,
  ) {
    requireTensor('PackedSequence', 'data', data)
    requireTensor('PackedSequence', 'batchSizes', batchSizes)
    if (sortedIndices !== null) requireTensor('PackedSequence', 'sortedIndices', sortedIndices)
    if (unsortedIndices !== null) {
      requireTensor('PackedSequence', 'unsortedIndices', unsortedIndices)
    }
    this.data = data
    this.batchSizes = batchSizes
    this.sortedIndices = sortedIndices
    this.unsortedIndices =
      unsortedIndices ?? (sortedIndices === null ? null : sortedIndices.argsort())
  }
}

/** A tensor's whole numbers, or the numbers of a list. */
function numbersOf(op: string, lengths: Tensor | readonly number[]): number[] {
  if (isTensor(lengths)) return Array.from(lengths.toArray(), Number)
  requireNumberList(op, 'lengths', lengths)
  return [...lengths]
}

const PACK = ['lengths', 'batchFirst', 'enforceSorted'] as const
const readPack = parameters<[Tensor | number[], boolean, boolean]>('packPaddedSequence', PACK)

export interface PackPaddedOptions {
  /** The length of each sequence, at least 1. */
  lengths: Tensor | readonly number[]
  /** Are batches the first axis, not the second? Default false. */
  batchFirst?: boolean
  /** Must they come by falling length? Default true. */
  enforceSorted?: boolean
}

/**
 * Packs padded sequences.
 *
 * Shapes: input `[T, N, *]`, or `[N, T, *]` with batchFirst, lengths `[N]` -> data `[Σ lengths, *]`.
 *
 * @throws {ValueError} for lengths outside of 1 to T, or not falling. @throws {ShapeError} unless there
 * are as many as sequences.
 * @see torch.nn.utils.rnn.pack_padded_sequence
 */
export function packPaddedSequence(
  input: Tensor,
  ...given: Arguments<PackPaddedOptions, typeof PACK>
): PackedSequence {
  const op = 'packPaddedSequence'
  const [given0, batchFirst = false, enforceSorted = true] = readPack(given)
  const lengths = numbersOf(op, given0 as Tensor | number[])
  requireTensor(op, 'input', input)
  const steps = batchFirst ? input.transpose(0, 1) : input
  const [longest = 0, count = 0] = steps.shape
  if (steps.ndim < 2 || lengths.length !== count) {
    throw new ShapeError(
      op,
      { input },
      `${lengths.length} lengths are given for ${count} sequences`,
      'one length for each',
    )
  }
  for (const length of lengths) {
    if (Number.isSafeInteger(length) && length >= 1 && length <= longest) continue
    throw new ValueError(
      op,
      { input },
      `lengths are from 1 to ${longest}, not ${length}`,
      'cut them',
    )
  }
  const order = lengths.map((_, i) => i)
  if (enforceSorted) {
    if (lengths.some((length, i) => i > 0 && length > (lengths[i - 1] as number))) {
      throw new ValueError(op, { input }, 'lengths must fall', '{ enforceSorted: false }')
    }
  } else order.sort((a, b) => (lengths[b] as number) - (lengths[a] as number))
  const sorted = enforceSorted ? null : tensor(order, { dtype: 'int64', device: input.device })
  const rows = sorted === null ? steps : steps.indexSelect(1, sorted)
  const most = lengths.length === 0 ? 0 : Math.max(...lengths)
  const sizes = Array.from({ length: most }, (_, t) => lengths.filter((n) => n > t).length)
  const data = cat(sizes.map((size, t) => rows.select(0, t).narrow(0, 0, size)))
  return new PackedSequence(data, tensor(sizes, { dtype: 'int64', device: 'cpu' }), sorted)
}

const PAD = ['batchFirst', 'paddingValue', 'totalLength'] as const
const readPad = parameters<[boolean, number, number | null]>('padPackedSequence', PAD)

export interface PadPackedOptions {
  /** Are batches the first axis of the result, not the second? Default false. */
  batchFirst?: boolean
  /** What fills the rest. Default 0. */
  paddingValue?: number
  /** The length of the result, at least the longest one's, which is the default (null). */
  totalLength?: number | null
}

/**
 * Pads packed sequences, in the order in which they were before packing.
 *
 * Shapes: -> output `[T, N, *]`, or `[N, T, *]` with batchFirst, and lengths int64 `[N]`.
 *
 * @throws {ValueError} if totalLength is shorter than the longest sequence.
 * @see torch.nn.utils.rnn.pad_packed_sequence
 */
export function padPackedSequence(
  sequence: PackedSequence,
  ...given: Arguments<PadPackedOptions, typeof PAD>
): NamedResult<readonly ['output', 'lengths']> {
  const [batchFirst = false, paddingValue = 0, totalLength = null] = readPad(given)
  requireInstance('padPackedSequence', 'sequence', sequence, PackedSequence, 'packSequence([a, b])')
  const { data, unsortedIndices } = sequence
  const sizes = numbersOf('padPackedSequence', sequence.batchSizes)
  const total = totalLength ?? sizes.length
  if (total < sizes.length) {
    throw new ValueError(
      'padPackedSequence',
      { data },
      `totalLength must be at least ${sizes.length}, the longest sequence's, not ${total}`,
      'leave it out',
    )
  }
  const [count = 0] = sizes
  const rest = data.shape.slice(1)
  const { dtype, device } = data
  const steps = data.split(sizes, 0).map((rows, t) => {
    const missing = count - (sizes[t] as number)
    return missing === 0
      ? rows
      : cat([rows, full([missing, ...rest], paddingValue, { dtype, device })])
  })
  while (steps.length < total) steps.push(full([count, ...rest], paddingValue, { dtype, device }))
  const lengths = Array.from({ length: count }, (_, i) => sizes.filter((size) => size > i).length)
  let output = stack(steps, batchFirst ? 1 : 0)
  let sorted = tensor(lengths, { dtype: 'int64', device: 'cpu' }) as Tensor
  if (unsortedIndices !== null) {
    output = output.indexSelect(batchFirst ? 0 : 1, unsortedIndices)
    sorted = sorted.indexSelect(0, unsortedIndices.cpu())
  }
  return namedResult(['output', 'lengths'], [output, sorted])
}

/** @throws {ValueError, ShapeError} unless each has an axis of steps. */
function requireSequences(op: string, sequences: readonly Tensor[]): void {
  requireTensors(op, 'sequences', sequences)
  const scalar = sequences.findIndex((sequence) => sequence.ndim === 0)
  if (scalar < 0) return
  const input = sequences[scalar] as Tensor
  throw new ShapeError(op, { input }, `sequences[${scalar}] has no axis of steps`, 'x.reshape(-1)')
}

const SEQUENCES = ['batchFirst', 'paddingValue', 'paddingSide'] as const
const readSequences = parameters<[boolean, number, 'left' | 'right']>('padSequence', SEQUENCES)

export interface PadSequenceOptions {
  /** Are batches the first axis of the result, not the second? Default false. */
  batchFirst?: boolean
  /** What fills the rest. Default 0. */
  paddingValue?: number
  /** Where it is. Default 'right'. */
  paddingSide?: 'left' | 'right'
}

/**
 * Stacks sequences of different lengths.
 *
 * Shapes: N of `[length, *]` -> `[T, N, *]`, or `[N, T, *]` with batchFirst.
 *
 * @throws {ValueError} for no sequences, or another side. @throws {ShapeError} if they differ behind the
 * first axis.
 * @see torch.nn.utils.rnn.pad_sequence
 */
export function padSequence(
  sequences: readonly Tensor[],
  ...given: Arguments<PadSequenceOptions, typeof SEQUENCES>
): Tensor {
  const op = 'padSequence'
  const [batchFirst = false, paddingValue = 0, paddingSide = 'right'] = readSequences(given)
  if (!Array.isArray(sequences) || sequences.length === 0) {
    throw new ValueError(op, [], 'sequences must be a list of tensors', 'padSequence([a, b])')
  }
  requireSequences(op, sequences)
  if (paddingSide !== 'left' && paddingSide !== 'right') {
    throw new ValueError(
      op,
      [],
      `paddingSide is 'left' or 'right', not ${show(paddingSide)}`,
      "'right'",
    )
  }
  const longest = Math.max(...sequences.map((sequence) => sequence.shape[0] as number))
  const padded = sequences.map((sequence) => {
    const missing = longest - (sequence.shape[0] as number)
    if (missing === 0) return sequence
    const fill = full([missing, ...sequence.shape.slice(1)], paddingValue, {
      dtype: sequence.dtype,
      device: sequence.device,
    })
    return cat(paddingSide === 'left' ? [fill, sequence] : [sequence, fill])
  })
  return stack(padded, batchFirst ? 0 : 1)
}

/**
 * Packs sequences of different lengths: see {@link packPaddedSequence}.
 *
 * Shapes: N of `[length, *]` -> data `[Σ lengths, *]`.
 *
 * @throws {ValueError} for no sequences, or lengths that do not fall unless enforceSorted is false.
 * @see torch.nn.utils.rnn.pack_sequence
 */
export function packSequence(
  sequences: readonly Tensor[],
  enforceSorted: boolean | { enforceSorted?: boolean } = true,
): PackedSequence {
  const sorted =
    typeof enforceSorted === 'object' ? (enforceSorted?.enforceSorted ?? true) : enforceSorted
  requireSequences('packSequence', sequences)
  const lengths = sequences.map((sequence) => sequence.shape[0] as number)
  return packPaddedSequence(padSequence(sequences), lengths, { enforceSorted: sorted })
}

/** What {@link unpadSequence} takes by name. */
export interface UnpadOptions {
  /** How long the sequences are. */
  lengths: Tensor | readonly number[]
  /** Are sequences the first axis, not the second? Default false. */
  batchFirst?: boolean
}

const UNPAD = ['lengths', 'batchFirst'] as const
const readUnpad = parameters<[Tensor | readonly number[], boolean]>('unpadSequence', UNPAD)

/**
 * Takes padded sequences apart.
 *
 * Shapes: `[T, N, *]`, or `[N, T, *]` with batchFirst, lengths `[N]` -> N of `[length, *]`.
 *
 * @throws {IndexError, ShapeError} if the lengths do not fit.
 * @see torch.nn.utils.rnn.unpad_sequence
 */
export function unpadSequence(
  paddedSequences: Tensor,
  ...given: Arguments<UnpadOptions, typeof UNPAD>
): Tensor[] {
  const [lengths, batchFirst = false] = readUnpad(given) as [Tensor | readonly number[], boolean?]
  requireTensor('unpadSequence', 'paddedSequences', paddedSequences)
  const rows = batchFirst ? paddedSequences : paddedSequences.transpose(0, 1)
  return numbersOf('unpadSequence', lengths).map((length, i) =>
    rows.select(0, i).narrow(0, 0, length),
  )
}

/** The permutation that undoes one. @see torch.nn.utils.rnn.invert_permutation */
export function invertPermutation(permutation: Tensor): Tensor {
  requireTensor('invertPermutation', 'permutation', permutation)
  const places = arange(permutation.numel(), { dtype: 'int64', device: permutation.device })
  return zerosLike(permutation).scatter(0, permutation, places)
}
