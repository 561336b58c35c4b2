import { autocast, tensor, ValueError } from '@flambeau/core'
import type { Device, Tensor } from '@flambeau/core'
import { requireInstance } from '@flambeau/core/internal'
import type { AnyMetric } from '@flambeau/data'
import { CheckpointFolder } from '@flambeau/data'
import type { AnyModule } from '@flambeau/nn'
import { Module as ModuleClass, utils } from '@flambeau/nn'
import { ReduceLROnPlateau } from '@flambeau/optim'
import { EventLoopDelay } from '@flambeau/tensorboard'
import type { Batches, BatchResult } from './batches.ts'
import {
  breathe,
  deviceOf,
  lengthOf,
  movedTo,
  objectiveOf,
  requireBatches,
  sizeOf,
} from './batches.ts'
import type { OpenBoard } from './board-logger.ts'
import { openBoard } from './board-logger.ts'
import { EarlyStopping } from './early-stopping.ts'
import { computeMetrics, evaluate, updateMetrics } from './evaluate.ts'
import type { EpochRecord, TrainingHistory } from './history.ts'
import { DivergedError } from './history.ts'
import { watchInterrupts } from './interrupt.ts'
import type { Callback, FitOptions, Stateful } from './options.ts'
import { requireOptions } from './options.ts'
import { createProgress, formatLoss } from './progress.ts'

/** Steps in a row that may be left out. */
const MOST_SKIPPED = 20

/** Where a training is, as it is saved. */
interface Place {
  epoch: number
  step: number
  /** Sums over the epoch so far; null before its first step. */
  running: { loss: number; examples: number; seconds: number } | null
}

/** What a checkpoint holds beside the states. */
interface Saved {
  training: Place & { epochs: EpochRecord[]; stepLosses: Tensor }
}

/**
 * Trains a model: forward, backward, step, for all batches and epochs, with progress, validation,
 * metrics, schedules, early stopping and checkpoints as asked for. Ctrl-C stops after the step, saves,
 * and says how to go on; a resumed training has the same bits as one that was never stopped, if the
 * loader can say where it is (a DataLoader can). A batch that cannot be read ends the training with its
 * error, after what was learned before it is saved.
 *
 * @returns What happened; also if it was stopped.
 * @throws {ValueError} for options that do not go together. @throws {DivergedError} if the loss becomes
 * NaN or infinite, and it is not to be left out; what was saved stays.
 *
 * @example
 * ```ts
 * import { manualSeed, randn } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { Adam } from '@flambeau/optim'
 * import { fit } from '@flambeau/trainer'
 * manualSeed(0)
 * const x = randn([64, 2])
 * const y = x.sum(1, { keepdim: true })
 * const model = new nn.Linear(2, 1)
 * const history = await fit(model, [[x, y]], {
 *   optimizer: new Adam(model.parameters(), { lr: 0.1 }),
 *   loss: nn.functional.mseLoss,
 *   epochs: 100,
 *   progress: false,
 * })
 * console.log((history.epochs.at(-1)?.loss ?? 1) < 0.01) // => true
 * ```
 */
export async function fit<Batch>(
  model: AnyModule,
  batches: Batches<Batch>,
  options: FitOptions<Batch>,
): Promise<TrainingHistory> {
  const training = new Training(model, batches, options)
  return training.run()
}

class Training<Batch> {
  readonly #model: AnyModule
  readonly #batches: Batches<Batch>
  readonly #options: FitOptions<Batch>
  readonly #objective: (batch: Batch) => BatchResult
  readonly #metrics: Readonly<Record<string, AnyMetric>>
  readonly #folder: CheckpointFolder | null
  readonly #stopping: EarlyStopping
  readonly #monitor: string
  readonly #history: TrainingHistory
  #callbacks: readonly Callback[]
  #place: Place
  #skipped = 0
  /** The newest checkpoint of this training; null before the first. */
  #saved: string | null = null

  constructor(model: AnyModule, batches: Batches<Batch>, options: FitOptions<Batch>) {
    requireInstance('fit', 'model', model, ModuleClass, 'pass a module of nn')
    requireBatches('fit', batches)
    requireOptions(options)
    this.#model = model
    this.#batches = batches
    this.#options = options
    this.#metrics = options.metrics ?? {}
    this.#objective = objectiveOf('fit', model, options)
    const [firstMetric] = Object.keys(this.#metrics)
    const otherwise = options.validation === undefined ? 'loss' : 'valLoss'
    this.#monitor = options.monitor ?? firstMetric ?? otherwise
    const isLoss = this.#monitor === 'loss' || this.#monitor === 'valLoss'
    const mode = options.mode ?? (isLoss ? 'min' : 'max')
    const asked = options.earlyStopping ?? Number.MAX_SAFE_INTEGER
    const patience = typeof asked === 'number' ? { patience: asked } : asked
    this.#stopping = new EarlyStopping({ ...patience, mode })
    const { checkpoints = null } = options
    this.#folder =
      typeof checkpoints === 'string' ? new CheckpointFolder(checkpoints, { mode }) : checkpoints
    this.#history = {
      epochs: [],
      stepLosses: [],
      ended: 'done',
      eventLoopDelay: { p50: 0, p99: 0, max: 0 },
      bestCheckpoint: null,
    }
    this.#callbacks = options.callbacks ?? []
    this.#place = { epoch: 1, step: 0, running: null }
  }

  async run(): Promise<TrainingHistory> {
    const { epochs, resume, handleInterrupt = true } = this.#options
    if (resume === true) this.#restore()
    using delay = new EventLoopDelay()
    using board = this.#openBoard()
    if (board !== null) this.#callbacks = [...this.#callbacks, board.callback]
    const callbacks = this.#callbacks
    // What an earlier loop left there is not this one's.
    this.#options.optimizer.zeroGrad()
    using interrupts = handleInterrupt
      ? watchInterrupts(() => this.#say('stopping after this step …'))
      : { asked: false, [Symbol.dispose]: () => {} }
    const isAsked = (): boolean => interrupts.asked || this.#options.signal?.aborted === true
    while (this.#place.epoch <= epochs) {
      const { epoch } = this.#place
      for (const callback of callbacks) await callback.onEpochStart?.(epoch)
      const finished = await this.#epoch(isAsked)
      if (!finished) {
        this.#history.ended = 'interrupted'
        this.#sayHowToGoOn(this.#save(null))
        break
      }
      const record = this.#history.epochs.at(-1) as EpochRecord
      const early = this.#stopping.update(this.#monitored(record))
      let stopped = false
      for (const callback of callbacks) {
        if ((await callback.onEpochEnd?.(record, this.#history)) === false) stopped = true
      }
      // After the callbacks: what they changed in `state` belongs to this epoch.
      this.#save(this.#monitored(record))
      if (early || stopped) {
        this.#history.ended = early ? 'early' : 'stopped'
        break
      }
    }
    const [p50, p99] = [delay.percentile(50), delay.percentile(99)]
    this.#history.eventLoopDelay = { p50, p99, max: delay.max }
    this.#history.bestCheckpoint = this.#saved && (this.#folder?.best()?.path ?? null)
    for (const callback of callbacks) await callback.onEnd?.(this.#history)
    return this.#history
  }

  /** One epoch; false if it was left before its end. */
  async #epoch(isAsked: () => boolean): Promise<boolean> {
    const { validation, optimizer, epochs, accumulate = 1 } = this.#options
    const place = this.#place
    const running = (place.running ??= { loss: 0, examples: 0, seconds: 0 })
    const before = running.seconds
    const start = performance.now()
    const count = lengthOf(this.#batches)
    const progress = this.#progress(`epoch ${place.epoch}/${epochs}`, count)
    if (running.examples === 0) for (const metric of Object.values(this.#metrics)) metric.reset()
    this.#model.train()
    let pending = 0
    let seen = 0
    let last: Batch | undefined
    const device = this.#device()
    for await (const given of this.#readable(() => pending === 0)) {
      const batch = movedTo(given, device)
      const size = sizeOf(batch)
      const { loss, compared } = this.#compute(batch)
      seen++
      pending++
      this.#backward(loss, accumulate)
      const value = loss.item()
      running.loss += value * size
      running.examples += size
      if (validation === undefined) updateMetrics(this.#metrics, compared)
      const isLast = count !== null && seen === count
      last = batch
      if (pending === accumulate || isLast) {
        pending = 0
        await this.#step(value, batch)
      }
      const shown = [`loss ${formatLoss(running.loss / running.examples)}`]
      progress?.update(count === null ? 0 : seen * this.#perBatch(), shown)
      running.seconds = before + (performance.now() - start) / 1000
      await breathe()
      if (pending === 0 && isAsked()) {
        progress?.finish([...shown, 'stopped'])
        return false
      }
    }
    if (pending > 0) await this.#step(running.loss / Math.max(running.examples, 1), last)
    running.seconds = before + (performance.now() - start) / 1000
    const found =
      validation === undefined
        ? { loss: null, metrics: computeMetrics(this.#metrics) }
        : await evaluate(this.#model, validation, {
            forward: (batch: Batch) => this.#compute(batch),
            metrics: this.#metrics,
            device,
          })
    const record: EpochRecord = {
      epoch: place.epoch,
      loss: running.examples === 0 ? Number.NaN : running.loss / running.examples,
      valLoss: found.loss,
      metrics: found.metrics,
      lr: optimizer.paramGroups[0]?.['lr'] ?? 0,
      seconds: running.seconds,
      examplesPerSecond: running.examples / Math.max(running.seconds, 1e-9),
    }
    this.#history.epochs.push(record)
    this.#schedule(record)
    const figures = Object.entries(found.metrics).map(([name, v]) => `${name} ${formatLoss(v)}`)
    if (found.loss !== null) figures.unshift(`val loss ${formatLoss(found.loss)}`)
    progress?.finish([`loss ${formatLoss(record.loss)}`, ...figures])
    place.epoch++
    place.running = null
    return true
  }

  /** The batches; where one cannot be read, what was learned up to it is saved, between steps. */
  async *#readable(isBetween: () => boolean): AsyncGenerator<Batch, void, undefined> {
    try {
      yield* this.#batches
    } catch (error) {
      const learned = (this.#place.running?.examples ?? 0) > 0
      if (learned && isBetween()) {
        const path = this.#save(null)
        if (path !== null) this.#say(`a batch cannot be read; saved ${path}`)
      }
      throw error
    }
  }

  /** Where batches are computed. */
  #device(): Device {
    return this.#options.device ?? deviceOf(this.#model)
  }

  #compute(batch: Batch): BatchResult {
    const { autocast: mixed = false } = this.#options
    if (mixed === false) return this.#objective(batch)
    const deviceType = this.#device().replace(/:\d+$/, '') as 'cpu' | 'cuda'
    const settings = mixed === true ? { deviceType } : { deviceType, ...mixed }
    return autocast(settings, () => this.#objective(batch))
  }

  #backward(loss: Tensor, accumulate: number): void {
    const { scaler } = this.#options
    const share = accumulate === 1 ? loss : loss.div(accumulate)
    ;(scaler === undefined ? share : scaler.scale(share)).backward()
  }

  #openBoard(): OpenBoard | null {
    const { board, optimizer, loss } = this.#options
    if (board === undefined) return null
    const { batchSize } = this.#batches as { batchSize?: number | null }
    return openBoard(board, {
      model: this.#model,
      optimizer,
      // How the model is called is known where the loop calls it.
      graph: loss !== undefined && this.#place.step === 0,
      start: this.#place.step,
      hparams: typeof batchSize === 'number' ? { batchSize } : {},
    })
  }

  async #step(loss: number, batch: unknown): Promise<void> {
    const { optimizer, scaler, clipGradNorm, clipGradValue, onDivergence = 'throw' } = this.#options
    const callbacks = this.#callbacks
    const place = this.#place
    place.step++
    const state = { epoch: place.epoch, step: place.step, loss }
    this.#history.stepLosses.push(loss)
    if (Number.isFinite(loss)) {
      this.#skipped = 0
      const looking = callbacks.filter((callback) => callback.onBackward !== undefined)
      const clips = clipGradNorm !== undefined || clipGradValue !== undefined
      if (clips || looking.length > 0) scaler?.unscale_(optimizer)
      for (const callback of looking) {
        const told = callback.onBackward?.({ ...state, batch })
        if (told instanceof Promise) await told
      }
      if (clipGradNorm !== undefined) {
        utils.clipGradNorm_(this.#model.parameters(), clipGradNorm)
      }
      if (clipGradValue !== undefined) {
        utils.clipGradValue_(this.#model.parameters(), clipGradValue)
      }
      if (scaler === undefined) optimizer.step()
      else {
        scaler.step(optimizer)
        scaler.update()
      }
    } else {
      this.#skipped++
      const saved = this.#saved
      const advice =
        saved === null ? 'try a smaller learning rate' : `the last good state is in ${saved}`
      if (onDivergence === 'throw' || this.#skipped > MOST_SKIPPED) {
        throw new DivergedError(place.step, loss, advice)
      }
    }
    optimizer.zeroGrad()
    if (this.#options.schedule === 'step') this.#options.scheduler?.step()
    for (const callback of callbacks) {
      const told = callback.onStep?.(state)
      if (told instanceof Promise) await told
    }
  }

  #schedule(record: EpochRecord): void {
    const { scheduler, schedule = 'epoch' } = this.#options
    if (scheduler === undefined || schedule === 'step') return
    if (scheduler instanceof ReduceLROnPlateau) scheduler.step(this.#monitored(record))
    else scheduler.step()
  }

  #monitored(record: EpochRecord): number {
    if (this.#monitor === 'loss') return record.loss
    if (this.#monitor === 'valLoss') return record.valLoss ?? Number.NaN
    const value = record.metrics[this.#monitor]
    if (value !== undefined) return value
    const names = ['loss', 'valLoss', ...Object.keys(record.metrics)].join(', ')
    throw new ValueError('fit', [], `there is no '${this.#monitor}' to monitor`, `one of ${names}`)
  }

  #progress(label: string, count: number | null): ReturnType<typeof createProgress> | null {
    const { progress = true } = this.#options
    if (progress === false) return null
    const stream = progress === true ? {} : { stream: progress }
    // Where batches differ in size, they are counted themselves.
    const unit = this.#batchSize() === null ? 'batches' : 'examples'
    return createProgress({ label, total: (count ?? 1) * this.#perBatch(), unit, ...stream })
  }

  /** Examples of each batch but the last; null where they differ. */
  #batchSize(): number | null {
    return (this.#batches as { batchSize?: number | null }).batchSize ?? null
  }

  /** What a batch is counted as. */
  #perBatch(): number {
    return this.#batchSize() ?? 1
  }

  #say(text: string): void {
    const { progress = true } = this.#options
    if (progress === false) return
    ;(progress === true ? process.stderr : progress).write(`\n${text}\n`)
  }

  #sayHowToGoOn(path: string | null): void {
    if (path === null) this.#say('stopped; nothing was saved: there is no { checkpoints } folder')
    else this.#say(`saved ${path}; { resume: true } goes on from there`)
  }

  /** What has a state, by its name in the checkpoint. */
  #states(): Record<string, Stateful> {
    const { optimizer, scheduler, scaler, validation, state } = this.#options
    const loader = this.#batches as Partial<Stateful>
    const states: Record<string, Stateful> = {
      model: this.#model,
      optimizer,
      stopping: this.#stopping,
    }
    if (scheduler !== undefined) states['scheduler'] = scheduler
    if (scaler !== undefined) states['scaler'] = scaler
    if (loader.stateDict !== undefined) states['loader'] = loader as Stateful
    if (validation === undefined) {
      for (const [name, metric] of Object.entries(this.#metrics)) states[`metric ${name}`] = metric
    }
    return Object.assign(states, state)
  }

  #save(metric: number | null): string | null {
    if (this.#folder === null) return null
    const { epochs, stepLosses } = this.#history
    const losses = tensor(stepLosses, { dtype: 'float64' })
    const training = { ...this.#place, epochs, stepLosses: losses }
    const tree = { ...this.#states(), training } as never
    // Those of an earlier training are not of this one: neither its newest nor its best.
    if (this.#saved === null) {
      const aside = this.#folder.setAside()
      if (aside !== null) this.#say(`checkpoints of an earlier training are in ${aside} now`)
    }
    this.#saved = this.#folder.save(this.#place.step, tree, metric, { rng: true })
    return this.#saved
  }

  #restore(): void {
    const rest = this.#folder?.resume(this.#states()) as Saved | null | undefined
    if (rest === null || rest === undefined) return
    const { epochs, stepLosses, ...place } = rest.training
    this.#history.epochs.push(...epochs)
    this.#history.stepLosses.push(...(stepLosses.tolist() as number[]))
    this.#place = place
    this.#saved = this.#folder?.latest()?.path ?? null
  }
}
