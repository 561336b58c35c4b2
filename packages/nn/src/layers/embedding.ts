/** Tables of vectors, looked up by number. */
import { noGrad } from '@flambeau/autograd'
import type { BagMode, Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, show } from '@flambeau/core/internal'
import { embedding, embeddingBag } from '../functional/embedding.ts'
import { normal_ } from '../init.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { describe, unless } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'

type Factory = [FactoryOptions['device'], FactoryOptions['dtype']]

/** What both kinds of tables are looked up with. */
export interface EmbeddingSettings {
  /** A row that stays as it is: zero at first; negative ones count from the back. Default null. */
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

interface Table extends FactoryOptions {
  /** How many rows there are. */
  numEmbeddings: number
  /** The length of each. */
  embeddingDim: number
  /** The table itself, `[numEmbeddings, embeddingDim]`, in place of a drawn one. Default null. */
  _weight?: Tensor | null
}

export interface EmbeddingLayerOptions extends Table, EmbeddingSettings {
  /** Learn nothing. Default false. */
  _freeze?: boolean
}

function paddingRow(op: string, row: number | null | undefined, rows: number): number | null {
  if (row === null || row === undefined) return null
  if (Number.isSafeInteger(row) && row >= -rows && row < rows) return row < 0 ? row + rows : row
  throw new ValueError(
    op,
    { paddingIdx: row, numEmbeddings: rows },
    `paddingIdx must be a row of the table, from ${-rows} to ${rows - 1}, not ${show(row)}`,
    'name a row, or leave paddingIdx out',
  )
}

/** A drawn table whose padding is zero, or the given one. */
function makeTable(
  op: string,
  shape: readonly [number, number],
  given: Tensor | null,
  factory: FactoryOptions,
): Parameter {
  if (given === null) return newParameter(shape, factory)
  if (given.shape.join() !== shape.join()) {
    throw new ShapeError(
      op,
      { _weight: given },
      `the table must be [${shape.join(', ')}]`,
      'numEmbeddings and embeddingDim are its sizes',
    )
  }
  return given instanceof Parameter ? given : new Parameter(given)
}

function drawTable(weight: Tensor, padding: number | null): void {
  normal_(weight)
  if (padding !== null) noGrad(() => weight.select(0, padding).zero_())
}

function requireMatrix(op: string, embeddings: Tensor): [number, number] {
  if (embeddings.ndim === 2) return embeddings.shape as unknown as [number, number]
  throw new ShapeError(op, { embeddings }, 'a table has two axes: [rows, D]', 'reshape it')
}

const EMBEDDING = [
  'numEmbeddings',
  'embeddingDim',
  'paddingIdx',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'sparse',
  '_weight',
  '_freeze',
  'device',
  'dtype',
] as const

const readEmbedding = parameters<
  [
    number,
    number,
    number | null,
    number | null,
    number,
    boolean,
    boolean,
    Tensor | null,
    boolean,
    ...Factory,
  ]
>('Embedding', EMBEDDING)

const PRETRAINED = [
  'freeze',
  'paddingIdx',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'sparse',
] as const

const readPretrained = parameters<
  [boolean, number | null, number | null, number, boolean, boolean]
>('Embedding.fromPretrained', PRETRAINED)

/**
 * A table of vectors: gives the rows that its input names.
 *
 * Shapes: input `[*]` -> `[*, embeddingDim]`; weight `[numEmbeddings, embeddingDim]`, drawn from a
 * standard normal distribution, the row of `paddingIdx` zero. Dtype: input int64 or int32.
 *
 * @throws {ValueError} for sizes that are no whole numbers ≥ 0, or a paddingIdx outside of the table.
 * @throws {IndexError} naming an index out of range.
 * @see torch.nn.Embedding
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Embedding } from '@flambeau/nn'
 * const words = new Embedding(10, 3, { paddingIdx: 0 })
 * console.log(words(tensor([[1, 2], [3, 0]])).shape) // => [ 2, 2, 3 ]
 * ```
 */
export class Embedding extends Module {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly paddingIdx: number | null
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  readonly sparse: boolean
  weight: Parameter

  constructor(...given: Arguments<EmbeddingLayerOptions, typeof EMBEDDING>) {
    super()
    const read = readEmbedding(given)
    const [numEmbeddings, embeddingDim, padding, maxNorm = null, normType = 2] = read
    requireCounts('Embedding', { numEmbeddings, embeddingDim }, 0)
    this.numEmbeddings = numEmbeddings as number
    this.embeddingDim = embeddingDim as number
    this.paddingIdx = paddingRow('Embedding', padding, this.numEmbeddings)
    this.maxNorm = maxNorm
    this.normType = normType
    this.scaleGradByFreq = read[5] ?? false
    this.sparse = read[6] ?? false
    const shape = [this.numEmbeddings, this.embeddingDim] as const
    const table = read[7] ?? null
    this.weight = makeTable('Embedding', shape, table, { device: read[9], dtype: read[10] })
    if (table === null) this.resetParameters()
    if (read[8] === true) this.weight.requiresGrad = false
  }

  /** Draws new initial values. */
  resetParameters(): void {
    drawTable(this.weight, this.paddingIdx)
  }

  /**
   * A layer around a table `[rows, D]`, which it shares; not learnt unless `freeze` is false.
   *
   * @throws {ShapeError} unless the table has two axes.
   * @see torch.nn.Embedding.from_pretrained
   */
  static fromPretrained(
    embeddings: Tensor,
    ...given: Arguments<EmbeddingSettings & { freeze?: boolean }, typeof PRETRAINED>
  ): Embedding {
    const [freeze = true, paddingIdx, maxNorm, normType, scale, sparse] = readPretrained(given)
    const [numEmbeddings, embeddingDim] = requireMatrix('Embedding.fromPretrained', embeddings)
    return new Embedding({
      numEmbeddings,
      embeddingDim,
      paddingIdx: paddingIdx ?? null,
      maxNorm: maxNorm ?? null,
      normType: normType ?? 2,
      scaleGradByFreq: scale ?? false,
      sparse: sparse ?? false,
      _weight: embeddings,
      _freeze: freeze,
    })
  }

  override forward(input: Tensor): Tensor {
    const { weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = this
    return embedding(input, weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse)
  }

  override extraRepr(): string {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this
    const settings = describe({
      paddingIdx: unless(null, paddingIdx),
      maxNorm: unless(null, maxNorm),
      normType: unless(2, normType),
      scaleGradByFreq: unless(false, scaleGradByFreq),
      sparse: unless(false, this.sparse),
    })
    return `${this.numEmbeddings}, ${this.embeddingDim}${settings === '' ? '' : `, ${settings}`}`
  }
}

export interface EmbeddingBagLayerOptions extends Table, EmbeddingSettings {
  /** What becomes of the rows of a bag. Default 'mean'. */
  mode?: BagMode
  /** Is the last offset the end of the last bag? Default false. */
  includeLastOffset?: boolean
}

const BAG = [
  'numEmbeddings',
  'embeddingDim',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  '_weight',
  'includeLastOffset',
  'paddingIdx',
  'device',
  'dtype',
] as const

const readBag = parameters<
  [
    number,
    number,
    number | null,
    number,
    boolean,
    BagMode,
    boolean,
    Tensor | null,
    boolean,
    number | null,
    ...Factory,
  ]
>('EmbeddingBag', BAG)

const PRETRAINED_BAG = [
  'freeze',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'includeLastOffset',
  'paddingIdx',
] as const

const readPretrainedBag = parameters<
  [boolean, number | null, number, boolean, BagMode, boolean, boolean, number | null]
>('EmbeddingBag.fromPretrained', PRETRAINED_BAG)

interface PretrainedBag extends EmbeddingSettings {
  freeze?: boolean
  mode?: BagMode
  includeLastOffset?: boolean
}

/** What a call of {@link EmbeddingBag} takes behind its indices. */
export interface BagCallOptions {
  /** Where bags begin, `[bags]`. Default null. */
  offsets?: Tensor | null
  /** A factor for each index, for mode 'sum'. Default null. */
  perSampleWeights?: Tensor | null
}

const BAG_CALL = ['offsets', 'perSampleWeights'] as const
const readBagCall = parameters<[Tensor | null, Tensor | null]>('EmbeddingBag', BAG_CALL)

/**
 * Sums, means or maxima of the rows of a table that each bag of indices names.
 *
 * Shapes: input `[bags, n]`, or `[n]` with offsets `[bags]`; perSampleWeights as input, for mode
 * 'sum' -> `[bags, embeddingDim]`; weight `[numEmbeddings, embeddingDim]`, drawn from a standard
 * normal distribution. Dtype: input int64 or int32.
 *
 * @throws {ValueError} for sizes that are no whole numbers ≥ 0, or a paddingIdx outside of the table.
 * @throws {IndexError} naming an index out of range.
 * @see torch.nn.EmbeddingBag
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { EmbeddingBag } from '@flambeau/nn'
 * const bags = new EmbeddingBag(10, 3, { mode: 'sum' })
 * console.log(bags(tensor([1, 2, 4, 5]), tensor([0, 3])).shape) // => [ 2, 3 ]
 * ```
 */
export class EmbeddingBag extends Module<
  [input: Tensor, ...given: Arguments<BagCallOptions, typeof BAG_CALL>]
> {
  readonly numEmbeddings: number
  readonly embeddingDim: number
  readonly maxNorm: number | null
  readonly normType: number
  readonly scaleGradByFreq: boolean
  readonly mode: BagMode
  readonly sparse: boolean
  readonly includeLastOffset: boolean
  readonly paddingIdx: number | null
  weight: Parameter

  constructor(...given: Arguments<EmbeddingBagLayerOptions, typeof BAG>) {
    super()
    const read = readBag(given)
    const [numEmbeddings, embeddingDim, maxNorm = null, normType = 2, scale = false] = read
    requireCounts('EmbeddingBag', { numEmbeddings, embeddingDim }, 0)
    this.numEmbeddings = numEmbeddings as number
    this.embeddingDim = embeddingDim as number
    this.maxNorm = maxNorm
    this.normType = normType
    this.scaleGradByFreq = scale
    this.mode = read[5] ?? 'mean'
    this.sparse = read[6] ?? false
    this.includeLastOffset = read[8] ?? false
    this.paddingIdx = paddingRow('EmbeddingBag', read[9], this.numEmbeddings)
    const shape = [this.numEmbeddings, this.embeddingDim] as const
    const table = read[7] ?? null
    this.weight = makeTable('EmbeddingBag', shape, table, { device: read[10], dtype: read[11] })
    if (table === null) this.resetParameters()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    drawTable(this.weight, this.paddingIdx)
  }

  /**
   * A layer around a table `[rows, D]`, which it shares; not learnt unless `freeze` is false.
   *
   * @throws {ShapeError} unless the table has two axes.
   * @see torch.nn.EmbeddingBag.from_pretrained
   */
  static fromPretrained(
    embeddings: Tensor,
    ...given: Arguments<PretrainedBag, typeof PRETRAINED_BAG>
  ): EmbeddingBag {
    const read = readPretrainedBag(given)
    const [numEmbeddings, embeddingDim] = requireMatrix('EmbeddingBag.fromPretrained', embeddings)
    const layer = new EmbeddingBag({
      numEmbeddings,
      embeddingDim,
      maxNorm: read[1] ?? null,
      normType: read[2] ?? 2,
      scaleGradByFreq: read[3] ?? false,
      mode: read[4] ?? 'mean',
      sparse: read[5] ?? false,
      includeLastOffset: read[6] ?? false,
      paddingIdx: read[7] ?? null,
      _weight: embeddings,
    })
    layer.weight.requiresGrad = !(read[0] ?? true)
    return layer
  }

  override forward(input: Tensor, ...given: Arguments<BagCallOptions, typeof BAG_CALL>): Tensor {
    const [offsets = null, perSampleWeights = null] = readBagCall(given)
    const { weight, maxNorm, normType, scaleGradByFreq, mode, sparse } = this
    return embeddingBag(
      input,
      weight,
      offsets,
      maxNorm,
      normType,
      scaleGradByFreq,
      mode,
      sparse,
      perSampleWeights,
      this.includeLastOffset,
      this.paddingIdx,
    )
  }

  override extraRepr(): string {
    const settings = describe({
      maxNorm: unless(null, this.maxNorm),
      normType: unless(2, this.normType),
      scaleGradByFreq: unless(false, this.scaleGradByFreq),
      mode: this.mode,
      paddingIdx: unless(null, this.paddingIdx),
    })
    return `${this.numEmbeddings}, ${this.embeddingDim}, ${settings}`
  }
}
