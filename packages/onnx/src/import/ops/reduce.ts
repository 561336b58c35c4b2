/** Operators that make one element of many, and those that run along an axis. */
import type { Tensor } from '@flambeau/core'
import { cumsum, flip } from '@flambeau/core'
import type { NodeCall, Operator, Operators } from '../context.ts'

/** Axes are an input, or an attribute before; none are all, unless none are to be none. */
const over =
  (body: (x: Tensor, axes: number[], keepdim: boolean) => Tensor): Operator =>
  (c) => {
    const x = c.x()
    const given = c.list('axes') ?? c.optionalNumbers(1) ?? []
    if (given.length === 0 && c.int('noop_with_empty_axes', 0) === 1) return x
    const axes = given.length === 0 ? x.shape.map((_, axis) => axis) : given
    if (axes.length === 0) return x
    return body(
      x,
      axes.map((axis) => c.axis(axis, x.ndim)),
      c.int('keepdims', 1) === 1,
    )
  }

/** An axis at a time, the last one first. */
function product(x: Tensor, axes: number[], keepdim: boolean): Tensor {
  const order = axes.toSorted((a, b) => b - a)
  return order.reduce((y, axis) => y.prod(axis, { keepdim }), x)
}

function same(x: Tensor, y: Tensor): Tensor {
  return y.to(x.dtype as 'float32')
}

const place =
  (body: (x: Tensor, axis: number, keepdim: boolean) => Tensor): Operator =>
  (c) => {
    const x = c.x()
    const axis = c.axis(c.int('axis', 0), x.ndim)
    const keepdim = c.int('keepdims', 1) === 1
    if (c.int('select_last_index', 0) === 0) return body(x, axis, keepdim)
    // The last of equal ones is the first from the back.
    const last = (x.shape[axis] as number) - 1
    return body(flip(x, [axis]), axis, keepdim)
      .neg()
      .add(last)
  }

const along =
  (body: (x: Tensor, axis: number) => Tensor): Operator =>
  (c) =>
    body(c.x(), c.axis(c.int('axis', -1), c.x().ndim))

const running: Operator = (c) => {
  const x = c.x()
  const axis = c.axis(c.numbers(1)[0] as number, x.ndim)
  const reverse = c.int('reverse', 0) === 1
  const from = reverse ? flip(x, [axis]) : x
  let sum = cumsum(from, axis).to(x.dtype as 'float32') as Tensor
  if (c.int('exclusive', 0) === 1) sum = sum.sub(from)
  return reverse ? flip(sum, [axis]) : sum
}

function lpNormalization(c: NodeCall): Tensor {
  const x = c.x()
  const axis = c.axis(c.int('axis', -1), x.ndim)
  return x.div(x.norm(c.int('p', 2), axis, true))
}

export const reductions: Operators = {
  ReduceSum: over((x, axes, keepdim) => same(x, x.sum(axes, { keepdim }))),
  ReduceMean: over((x, axes, keepdim) => x.mean(axes, { keepdim })),
  ReduceProd: over((x, axes, keepdim) => same(x, product(x, axes, keepdim))),
  ReduceMax: over((x, axes, keepdim) => x.amax(axes, { keepdim })),
  ReduceMin: over((x, axes, keepdim) => x.amin(axes, { keepdim })),
  ReduceL1: over((x, axes, keepdim) => x.abs().sum(axes, { keepdim })),
  ReduceL2: over((x, axes, keepdim) => x.norm(2, axes, keepdim)),
  ReduceLogSum: over((x, axes, keepdim) => x.sum(axes, { keepdim }).log()),
  ReduceLogSumExp: over((x, axes, keepdim) => x.logsumexp(axes, { keepdim })),
  ReduceSumSquare: over((x, axes, keepdim) => x.square().sum(axes, { keepdim })),
  ArgMax: place((x, axis, keepdim) => x.argmax(axis, keepdim)),
  ArgMin: place((x, axis, keepdim) => x.argmin(axis, keepdim)),
  Softmax: along((x, axis) => x.softmax(axis)),
  LogSoftmax: along((x, axis) => x.logSoftmax(axis)),
  CumSum: running,
  LpNormalization: lpNormalization,
}
