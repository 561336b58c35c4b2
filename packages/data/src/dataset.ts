/** What samples come from: by index, or one after another. */
import type { Generator, Tensor } from '@flambeau/core'
import { IndexError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'

/**
 * Where random numbers of one sample come from. The numbers depend on the loader's seed, the epoch
 * and the sample's index, never on which worker reads the sample or when: pass `generator` (or
 * `seed`) on to whatever draws.
 */
export interface SampleContext {
  /** The sample's index in the dataset that the loader reads. */
  readonly index: number
  /** Epochs before this one. */
  readonly epoch: number
  /** A seed of the sample's own in this epoch: a whole number from 0 up to 2^53. */
  readonly seed: number
  /**
   * A generator seeded with `seed`, made when it is first asked for. It belongs to this sample until
   * `getItem` has returned, or its promise has settled; another sample may get it afterwards.
   */
  readonly generator: Generator
}

/**
 * How to make something again in a worker thread: import `module`, take its export, and call it with
 * `args` (classes with `new`, functions without; a promise is awaited).
 */
export interface WorkerRecipe {
  /** The module's URL: `import.meta.url`, or `new URL('./dataset.js', import.meta.url)`. */
  readonly module: string | URL
  /** The export's name. Default `'default'`. */
  readonly export?: string
  /**
   * Arguments: plain data, tensors (shared, not copied), and things with a recipe of their own, also
   * inside of arrays and plain objects.
   */
  readonly args?: readonly unknown[]
}

/** What can be made again in a worker thread: datasets, transforms, functions. */
export interface Portable {
  /** How to make it again. */
  toWorker(): WorkerRecipe
}

/** Typed arrays that become tensors. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray

/** What collating samples of this type gives, see {@link defaultCollate}. */
export type Collated<Sample> = unknown extends Sample
  ? unknown
  : Sample extends Tensor | NumericArray | number | bigint | boolean
    ? Tensor
    : Sample extends string
      ? string[]
      : Sample extends ReadonlyMap<infer Key, infer Value>
        ? Map<Key, Collated<Value>>
        : Sample extends object
          ? { -readonly [Part in keyof Sample]: Collated<Sample[Part]> }
          : unknown

/**
 * Samples that can be reached by index. A dataset of yours has a `length` and a `getItem`; the others
 * make it faster, or let it go to worker threads.
 *
 * @see torch.utils.data.Dataset
 *
 * @example
 * ```ts
 * import { rand, tensor } from '@flambeau/core'
 * import type { Tensor } from '@flambeau/core'
 * import { DataLoader, Dataset } from '@flambeau/data'
 * import type { SampleContext, WorkerRecipe } from '@flambeau/data'
 *
 * class Noisy extends Dataset<[Tensor, number]> {
 *   constructor(readonly length: number) {
 *     super()
 *   }
 *   override getItem(index: number, context?: SampleContext): [Tensor, number] {
 *     const noise = rand([2], { generator: context?.generator ?? null })
 *     return [tensor([index, index]).add(noise), index % 2]
 *   }
 *   // Needed for numWorkers > 0 only.
 *   override toWorker(): WorkerRecipe {
 *     return { module: import.meta.url, export: 'Noisy', args: [this.length] }
 *   }
 * }
 *
 * for await (const [x, y] of new DataLoader(new Noisy(4), { batchSize: 2 })) {
 *   console.log(x.shape, y.tolist())
 * }
 * // [ 2, 2 ] [ 0, 1 ]
 * // [ 2, 2 ] [ 0, 1 ]
 * ```
 */
export abstract class Dataset<Sample = unknown, Batch = Collated<Sample>> {
  /** Number of samples. */
  abstract readonly length: number
  /**
   * Sample `index`, from 0 up to length - 1; at once or as a promise. A loader says where its random
   * numbers come from; without a loader there is no context.
   *
   * @throws {IndexError} for other numbers.
   */
  abstract getItem(index: number, context?: SampleContext): Sample | Promise<Sample>
  /** These samples, if the dataset can read many cheaper than one by one. */
  getItems?(
    indices: readonly number[],
    contexts?: readonly SampleContext[],
  ): Sample[] | Promise<Sample[]>
  /**
   * What {@link defaultCollate} would make of these samples, if the dataset can make it directly.
   * Loaders without a collate function of their own use it.
   */
  getBatch?(indices: readonly number[], contexts?: readonly SampleContext[]): Batch | Promise<Batch>
  /** How a worker thread makes this dataset again; needed where `numWorkers` is not 0. */
  toWorker?(): WorkerRecipe
}

/**
 * Samples one after another, for streams whose length or places are unknown. A dataset of yours has
 * a `[Symbol.iterator]` or a `[Symbol.asyncIterator]`, and may have a `length` if it is known. Each
 * worker has the whole dataset: {@link getWorkerInfo} says how to share the work.
 *
 * @see torch.utils.data.IterableDataset
 *
 * @example
 * ```ts
 * import { DataLoader, getWorkerInfo, IterableDataset } from '@flambeau/data'
 *
 * class Counting extends IterableDataset<number> {
 *   override *[Symbol.iterator](): Generator<number> {
 *     const { id, numWorkers } = getWorkerInfo() ?? { id: 0, numWorkers: 1 }
 *     for (let i = id; i < 5; i += numWorkers) yield i
 *   }
 * }
 *
 * for await (const x of new DataLoader(new Counting(), { batchSize: 2 })) console.log(x.tolist())
 * // [ 0, 1 ]
 * // [ 2, 3 ]
 * // [ 4 ]
 * ```
 */
export abstract class IterableDataset<Sample = unknown> {
  /** Only for types: not every object is a stream, though all that a stream has may be left out. */
  declare protected readonly stream: true;
  /** A new pass over the samples. */
  [Symbol.iterator]?(): Iterator<Sample>
  /** A new pass over samples that arrive by and by. Comes before `[Symbol.iterator]`. */
  [Symbol.asyncIterator]?(): AsyncIterator<Sample>
  /** How a worker thread makes this dataset again; needed where `numWorkers` is not 0. */
  toWorker?(): WorkerRecipe
}

/** An index counted from the front. @throws {IndexError} if there is no such sample. */
export function checkSample(dataset: string, index: number, length: number): number {
  if (Number.isInteger(index) && index >= -length && index < length) {
    return index < 0 ? index + length : index
  }
  throw new IndexError(
    dataset,
    { index },
    `sample ${show(index)} does not exist; there are ${length}`,
    length === 0 ? 'the dataset is empty' : `use 0 to ${length - 1}`,
  )
}
