/** Datasets made of others. */
import type { Generator as RandomGenerator } from '@flambeau/core'
import { IndexError, randperm, ValueError } from '@flambeau/core'
import { requireIterable, requireList, show } from '@flambeau/core/internal'
import type { SampleContext, WorkerRecipe } from './dataset.ts'
import { checkSample, Dataset, IterableDataset } from './dataset.ts'
import { recipeOf } from './loader/recipe.ts'

/** Samples of `dataset` by whichever of its methods is the fastest. @internal */
function readItems<Sample>(
  dataset: Pick<Dataset<Sample>, 'getItem' | 'getItems'>,
  indices: readonly number[],
  contexts?: readonly SampleContext[],
): (Sample | Promise<Sample>)[] | Promise<Sample[]> {
  requireList('getItems', 'indices', indices, 'a list of numbers')
  if (dataset.getItems === undefined) {
    return indices.map((index, i) => dataset.getItem(index, contexts?.[i]))
  }
  const samples = dataset.getItems(indices, contexts)
  return samples instanceof Promise
    ? samples.then((all) => checkCount(all, indices))
    : checkCount(samples, indices)
}

function checkCount<Sample>(samples: Sample[], indices: readonly number[]): Sample[] {
  if (Array.isArray(samples) && samples.length === indices.length) return samples
  throw new ValueError(
    'getItems',
    [],
    Array.isArray(samples)
      ? `a dataset gave ${samples.length} samples for ${indices.length} indices`
      : 'a dataset gave no array of samples',
    'return one sample for each index, in their order',
  )
}

/** @throws {ValueError} unless `datasets` can be iterated over. */
function requireDatasets(op: string, datasets: unknown): void {
  requireIterable(op, 'datasets', datasets, 'a list', `new ${op}([first, second])`)
}

/** All of them at once if none is a promise. */
function settle<T>(values: (T | Promise<T>)[] | Promise<T[]>): T[] | Promise<T[]> {
  if (values instanceof Promise) return values
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[])
}

/**
 * Some samples of another dataset.
 *
 * @throws {IndexError} if an index is outside of it.
 * @see torch.utils.data.Subset
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { Subset, TensorDataset } from '@flambeau/data'
 * const part = new Subset(new TensorDataset(arange(10)), [7, 2])
 * console.log(part.length, part.getItem(0)[0].item()) // => 2 7
 * ```
 */
export class Subset<
  Sample,
  Batch = unknown,
  D extends Dataset<Sample, Batch> = Dataset<Sample, Batch>,
> extends Dataset<Sample, Batch> {
  readonly dataset: D
  readonly indices: readonly number[]
  override readonly length: number

  constructor(dataset: D & Dataset<Sample, Batch>, indices: readonly number[]) {
    super()
    requireDataset('Subset', dataset)
    this.dataset = dataset
    requireList('Subset', 'indices', indices, 'a list of numbers')
    this.indices = Array.from(indices, (index) => checkSample('Subset', index, dataset.length))
    this.length = this.indices.length
    // What a subclass does to samples must not be passed by.
    if (this.getItem !== Subset.prototype.getItem) return
    const source: Dataset<Sample, Batch> = dataset
    const places = (batch: readonly number[]): number[] => batch.map((i) => this.#place(i))
    if (source.getBatch !== undefined && this.getBatch === undefined) {
      this.getBatch = (batch, contexts) => source.getBatch?.(places(batch), contexts) as Batch
    }
    if (source.getItems !== undefined && this.getItems === undefined) {
      this.getItems = (batch, contexts) => source.getItems?.(places(batch), contexts) as Sample[]
    }
  }

  #place(index: number): number {
    return this.indices[checkSample('Subset', index, this.length)] as number
  }

  override getItem(index: number, context?: SampleContext): ReturnType<D['getItem']> {
    return this.dataset.getItem(this.#place(index), context) as ReturnType<D['getItem']>
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, Subset, import.meta.url, [this.dataset, this.indices])
  }
}

/**
 * Datasets one after another, as one.
 *
 * @throws {ValueError} without datasets, or if one is an {@link IterableDataset}.
 * @see torch.utils.data.ConcatDataset
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { ConcatDataset, TensorDataset } from '@flambeau/data'
 * const both = new ConcatDataset([new TensorDataset(arange(3)), new TensorDataset(arange(10, 14))])
 * const [x] = await both.getItem(4)
 * console.log(both.length, x.item()) // => 7 11
 * ```
 */
export class ConcatDataset<Sample, Batch = unknown> extends Dataset<Sample, Batch> {
  readonly datasets: readonly Dataset<Sample, Batch>[]
  /** Samples up to the end of each dataset. */
  readonly cumulativeSizes: readonly number[]

  constructor(datasets: Iterable<Dataset<Sample, Batch>>) {
    super()
    requireDatasets('ConcatDataset', datasets)
    this.datasets = [...datasets]
    if (this.datasets.length === 0) {
      throw new ValueError('ConcatDataset', [], 'at least one dataset is needed', 'pass a list')
    }
    let total = 0
    this.cumulativeSizes = this.datasets.map((one) => {
      requireDataset('ConcatDataset', one)
      return (total += one.length)
    })
  }

  override get length(): number {
    return this.cumulativeSizes.at(-1) as number
  }

  override getItem(index: number, context?: SampleContext): Sample | Promise<Sample> {
    const at = checkSample('ConcatDataset', index, this.length)
    let low = 0
    let high = this.cumulativeSizes.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.cumulativeSizes[middle] as number) > at) high = middle
      else low = middle + 1
    }
    const before = low === 0 ? 0 : (this.cumulativeSizes[low - 1] as number)
    return (this.datasets[low] as Dataset<Sample, Batch>).getItem(at - before, context)
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, ConcatDataset, import.meta.url, [this.datasets])
  }
}

/**
 * Streams one after another, as one.
 *
 * @throws {ValueError} when iterated, if one is not an {@link IterableDataset}.
 * @see torch.utils.data.ChainDataset
 *
 * @example
 * ```ts
 * import { ChainDataset, DataLoader, IterableDataset } from '@flambeau/data'
 *
 * class From extends IterableDataset<number> {
 *   constructor(readonly first: number) {
 *     super()
 *   }
 *   override *[Symbol.iterator](): Generator<number> {
 *     yield this.first
 *     yield this.first + 1
 *   }
 * }
 * const chain = new ChainDataset([new From(0), new From(10)])
 * for await (const x of new DataLoader(chain, { batchSize: 4 })) console.log(x.tolist())
 * // [ 0, 1, 10, 11 ]
 * ```
 */
export class ChainDataset<Sample> extends IterableDataset<Sample> {
  readonly datasets: Iterable<IterableDataset<Sample>>

  constructor(datasets: Iterable<IterableDataset<Sample>>) {
    super()
    requireDatasets('ChainDataset', datasets)
    this.datasets = datasets
  }

  /** Number of samples of all. @throws {ValueError} if one does not know its length. */
  get length(): number {
    let total = 0
    for (const one of this.datasets) {
      const { length } = checkStream(one) as { length?: number }
      if (typeof length !== 'number') {
        throw new ValueError(
          'ChainDataset',
          [],
          'one of the datasets has no length',
          'give it a length, or do not ask for that of the chain',
        )
      }
      total += length
    }
    return total
  }

  override async *[Symbol.asyncIterator](): AsyncGenerator<Sample, void, undefined> {
    for (const one of this.datasets) yield* stream(checkStream(one))
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, ChainDataset, import.meta.url, [[...this.datasets]])
  }
}

function checkStream<Sample>(dataset: IterableDataset<Sample>): IterableDataset<Sample> {
  if (dataset instanceof IterableDataset) return dataset
  throw new ValueError(
    'ChainDataset',
    [],
    'every dataset must be an IterableDataset',
    'use ConcatDataset for datasets with an index',
  )
}

/** A pass over a stream, whichever way it goes. @throws {ValueError} if it goes neither way. */
export function stream<Sample>(
  dataset: IterableDataset<Sample>,
): AsyncIterable<Sample> | Iterable<Sample> {
  if (
    typeof dataset[Symbol.asyncIterator] !== 'function' &&
    typeof dataset[Symbol.iterator] !== 'function'
  ) {
    throw new ValueError(
      'IterableDataset',
      [],
      `${dataset.constructor.name} cannot be iterated`,
      'give it a method [Symbol.iterator] or [Symbol.asyncIterator]',
    )
  }
  return dataset as AsyncIterable<Sample> | Iterable<Sample>
}

type SampleOf<D> = D extends Dataset<infer Sample, infer _> ? Sample : never
type BatchOf<D> = D extends Dataset<infer _, infer Batch> ? Batch : never
// Only what is read matters: any dataset goes, whatever it gives.
type AnyDataset = Dataset<unknown, unknown>
type Named = Readonly<Record<string, AnyDataset>>
/** The datasets of a {@link StackDataset}: a list, or an object of them. */
type Parts<P> = P extends readonly [infer Only] ? (Only extends AnyDataset ? P : Only) : P
type Samples<P> = { -readonly [Name in keyof P]: SampleOf<P[Name]> }
type Batches<P> = { -readonly [Name in keyof P]: BatchOf<P[Name]> }

/**
 * Datasets side by side: sample i is the list of their samples i, or, for datasets with names, an
 * object of them.
 *
 * @throws {ValueError} without datasets, or if their lengths differ.
 * @see torch.utils.data.StackDataset
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { StackDataset, TensorDataset } from '@flambeau/data'
 * const images = new TensorDataset(arange(6).view(3, 2))
 * const labels = new TensorDataset(arange(3))
 * const named = new StackDataset({ images, labels })
 * const listed = new StackDataset(images, labels)
 * console.log(named.length, listed.length) // => 3 3
 * ```
 */
export class StackDataset<P extends readonly AnyDataset[] | readonly [Named]> extends Dataset<
  Samples<Parts<P>>,
  Batches<Parts<P>>
> {
  readonly datasets: Parts<P>
  override readonly length: number

  constructor(...datasets: P) {
    super()
    const [first] = datasets as readonly unknown[]
    const named = datasets.length === 1 && !(first instanceof Dataset)
    if (named && (typeof first !== 'object' || first === null)) {
      const rule = `datasets must be datasets, or an object of them, not ${show(first)}`
      throw new ValueError('StackDataset', [], rule, 'new StackDataset({ images, labels })')
    }
    this.datasets = (named ? first : datasets) as Parts<P>
    const all = this.#all()
    const [one] = all
    if (one === undefined) {
      throw new ValueError('StackDataset', [], 'at least one dataset is needed', 'pass a dataset')
    }
    for (const part of all) requireDataset('StackDataset', part)
    if (all.some((other) => other.length !== one.length)) {
      throw new ValueError(
        'StackDataset',
        { lengths: all.map((other) => other.length) },
        'the datasets must have the same length',
        'cut them with Subset',
      )
    }
    this.length = one.length
  }

  #all(): AnyDataset[] {
    return Object.values(this.datasets as Record<string, AnyDataset>)
  }

  /** Puts one value of each dataset together, at once or when all have arrived. */
  #together<T>(values: unknown[]): T | Promise<T> {
    const names = Array.isArray(this.datasets) ? null : Object.keys(this.datasets)
    const join = (parts: unknown[]): T =>
      (names === null ? parts : Object.fromEntries(names.map((name, i) => [name, parts[i]]))) as T
    const parts = settle(values)
    return parts instanceof Promise ? parts.then(join) : join(parts)
  }

  override getItem(
    index: number,
    context?: SampleContext,
  ): Samples<Parts<P>> | Promise<Samples<Parts<P>>> {
    const at = checkSample('StackDataset', index, this.length)
    return this.#together(this.#all().map((one) => one.getItem(at, context)))
  }

  override getItems(
    indices: readonly number[],
    contexts?: readonly SampleContext[],
  ): Samples<Parts<P>>[] | Promise<Samples<Parts<P>>[]> {
    const columns = this.#all().map((one) => settle(readItems(one, indices, contexts)))
    const rows = (all: unknown[][]): Samples<Parts<P>>[] =>
      indices.map((_, i) =>
        this.#together<Samples<Parts<P>>>(all.map((column) => column[i])),
      ) as Samples<Parts<P>>[]
    const read = settle(columns)
    return read instanceof Promise ? read.then(rows) : rows(read)
  }

  override toWorker(): WorkerRecipe {
    const args = Array.isArray(this.datasets) ? (this.datasets as unknown[]) : [this.datasets]
    return recipeOf(this, StackDataset, import.meta.url, args)
  }
}

/** @throws {ValueError} unless it is a dataset with an index. @internal */
export function requireDataset(op: string, dataset: unknown): void {
  const given = dataset as Partial<Dataset> | null | undefined
  const fits =
    typeof given === 'object' &&
    given !== null &&
    !(given instanceof IterableDataset) &&
    typeof given.getItem === 'function' &&
    Number.isInteger(given.length)
  if (fits) return
  throw new ValueError(
    op,
    [],
    given instanceof IterableDataset
      ? 'samples of an IterableDataset have no index'
      : 'a dataset has a length and a method getItem(index)',
    given instanceof IterableDataset ? 'use a Dataset' : 'extend Dataset',
  )
}

/**
 * Splits a dataset at random into parts that do not overlap, of the given lengths, or of the given
 * fractions if they add up to 1: each part has ⌊fraction · length⌋ samples, and what is left over is
 * dealt out one by one from the first part on. PyTorch's parts for the same seed.
 *
 * @throws {ValueError} if the lengths do not add up to that of the dataset.
 * @see torch.utils.data.random_split
 *
 * @example
 * ```ts
 * import { arange, Generator } from '@flambeau/core'
 * import { randomSplit, TensorDataset } from '@flambeau/data'
 * const data = new TensorDataset(arange(10))
 * const [train, test] = randomSplit(data, [0.7, 0.3], { generator: new Generator().manualSeed(42) })
 * console.log(String(train.indices), test.length) // => 2,6,1,8,4,5,0 3
 * ```
 */
export function randomSplit<Sample, Batch, const Lengths extends readonly number[]>(
  dataset: Dataset<Sample, Batch>,
  lengths: Lengths,
  generator?: RandomGenerator | null | { generator?: RandomGenerator | null },
): { -readonly [i in keyof Lengths]: Subset<Sample, Batch> } {
  requireDataset('randomSplit', dataset)
  const given: readonly number[] = Array.isArray(lengths) ? lengths : []
  const sum = given.reduce((total, one) => total + one, 0)
  // Fractions whose sum is 1 but for rounding.
  const fractions = sum <= 1 && Math.abs(sum - 1) <= 1e-9
  const sizes = fractions ? sizesOf(given, dataset.length) : given
  const whole = sizes.every((size) => Number.isInteger(size) && size >= 0)
  const total = sizes.reduce((all, size) => all + size, 0)
  if (!whole || given.length === 0 || total !== dataset.length) {
    throw new ValueError(
      'randomSplit',
      { lengths: given },
      `the lengths must be whole numbers that add up to ${dataset.length}, or fractions that add up to 1`,
      'for example [0.8, 0.2]',
    )
  }
  const named =
    typeof generator === 'object' && generator !== null && 'generator' in generator
      ? generator.generator
      : (generator as RandomGenerator | null | undefined)
  const order = Array.from(randperm(total, { generator: named ?? null }).toArray(), Number)
  let end = 0
  const parts = sizes.map((size) => new Subset(dataset, order.slice(end, (end += size))))
  return parts as { -readonly [i in keyof Lengths]: Subset<Sample, Batch> }
}

function sizesOf(fractions: readonly number[], length: number): number[] {
  const sizes = fractions.map((fraction, i) => {
    if (fraction >= 0 && fraction <= 1) return Math.floor(length * fraction)
    throw new IndexError(
      'randomSplit',
      { fractions },
      `fraction ${i} (${fraction}) is not between 0 and 1`,
      'for example [0.8, 0.2]',
    )
  })
  const left = length - sizes.reduce((total, size) => total + size, 0)
  for (let i = 0; i < left; i++) (sizes[i % sizes.length] as number)++
  return sizes
}
