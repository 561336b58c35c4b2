import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { Tensor, ValueError } from '@flambeau/core'
import type { AnyModule, SummaryInput } from '@flambeau/nn'
import { EventFileWriter } from './event-file-writer.ts'
import { traceGraph } from './graph.ts'
import type { Bins } from './histogram.ts'
import { makeHistogram } from './histogram.ts'
import type { Event, SummaryValue } from './messages.ts'
import { DT } from './messages.ts'
import type { EncodedImage } from './pixels.ts'
import { encodeImage, sizeOfPng } from './pixels.ts'
import type { Hparam, ScalarValue } from './summaries.ts'
import { hparamsValues, numberOf, tensorValue, textValue } from './summaries.ts'
import type { SystemLoad } from './system-load.ts'

/** When something was logged. */
export interface When {
  /** The step of the training. Default 0. */
  readonly globalStep?: number | null
  /** Seconds since 1970. Default now. */
  readonly walltime?: number | null
}

export interface SummaryWriterOptions {
  /** The folder of the run. Default `runs/DATE_HOST` and the comment. */
  readonly logDir?: string | null
  /** At the end of the default folder's name. Default ''. */
  readonly comment?: string
  /** What was logged from this step on is no longer shown: a training that is resumed there. */
  readonly purgeStep?: number | null
  /** How many events wait at most before they are written. Default 10. */
  readonly maxQueue?: number
  /** Seconds after which events that wait are written anyway. Default 120. */
  readonly flushSecs?: number
  /** At the end of the names of files. Default ''. */
  readonly filenameSuffix?: string
}

export interface ScalarOptions extends When {
  /** Write it as a tensor, as TensorFlow 2 does. Default false. */
  readonly newStyle?: boolean
  /** With newStyle: keep 64 bits. Default false. */
  readonly doublePrecision?: boolean
}

export interface HistogramOptions extends When {
  /** Edges of bins, their number, or a rule for them. Default `tensorflow`. */
  readonly bins?: Bins
  /** Join neighbours until there are about as few. Default no limit. */
  readonly maxBins?: number | null
}

export interface ImageOptions extends When {
  /** What each axis is. Default `CHW`, of several images `NCHW`. */
  readonly dataformats?: string
}

export interface HparamsOptions {
  /** The values that a hyper-parameter can have, by its name. */
  readonly hparamDomainDiscrete?: Readonly<Record<string, readonly Hparam[]>> | null
  /** The folder below the run's. Default the time. */
  readonly runName?: string | null
  /** Of the metrics. Default 0. */
  readonly globalStep?: number | null
}

export interface FigureOptions {
  readonly globalStep?: number | null
  /** Without a meaning here: a figure holds nothing open. */
  readonly close?: boolean
  readonly walltime?: number | null
}

/** A picture that can be drawn as a PNG, as those of @flambeau/plot. */
export interface Drawable {
  png(scale?: number): Uint8Array
}

type Step = number | null

const readWhen = (op: string): ReturnType<typeof parameters<[Step, Step]>> =>
  parameters<[Step, Step]>(op, ['globalStep', 'walltime'])
const readScalar = parameters<[Step, Step, boolean, boolean]>('addScalar', [
  'globalStep',
  'walltime',
  'newStyle',
  'doublePrecision',
])
const readScalars = readWhen('addScalars')
const readText = readWhen('addText')
const readHistogram = parameters<[Step, Bins, Step, Step]>('addHistogram', [
  'globalStep',
  'bins',
  'walltime',
  'maxBins',
])
const imageNames = ['globalStep', 'walltime', 'dataformats']
const readImage = parameters<[Step, Step, string]>('addImage', imageNames)
const readImages = parameters<[Step, Step, string]>('addImages', imageNames)
const readFigure = parameters<[Step, boolean, Step]>('addFigure', [
  'globalStep',
  'close',
  'walltime',
])
const readHparams = parameters<
  [Readonly<Record<string, readonly Hparam[]>> | null, string | null, Step]
>('addHparams', ['hparamDomainDiscrete', 'runName', 'globalStep'])
const readWriter = parameters<[string | null, string, Step, number, number, string]>(
  'SummaryWriter',
  ['logDir', 'comment', 'purgeStep', 'maxQueue', 'flushSecs', 'filenameSuffix'],
)

/**
 * Writes what a training logs to event files, which `flambeau-board` and TensorBoard show: curves,
 * images, histograms, texts, hyper-parameters, the graph of the model.
 *
 * @throws {ValueError} for options that make no sense; what the file system throws.
 * @see torch.utils.tensorboard.SummaryWriter
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { EventAccumulator, SummaryWriter } from '@flambeau/tensorboard'
 * const logDir = mkdtempSync(join(tmpdir(), 'runs-'))
 * const writer = new SummaryWriter(logDir)
 * for (let step = 0; step < 3; step++) writer.addScalar('loss', 1 / (step + 1), step)
 * writer.close()
 * const run = new EventAccumulator(logDir).reload()
 * console.log(run.scalars('loss').map(({ value }) => value)) // => [ 1, 0.5, 0.3333333432674408 ]
 * ```
 */
export class SummaryWriter implements Disposable {
  /** The folder of the run. */
  readonly logDir: string
  readonly #options: { maxQueue: number; flushSecs: number; filenameSuffix: string }
  readonly #purgeStep: number | null
  /** Writers of the run and of runs below it, by their folders. */
  readonly #files = new Map<string, EventFileWriter>()

  constructor(
    ...given: Arguments<
      SummaryWriterOptions,
      ['logDir', 'comment', 'purgeStep', 'maxQueue', 'flushSecs', 'filenameSuffix']
    >
  ) {
    const [logDir, comment = '', purgeStep, maxQueue = 10, flushSecs = 120, suffix = ''] =
      readWriter(given)
    this.logDir = logDir ?? join('runs', `${timeName()}_${hostname()}${comment}`)
    this.#options = { maxQueue, flushSecs, filenameSuffix: suffix }
    this.#purgeStep = purgeStep ?? null
    this.#file(this.logDir)
  }

  /** The folder of the run. @see torch.utils.tensorboard.SummaryWriter.get_logdir */
  getLogdir(): string {
    return this.logDir
  }

  /**
   * Adds a point to the curve of a tag: a number, or a tensor of one. A tag `train/loss` is shown in
   * the group `train`.
   *
   * @throws {ValueError} for a tensor of several numbers, or a writer that is closed.
   * @see torch.utils.tensorboard.SummaryWriter.add_scalar
   */
  addScalar(
    tag: string,
    scalarValue: ScalarValue,
    ...given: Arguments<ScalarOptions, ['globalStep', 'walltime', 'newStyle', 'doublePrecision']>
  ): void {
    const [step, walltime, newStyle = false, double = false] = readScalar(given)
    const value = numberOf('addScalar', scalarValue)
    if (!newStyle) {
      this.#summary([{ tag, simpleValue: value }], step, walltime)
      return
    }
    const tensor = double
      ? { dtype: DT.double, tensorShape: {}, doubleVal: [value] }
      : { dtype: DT.float, tensorShape: {}, floatVal: [value] }
    this.#summary([tensorValue(tag, tensor, 'scalars', 1)], step, walltime)
  }

  /**
   * Adds a point to each of several curves of one chart; each is a run of its own below this one.
   *
   * @see torch.utils.tensorboard.SummaryWriter.add_scalars
   */
  addScalars(
    mainTag: string,
    tagScalarDict: Readonly<Record<string, ScalarValue>>,
    ...given: Arguments<When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = readScalars(given)
    for (const [name, value] of Object.entries(tagScalarDict)) {
      const folder = join(this.logDir, `${mainTag.replaceAll('/', '_')}_${name}`)
      const simpleValue = numberOf('addScalars', value)
      this.#summary([{ tag: mainTag, simpleValue }], step, walltime, folder)
    }
  }

  /**
   * Adds a histogram of numbers: weights, gradients, activations.
   *
   * @param values A tensor of any shape, or a list.
   * @throws {ValueError} if there are none, or some are not finite.
   * @see torch.utils.tensorboard.SummaryWriter.add_histogram
   */
  addHistogram(
    tag: string,
    values: Tensor | ArrayLike<number>,
    ...given: Arguments<HistogramOptions, ['globalStep', 'bins', 'walltime', 'maxBins']>
  ): void {
    const [step, bins = 'tensorflow', walltime, maxBins] = readHistogram(given)
    const list =
      values instanceof Tensor
        ? Float64Array.from(values.detach().flatten().toArray() as ArrayLike<number>, Number)
        : Float64Array.from(values)
    const histo = makeHistogram('addHistogram', list, bins, maxBins ?? null)
    this.#summary([{ tag, histo }], step, walltime)
  }

  /**
   * Adds an image: floating from 0 to 1, or integers from 0 to 255.
   *
   * Shapes: `[C, H, W]` with 1, 3 or 4 channels, or what `dataformats` says.
   *
   * @throws {ShapeError} for other shapes. @throws {ValueError} for unknown dataformats.
   * @see torch.utils.tensorboard.SummaryWriter.add_image
   */
  addImage(
    tag: string,
    imgTensor: Tensor,
    ...given: Arguments<ImageOptions, ['globalStep', 'walltime', 'dataformats']>
  ): void {
    const [step, walltime, dataformats = 'CHW'] = readImage(given)
    this.#image(tag, encodeImage('addImage', imgTensor, dataformats), step, walltime)
  }

  /**
   * Adds several images as one, eight in a row.
   *
   * Shapes: `[N, C, H, W]`, or what `dataformats` says.
   *
   * @throws {ShapeError} for other shapes. @throws {ValueError} for unknown dataformats.
   * @see torch.utils.tensorboard.SummaryWriter.add_images
   */
  addImages(
    tag: string,
    imgTensor: Tensor,
    ...given: Arguments<ImageOptions, ['globalStep', 'walltime', 'dataformats']>
  ): void {
    const [step, walltime, dataformats = 'NCHW'] = readImages(given)
    this.#image(tag, encodeImage('addImages', imgTensor, dataformats), step, walltime)
  }

  /**
   * Adds a picture of @flambeau/plot, or several, as images.
   *
   * @see torch.utils.tensorboard.SummaryWriter.add_figure
   */
  addFigure(
    tag: string,
    figure: Drawable | readonly Drawable[],
    ...given: Arguments<FigureOptions, ['globalStep', 'close', 'walltime']>
  ): void {
    const [step, , walltime] = readFigure(given)
    const figures = Array.isArray(figure) ? (figure as readonly Drawable[]) : [figure as Drawable]
    for (const [i, one] of figures.entries()) {
      const png = one.png(1)
      const name = figures.length === 1 ? tag : `${tag}/${i}`
      this.#image(name, { ...sizeOfPng(png), channels: 4, png }, step, walltime)
    }
  }

  /** Adds a text, in Markdown. @see torch.utils.tensorboard.SummaryWriter.add_text */
  addText(
    tag: string,
    textString: string,
    ...given: Arguments<When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = readText(given)
    this.#summary([textValue(tag, textString)], step, walltime)
  }

  /**
   * Adds the graph of a model: its operations within its modules, with shapes and parameters.
   *
   * @param inputToModel One shape with the batch, an example, or the arguments of a call, as
   * `nn.summary` takes them.
   * @throws {ValueError} if the model fails for the input.
   * @see torch.utils.tensorboard.SummaryWriter.add_graph
   */
  addGraph(model: AnyModule, inputToModel: SummaryInput): void {
    const graphDef = traceGraph(model, inputToModel)
    this.#event({ graphDef }, null, null, this.logDir)
  }

  /**
   * Adds the hyper-parameters of a run with the metrics that came of them, for comparison with other
   * runs; they are a run below this one.
   *
   * @see torch.utils.tensorboard.SummaryWriter.add_hparams
   */
  addHparams(
    hparamDict: Readonly<Record<string, Hparam>>,
    metricDict: Readonly<Record<string, ScalarValue>>,
    ...given: Arguments<HparamsOptions, ['hparamDomainDiscrete', 'runName', 'globalStep']>
  ): void {
    const [domains, runName, step] = readHparams(given)
    const folder = join(this.logDir, runName ?? String(Date.now() / 1000))
    for (const value of hparamsValues(hparamDict, metricDict, domains ?? {})) {
      this.#summary([value], null, null, folder)
    }
    for (const [tag, value] of Object.entries(metricDict)) {
      const simpleValue = numberOf('addHparams', value)
      this.#summary([{ tag, simpleValue }], step, null, folder)
    }
    this.#file(folder).flush()
  }

  /** Adds the load of process and machine since the last time, as curves `system/…`. */
  addSystemLoad(load: SystemLoad, ...given: Arguments<When, ['globalStep', 'walltime']>): void {
    const [step, walltime] = readLoad(given)
    const { cpuPercent, machineCpuPercent, memoryMb, machineMemoryPercent, eventLoopDelayMs } =
      load.sample()
    const curves = {
      'system/process_cpu_percent': cpuPercent,
      'system/machine_cpu_percent': machineCpuPercent,
      'system/process_memory_mb': memoryMb,
      'system/machine_memory_percent': machineMemoryPercent,
      'system/event_loop_delay_p99_ms': eventLoopDelayMs,
    }
    const values = Object.entries(curves).map(([tag, simpleValue]) => ({ tag, simpleValue }))
    this.#summary(values, step, walltime)
  }

  /** Writes what waits. */
  flush(): void {
    for (const file of this.#files.values()) file.flush()
  }

  /** Writes what waits, and closes the files. */
  close(): void {
    for (const file of this.#files.values()) file.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #image(tag: string, image: EncodedImage, step?: Step, walltime?: Step): void {
    const { width, height, channels, png } = image
    const value = { width, height, colorspace: channels, encodedImageString: png }
    this.#summary([{ tag, image: value }], step, walltime)
  }

  #summary(value: SummaryValue[], step?: Step, walltime?: Step, folder = this.logDir): void {
    this.#event({ summary: { value } }, step, walltime, folder)
  }

  #event(event: Event, step: Step | undefined, walltime: Step | undefined, folder: string): void {
    if (step !== null && step !== undefined && !Number.isSafeInteger(step)) {
      const rule = `the step is ${step}`
      throw new ValueError('SummaryWriter', [], rule, 'give a whole number')
    }
    this.#file(folder).add({ ...event, wallTime: walltime ?? Date.now() / 1000, step: step ?? 0 })
  }

  #file(folder: string): EventFileWriter {
    let file = this.#files.get(folder)
    if (file === undefined) {
      file = new EventFileWriter(folder, this.#options)
      this.#files.set(folder, file)
      if (this.#purgeStep !== null) {
        const wallTime = Date.now() / 1000
        file.add({ wallTime, step: this.#purgeStep, sessionLog: { status: 1 } })
      }
    }
    return file
  }
}

const readLoad = readWhen('addSystemLoad')

/** `Nov22_14-03-59`. */
function timeName(): string {
  const now = new Date()
  const two = (value: number): string => String(value).padStart(2, '0')
  const month = now.toLocaleString('en-US', { month: 'short' })
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-')
  return `${month}${two(now.getDate())}_${time}`
}
