/** Logs a training for the board. */
import { FlambeauError, Tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import type { AnyModule } from '@flambeau/nn'
import type { Optimizer } from '@flambeau/optim'
import type { Drawable, Hparam } from '@flambeau/tensorboard'
import { SummaryWriter, SystemLoad } from '@flambeau/tensorboard'
import type { EpochRecord } from './history.ts'
import type { Callback } from './options.ts'

/** Pictures by their tags: `[C, H, W]` or `[N, C, H, W]`, or figures of @flambeau/plot. */
export type Pictures = Readonly<Record<string, Tensor | Drawable>>

/** What a training logs. */
export interface BoardOptions {
  /** The folder of the run, in which this one takes the place of an earlier; or a writer, which stays open. */
  readonly run: string | SummaryWriter
  /** Hyper-parameters beside the optimizer's and the batch size. Default none. */
  readonly hparams?: Readonly<Record<string, Hparam>>
  /** Log histograms of weights, and of gradients, once an epoch. Default false. */
  readonly histograms?: boolean
  /** Makes the pictures to log after each epoch. Default none. */
  readonly images?: (epoch: number) => Pictures | Promise<Pictures>
  /** Log the loss of every so many steps. Default 1. */
  readonly every?: number
  /** Seconds between two looks at the load of the machine; 0 leaves it out. Default 2. */
  readonly systemLoadSecs?: number
}

/** What is logged of whom, for {@link boardLogger}. */
export interface BoardLoggerOptions extends Omit<BoardOptions, 'run'> {
  /** For its histograms and its graph. Default neither is logged. */
  readonly model?: AnyModule
  /** For the learning rate. Default it is not logged. */
  readonly optimizer?: Optimizer
  /** Log the graph of the model, called with the first part of a batch. Default false. */
  readonly graph?: boolean
  /** The step after which a training goes on. Default 0. */
  readonly start?: number
}

/** How often what waits is written, in milliseconds: a board is to be live. */
const FLUSH = 1000

/**
 * A callback of `fit` that logs to a writer: the loss of every step, the learning rate, losses and
 * metrics of every epoch, the speed, the load of the machine, hyper-parameters, and if asked for
 * histograms, pictures and the graph. `fit` makes one by itself for `{ board: 'runs/mine' }`.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { SGD } from '@flambeau/optim'
 * import { EventAccumulator, SummaryWriter } from '@flambeau/tensorboard'
 * import { boardLogger, fit } from '@flambeau/trainer'
 * const writer = new SummaryWriter(mkdtempSync(join(tmpdir(), 'runs-')))
 * const model = new nn.Linear(2, 1)
 * await fit(model, [[ones([4, 2]), ones([4, 1])]], {
 *   optimizer: new SGD(model.parameters(), { lr: 0.1 }),
 *   loss: nn.functional.mseLoss,
 *   epochs: 3,
 *   progress: false,
 *   callbacks: [boardLogger(writer)],
 * })
 * writer.close()
 * console.log(new EventAccumulator(writer.logDir).reload().scalars('train/loss').length) // => 3
 * ```
 */
export function boardLogger(writer: SummaryWriter, options: BoardLoggerOptions = {}): Callback {
  return logger(writer, options).callback
}

function logger(
  writer: SummaryWriter,
  options: BoardLoggerOptions,
): { callback: Callback; end: () => void } {
  requireOptions('boardLogger', options)
  const { model, optimizer, histograms = false, images, every = 1, systemLoadSecs = 2 } = options
  let globalStep = options.start ?? 0
  let load: SystemLoad | null = null
  let [sampled, flushed] = [0, 0]
  let wantsGraph = options.graph === true
  let wantsGradients = histograms
  let wantsHparams = true
  const end = (): void => {
    load?.[Symbol.dispose]()
    load = null
    writer.flush()
  }
  const callback: Callback = {
    onEpochStart() {
      load ??= systemLoadSecs > 0 ? new SystemLoad() : null
      wantsGradients = histograms
    },
    onBackward({ batch }) {
      if (wantsGraph && model !== undefined) {
        wantsGraph = false
        const [input] = (Array.isArray(batch) ? batch : [batch]) as unknown[]
        if (input instanceof Tensor) addGraph(writer, model, input)
      }
      if (!wantsGradients || model === undefined) return
      wantsGradients = false
      for (const [name, parameter] of model.namedParameters()) {
        addFinite(writer, `gradients/${name}`, parameter.grad, globalStep)
      }
    },
    onStep({ step, loss }) {
      globalStep = step
      if (step % every === 0) {
        writer.addScalar('train/loss', loss, step)
        const lr = optimizer?.paramGroups[0]?.['lr']
        if (lr !== undefined) writer.addScalar('train/lr', lr, step)
      }
      const now = performance.now()
      if (load !== null && now - sampled > systemLoadSecs * 1000) {
        writer.addSystemLoad(load, step)
        sampled = now
      }
      if (now - flushed > FLUSH) {
        writer.flush()
        flushed = now
      }
    },
    async onEpochEnd(record) {
      const values = epochValues(record)
      for (const [tag, value] of Object.entries(values)) writer.addScalar(tag, value, globalStep)
      writer.addScalar('speed/examples_per_second', record.examplesPerSecond, globalStep)
      if (histograms && model !== undefined) {
        for (const [name, parameter] of model.namedParameters()) {
          addFinite(writer, `weights/${name}`, parameter, globalStep)
        }
      }
      if (wantsHparams) {
        wantsHparams = false
        const all = { ...hparamsOf(optimizer), ...options.hparams }
        if (Object.keys(all).length > 0) {
          writer.addHparams(all, values, { runName: '.', globalStep })
        }
      }
      if (images !== undefined) await addPictures(writer, images, record.epoch, globalStep)
      writer.flush()
    },
    onEnd: end,
  }
  return { callback, end }
}

/** The graph, or why there is none: what only looks on must not end a training. */
function addGraph(writer: SummaryWriter, model: AnyModule, input: Tensor): void {
  try {
    writer.addGraph(model, input)
  } catch (error) {
    if (!(error instanceof FlambeauError)) throw error
    writer.addText('graph', `The graph of the model was not logged. ${error.message}`)
  }
}

/** The figures of an epoch by their tags. */
function epochValues({ loss, valLoss, metrics }: EpochRecord): Record<string, number> {
  const values: Record<string, number> = { 'train/epoch_loss': loss }
  const of = valLoss === null ? 'train' : 'val'
  if (valLoss !== null) values['val/loss'] = valLoss
  for (const [name, value] of Object.entries(metrics)) values[`${of}/${name}`] = value
  return values
}

/** The settings of an optimizer that are single values. */
function hparamsOf(optimizer: Optimizer | undefined): Record<string, Hparam> {
  const [group] = optimizer?.paramGroups ?? []
  if (optimizer === undefined || group === undefined) return {}
  const found: Record<string, Hparam> = { optimizer: optimizer.constructor.name }
  for (const [name, value] of Object.entries(group as Record<string, unknown>)) {
    // A schedule's note of where it began.
    if (name === 'initialLr') continue
    if (typeof value === 'number' || typeof value === 'string') found[name] = value
  }
  return found
}

/** The histogram of numbers; of none, or some that are not finite, there is none. */
function addFinite(
  writer: SummaryWriter,
  tag: string,
  values: Tensor | null | undefined,
  step: number,
): void {
  if (values === null || values === undefined || values.numel() === 0) return
  const list = Float64Array.from(values.detach().flatten().toArray() as ArrayLike<number>, Number)
  const finite = list.filter(Number.isFinite)
  if (finite.length > 0) writer.addHistogram(tag, finite, step)
}

async function addPictures(
  writer: SummaryWriter,
  images: (epoch: number) => Pictures | Promise<Pictures>,
  epoch: number,
  step: number,
): Promise<void> {
  for (const [tag, picture] of Object.entries(await images(epoch))) {
    if (!(picture instanceof Tensor)) writer.addFigure(tag, picture, step)
    else if (picture.ndim === 4) writer.addImages(tag, picture, step)
    else writer.addImage(tag, picture, step)
  }
}

/** The board that a training asks for: its callback, and what ends it. */
export interface OpenBoard extends Disposable {
  readonly callback: Callback
}

/**
 * Opens the board of `fit`.
 *
 * @param start The step after which the training goes on.
 */
export function openBoard(
  board: string | SummaryWriter | BoardOptions,
  options: BoardLoggerOptions & { readonly start: number },
): OpenBoard {
  const isOptions = typeof board === 'object' && !(board instanceof SummaryWriter)
  const { run, ...own } = isOptions ? board : { run: board }
  // An earlier run in this folder is no longer shown, of one that goes on what came after the checkpoint.
  const purgeStep = options.start === 0 ? 0 : options.start + 1
  const writer = typeof run === 'string' ? new SummaryWriter(run, { purgeStep }) : run
  const hparams = { ...options.hparams, ...own.hparams }
  const { callback, end } = logger(writer, { ...options, ...own, hparams })
  return {
    callback,
    [Symbol.dispose]() {
      end()
      if (typeof run === 'string') writer.close()
    },
  }
}
