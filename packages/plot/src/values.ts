/** What the functions take, as plain numbers and pixels. */
import { Tensor, ValueError } from '@flambeau/core'
import {
  requireNumber,
  requireNumberList,
  requireOptions,
  requireTensor,
  show,
} from '@flambeau/core/internal'
import { encode } from 'fast-png'
import type { Point } from './series.ts'

/** Numbers: a list, a typed array, or a tensor of any shape, read in row-major order. */
export type Numbers = Tensor | ArrayLike<number>

/** The numbers as an array of float64. */
export function numbersOf(values: Numbers): number[] {
  if (!(values instanceof Tensor)) {
    requireNumbers(values)
    return Array.from(values, Number)
  }
  return Array.from(values.detach().flatten().toArray() as ArrayLike<number | bigint>, Number)
}

/** @throws {ValueError} unless `values` are a list of numbers or a typed array. */
function requireNumbers(values: unknown): asserts values is ArrayLike<number> {
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && 'length' in values)
  const isNumber = (one: unknown): boolean =>
    typeof one === 'number' || typeof one === 'bigint' || typeof one === 'boolean'
  if (isList && Array.from(values as ArrayLike<unknown>).every(isNumber)) return
  const rule = `values must be numbers: a tensor, a list or a typed array, not ${show(values)}`
  throw new ValueError('plot', [], rule, '[1, 2, 3]')
}

/** @throws {ValueError} unless `range` is two finite numbers, the smaller one first. */
export function requireAxisRange(op: string, name: string, range: unknown): void {
  requireNumberList(op, name, range, 2)
  const [low, high] = range as readonly [number, number]
  if (Number.isFinite(low) && Number.isFinite(high) && low <= high) return
  const rule = `${name} must be two finite numbers, the smaller one first, not ${show(range)}`
  throw new ValueError(op, [], rule, `{ ${name}: [0, 1] }`)
}

/** @throws {ValueError} unless `scale` is a number above 0, of pictures that fit into memory. */
export function requireScale(op: string, scale: unknown): void {
  if (typeof scale === 'number' && scale > 0 && scale <= 100) return
  const rule = `scale must be a number above 0, up to 100, not ${show(scale)}`
  throw new ValueError(op, [], rule, '{ scale: 2 }')
}

/** A curve: values at 0, 1, 2, …, or points `{ x, y }`, `[x, y]` or the rows of a tensor `[N, 2]`. */
export type Curve = Numbers | readonly (Point | readonly [x: number, y: number])[]

/** The points of a curve. */
export function pointsOf(curve: Curve): Point[] {
  if (!(curve instanceof Tensor)) {
    if (!Array.isArray(curve)) requireNumbers(curve)
    const first: unknown = (curve as ArrayLike<unknown>)[0]
    if (Array.isArray(first)) {
      return Array.from(curve as readonly (readonly [number, number])[], (point) => {
        requireNumberList('plot', 'a point', point, 2)
        return { x: point[0], y: point[1] }
      })
    }
    if (typeof first === 'object' && first !== null) {
      return Array.from(curve as readonly Point[], (point) => {
        requireOptions('plot', point, ['x', 'y'])
        const { x, y } = point
        requireNumber('plot', 'x of a point', x)
        requireNumber('plot', 'y of a point', y)
        return { x, y }
      })
    }
  } else if (curve.ndim === 2 && curve.shape[1] === 2) {
    const [xs, ys] = [numbersOf(curve.select(1, 0)), numbersOf(curve.select(1, 1))]
    return xs.map((x, i) => ({ x, y: ys[i] as number }))
  }
  return numbersOf(curve as Numbers).map((y, x) => ({ x, y }))
}

/** Pixels of one picture: bytes, row by row, 1 (grey) or 3 (red, green, blue) to a pixel. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly data: Uint8Array
}

/** How numbers become brightness. */
export interface Brightness {
  /**
   * What black and white stand for. Default: 0 and 255 for integers, 0 and 1 for floats, or with
   * `'auto'` the smallest and largest number of all images.
   */
  readonly range?: readonly [black: number, white: number] | 'auto'
}

/**
 * Images as pixels. Takes `[N, C, H, W]`, `[C, H, W]` or `[H, W]` with 1 or 3 channels.
 *
 * @throws {ValueError} for other shapes.
 */
export function pixelsOf(op: string, images: Tensor, options: Brightness = {}): Pixels[] {
  requireTensor(op, 'images', images)
  const shape = [...images.shape]
  if (shape.length === 2) shape.unshift(1)
  if (shape.length === 3) shape.unshift(1)
  const [count, channels, height, width] = shape as [number, number, number, number]
  if (shape.length !== 4 || (channels !== 1 && channels !== 3) || height < 1 || width < 1) {
    throw new ValueError(
      op,
      { images },
      'images must be [N, C, H, W], [C, H, W] or [H, W] with 1 or 3 channels',
      'choose channels with narrow(), or reshape',
    )
  }
  const values = numbersOf(images)
  const [black, white] = rangeOf(images, values, options.range)
  const scale = white === black ? 0 : 255 / (white - black)
  const area = height * width
  return Array.from({ length: count }, (_, n) => {
    const data = new Uint8Array(area * channels)
    for (let c = 0; c < channels; c++) {
      const from = (n * channels + c) * area
      for (let i = 0; i < area; i++) {
        const value = ((values[from + i] as number) - black) * scale
        data[i * channels + c] = Math.min(255, Math.max(0, Math.round(value)))
      }
    }
    return { width, height, channels, data }
  })
}

function rangeOf(
  images: Tensor,
  values: readonly number[],
  range: Brightness['range'],
): readonly [number, number] {
  if (range === undefined) return images.isFloatingPoint() ? [0, 1] : [0, 255]
  if (range !== 'auto') {
    requireNumberList('plot', 'range', range, 2)
    return range
  }
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

/** Pixels as a PNG within a URL. */
export function dataUrl({ width, height, channels, data }: Pixels): string {
  const png = encode({ width, height, data, channels, depth: 8 })
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}
