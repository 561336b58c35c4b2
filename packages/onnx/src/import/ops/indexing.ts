/** Operators that read and write at places. */
import { fromTypedArray, gather, oneHot, where } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import type { NodeCall, Operator, Operators } from '../context.ts'

/** Negative places count from the back. */
function fromFront(index: Tensor, size: number): Tensor {
  return where(index.lt(0), index.add(size), index)
}

/** The axis becomes those of the index. */
const take: Operator = (c) => {
  const x = c.x()
  const axis = c.axis(c.int('axis', 0), x.ndim)
  const index = c.x(1).to('int64')
  const flat = index.ndim === 1 ? index : index.reshape([-1])
  const rows = x.indexSelect(axis, fromFront(flat, x.shape[axis] as number))
  if (index.ndim === 1) return rows
  return rows.reshape([...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)])
}

const gatherElements: Operator = (c) => {
  const x = c.x()
  const axis = c.axis(c.int('axis', 0), x.ndim)
  return gather(x, axis, fromFront(c.x(1).to('int64'), x.shape[axis] as number))
}

/** A number for each row of coordinates, that of the element in row-major order. */
function places(x: Tensor, rows: Tensor): { flat: Tensor; axes: number } {
  const axes = rows.shape.at(-1) as number
  let flat: Tensor | null = null
  for (let axis = 0; axis < axes; axis++) {
    const size = x.shape[axis] as number
    const part = fromFront(rows.select(-1, axis), size)
    flat = flat === null ? part : flat.mul(size).add(part)
  }
  return { flat: flat as Tensor, axes }
}

/** The tensor with its first axes as one. */
function joined(x: Tensor, axes: number): Tensor {
  const size = x.shape.slice(0, axes).reduce((a, b) => a * b, 1)
  return x.reshape([size, ...x.shape.slice(axes)])
}

const gatherNd: Operator = (c) => {
  c.require(c.int('batch_dims', 0) === 0, 'batch_dims has no form here')
  const [x, rows] = [c.x(), c.x(1).to('int64')]
  const { flat, axes } = places(x, rows)
  const taken = joined(x, axes).indexSelect(0, flat.reshape([-1]))
  return taken.reshape([...flat.shape, ...x.shape.slice(axes)])
}

/** Rows that several places write are written in some order. */
const scatterNd: Operator = (c) => {
  const [x, rows, updates] = [c.x(), c.x(1).to('int64'), c.x(2)]
  const { flat, axes } = places(x, rows)
  const index = flat.reshape([-1])
  const target = joined(x, axes)
  const values = updates.reshape([index.shape[0] as number, ...x.shape.slice(axes)])
  const reduction = c.text('reduction', 'none')
  if (reduction === 'none') return target.indexCopy(0, index, values).reshape(x.shape)
  if (reduction === 'add') return target.indexAdd(0, index, values).reshape(x.shape)
  const kind = REDUCTIONS[reduction]
  if (kind === undefined) throw c.fail(`there is no reduction '${reduction}'`)
  return target.indexReduce(0, index, values, kind).reshape(x.shape)
}

const REDUCTIONS: Readonly<Record<string, 'prod' | 'amax' | 'amin'>> = {
  mul: 'prod',
  max: 'amax',
  min: 'amin',
}

const scatterElements: Operator = (c) => {
  const x = c.x()
  const axis = c.axis(c.int('axis', 0), x.ndim)
  const index = fromFront(c.x(1).to('int64'), x.shape[axis] as number)
  const reduction = c.text('reduction', 'none')
  if (reduction === 'none') return x.scatter(axis, index, c.x(2))
  if (reduction === 'add') return x.scatterAdd(axis, index, c.x(2))
  const kind = REDUCTIONS[reduction]
  if (kind === undefined) throw c.fail(`there is no reduction '${reduction}'`)
  return x.scatterReduce(axis, index, c.x(2), kind)
}

const topk: Operator = (c) => {
  const x = c.x()
  const largest = c.int('largest', 1) === 1
  const axis = c.axis(c.int('axis', -1), x.ndim)
  const { values, indices } = x.topk(c.numbers(1)[0] as number, axis, largest, true)
  return [values, indices]
}

/** `off` everywhere but at the places, where it is `on`. */
const hot: Operator = (c) => {
  const depth = c.numbers(1)[0] as number
  const index = fromFront(c.x().to('int64'), depth)
  const inside = index.ge(0).logicalAnd(index.lt(depth))
  const rows = oneHot(where(inside, index, 0), depth)
    .bool()
    .logicalAnd(inside.unsqueeze(-1))
  const values = c.x(2)
  const out = where(rows, values.select(0, 1), values.select(0, 0))
  const axis = c.axis(c.int('axis', -1), out.ndim)
  return out.movedim(-1, axis)
}

const nonzero: Operator = (c) => c.x().nonzero().t()

const compress: Operator = (c) => {
  const given = c.node.attributes['axis'] === undefined ? null : c.int('axis', 0)
  const x = given === null ? c.x().reshape([-1]) : c.x()
  const chosen = c.numbers(1).flatMap((one, i) => (one === 0 ? [] : [BigInt(i)]))
  const index = fromTypedArray(BigInt64Array.from(chosen), [chosen.length])
  return x.indexSelect(axisOf(c, given, x), index)
}

function axisOf(c: NodeCall, given: number | null, x: Tensor): number {
  return given === null ? 0 : c.axis(given, x.ndim)
}

export const indexing: Operators = {
  Gather: take,
  GatherElements: gatherElements,
  GatherND: gatherNd,
  ScatterND: scatterNd,
  ScatterElements: scatterElements,
  TopK: topk,
  OneHot: hot,
  NonZero: nonzero,
  Compress: compress,
}
