import type { Generator as RandomGenerator, Tensor } from '@flambeau/core'
import { defaultGenerator, Generator, getRngState, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { anyDevice, withDefaultGenerator } from '@flambeau/core/internal'
import type { Collated, Dataset } from './dataset.ts'
import { IterableDataset } from './dataset.ts'
import { ListDataset } from './dataset-list.ts'
import { Epoch } from './loader/epoch.ts'
import type { Fetcher } from './loader/fetch.ts'
import { END, MapFetcher, StreamFetcher } from './loader/fetch.ts'
import { BatchIterator, endWith, keepLoader } from './loader/iterator.ts'
import type { DataLoaderOptions, OptionNames, Settings } from './loader/options.ts'
import { isRecipe, readSettings } from './loader/options.ts'
import { WorkerPool } from './loader/pool.ts'
import { isPortable } from './loader/recipe.ts'
import { lateCollate } from './loader/revive.ts'
import { EpochSeeds, Repeats } from './loader/seeds.ts'
import type { BatchSource } from './loader/source.ts'
import { LocalSource, PoolSource } from './loader/source.ts'
import type { LoaderState } from './loader/state.ts'
import { readState, restoreSamplers, saveSamplers } from './loader/state.ts'
import { BatchSampler, drawSeed, RandomSampler, SequentialSampler } from './sampler.ts'

const OP = 'DataLoader'

/** What an epoch began with, for {@link DataLoader.stateDict}. */
interface Beginning {
  readonly generator: Tensor | null
  readonly defaultGenerator: Tensor | null
  readonly samplers: LoaderState['samplers']
}

let warnedOfPinning = false

/**
 * Batches of a dataset, in order or shuffled; each iteration is one epoch. Iterate with `for await`,
 * or with `for` if there are no workers and samples are there at once.
 *
 * The order is PyTorch's for the same seed. Random numbers that `getItem` draws depend on the seed,
 * the epoch and the sample only: from the context that it is given, or from the default generator
 * (before its first `await`), which stands for the context's meanwhile and is left alone itself.
 * So any number of workers gives the same batches.
 *
 * With `numWorkers`, threads read the samples. Each makes the dataset again as its `toWorker` says;
 * tensors are not copied on their way. What is thrown in a worker is thrown in the loop as a
 * {@link WorkerError}. The threads end with the loop, also if it is left early.
 *
 * @throws {ValueError} for options that are wrong, or do not go together.
 * @see torch.utils.data.DataLoader
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { DataLoader, TensorDataset } from '@flambeau/data'
 * const data = new TensorDataset(arange(5))
 * for await (const [x] of new DataLoader(data, { batchSize: 2 })) console.log(x.tolist())
 * // [ 0, 1 ]
 * // [ 2, 3 ]
 * // [ 4 ]
 * const loader = new DataLoader(data, { batchSize: 2, shuffle: true, numWorkers: 2 })
 * for await (const [x] of loader) console.log(x.shape)
 * ```
 */
export class DataLoader<
  Sample,
  Batch = Collated<Sample>,
  Source extends Dataset<Sample, unknown> | IterableDataset<Sample> = Dataset<Sample, unknown>,
> implements AsyncIterable<Batch> {
  /** What was given, with its own fields: `loader.dataset.length`. A list became a dataset. */
  readonly dataset: Source
  /** null if there are no batches, or a `batchSampler` makes them. */
  readonly batchSize: number | null
  readonly numWorkers: number
  readonly dropLast: boolean
  readonly pinMemory: boolean
  /** Seconds to wait for a batch of a worker; holds for later iterations when it is changed. */
  timeout: number
  readonly prefetchFactor: number
  readonly persistentWorkers: boolean
  readonly inOrder: boolean
  readonly generator: RandomGenerator | null
  /** The order of the samples; null for streams. */
  readonly sampler: Iterable<unknown> | null
  /** The samples of each batch; null if there are none. */
  readonly batchSampler: Iterable<readonly unknown[]> | null
  readonly #settings: Settings
  readonly #batched: boolean
  #pool: WorkerPool | null = null
  #started = 0
  #epoch: Epoch | null = null
  #beginning: Beginning | null = null
  #resume: LoaderState | null = null
  #askedLength: number | null = null

  constructor(
    dataset: readonly Sample[],
    ...given: Arguments<DataLoaderOptions<Sample, Batch>, OptionNames>
  )
  constructor(
    dataset: Source & (Dataset<Sample, unknown> | IterableDataset<Sample>),
    ...given: Arguments<DataLoaderOptions<Sample, Batch>, OptionNames>
  )
  constructor(
    dataset: Source | readonly Sample[],
    ...given: Arguments<DataLoaderOptions<Sample, Batch>, OptionNames>
  ) {
    const source = Array.isArray(dataset)
      ? new ListDataset(dataset as readonly Sample[])
      : (dataset as Dataset<Sample, unknown> | IterableDataset<Sample>)
    const settings = readSettings(source, given)
    const portable: boolean = isPortable(source)
    if (settings.numWorkers > 0 && !portable) {
      const { name } = source.constructor
      throw new ValueError(
        OP,
        [],
        `${name} does not say how a worker makes it again, and numWorkers is ${settings.numWorkers}`,
        `give it a method: toWorker() { return { module: import.meta.url, export: '${name}', args: […] } }`,
      )
    }
    this.#settings = settings
    this.dataset = source as Source
    this.numWorkers = settings.numWorkers
    this.dropLast = settings.dropLast
    this.pinMemory = settings.pinMemory
    this.timeout = settings.timeout
    this.prefetchFactor = settings.prefetchFactor
    this.persistentWorkers = settings.persistentWorkers
    this.inOrder = settings.inOrder
    this.generator = settings.generator
    this.#batched = settings.batchSampler !== null || settings.batchSize !== null
    this.batchSize = settings.batchSampler === null ? settings.batchSize : null
    this.sampler = source instanceof IterableDataset ? null : this.#defaultSampler(source)
    this.batchSampler =
      settings.batchSampler ??
      (settings.batchSize === null || this.sampler === null
        ? null
        : new BatchSampler(this.sampler, settings.batchSize, settings.dropLast))
    if (settings.pinMemory && !anyDevice() && !warnedOfPinning) {
      warnedOfPinning = true
      process.emitWarning('pinMemory is set, but there is no GPU: batches are in ordinary memory')
    }
  }

  #defaultSampler(dataset: Dataset): Iterable<unknown> {
    const { sampler, shuffle, generator } = this.#settings
    if (sampler !== null) return sampler
    return shuffle ? new RandomSampler(dataset, { generator }) : new SequentialSampler(dataset)
  }

  /**
   * Number of batches in an epoch; for a stream, what its length says.
   *
   * @throws {ValueError} if the sampler, or the stream, has no length.
   */
  get length(): number {
    if (this.dataset instanceof IterableDataset) {
      const samples = requireLength(this.dataset, 'the IterableDataset')
      if (this.batchSize === null) return (this.#askedLength = samples)
      const batches = samples / this.batchSize
      return (this.#askedLength = this.dropLast ? Math.floor(batches) : Math.ceil(batches))
    }
    return requireLength(this.batchSampler ?? this.sampler, 'the sampler')
  }

  /** The batches of a new epoch. */
  [Symbol.asyncIterator](): BatchIterator<Batch> {
    const { numWorkers, persistentWorkers } = this.#settings
    const epoch = this.#begin()
    const seeds = new EpochSeeds(epoch.baseSeed, epoch.number)
    if (numWorkers === 0) return new BatchIterator(this.#local(epoch, seeds), epoch)
    const pool = this.#workers(epoch.baseSeed)
    const iterator = new BatchIterator<Batch>(this.#remote(pool, epoch, seeds), epoch)
    if (persistentWorkers) keepLoader(iterator, this)
    else endWith(iterator, pool)
    return iterator
  }

  /**
   * The first batch of a new epoch, as PyTorch's `next(iter(loader))`: to look at, or for steps that
   * draw a batch each.
   *
   * @throws {ValueError} if there is none.
   *
   * @example
   * ```ts
   * import { arange } from '@flambeau/core'
   * import { DataLoader, TensorDataset } from '@flambeau/data'
   * const [x] = await new DataLoader(new TensorDataset(arange(5)), { batchSize: 2 }).first()
   * console.log(x.tolist()) // => [ 0, 1 ]
   * ```
   */
  async first(): Promise<Batch> {
    for await (const batch of this) return batch
    throw new ValueError(OP, [], 'there are no batches', 'give it samples')
  }

  /**
   * The batches of a new epoch, without waiting.
   *
   * @throws {ValueError} if there are workers, or samples have to be waited for.
   */
  *[Symbol.iterator](): globalThis.Generator<Batch, void, undefined> {
    const fix = 'for await (const batch of loader) …'
    if (this.numWorkers > 0) throw new ValueError(OP, [], 'batches of workers arrive later', fix)
    const epoch = this.#begin()
    const source = this.#local(epoch, new EpochSeeds(epoch.baseSeed, epoch.number))
    try {
      for (;;) {
        const batch = source.next()
        if (batch instanceof Promise) {
          batch.catch(() => {})
          throw new ValueError(OP, [], 'the samples of this dataset are promises', fix)
        }
        if (batch === END) break
        yield batch as Batch
      }
      epoch.finish()
    } finally {
      if (!epoch.done) void source.abandon()
    }
  }

  /** Begins an epoch: draws its seed, or goes on where a state says. */
  #begin(): Epoch {
    const { generator } = this.#settings
    const resume = this.#resume
    this.#resume = null
    if (resume !== null && resume.running) return this.#goOn(resume)
    const own = generator === null || generator === defaultGenerator ? null : generator
    const beginning: Beginning = {
      generator: own?.getState() ?? null,
      defaultGenerator: getRngState(),
      samplers: saveSamplers(this.#samplers()),
    }
    const indices = this.#indices()
    return this.#start(indices, drawSeed(generator), null, null, beginning)
  }

  #goOn(state: LoaderState): Epoch {
    const { generator } = this.#settings
    const standIn = new Generator()
    if (state.defaultGenerator !== null) standIn.setState(state.defaultGenerator)
    if (state.generator !== null) generator?.setState(state.generator)
    restoreSamplers(this.#samplers(), state.samplers)
    const { generator: own, defaultGenerator: before, samplers } = state
    const beginning = { generator: own, defaultGenerator: before, samplers }
    const [indices, seed] = withDefaultGenerator(
      () => standIn,
      () => [this.#indices(), drawSeed(generator)] as const,
    )
    // What the sampler had not drawn by then it draws from where it would have drawn it.
    return this.#start(indices, seed, state.begun ? standIn : null, state, beginning)
  }

  #indices(): Iterator<unknown> | null {
    const source = this.batchSampler ?? this.sampler
    return source === null ? null : source[Symbol.iterator]()
  }

  #start(
    indices: Iterator<unknown> | null,
    baseSeed: bigint,
    standIn: Generator | null,
    resumed: LoaderState | null,
    beginning: Beginning,
  ): Epoch {
    const epoch = new Epoch({
      number: this.#started++,
      baseSeed,
      indices,
      batched: this.#batched,
      repeats: this.#mayRepeat() ? new Repeats((this.dataset as Dataset).length) : null,
      standIn,
      resumed,
      expected: this.#askedLength,
    })
    this.#epoch = epoch
    this.#beginning = beginning
    return epoch
  }

  /** May an epoch have a sample twice? Not with the samplers of this class's own making. */
  #mayRepeat(): boolean {
    const { sampler, batchSampler } = this.#settings
    return this.sampler !== null && (sampler !== null || batchSampler !== null)
  }

  /** The samplers whose state decides about an epoch. */
  #samplers(): readonly unknown[] {
    const batch = this.batchSampler as { sampler?: unknown } | null
    return [...new Set([batch, batch?.sampler, this.sampler])]
  }

  #local(epoch: Epoch, seeds: EpochSeeds): BatchSource {
    const { prefetchFactor, batchSize, dropLast, collateFn } = this.#settings
    const collate = isRecipe(collateFn) ? lateCollate(collateFn) : collateFn
    const options = { batched: this.#batched, collate }
    const fetcher: Fetcher =
      this.dataset instanceof IterableDataset
        ? new StreamFetcher(this.dataset, seeds, options, {
            batchSize,
            dropLast,
            seed: epoch.baseSeed,
          })
        : new MapFetcher(this.dataset, seeds, options)
    return new LocalSource(epoch, fetcher, prefetchFactor)
  }

  #remote(pool: WorkerPool, epoch: Epoch, seeds: EpochSeeds): BatchSource {
    const { numWorkers, prefetchFactor, inOrder, persistentWorkers, collateFn } = this.#settings
    return new PoolSource(pool, {
      epoch,
      seeds,
      numWorkers,
      prefetch: prefetchFactor,
      inOrder,
      timeout: this.timeout,
      persistent: persistentWorkers,
      collate: isRecipe(collateFn) ? null : collateFn,
      batched: this.#batched,
    })
  }

  /** Workers for an epoch: those of the last one, if they are kept. */
  #workers(baseSeed: bigint): WorkerPool {
    if (this.#pool !== null && !this.#pool.closed) return this.#pool
    const { numWorkers, batchSize, dropLast, collateFn, workerInitFn, persistentWorkers } =
      this.#settings
    const recipe = isRecipe(collateFn) ? { toWorker: () => collateFn } : undefined
    const pool = new WorkerPool({
      numWorkers,
      baseSeed,
      batched: this.#batched,
      batchSize,
      dropLast,
      contents: {
        dataset: this.dataset,
        // A function of this thread gets samples as they are.
        collate: collateFn === null ? null : recipe,
        init: workerInitFn === null ? null : { toWorker: () => workerInitFn },
      },
    })
    if (persistentWorkers) {
      this.#pool = pool
      endWith(this, pool)
    }
    return pool
  }

  /** Ends workers that were kept for the next epoch. The loader can still be used. */
  async close(): Promise<void> {
    await this.#pool?.close(true)
    this.#pool = null
  }

  /**
   * Where the loader is, also in the middle of an epoch: tensors, numbers and texts that a checkpoint
   * can hold. Batches that the loop has not had yet do not count, also if they were read ahead.
   *
   * @see torchdata.stateful_dataloader.StatefulDataLoader
   *
   * @example
   * ```ts
   * import { arange } from '@flambeau/core'
   * import { DataLoader, TensorDataset } from '@flambeau/data'
   * const make = () => new DataLoader(new TensorDataset(arange(4)), { shuffle: true })
   * const loader = make()
   * for await (const _ of loader) if (loader.stateDict().batches === 3) break
   * const other = make()
   * other.loadStateDict(loader.stateDict())
   * for await (const [x] of other) console.log('the last sample:', x.item())
   * ```
   */
  stateDict(): LoaderState {
    const epoch = this.#epoch
    const running = epoch !== null && !epoch.done
    const { generator } = this.#settings
    if (this.#resume !== null) return this.#resume
    const shared = { version: 1 as const, numWorkers: this.numWorkers, running }
    if (!running) {
      const own = generator === null || generator === defaultGenerator ? null : generator
      return {
        ...shared,
        epoch: this.#started,
        begun: false,
        batches: 0,
        ahead: [],
        generator: own?.getState() ?? null,
        defaultGenerator: null,
        samplers: saveSamplers(this.#samplers()),
      }
    }
    return { ...shared, epoch: epoch.number, ...epoch.progress, ...(this.#beginning as Beginning) }
  }

  /**
   * Goes on from a state of {@link stateDict}: the next iteration gives the batches that were left of
   * that epoch, the same ones with any number of workers. The default generator is left alone. A stream
   * is read again from its start, and needs as many workers as before.
   *
   * @throws {ValueError} if it is no such state, or does not belong to a loader like this one.
   */
  loadStateDict(state: LoaderState | Readonly<Record<string, unknown>>): void {
    const read = readState(state)
    const samplers = this.#samplers()
    if (read.samplers.length !== samplers.length) {
      throw new ValueError(
        'loadStateDict',
        [],
        `the state has ${read.samplers.length} samplers, the loader ${samplers.length}`,
        'give the loader the options that it had when the state was saved',
      )
    }
    if (this.dataset instanceof IterableDataset && read.numWorkers !== this.numWorkers) {
      throw new ValueError(
        'loadStateDict',
        [],
        `a stream was read by ${read.numWorkers} workers, and numWorkers is ${this.numWorkers}`,
        `{ numWorkers: ${read.numWorkers} }`,
      )
    }
    this.#started = read.epoch
    this.#epoch = null
    if (read.running) {
      this.#resume = read
      return
    }
    this.#resume = null
    if (read.generator !== null) this.#settings.generator?.setState(read.generator)
    restoreSamplers(samplers, read.samplers)
  }
}

function requireLength(value: unknown, what: string): number {
  const length = (value as { length?: unknown } | null)?.length
  if (typeof length === 'number') return length
  throw new ValueError(
    OP,
    [],
    `${what} has no length, so the number of batches is not known`,
    'give it a length, or do not ask for it',
  )
}
