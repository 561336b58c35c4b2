/**
 * Pooling of one, two or three axes by the kernels for two: a line is an image of height 1, and a
 * volume is pooled over height and width first, over the depth then.
 */
import { BOOL, FLOAT64, INT64, isFloatingCode } from '../dtype.ts'
import { tensor } from '../creation.ts'
import { DTypeError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { average, maximum, maximumAndIndices } from './pool-records.ts'
import type { Window } from './pool-rule.ts'
import { coverOf, passing } from './pool-rule.ts'
import type { Dims } from './windows.ts'

/** The sizes, strides and paddings of two windows, as the kernels take them. */
function numbersOf(windows: readonly Window[]): number[] {
  return [
    ...windows.map((window) => window.size),
    ...windows.map((window) => window.stride),
    ...windows.map((window) => window.padding),
  ]
}

type Pool2d = (x: Tensor, windows: readonly Window[]) => Tensor

function shapeOf(x: Tensor, windows: readonly Window[]): number[] {
  return [...x._shape.slice(0, 2), ...windows.map((window) => window.count)]
}

/** [N, C, D, H, W] as images [N · D, C, H, W], stored channels-last. */
function slices(x: Tensor): Tensor {
  const [n, c, d, h, w] = x._shape as readonly [number, number, number, number, number]
  const last = x.permute(0, 2, 3, 4, 1).contiguous()
  return last.reshape([n * d, h, w, c]).permute(0, 3, 1, 2)
}

/** Images [N · D, C, H, W] of volumes as images [N, C, D, H · W]. */
function stacked(images: Tensor, n: number): Tensor {
  const [nd, c, h, w] = images._shape as readonly [number, number, number, number]
  const d = n === 0 ? 0 : nd / n
  return images
    .permute(0, 2, 3, 1)
    .reshape([n, d, h * w, c])
    .permute(0, 3, 1, 2)
}

/** Runs a pooling of two axes on [N, C, …] with any number of them. */
function alongAll(x: Tensor, windows: readonly Window[], pool: Pool2d): Tensor {
  switch (windows.length as Dims) {
    case 1:
      return pool(x.unsqueeze(2), [passing(1), ...windows]).squeeze(2)
    case 2:
      return pool(x, windows)
    case 3: {
      const [depth, ...plane] = windows as [Window, Window, Window]
      if (x._shape[0] === 0) return pool(slices(x), plane).reshape(shapeOf(x, windows))
      const images = pool(slices(x), plane)
      const pixels = plane[0].count * plane[1].count
      const pooled = pool(stacked(images, x._shape[0] as number), [depth, passing(pixels)])
      return pooled.reshape(shapeOf(x, windows))
    }
  }
}

/** Throws for bool, which has no largest value here. */
export function requireComparable(op: string, input: Tensor): void {
  if (input._dtype !== BOOL) return
  throw new DTypeError(op, { input }, 'is not defined for bool', "convert with .to('uint8')")
}

function maxParams(windows: readonly Window[]): { numbers: number[] } {
  return { numbers: [...numbersOf(windows), ...windows.map((window) => window.dilation)] }
}

/** The largest value of each window. */
export function maxAlong(x: Tensor, windows: readonly Window[]): Tensor {
  return alongAll(x, windows, (image, pair) =>
    maximum(image, shapeOf(image, pair), maxParams(pair)),
  )
}

/** The same, and where each value stood: its row-major position in the axes that are pooled. */
export function maxAndIndicesAlong(x: Tensor, windows: readonly Window[]): [Tensor, Tensor] {
  const pool = (image: Tensor, pair: readonly Window[]): [Tensor, Tensor] =>
    maximumAndIndices(image, shapeOf(image, pair), maxParams(pair))
  if (windows.length === 1) {
    const [values, indices] = pool(x.unsqueeze(2), [passing(1), ...windows])
    return [values.squeeze(2), indices.squeeze(2)]
  }
  if (windows.length === 2) return pool(x, windows)
  const [depth, ...plane] = windows as [Window, Window, Window]
  const shape = shapeOf(x, windows)
  const [n, , , h, w] = x._shape as readonly [number, number, number, number, number]
  const [values, places] = pool(slices(x), plane)
  if (n === 0) return [values.reshape(shape), places.reshape(shape)]
  const pixels = plane[0].count * plane[1].count
  const [best, slots] = pool(stacked(values, n), [depth, passing(pixels)])
  // A slot says in which slice the value stood; its place there was found before.
  const inSlice = stacked(places, n).flatten(2).gather(2, slots.flatten(2))
  const slice = slots.flatten(2).div(pixels, { roundingMode: 'floor' })
  return [
    best.reshape(shape),
    slice
      .mul(h * w)
      .add(inSlice)
      .reshape(shape),
  ]
}

export interface AverageOptions {
  /** Does padding count when dividing? */
  countPad: boolean
  /** What to divide by in place of the number of positions, or null. */
  divisor: number | null
}

/** The mean of each window. Integers are cut towards zero; their sums are exact up to 2^53. */
export function averageAlong(
  x: Tensor,
  windows: readonly Window[],
  { countPad, divisor }: AverageOptions,
): Tensor {
  const mean =
    (by: number | null): Pool2d =>
    (image, pair) =>
      average(image, shapeOf(image, pair), {
        numbers: [...numbersOf(pair), countPad ? 1 : 0, by ?? 0],
      })
  if (isFloatingCode(x._dtype)) {
    if (windows.length < 3 || divisor === null) return alongAll(x, windows, mean(divisor))
    return alongAll(x, windows, mean(1)).div(divisor)
  }
  // The sums are divided once, so that nothing is rounded before.
  const sums = alongAll(castCode(x, FLOAT64), windows, mean(1))
  const sizes = x._shape.slice(2)
  const counts = windows.map((window, axis) => {
    const cover = coverOf(sizes[axis] as number, window, countPad)
    const shape = windows.map((_, other) => (other === axis ? -1 : 1))
    return tensor(cover, { dtype: 'float64', device: x.device }).reshape(shape)
  })
  const by = divisor ?? counts.reduce((product, cover) => product.mul(cover))
  return castCode(sums.div(by), INT64)
}
