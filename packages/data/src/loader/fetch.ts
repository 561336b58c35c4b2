/** How batches are made of samples: in the loop's own thread and in workers alike. */
import { ValueError } from '@flambeau/core'
import { withDefaultGenerator } from '@flambeau/core/internal'
import { Generator } from '@flambeau/core'
import { defaultCollate, defaultConvert } from '../collate.ts'
import { stream } from '../dataset-combine.ts'
import type { Dataset, IterableDataset, SampleContext } from '../dataset.ts'
import type { Context, EpochSeeds } from './seeds.ts'

/** One batch to be made. */
export interface Task {
  /** The batch's number in the epoch. */
  readonly number: number
  /** Samples of a batch; a single one where there are no batches; null for streams. */
  readonly indices: readonly unknown[] | null
  /** How often the epoch had each sample before; null if it never had. */
  readonly repeats: readonly number[] | null
}

/** Makes a batch of samples; `context` says where its random numbers come from. */
export type CollateFunction<Sample = never, Batch = unknown> = (
  samples: Sample[],
  context: SampleContext,
) => Batch

/** What is to be done with samples. */
export interface FetchOptions {
  /** Are samples put together in batches? */
  readonly batched: boolean
  /** null for PyTorch's default, `undefined` for nothing at all: samples as they are. */
  readonly collate: CollateFunction | null | undefined
}

/** The end of a stream. */
export const END: unique symbol = Symbol('end')

/** An error of `getItem`, and the sample that it was about. */
export class SampleFailure extends Error {
  readonly index: unknown

  constructor(cause: unknown, index: unknown) {
    super('a sample could not be read', { cause })
    this.index = index
  }
}

/** Makes the batches of an epoch. Errors of `getItem` come as {@link SampleFailure}. */
export interface Fetcher {
  fetch(task: Task): unknown
  /** Ends early. */
  close(): void
}

/** Draws from the context's generator wherever the default one would be used. */
function within<T>(context: Context, body: () => T): T {
  return withDefaultGenerator(() => context.generator, body)
}

/** Lets go of contexts when a value has arrived. */
function releasing<T>(contexts: readonly Context[], value: T): T {
  const release = (): void => {
    for (const context of contexts) context.release()
  }
  if (!(value instanceof Promise)) {
    release()
    return value
  }
  return value.finally(release) as T
}

function collate(
  options: FetchOptions,
  seeds: EpochSeeds,
  number: number,
  samples: unknown[],
): unknown {
  const { batched, collate: custom } = options
  if (custom === undefined) return samples
  if (custom === null) return batched ? defaultCollate(samples) : defaultConvert(samples[0])
  const context = seeds.batch(number)
  const input = batched ? samples : (samples[0] as never)
  return releasing(
    [context],
    within(context, () => (custom as CollateFunction<unknown>)(input, context)),
  )
}

/** Reads samples by index. */
export class MapFetcher implements Fetcher {
  readonly #dataset: Dataset
  readonly #seeds: EpochSeeds
  readonly #options: FetchOptions
  readonly #direct: boolean

  constructor(dataset: Dataset, seeds: EpochSeeds, options: FetchOptions) {
    this.#dataset = dataset
    this.#seeds = seeds
    this.#options = options
    this.#direct =
      options.batched && options.collate === null && typeof dataset.getBatch === 'function'
  }

  fetch({ number, indices, repeats }: Task): unknown {
    const keys = indices as readonly number[]
    const seeds = this.#seeds
    const contexts = keys.map((index, i) => seeds.sample(index, repeats?.[i] ?? 0))
    if (this.#direct) {
      const batch = seeds.batch(number)
      return releasing(
        [batch, ...contexts],
        within(batch, () => this.#dataset.getBatch?.(keys, contexts)),
      )
    }
    const samples = this.#samples(keys, contexts, number)
    if (samples instanceof Promise) {
      return samples.then((all) => collate(this.#options, seeds, number, all))
    }
    return collate(this.#options, seeds, number, samples)
  }

  #samples(
    keys: readonly number[],
    contexts: readonly Context[],
    number: number,
  ): unknown[] | Promise<unknown[]> {
    const dataset = this.#dataset
    if (typeof dataset.getItems === 'function' && this.#options.batched) {
      const batch = this.#seeds.batch(number)
      const samples = releasing(
        [batch, ...contexts],
        within(batch, () => dataset.getItems?.(keys, contexts)),
      )
      return samples instanceof Promise
        ? samples.then((all) => checkCount(all, keys))
        : checkCount(samples, keys)
    }
    let asynchronous = false
    const samples: unknown[] = []
    for (const [i, index] of keys.entries()) {
      const context = contexts[i] as Context
      let sample: unknown
      try {
        sample = within(context, () => dataset.getItem(index, context))
      } catch (error) {
        context.release()
        // Promises of earlier samples may fail too; this error comes first.
        for (const one of samples) if (one instanceof Promise) one.catch(() => {})
        throw new SampleFailure(error, index)
      }
      if (sample instanceof Promise) {
        asynchronous = true
        sample = releasing([context], sample).catch((error: unknown) => {
          throw new SampleFailure(error, index)
        })
      } else {
        context.release()
      }
      samples.push(sample)
    }
    return asynchronous ? Promise.all(samples) : samples
  }

  close(): void {}
}

function checkCount(samples: unknown, keys: readonly unknown[]): unknown[] {
  if (Array.isArray(samples) && samples.length === keys.length) return samples
  throw new ValueError(
    'DataLoader',
    [],
    Array.isArray(samples)
      ? `getItems gave ${samples.length} samples for ${keys.length} indices`
      : 'getItems gave no array of samples',
    'return one sample for each index, in their order',
  )
}

/** Reads samples of a stream, one after another. */
export class StreamFetcher implements Fetcher {
  readonly #dataset: IterableDataset
  readonly #seeds: EpochSeeds
  readonly #options: FetchOptions
  readonly #batchSize: number | null
  readonly #dropLast: boolean
  // All samples of this thread draw from one stream, as in PyTorch's workers.
  readonly #generator: Generator
  #samples: AsyncIterator<unknown> | Iterator<unknown> | null = null
  #ended = false
  #last: Promise<unknown> | null = null

  constructor(
    dataset: IterableDataset,
    seeds: EpochSeeds,
    options: FetchOptions,
    batches: { batchSize: number | null; dropLast: boolean; seed: bigint },
  ) {
    this.#dataset = dataset
    this.#seeds = seeds
    this.#options = options
    this.#batchSize = batches.batchSize
    this.#dropLast = batches.dropLast
    this.#generator = new Generator().manualSeed(BigInt.asUintN(64, batches.seed))
  }

  /** A batch, or {@link END}. Promises come true in the order of the calls. */
  fetch(task: Task): unknown {
    if (this.#last !== null) return this.#follow(this.#last, task)
    const batch = this.#read(task, [])
    return batch instanceof Promise ? this.#remember(batch) : batch
  }

  #follow(last: Promise<unknown>, task: Task): Promise<unknown> {
    const read = (): unknown => this.#read(task, [])
    return this.#remember(last.then(read, read))
  }

  #remember(batch: Promise<unknown>): Promise<unknown> {
    this.#last = batch
    batch.then(
      () => {},
      () => {},
    )
    return batch
  }

  #advance(): IteratorResult<unknown> | Promise<IteratorResult<unknown>> {
    return withDefaultGenerator(
      () => this.#generator,
      () => {
        if (this.#samples === null) {
          const source = stream(this.#dataset)
          this.#samples =
            Symbol.asyncIterator in source && typeof source[Symbol.asyncIterator] === 'function'
              ? source[Symbol.asyncIterator]()
              : (source as Iterable<unknown>)[Symbol.iterator]()
        }
        return this.#samples.next()
      },
    )
  }

  #read(task: Task, samples: unknown[]): unknown {
    const size = this.#batchSize ?? 1
    while (samples.length < size && !this.#ended) {
      const next = this.#advance()
      if (next instanceof Promise) {
        return next.then((result) => {
          this.#take(result, samples)
          return this.#read(task, samples)
        })
      }
      this.#take(next, samples)
    }
    if (samples.length === 0 || (samples.length < size && this.#dropLast)) return END
    return collate(this.#options, this.#seeds, task.number, samples)
  }

  #take(result: IteratorResult<unknown>, samples: unknown[]): void {
    if (result.done === true) this.#ended = true
    else samples.push(result.value)
  }

  close(): void {
    this.#ended = true
    const done = this.#samples?.return?.()
    if (done instanceof Promise) done.catch(() => {})
  }
}
