/** The worker threads of a loader, and what they are doing. */
import type { Worker } from 'node:worker_threads'
import { Channel } from '@flambeau/core/internal'
import type { ErrorMessage } from './errors.ts'
import { unpackError, WorkerCrashError, WorkerError } from './errors.ts'
import type { Task } from './fetch.ts'
import type { FromWorker, TaskAnswer, ToWorker } from './messages.ts'
import { discard, Packer } from './packing.ts'
import type { SharedSetup } from './start-worker.ts'
import { startWorkers } from './start-worker.ts'

/** What workers are made for. */
export interface PoolOptions extends Omit<SharedSetup, 'channel' | 'recipes'> {
  /** The dataset, the collate function and the init function, or their recipes. */
  readonly contents: Readonly<Record<'dataset' | 'collate' | 'init', unknown>>
}

/** Who is told of what arrives. */
export interface Listener {
  answer(answer: TaskAnswer): void
  fail(error: Error): void
  /** Another epoch has begun, or the pool was closed. */
  superseded(): void
}

interface Member {
  readonly worker: Worker
  readonly id: number
  /** Tasks that it has not answered yet. */
  readonly tasks: Map<number, Task>
}

/** How long workers may take to end by themselves. */
const PATIENCE_MS = 2000

/**
 * Worker threads that make batches. The pool ends when it is closed, or when one of its workers does;
 * then the others are stopped, and all tensors on their way are freed.
 */
export class WorkerPool {
  readonly #members: readonly Member[]
  // Batches on their way to this thread, and what workers were given when they started.
  readonly #batches = new Channel()
  readonly #given = new Channel()
  #listener: Listener | null = null
  #failure: Error | null = null
  #generation = 0
  #closing: Promise<void> | null = null

  /** @throws {ValueError} if something cannot go to another thread. */
  constructor({ contents, ...options }: PoolOptions) {
    try {
      const packer = new Packer(this.#given, 'DataLoader')
      const recipes = {
        dataset: packer.pack(contents.dataset, 'the dataset'),
        collate: packer.pack(contents.collate, 'collateFn'),
        init: packer.pack(contents.init, 'workerInitFn'),
      }
      const setup = { ...options, channel: this.#batches.number, recipes }
      this.#members = startWorkers(setup).map((worker, id) => ({ worker, id, tasks: new Map() }))
    } catch (error) {
      this.#batches.close()
      this.#given.close()
      throw error
    }
    for (const member of this.#members) this.#listen(member)
  }

  get closed(): boolean {
    return this.#closing !== null
  }

  /** Tasks that worker `id` has not answered yet. */
  load(id: number): number {
    return (this.#members[id] as Member).tasks.size
  }

  /** Begins an epoch, of which `listener` is told from now on; answers to earlier ones are dropped. */
  begin(baseSeed: bigint, epoch: number, listener: Listener): void {
    this.#generation++
    this.#listener?.superseded()
    this.#listener = listener
    for (const member of this.#members) {
      member.tasks.clear()
      this.#post(member, { kind: 'epoch', baseSeed, epoch })
    }
    if (this.#failure !== null) listener.fail(this.#failure)
  }

  /** Ends the epoch of `listener`, if it is still on. */
  end(listener: Listener): void {
    if (this.#listener === listener) this.#listener = null
  }

  /** Is this still the epoch of `listener`? */
  serves(listener: Listener): boolean {
    return this.#listener === listener
  }

  /** Gives worker `id` something to do. */
  assign(id: number, task: Task, skip: boolean): void {
    const member = this.#members[id] as Member
    member.tasks.set(task.number, task)
    this.#post(member, { kind: 'task', task, generation: this.#generation, skip })
  }

  /** Says whether the process must stay alive for the workers. */
  hold(on: boolean): void {
    if (this.#closing !== null) return
    for (const { worker } of this.#members) {
      if (on) worker.ref()
      else worker.unref()
    }
  }

  /** Ends all workers: at once if `kill`, else when they have done what they are at. */
  close(kill: boolean): Promise<void> {
    const listener = this.#listener
    this.#listener = null
    this.#closing ??= this.#stop(kill)
    listener?.superseded()
    return this.#closing
  }

  async #stop(kill: boolean): Promise<void> {
    await Promise.all(
      this.#members.map(async (member) => {
        const { worker } = member
        worker.ref()
        if (kill) {
          await worker.terminate()
          return
        }
        const exit = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
        const timer = setTimeout(() => void worker.terminate(), PATIENCE_MS)
        this.#post(member, { kind: 'stop' })
        await exit
        clearTimeout(timer)
      }),
    )
    this.#batches.close()
    this.#given.close()
  }

  #post({ worker }: Member, message: ToWorker): void {
    worker.postMessage(message)
  }

  #listen(member: Member): void {
    const { worker, id } = member
    worker.on('message', (message: FromWorker) => {
      // What arrives now is freed with the channel.
      if (message.kind === 'ready' || this.#closing !== null) return
      if (message.kind === 'failed') return this.#failedToStart(id, message.error)
      if (message.generation === this.#generation) {
        member.tasks.delete(message.number)
        if (this.#listener !== null) return this.#listener.answer(message)
      }
      if (message.kind === 'batch') discard(message.data)
    })
    worker.on('messageerror', (error: Error) => {
      this.#fail(new WorkerError({ workerId: id }, error.message, 'send plain data', error))
    })
    worker.on('error', (error: Error) => {
      const fix =
        (error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? 'keep less in JavaScript objects in each worker, or use fewer workers'
          : 'catch what is thrown outside of getItem'
      const what = `the worker ended: ${error.message}`
      this.#fail(new WorkerCrashError(this.#place(member), what, fix, error))
    })
    worker.on('exit', (code) => {
      if (this.#closing !== null) return
      const what = `the worker ended by itself, with exit code ${code}`
      const fix = 'look for process.exit in the dataset and in what it uses'
      this.#fail(new WorkerCrashError(this.#place(member), what, fix))
    })
  }

  /** What a worker is at: the first task that it has not answered. */
  #place({ id, tasks }: Member): { workerId: number; indices?: readonly unknown[] | undefined } {
    const [first] = tasks.values()
    return { workerId: id, indices: first?.indices ?? undefined }
  }

  #failedToStart(workerId: number, message: ErrorMessage): void {
    const cause = unpackError(message)
    const what = `the worker could not start: ${cause.message}`
    this.#fail(new WorkerError({ workerId }, what, 'see the cause', cause))
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#listener?.fail(error)
    void this.close(true)
  }
}
