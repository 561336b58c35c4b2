/** Where the batches of an epoch come from: this thread, or workers. */
import { ValueError } from '@flambeau/core'
import { native, withDefaultGenerator } from '@flambeau/core/internal'
import type { Epoch } from './epoch.ts'
import { LoaderTimeoutError, unpackError, WorkerError } from './errors.ts'
import type { CollateFunction, Fetcher, Task } from './fetch.ts'
import { END, SampleFailure } from './fetch.ts'
import type { TaskAnswer } from './messages.ts'
import { discard, Unpacker } from './packing.ts'
import type { Listener, WorkerPool } from './pool.ts'
import type { EpochSeeds } from './seeds.ts'

/** Gives the batches of an epoch. */
export interface BatchSource {
  /** The next batch, or {@link END}; a promise if it has to be waited for. */
  next(): unknown
  /** Ends before the end of the epoch. */
  abandon(): Promise<void>
  /** Ends at the end of the epoch. */
  finish(): Promise<void> | void
}

const ignore = (): void => {}

/** Makes the batches in this thread. Those that take time are begun ahead of the loop. */
export class LocalSource implements BatchSource {
  readonly #epoch: Epoch
  readonly #fetcher: Fetcher
  readonly #ahead: number
  // Begun and not delivered, in order.
  readonly #begun: { number: number; skip: boolean; batch: unknown }[] = []

  /** @param ahead - batches that may be under way at a time. */
  constructor(epoch: Epoch, fetcher: Fetcher, ahead: number) {
    this.#epoch = epoch
    this.#fetcher = fetcher
    this.#ahead = ahead
  }

  next(): unknown {
    for (;;) {
      const first = this.#begun.shift() ?? this.#begin(false)
      if (first === null) return END
      if (first.batch instanceof Promise) {
        this.#fill(this.#ahead - 1)
        return this.#await(first)
      }
      if (first.batch === END) return END
      this.#epoch.deliver(first.number)
      if (!first.skip) return first.batch
    }
  }

  async #await(first: { number: number; skip: boolean; batch: unknown }): Promise<unknown> {
    let batch: unknown
    try {
      batch = await first.batch
    } catch (error) {
      throw error instanceof SampleFailure ? error.cause : error
    }
    if (batch === END) return END
    this.#epoch.deliver(first.number)
    if (first.skip) return this.next()
    this.#fill(this.#ahead)
    return batch
  }

  /** Begins batches until so many are under way. */
  #fill(count: number): void {
    while (this.#begun.length < count) {
      const job = this.#begin(true)
      if (job === null) return
      this.#begun.push(job)
    }
  }

  #begin(early: boolean): { number: number; skip: boolean; batch: unknown } | null {
    let number = -1
    let skip = false
    let batch: unknown
    try {
      const job = this.#epoch.next()
      if (job === null) return null
      skip = job.skip
      number = job.task.number
      batch = this.#fetcher.fetch(job.task)
    } catch (error) {
      const cause = error instanceof SampleFailure ? error.cause : error
      // What fails before its turn waits for it.
      if (!early) throw cause
      batch = Promise.reject(cause)
    }
    if (batch instanceof Promise) batch.catch(ignore)
    return { number, skip, batch }
  }

  async abandon(): Promise<void> {
    this.#fetcher.close()
  }

  finish(): void {}
}

export interface PoolSourceOptions {
  readonly epoch: Epoch
  readonly seeds: EpochSeeds
  readonly numWorkers: number
  /** Batches that each worker may have begun. */
  readonly prefetch: number
  readonly inOrder: boolean
  /** Seconds that a batch may take; 0 for any time. */
  readonly timeout: number
  /** Leave the workers to the next epoch. */
  readonly persistent: boolean
  /** Puts samples together in this thread; null where workers do that. */
  readonly collate: CollateFunction<unknown> | null
  readonly batched: boolean
}

/** Lets workers make the batches. */
export class PoolSource implements BatchSource, Listener {
  readonly #pool: WorkerPool
  readonly #options: PoolSourceOptions
  // Answers that have arrived, by number.
  readonly #answers = new Map<number, TaskAnswer>()
  // What was asked for and not delivered yet.
  readonly #tasks = new Map<number, { worker: number; task: Task }>()
  readonly #active: Set<number>
  #turn = 0
  #nextNumber = 0
  #exhausted = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(pool: WorkerPool, options: PoolSourceOptions) {
    this.#pool = pool
    this.#options = options
    this.#active = new Set(Array.from({ length: options.numWorkers }, (_, id) => id))
    pool.begin(options.epoch.baseSeed, options.epoch.number, this)
  }

  answer(answer: TaskAnswer): void {
    this.#answers.set(answer.number, answer)
    this.#wake?.()
  }

  fail(error: Error): void {
    this.#failure = error
    this.#wake?.()
  }

  superseded(): void {
    this.#wake?.()
  }

  async next(): Promise<unknown> {
    for (;;) {
      this.#check()
      this.#ask()
      const answer = this.#take()
      if (answer === null) {
        if (this.#tasks.size === 0) return END
        await this.#arrival()
        continue
      }
      const { worker, task } = this.#tasks.get(answer.number) as { worker: number; task: Task }
      this.#tasks.delete(answer.number)
      if (answer.kind === 'end') {
        this.#active.delete(worker)
        continue
      }
      this.#options.epoch.deliver(answer.number)
      if (answer.kind === 'error') throw this.#thrown(answer, worker, task)
      if (answer.kind !== 'batch') continue
      // The workers go on while the loop works with this batch.
      this.#ask()
      return this.#unpack(answer.number, answer.data)
    }
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#pool.serves(this)) return
    throw new ValueError(
      'DataLoader',
      [],
      'this iteration is over: its workers were closed, or serve a later one',
      'with persistentWorkers, one iteration can be on at a time',
    )
  }

  /** Asks for batches until each worker has enough to do. */
  #ask(): void {
    const { numWorkers, prefetch, epoch } = this.#options
    while (!this.#exhausted && this.#tasks.size < numWorkers * prefetch) {
      const worker = this.#choose()
      if (worker === null) return
      const job = epoch.next()
      if (job === null) {
        this.#exhausted = true
        return
      }
      const { task, skip } = job
      this.#tasks.set(task.number, { worker, task })
      this.#pool.assign(worker, task, skip)
    }
  }

  /** Whose turn it is: one after another or, where the order is free, the first that has room. */
  #choose(): number | null {
    const { numWorkers, inOrder, prefetch } = this.#options
    for (let i = 0; i < numWorkers; i++) {
      const id = (this.#turn + i) % numWorkers
      if (!this.#active.has(id)) continue
      if (!inOrder && this.#pool.load(id) >= prefetch) continue
      this.#turn = (id + 1) % numWorkers
      return id
    }
    return null
  }

  /** The answer that comes next, if it is here. */
  #take(): TaskAnswer | null {
    if (!this.#options.inOrder) {
      for (const [number, answer] of this.#answers) {
        this.#answers.delete(number)
        return answer
      }
      return null
    }
    // Numbers that were delivered before the state was saved are never asked for.
    while (this.#tasks.size > 0 && !this.#tasks.has(this.#nextNumber)) this.#nextNumber++
    const answer = this.#answers.get(this.#nextNumber)
    if (answer === undefined) return null
    this.#answers.delete(this.#nextNumber++)
    return answer
  }

  /** Waits until something arrives. @throws {LoaderTimeoutError} if nothing does. */
  async #arrival(): Promise<void> {
    const { timeout } = this.#options
    this.#pool.hold(true)
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        if (timeout > 0)
          timer = setTimeout(() => reject((this.#failure = this.#late())), timeout * 1000)
      })
    } finally {
      this.#wake = null
      clearTimeout(timer)
      this.#pool.hold(false)
    }
  }

  #late(): LoaderTimeoutError {
    const { timeout, inOrder } = this.#options
    const late = inOrder ? this.#tasks.get(this.#nextNumber) : undefined
    const what =
      late === undefined
        ? 'no worker answered'
        : `worker ${late.worker} did not give batch ${this.#nextNumber}`
    return new LoaderTimeoutError(
      'DataLoader',
      [],
      `${what} within ${timeout} s`,
      'a getItem may hang; or allow more time with { timeout }',
    )
  }

  #thrown(
    { index, error }: TaskAnswer & { kind: 'error' },
    workerId: number,
    { indices }: Task,
  ): WorkerError {
    const cause = unpackError(error)
    const what = `${cause.name}: ${cause.message}`
    const place = { workerId, index, indices: indices ?? undefined }
    return new WorkerError(place, what, 'see the cause, which has the stack of the worker', cause)
  }

  #unpack(number: number, data: unknown): unknown {
    const batch = new Unpacker(false).unpack(data)
    // Earlier batches are dead and young by now, unless the loop keeps them.
    native.safePoint()
    const { collate, seeds, batched } = this.#options
    if (collate === null) return batch
    const context = seeds.batch(number)
    const samples = batched ? (batch as unknown[]) : ((batch as unknown[])[0] as never)
    const result = withDefaultGenerator(
      () => context.generator,
      () => collate(samples, context),
    )
    if (result instanceof Promise) return result.finally(() => context.release())
    context.release()
    return result
  }

  async abandon(): Promise<void> {
    this.#dropAnswers()
    const mine = this.#pool.closed || this.#pool.serves(this)
    if (!mine) return
    if (this.#options.persistent && this.#failure === null) this.#pool.end(this)
    else await this.#pool.close(true)
  }

  async finish(): Promise<void> {
    if (this.#options.persistent) this.#pool.end(this)
    else await this.#pool.close(false)
  }

  #dropAnswers(): void {
    if (this.#pool.closed) return
    for (const answer of this.#answers.values()) {
      if (answer.kind === 'batch') discard(answer.data)
    }
    this.#answers.clear()
  }
}
