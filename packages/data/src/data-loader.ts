import type { Generator as RandomGenerator } from '@flambeau/core'
import { randperm, ValueError } from '@flambeau/core'
import { defaultCollate } from './collate.ts'
import type { Dataset } from './dataset.ts'

export interface DataLoaderOptions<Sample, Batch> {
  /** Samples in a batch. Default 1. */
  batchSize?: number
  /** A new random order for each epoch. Default false. */
  shuffle?: boolean
  /** Leave out the last batch if it is smaller. Default false. */
  dropLast?: boolean
  /** Where the order comes from. Default: the default generator, which `manualSeed` seeds. */
  generator?: RandomGenerator
  /** Makes a batch of samples. Default {@link defaultCollate}, or the dataset's own `getBatch`. */
  collate?: (samples: Sample[]) => Batch
}

/** What collating samples gives: tensors where the samples have numbers or tensors. */
type Collated<Sample, Batch> = unknown extends Batch ? Sample : Batch

/**
 * Batches of a dataset, in order or shuffled. Iterate with `for await` or `for`; each iteration is
 * one epoch. The order depends on the generator's state at the start of the epoch only.
 *
 * @throws {ValueError} unless `batchSize` is a whole number ≥ 1.
 * @see torch.utils.data.DataLoader
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { DataLoader, TensorDataset } from '@flambeau/data'
 * const loader = new DataLoader(new TensorDataset(arange(5)), { batchSize: 2 })
 * for await (const [x] of loader) console.log(x.tolist())
 * // [ 0, 1 ]
 * // [ 2, 3 ]
 * // [ 4 ]
 * ```
 */
export class DataLoader<Sample, Batch = unknown> {
  readonly dataset: Dataset<Sample, Batch>
  readonly batchSize: number
  readonly shuffle: boolean
  readonly dropLast: boolean
  readonly #generator: RandomGenerator | undefined
  readonly #collate: ((samples: Sample[]) => Batch) | undefined

  constructor(dataset: Dataset<Sample, Batch>, options: DataLoaderOptions<Sample, Batch> = {}) {
    const { batchSize = 1, shuffle = false, dropLast = false, generator, collate } = options
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ValueError(
        'DataLoader',
        { batchSize },
        `batchSize must be a whole number ≥ 1, not ${batchSize}`,
        '{ batchSize: 64 }',
      )
    }
    this.dataset = dataset
    this.batchSize = batchSize
    this.shuffle = shuffle
    this.dropLast = dropLast
    this.#generator = generator
    this.#collate = collate
  }

  /** Number of batches in an epoch. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  /** Sample indices of each batch of a new epoch. */
  *#batches(): Generator<number[]> {
    const total = this.dataset.length
    const order = this.shuffle ? randperm(total, { generator: this.#generator }).toArray() : null
    for (let batch = 0; batch < this.length; batch++) {
      const start = batch * this.batchSize
      const end = Math.min(start + this.batchSize, total)
      yield order === null
        ? Array.from({ length: end - start }, (_, i) => start + i)
        : Array.from(order.subarray(start, end))
    }
  }

  #read(indices: readonly number[]): Collated<Sample, Batch> {
    const { dataset } = this
    if (this.#collate === undefined && dataset.getBatch !== undefined) {
      return dataset.getBatch(indices) as Collated<Sample, Batch>
    }
    const samples = indices.map((index) => dataset.getItem(index) as Sample)
    const collate = this.#collate ?? (defaultCollate as (samples: Sample[]) => Batch)
    return collate(samples) as Collated<Sample, Batch>
  }

  *[Symbol.iterator](): Generator<Collated<Sample, Batch>> {
    for (const indices of this.#batches()) yield this.#read(indices)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Collated<Sample, Batch>> {
    for (const indices of this.#batches()) yield this.#read(indices)
  }
}
