/** What convolutions check before they run, transposed or not. */
import { BOOL } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { formatShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims } from './windows.ts'
import { axisName, formatImages, requireImages } from './windows.ts'

/** The tensors of a call, for messages. */
export type ConvInputs = Record<'input' | 'weight' | 'bias', Tensor | null>

/** Throws unless all operands are tensors of one dtype other than bool, and the input an image. */
export function checkOperands(
  op: string,
  dims: Dims,
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
): void {
  requireImages(op, input, dims)
  requireTensor(op, 'weight', weight)
  if (bias !== null) requireTensor(op, 'bias', bias)
  const dtype = input._dtype
  if (dtype === BOOL) {
    throw new DTypeError(
      op,
      { input, weight, bias },
      'is not defined for bool',
      "convert with .to('float32')",
    )
  }
  if (weight._dtype === dtype && (bias === null || bias._dtype === dtype)) return
  throw new DTypeError(
    op,
    { input, weight, bias },
    'input, weight and bias must have the same dtype',
    `convert: input.to('${weight.dtype}')`,
  )
}

/** Checks the weight's rank, sizes and groups. `outer` names its first two axes. */
export function checkWeight(
  op: string,
  dims: Dims,
  groups: number,
  outer: readonly [string, string],
  inputs: ConvInputs,
): void {
  const weight = inputs.weight as Tensor
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ValueError(
      op,
      inputs,
      `groups is a whole number ≥ 1, not ${groups}`,
      'pass 1, or the number of channels for a depthwise convolution',
    )
  }
  if (weight.ndim !== dims + 2) {
    const names = Array.from({ length: dims }, (_, axis) => axisName(dims, axis))
    throw new ShapeError(
      op,
      inputs,
      `weight must be [${[...outer, ...names].join(', ')}], but has ${weight.ndim} axes`,
      'add axes with unsqueeze()',
    )
  }
  const [first] = weight._shape as readonly [number]
  if (first < 1 || first % groups !== 0) {
    throw new ShapeError(
      op,
      inputs,
      `weight.shape[0] (${first}) must be a multiple of groups (${groups}), and not 0`,
      'give each group the same number of channels',
    )
  }
  const kernel = weight._shape.slice(2)
  if (kernel.some((size) => size < 1)) {
    throw new ShapeError(
      op,
      inputs,
      `the kernel is ${kernel.join(' × ')}`,
      `the last ${dims === 1 ? 'axis' : `${dims} axes`} of weight must not be empty`,
    )
  }
}

/** Checks the input's channels against those that the weight expects, `rule` being why. */
export function checkChannels(
  op: string,
  dims: Dims,
  expected: number,
  rule: string,
  inputs: ConvInputs,
): void {
  const input = inputs.input as Tensor
  const channels = input._shape[input.ndim - dims - 1] as number
  if (channels === expected) return
  throw new ShapeError(
    op,
    inputs,
    `input has ${channels} channels, but ${rule}`,
    input._shape[input.ndim - 1] === expected
      ? `the order is ${formatImages(dims, ['N', 'C'])}: permute if channels come last`
      : 'check the order of the axes, and groups',
  )
}

/** Checks that a bias has one number per output channel. */
export function checkBias(op: string, channels: number, inputs: ConvInputs): void {
  const { bias } = inputs
  if (bias === null || (bias.ndim === 1 && bias._shape[0] === channels)) return
  throw new ShapeError(
    op,
    inputs,
    `bias must be [${channels}], one number for each output channel, not ${formatShape(bias._shape)}`,
    'reshape it, or leave it out',
  )
}
