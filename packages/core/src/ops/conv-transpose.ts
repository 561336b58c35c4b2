/** Transposed convolution: the gradient of a convolution by its input, as a layer of its own. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments, Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { zeros } from '../creation.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import type { ConvOperands } from './conv.ts'
import { convolveTransposed } from './conv-records.ts'
import type { ConvInputs } from './conv-rule.ts'
import { checkBias, checkChannels, checkOperands, checkWeight } from './conv-rule.ts'
import { cat } from './joining.ts'
import type { Dims, Pair, Single, Sizes, Triple } from './windows.ts'
import { axisName, reachOf, sizesOf } from './windows.ts'

/** The options of a transposed convolution whose numbers per axis are `S`. */
export interface ConvTransposeOptions<S extends Sizes> {
  /** Distance between windows of the output. Default 1. */
  stride?: S
  /** Positions taken off at each side of the output. Default 0. */
  padding?: S
  /** Positions added behind the output; less than the stride or the dilation. Default 0. */
  outputPadding?: S
  /** Parts into which channels are divided; each part of the output sees one of the input. Default 1. */
  groups?: number
  /** Distance between the places of a window. Default 1. */
  dilation?: S
}

export type ConvTranspose1dOptions = ConvTransposeOptions<Single>
export type ConvTranspose2dOptions = ConvTransposeOptions<Pair>
export type ConvTranspose3dOptions = ConvTransposeOptions<Triple>

const NAMES = [
  'weight',
  'bias',
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'dilation',
] as const

/** The ways to give the arguments after the input. */
export type ConvTransposeArguments<S extends Sizes> = Arguments<
  ConvOperands & ConvTransposeOptions<S>,
  typeof NAMES
>

type TransposeParameters = [Tensor, Tensor | null, Sizes, Sizes, Sizes, number, Sizes]

/** The numbers of one axis of the output. */
interface Axis {
  stride: number
  padding: number
  dilation: number
  outputPadding: number
  /** Positions of the output before padding is taken off. */
  covered: number
  /** Positions of the output. */
  size: number
}

function axesOf(
  op: string,
  dims: Dims,
  kernel: readonly number[],
  given: Given<TransposeParameters>,
  inputs: ConvInputs,
): Axis[] {
  const [, , strides = 1, pads = 0, outputPads = 0, , dilations = 1] = given
  const stride = sizesOf(op, 'stride', strides, dims, 1, inputs)
  const padding = sizesOf(op, 'padding', pads, dims, 0, inputs)
  const outputPadding = sizesOf(op, 'outputPadding', outputPads, dims, 0, inputs)
  const dilation = sizesOf(op, 'dilation', dilations, dims, 1, inputs)
  const sizes = (inputs.input as Tensor)._shape.slice(-dims)
  return sizes.map((size, i) => {
    const [step, pad, extra, gap] = [stride, padding, outputPadding, dilation].map(
      (list) => list[i] as number,
    ) as [number, number, number, number]
    if (extra >= step && extra >= gap) {
      throw new ValueError(
        op,
        inputs,
        `outputPadding (${extra}) must be less than the stride (${step}) or the dilation (${gap})`,
        'it chooses among the sizes that a convolution makes alike',
      )
    }
    const covered = (size - 1) * step + reachOf(kernel[i] as number, gap)
    const result = covered - 2 * pad + extra
    if (size < 1 || result < 1) {
      const name = axisName(dims, i)
      throw new ShapeError(
        op,
        inputs,
        size < 1 ? `input has no ${name}` : `the output would have a ${name} of ${result}`,
        'use a larger input, or less padding',
      )
    }
    return {
      stride: step,
      padding: pad,
      dilation: gap,
      outputPadding: extra,
      covered,
      size: result,
    }
  })
}

/** The transposed convolution of [N, C, …]; conv1d counts as an image of height 1. */
function transposed(x: Tensor, weight: Tensor, axes: readonly Axis[], groups: number): Tensor {
  const channels = (weight._shape[1] as number) * groups
  const shape = [x._shape[0] as number, channels, ...axes.map((axis) => axis.size)]
  // A convolution of the output finds the input's size unless the stride fits into outputPadding;
  // then everything is computed, and cut afterwards.
  const whole = axes.some((axis) => axis.outputPadding >= axis.stride)
  const padding = axes.map((axis) => (whole ? 0 : axis.padding))
  const numbers = [
    ...axes.map((axis) => axis.stride),
    ...padding,
    ...axes.map((axis) => axis.dilation),
    groups,
  ]
  if (!whole) return convolveTransposed(x, weight, shape, { numbers })
  const full = [...shape.slice(0, 2), ...axes.map((axis) => axis.covered)]
  let y = convolveTransposed(x, weight, full, { numbers })
  axes.forEach((axis, i) => {
    const start = Math.min(axis.padding, axis.covered)
    const kept = Math.min(axis.size, axis.covered - start)
    y = y.narrow(i + 2, start, kept)
    if (kept === axis.size) return
    const behind = y._shape.map((size, j) => (j === i + 2 ? axis.size - kept : size))
    y = cat([y, zeros(behind, { dtype: y.dtype, device: y.device })], i + 2)
  })
  return y.contiguous()
}

function convTranspose(
  op: string,
  dims: Dims,
  input: Tensor,
  given: Given<TransposeParameters>,
): Tensor {
  const [weight, bias = null, , , , groups = 1] = given
  checkOperands(op, dims, input, weight as Tensor, bias)
  const inputs: ConvInputs = { input, weight: weight as Tensor, bias }
  checkWeight(op, dims, groups, ['inChannels', 'outChannels / groups'], inputs)
  const [channels, perGroup, ...kernel] = (weight as Tensor)._shape as [number, number, ...number[]]
  checkChannels(op, dims, channels, `weight.shape[0] is ${channels}`, inputs)
  checkBias(op, perGroup * groups, inputs)
  const axes = axesOf(op, dims, kernel, given, inputs)
  const unbatched = input.ndim === dims + 1
  let x = unbatched ? input.unsqueeze(0) : input
  let w = weight as Tensor
  if (dims === 1) {
    x = x.unsqueeze(2)
    w = w.unsqueeze(2)
    axes.unshift({ stride: 1, padding: 0, dilation: 1, outputPadding: 0, covered: 1, size: 1 })
  }
  let y = transposed(x, w, axes, groups)
  if (bias !== null) y = y.add(bias.reshape([-1, ...axes.map(() => 1)]))
  if (dims === 1) y = y.squeeze(2)
  return unbatched ? y.squeeze(0) : y
}

const readConvTranspose1d = parameters<TransposeParameters>('convTranspose1d', NAMES)
const readConvTranspose2d = parameters<TransposeParameters>('convTranspose2d', NAMES)
const readConvTranspose3d = parameters<TransposeParameters>('convTranspose3d', NAMES)

/**
 * Transposed convolution along one axis; as {@link convTranspose2d} with one axis less.
 *
 * Shapes: input `[N, C, L]` or `[C, L]`, weight `[C, O / groups, k]`, bias `[O]` -> `[N, O, L']` or
 * `[O, L']`. Dtype: as of {@link convTranspose2d}.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link convTranspose2d}.
 * @see torch.conv_transpose1d
 */
export function convTranspose1d(input: Tensor, ...given: ConvTransposeArguments<Single>): Tensor {
  if (autocasting.on) return inAutocast('convTranspose1d', convTranspose1d, [input, ...given])
  return convTranspose('convTranspose1d', 1, input, readConvTranspose1d(given))
}

/**
 * Transposed convolution, also called deconvolution: each input pixel adds the kernel, times its
 * value, to a window of the output. It is the gradient of {@link conv2d} by its input.
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]`, weight `[C, O / groups, kH, kW]`, bias `[O]` ->
 * `[N, O, H', W']` or `[O, H', W']` with
 * H' = (H - 1) · stride - 2 · padding + dilation · (kH - 1) + outputPadding + 1.
 * Dtype: one for all, floating or integer. The result is stored channels-last.
 *
 * @throws {ShapeError} if channels do not fit, or nothing is left of the output.
 * @throws {ValueError} for a stride, padding, dilation or number of groups outside of its range.
 * @throws {DTypeError} for bool, or different dtypes.
 * @see torch.conv_transpose2d
 *
 * @example
 * ```ts
 * import { convTranspose2d, ones } from '@flambeau/core'
 * console.log(convTranspose2d(ones([1, 2, 2]), ones([1, 1, 2, 2])))
 * // => tensor([[[1., 2., 1.],
 * //             [2., 4., 2.],
 * //             [1., 2., 1.]]])
 * ```
 */
export function convTranspose2d(input: Tensor, ...given: ConvTransposeArguments<Pair>): Tensor {
  if (autocasting.on) return inAutocast('convTranspose2d', convTranspose2d, [input, ...given])
  return convTranspose('convTranspose2d', 2, input, readConvTranspose2d(given))
}

/**
 * Transposed convolution of volumes; as {@link convTranspose2d} with one axis more.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]`, weight `[C, O / groups, kD, kH, kW]`, bias
 * `[O]` -> `[N, O, D', H', W']` or `[O, D', H', W']`. Dtype: as of {@link convTranspose2d}.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link convTranspose2d}.
 * @see torch.conv_transpose3d
 */
export function convTranspose3d(input: Tensor, ...given: ConvTransposeArguments<Triple>): Tensor {
  if (autocasting.on) return inAutocast('convTranspose3d', convTranspose3d, [input, ...given])
  return convTranspose('convTranspose3d', 3, input, readConvTranspose3d(given))
}
