/** Sums, means or maxima over bags of embeddings. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { arange, onesLike, zeros } from '../creation.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { requireTable, takeRows } from './embedding.ts'

/** What becomes of the rows of a bag. */
export type BagMode = 'sum' | 'mean' | 'max'

const MODES: readonly BagMode[] = ['sum', 'mean', 'max'] // by PyTorch's code

/** The result; the bag of each index; how many rows each bag has; the rows of the maxima. */
export type EmbeddingBags = NamedResult<readonly ['output', 'offset2bag', 'bagSize', 'maxIndices']>

/** A call with all arguments read. @internal */
export interface BagCall {
  mode: BagMode
  scaleGradByFreq: boolean
  perSampleWeights: Tensor | null
  includeLastOffset: boolean
  /** A row that does not count; -1 for none. */
  paddingIdx: number
}

/** Which bag each index belongs to, and how many bags there are. */
function bagsOf(
  op: string,
  indices: Tensor,
  offsets: Tensor,
  includeLastOffset: boolean,
): { bags: Tensor; count: number } {
  requireTensor(op, 'offsets', offsets)
  if (indices.ndim !== 1 || offsets.ndim !== 1) {
    throw new ShapeError(
      op,
      { indices, offsets },
      'indices and offsets must have one axis',
      'offsets says where each bag begins',
    )
  }
  if (offsets._dtype !== indices._dtype) {
    throw new DTypeError(
      op,
      { indices, offsets },
      'indices and offsets must have the same dtype',
      "convert: offsets.to('int64')",
    )
  }
  const starts = offsets.numel()
  const count = includeLastOffset ? starts - 1 : starts
  if (count < 0) {
    throw new ShapeError(
      op,
      { indices, offsets },
      'with includeLastOffset there is at least one offset',
      'its last element is the number of indices',
    )
  }
  const n = indices.numel()
  if (count === 0) return { bags: zeros([0], { dtype: 'int64', device: indices.device }), count }
  const first = offsets.select(0, 0).item()
  const last = offsets.select(0, starts - 1).item()
  const falls = offsets.narrow(0, 1, starts - 1).lt(offsets.narrow(0, 0, starts - 1))
  if (first !== 0 || last > n || falls.any().item()) {
    throw new ValueError(
      op,
      { indices, offsets },
      first !== 0
        ? `offsets[0] must be 0, not ${first}`
        : last > n
          ? `offsets[-1] (${last}) must be at most the number of indices (${n})`
          : 'offsets must not fall',
      'offsets says where each bag begins',
    )
  }
  // Each start after the first raises the number of the bag from there on.
  const inner = offsets.narrow(0, 1, count - 1).to('int64')
  const rises = zeros([n + 1], { dtype: 'int64', device: indices.device }).indexAdd(
    0,
    inner,
    onesLike(inner),
  )
  return { bags: rises.narrow(0, 0, n).cumsum(0), count }
}

function checkCall(op: string, weight: Tensor, indices: Tensor, call: BagCall): void {
  const { mode, perSampleWeights } = call
  if (perSampleWeights === null) return
  requireTensor(op, 'perSampleWeights', perSampleWeights)
  const inputs = { weight, indices, perSampleWeights }
  if (mode !== 'sum') {
    throw new ValueError(
      op,
      inputs,
      `perSampleWeights are for mode 'sum', not '${mode}'`,
      "pass mode: 'sum'",
    )
  }
  if (perSampleWeights._dtype !== weight._dtype) {
    throw new DTypeError(
      op,
      inputs,
      'perSampleWeights must have the dtype of weight',
      `convert: perSampleWeights.to('${weight.dtype}')`,
    )
  }
  if (perSampleWeights.ndim !== 1 || perSampleWeights.numel() !== indices.numel()) {
    throw new ShapeError(
      op,
      inputs,
      `perSampleWeights must be [${indices.numel()}], one factor for each index`,
      'give each index a factor',
    )
  }
}

/** The largest of each bag's rows, and where among the indices it stands; 0 for empty bags. */
function maxOfBags(
  rows: Tensor,
  bags: Tensor,
  sizes: Tensor,
  counts: Tensor | null,
): { values: Tensor; places: Tensor } {
  const [n, width] = rows._shape as readonly [number, number]
  const bagCount = sizes.numel()
  const longest = bagCount === 0 ? 0 : sizes.max().item()
  if (longest === 0) {
    const values = zeros([bagCount, width], { dtype: rows.dtype, device: rows.device })
    return { values, places: zeros([bagCount, width], { dtype: 'int64', device: rows.device }) }
  }
  // Bags as rows of a table of places; n where a bag is shorter.
  const begins = sizes.cumsum(0).sub(sizes)
  const position = arange(n, { dtype: 'int64', device: rows.device })
  const slot = bags.mul(longest).add(position.sub(begins.indexSelect(0, bags)))
  let table = zeros([bagCount * longest], { dtype: 'int64', device: rows.device }).add(n)
  table = table.indexCopy(
    0,
    slot,
    counts === null ? position : position.maskedFill(counts.eq(0), n),
  )
  const missing = table.eq(n)
  const members = rows
    .indexSelect(0, table.maskedFill(missing, 0))
    .maskedFill(missing.unsqueeze(1), Number.NEGATIVE_INFINITY)
    .reshape([bagCount, longest, width])
  const { values, indices } = members.max(1)
  const empty = missing.reshape([bagCount, longest]).all(1).unsqueeze(1)
  const row = arange(bagCount, { dtype: 'int64', device: rows.device }).mul(longest).unsqueeze(1)
  const places = table.indexSelect(0, indices.add(row).flatten()).reshape(indices.shape)
  return {
    values: values.maskedFill(empty, 0),
    places: places.maskedFill(empty, 0),
  }
}

/** The bags of indices with one axis. @internal */
export function embedBags(
  op: string,
  weight: Tensor,
  indices: Tensor,
  offsets: Tensor,
  call: BagCall,
): EmbeddingBags {
  requireTable(op, weight, indices)
  checkCall(op, weight, indices, call)
  const { bags, count } = bagsOf(op, indices, offsets, call.includeLastOffset)
  const { mode, paddingIdx, scaleGradByFreq, perSampleWeights } = call
  const width = weight._shape[1] as number
  const whole = { dtype: indices.dtype, device: indices.device }
  if (count === 0) {
    const none = zeros([0], whole)
    const output = weight.narrow(0, 0, 0).mul(1)
    return namedResult(
      ['output', 'offset2bag', 'bagSize', 'maxIndices'],
      [output, none, none, none],
    )
  }
  let rows = takeRows(weight, indices, { paddingIdx, scaleGradByFreq })
  // 1 where an index counts, 0 for padding.
  const counts = paddingIdx < 0 ? null : indices.ne(paddingIdx).to('int64')
  const sum = (what: Tensor, shape: readonly number[]): Tensor =>
    zeros(shape, { dtype: what.dtype, device: what.device }).indexAdd(0, bags, what)
  const sizes = sum(counts ?? onesLike(bags), [count])
  const offset2bag = mode === 'sum' && counts === null ? zeros([0], whole) : bags.to(indices.dtype)
  const bagSize = sizes.to(indices.dtype)
  if (mode === 'max') {
    const lengths = counts === null ? sizes : sum(onesLike(bags), [count])
    const { values, places } = maxOfBags(rows, bags, lengths, counts)
    const named = indices.numel() === 0 ? places : indices.take(places)
    const empty = sizes.eq(0).unsqueeze(1)
    const maxIndices = named.maskedFill(empty, 0).to(indices.dtype)
    return namedResult(
      ['output', 'offset2bag', 'bagSize', 'maxIndices'],
      [values, offset2bag, bagSize, maxIndices],
    )
  }
  if (counts !== null) rows = rows.maskedFill(counts.eq(0).unsqueeze(1), 0)
  if (perSampleWeights !== null) rows = rows.mul(perSampleWeights.unsqueeze(1))
  let output = sum(rows, [count, width])
  if (mode === 'sum') {
    const none = zeros([offsets.numel()], whole)
    return namedResult(
      ['output', 'offset2bag', 'bagSize', 'maxIndices'],
      [output, offset2bag, none, none],
    )
  }
  output = output.div(sizes.clampMin(1).to(weight.dtype).unsqueeze(1))
  return namedResult(
    ['output', 'offset2bag', 'bagSize', 'maxIndices'],
    [output, offset2bag, bagSize, bagSize],
  )
}

/** A mode by name or by PyTorch's number. @internal */
export function bagMode(op: string, mode: BagMode | number): BagMode {
  const name = typeof mode === 'number' ? MODES[mode] : mode
  if (name !== undefined && MODES.includes(name)) return name
  throw new ValueError(
    op,
    [{ name: 'mode', description: show(mode) }],
    "mode must be 'sum', 'mean' or 'max'",
    "mode: 'sum'",
  )
}

export interface EmbeddingBagOptions {
  /** Which rows, `[n]`, int64 or int32. */
  indices: Tensor
  /** Where each bag begins, `[bags]`, rising from 0. */
  offsets: Tensor
  /** Divide each row's gradient by how often it is named. Default false. */
  scaleGradByFreq?: boolean
  /** What becomes of the rows of a bag, by name or as 0, 1, 2. Default 'sum'. */
  mode?: BagMode | 0 | 1 | 2
  /** Taken for PyTorch's sake: gradients are dense here. Default false. */
  sparse?: boolean
  /** A factor for each index, `[n]`, for mode 'sum'. Default null. */
  perSampleWeights?: Tensor | null
  /** Is the last offset the end of the last bag? Default false. */
  includeLastOffset?: boolean
  /** A row that does not count; -1 or null for none. Default null. */
  paddingIdx?: number | null
}

const NAMES = [
  'indices',
  'offsets',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'perSampleWeights',
  'includeLastOffset',
  'paddingIdx',
] as const

type BagParameters = [
  Tensor,
  Tensor,
  boolean,
  BagMode | number,
  boolean,
  Tensor | null,
  boolean,
  number | null,
]

const readEmbeddingBag = parameters<BagParameters>('embeddingBag', NAMES)

/**
 * Sums, means or maxima of the rows of `weight` that each bag of indices names: bag b are the indices
 * from offsets[b] to offsets[b + 1]. An empty bag gives zeros.
 *
 * The order of the arguments is that of torch.embedding_bag, not of nn.functional.embedding_bag.
 *
 * Shapes: weight `[rows, D]`, indices `[n]`, offsets `[bags]` -> output `[bags, D]`; then, as
 * PyTorch's kernels leave them, the bag of each index, the size of each bag, and for 'max' the rows
 * of the maxima, `[bags, D]`. Dtype: of weight; the others that of indices.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} naming an index
 * out of range. @throws {ValueError} for offsets that do not rise from 0, or another mode.
 * @see torch.embedding_bag
 */
export function embeddingBag(
  weight: Tensor,
  ...given: Arguments<EmbeddingBagOptions, typeof NAMES>
): EmbeddingBags {
  const op = 'embeddingBag'
  const read = readEmbeddingBag(given)
  const [indices, offsets, scaleGradByFreq = false, mode = 'sum', , weights = null] = read
  const [, , , , , , includeLastOffset = false, paddingIdx] = read
  return embedBags(op, weight, indices as Tensor, offsets as Tensor, {
    mode: bagMode(op, mode),
    scaleGradByFreq,
    perSampleWeights: weights,
    includeLastOffset,
    paddingIdx: paddingIdx ?? -1,
  })
}
