/**
 * Pooling to a given size: window i of an axis covers positions ⌊i · size / count⌋ to
 * ⌈(i + 1) · size / count⌉.
 */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { arange, zeros } from '../creation.ts'
import type { Device } from '../device.ts'
import { FLOAT32, FLOAT64, isFloatingCode } from '../dtype.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { namedResult } from '../named-result.ts'
import { checkShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { averageAlong, maxAndIndicesAlong } from './pool-axes.ts'
import type { Window } from './pool-rule.ts'
import type { MaxPooled } from './pool.ts'
import type { Dims, Single } from './windows.ts'
import { axisName, requireImages } from './windows.ts'

/** A size for each axis, null where the input's is kept. */
export type OutputSize<D extends Dims> = D extends 1
  ? Single | readonly [null] | null
  : D extends 2
    ? number | null | readonly [number | null, number | null] | readonly [number | null]
    : | number
      | null
      | readonly [number | null, number | null, number | null]
      | readonly [number | null]

interface Checked {
  /** With a batch axis. */
  x: Tensor
  counts: readonly number[]
  restore: (y: Tensor) => Tensor
}

function check(op: string, dims: Dims, input: Tensor, outputSize: unknown): Checked {
  requireImages(op, input, dims)
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(op, { input }, 'elements must be floating', "convert: x.to('float32')")
  }
  const unbatched = input.ndim === dims + 1
  const x = unbatched ? input.unsqueeze(0) : input
  const sizes = x._shape.slice(2)
  const given = Array.isArray(outputSize) ? (outputSize as unknown[]) : [outputSize]
  const list = given.length === 1 ? sizes.map(() => given[0]) : given
  const counts = list.map((count, axis) => (count === null ? sizes[axis] : count))
  const valid = counts.length === dims && counts.every((count) => Number.isInteger(count))
  if (!valid || counts.some((count) => (count as number) < 0)) {
    const names = Array.from({ length: dims }, (_, axis) => axisName(dims, axis))
    throw new ValueError(
      op,
      { input },
      `outputSize is a whole number ≥ 0 or [${names.join(', ')}], not ${show(outputSize)}`,
      'pass how many windows each axis shall have',
    )
  }
  checkShape(op, [...x._shape.slice(0, 2), ...(counts as number[])])
  if (sizes.includes(0)) {
    throw new ShapeError(
      op,
      { input },
      'the axes to pool must not be empty',
      'leave out empty inputs before pooling',
    )
  }
  return {
    x,
    counts: counts as number[],
    restore: unbatched ? (y) => y.squeeze(0) : (y) => y,
  }
}

/** Windows of one size next to each other. */
const tiles = (size: number, count: number): Window => ({
  size,
  stride: size,
  padding: 0,
  dilation: 1,
  count,
})

/** Windows of different sizes: as tensors, as there may be very many. */
interface Spread {
  /** Positions of all windows, each as long as the longest: shorter ones repeat their last. */
  positions: Tensor
  /** How many positions each window has. */
  lengths: Tensor
  longest: number
}

function spread(size: number, count: number, device: Device): Spread {
  const windows = arange(count, { dtype: 'int64', device })
  const floor = { roundingMode: 'floor' } as const
  const first = windows.mul(size).div(count, floor)
  // ⌈a / b⌉ = ⌊(a + b - 1) / b⌋
  const last = windows
    .add(1)
    .mul(size)
    .add(count - 1)
    .div(count, floor)
    .sub(1)
  const lengths = last.sub(first).add(1)
  const longest = lengths.max().item()
  const steps = arange(longest, { dtype: 'int64', device })
  const positions = first.unsqueeze(1).add(steps).minimum(last.unsqueeze(1)).flatten()
  return { positions, lengths, longest }
}

function divides(counts: readonly number[], x: Tensor): boolean {
  return counts.every((count, axis) => count > 0 && (x._shape[axis + 2] as number) % count === 0)
}

/** Nothing of each image: a result without windows. */
function none(x: Tensor, counts: readonly number[]): Tensor {
  return counts.reduce(
    (y, count, axis) =>
      y.indexSelect(axis + 2, zeros([count], { dtype: 'int64', device: x.device })),
    x,
  )
}

/** Means of uneven windows along an axis. */
function averageAxis(x: Tensor, axis: number, count: number): Tensor {
  const size = x._shape[axis] as number
  if (size === count) return x
  const { positions, lengths, longest } = spread(size, count, x.device)
  const behind = Array.from({ length: x.ndim - axis - 1 }, () => 1)
  const repeated = arange(longest, { dtype: 'int64', device: x.device }).ge(lengths.unsqueeze(1))
  return x
    .indexSelect(axis, positions)
    .unflatten(axis, [count, longest])
    .maskedFill(repeated.reshape([count, longest, ...behind]), 0)
    .sum(axis + 1)
    .div(castCode(lengths, x._dtype).reshape([count, ...behind]))
}

function adaptiveAvg(op: string, dims: Dims, input: Tensor, outputSize: unknown): Tensor {
  const { x, counts, restore } = check(op, dims, input, outputSize)
  if (counts.includes(0) || x.numel() === 0) return restore(none(x, counts))
  if (counts.every((count) => count === 1)) {
    return restore(
      x.mean(
        counts.map((_, axis) => axis + 2),
        { keepdim: true },
      ),
    )
  }
  if (divides(counts, x)) {
    const windows = counts.map((count, axis) =>
      tiles((x._shape[axis + 2] as number) / count, count),
    )
    return restore(averageAlong(x, windows, { countPad: true, divisor: null }))
  }
  // Between the axes nothing is rounded to a narrow dtype.
  const wide = castCode(x, x._dtype === FLOAT64 ? FLOAT64 : FLOAT32)
  const y = counts.reduce((part, count, axis) => averageAxis(part, axis + 2, count), wide)
  return restore(castCode(y, x._dtype))
}

/** Values and indices of all windows. @internal */
export function adaptiveMax(op: string, dims: Dims, input: Tensor, outputSize: unknown): MaxPooled {
  const { x, counts, restore } = check(op, dims, input, outputSize)
  const result = (values: Tensor, indices: Tensor): MaxPooled =>
    namedResult(['values', 'indices'], [restore(values), restore(indices)])
  if (counts.includes(0) || x.numel() === 0) {
    const values = none(x, counts)
    return result(values, values.detach().to('int64'))
  }
  const sizes = x._shape.slice(2)
  if (divides(counts, x)) {
    const windows = counts.map((count, axis) => tiles((sizes[axis] as number) / count, count))
    return result(...maxAndIndicesAlong(x, windows))
  }
  // Of equal values the first counts: positions that are repeated behind it change nothing.
  const spreads = counts.map((count, axis) => spread(sizes[axis] as number, count, x.device))
  const lists = spreads.map(({ positions }) => positions)
  const parts = lists.reduce((y, list, axis) => y.indexSelect(axis + 2, list), x)
  const windows = counts.map((count, axis) => tiles((spreads[axis] as Spread).longest, count))
  const [values, places] = maxAndIndicesAlong(parts, windows)
  return result(values, original(places, lists, sizes))
}

/** Positions among the spread ones as positions of the input. */
function original(places: Tensor, lists: readonly Tensor[], sizes: readonly number[]): Tensor {
  let rest = places
  let position: Tensor | null = null
  let step = 1
  for (let axis = lists.length - 1; axis >= 0; axis--) {
    const list = lists[axis] as Tensor
    const width = list._shape[0] as number
    const here = rest.remainder(width)
    rest = rest.sub(here).div(width, { roundingMode: 'floor' })
    const term = list.indexSelect(0, here.flatten()).reshape(here.shape).mul(step)
    position = position === null ? term : position.add(term)
    step *= sizes[axis] as number
  }
  return position as Tensor
}

export interface AdaptivePoolOptions<D extends Dims> {
  /** How many windows each axis has; null keeps the axis as it is. */
  outputSize: OutputSize<D>
}

const NAMES = ['outputSize'] as const
type Given<D extends Dims> = Arguments<AdaptivePoolOptions<D>, typeof NAMES>

const readers = {
  adaptiveAvgPool1d: parameters<[unknown]>('adaptiveAvgPool1d', NAMES),
  adaptiveAvgPool2d: parameters<[unknown]>('adaptiveAvgPool2d', NAMES),
  adaptiveAvgPool3d: parameters<[unknown]>('adaptiveAvgPool3d', NAMES),
  adaptiveMaxPool1d: parameters<[unknown]>('adaptiveMaxPool1d', NAMES),
}

/**
 * Means of `outputSize` windows along one axis, as even as can be.
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> `[N, C, outputSize]` or `[C, outputSize]`.
 * Dtype: floating, kept.
 *
 * @throws {ShapeError} if the axis is empty. @throws {ValueError} for a size that is not one.
 * @throws {DTypeError} if input is not floating.
 * @see torch.adaptive_avg_pool1d
 *
 * @example
 * ```ts
 * import { adaptiveAvgPool1d, tensor } from '@flambeau/core'
 * console.log(adaptiveAvgPool1d(tensor([[1, 2, 3, 4, 5]], { dtype: 'float32' }), 2)) // tensor([[2., 4.]])
 * ```
 */
export function adaptiveAvgPool1d(input: Tensor, ...given: Given<1>): Tensor {
  const [size] = readers.adaptiveAvgPool1d(given)
  return adaptiveAvg('adaptiveAvgPool1d', 1, input, size)
}

/**
 * Means of windows over height and width, as even as can be.
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`.
 * Dtype: floating, kept.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link adaptiveAvgPool1d}.
 * @see torch.nn.functional.adaptive_avg_pool2d
 */
export function adaptiveAvgPool2d(input: Tensor, ...given: Given<2>): Tensor {
  const [size] = readers.adaptiveAvgPool2d(given)
  return adaptiveAvg('adaptiveAvgPool2d', 2, input, size)
}

/**
 * Means of windows over depth, height and width, as even as can be.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, ...outputSize]` or
 * `[C, ...outputSize]`. Dtype: floating, kept.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link adaptiveAvgPool1d}.
 * @see torch.nn.functional.adaptive_avg_pool3d
 */
export function adaptiveAvgPool3d(input: Tensor, ...given: Given<3>): Tensor {
  if (autocasting.on) return inAutocast('adaptiveAvgPool3d', adaptiveAvgPool3d, [input, ...given])
  const [size] = readers.adaptiveAvgPool3d(given)
  return adaptiveAvg('adaptiveAvgPool3d', 3, input, size)
}

/**
 * The largest values of `outputSize` windows along one axis, as even as can be, and where they
 * stood.
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> two of `[N, C, outputSize]` or `[C, outputSize]`.
 * Dtype: floating, kept; the indices int64.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link adaptiveAvgPool1d}.
 * @see torch.adaptive_max_pool1d
 */
export function adaptiveMaxPool1d(input: Tensor, ...given: Given<1>): MaxPooled {
  const [size] = readers.adaptiveMaxPool1d(given)
  return adaptiveMax('adaptiveMaxPool1d', 1, input, size)
}
