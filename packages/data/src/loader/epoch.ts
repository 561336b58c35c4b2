/** One pass over the data: which batches there are, and how far the loop has come. */
import type { Generator } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { withDefaultGenerator } from '@flambeau/core/internal'
import type { Task } from './fetch.ts'
import type { Repeats } from './seeds.ts'

/** A task, and whether its batch was delivered before the state was saved. */
export interface Job {
  readonly task: Task
  readonly skip: boolean
}

/** Where an epoch stands, as the loop has seen it. */
export interface Progress {
  /** Batches delivered without a gap, from the first on. */
  readonly batches: number
  /** Was the sampler asked for anything yet? */
  readonly begun: boolean
  /** Numbers of batches delivered beyond these, where batches may come out of order. */
  readonly ahead: readonly number[]
}

export interface EpochOptions {
  readonly number: number
  readonly baseSeed: bigint
  /** The samples of each batch; null for streams. */
  readonly indices: Iterator<unknown> | null
  /** Are samples put together in batches? */
  readonly batched: boolean
  readonly repeats: Repeats | null
  /** What samplers draw from in place of the default generator, where an epoch is resumed. */
  readonly standIn: Generator | null
  readonly resumed: Progress | null
  /** How many batches there should be, if the user was told. */
  readonly expected: number | null
}

/** The samples of a batch. @throws {ValueError} if a batch sampler gave something else. */
function listOf(batch: unknown): readonly unknown[] {
  if (Array.isArray(batch)) return batch
  throw new ValueError(
    'DataLoader',
    [],
    `a batchSampler gives arrays of indices, not ${batch === null ? 'null' : typeof batch}`,
    'to give samples one by one, pass it as sampler',
  )
}

/** The batches of an epoch in order, and which of them were delivered. */
export class Epoch {
  readonly number: number
  readonly baseSeed: bigint
  readonly #options: EpochOptions
  #next = 0
  #delivered = 0
  readonly #ahead = new Set<number>()
  readonly #skipped: ReadonlySet<number>
  readonly #skipBelow: number
  #done = false
  #begun: boolean

  constructor(options: EpochOptions) {
    this.number = options.number
    this.baseSeed = options.baseSeed
    this.#options = options
    this.#skipBelow = options.resumed?.batches ?? 0
    this.#begun = options.resumed?.begun ?? false
    this.#skipped = new Set(options.resumed?.ahead)
  }

  get done(): boolean {
    return this.#done
  }

  /** Says that the loop has seen the end. */
  finish(): void {
    this.#done = true
  }

  get progress(): Progress {
    return {
      begun: this.#begun,
      batches: this.#delivered,
      ahead: [...this.#ahead].sort((a, b) => a - b),
    }
  }

  /** Says that the loop has batch `number`, or that it had it before. */
  deliver(number: number): void {
    const { expected } = this.#options
    if (number === expected) {
      process.emitWarning(
        `the IterableDataset says that it has ${expected} batches, but gives more; with workers, each must read its share only (getWorkerInfo)`,
      )
    }
    if (number !== this.#delivered) {
      this.#ahead.add(number)
      return
    }
    this.#delivered++
    while (this.#ahead.size > 0 && this.#ahead.delete(this.#delivered)) this.#delivered++
  }

  /** The next batch to make; null if there is none. Streams say themselves when they end. */
  next(): Job | null {
    if (this.#options.indices === null) {
      const number = this.#next++
      const task = { number, indices: null, repeats: null }
      return { task, skip: this.#wasDelivered(number) }
    }
    for (;;) {
      const result = this.#pull()
      if (result.done === true) return null
      const { batched, repeats } = this.#options
      const indices = batched ? listOf(result.value) : [result.value]
      const number = this.#next++
      const before = repeats?.count(indices) ?? null
      if (!this.#wasDelivered(number)) {
        return { task: { number, indices, repeats: before }, skip: false }
      }
      this.deliver(number)
    }
  }

  #wasDelivered(number: number): boolean {
    return number < this.#skipBelow || this.#skipped.has(number)
  }

  #pull(): IteratorResult<unknown> {
    const { standIn, indices } = this.#options
    this.#begun = true
    const pull = (): IteratorResult<unknown> => (indices as Iterator<unknown>).next()
    return standIn === null ? pull() : withDefaultGenerator(() => standIn, pull)
  }
}
