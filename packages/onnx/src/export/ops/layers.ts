/** What layers are made of: products, convolution, pooling, normalisation, attention, sampling. */
import { CODE } from '../../dtypes.ts'
import type { Num } from '../../trace/align.ts'
import type { Context, Form, Forms } from '../context.ts'
import type { Attribute } from '../builder.ts'
import { filled, reshape } from './shapes.ts'

/** x · weightᵀ + bias. Gemm is for matrices only. */
const linear: Form = (c) => {
  const { g } = c
  const bias = c.call.inputs[2] ?? null
  const { shape } = c.tensor(0)
  if (shape.length === 2) {
    return g.node('Gemm', [c.as(0), c.as(1), bias === null ? '' : c.as(2)], { transB: 1 })
  }
  const weight = g.node('Transpose', [c.as(1)], { perm: [1, 0] })
  const product = g.node('MatMul', [c.as(0), weight])
  return bias === null ? product : g.node('Add', [product, c.as(2)])
}

const addmm: Form = (c) => {
  const [beta, alpha] = [c.int(0), c.int(1)]
  const attributes = { alpha: { float: alpha }, beta: { float: beta } }
  return c.g.node('Gemm', [c.as(1), c.as(2), c.as(0)], attributes)
}

/** Attributes of windows: the kernel's numbers are stride, padding, dilation and groups. */
function windows(c: Context, dims: number): Record<string, Attribute> {
  const part = (i: number): number[] => c.ints(i * dims, (i + 1) * dims)
  const padding = part(1)
  return {
    kernel_shape: c
      .tensor(1)
      .shape.slice(2)
      .map((size) => size as number),
    strides: part(0),
    pads: [...padding, ...padding],
    dilations: part(2),
    group: c.int(3 * dims),
  }
}

const convolution =
  (dims: number): Form =>
  (c) =>
    c.g.node('Conv', [c.in(0), c.in(1), c.optional(2)], windows(c, dims))

/** The result's size says how much is added at the end of each axis. */
const transposed =
  (dims: number): Form =>
  (c) => {
    const attributes = windows(c, dims)
    const [stride, pads, dilations] = ['strides', 'pads', 'dilations'].map(
      (name) => attributes[name] as number[],
    ) as [number[], number[], number[]]
    const extra = stride.map((step, i) => {
      const [from, to] = [c.tensor(0).shape[2 + i], c.out.shape[2 + i]] as [Num, Num]
      const kernel = (attributes['kernel_shape'] as number[])[i] as number
      const reach = (dilations[i] as number) * (kernel - 1) + 1
      const ends = (n: Num): number => (typeof n === 'number' ? n : (n.values[0] as number))
      return ends(to) - ((ends(from) - 1) * step - 2 * (pads[i] as number) + reach)
    })
    if (extra.some((size) => size !== 0)) attributes['output_padding'] = extra
    return c.g.node('ConvTranspose', [c.in(0), c.in(1)], attributes)
  }

/** Is the last window cut off by the edge, which ONNX calls rounding the count up? */
function ceils(
  c: Context,
  kernel: number[],
  stride: number[],
  pads: number[],
  dilation: number[],
): 0 | 1 {
  for (const [i, size] of kernel.entries()) {
    const [from, to] = [c.tensor(0).shape.at(i - 2), c.out.shape.at(i - 2)] as [Num, Num]
    if (typeof from !== 'number' || typeof to !== 'number') continue
    const reach = (dilation[i] as number) * (size - 1) + 1
    const whole = Math.floor((from + 2 * (pads[i] as number) - reach) / (stride[i] as number)) + 1
    if (to > whole) return 1
  }
  return 0
}

function pool(c: Context, dilation: number[]): Record<string, Attribute> {
  const [kernel, strides, pads] = [c.ints(0, 2), c.ints(2, 4), c.ints(4, 6)]
  const ceil = ceils(c, kernel, strides, pads, dilation)
  const attributes: Record<string, Attribute> = {
    kernel_shape: kernel,
    strides,
    pads: [...pads, ...pads],
  }
  if (ceil === 1) attributes['ceil_mode'] = 1
  return attributes
}

const maxPool: Form = (c) => {
  const dilations = c.ints(6, 8)
  return c.g.node('MaxPool', [c.in(0)], { ...pool(c, dilations), dilations })
}

/** Places count from the start of an image here, from that of the whole tensor in ONNX. */
const maxPoolWithIndices: Form = (c) => {
  const { g } = c
  const dilations = c.ints(6, 8)
  const attributes = { ...pool(c, dilations), dilations }
  if (c.used[1] !== true) return g.node('MaxPool', [c.in(0)], attributes)
  const [values, places] = g.nodeOf('MaxPool', [c.in(0)], 2, attributes) as [string, string]
  const [height, width] = c.tensor(0).shape.slice(2) as [Num, Num]
  if (typeof height !== 'number' || typeof width !== 'number') {
    throw c.refuse('the sides of the image are dynamic')
  }
  return [values, g.node('Mod', [places, g.scalar(height * width, CODE.int64)])]
}

const avgPool: Form = (c) => {
  const { g } = c
  const divisor = c.int(7)
  const area = c.int(0) * c.int(1)
  if (divisor !== 0 && divisor !== area) {
    const padded = g.node('AveragePool', [c.in(0)], { ...pool(c, [1, 1]), count_include_pad: 1 })
    return g.node('Mul', [padded, g.scalar(area / divisor, c.out.dtype)])
  }
  return g.node('AveragePool', [c.in(0)], { ...pool(c, [1, 1]), count_include_pad: c.int(6) })
}

/** One number for each channel, or ones and zeros where there is none. */
function perChannel(c: Context, i: number, otherwise: number): string {
  if ((c.call.inputs[i] ?? null) !== null) return c.as(i)
  return filled(c, [c.tensor(0).shape[1] as Num], otherwise, c.out.dtype)
}

const batchNorm: Form = (c) =>
  c.g.node(
    'BatchNormalization',
    [c.in(0), perChannel(c, 1, 1), perChannel(c, 2, 0), c.as(3), c.as(4)],
    { epsilon: { float: c.int(1) } },
  )

/** The number of last axes that the parameters say. */
function rowAxes(c: Context): number {
  return (c.call.params as { axes: number }).axes
}

const layerNorm: Form = (c) => {
  const { g } = c
  const axes = rowAxes(c)
  const row = c.tensor(0).shape.slice(-axes)
  const weight = (c.call.inputs[1] ?? null) === null ? filled(c, row, 1, c.out.dtype) : c.as(1)
  const bias = (c.call.inputs[2] ?? null) === null ? '' : c.as(2)
  const attributes = { axis: -axes, epsilon: { float: c.int(1) } }
  return g.node('LayerNormalization', [c.in(0), weight, bias], attributes)
}

/** x / sqrt(mean of squares + eps) · weight. */
const rmsNorm: Form = (c) => {
  const { g } = c
  const axes = Array.from({ length: rowAxes(c) }, (_, i) => i - rowAxes(c))
  const squares = g.node('Mul', [c.in(0), c.in(0)])
  const mean =
    c.opset >= 18
      ? g.node('ReduceMean', [squares, g.ints(axes)], { keepdims: 1 })
      : g.node('ReduceMean', [squares], { axes, keepdims: 1 })
  const root = g.node('Sqrt', [g.node('Add', [mean, g.scalar(c.int(1), c.out.dtype)])])
  let out = g.node('Div', [c.in(0), root])
  if ((c.call.inputs[1] ?? null) !== null) out = g.node('Mul', [out, c.as(1)])
  return (c.call.inputs[2] ?? null) === null ? out : g.node('Add', [out, c.as(2)])
}

/** Groups of channels as rows of an instance normalisation, then weight and bias per channel. */
const groupNorm: Form = (c) => {
  const { g } = c
  const groups = c.int(0)
  const { shape } = c.tensor(0)
  const rows = g.node('Reshape', [c.in(0), g.ints([0, groups, -1])])
  const ones = filled(c, [groups], 1, c.out.dtype)
  const zeros = filled(c, [groups], 0, c.out.dtype)
  const epsilon = { float: c.int(1) }
  const normal = g.node('InstanceNormalization', [rows, ones, zeros], { epsilon })
  let out = reshape(c, normal, shape.slice(0, 1), shape)
  const behind = shape.slice(2).map((_, i) => i + 1)
  const along = (i: number): string =>
    behind.length === 0 ? c.as(i) : g.node('Unsqueeze', [c.as(i), g.ints(behind)])
  if ((c.call.inputs[1] ?? null) !== null) out = g.node('Mul', [out, along(1)])
  return (c.call.inputs[2] ?? null) === null ? out : g.node('Add', [out, along(2)])
}

/** Statistics of the batch itself. */
const batchNormOfBatch: Form = (c) => {
  throw c.refuse(
    'batch norm in training, or without running statistics, would mix the examples of a batch',
    'call eval() before, and make the layer with trackRunningStats: true',
  )
}

/** softmax(scale · q · kᵀ + mask) · v. */
const attention: Form = (c) => {
  const { g } = c
  const [scale, causal] = [c.int(0), c.int(1) === 1]
  const { dtype } = c.out
  const [q, k] = [c.tensor(0).shape, c.tensor(1).shape]
  const last = k.length - 1
  const order = [...k.keys()].slice(0, last - 1)
  const keys = g.node('Transpose', [c.in(1)], { perm: [...order, last, last - 1] })
  const scaled = g.node('Mul', [c.in(0), g.scalar(scale, dtype)])
  let scores = g.node('MatMul', [scaled, keys])
  const never = g.scalar(Number.NEGATIVE_INFINITY, dtype)
  if (causal) {
    const square = filled(c, [q[q.length - 2] as Num, k[last - 1] as Num], 1, CODE.int64)
    const seen = g.cast(g.node('Trilu', [square], { upper: 0 }), CODE.int64, CODE.bool)
    scores = g.node('Where', [seen, scores, never])
  }
  const mask = (c.call.inputs[3] ?? null) === null ? null : c.tensor(3)
  if (mask?.dtype === CODE.bool) scores = g.node('Where', [c.in(3), scores, never])
  else if (mask !== null) scores = g.node('Add', [scores, c.as(3)])
  let weights = g.node('Softmax', [scores], { axis: -1 })
  if (mask !== null) {
    // Who may see nobody gets zeros.
    weights = g.node('Where', [g.node('IsNaN', [weights]), g.scalar(0, dtype), weights])
  }
  return g.node('MatMul', [weights, c.in(2)])
}

/** Matrix products of int64 are not in ONNX's runtimes; floats are all that layers use. */
const matmul: Form = (c) => c.g.node('MatMul', [c.as(0), c.as(1)])

export const layers: Forms = {
  linear,
  matmul,
  addmm,
  conv2d: convolution(2),
  conv3d: convolution(3),
  convTranspose2d: transposed(2),
  convTranspose3d: transposed(3),
  maxPool2d: maxPool,
  maxPool2dWithIndices: maxPoolWithIndices,
  avgPool2d: avgPool,
  batchNormEvaluated: batchNorm,
  batchNorm: batchNormOfBatch,
  layerNorm,
  rmsNorm,
  groupNorm,
  scaledDotProductAttention: attention,
}
