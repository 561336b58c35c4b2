/** Embeddings in nn.functional's order of arguments, which is not torch's. */
import type { BagMode, Tensor } from '@flambeau/core'
import { arange, ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import {
  bagMode,
  embedBags,
  paddingRow,
  parameters,
  renormRows,
  requireTable,
  requireTensor,
  takeRows,
} from '@flambeau/core/internal'

export interface EmbeddingOptions {
  /** The table, `[rows, D]`. */
  weight: Tensor
  /** A row whose gradient stays 0; negative ones count from the back. Default null: none. */
  paddingIdx?: number | null
  /** Scale the rows that are named, in place, so that none has a larger norm. Default null. */
  maxNorm?: number | null
  /** The p of that norm. Default 2. */
  normType?: number
  /** Divide each row's gradient by how often it is named. Default false. */
  scaleGradByFreq?: boolean
  /** Taken for PyTorch's sake: gradients are dense here. Default false. */
  sparse?: boolean
}

const NAMES = ['weight', 'paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'] as const

const readEmbedding = parameters<[Tensor, number | null, number | null, number, boolean, boolean]>(
  'embedding',
  NAMES,
)

/**
 * The rows of `weight` that `input` names. See core's embedding, which takes torch.embedding's order.
 *
 * Shapes: input `[*]`, weight `[rows, D]` -> `[*, D]`. Dtype: of weight; input int64 or int32.
 *
 * @throws {ShapeError} if weight is not a matrix. @throws {DTypeError} for other indices.
 * @throws {IndexError} naming an index, or a paddingIdx, out of range.
 * @see torch.nn.functional.embedding
 */
export function embedding(
  input: Tensor,
  ...given: Arguments<EmbeddingOptions, typeof NAMES>
): Tensor {
  const read = readEmbedding(given)
  const [table, padding = null, maxNorm = null, normType = 2, scaleGradByFreq = false] = read
  const weight = table as Tensor
  requireTable('embedding', weight, input)
  const paddingIdx = paddingRow('embedding', weight, padding)
  if (maxNorm !== null) renormRows(weight, input, maxNorm, normType)
  return takeRows(weight, input, { paddingIdx, scaleGradByFreq })
}

export interface EmbeddingBagOptions {
  /** The table, `[rows, D]`. */
  weight: Tensor
  /** Where each bag begins, `[bags]`, for an input with one axis. Default null. */
  offsets?: Tensor | null
  /** Scale the rows that are named, in place, so that none has a larger norm. Default null. */
  maxNorm?: number | null
  /** The p of that norm. Default 2. */
  normType?: number
  /** Divide each row's gradient by how often it is named. Default false. */
  scaleGradByFreq?: boolean
  /** What becomes of the rows of a bag. Default 'mean'. */
  mode?: BagMode
  /** Taken for PyTorch's sake: gradients are dense here. Default false. */
  sparse?: boolean
  /** A factor for each index, of the input's shape, for mode 'sum'. Default null. */
  perSampleWeights?: Tensor | null
  /** Is the last offset the end of the last bag? Default false. */
  includeLastOffset?: boolean
  /** A row that does not count; negative ones count from the back. Default null: none. */
  paddingIdx?: number | null
}

const BAG_NAMES = [
  'weight',
  'offsets',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'perSampleWeights',
  'includeLastOffset',
  'paddingIdx',
] as const

type BagParameters = [
  Tensor,
  Tensor | null,
  number | null,
  number,
  boolean,
  BagMode,
  boolean,
  Tensor | null,
  boolean,
  number | null,
]

const readEmbeddingBag = parameters<BagParameters>('embeddingBag', BAG_NAMES)

/** Bags of the input as it may come: a list with offsets, or a row for each bag. */
function listOf(input: Tensor, offsets: Tensor | null): { indices: Tensor; offsets: Tensor } {
  if (input.ndim === 1 && offsets !== null) return { indices: input, offsets }
  if (input.ndim === 2 && offsets === null) {
    const [rows, length] = input.shape as readonly [number, number]
    const starts = arange(rows, { dtype: input.dtype as 'int64', device: input.device }).mul(length)
    return { indices: input.flatten(), offsets: starts }
  }
  throw new ShapeError(
    'embeddingBag',
    { input, offsets },
    input.ndim === 2
      ? 'an input with two axes has a bag in each row, and takes no offsets'
      : `input must be [bags, n], or [n] with offsets, but has ${input.ndim} axes`,
    'pass offsets: where each bag begins',
  )
}

/**
 * Sums, means or maxima of the rows of `weight` that each bag of indices names. See core's
 * embeddingBag, which takes torch.embedding_bag's order.
 *
 * Shapes: input `[bags, n]`, or `[n]` with offsets `[bags]`; weight `[rows, D]` -> `[bags, D]`.
 * Dtype: of weight; input int64 or int32.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} naming an index
 * out of range. @throws {ValueError} for offsets that do not rise from 0, or another mode.
 * @see torch.nn.functional.embedding_bag
 */
export function embeddingBag(
  input: Tensor,
  ...given: Arguments<EmbeddingBagOptions, typeof BAG_NAMES>
): Tensor {
  const op = 'embeddingBag'
  const read = readEmbeddingBag(given)
  const [table, offsets = null, maxNorm = null, normType = 2, scaleGradByFreq = false] = read
  const [, , , , , mode = 'mean', , factors = null, includeLastOffset = false] = read
  const weight = table as Tensor
  requireTable(op, weight, input)
  if (factors !== null) requireTensor(op, 'perSampleWeights', factors)
  if (offsets !== null) requireTensor(op, 'offsets', offsets)
  if (factors !== null && factors.shape.join() !== input.shape.join()) {
    throw new ShapeError(
      op,
      { input, perSampleWeights: factors },
      'perSampleWeights must have the shape of input',
      'give each index a factor',
    )
  }
  if (scaleGradByFreq && mode === 'max') {
    throw new ValueError(
      op,
      { input },
      "scaleGradByFreq is not for mode 'max'",
      'leave it out, or use another mode',
    )
  }
  const paddingIdx = paddingRow(op, weight, read[9] ?? null)
  const list = listOf(input, offsets)
  if (maxNorm !== null) renormRows(weight, input, maxNorm, normType)
  const call = {
    mode: bagMode(op, mode),
    scaleGradByFreq,
    perSampleWeights: factors === null ? null : factors.flatten(),
    includeLastOffset,
    paddingIdx,
  }
  return embedBags(op, weight, list.indices, list.offsets, call).output
}
