/** What a loop over a loader holds. */
import type { Epoch } from './epoch.ts'
import { END } from './fetch.ts'
import type { WorkerPool } from './pool.ts'
import type { BatchSource } from './source.ts'

// Workers end with the iteration that they serve, also if the loop just forgets it.
const forgotten = new FinalizationRegistry<WorkerPool>((pool) => void pool.close(true))

/** Ends `pool` when nobody holds `owner` any more. The pool must not hold the owner. */
export function endWith(owner: object, pool: WorkerPool): void {
  forgotten.register(owner, pool)
}

// Loaders that are only held by a loop over them.
const loaders = new WeakMap<object, object>()

/** Keeps `loader` for as long as somebody holds `iterator`. */
export function keepLoader(iterator: object, loader: object): void {
  loaders.set(iterator, loader)
}

/** The batches of one epoch, one after another. */
export class BatchIterator<Batch> implements AsyncIterableIterator<Batch, undefined> {
  readonly #source: BatchSource
  readonly #epoch: Epoch
  #ended = false
  // The last call that has not settled: calls are answered in their order.
  #pending: Promise<unknown> | null = null

  constructor(source: BatchSource, epoch: Epoch) {
    this.#source = source
    this.#epoch = epoch
  }

  /** The next batch. */
  next(): Promise<IteratorResult<Batch, undefined>> {
    if (this.#pending !== null) {
      const step = (): Promise<IteratorResult<Batch, undefined>> => this.#step()
      return this.#queue(this.#pending.then(step, step))
    }
    return this.#step()
  }

  #queue<T>(result: Promise<T>): Promise<T> {
    this.#pending = result
    const clear = (): void => {
      if (this.#pending === result) this.#pending = null
    }
    result.then(clear, clear)
    return result
  }

  #step(): Promise<IteratorResult<Batch, undefined>> {
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    let batch: unknown
    try {
      batch = this.#source.next()
    } catch (error) {
      return this.#broken(error)
    }
    if (batch instanceof Promise) return this.#queue(this.#await(batch))
    if (batch === END) return this.#finish()
    return Promise.resolve({ done: false, value: batch as Batch })
  }

  async #await(batch: Promise<unknown>): Promise<IteratorResult<Batch, undefined>> {
    let value: unknown
    try {
      value = await batch
    } catch (error) {
      return this.#broken(error)
    }
    if (this.#ended) return { done: true, value: undefined }
    return value === END ? this.#finish() : { done: false, value: value as Batch }
  }

  async #finish(): Promise<IteratorResult<Batch, undefined>> {
    this.#ended = true
    this.#epoch.finish()
    await this.#source.finish()
    return { done: true, value: undefined }
  }

  async #broken(error: unknown): Promise<IteratorResult<Batch, undefined>> {
    // The caller left while this was under way.
    if (this.#ended) return { done: true, value: undefined }
    this.#ended = true
    await this.#source.abandon()
    throw error
  }

  /** Ends the iteration before its end, and the workers with it. */
  async return(): Promise<IteratorResult<Batch, undefined>> {
    if (!this.#ended) {
      this.#ended = true
      await this.#source.abandon()
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** {@link return}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
