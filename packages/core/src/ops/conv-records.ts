/** The records of convolution and its gradients, and what runs them without checking. */
import type { BackwardInfo, Op } from '../op.ts'
import { defineOp, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

export interface ConvParams {
  /** The kernels' numbers: stride, padding, dilation (of all axes each), groups. */
  numbers: readonly number[]
}

type Conv = Op<ConvParams>

/** The records for images, or for volumes. */
interface ConvRecords {
  conv: Conv
  inputGrad: Conv
  weightGrad: Conv
  weightAndBiasGrad: Conv
  transpose: Conv
}

// The gradients are linear in each of their inputs, so that theirs are convolutions again.
function defineConvolution(dims: 2 | 3): ConvRecords {
  const name = `conv${dims}d`
  return {
    conv: defineOp<'input' | 'weight' | 'bias', ConvParams>(name, ['input', 'weight', 'bias'], {
      kernel: 'convolution',
      derivative: { needs: ['input', 'weight'], formula: convGradients },
    }),
    inputGrad: defineOp<'grad' | 'weight', ConvParams>(`${name}InputGrad`, ['grad', 'weight'], {
      kernel: 'convolutionInputGrad',
      derivative: { needs: ['grad', 'weight'], formula: inputGradGradients },
    }),
    weightGrad: defineOp<'grad' | 'input', ConvParams>(`${name}WeightGrad`, ['grad', 'input'], {
      kernel: 'convolutionWeightGrad',
      derivative: {
        needs: ['grad', 'input'],
        formula: ([second], { grad, input }, info) =>
          weightGradGradients([second], grad as Tensor, input as Tensor, info),
      },
    }),
    // Outputs: the gradients of the weight and of the bias, in one pass over `grad`.
    weightAndBiasGrad: defineOp<'grad' | 'input', ConvParams>(
      `${name}WeightAndBiasGrad`,
      ['grad', 'input'],
      {
        kernel: 'convolutionWeightGrad',
        outputs: 2,
        derivative: {
          needs: ['grad', 'input'],
          formula: (seconds, { grad, input }, info) =>
            weightGradGradients(seconds, grad as Tensor, input as Tensor, info),
        },
      },
    ),
    // The same as the gradient of an input, under the name that users know.
    transpose: defineOp<'input' | 'weight', ConvParams>(
      `convTranspose${dims}d`,
      ['input', 'weight'],
      {
        kernel: 'convolutionInputGrad',
        derivative: {
          needs: ['input', 'weight'],
          formula: (grads, { input, weight }, info) =>
            inputGradGradients(grads, { grad: input as Tensor, weight: weight as Tensor }, info),
        },
      },
    ),
  }
}

const IMAGES: ConvRecords = defineConvolution(2)
const VOLUMES: ConvRecords = defineConvolution(3)

/** The records for tensors of this rank. */
function recordsFor(shape: Shape): ConvRecords {
  return shape.length === 4 ? IMAGES : VOLUMES
}

/** The axes of a result that a bias is added along: all but the channels. */
function pixelAxes(grad: Tensor): number[] {
  return grad._shape.map((_, axis) => axis).filter((axis) => axis !== 1)
}

type Gradients = readonly (Tensor | null | undefined)[]

/** The order of images or volumes, and of their weights, with the channels innermost. */
const channelsLastOf = ({ ndim }: Tensor): 'channelsLast' | 'channelsLast3d' =>
  ndim === 4 ? 'channelsLast' : 'channelsLast3d'

/**
 * A gradient that two kernels are to read: with gaps, as parts of a joined tensor have them, each of
 * them would have to copy it.
 */
function withoutGaps(grad: Tensor): Tensor {
  const memoryFormat = channelsLastOf(grad)
  return grad.isContiguous() || grad.isContiguous(memoryFormat)
    ? grad
    : grad.contiguous({ memoryFormat })
}

function convGradients(
  [given]: Gradients,
  { input, weight }: Record<string, Tensor>,
  { params, shapes, needed }: BackwardInfo<ConvParams>,
): readonly (Tensor | null)[] {
  if (!given) return []
  const grad = needed[0] && needed[1] ? withoutGaps(given) : given
  const x = input as Tensor
  const w = weight as Tensor
  const dx = needed[0] ? inputGrad(grad, w, shapes[0] as Shape, params) : null
  if (needed[1] && needed[2])
    return [dx, ...weightAndBiasGrad(grad, x, w._shape, params, isChannelsLast(w))]
  return [
    dx,
    needed[1] ? weightGrad(grad, x, w._shape, params, isChannelsLast(w)) : null,
    needed[2] ? grad.sum(pixelAxes(grad)) : null,
  ]
}

function inputGradGradients(
  [given]: Gradients,
  { grad, weight }: Record<string, Tensor>,
  { params, needed }: BackwardInfo<ConvParams>,
): readonly (Tensor | null)[] {
  if (!given) return []
  const second = needed[0] && needed[1] ? withoutGaps(given) : given
  const dy = grad as Tensor
  const w = weight as Tensor
  return [
    needed[0] ? convolve(second, w, null, dy._shape, params) : null,
    needed[1] ? weightGrad(dy, second, w._shape, params, isChannelsLast(w)) : null,
  ]
}

/** What gradients of the weight's and the bias's gradient give for `grad` and `input`. */
function weightGradGradients(
  [second, secondBias]: Gradients,
  grad: Tensor,
  input: Tensor,
  { params, needed }: BackwardInfo<ConvParams>,
): (Tensor | null)[] {
  const bias = secondBias ?? null
  if (!second) {
    const channels = grad._shape.map((_, axis) => (axis === 1 ? -1 : 1))
    return [needed[0] ? (bias?.reshape(channels).expand(grad._shape) ?? null) : null, null]
  }
  return [
    needed[0] ? convolve(input, second, bias, grad._shape, params) : null,
    needed[1] ? inputGrad(grad, second, input._shape, params) : null,
  ]
}

/** Runs the convolution whose result has this shape. */
export function convolve(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  shape: Shape,
  params: ConvParams,
): Tensor {
  const inputs = [input, weight, bias]
  return run(recordsFor(shape).conv, inputs, shape, input._dtype, params.numbers, params)
}

/** What the gradient of the result gives for an input of this shape. */
export function inputGrad(grad: Tensor, weight: Tensor, shape: Shape, params: ConvParams): Tensor {
  const inputs = [grad, weight]
  return run(recordsFor(shape).inputGrad, inputs, shape, grad._dtype, params.numbers, params)
}

/** Runs the transposed convolution whose result has this shape. */
export function convolveTransposed(
  input: Tensor,
  weight: Tensor,
  shape: Shape,
  params: ConvParams,
): Tensor {
  const inputs = [input, weight]
  return run(recordsFor(shape).transpose, inputs, shape, input._dtype, params.numbers, params)
}

/** Has a weight its channels innermost in memory, where that differs from row-major? */
function isChannelsLast(weight: Tensor): boolean {
  return !weight.isContiguous() && weight.isContiguous(channelsLastOf(weight))
}

/** The numbers of a kernel whose result is stored row-major, or as a weight channels-last. */
function layoutNumbers({ numbers }: ConvParams, channelsLast: boolean): readonly number[] {
  return channelsLast ? [...numbers, 1] : numbers
}

/**
 * What the gradient of the result gives for a weight of this shape, in memory row-major or
 * channels-last.
 */
export function weightGrad(
  grad: Tensor,
  input: Tensor,
  shape: Shape,
  params: ConvParams,
  channelsLast = false,
): Tensor {
  const { weightGrad: op } = recordsFor(shape)
  const numbers = layoutNumbers(params, channelsLast)
  return run(op, [grad, input], shape, grad._dtype, numbers, params)
}

/** What it gives for a weight of this shape, as {@link weightGrad}, and for the bias. */
export function weightAndBiasGrad(
  grad: Tensor,
  input: Tensor,
  shape: Shape,
  params: ConvParams,
  channelsLast = false,
): Tensor[] {
  const dtype = grad._dtype
  return runMany(
    recordsFor(shape).weightAndBiasGrad,
    [grad, input],
    [
      { shape, dtype },
      { shape: [shape[0] as number], dtype },
    ],
    layoutNumbers(params, channelsLast),
    params,
  )
}
