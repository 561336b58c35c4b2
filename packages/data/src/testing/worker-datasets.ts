/** Datasets and functions that the loader's tests use in worker threads. */
import type { Tensor } from '@flambeau/core'
import { rand, tensor, zeros } from '@flambeau/core'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { Dataset, IterableDataset } from '../dataset.ts'
import { getWorkerInfo } from '../loader/worker-info.ts'

const module = import.meta.url

/** Numbers with noise from the default generator and from the context. */
export class Noisy extends Dataset<[index: number, byDefault: Tensor, byContext: Tensor]> {
  readonly length: number
  constructor(length: number) {
    super()
    this.length = length
  }
  override getItem(index: number, context?: SampleContext): [number, Tensor, Tensor] {
    const byDefault = rand([2])
    return [index, byDefault, rand([2], { generator: context?.generator ?? null })]
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'Noisy', args: [this.length] }
  }
}

/** The same, later; the first samples of a batch take longest. */
export class NoisyLater extends Dataset<[index: number, byContext: Tensor]> {
  readonly length: number
  constructor(length: number) {
    super()
    this.length = length
  }
  override async getItem(index: number, context?: SampleContext): Promise<[number, Tensor]> {
    const before = rand([1], { generator: context?.generator ?? null })
    await new Promise((resolve) => setTimeout(resolve, 4 - (index % 4)))
    const after = rand([1], { generator: context?.generator ?? null })
    return [index, before.add(after)]
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'NoisyLater', args: [this.length] }
  }
}

export type Trouble =
  | 'throw'
  | 'reject'
  | 'throw text'
  | 'exit'
  | 'uncaught'
  | 'memory'
  | 'hang'
  | 'spin'
  | 'function'
  | 'gradient'

/** Numbers, but for one that makes trouble. */
export class Troubled extends Dataset {
  readonly length: number
  readonly at: number
  readonly trouble: Trouble
  constructor(length: number, at: number, trouble: Trouble) {
    super()
    this.length = length
    this.at = at
    this.trouble = trouble
  }
  override getItem(index: number): unknown {
    return index === this.at ? this.#makeTrouble(index) : index
  }
  #makeTrouble(index: number): unknown {
    switch (this.trouble) {
      case 'throw':
        throw new RangeError(`sample ${index} is broken`, { cause: new TypeError('the file') })
      case 'reject':
        return Promise.reject(new RangeError(`sample ${index} is broken`))
      case 'throw text':
        // oxlint-disable-next-line only-throw-error -- what is no Error must arrive too
        throw 'only text'
      case 'exit':
        return process.exit(7)
      case 'uncaught':
        setImmediate(() => {
          throw new Error('nobody catches this')
        })
        return new Promise(() => {})
      case 'memory': {
        const kept: number[][] = []
        for (;;) kept.push(Array.from({ length: 1 << 16 }, () => Math.random()))
      }
      case 'hang':
        return new Promise((resolve) => setTimeout(resolve, 1 << 30))
      case 'spin':
        for (;;) Math.random()
      case 'function':
        return { act: () => index }
      case 'gradient': {
        const x = zeros([1])
        x._own = true
        return x
      }
    }
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'Troubled', args: [this.length, this.at, this.trouble] }
  }
}

/** A stream of which each worker gives its share. */
export class Stream extends IterableDataset<[value: number, worker: number, noise: Tensor]> {
  readonly counts: readonly number[]
  /** @param counts - samples of each worker; all of them without workers. */
  constructor(counts: readonly number[]) {
    super()
    this.counts = counts
  }
  override *[Symbol.iterator](): Generator<[number, number, Tensor]> {
    const id = getWorkerInfo()?.id ?? 0
    for (let i = 0; i < (this.counts[id] ?? 0); i++) yield [100 * id + i, id, rand([2])]
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'Stream', args: [this.counts] }
  }
}

/** A stream that arrives by and by. */
export class LateStream extends IterableDataset<number> {
  readonly count: number
  constructor(count: number) {
    super()
    this.count = count
  }
  override async *[Symbol.asyncIterator](): AsyncGenerator<number, void, undefined> {
    for (let i = 0; i < this.count; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      yield i
    }
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'LateStream', args: [this.count] }
  }
}

/** Which worker reads which sample, and what it was given. */
export class Places extends Dataset {
  readonly length: number
  readonly given: Readonly<Record<string, unknown>>
  constructor(length: number, given: Readonly<Record<string, unknown>> = {}) {
    super()
    this.length = length
    this.given = given
  }
  override getItem(index: number): unknown {
    const info = getWorkerInfo()
    const { same, list } = this.given as { same?: unknown; list?: unknown[] }
    return {
      index,
      worker: info?.id ?? -1,
      workers: info?.numWorkers ?? 0,
      own: info === null || info.dataset === this,
      same: same === undefined || list?.[0] === same,
      initialised: initialised ?? -1,
    }
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'Places', args: [this.length, this.given] }
  }
}

/** A batch of 1 MB for each sample. */
export class Large extends Dataset<Tensor> {
  readonly length: number
  constructor(length: number) {
    super()
    this.length = length
  }
  override getItem(index: number): Tensor {
    return zeros([1 << 18]).add(index)
  }
  override toWorker(): WorkerRecipe {
    return { module, export: 'Large', args: [this.length] }
  }
}

let initialised: number | undefined

export function init(id: number): void {
  initialised = 10 + id
}

export function badInit(): void {
  throw new Error('init failed')
}

/** Sums of samples, with noise of the batch. */
export function sumWithNoise(samples: [number][], context: SampleContext): [number, Tensor] {
  const sum = samples.reduce((total, [index]) => total + index, 0)
  return [sum, rand([1]).add(rand([1], { generator: context.generator }))]
}

/** A collate function made of an argument. */
export function scaledBy(factor: number): (samples: number[]) => Tensor {
  return (samples) => tensor(samples).mul(factor)
}

/** A dataset from a function, with a tensor that is shared. */
export async function makeShared(values: Tensor): Promise<Dataset<Tensor>> {
  await Promise.resolve()
  return new Rows(values)
}

class Rows extends Dataset<Tensor> {
  readonly values: Tensor
  constructor(values: Tensor) {
    super()
    this.values = values
  }
  override get length(): number {
    return this.values.shape[0] as number
  }
  override getItem(index: number): Tensor {
    return this.values.select(0, index)
  }
}

export const notADataset = 3
