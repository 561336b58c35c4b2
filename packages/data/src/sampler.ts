/** Orders in which samples are read. The random ones are PyTorch's for the same seed. */
import type { Generator as RandomGenerator, Tensor } from '@flambeau/core'
import {
  asTensor,
  empty,
  Generator,
  multinomial,
  randint,
  randperm,
  ValueError,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import { booleanOf, countOf, iterableOf } from './checked.ts'

type Pass<T> = globalThis.Generator<T, void, undefined>

/** What has a length. */
export interface Sized {
  readonly length: number
}

/**
 * An order of samples; each iteration is a new epoch. Any iterable can be a loader's sampler; one with
 * a `length` also lets the loader say how many batches there are.
 *
 * A sampler with a state of its own may have `stateDict` and `loadStateDict`: the loader saves the
 * state that the sampler had before the epoch, and restores it before it repeats the epoch.
 *
 * @see torch.utils.data.Sampler
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { DataLoader, Sampler, TensorDataset } from '@flambeau/data'
 *
 * class Backwards extends Sampler<number> {
 *   constructor(readonly length: number) {
 *     super()
 *   }
 *   override *[Symbol.iterator](): Generator<number> {
 *     for (let i = this.length - 1; i >= 0; i--) yield i
 *   }
 * }
 * const data = new TensorDataset(arange(4))
 * const loader = new DataLoader(data, { batchSize: 4, sampler: new Backwards(4) })
 * for await (const [x] of loader) console.log(x.tolist())
 * // [ 3, 2, 1, 0 ]
 * ```
 */
export abstract class Sampler<Index = number> implements Iterable<Index> {
  abstract [Symbol.iterator](): Iterator<Index>
  /** What determines the next epoch. */
  stateDict?(): Record<string, unknown>
  /** Goes back to a state of {@link stateDict}. */
  loadStateDict?(state: Record<string, unknown>): void
}

/** A whole number of 64 bits that no seed foretells better, as PyTorch draws seeds. @internal */
export function drawSeed(generator?: RandomGenerator | null): bigint {
  const drawn = empty([], { dtype: 'int64' }).random_({ generator: generator ?? null })
  return drawn.toBigIntArray()[0] as bigint
}

function requireSized(op: string, source: unknown): Sized {
  const length = (source as Partial<Sized> | null | undefined)?.length
  if (Number.isInteger(length) && (length as number) >= 0) return source as Sized
  throw new ValueError(op, [], 'what is sampled from must have a length', 'pass the dataset')
}

/** @throws {ValueError} unless `value` is a generator, null or left out. @internal */
export function optionalGenerator(op: string, value: unknown): RandomGenerator | null {
  if (value === undefined || value === null) return null
  if (value instanceof Generator) return value
  throw new ValueError(
    op,
    [],
    `generator must be a Generator, not ${typeof value}`,
    '{ generator: new Generator() }',
  )
}

/**
 * All samples in order.
 *
 * @see torch.utils.data.SequentialSampler
 *
 * @example
 * ```ts
 * import { SequentialSampler } from '@flambeau/data'
 * console.log([...new SequentialSampler({ length: 3 })]) // => [ 0, 1, 2 ]
 * ```
 */
export class SequentialSampler extends Sampler {
  readonly dataSource: Sized

  constructor(dataSource: Sized) {
    super()
    this.dataSource = requireSized('SequentialSampler', dataSource)
  }

  get length(): number {
    return this.dataSource.length
  }

  override *[Symbol.iterator](): Pass<number> {
    for (let i = 0; i < this.length; i++) yield i
  }
}

export interface RandomSamplerOptions {
  /** Draw every sample from all of them. Default false. */
  replacement?: boolean
  /** How many samples an epoch has. Default: as many as there are. */
  numSamples?: number | null
  /** Default: a new one for each epoch, whose seed the default generator gives. */
  generator?: RandomGenerator | null
}

const readRandom = parameters<[boolean, number | null, RandomGenerator | null]>('RandomSampler', [
  'replacement',
  'numSamples',
  'generator',
])

/**
 * Samples in random order.
 *
 * @throws {ValueError} unless there is at least one sample to draw.
 * @see torch.utils.data.RandomSampler
 *
 * @example
 * ```ts
 * import { Generator } from '@flambeau/core'
 * import { RandomSampler } from '@flambeau/data'
 * const generator = new Generator().manualSeed(0)
 * console.log([...new RandomSampler({ length: 5 }, { generator })]) // => [ 4, 0, 1, 3, 2 ]
 * ```
 */
export class RandomSampler extends Sampler {
  readonly dataSource: Sized
  readonly replacement: boolean
  readonly generator: RandomGenerator | null
  readonly #numSamples: number | null

  constructor(
    dataSource: Sized,
    ...given: Arguments<RandomSamplerOptions, ['replacement', 'numSamples', 'generator']>
  ) {
    super()
    const [replacement = false, numSamples = null, generator] = readRandom(given)
    this.dataSource = requireSized('RandomSampler', dataSource)
    this.replacement = booleanOf('RandomSampler', 'replacement', replacement)
    this.#numSamples = numSamples
    this.generator = optionalGenerator('RandomSampler', generator)
    countOf('RandomSampler', 'numSamples', this.numSamples, 1)
  }

  /** How many samples an epoch has. */
  get numSamples(): number {
    return this.#numSamples ?? this.dataSource.length
  }

  get length(): number {
    return this.numSamples
  }

  override *[Symbol.iterator](): Pass<number> {
    const { numSamples, dataSource } = this
    const n = dataSource.length
    const generator = this.generator ?? new Generator().manualSeed(drawSeed())
    if (this.replacement) {
      for (let left = numSamples; left >= 32; left -= 32) {
        yield* numbers(randint(n, [32], { generator }))
      }
      yield* numbers(randint(n, [numSamples % 32], { generator }))
      return
    }
    for (let i = 0; i < Math.floor(numSamples / n); i++) yield* numbers(randperm(n, { generator }))
    yield* numbers(randperm(n, { generator })).subarray(0, numSamples % n)
  }
}

/** The elements of an int64 tensor. */
function numbers(tensor: Tensor): Float64Array {
  return tensor.toArray() as Float64Array
}

const readSubset = parameters<[RandomGenerator | null]>('SubsetRandomSampler', ['generator'])

/**
 * The given samples in random order, each once.
 *
 * @see torch.utils.data.SubsetRandomSampler
 *
 * @example
 * ```ts
 * import { Generator } from '@flambeau/core'
 * import { SubsetRandomSampler } from '@flambeau/data'
 * const generator = new Generator().manualSeed(0)
 * console.log([...new SubsetRandomSampler([10, 20, 30], { generator })]) // => [ 30, 10, 20 ]
 * ```
 */
export class SubsetRandomSampler extends Sampler {
  readonly indices: readonly number[]
  readonly generator: RandomGenerator | null

  constructor(
    indices: readonly number[],
    ...given: Arguments<{ generator?: RandomGenerator | null }, ['generator']>
  ) {
    super()
    requireSized('SubsetRandomSampler', indices)
    this.indices = indices
    this.generator = optionalGenerator('SubsetRandomSampler', readSubset(given)[0])
  }

  get length(): number {
    return this.indices.length
  }

  override *[Symbol.iterator](): Pass<number> {
    for (const i of numbers(randperm(this.length, { generator: this.generator }))) {
      yield this.indices[i] as number
    }
  }
}

export interface WeightedRandomSamplerOptions {
  /** How many samples an epoch has. */
  numSamples: number
  /** Draw every sample from all of them. Default true. */
  replacement?: boolean
  generator?: RandomGenerator | null
}

const readWeighted = parameters<[number, boolean, RandomGenerator | null]>(
  'WeightedRandomSampler',
  ['numSamples', 'replacement', 'generator'],
)

/**
 * Samples drawn with the given probabilities, which need not add up to 1.
 *
 * @throws {ValueError} unless `numSamples` is a whole number ≥ 1 and there is one axis of weights.
 * @see torch.utils.data.WeightedRandomSampler
 *
 * @example
 * ```ts
 * import { Generator } from '@flambeau/core'
 * import { WeightedRandomSampler } from '@flambeau/data'
 * const generator = new Generator().manualSeed(0)
 * const sampler = new WeightedRandomSampler([0.1, 0, 0.9], 4, { generator })
 * console.log([...sampler].includes(1)) // => false
 * ```
 */
export class WeightedRandomSampler extends Sampler {
  /** float64 `[number of samples]`. */
  readonly weights: Tensor
  readonly numSamples: number
  readonly replacement: boolean
  readonly generator: RandomGenerator | null

  constructor(
    weights: Tensor | readonly number[],
    ...given: Arguments<WeightedRandomSamplerOptions, ['numSamples', 'replacement', 'generator']>
  ) {
    super()
    const op = 'WeightedRandomSampler'
    const [numSamples, replacement = true, generator] = readWeighted(given)
    this.numSamples = countOf(op, 'numSamples', numSamples, 1)
    this.replacement = booleanOf(op, 'replacement', replacement)
    this.generator = optionalGenerator(op, generator)
    this.weights = asTensor(weights as Tensor, { dtype: 'float64' })
    if (this.weights.ndim === 1) return
    throw new ValueError(
      op,
      { weights: this.weights },
      'weights must have one axis',
      'pass one number for each sample',
    )
  }

  get length(): number {
    return this.numSamples
  }

  override *[Symbol.iterator](): Pass<number> {
    const { weights, numSamples, replacement, generator } = this
    yield* numbers(multinomial(weights, numSamples, replacement, { generator }))
  }
}

export interface BatchSamplerOptions {
  /** Samples in a batch. */
  batchSize: number
  /** Leave out the last batch if it is smaller. */
  dropLast: boolean
}

const readBatch = parameters<[number, boolean]>('BatchSampler', ['batchSize', 'dropLast'])

/**
 * Batches of another sampler's samples.
 *
 * @throws {ValueError} unless `batchSize` is a whole number ≥ 1 and `dropLast` true or false.
 * @see torch.utils.data.BatchSampler
 *
 * @example
 * ```ts
 * import { BatchSampler } from '@flambeau/data'
 * console.log([...new BatchSampler([5, 6, 7], 2, false)]) // => [ [ 5, 6 ], [ 7 ] ]
 * ```
 */
export class BatchSampler<Index = number> extends Sampler<Index[]> {
  readonly sampler: Iterable<Index>
  readonly batchSize: number
  readonly dropLast: boolean

  constructor(
    sampler: Iterable<Index>,
    ...given: Arguments<BatchSamplerOptions, ['batchSize', 'dropLast']>
  ) {
    super()
    const [batchSize, dropLast] = readBatch(given)
    this.sampler = iterableOf('BatchSampler', 'sampler', sampler) as Iterable<Index>
    this.batchSize = countOf('BatchSampler', 'batchSize', batchSize, 1)
    this.dropLast = booleanOf('BatchSampler', 'dropLast', dropLast)
  }

  /** Number of batches. @throws {ValueError} if the sampler has no length. */
  get length(): number {
    const batches = requireSized('BatchSampler', this.sampler).length / this.batchSize
    return this.dropLast ? Math.floor(batches) : Math.ceil(batches)
  }

  override *[Symbol.iterator](): Pass<Index[]> {
    let batch: Index[] = []
    for (const index of this.sampler) {
      batch.push(index)
      if (batch.length < this.batchSize) continue
      yield batch
      batch = []
    }
    if (batch.length > 0 && !this.dropLast) yield batch
  }
}

export interface DistributedSamplerOptions {
  /** Processes that share the dataset. */
  numReplicas: number
  /** The number of this process, from 0. */
  rank: number
  /** Default true. */
  shuffle?: boolean
  /** The same in all processes. Default 0. */
  seed?: number
  /** Leave out the last samples, so that all have the same number; else the first ones are repeated. */
  dropLast?: boolean
}

const readDistributed = parameters<[number, number, boolean, number, boolean]>(
  'DistributedSampler',
  ['numReplicas', 'rank', 'shuffle', 'seed', 'dropLast'],
)

/**
 * The share of one process: of an order that all of them know, every `numReplicas`-th sample from the
 * `rank`-th on. All processes have the same number of samples. The order changes from epoch to epoch
 * if {@link setEpoch} says which it is.
 *
 * @throws {ValueError} unless 0 ≤ rank < numReplicas.
 * @see torch.utils.data.distributed.DistributedSampler
 *
 * @example
 * ```ts
 * import { DistributedSampler } from '@flambeau/data'
 * const sampler = new DistributedSampler({ length: 5 }, { numReplicas: 2, rank: 1, shuffle: false })
 * console.log([...sampler]) // => [ 1, 3, 0 ]
 * ```
 */
export class DistributedSampler extends Sampler {
  readonly dataset: Sized
  readonly numReplicas: number
  readonly rank: number
  readonly shuffle: boolean
  readonly seed: number
  readonly dropLast: boolean
  /** Samples of this process in an epoch. */
  readonly numSamples: number
  /** Samples of all processes in an epoch. */
  readonly totalSize: number
  epoch = 0

  constructor(
    dataset: Sized,
    ...given: Arguments<
      DistributedSamplerOptions,
      ['numReplicas', 'rank', 'shuffle', 'seed', 'dropLast']
    >
  ) {
    super()
    const op = 'DistributedSampler'
    const [numReplicas, rank, shuffle = true, seed = 0, dropLast = false] = readDistributed(given)
    this.dataset = requireSized(op, dataset)
    this.numReplicas = countOf(op, 'numReplicas', numReplicas, 1)
    if (!Number.isInteger(rank) || (rank as number) < 0 || (rank as number) >= this.numReplicas) {
      throw new ValueError(
        op,
        [],
        `rank must be a whole number from 0 to ${this.numReplicas - 1}, not ${show(rank)}`,
        'number the processes from 0',
      )
    }
    if (!Number.isSafeInteger(seed)) {
      throw new ValueError(op, [], `seed must be a whole number, not ${show(seed)}`, 'seed: 0')
    }
    this.rank = rank as number
    this.shuffle = booleanOf(op, 'shuffle', shuffle)
    this.seed = seed
    this.dropLast = booleanOf(op, 'dropLast', dropLast)
    const { length } = dataset
    const share = length / this.numReplicas
    this.numSamples = this.dropLast ? Math.floor(share) : Math.ceil(share)
    this.totalSize = this.numSamples * this.numReplicas
  }

  get length(): number {
    return this.numSamples
  }

  /** Says which epoch comes next, the same in all processes. */
  setEpoch(epoch: number): void {
    if (!Number.isSafeInteger(epoch)) {
      throw new ValueError('setEpoch', [], `an epoch is a whole number, not ${show(epoch)}`)
    }
    this.epoch = epoch
  }

  override *[Symbol.iterator](): Pass<number> {
    const { length } = this.dataset
    if (length === 0) return
    const order = this.shuffle
      ? randperm(length, {
          generator: new Generator().manualSeed(this.seed + this.epoch),
        }).toArray()
      : null
    for (let at = this.rank; at < this.totalSize; at += this.numReplicas) {
      const place = at % length
      yield order === null ? place : (order[place] as number)
    }
  }

  override stateDict(): Record<string, unknown> {
    return { epoch: this.epoch }
  }

  override loadStateDict(state: Record<string, unknown>): void {
    this.setEpoch(state['epoch'] as number)
  }
}
