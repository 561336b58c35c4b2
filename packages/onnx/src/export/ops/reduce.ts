/** Operations that make one element of many, and those that run along an axis. */
import { CODE } from '../../dtypes.ts'
import type { Num } from '../../trace/align.ts'
import { Varying } from '../../trace/align.ts'
import type { Context, Form, Forms } from '../context.ts'

/** Does the result keep the reduced axes, with size 1? */
const keeps = (c: Context): 0 | 1 => (c.out.shape.length === c.tensor(0).shape.length ? 1 : 0)

/** A node of axes: an input since opset 13 (sums) or 18 (others), an attribute before. */
function reduced(c: Context, type: string, name: string, axes: readonly number[]): string {
  const { g } = c
  if (axes.length === 0) return name
  const keepdims = keeps(c)
  if (type === 'ReduceSum' || c.opset >= 18) {
    return g.node(type, [name, g.ints(axes)], { keepdims })
  }
  return g.node(type, [name], { axes, keepdims })
}

const over =
  (type: string, first = 0): Form =>
  (c) =>
    reduced(c, type, c.as(0), c.ints(first))

/** Truth over axes: by the largest or smallest of numbers. */
const truth =
  (type: 'ReduceMax' | 'ReduceMin'): Form =>
  (c) => {
    const { g } = c
    const numbers = g.cast(c.as(0, CODE.bool), CODE.bool, CODE.int32)
    return g.cast(reduced(c, type, numbers, c.ints()), CODE.int32, c.out.dtype)
  }

/** How many elements each sum has, as a tensor of the result's dtype. */
function countOf(c: Context, axes: readonly number[]): string {
  const { g } = c
  const sizes = axes.map((axis) => c.tensor(0).shape[axis] as Num)
  const known = sizes.filter((size) => typeof size === 'number').reduce((a, b) => a * b, 1)
  const names = sizes.filter((size) => size instanceof Varying).map((size) => g.number(size))
  const product = names.reduce((a, b) => g.node('Mul', [a, b]), g.scalar(known, CODE.int64))
  return g.cast(product, CODE.int64, c.out.dtype)
}

/** The mean with its axes kept, and Σ (x - mean)² / (n - correction). */
function spread(c: Context): { variance: string; mean: string } {
  const { g } = c
  const [correction, ...axes] = c.ints() as [number, ...number[]]
  const x = c.as(0)
  const mean = meanOf(c, x, axes)
  const centred = g.node('Sub', [x, mean])
  const total = reduced(c, 'ReduceSum', g.node('Mul', [centred, centred]), axes)
  const count = g.node('Sub', [countOf(c, axes), g.scalar(correction, c.out.dtype)])
  const least = g.node('Max', [count, g.scalar(0, c.out.dtype)])
  const shrunk = keeps(c) === 1 ? mean : g.node('Squeeze', [mean, g.ints(axes)])
  return { variance: g.node('Div', [total, least]), mean: shrunk }
}

function meanOf(c: Context, name: string, axes: readonly number[]): string {
  const { g } = c
  if (c.opset >= 18) return g.node('ReduceMean', [name, g.ints(axes)], { keepdims: 1 })
  return g.node('ReduceMean', [name], { axes, keepdims: 1 })
}

const norm: Form = (c) => {
  const { g } = c
  const [power, ...axes] = c.ints() as [number, ...number[]]
  const x = c.as(0)
  if (power === 2) return reduced(c, 'ReduceL2', x, axes)
  if (power === 1) return reduced(c, 'ReduceL1', x, axes)
  const size = g.node('Abs', [x])
  if (power === Number.POSITIVE_INFINITY) return reduced(c, 'ReduceMax', size, axes)
  if (power === Number.NEGATIVE_INFINITY) return reduced(c, 'ReduceMin', size, axes)
  if (power === 0) throw c.refuse('a norm of power 0 counts elements, which ONNX has no form for')
  const total = reduced(c, 'ReduceSum', g.node('Pow', [size, g.scalar(power, c.out.dtype)]), axes)
  return g.node('Pow', [total, g.scalar(1 / power, c.out.dtype)])
}

/** Values and places of extremes along an axis. */
const extremes =
  (values: 'ReduceMax' | 'ReduceMin', places: 'ArgMax' | 'ArgMin'): Form =>
  (c) => {
    const axis = c.int(0)
    const keepdims = keeps(c)
    const x = c.as(0)
    return [
      reduced(c, values, x, [axis]),
      c.used[1] === true ? c.g.node(places, [x], { axis, keepdims }) : '',
    ]
  }

const place =
  (type: 'ArgMax' | 'ArgMin'): Form =>
  (c) => {
    const { g } = c
    const axis = c.int(0)
    const input = c.tensor(0)
    if (axis >= 0) return g.node(type, [c.in(0)], { axis, keepdims: keeps(c) })
    const flat = g.node('Reshape', [c.in(0), g.ints([-1])])
    const found = g.node(type, [flat], { axis: 0, keepdims: 0 })
    if (c.out.shape.length === 0) return found
    return g.node('Reshape', [found, g.ints(input.shape.map(() => 1))])
  }

const running: Form = (c) => {
  const { g } = c
  return g.node('CumSum', [c.as(0), g.scalar(c.int(0), CODE.int64)], { reverse: c.int(1) })
}

/** Distances of all rows from all others: |x - y|, or the root of the squares. */
const distances: Form = (c) => {
  const { g } = c
  const power = c.int(0)
  if (power !== 1 && power !== 2) throw c.refuse(`distances of power ${power} have no form here`)
  const apart = g.node('Sub', [
    g.node('Unsqueeze', [c.as(0), g.ints([-2])]),
    g.node('Unsqueeze', [c.as(1), g.ints([-3])]),
  ])
  const type = power === 1 ? 'ReduceL1' : 'ReduceL2'
  if (c.opset >= 18) return g.node(type, [apart, g.ints([-1])], { keepdims: 0 })
  return g.node(type, [apart], { axes: [-1], keepdims: 0 })
}

/** What is NaN counts as 0. */
const nansum: Form = (c) => {
  const { g } = c
  const x = c.as(0)
  const numbers = g.node('Where', [g.node('IsNaN', [x]), g.scalar(0, c.out.dtype), x])
  return reduced(c, 'ReduceSum', numbers, c.ints())
}

export const reductions: Forms = {
  cdist: distances,
  nansum,
  sum: over('ReduceSum'),
  mean: over('ReduceMean'),
  prod: over('ReduceProd'),
  amax: over('ReduceMax'),
  amin: over('ReduceMin'),
  logsumexp: over('ReduceLogSumExp'),
  all: truth('ReduceMin'),
  any: truth('ReduceMax'),
  countNonzero: (c) => {
    const truthy = c.g.cast(c.as(0, CODE.bool), CODE.bool, CODE.int64)
    return reduced(c, 'ReduceSum', truthy, c.ints())
  },
  norm,
  var: (c) => spread(c).variance,
  std: (c) => c.g.node('Sqrt', [spread(c).variance]),
  varMean: (c) => {
    const { variance, mean } = spread(c)
    return [variance, mean]
  },
  stdMean: (c) => {
    const { variance, mean } = spread(c)
    return [c.g.node('Sqrt', [variance]), mean]
  },
  max: extremes('ReduceMax', 'ArgMax'),
  min: extremes('ReduceMin', 'ArgMin'),
  argmax: place('ArgMax'),
  argmin: place('ArgMin'),
  cumsum: running,
  softmax: (c) => c.g.node('Softmax', [c.as(0)], { axis: c.int(0) }),
  logSoftmax: (c) => c.g.node('LogSoftmax', [c.as(0)], { axis: c.int(0) }),
}
