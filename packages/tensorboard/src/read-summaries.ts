/** What stands in a summary, whoever wrote it: the old form, or tensors for plug-ins. */
import type { CustomScalarChart } from './custom-scalars.ts'
import { chartsOf } from './custom-scalars.ts'
import type { MeshPart } from './mesh.ts'
import type { HistogramProto, SummaryValue, TensorProto } from './messages.ts'
import { DT, LayoutProto, MeshData } from './messages.ts'

/** A point of a curve. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  readonly value: number
}

/** How numbers were spread. */
export interface Histogram {
  readonly min: number
  readonly max: number
  readonly num: number
  readonly sum: number
  readonly sumSquares: number
  /** The right end of each bucket. */
  readonly bucketLimit: readonly number[]
  /** How many numbers each bucket has. */
  readonly bucket: readonly number[]
}

/** A histogram at a step. */
export interface HistogramEvent extends Histogram {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
}

/** A text at a step. */
export interface TextEvent {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  readonly text: string
}

/** A sound; its bytes are read when they are asked for. */
export interface AudioSize {
  /** Samples a second. */
  readonly sampleRate: number
  /** Samples of each channel. */
  readonly lengthFrames: number
  /** Of the bytes, such as `audio/wav`. */
  readonly contentType: string
}

/** The curve of precision against recall at a step: a number for each threshold, from 0 to 1. */
export interface PrCurveEvent {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  readonly thresholds: readonly number[]
  readonly truePositives: readonly number[]
  readonly falsePositives: readonly number[]
  readonly trueNegatives: readonly number[]
  readonly falseNegatives: readonly number[]
  readonly precision: readonly number[]
  readonly recall: readonly number[]
}

/** In pixels. */
export interface ImageSize {
  readonly width: number
  readonly height: number
}

type Content =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'histogram'; readonly histogram: Histogram }
  | { readonly kind: 'images'; readonly sizes: readonly ImageSize[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'audio'; readonly size: AudioSize }
  | { readonly kind: 'prCurve'; readonly curve: Omit<PrCurveEvent, 'wallTime' | 'step'> }
  | { readonly kind: 'layout'; readonly charts: CustomScalarChart[] }
  | { readonly kind: 'mesh'; readonly name: string; readonly part: number; readonly config: string }
  | { readonly kind: 'tensor' }
  | { readonly kind: 'other' }

const utf8 = new TextDecoder()

/** The numbers of a tensor. */
function numbersOf(tensor: TensorProto): number[] {
  const { dtype, tensorContent } = tensor
  if (tensorContent !== undefined && tensorContent.length > 0) {
    // A copy, whose memory is aligned; slice() of a Buffer is none.
    const { buffer } = new Uint8Array(tensorContent)
    if (dtype === DT.float) return [...new Float32Array(buffer)]
    if (dtype === DT.double) return [...new Float64Array(buffer)]
    if (dtype === DT.int32) return [...new Int32Array(buffer)]
    if (dtype === DT.int64) return Array.from(new BigInt64Array(buffer), Number)
    return []
  }
  const lists = [tensor.floatVal, tensor.doubleVal, tensor.intVal, tensor.int64Val]
  return lists.find((list) => list !== undefined && list.length > 0) ?? []
}

/** The bytes of the images of a summary. */
export function imagesOf({ image, tensor }: SummaryValue): Uint8Array[] {
  if (image !== undefined) return [image.encodedImageString ?? new Uint8Array()]
  // Width and height as texts, then the images.
  return tensor?.stringVal?.slice(2) ?? []
}

/** What a summary holds. */
export function contentOf(value: SummaryValue): Content {
  const { simpleValue, image, histo, audio, tensor, metadata } = value
  if (simpleValue !== undefined) return { kind: 'scalar', value: simpleValue }
  if (histo !== undefined) return { kind: 'histogram', histogram: fromProto(histo) }
  if (image !== undefined) {
    return { kind: 'images', sizes: [{ width: image.width ?? 0, height: image.height ?? 0 }] }
  }
  if (audio !== undefined) {
    const { sampleRate = 0, lengthFrames = 0, contentType = 'audio/wav' } = audio
    return { kind: 'audio', size: { sampleRate, lengthFrames, contentType } }
  }
  if (tensor === undefined) return { kind: 'other' }
  const { pluginName: plugin, content = new Uint8Array() } = metadata?.pluginData ?? {}
  if (plugin === 'scalars') return { kind: 'scalar', value: numbersOf(tensor)[0] ?? Number.NaN }
  if (plugin === 'text') {
    const texts = (tensor.stringVal ?? []).map((bytes) => utf8.decode(bytes))
    return { kind: 'text', text: texts.join('\n') }
  }
  if (plugin === 'images') {
    const [width = 0, height = 0] = (tensor.stringVal ?? []).slice(0, 2).map(numberIn)
    return { kind: 'images', sizes: imagesOf(value).map(() => ({ width, height })) }
  }
  if (plugin === 'tensor') return { kind: 'tensor' }
  if (plugin === 'pr_curves') {
    const curve = curveOf(tensor)
    return curve === null ? { kind: 'other' } : { kind: 'prCurve', curve }
  }
  if (plugin === 'custom_scalars') {
    const [layout = new Uint8Array()] = tensor.stringVal ?? []
    return { kind: 'layout', charts: chartsOf(LayoutProto.decode(layout)) }
  }
  if (plugin === 'mesh') {
    const { name = '', contentType = 0, jsonConfig = '{}' } = MeshData.decode(content)
    return { kind: 'mesh', name, part: contentType, config: jsonConfig }
  }
  if (plugin === 'histograms') return { kind: 'histogram', histogram: fromRows(numbersOf(tensor)) }
  return { kind: 'other' }
}

/** The six rows of a curve; null for a tensor of another shape. */
function curveOf(tensor: TensorProto): Omit<PrCurveEvent, 'wallTime' | 'step'> | null {
  const numbers = numbersOf(tensor)
  const [rows = 0, count = 0] = (tensor.tensorShape?.dim ?? []).map(({ size = 0 }) => size)
  if (rows !== 6 || count < 1 || numbers.length !== rows * count) return null
  const row = (i: number): number[] => numbers.slice(i * count, (i + 1) * count)
  return {
    thresholds: Array.from({ length: count }, (_, i) => (count > 1 ? i / (count - 1) : 0)),
    truePositives: row(0),
    falsePositives: row(1),
    trueNegatives: row(2),
    falseNegatives: row(3),
    precision: row(4),
    recall: row(5),
  }
}

/** A part of a mesh. */
export function meshPart(tensor: TensorProto | undefined): MeshPart | null {
  if (tensor === undefined) return null
  const shape = (tensor.tensorShape?.dim ?? []).map(({ size = 0 }) => size)
  return { shape, values: numbersOf(tensor) }
}

const numberIn = (bytes: Uint8Array): number => Number(utf8.decode(bytes))

function fromProto(histo: HistogramProto): Histogram {
  const { min = 0, max = 0, num = 0, sum = 0, sumSquares = 0 } = histo
  const bucketLimit = Array.from(histo.bucketLimit ?? [])
  return { min, max, num, sum, sumSquares, bucketLimit, bucket: Array.from(histo.bucket ?? []) }
}

/** Rows of left end, right end and count, as TensorFlow 2 writes them. */
function fromRows(rows: readonly number[]): Histogram {
  const bucketLimit: number[] = []
  const bucket: number[] = []
  let [num, sum, sumSquares] = [0, 0, 0]
  for (let at = 0; at + 2 < rows.length; at += 3) {
    const [left, right, count] = rows.slice(at, at + 3) as [number, number, number]
    if (at === 0) {
      bucketLimit.push(left)
      bucket.push(0)
    }
    bucketLimit.push(right)
    bucket.push(count)
    num += count
    sum += ((left + right) / 2) * count
    sumSquares += ((left + right) / 2) ** 2 * count
  }
  const [min, max] = [bucketLimit[0] ?? 0, bucketLimit.at(-1) ?? 0]
  return { min, max, num, sum, sumSquares, bucketLimit, bucket }
}
