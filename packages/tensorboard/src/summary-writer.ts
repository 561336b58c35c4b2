import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Arguments } from '@flambeau/core/internal'
import {
  requireFunction,
  requireInstance,
  requireNumber,
  requireOptions,
  requireTensor,
  requireText,
  show,
} from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import type { AnyModule, SummaryInput } from '@flambeau/nn'
import * as nn from '@flambeau/nn'
import { encodeAudio } from './audio.ts'
import { encodeBoxes } from './boxes.ts'
import type { CustomLayout } from './custom-scalars.ts'
import { layoutValue } from './custom-scalars.ts'
import type { EmbeddingInfo } from './embedding.ts'
import { PROJECTOR_FILE, projectorText, writeEmbedding } from './embedding.ts'
import { EventFileWriter } from './event-file-writer.ts'
import { encodeVideo } from './gif.ts'
import { traceGraph } from './graph.ts'
import { makeHistogram } from './histogram.ts'
import { meshValues } from './mesh.ts'
import type { Event, SummaryValue } from './messages.ts'
import { DT } from './messages.ts'
import { onnxGraph } from './onnx-graph.ts'
import type { EncodedImage } from './pixels.ts'
import { encodeImage, sizeOfPng } from './pixels.ts'
import type { Numbers } from './pr-curve.ts'
import { computeCurve, listOf, prCurveValue, thresholdsOf } from './pr-curve.ts'
import type { Hparam, ScalarValue } from './summaries.ts'
import { hparamsValues, numberOf, tensorValue, textValue } from './summaries.ts'
import { SystemLoad } from './system-load.ts'
import { toProto } from './tensors.ts'
import type * as options from './writer-options.ts'
import * as read from './writer-options.ts'

type Step = options.Step

/**
 * Writes what a training logs to event files, which `flambeau-board` and TensorBoard show: curves,
 * images, videos, sounds, histograms, texts, precision-recall curves, embeddings, hyper-parameters, the
 * graph of the model.
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
  readonly #embeddings: EmbeddingInfo[] = []
  /** Writers of the run and of runs below it, by their folders. */
  readonly #files = new Map<string, EventFileWriter>()

  constructor(
    ...given: Arguments<
      options.SummaryWriterOptions,
      ['logDir', 'comment', 'purgeStep', 'maxQueue', 'flushSecs', 'filenameSuffix']
    >
  ) {
    const [logDir, comment = '', purgeStep, maxQueue = 10, flushSecs = 120, suffix = ''] =
      read.readWriter(given)
    this.logDir = logDir ?? join('runs', `${timeName()}_${hostname()}${comment}`)
    if (purgeStep !== null) requireStep(purgeStep)
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
    ...given: Arguments<
      options.ScalarOptions,
      ['globalStep', 'walltime', 'newStyle', 'doublePrecision']
    >
  ): void {
    const [step, walltime, newStyle = false, double = false] = read.readScalar(given)
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
    ...given: Arguments<options.When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = read.readScalars(given)
    requireText('addScalars', 'mainTag', mainTag)
    requireOptions('addScalars', tagScalarDict)
    for (const [name, value] of Object.entries(tagScalarDict)) {
      const folder = join(this.logDir, `${mainTag.replaceAll('/', '_')}_${name}`)
      const simpleValue = numberOf('addScalars', value)
      this.#summary([{ tag: mainTag, simpleValue }], step, walltime, folder)
    }
  }

  /**
   * Adds a tensor as it is, of any shape and dtype.
   *
   * @see torch.utils.tensorboard.SummaryWriter.add_tensor
   */
  addTensor(
    tag: string,
    tensor: Tensor,
    ...given: Arguments<options.When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = read.readTensor(given)
    requireTensor('addTensor', 'tensor', tensor)
    const metadata = { pluginData: { pluginName: 'tensor' } }
    this.#summary([{ tag, tensor: toProto(tensor), metadata }], step, walltime)
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
    values: Numbers,
    ...given: Arguments<options.HistogramOptions, ['globalStep', 'bins', 'walltime', 'maxBins']>
  ): void {
    const [step, bins = 'tensorflow', walltime, maxBins] = read.readHistogram(given)
    const numbers = listOf('addHistogram', 'values', values)
    const histo = makeHistogram('addHistogram', numbers, bins, maxBins ?? null)
    this.#summary([{ tag, histo }], step, walltime)
  }

  /**
   * Adds a histogram that was counted already: the right end of each bucket, and how many are in it.
   *
   * @throws {ShapeError} if there are not as many counts as limits.
   * @see torch.utils.tensorboard.SummaryWriter.add_histogram_raw
   */
  addHistogramRaw(
    tag: string,
    min: number,
    max: number,
    num: number,
    sum: number,
    sumSquares: number,
    bucketLimits: Numbers,
    bucketCounts: Numbers,
    ...given: Arguments<options.When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = read.readHistogramRaw(given)
    const op = 'addHistogramRaw'
    for (const [name, value] of Object.entries({ min, max, num, sum, sumSquares })) {
      requireNumber(op, name, value)
    }
    const bucketLimit = listOf(op, 'bucketLimits', bucketLimits)
    const bucket = listOf(op, 'bucketCounts', bucketCounts)
    if (bucketLimit.length !== bucket.length) {
      const rule = `there are ${bucketLimit.length} limits and ${bucket.length} counts`
      throw new ShapeError(op, [], rule, 'give the right end of each bucket')
    }
    const histo = { min, max, num, sum, sumSquares, bucketLimit, bucket }
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
    ...given: Arguments<options.ImageOptions, ['globalStep', 'walltime', 'dataformats']>
  ): void {
    const [step, walltime, dataformats = 'CHW'] = read.readImage(given)
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
    ...given: Arguments<options.ImageOptions, ['globalStep', 'walltime', 'dataformats']>
  ): void {
    const [step, walltime, dataformats = 'NCHW'] = read.readImages(given)
    this.#image(tag, encodeImage('addImages', imgTensor, dataformats), step, walltime)
  }

  /**
   * Adds an image with red lines around boxes `[N, 4]` of left, top, right and bottom, in pixels, and
   * their names, of ASCII. For other letters and colours log `overlay` of @flambeau/plot by `addFigure`.
   *
   * @throws {ShapeError} for other shapes. @throws {ValueError} for unknown dataformats, or another number
   * of labels.
   * @see torch.utils.tensorboard.SummaryWriter.add_image_with_boxes
   */
  addImageWithBoxes(
    tag: string,
    imgTensor: Tensor,
    boxTensor: Tensor,
    ...given: Arguments<
      options.BoxesOptions,
      ['globalStep', 'walltime', 'rescale', 'dataformats', 'labels']
    >
  ): void {
    const [step, walltime, rescale = 1, dataformats = 'CHW', labels] = read.readBoxes(given)
    const drawn = { boxes: boxTensor, labels: labels ?? null, rescale }
    const image = encodeBoxes('addImageWithBoxes', imgTensor, dataformats, drawn)
    this.#image(tag, image, step, walltime)
  }

  /**
   * Adds a picture of @flambeau/plot, or several, as images.
   *
   * @see torch.utils.tensorboard.SummaryWriter.add_figure
   */
  addFigure(
    tag: string,
    figure: options.Drawable | readonly options.Drawable[],
    ...given: Arguments<options.FigureOptions, ['globalStep', 'close', 'walltime']>
  ): void {
    const [step, , walltime] = read.readFigure(given)
    const figures = Array.isArray(figure)
      ? (figure as readonly options.Drawable[])
      : [figure as options.Drawable]
    for (const [i, one] of figures.entries()) {
      requireFunction(
        'addFigure',
        `figure ${i}: png`,
        (one as Partial<options.Drawable> | null)?.png,
      )
      const png = one.png(1)
      const name = figures.length === 1 ? tag : `${tag}/${i}`
      this.#image(name, { ...sizeOfPng(png), channels: 4, bytes: png }, step, walltime)
    }
  }

  /**
   * Adds a video, or several side by side, as an animated image: floating from 0 to 1, or integers from
   * 0 to 255.
   *
   * Shapes: `[N, T, C, H, W]` with 1 or 3 channels.
   *
   * @throws {ShapeError} for other shapes. @throws {ValueError} for a rate outside of (0, 50].
   * @see torch.utils.tensorboard.SummaryWriter.add_video
   */
  addVideo(
    tag: string,
    vidTensor: Tensor,
    ...given: Arguments<options.VideoOptions, ['globalStep', 'fps', 'walltime']>
  ): void {
    const [step, fps = 4, walltime] = read.readVideo(given)
    this.#image(tag, encodeVideo('addVideo', vidTensor, fps), step, walltime)
  }

  /**
   * Adds a sound; what is outside of [-1, 1] is cut off.
   *
   * Shapes: `[1, L]` or `[L]`.
   *
   * @throws {ShapeError} for several channels. @throws {ValueError} for a rate below 1.
   * @see torch.utils.tensorboard.SummaryWriter.add_audio
   */
  addAudio(
    tag: string,
    sndTensor: Tensor,
    ...given: Arguments<options.AudioOptions, ['globalStep', 'sampleRate', 'walltime']>
  ): void {
    const [step, sampleRate = 44_100, walltime] = read.readAudio(given)
    const audio = encodeAudio('addAudio', sndTensor, sampleRate)
    this.#summary([{ tag, audio }], step, walltime)
  }

  /** Adds a text, in Markdown. @see torch.utils.tensorboard.SummaryWriter.add_text */
  addText(
    tag: string,
    textString: string,
    ...given: Arguments<options.When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = read.readText(given)
    requireText('addText', 'textString', textString)
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
    requireInstance('addGraph', 'model', model, nn.Module)
    const graphDef = traceGraph(model, inputToModel)
    this.#event({ graphDef }, null, null, this.logDir)
  }

  /**
   * Adds the graph of a model in an ONNX file.
   *
   * @param prototxt The path of the file, or its bytes.
   * @throws {ValueError} if it is no ONNX file; what the file system throws.
   * @see torch.utils.tensorboard.SummaryWriter.add_onnx_graph
   */
  addOnnxGraph(prototxt: string | Uint8Array): void {
    this.#event({ graphDef: onnxGraph('addOnnxGraph', prototxt) }, null, null, this.logDir)
  }

  /**
   * Adds points in space, with labels and images: what a network makes of its inputs.
   *
   * Shapes: mat `[N, D]`, labelImg `[N, C, H, W]`.
   *
   * @throws {ShapeError} for other shapes, or not one label or image for each row.
   * @see torch.utils.tensorboard.SummaryWriter.add_embedding
   */
  addEmbedding(
    mat: Tensor,
    ...given: Arguments<
      options.EmbeddingOptions,
      ['metadata', 'labelImg', 'globalStep', 'tag', 'metadataHeader']
    >
  ): void {
    const [metadata, labelImg, step, tag = 'default', header] = read.readEmbedding(given)
    const at = requireStep(step) ?? 0
    const [labels, images] = [metadata ?? null, labelImg ?? null]
    const op = 'addEmbedding'
    const info = writeEmbedding(op, this.logDir, mat, tag, at, labels, header ?? null, images)
    const before = this.#embeddings.findIndex(({ tensorPath }) => tensorPath === info.tensorPath)
    if (before < 0) this.#embeddings.push(info)
    else this.#embeddings[before] = info
    writeFileSync(join(this.logDir, PROJECTOR_FILE), projectorText(this.#embeddings))
  }

  /**
   * Adds the curve of precision against recall of a binary classifier.
   *
   * @param labels 0 or 1 for each element. @param predictions The probability of 1, from 0 to 1.
   * @throws {ShapeError} if there are not as many of both. @throws {ValueError} for other numbers.
   * @see torch.utils.tensorboard.SummaryWriter.add_pr_curve
   */
  addPrCurve(
    tag: string,
    labels: Numbers,
    predictions: Numbers,
    ...given: Arguments<
      options.PrCurveOptions,
      ['globalStep', 'numThresholds', 'weights', 'walltime']
    >
  ): void {
    const [step, asked = 127, weights, walltime] = read.readPrCurve(given)
    const count = thresholdsOf('addPrCurve', asked)
    const rows = computeCurve('addPrCurve', labels, predictions, count, weights ?? 1)
    this.#summary([prCurveValue('addPrCurve', tag, rows, count)], step, walltime)
  }

  /**
   * Adds a curve of precision against recall that was computed already: a number for each threshold.
   *
   * @throws {ShapeError} if the lists differ in length.
   * @see torch.utils.tensorboard.SummaryWriter.add_pr_curve_raw
   */
  addPrCurveRaw(
    tag: string,
    truePositiveCounts: Numbers,
    falsePositiveCounts: Numbers,
    trueNegativeCounts: Numbers,
    falseNegativeCounts: Numbers,
    precision: Numbers,
    recall: Numbers,
    ...given: Arguments<
      options.PrCurveOptions,
      ['globalStep', 'numThresholds', 'weights', 'walltime']
    >
  ): void {
    const [step, asked = 127, , walltime] = read.readPrCurveRaw(given)
    const op = 'addPrCurveRaw'
    const rows = [
      listOf(op, 'truePositiveCounts', truePositiveCounts),
      listOf(op, 'falsePositiveCounts', falsePositiveCounts),
      listOf(op, 'trueNegativeCounts', trueNegativeCounts),
      listOf(op, 'falseNegativeCounts', falseNegativeCounts),
      listOf(op, 'precision', precision),
      listOf(op, 'recall', recall),
    ] as const
    const count = thresholdsOf(op, asked)
    this.#summary([prCurveValue(op, tag, rows, count)], step, walltime)
  }

  /**
   * Lays out charts of several curves: `{ category: { title: ['Multiline', tags] } }`, where a tag may be a
   * regular expression, or `'Margin'` with the tags of a value and its lower and upper bound.
   *
   * @throws {ValueError} for another type of chart, or a margin of other than three tags.
   * @see torch.utils.tensorboard.SummaryWriter.add_custom_scalars
   */
  addCustomScalars(layout: CustomLayout): void {
    this.#summary([layoutValue('addCustomScalars', layout)])
  }

  /**
   * Lays out one chart of several curves.
   *
   * @see torch.utils.tensorboard.SummaryWriter.add_custom_scalars_multilinechart
   */
  addCustomScalarsMultilinechart(
    tags: readonly string[],
    ...given: Arguments<options.CustomScalarsOptions, ['category', 'title']>
  ): void {
    const [category = 'default', title = 'untitled'] = read.readMultiline(given)
    requireText('addCustomScalarsMultilinechart', 'category', category)
    requireText('addCustomScalarsMultilinechart', 'title', title)
    const layout: CustomLayout = { [category]: { [title]: ['Multiline', tags] } }
    this.#summary([layoutValue('addCustomScalarsMultilinechart', layout)])
  }

  /**
   * Lays out one chart of a curve with a band around it, by the tags of value, lower and upper bound.
   *
   * @throws {ValueError} for other than three tags.
   * @see torch.utils.tensorboard.SummaryWriter.add_custom_scalars_marginchart
   */
  addCustomScalarsMarginchart(
    tags: readonly string[],
    ...given: Arguments<options.CustomScalarsOptions, ['category', 'title']>
  ): void {
    const [category = 'default', title = 'untitled'] = read.readMargin(given)
    requireText('addCustomScalarsMarginchart', 'category', category)
    requireText('addCustomScalarsMarginchart', 'title', title)
    const layout: CustomLayout = { [category]: { [title]: ['Margin', tags] } }
    this.#summary([layoutValue('addCustomScalarsMarginchart', layout)])
  }

  /**
   * Adds surfaces or clouds of points in space.
   *
   * Shapes: vertices `[B, N, 3]`, colors the same, faces `[B, M, 3]`.
   *
   * @throws {ShapeError} for other shapes.
   * @see torch.utils.tensorboard.SummaryWriter.add_mesh
   */
  addMesh(
    tag: string,
    vertices: Tensor,
    ...given: Arguments<
      options.MeshOptions,
      ['colors', 'faces', 'configDict', 'globalStep', 'walltime']
    >
  ): void {
    const [colors = null, faces = null, config = null, step, walltime] = read.readMesh(given)
    this.#summary(meshValues('addMesh', tag, vertices, colors, faces, config), step, walltime)
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
    ...given: Arguments<options.HparamsOptions, ['hparamDomainDiscrete', 'runName', 'globalStep']>
  ): void {
    const [domains, runName, step] = read.readHparams(given)
    requireOptions('addHparams', hparamDict)
    requireOptions('addHparams', metricDict)
    if (domains !== null && domains !== undefined) requireOptions('addHparams', domains)
    if (runName !== null && runName !== undefined) requireText('addHparams', 'runName', runName)
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
  addSystemLoad(
    load: SystemLoad,
    ...given: Arguments<options.When, ['globalStep', 'walltime']>
  ): void {
    const [step, walltime] = read.readLoad(given)
    requireInstance('addSystemLoad', 'load', load, SystemLoad)
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
    const { width, height, channels, bytes } = image
    const value = { width, height, colorspace: channels, encodedImageString: bytes }
    this.#summary([{ tag, image: value }], step, walltime)
  }

  #summary(value: SummaryValue[], step?: Step, walltime?: Step, folder = this.logDir): void {
    this.#event({ summary: { value } }, step, walltime, folder)
  }

  #event(event: Event, step: Step | undefined, walltime: Step | undefined, folder: string): void {
    const at = requireStep(step) ?? 0
    if (walltime !== null && walltime !== undefined) {
      requireNumber('SummaryWriter', 'walltime', walltime)
    }
    for (const { tag } of event.summary?.value ?? []) requireText('SummaryWriter', 'tag', tag)
    this.#file(folder).add({ ...event, wallTime: walltime ?? Date.now() / 1000, step: at })
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

/** `Nov22_14-03-59`. */
function timeName(): string {
  const now = new Date()
  const two = (value: number): string => String(value).padStart(2, '0')
  const month = now.toLocaleString('en-US', { month: 'short' })
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-')
  return `${month}${two(now.getDate())}_${time}`
}

/** @throws {ValueError} for a step that is no whole number. */
function requireStep(step: Step | undefined): Step | undefined {
  if (step === null || step === undefined || Number.isSafeInteger(step)) return step
  throw new ValueError('SummaryWriter', [], `the step is ${show(step)}`, 'give a whole number')
}
