/** Arguments that several transforms have. */
import { ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import type { BorderMode, ResizeFilter, Sampling } from '@flambeau/core/internal'
import type { Drawing } from './scene.ts'

/** How an image is resized: `area` averages, as the adaptive pooling of PyTorch does. */
export type Interpolation = ResizeFilter
/** How pixels of a turned image come about. */
export type { BorderMode, Sampling } from '@flambeau/core/internal'

/** One number, or one for each channel, in the range of the image (0 to 255 for uint8). */
export type Fill = number | readonly number[]
/** A size: of both sides, or height and width. */
export type Size = number | readonly [height: number, width: number]
/** A number, which stands for a range around a middle, or the range itself. */
export type Range = number | readonly [low: number, high: number]

const SAMPLINGS: readonly Sampling[] = ['nearest', 'bilinear', 'bicubic']
const BORDERS: readonly BorderMode[] = ['constant', 'edge', 'reflect', 'symmetric', 'wrap']

export function oneOf<T extends string>(op: string, name: string, list: readonly T[], value: T): T {
  if (list.includes(value)) return value
  throw new ValueError(
    op,
    [],
    `${name} must be one of ${list.join(', ')}, not ${show(value)}`,
    `{ ${name}: '${list[0]}' }`,
  )
}

export function fills(op: string, fill: Fill): readonly number[] {
  const list = typeof fill === 'number' ? [fill] : fill
  if (Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === 'number')) {
    return list
  }
  throw new ValueError(op, [], 'fill must be a number, or one for each channel', '{ fill: 0 }')
}

export function drawing(op: string, sampling: Sampling, border: BorderMode, fill: Fill): Drawing {
  return {
    sampling: oneOf(op, 'interpolation', SAMPLINGS, sampling),
    border: oneOf(op, 'border', BORDERS, border),
    fill: fills(op, fill),
    maskFill: 0,
  }
}

/** Height and width. @throws {ValueError} unless they are whole numbers ≥ 1. */
export function pair(op: string, name: string, size: Size): [height: number, width: number] {
  const [height, width = height] = (Array.isArray(size) ? size : [size]) as number[]
  const valid = (side: unknown): boolean => Number.isInteger(side) && (side as number) >= 1
  if (valid(height) && valid(width)) return [height as number, width as number]
  throw new ValueError(
    op,
    [],
    `${name} must be a whole number ≥ 1 or [height, width], not ${show(size)}`,
    `{ ${name}: [160, 240] }`,
  )
}

/** A range: `value` itself, or `middle` ± value, within bounds. */
export function range(
  op: string,
  name: string,
  value: Range,
  middle: number,
  bounds: readonly [number, number] = [-Infinity, Infinity],
): [number, number] {
  const [low, high] =
    typeof value === 'number'
      ? [
          value < 0 ? Number.NaN : Math.max(middle - value, middle === 0 ? -Infinity : 0),
          middle + value,
        ]
      : Array.isArray(value) && value.every((one) => typeof one === 'number')
        ? [value[0], value[1]]
        : [Number.NaN, Number.NaN]
  if (low >= bounds[0] && low <= high && high <= bounds[1]) return [low, high]
  throw new ValueError(
    op,
    [],
    `${name} must be a number ≥ 0 or a range [low, high]${
      Number.isFinite(bounds[0] + bounds[1]) ? ` within [${bounds.join(', ')}]` : ''
    }, not ${show(value)}`,
    `{ ${name}: 0.2 }`,
  )
}
