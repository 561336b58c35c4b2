/** The options of a loader, checked. */
import type { Generator } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { isNamed, parameters, show } from '@flambeau/core/internal'
import { booleanOf, countOf, iterableOf } from '../checked.ts'
import { IterableDataset } from '../dataset.ts'
import type { Dataset, WorkerRecipe } from '../dataset.ts'
import { requireDataset } from '../dataset-combine.ts'
import { optionalGenerator } from '../sampler.ts'
import type { CollateFunction } from './fetch.ts'

/** What a {@link DataLoader} takes by name. */
export interface DataLoaderOptions<Sample = never, Batch = unknown> {
  /** Samples in a batch; null for samples one by one, without a batch axis. Default 1. */
  batchSize?: number | null
  /** A new random order for each epoch. Default false. */
  shuffle?: boolean | null
  /** The order of the samples: any iterable of indices. Default: in order, or random if `shuffle`. */
  sampler?: Iterable<unknown> | null
  /** The samples of each batch: any iterable of arrays of indices, in place of the above. */
  batchSampler?: Iterable<readonly unknown[]> | null
  /** Worker threads that read samples; 0 to read them in this thread. Default 0. */
  numWorkers?: number
  /**
   * Makes a batch of samples (or converts a sample, without batches). Default {@link defaultCollate}
   * ({@link defaultConvert}), or the dataset's own `getBatch`. With workers, a function runs in this
   * thread; one that a recipe names runs in the workers.
   */
  collateFn?: CollateFunction<Sample, Batch> | WorkerRecipe | null
  /**
   * For PyTorch's sake: copies to a GPU pass through memory that it reads directly in any case. Without
   * a GPU, a warning says so once.
   */
  pinMemory?: boolean
  /** Leave out the last batch if it is smaller. Default false. */
  dropLast?: boolean
  /** Seconds to wait for a batch of a worker; 0 to wait without end. Default 0. */
  timeout?: number
  /** Called in each worker with its number, before it reads: the recipe of a function. */
  workerInitFn?: WorkerRecipe | ((id: number) => unknown) | null
  /** Workers are threads: nothing else can be chosen. */
  multiprocessingContext?: null
  /** Where the order and the seed come from. Default: the default generator. */
  generator?: Generator | null
  /**
   * Batches that each worker reads ahead; without workers, batches that an asynchronous `getItem` may
   * have under way at once. Default 2.
   */
  prefetchFactor?: number | null
  /** Keep the workers from one epoch to the next. Default false. */
  persistentWorkers?: boolean
  /** Deprecated in PyTorch, and without effect. */
  pinMemoryDevice?: string
  /** Deliver batches in order, also if a later one is ready first. Default true. */
  inOrder?: boolean
}

/** In PyTorch's order. */
const OPTION_NAMES = [
  'batchSize',
  'shuffle',
  'sampler',
  'batchSampler',
  'numWorkers',
  'collateFn',
  'pinMemory',
  'dropLast',
  'timeout',
  'workerInitFn',
  'multiprocessingContext',
  'generator',
  'prefetchFactor',
  'persistentWorkers',
  'pinMemoryDevice',
  'inOrder',
] as const

export type OptionNames = typeof OPTION_NAMES

/** Checked options with their defaults. */
export interface Settings {
  readonly batchSize: number | null
  readonly shuffle: boolean
  readonly sampler: Iterable<unknown> | null
  readonly batchSampler: Iterable<readonly unknown[]> | null
  readonly numWorkers: number
  readonly collateFn: CollateFunction<unknown> | WorkerRecipe | null
  readonly pinMemory: boolean
  readonly dropLast: boolean
  readonly timeout: number
  readonly workerInitFn: WorkerRecipe | null
  readonly generator: Generator | null
  readonly prefetchFactor: number
  readonly persistentWorkers: boolean
  readonly inOrder: boolean
}

const OP = 'DataLoader'

const read = parameters<unknown[]>(OP, OPTION_NAMES)

function refuse(rule: string, fix: string): never {
  throw new ValueError(OP, [], rule, fix)
}

/** Is it the recipe of a function? */
export function isRecipe(value: unknown): value is WorkerRecipe {
  return isNamed(value) && 'module' in value
}

function functionOption(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (typeof value === 'function' || isRecipe(value)) return value
  return refuse(
    `${name} must be a function, or { module, export } that names one`,
    `{ ${name}: { module: import.meta.url, export: 'name' } }`,
  )
}

/** @throws {ValueError} for options that are wrong, or do not go together. */
export function readSettings(
  dataset: Dataset | IterableDataset,
  given: readonly unknown[],
): Settings {
  const byName = Object.fromEntries(read(given).map((value, i) => [OPTION_NAMES[i], value]))
  const {
    batchSize = 1,
    shuffle = null,
    sampler = null,
    batchSampler = null,
    numWorkers = 0,
    pinMemory = false,
    dropLast = false,
    timeout = 0,
    workerInitFn,
    multiprocessingContext = null,
    generator,
    prefetchFactor = null,
    persistentWorkers = false,
    pinMemoryDevice = '',
    inOrder = true,
  } = byName
  const workers = countOf(OP, 'numWorkers', numWorkers, 0)
  if (typeof timeout !== 'number' || !(timeout >= 0) || timeout > 2_000_000) {
    refuse(`timeout must be a number of seconds ≥ 0, not ${show(timeout)}`, '{ timeout: 60 }')
  }
  if (workers === 0 && timeout !== 0) {
    refuse('timeout is for batches of workers, and numWorkers is 0', '{ numWorkers: 2 }')
  }
  const prefetch = prefetchFactor === null ? 2 : countOf(OP, 'prefetchFactor', prefetchFactor, 1)
  if (booleanOf(OP, 'persistentWorkers', persistentWorkers) && workers === 0) {
    refuse('persistentWorkers needs workers, and numWorkers is 0', '{ numWorkers: 2 }')
  }
  if (multiprocessingContext !== null) {
    refuse('workers are threads: there is no other multiprocessingContext', 'leave it out')
  }
  if (typeof pinMemoryDevice !== 'string') refuse('pinMemoryDevice is a text', 'leave it out')
  const init = functionOption('workerInitFn', workerInitFn)
  if (workers > 0 && typeof init === 'function') {
    refuse(
      'workerInitFn cannot go to other threads as a function',
      "export it from a module: { workerInitFn: { module: import.meta.url, export: 'init' } }",
    )
  }
  const shuffled = shuffle === null ? false : booleanOf(OP, 'shuffle', shuffle)
  const settings: Settings = {
    batchSize: batchSize === null ? null : countOf(OP, 'batchSize', batchSize, 1),
    shuffle: shuffled,
    sampler: sampler === null ? null : iterableOf(OP, 'sampler', sampler),
    batchSampler:
      batchSampler === null
        ? null
        : (iterableOf(OP, 'batchSampler', batchSampler) as Iterable<readonly unknown[]>),
    numWorkers: workers,
    collateFn: functionOption('collateFn', byName['collateFn']) as Settings['collateFn'],
    pinMemory: booleanOf(OP, 'pinMemory', pinMemory),
    dropLast: booleanOf(OP, 'dropLast', dropLast),
    timeout,
    workerInitFn: isRecipe(init) ? init : null,
    generator: optionalGenerator(OP, generator),
    prefetchFactor: prefetch,
    persistentWorkers: persistentWorkers as boolean,
    inOrder: booleanOf(OP, 'inOrder', inOrder),
  }
  checkTogether(dataset, settings)
  return settings
}

function checkTogether(dataset: Dataset | IterableDataset, settings: Settings): void {
  const { batchSize, shuffle, sampler, batchSampler, dropLast } = settings
  if (dataset instanceof IterableDataset) {
    for (const [name, given] of Object.entries({ shuffle, sampler, batchSampler })) {
      if (given === null || given === false) continue
      refuse(
        `${name} does not go with an IterableDataset, whose order is its own`,
        'shuffle where the dataset makes its samples',
      )
    }
  } else {
    requireDataset(OP, dataset)
  }
  if (sampler !== null && shuffle) {
    refuse('sampler and shuffle both say the order', 'leave one of them out')
  }
  if (batchSampler !== null && (batchSize !== 1 || shuffle || sampler !== null || dropLast)) {
    refuse(
      'batchSampler says what batchSize, shuffle, sampler and dropLast would say',
      'leave these out',
    )
  }
  if (batchSize === null && dropLast) {
    refuse('without batches (batchSize: null) there is no last one to drop', 'leave dropLast out')
  }
}
