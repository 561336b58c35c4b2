/** What the methods of a writer may be given, and how that is read. */
import { parameters } from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import type { Bins } from './histogram.ts'
import type { Metadata } from './embedding.ts'
import type { Hparam } from './summaries.ts'

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

export interface BoxesOptions extends When {
  /** Size of what is written over that of the image. Default 1. */
  readonly rescale?: number
  /** What each axis is. Default `CHW`. */
  readonly dataformats?: string
  /** A name for each box, or that of the only one. Default none. */
  readonly labels?: readonly string[] | string | null
}

export interface VideoOptions extends When {
  /** Frames a second, at most 50. Default 4. */
  readonly fps?: number
}

export interface AudioOptions extends When {
  /** Samples a second. Default 44100. */
  readonly sampleRate?: number
}

export interface EmbeddingOptions {
  /** A label for each row, or with a header a list of them. Default none. */
  readonly metadata?: Metadata | null
  /** An image for each row, `[N, C, H, W]`. Default none. */
  readonly labelImg?: Tensor | null
  /** Default 0. */
  readonly globalStep?: number | null
  /** The name of the embedding. Default `default`. */
  readonly tag?: string
  /** Names of the columns, where each row has a list of labels. Default none. */
  readonly metadataHeader?: readonly string[] | null
}

export interface PrCurveOptions extends When {
  /** From 2 to 127. Default 127. */
  readonly numThresholds?: number
  /** How much each element counts; one number, or one for each. Default 1. */
  readonly weights?: Tensor | ArrayLike<number> | number | null
}

export interface CustomScalarsOptions {
  /** The group that the chart is in. Default `default`. */
  readonly category?: string
  /** Above the chart. Default `untitled`. */
  readonly title?: string
}

export interface MeshOptions extends When {
  /** Red, green and blue of each vertex from 0 to 255, `[B, N, 3]`. Default none. */
  readonly colors?: Tensor | null
  /** Indices of the corners of each triangle, `[B, M, 3]`. Default none: a cloud of points. */
  readonly faces?: Tensor | null
  /** Camera, lights and material, as TensorBoard's mesh plug-in takes them. Default none. */
  readonly configDict?: Readonly<Record<string, unknown>> | null
}

/** A step or a time that may be left out. */
export type Step = number | null

type Reader<P extends readonly unknown[]> = ReturnType<typeof parameters<P>>

const when = ['globalStep', 'walltime']
export const readScalar: Reader<[Step, Step, boolean, boolean]> = parameters('addScalar', [
  ...when,
  'newStyle',
  'doublePrecision',
])
export const readScalars: Reader<[Step, Step]> = parameters('addScalars', when)
export const readTensor: Reader<[Step, Step]> = parameters('addTensor', when)
export const readText: Reader<[Step, Step]> = parameters('addText', when)
export const readLoad: Reader<[Step, Step]> = parameters('addSystemLoad', when)
export const readHistogramRaw: Reader<[Step, Step]> = parameters('addHistogramRaw', when)
export const readHistogram: Reader<[Step, Bins, Step, Step]> = parameters('addHistogram', [
  'globalStep',
  'bins',
  'walltime',
  'maxBins',
])
export const readImage: Reader<[Step, Step, string]> = parameters('addImage', [
  ...when,
  'dataformats',
])
export const readImages: Reader<[Step, Step, string]> = parameters('addImages', [
  ...when,
  'dataformats',
])
export const readBoxes: Reader<[Step, Step, number, string, BoxesOptions['labels']]> = parameters(
  'addImageWithBoxes',
  [...when, 'rescale', 'dataformats', 'labels'],
)
export const readFigure: Reader<[Step, boolean, Step]> = parameters('addFigure', [
  'globalStep',
  'close',
  'walltime',
])
export const readVideo: Reader<[Step, number, Step]> = parameters('addVideo', [
  'globalStep',
  'fps',
  'walltime',
])
export const readAudio: Reader<[Step, number, Step]> = parameters('addAudio', [
  'globalStep',
  'sampleRate',
  'walltime',
])
export const readEmbedding: Reader<
  [Metadata | null, Tensor | null, Step, string, readonly string[] | null]
> = parameters('addEmbedding', ['metadata', 'labelImg', 'globalStep', 'tag', 'metadataHeader'])
const prCurve = ['globalStep', 'numThresholds', 'weights', 'walltime']
export const readPrCurve: Reader<[Step, number, PrCurveOptions['weights'], Step]> = parameters(
  'addPrCurve',
  prCurve,
)
export const readPrCurveRaw: Reader<[Step, number, unknown, Step]> = parameters(
  'addPrCurveRaw',
  prCurve,
)
const chart = ['category', 'title']
export const readMultiline: Reader<[string, string]> = parameters(
  'addCustomScalarsMultilinechart',
  chart,
)
export const readMargin: Reader<[string, string]> = parameters('addCustomScalarsMarginchart', chart)
export const readMesh: Reader<
  [Tensor | null, Tensor | null, MeshOptions['configDict'], Step, Step]
> = parameters('addMesh', ['colors', 'faces', 'configDict', 'globalStep', 'walltime'])
export const readHparams: Reader<
  [Readonly<Record<string, readonly Hparam[]>> | null, string | null, Step]
> = parameters('addHparams', ['hparamDomainDiscrete', 'runName', 'globalStep'])
export const readWriter: Reader<[string | null, string, Step, number, number, string]> = parameters(
  'SummaryWriter',
  ['logDir', 'comment', 'purgeStep', 'maxQueue', 'flushSecs', 'filenameSuffix'],
)
