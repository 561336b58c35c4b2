/** Convolution. Results are stored channels-last: their strides say so. */
import type { DTypeCode } from '../dtype.ts'
import { BOOL, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import { formatShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { convolve } from './conv-records.ts'
import type { Pair } from './windows.ts'
import { pairOf, reachOf, requireImages } from './windows.ts'

export interface Conv2dOptions {
  /** Distance between windows. Default 1. */
  stride?: Pair
  /**
   * Zeros added at each side of height and width. `'same'` adds as many as keep the size (stride 1
   * only), `'valid'` none. Default 0.
   */
  padding?: Pair | 'same' | 'valid'
  /** Distance between the places of a window. Default 1. */
  dilation?: Pair
  /** Parts into which channels are divided; each part of the output sees one of the input. Default 1. */
  groups?: number
}

/** The dtype that the operands meet in. @throws {DTypeError} for bool. */
function commonType(input: Tensor, weight: Tensor, bias: Tensor | null): DTypeCode {
  if (input._dtype === weight._dtype && (bias === null || bias._dtype === input._dtype)) {
    if (input._dtype !== BOOL) return input._dtype
  }
  const pair = promote(input._dtype, weight._dtype)
  const code = bias === null ? pair : promote(pair, bias._dtype)
  if (code !== BOOL) return code
  throw new DTypeError(
    'conv2d',
    { input, weight, bias },
    'is not defined for bool',
    "convert with .to('float32')",
  )
}

/** Checks the weight, the bias and the groups against the input's channels. */
function checkChannels(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  groups: number,
  inputs: Record<string, Tensor | null>,
): void {
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ValueError(
      'conv2d',
      inputs,
      `groups is a whole number ≥ 1, not ${groups}`,
      'pass 1, or the number of channels for a depthwise convolution',
    )
  }
  if (weight.ndim !== 4) {
    throw new ShapeError(
      'conv2d',
      inputs,
      `weight must be [outChannels, inChannels / groups, height, width], but has ${weight.ndim} axes`,
      'add axes with unsqueeze()',
    )
  }
  const [out, perGroup, height, width] = weight._shape as readonly [number, number, number, number]
  if (out < 1 || out % groups !== 0) {
    throw new ShapeError(
      'conv2d',
      inputs,
      `weight.shape[0] (${out}) must be a multiple of groups (${groups}), and not 0`,
      'give each group the same number of output channels',
    )
  }
  if (height < 1 || width < 1) {
    throw new ShapeError(
      'conv2d',
      inputs,
      `the kernel is ${height} × ${width}`,
      'the last two axes of weight must not be empty',
    )
  }
  const channels = input._shape[input.ndim - 3] as number
  if (channels !== perGroup * groups) {
    throw new ShapeError(
      'conv2d',
      inputs,
      `input has ${channels} channels, but weight.shape[1] (${perGroup}) · groups (${groups}) is ${perGroup * groups}`,
      input._shape[input.ndim - 1] === perGroup * groups
        ? 'the order is [N, C, H, W]: permute(0, 3, 1, 2) if channels come last'
        : 'weight is [outChannels, inChannels / groups, height, width]',
    )
  }
  if (bias !== null && (bias.ndim !== 1 || bias._shape[0] !== out)) {
    throw new ShapeError(
      'conv2d',
      inputs,
      `bias must be [${out}], one number for each output channel, not ${formatShape(bias._shape)}`,
      'reshape it, or leave it out',
    )
  }
}

interface Padding {
  numbers: readonly [number, number]
  /** Rows and columns that are computed too many at the front, for `'same'` with an odd sum. */
  extra: readonly [number, number]
}

function paddingOf(
  padding: Pair | 'same' | 'valid',
  kernel: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number],
  inputs: Record<string, Tensor | null>,
): Padding {
  if (padding === 'valid') return { numbers: [0, 0], extra: [0, 0] }
  if (padding !== 'same') {
    if (typeof padding === 'string') {
      throw new ValueError(
        'conv2d',
        inputs,
        `padding is a number, a pair, 'same' or 'valid', not ${show(padding)}`,
        "pass padding: 'same'",
      )
    }
    return { numbers: pairOf('conv2d', 'padding', padding, 0, inputs), extra: [0, 0] }
  }
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ValueError(
      'conv2d',
      inputs,
      `padding 'same' keeps the size, which stride [${stride.join(', ')}] does not`,
      'pass the padding as a number',
    )
  }
  // An odd sum puts the larger part behind: both sides get that much, and the first result goes.
  const sums = [0, 1].map((i) => reachOf(kernel[i] as number, dilation[i] as number) - 1)
  const [high, wide] = sums as [number, number]
  return { numbers: [Math.ceil(high / 2), Math.ceil(wide / 2)], extra: [high % 2, wide % 2] }
}

/** Windows along an axis. @throws {ShapeError} if not even one fits. */
function windowsAlong(
  axis: 'height' | 'width',
  size: number,
  kernel: number,
  [stride, padding, dilation]: readonly [number, number, number],
  inputs: Record<string, Tensor | null>,
): number {
  const reach = reachOf(kernel, dilation)
  if (size < 1 || size + 2 * padding < reach) {
    throw new ShapeError(
      'conv2d',
      inputs,
      size < 1
        ? `input has no ${axis}`
        : `the kernel covers a ${axis} of ${reach}, the padded input has ${size + 2 * padding}`,
      'use a larger input, more padding, or a smaller kernel or dilation',
    )
  }
  return Math.floor((size + 2 * padding - reach) / stride) + 1
}

/**
 * Cross-correlation with a kernel that slides over height and width:
 * out[n, o, i, j] = bias[o] + Σ input[n, c, i · stride + a · dilation - padding, …] · weight[o, c, a, b].
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]`, weight `[O, C / groups, kH, kW]`, bias `[O]` ->
 * `[N, O, H', W']` or `[O, H', W']` with H' = ⌊(H + 2 · padding - dilation · (kH - 1) - 1) / stride⌋ + 1.
 * Dtype: their common dtype, floating or integer; integers wrap. Sums of float32 are in float32.
 * The result is stored channels-last (see `stride()`), which later operations keep.
 *
 * @throws {ShapeError} if channels do not fit, or the kernel exceeds the padded input.
 * @throws {ValueError} for a stride, padding, dilation or number of groups outside of its range.
 * @throws {DTypeError} for bool.
 * @see torch.nn.functional.conv2d
 *
 * @example
 * ```ts
 * import { conv2d, ones } from '@flambeau/core'
 * console.log(conv2d(ones([1, 3, 3]), ones([1, 1, 2, 2])))
 * // => tensor([[[4., 4.],
 * //             [4., 4.]]])
 * ```
 */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options?: Conv2dOptions,
): Tensor {
  requireImages('conv2d', input)
  requireTensor('conv2d', 'weight', weight)
  if (bias !== null) requireTensor('conv2d', 'bias', bias)
  if (input.ndim === 3) return conv2d(input.unsqueeze(0), weight, bias, options).squeeze(0)
  const inputs = { input, weight, bias }
  const groups = options?.groups ?? 1
  checkChannels(input, weight, bias, groups, inputs)
  const stride = pairOf('conv2d', 'stride', options?.stride ?? 1, 1, inputs)
  const dilation = pairOf('conv2d', 'dilation', options?.dilation ?? 1, 1, inputs)
  const [n, , height, width] = input._shape as readonly [number, number, number, number]
  const [out, , kernelHeight, kernelWidth] = weight._shape as readonly [
    number,
    number,
    number,
    number,
  ]
  const { numbers: padding, extra } = paddingOf(
    options?.padding ?? 0,
    [kernelHeight, kernelWidth],
    stride,
    dilation,
    inputs,
  )
  const rows = windowsAlong(
    'height',
    height,
    kernelHeight,
    [stride[0], padding[0], dilation[0]],
    inputs,
  )
  const columns = windowsAlong(
    'width',
    width,
    kernelWidth,
    [stride[1], padding[1], dilation[1]],
    inputs,
  )
  const dtype = commonType(input, weight, bias)
  const params = { numbers: [...stride, ...padding, ...dilation, groups] }
  const result = convolve(
    castCode(input, dtype),
    castCode(weight, dtype),
    bias && castCode(bias, dtype),
    [n, out, rows, columns],
    params,
  )
  if (extra[0] + extra[1] === 0) return result
  return result.narrow(2, extra[0], rows - extra[0]).narrow(3, extra[1], columns - extra[1])
}
