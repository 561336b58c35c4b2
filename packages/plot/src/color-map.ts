/** Numbers as colours. */
import type { Pixels } from './values.ts'

type Rgb = readonly [number, number, number]

/**
 * Colours of numbers from small to large. `viridis` goes from dark blue to yellow, `gray` from black to
 * white; `diverging` is blue below zero, white at zero and red above.
 */
export type ColorMap = 'viridis' | 'gray' | 'diverging'

const stops: Readonly<Record<ColorMap, readonly Rgb[]>> = {
  viridis: [
    [68, 1, 84],
    [59, 82, 139],
    [33, 145, 140],
    [94, 201, 98],
    [253, 231, 37],
  ],
  gray: [
    [0, 0, 0],
    [255, 255, 255],
  ],
  diverging: [
    [23, 73, 156],
    [120, 163, 216],
    [247, 247, 247],
    [229, 131, 104],
    [166, 22, 38],
  ],
}

/** The colour of a share from 0 to 1. */
function colorAt(map: ColorMap, share: number): Rgb {
  const list = stops[map]
  const place = Math.min(Math.max(share, 0), 1) * (list.length - 1)
  const from = list[Math.floor(place)] as Rgb
  const to = list[Math.ceil(place)] as Rgb
  const mix = (i: 0 | 1 | 2): number => Math.round(from[i] + (to[i] - from[i]) * (place % 1))
  return [mix(0), mix(1), mix(2)]
}

/** The numbers that stand for the ends of a map. */
export function endsOf(values: Iterable<number>, map: ColorMap): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return [0, 1]
  if (map !== 'diverging') return [low, high]
  const most = Math.max(Math.abs(low), Math.abs(high))
  return [-most, most]
}

/** A matrix as a picture; what is not finite is the map's lowest colour. */
export function paint(
  values: ArrayLike<number>,
  width: number,
  map: ColorMap,
  [low, high]: readonly [number, number],
): Pixels {
  const height = values.length / width
  const data = new Uint8Array(values.length * 3)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    const share = high > low ? (value - low) / (high - low) : 0.5
    data.set(colorAt(map, Number.isFinite(share) ? share : 0), 3 * i)
  }
  return { width, height, channels: 3, data }
}
