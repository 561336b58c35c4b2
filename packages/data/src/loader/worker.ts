/** What runs in a worker thread: makes the dataset, then the batches that it is asked for. */
import { parentPort, workerData } from 'node:worker_threads'
import { manualSeed } from '@flambeau/core'
import { Channel, native } from '@flambeau/core/internal'
import type { Dataset } from '../dataset.ts'
import { IterableDataset } from '../dataset.ts'
import { packError, showIndex } from './errors.ts'
import type { Fetcher, FetchOptions, Task } from './fetch.ts'
import { END, MapFetcher, SampleFailure, StreamFetcher } from './fetch.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './messages.ts'
import { Packer } from './packing.ts'
import { requireFunction, revive } from './revive.ts'
import { EpochSeeds } from './seeds.ts'
import { setWorkerInfo } from './worker-info.ts'

type Port = NonNullable<typeof parentPort>

class LoaderWorker {
  readonly #port: Port
  readonly #setup: WorkerSetup
  readonly #channel: Channel
  #dataset: Dataset | IterableDataset | null = null
  #options: FetchOptions | null = null
  #fetcher: Fetcher | null = null
  // Are the tensors of a batch made by collating, so that nobody else has them?
  #fresh = false

  constructor(port: Port, setup: WorkerSetup) {
    this.#port = port
    this.#setup = setup
    this.#channel = new Channel(setup.channel)
  }

  /** Makes the dataset and the functions. */
  async start(): Promise<void> {
    const { recipes, batched, id, numWorkers, baseSeed } = this.#setup
    const { dataset, collate, init } = (await revive(recipes)) as {
      dataset: Dataset | IterableDataset
      collate: FetchOptions['collate']
      init: ((id: number) => unknown) | null
    }
    this.#dataset = dataset
    this.#options = { batched, collate }
    const direct = (dataset as Partial<Dataset>).getBatch !== undefined
    this.#fresh = batched && collate === null && !direct
    const seed = baseSeed + BigInt(id)
    manualSeed(BigInt.asUintN(64, seed))
    setWorkerInfo({ id, numWorkers, seed, dataset })
    if (collate !== null && collate !== undefined) requireFunction('collateFn', collate)
    if (init !== null) await requireFunction('workerInitFn', init)(id)
    this.#post({ kind: 'ready' })
  }

  /** Answers one message. */
  async take(message: ToWorker): Promise<void> {
    if (message.kind === 'epoch') return this.#begin(message.baseSeed, message.epoch)
    if (message.kind === 'stop') process.exit(0)
    const { task, generation, skip } = message
    try {
      const batch = await (this.#fetcher as Fetcher).fetch(task)
      if (batch === END) return this.#post({ kind: 'end', number: task.number, generation })
      if (skip) return this.#post({ kind: 'skipped', number: task.number, generation })
      this.#send(task, generation, batch)
    } catch (error) {
      const failed = error instanceof SampleFailure
      this.#post({
        kind: 'error',
        number: task.number,
        generation,
        index: failed ? plainIndex(error.index) : undefined,
        error: packError(failed ? error.cause : error),
      })
    }
  }

  #begin(baseSeed: bigint, epoch: number): void {
    this.#fetcher?.close()
    const { id, numWorkers, batchSize, dropLast } = this.#setup
    const dataset = this.#dataset as Dataset | IterableDataset
    const options = this.#options as FetchOptions
    const seeds = new EpochSeeds(baseSeed, epoch)
    const seed = baseSeed + BigInt(id)
    setWorkerInfo({ id, numWorkers, seed, dataset })
    this.#fetcher =
      dataset instanceof IterableDataset
        ? new StreamFetcher(dataset, seeds, options, { batchSize, dropLast, seed })
        : new MapFetcher(dataset, seeds, options)
  }

  #send(task: Task, generation: number, batch: unknown): void {
    const packer = new Packer(this.#channel, 'DataLoader')
    const data = packer.pack(batch, 'the batch')
    this.#post({ kind: 'batch', number: task.number, generation, data })
    // What was made here only to be sent is nobody's now; other tensors may be the dataset's.
    if (this.#fresh) for (const tensor of packer.tensors) tensor.dispose()
    // The samples are dead and young: the moment to collect them, as after a training step.
    native.safePoint()
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message)
  }
}

/** An index as a message can carry it. */
function plainIndex(index: unknown): unknown {
  return typeof index === 'object' || typeof index === 'function' ? showIndex(index) : index
}

if (parentPort !== null) {
  const port = parentPort
  const worker = new LoaderWorker(port, workerData as WorkerSetup)
  let last = worker.start().catch((error: unknown) => {
    port.postMessage({ kind: 'failed', error: packError(error) } satisfies FromWorker)
    process.exit(0)
  })
  port.on('message', (message: ToWorker) => {
    last = last.then(() => worker.take(message))
  })
}
