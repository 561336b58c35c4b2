/** The same elements at other positions: reversed, rolled, turned, and between channels and pixels. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import { normalizeAxes, normalizeAxis } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import { transpose } from './axes.ts'
import { cat } from './joining.ts'
import type { Sizes } from './sizes.ts'
import { sizesOf } from './sizes.ts'
import { narrow } from './slicing.ts'

const flipOp = defineOp<'input', readonly number[]>('flip', ['input'], {
  derivative: { input: (grad, _saved, { params }) => reversed(grad, params) },
})

/** A copy with these axes, counted from the front, in reverse order. */
function reversed(input: Tensor, axes: readonly number[]): Tensor {
  return run(flipOp, [input], input._shape, input._dtype, axes, axes)
}

/**
 * A copy with the elements along some axes in reverse order.
 *
 * Shapes: input `[*]` -> same.
 *
 * @throws {IndexError, ValueError} for axes that do not exist or repeat.
 * @see torch.flip
 */
export function flip<D extends DType>(input: Tensor<D>, ...dims: Sizes<'dims'>): Tensor<D> {
  requireTensor('flip', 'input', input)
  const axes = normalizeAxes('flip', sizesOf('flip', 'dims', dims), input.ndim, input)
  return reversed(input, input.ndim === 0 ? [] : axes)
}

function flipped(op: string, input: Tensor, axis: number): Tensor {
  requireTensor(op, 'input', input)
  if (input.ndim > axis) return reversed(input, [axis])
  throw new ShapeError(
    op,
    { input },
    `the tensor has ${input.ndim} axes, ${op}() needs ${axis + 1}`,
    'add axes with unsqueeze()',
  )
}

/** {@link flip} along axis 1. @throws {ShapeError} for fewer than two axes. @see torch.fliplr */
export function fliplr<D extends DType>(input: Tensor<D>): Tensor<D> {
  return flipped('fliplr', input, 1)
}

/** {@link flip} along axis 0. @throws {ShapeError} for tensors without axes. @see torch.flipud */
export function flipud<D extends DType>(input: Tensor<D>): Tensor<D> {
  return flipped('flipud', input, 0)
}

/** What {@link roll} takes by name. */
export interface RollOptions {
  /** By how many positions, for each of `dims`. */
  shifts: number | readonly number[]
  /** Default: the tensor is rolled as if it had one axis. */
  dims?: number | readonly number[]
}

type List = number | readonly number[]

const readRoll = parameters<[List, List]>('roll', ['shifts', 'dims'])

/** Rolled along one axis, which exists, by a whole number of positions. */
function rolled(input: Tensor, axis: number, shift: number): Tensor {
  const size = input.shape[axis] ?? 0
  if (size === 0) return input
  const start = (size - (shift % size)) % size
  const first = start < 0 ? start + size : start
  if (first === 0) return input
  return cat([narrow(input, axis, first, size - first), narrow(input, axis, 0, first)], axis)
}

/**
 * A copy with the elements moved along axes; what leaves at the end comes back at the beginning.
 *
 * Shapes: input `[*]` -> same.
 *
 * @throws {ValueError} if there are not as many shifts as axes. @throws {IndexError} for bad axes.
 * @see torch.roll
 */
export function roll<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<RollOptions, ['shifts', 'dims']>
): Tensor<D> {
  requireTensor('roll', 'input', input)
  const [shifts, dims = []] = readRoll(given)
  const by = typeof shifts === 'number' ? [shifts] : shifts
  const axes = typeof dims === 'number' ? [dims] : dims
  if (!Array.isArray(by) || by.length === 0 || !by.every(Number.isSafeInteger)) {
    throw new ValueError(
      'roll',
      { input },
      `shifts are whole numbers, not ${show(shifts)}`,
      'roll(1, 0)',
    )
  }
  const flat = Array.isArray(axes) && axes.length === 0 && by.length === 1
  if (!Array.isArray(axes) || (!flat && axes.length !== by.length)) {
    throw new ValueError(
      'roll',
      { input },
      `${by.length} shifts are given for ${show(dims)}`,
      'give one shift for each axis',
    )
  }
  let result = input
  if (flat) {
    const line = input.reshape(input.numel())
    result = rolled(line, 0, by[0] as number).reshape(input.shape)
  } else {
    const places = axes.map((axis) => normalizeAxis('roll', axis as number, input.ndim, input))
    if (input.ndim === 0) {
      throw new ValueError('roll', { input }, 'the tensor has no axes to roll', 'leave dims out')
    }
    places.forEach((axis, i) => {
      result = rolled(result, axis, by[i] as number)
    })
  }
  return result.sharesStorageWith(input) ? input.clone() : result
}

/** What {@link rot90} takes by name. */
export interface Rot90Options {
  /** How many quarter turns; negative ones turn the other way. Default 1. */
  k?: number
  /** The plane, from the first axis towards the second. Default [0, 1]. */
  dims?: readonly number[]
}

const readRot90 = parameters<[number, readonly number[]]>('rot90', ['k', 'dims'])

/**
 * A copy turned by quarter turns in the plane of two axes.
 *
 * @throws {ValueError} unless `dims` are two axes and `k` is whole. @throws {IndexError}
 * @see torch.rot90
 */
export function rot90<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<Rot90Options, ['k', 'dims']>
): Tensor<D> {
  requireTensor('rot90', 'input', input)
  const [k = 1, dims = [0, 1]] = readRot90(given)
  if (!Array.isArray(dims) || dims.length !== 2 || input.ndim < 2 || !Number.isSafeInteger(k)) {
    throw new ValueError(
      'rot90',
      { input },
      input.ndim < 2
        ? `the tensor has ${input.ndim} axes, a plane two`
        : `k is a whole number and dims two axes, not ${show(k)} and ${show(dims)}`,
      'rot90(1, [0, 1])',
    )
  }
  const [a, b] = normalizeAxes('rot90', dims, input.ndim, input) as [number, number]
  switch (((k % 4) + 4) % 4) {
    case 1:
      return transpose(reversed(input, [b]), a, b)
    case 2:
      return reversed(input, [a, b])
    case 3:
      return transpose(reversed(input, [a]), a, b)
    default:
      return input.clone()
  }
}

/** What {@link pixelShuffle} takes by name. */
export interface PixelShuffleOptions {
  upscaleFactor: number
}

/** What {@link pixelUnshuffle} takes by name. */
export interface PixelUnshuffleOptions {
  downscaleFactor: number
}

const readShuffle = parameters<[number]>('pixelShuffle', ['upscaleFactor'])
const readUnshuffle = parameters<[number]>('pixelUnshuffle', ['downscaleFactor'])

function requirePixels(op: string, input: Tensor, name: string, factor: unknown): void {
  requireTensor(op, 'input', input)
  if (input.ndim < 3) {
    throw new ShapeError(
      op,
      { input },
      `input must be [.., C, H, W], but has ${input.ndim} axes`,
      'add axes with unsqueeze()',
    )
  }
  if (Number.isSafeInteger(factor) && (factor as number) > 0) return
  throw new ValueError(op, { input }, `${name} is a whole number ≥ 1, not ${show(factor)}`, '2')
}

/**
 * Channels spread over pixels: each group of r² channels becomes r × r pixels of one.
 *
 * Shapes: input `[.., C·r², H, W]` -> `[.., C, H·r, W·r]`.
 *
 * @throws {ShapeError} if r² does not divide the channels. @throws {ValueError} for a bad factor.
 * @see torch.nn.functional.pixel_shuffle
 */
export function pixelShuffle<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<PixelShuffleOptions, ['upscaleFactor']>
): Tensor<D> {
  const [factor] = readShuffle(given)
  requirePixels('pixelShuffle', input, 'upscaleFactor', factor)
  const r = factor as number
  const batch = input.shape.slice(0, -3)
  const [channels, height, width] = input.shape.slice(-3) as [number, number, number]
  if (channels % (r * r) !== 0) {
    throw new ShapeError(
      'pixelShuffle',
      { input },
      `${channels} channels are not divisible by ${r}² = ${r * r}`,
      'choose a factor whose square divides the channels',
    )
  }
  const out = channels / (r * r)
  const n = batch.length
  return input
    .reshape([...batch, out, r, r, height, width])
    .permute([...batch.keys(), n, n + 3, n + 1, n + 4, n + 2])
    .reshape([...batch, out, height * r, width * r])
}

/**
 * Pixels gathered into channels: each r × r pixels of a channel become r² channels.
 *
 * Shapes: input `[.., C, H·r, W·r]` -> `[.., C·r², H, W]`.
 *
 * @throws {ShapeError} if r does not divide height and width. @throws {ValueError} for a bad factor.
 * @see torch.nn.functional.pixel_unshuffle
 */
export function pixelUnshuffle<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<PixelUnshuffleOptions, ['downscaleFactor']>
): Tensor<D> {
  const [factor] = readUnshuffle(given)
  requirePixels('pixelUnshuffle', input, 'downscaleFactor', factor)
  const r = factor as number
  const batch = input.shape.slice(0, -3)
  const [channels, height, width] = input.shape.slice(-3) as [number, number, number]
  if (height % r !== 0 || width % r !== 0) {
    throw new ShapeError(
      'pixelUnshuffle',
      { input },
      `height ${height} and width ${width} are not both divisible by ${r}`,
      'choose a factor that divides both, or pad the images',
    )
  }
  const n = batch.length
  return input
    .reshape([...batch, channels, height / r, r, width / r, r])
    .permute([...batch.keys(), n, n + 2, n + 4, n + 1, n + 3])
    .reshape([...batch, channels * r * r, height / r, width / r])
}

export interface RearrangingMethods<D extends DType = AnyDType> {
  /** See {@link flip}. */
  flip(...dims: Sizes<'dims'>): Tensor<D>
  /** See {@link fliplr}. */
  fliplr(): Tensor<D>
  /** See {@link flipud}. */
  flipud(): Tensor<D>
  /** See {@link roll}. */
  roll(...given: Arguments<RollOptions, ['shifts', 'dims']>): Tensor<D>
  /** See {@link rot90}. */
  rot90(...given: Arguments<Rot90Options, ['k', 'dims']>): Tensor<D>
}

export const rearrangingMethods: MethodTable<RearrangingMethods> = {
  flip,
  fliplr,
  flipud,
  roll,
  rot90,
}
