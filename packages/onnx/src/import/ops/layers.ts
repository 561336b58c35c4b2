/** What layers are made of: products, convolution, pooling, normalisation, sampling. */
import {
  addmm,
  arange,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  constantPadNd,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  einsum,
  matmul,
  maxPool1d,
  maxPool2d,
  maxPool3d,
} from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { functional as F } from '@flambeau/nn'
import type { NodeCall, Operator, Operators } from '../context.ts'

type WindowFunction = (x: Tensor, ...given: unknown[]) => Tensor

/** By the number of axes. */
const convolutions = [conv1d, conv2d, conv3d] as unknown as readonly WindowFunction[]
const transposes = [
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
] as unknown as readonly WindowFunction[]
const maxPools = [maxPool1d, maxPool2d, maxPool3d] as unknown as readonly WindowFunction[]
const avgPools = [avgPool1d, avgPool2d, avgPool3d] as unknown as readonly WindowFunction[]

interface Windows {
  readonly dims: number
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly dilation: readonly number[]
  /** Before and after each axis. */
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/** Kernel, stride, dilation and padding, one number per axis. */
function windowsOf(c: NodeCall, kernel: readonly number[]): Windows {
  const dims = kernel.length
  c.require(dims >= 1 && dims <= 3, `windows over ${dims} axes have no form here`)
  const each = (name: string): readonly number[] => {
    const list = c.list(name) ?? Array<number>(dims).fill(1)
    c.require(list.length === dims, `${name} has ${list.length} numbers for ${dims} axes`)
    return list
  }
  const [stride, dilation] = [each('strides'), each('dilations')]
  const auto = c.text('auto_pad', 'NOTSET')
  if (auto === 'NOTSET' || auto === 'VALID') {
    const pads = c.list('pads') ?? Array<number>(2 * dims).fill(0)
    const none = auto === 'VALID' ? pads.map(() => 0) : pads
    c.require(none.length === 2 * dims, `pads has ${none.length} numbers for ${dims} axes`)
    return { dims, kernel, stride, dilation, before: none.slice(0, dims), after: none.slice(dims) }
  }
  c.require(auto === 'SAME_UPPER' || auto === 'SAME_LOWER', `there is no auto_pad '${auto}'`)
  const sums = c
    .x()
    .shape.slice(-dims)
    .map((size, i) => {
      const step = stride[i] as number
      const reach = ((kernel[i] as number) - 1) * (dilation[i] as number) + 1
      return Math.max((Math.ceil(size / step) - 1) * step + reach - size, 0)
    })
  const low = sums.map((sum) => Math.floor(sum / 2))
  const high = sums.map((sum) => Math.ceil(sum / 2))
  const upper = auto === 'SAME_UPPER'
  return { dims, kernel, stride, dilation, before: upper ? low : high, after: upper ? high : low }
}

/** The input padded where both sides of an axis differ, and the padding that is left. */
function evened(x: Tensor, w: Windows, value: number): { x: Tensor; padding: readonly number[] } {
  if (w.before.every((size, i) => size === w.after[i])) return { x, padding: w.before }
  const sizes = w.before.map((size, i) => [size, w.after[i] as number])
  return { x: constantPadNd(x, sizes.toReversed().flat(), value), padding: w.before.map(() => 0) }
}

const convolution: Operator = (c) => {
  const weight = c.x(1)
  const w = windowsOf(c, weight.shape.slice(2))
  const { x, padding } = evened(c.x(), w, 0)
  const options = {
    ...{ bias: c.optional(2), stride: w.stride, padding },
    ...{ dilation: w.dilation, groups: c.int('group', 1) },
  }
  return (convolutions[w.dims - 1] as WindowFunction)(x, weight, options)
}

const transposed: Operator = (c) => {
  const weight = c.x(1)
  const w = windowsOf(c, weight.shape.slice(2))
  c.require(c.text('auto_pad', 'NOTSET') === 'NOTSET', 'auto_pad has no form here')
  c.require(c.list('output_shape') === null, 'output_shape has no form here')
  const extra = [...(c.list('output_padding') ?? w.before.map(() => 0))]
  // Less padding at the end makes the output longer, more makes it shorter.
  const longer = w.before.map((size, i) => size - (w.after[i] as number) + (extra[i] as number))
  c.require(
    longer.every((size) => size >= 0),
    'more padding at the end of an axis than at its start has no form here',
  )
  const options = {
    ...{ bias: c.optional(2), stride: w.stride, padding: w.before, outputPadding: longer },
    ...{ groups: c.int('group', 1), dilation: w.dilation },
  }
  return (transposes[w.dims - 1] as WindowFunction)(c.x(), weight, options)
}

const maxPool: Operator = (c) => {
  const w = windowsOf(c, c.list('kernel_shape') ?? [])
  const { x, padding } = evened(c.x(), w, Number.NEGATIVE_INFINITY)
  const ceilMode = c.int('ceil_mode', 0) === 1
  const options = { stride: w.stride, padding, dilation: w.dilation, ceilMode }
  const pool = maxPools[w.dims - 1] as WindowFunction
  if ((c.node.outputs[1] ?? '') === '') return pool(x, [...w.kernel], options)
  c.require(x === c.x() && c.int('storage_order', 0) === 0, 'such places have no form here')
  const found = pool(x, [...w.kernel], { ...options, returnIndices: true }) as unknown as {
    values: Tensor
    indices: Tensor
  }
  // Places count through the whole tensor.
  const [n, channels] = x.shape as readonly [number, number]
  const area = x.shape.slice(2).reduce((a, b) => a * b, 1)
  const starts = arange(n * channels, { dtype: 'int64' }).mul(area)
  const ones = x.shape.slice(2).map(() => 1)
  return [found.values, found.indices.add(starts.reshape([n, channels, ...ones]))]
}

const avgPool: Operator = (c) => {
  const w = windowsOf(c, c.list('kernel_shape') ?? [])
  c.require(
    w.dilation.every((size) => size === 1),
    'dilation has no form here',
  )
  const countIncludePad = c.int('count_include_pad', 0) === 1
  const even = w.before.every((size, i) => size === w.after[i])
  c.require(even || countIncludePad, 'uneven padding that does not count has no form here')
  const { x, padding } = evened(c.x(), w, 0)
  const ceilMode = c.int('ceil_mode', 0) === 1
  const options = { stride: w.stride, padding, ceilMode, countIncludePad }
  return (avgPools[w.dims - 1] as WindowFunction)(x, [...w.kernel], options)
}

const global =
  (body: (x: Tensor, axes: number[]) => Tensor): Operator =>
  (c) =>
    body(
      c.x(),
      c
        .x()
        .shape.slice(2)
        .map((_, i) => i + 2),
    )

const gemm: Operator = (c) => {
  const [a, b, bias] = [c.x(0), c.x(1), c.optional(2)]
  const [alpha, beta] = [c.int('alpha', 1), c.int('beta', 1)]
  const left = c.int('transA', 0) === 1 ? a.t() : a
  const plain = alpha === 1 && beta === 1
  if (plain && c.int('transB', 0) === 1 && (bias === null || bias.ndim === 1)) {
    return F.linear(left, b, bias)
  }
  const right = c.int('transB', 0) === 1 ? b.t() : b
  if (bias !== null) return addmm(bias, left, right, { alpha, beta })
  const product = matmul(left, right)
  return alpha === 1 ? product : product.mul(alpha)
}

const batchNorm: Operator = (c) => {
  c.require(c.int('training_mode', 0) === 0, 'training_mode has no form here')
  return F.batchNorm(c.x(), c.x(3), c.x(4), {
    ...{ weight: c.x(1), bias: c.x(2), eps: c.int('epsilon', 1e-5) },
  })
}

const layerNorm: Operator = (c) => {
  c.require(
    c.node.outputs.slice(1).every((name) => name === ''),
    'mean and deviation as outputs have no form here',
  )
  const x = c.x()
  const shape = x.shape.slice(c.axis(c.int('axis', -1), x.ndim))
  const eps = c.int('epsilon', 1e-5)
  const [weight, bias] = [c.x(1), c.optional(2)]
  const fits = [weight, bias].every((one) => one === null || one.shape.join() === shape.join())
  if (fits) return F.layerNorm(x, shape, { weight, bias, eps })
  const scaled = F.layerNorm(x, shape, { eps }).mul(weight)
  return bias === null ? scaled : scaled.add(bias)
}

const rmsNorm: Operator = (c) => {
  const x = c.x()
  const shape = x.shape.slice(c.axis(c.int('axis', -1), x.ndim))
  return F.rmsNorm(x, shape, { eps: c.int('epsilon', 1e-5) }).mul(c.x(1))
}

const groupNorm: Operator = (c) => {
  const groups = c.int('num_groups', 1)
  const channels = c.x().shape[1] as number
  // Up to opset 20 there is a number for each group.
  const each = (one: Tensor): Tensor =>
    one.shape[0] === channels ? one : one.repeatInterleave(channels / groups, 0)
  const options = { weight: each(c.x(1)), bias: each(c.x(2)), eps: c.int('epsilon', 1e-5) }
  return F.groupNorm(c.x(), groups, options)
}

const local: Operator = (c) => {
  const [alpha, beta, k] = [c.int('alpha', 1e-4), c.int('beta', 0.75), c.int('bias', 1)]
  return F.localResponseNorm(c.x(), c.int('size', 1), { alpha, beta, k })
}

export const layers: Operators = {
  Gemm: gemm,
  MatMul: (c) => matmul(c.x(0), c.x(1)),
  Einsum: (c) => einsum(c.text('equation', ''), ...c.inputs.map((_, i) => c.x(i))),
  Conv: convolution,
  ConvTranspose: transposed,
  MaxPool: maxPool,
  AveragePool: avgPool,
  GlobalAveragePool: global((x, axes) => x.mean(axes, { keepdim: true })),
  GlobalMaxPool: global((x, axes) => x.amax(axes, { keepdim: true })),
  BatchNormalization: batchNorm,
  LayerNormalization: layerNorm,
  RMSNormalization: rmsNorm,
  GroupNormalization: groupNorm,
  InstanceNormalization: (c) =>
    F.instanceNorm(c.x(), { weight: c.x(1), bias: c.x(2), eps: c.int('epsilon', 1e-5) }),
  LRN: local,
}
