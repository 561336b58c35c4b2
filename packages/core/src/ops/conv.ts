/** Convolution. Results are stored channels-last: their strides say so. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments, Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { convolve } from './conv-records.ts'
import type { ConvInputs } from './conv-rule.ts'
import { checkBias, checkChannels, checkOperands, checkWeight } from './conv-rule.ts'
import type { Dims, Pair, Single, Sizes, Triple } from './windows.ts'
import { axisName, reachOf, sizesOf } from './windows.ts'

/** What a convolution takes besides its input and its options. */
export interface ConvOperands {
  /**
   * `[outChannels, inChannels / groups, …]`, the kernel's size last; of transposed convolutions
   * `[inChannels, outChannels / groups, …]`.
   */
  weight: Tensor
  /** `[outChannels]`, or null for none. Default null. */
  bias?: Tensor | null
}

/** The options of a convolution whose numbers per axis are `S`. */
export interface ConvOptions<S extends Sizes> {
  /** Distance between windows. Default 1. */
  stride?: S
  /**
   * Zeros added at each side of each axis. `'same'` adds as many as keep the size (stride 1 only),
   * `'valid'` none. Default 0.
   */
  padding?: S | 'same' | 'valid'
  /** Distance between the places of a window. Default 1. */
  dilation?: S
  /** Parts into which channels are divided; each part of the output sees one of the input. Default 1. */
  groups?: number
}

export type Conv1dOptions = ConvOptions<Single>
export type Conv2dOptions = ConvOptions<Pair>
export type Conv3dOptions = ConvOptions<Triple>

const NAMES = ['weight', 'bias', 'stride', 'padding', 'dilation', 'groups'] as const

/** The ways to give the arguments after the input. */
export type ConvArguments<S extends Sizes> = Arguments<ConvOperands & ConvOptions<S>, typeof NAMES>

type ConvParameters = [Tensor, Tensor | null, Sizes, Sizes | 'same' | 'valid', Sizes, number]

interface Padding {
  numbers: readonly number[]
  /** Positions that are computed too many at the front, for `'same'` with an odd sum. */
  extra: readonly number[]
}

function paddingOf(
  op: string,
  dims: Dims,
  padding: Sizes | 'same' | 'valid',
  kernel: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
  inputs: ConvInputs,
): Padding {
  const none = kernel.map(() => 0)
  if (padding === 'valid') return { numbers: none, extra: none }
  if (padding !== 'same') {
    if (typeof padding === 'string') {
      throw new ValueError(
        op,
        inputs,
        `padding is a number, a list of them, 'same' or 'valid', not ${show(padding)}`,
        "pass padding: 'same'",
      )
    }
    return { numbers: sizesOf(op, 'padding', padding, dims, 0, inputs), extra: none }
  }
  if (stride.some((step) => step !== 1)) {
    throw new ValueError(
      op,
      inputs,
      `padding 'same' keeps the size, which stride [${stride.join(', ')}] does not`,
      'pass the padding as a number',
    )
  }
  // An odd sum puts the larger part behind: both sides get that much, and the first result goes.
  const sums = kernel.map((size, i) => reachOf(size, dilation[i] as number) - 1)
  return { numbers: sums.map((sum) => Math.ceil(sum / 2)), extra: sums.map((sum) => sum % 2) }
}

/** Windows along each axis. @throws {ShapeError} if not even one fits. */
function countWindows(
  op: string,
  dims: Dims,
  kernel: readonly number[],
  [stride, padding, dilation]: readonly [readonly number[], readonly number[], readonly number[]],
  inputs: ConvInputs,
): number[] {
  const sizes = (inputs.input as Tensor)._shape.slice(-dims)
  return sizes.map((size, axis) => {
    const reach = reachOf(kernel[axis] as number, dilation[axis] as number)
    const padded = size + 2 * (padding[axis] as number)
    if (size < 1 || padded < reach) {
      const name = axisName(dims, axis)
      throw new ShapeError(
        op,
        inputs,
        size < 1
          ? `input has no ${name}`
          : `the kernel covers a ${name} of ${reach}, the padded input has ${padded}`,
        'use a larger input, more padding, or a smaller kernel or dilation',
      )
    }
    return Math.floor((padded - reach) / (stride[axis] as number)) + 1
  })
}

function convolution(op: string, dims: Dims, input: Tensor, given: Given<ConvParameters>): Tensor {
  const [weight, bias = null, strides = 1, pads = 0, dilations = 1, groups = 1] = given
  checkOperands(op, dims, input, weight as Tensor, bias)
  const inputs: ConvInputs = { input, weight: weight as Tensor, bias }
  checkWeight(op, dims, groups, ['outChannels', 'inChannels / groups'], inputs)
  const [out, perGroup, ...kernel] = (weight as Tensor)._shape as [number, number, ...number[]]
  checkChannels(
    op,
    dims,
    perGroup * groups,
    `weight.shape[1] (${perGroup}) · groups (${groups}) is ${perGroup * groups}`,
    inputs,
  )
  checkBias(op, out, inputs)
  const stride = sizesOf(op, 'stride', strides, dims, 1, inputs)
  const dilation = sizesOf(op, 'dilation', dilations, dims, 1, inputs)
  const padding = paddingOf(op, dims, pads, kernel, stride, dilation, inputs)
  const counts = countWindows(op, dims, kernel, [stride, padding.numbers, dilation], inputs)

  const unbatched = input.ndim === dims + 1
  let x = unbatched ? input.unsqueeze(0) : input
  const shape = [x._shape[0] as number, out, ...counts]
  const numbers = [...stride, ...padding.numbers, ...dilation, groups]
  let y: Tensor
  if (dims === 1) {
    // An image of height 1.
    x = x.unsqueeze(2)
    shape.splice(2, 0, 1)
    const flat = [1, stride[0], 0, padding.numbers[0], 1, dilation[0], groups] as number[]
    y = convolve(x, (weight as Tensor).unsqueeze(2), bias, shape, { numbers: flat }).squeeze(2)
  } else {
    y = convolve(x, weight as Tensor, bias, shape, { numbers })
  }
  if (padding.extra.some((extra) => extra > 0)) {
    padding.extra.forEach((extra, axis) => {
      if (extra > 0) y = y.narrow(2 + axis, extra, (counts[axis] as number) - extra)
    })
    // A part would keep the whole alive, and could not be viewed under another shape.
    y = y.contiguous()
  }
  return unbatched ? y.squeeze(0) : y
}

const readConv1d = parameters<ConvParameters>('conv1d', NAMES)
const readConv2d = parameters<ConvParameters>('conv2d', NAMES)
const readConv3d = parameters<ConvParameters>('conv3d', NAMES)

/**
 * Cross-correlation with a kernel that slides along one axis:
 * out[n, o, i] = bias[o] + Σ input[n, c, i · stride + a · dilation - padding] · weight[o, c, a].
 *
 * Shapes: input `[N, C, L]` or `[C, L]`, weight `[O, C / groups, k]`, bias `[O]` -> `[N, O, L']` or
 * `[O, L']` with L' = ⌊(L + 2 · padding - dilation · (k - 1) - 1) / stride⌋ + 1.
 * Dtype: as of {@link conv2d}.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link conv2d}.
 * @see torch.conv1d
 */
export function conv1d(input: Tensor, ...given: ConvArguments<Single>): Tensor {
  if (autocasting.on) return inAutocast('conv1d', conv1d, [input, ...given])
  return convolution('conv1d', 1, input, readConv1d(given))
}

/**
 * Cross-correlation with a kernel that slides over height and width:
 * out[n, o, i, j] = bias[o] + Σ input[n, c, i · stride + a · dilation - padding, …] · weight[o, c, a, b].
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]`, weight `[O, C / groups, kH, kW]`, bias `[O]` ->
 * `[N, O, H', W']` or `[O, H', W']` with H' = ⌊(H + 2 · padding - dilation · (kH - 1) - 1) / stride⌋ + 1.
 * Dtype: one for all, floating or integer; integers wrap. Sums of float32 are in float32.
 * The result is stored channels-last (see `stride()`), which later operations keep.
 *
 * @throws {ShapeError} if channels do not fit, or the kernel exceeds the padded input.
 * @throws {ValueError} for a stride, padding, dilation or number of groups outside of its range.
 * @throws {DTypeError} for bool, or different dtypes.
 * @see torch.conv2d
 *
 * @example
 * ```ts
 * import { conv2d, ones } from '@flambeau/core'
 * console.log(conv2d(ones([1, 3, 3]), ones([1, 1, 2, 2])))
 * // => tensor([[[4., 4.],
 * //             [4., 4.]]])
 * ```
 */
export function conv2d(input: Tensor, ...given: ConvArguments<Pair>): Tensor {
  if (autocasting.on) return inAutocast('conv2d', conv2d, [input, ...given])
  return convolution('conv2d', 2, input, readConv2d(given))
}

/**
 * Cross-correlation with a kernel that slides over depth, height and width; as {@link conv2d} with
 * one axis more.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]`, weight `[O, C / groups, kD, kH, kW]`, bias
 * `[O]` -> `[N, O, D', H', W']` or `[O, D', H', W']`. Dtype: as of {@link conv2d}.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link conv2d}.
 * @see torch.conv3d
 */
export function conv3d(input: Tensor, ...given: ConvArguments<Triple>): Tensor {
  if (autocasting.on) return inAutocast('conv3d', conv3d, [input, ...given])
  return convolution('conv3d', 3, input, readConv3d(given))
}
