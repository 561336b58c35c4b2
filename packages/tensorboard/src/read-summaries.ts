/** What stands in a summary, whoever wrote it: the old form, or tensors for plug-ins. */
import type { HistogramProto, SummaryValue, TensorProto } from './messages.ts'
import { DT } from './messages.ts'

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
  const { simpleValue, image, histo, tensor, metadata } = value
  if (simpleValue !== undefined) return { kind: 'scalar', value: simpleValue }
  if (histo !== undefined) return { kind: 'histogram', histogram: fromProto(histo) }
  if (image !== undefined) {
    return { kind: 'images', sizes: [{ width: image.width ?? 0, height: image.height ?? 0 }] }
  }
  if (tensor === undefined) return { kind: 'other' }
  const plugin = metadata?.pluginData?.pluginName
  if (plugin === 'scalars') return { kind: 'scalar', value: numbersOf(tensor)[0] ?? Number.NaN }
  if (plugin === 'text') {
    const texts = (tensor.stringVal ?? []).map((bytes) => utf8.decode(bytes))
    return { kind: 'text', text: texts.join('\n') }
  }
  if (plugin === 'images') {
    const [width = 0, height = 0] = (tensor.stringVal ?? []).slice(0, 2).map(numberIn)
    return { kind: 'images', sizes: imagesOf(value).map(() => ({ width, height })) }
  }
  if (plugin === 'histograms') return { kind: 'histogram', histogram: fromRows(numbersOf(tensor)) }
  return { kind: 'other' }
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
