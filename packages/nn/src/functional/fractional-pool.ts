/** Max pooling over windows at random places, so that sizes shrink by any factor. */
import { autocasting, inAutocast } from '@flambeau/core/internal'
import type { MaxPooled, Tensor } from '@flambeau/core'
import { fromTypedArray, rand, ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { namedResult, parameters } from '@flambeau/core/internal'
import { requireFloating, wholeNumbers } from './inputs.ts'

export interface FractionalMaxPoolOptions {
  /** The size of a window. */
  kernelSize: number | readonly number[]
  /** How many windows there are. Default null: see outputRatio. */
  outputSize?: number | readonly number[] | null
  /** The same as a share of the input's size, less than 1. Default null. */
  outputRatio?: number | readonly number[] | null
  /** Also return where each value came from. Default false. */
  returnIndices?: boolean
  /** Where windows lie, `[N, C, axes]` of [0, 1). Default null: drawn. */
  _randomSamples?: Tensor | null
}

const NAMES = [
  'kernelSize',
  'outputSize',
  'outputRatio',
  'returnIndices',
  '_randomSamples',
] as const

type Values = Arguments<FractionalMaxPoolOptions & { returnIndices?: false }, typeof NAMES>
type Both = Arguments<FractionalMaxPoolOptions & { returnIndices: true }, typeof NAMES>
type Numbers = number | readonly number[]

/** Where the windows of an axis begin: nearly even steps from a random start. */
function startsOf(
  sample: number,
  size: number,
  count: number,
  window: number,
  narrow: boolean,
): number[] {
  const round = narrow ? Math.fround : (x: number): number => x
  const step = round((size - window) / (count - 1))
  const first = Math.trunc(round(sample * step))
  return Array.from({ length: count }, (_, i) =>
    i === count - 1 ? size - window : Math.trunc(round(round(i + sample) * step)) - first,
  )
}

function outputOf(
  op: string,
  input: Tensor,
  sizes: readonly number[],
  read: readonly unknown[],
): number[] {
  const [, outputSize = null, outputRatio = null] = read
  if (outputSize !== null)
    return wholeNumbers(op, 'outputSize', outputSize, sizes.length, 1, { input })
  const given = Array.isArray(outputRatio) ? (outputRatio as number[]) : [outputRatio as number]
  const ratios = given.length === 1 ? sizes.map(() => given[0] as number) : given
  if (ratios.length !== sizes.length || !ratios.every((ratio) => ratio > 0 && ratio < 1)) {
    throw new ValueError(
      op,
      { input },
      'outputSize, or an outputRatio between 0 and 1, is needed',
      'pass { outputRatio: 0.5 }',
    )
  }
  return sizes.map((size, axis) => Math.trunc(size * (ratios[axis] as number)))
}

function pool(
  op: string,
  dims: 2 | 3,
  input: Tensor,
  given: readonly unknown[],
): Tensor | MaxPooled {
  requireFloating(op, input)
  const read = parameters<[Numbers, Numbers | null, Numbers | null, boolean, Tensor | null]>(
    op,
    NAMES,
  )(given)
  const [kernelSize, , , returnIndices = false, givenSamples = null] = read
  const kernel = wholeNumbers(op, 'kernelSize', kernelSize, dims, 1, { input })
  const sizes = input.shape.slice(-dims)
  const channels = input.shape[input.ndim - dims - 1]
  if ((input.ndim !== dims + 1 && input.ndim !== dims + 2) || channels === 0 || sizes.includes(0)) {
    throw new ShapeError(
      op,
      { input },
      `input must have ${dims + 1} or ${dims + 2} axes, of which only the batch may be empty`,
      'add axes with unsqueeze()',
    )
  }
  const counts = outputOf(op, input, sizes, read)
  sizes.forEach((size, axis) => {
    const [count, window] = [counts[axis] as number, kernel[axis] as number]
    if (count >= 1 && count + window - 1 <= size) return
    throw new ShapeError(
      op,
      { input },
      `${count} windows of ${window} do not fit axis ${axis - dims}, which has ${size}`,
      'use fewer or smaller windows',
    )
  })
  const batch = input.ndim === dims + 2 ? (input.shape[0] as number) : 1
  const planes = batch * (channels as number)
  const shape = [batch, channels as number, dims]
  const samples = givenSamples ?? rand(shape, { dtype: input.dtype as 'float32' })
  const fits = samples.ndim === 3 && shape.slice(1).join() === samples.shape.slice(1).join()
  if (!fits || (samples.shape[0] as number) < batch || samples.dtype !== input.dtype) {
    throw new ShapeError(
      op,
      { input, _randomSamples: samples },
      `_randomSamples must be ${input.dtype} [${shape.join(', ')}]`,
      'leave them out',
    )
  }
  const positions = positionsOf(input, samples, { sizes, counts, kernel, planes })
  const [windows, places] = [counts, kernel].map((list) => list.reduce((a, b) => a * b, 1))
  const front = input.shape.slice(0, -dims)
  const index = positions.reshape([...front, (windows as number) * (places as number)])
  const parts = input
    .flatten(-dims)
    .gather(-1, index)
    .unflatten(-1, [windows as number, places as number])
  const best = parts.max(-1)
  const values = best.values.reshape([...front, ...counts])
  if (!returnIndices) return values
  const found = index
    .unflatten(-1, [windows as number, places as number])
    .gather(-1, best.indices.unsqueeze(-1))
  return namedResult(['values', 'indices'], [values, found.reshape([...front, ...counts])])
}

interface Windows {
  sizes: readonly number[]
  counts: readonly number[]
  kernel: readonly number[]
  planes: number
}

/** The row-major position of each place of each window of each channel. */
function positionsOf(input: Tensor, samples: Tensor, windows: Windows): Tensor {
  const { sizes, counts, kernel, planes } = windows
  const dims = sizes.length
  const numbers = samples.to('float64').toArray()
  const places = [...counts, ...kernel].reduce((a, b) => a * b, 1)
  const out = new Float64Array(planes * places)
  let at = 0
  for (let plane = 0; plane < planes; plane++) {
    const starts = sizes.map((size, axis) => {
      // Of images, the first sample is for the width.
      const sample = numbers[plane * dims + (dims === 2 ? 1 - axis : axis)] as number
      return startsOf(
        sample,
        size,
        counts[axis] as number,
        kernel[axis] as number,
        input.dtype !== 'float64',
      )
    })
    const along = starts.map((list, axis) => ({ list, window: kernel[axis] as number }))
    for (const window of product(along.map(({ list }) => list))) {
      for (const place of product(
        kernel.map((size) => Array.from({ length: size }, (_, i) => i)),
      )) {
        let position = 0
        for (let axis = 0; axis < dims; axis++) {
          position =
            position * (sizes[axis] as number) + (window[axis] as number) + (place[axis] as number)
        }
        out[at++] = position
      }
    }
  }
  return fromTypedArray(out, [out.length], { device: input.device }).to('int64')
}

/** All combinations, the last list running fastest. */
function product(lists: readonly (readonly number[])[]): number[][] {
  return lists.reduce<number[][]>(
    (rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])),
    [[]],
  )
}

/**
 * The largest values of windows at random places over height and width, one set of places for each
 * channel.
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]` -> `[N, C, ...outputSize]` or `[C, ...outputSize]`,
 * with `returnIndices` two of them. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the windows do not fit. @throws {DTypeError} for other dtypes.
 * @throws {ValueError} unless outputSize or outputRatio is given.
 * @see Graham 2014, https://arxiv.org/abs/1412.6071; torch.nn.functional.fractional_max_pool2d
 */
export function fractionalMaxPool2d(input: Tensor, ...given: Values): Tensor
export function fractionalMaxPool2d(input: Tensor, ...given: Both): MaxPooled
export function fractionalMaxPool2d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  if (autocasting.on)
    return inAutocast('fractionalMaxPool2d', fractionalMaxPool2d, [input, ...given])
  return pool('fractionalMaxPool2d', 2, input, given)
}

/**
 * {@link fractionalMaxPool2d} over depth, height and width.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, C, ...outputSize]` or without N, with
 * `returnIndices` two of them. Dtype: floating, kept.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link fractionalMaxPool2d}.
 * @see torch.nn.functional.fractional_max_pool3d
 */
export function fractionalMaxPool3d(input: Tensor, ...given: Values): Tensor
export function fractionalMaxPool3d(input: Tensor, ...given: Both): MaxPooled
export function fractionalMaxPool3d(input: Tensor, ...given: unknown[]): Tensor | MaxPooled {
  if (autocasting.on)
    return inAutocast('fractionalMaxPool3d', fractionalMaxPool3d, [input, ...given])
  return pool('fractionalMaxPool3d', 3, input, given)
}
