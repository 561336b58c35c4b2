/** Operations that read and write at places that tensors name. */
import { CODE } from '../../dtypes.ts'
import type { Num } from '../../trace/align.ts'
import { times } from '../../trace/align.ts'
import type { Context, Form, Forms } from '../context.ts'
import { reshape } from './shapes.ts'

/** Axes `axis` to `axis + count` become those of the index. */
const index: Form = (c) => {
  const { g } = c
  const [axis, count] = [c.int(0), c.int(1)]
  return g.node('Gather', [merged(c, axis, count), c.as(1, CODE.int64)], { axis })
}

/** The input with `count` axes as one. */
function merged(c: Context, axis: number, count: number): string {
  const { shape } = c.tensor(0)
  if (count === 1) return c.in(0)
  return reshape(c, c.in(0), shape, mergedShape(shape, axis, count))
}

function mergedShape(shape: readonly Num[], axis: number, count: number): Num[] {
  const product = shape.slice(axis, axis + count).reduce(times, 1)
  return [...shape.slice(0, axis), product, ...shape.slice(axis + count)]
}

/** Writes or adds values at places of axes, by rows. */
const indexPut: Form = (c) => {
  const { g } = c
  const [axis, count, add, alpha] = [c.int(0), c.int(1), c.int(4), c.int(5)]
  const { shape } = c.tensor(0)
  const places = c.tensor(1)
  const behind = shape.slice(axis + count)
  let values = c.as(2)
  if (alpha !== 1) values = g.node('Mul', [values, g.scalar(alpha, c.out.dtype)])
  const wanted = [...shape.slice(0, axis), ...places.shape, ...behind]
  values = g.node('Expand', [values, g.sizes(wanted)])
  let input = merged(c, axis, count)
  const flat = count === 1 ? shape : mergedShape(shape, axis, count)
  // ScatterND writes rows of the first axis: the indexed one goes there, and back.
  const ndim = flat.length
  const front = [axis, ...range(ndim).filter((one) => one !== axis)]
  const many = places.shape.length
  const moved = range(wanted.length)
  const indexAxes = moved.slice(axis, axis + many)
  const valuesFront = [...indexAxes, ...moved.filter((one) => !indexAxes.includes(one))]
  if (axis !== 0) {
    input = g.node('Transpose', [input], { perm: front })
    values = g.node('Transpose', [values], { perm: valuesFront })
  }
  const rows = g.node('Unsqueeze', [c.as(1, CODE.int64), g.ints([-1])])
  let out = g.node('ScatterND', [input, rows, values], add === 1 ? { reduction: 'add' } : {})
  if (axis !== 0) {
    const back = range(ndim).map((one) => front.indexOf(one))
    out = g.node('Transpose', [out], { perm: back })
  }
  return count === 1 ? out : reshape(c, out, flat, shape)
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Writes elements along an axis; ONNX wants as many updates as places. */
function scattered(c: Context, reduction: 'none' | 'add' | 'mul' | 'max' | 'min'): string {
  const { g } = c
  const source = c.call.inputs[2]
  const places = c.tensor(1)
  let updates = c.as(2)
  if (
    typeof source === 'number' ||
    (source !== null && typeof source === 'object' && !('source' in source))
  ) {
    updates = g.node('Expand', [updates, g.sizes(places.shape)])
  } else {
    updates = cropped(c, updates, c.tensor(2).shape, places.shape)
  }
  const attributes = { axis: c.int(0), reduction }
  return g.node('ScatterElements', [c.as(0), c.as(1, CODE.int64), updates], attributes)
}

/** The first places of each axis, where the source has more than the index. */
function cropped(c: Context, name: string, from: readonly Num[], to: readonly Num[]): string {
  const { g } = c
  const larger = from.flatMap((size, axis) => {
    const wanted = to[axis] as Num
    return typeof size === 'number' && typeof wanted === 'number' && size > wanted ? [axis] : []
  })
  if (larger.length === 0) return name
  const ends = larger.map((axis) => to[axis] as number)
  return g.node('Slice', [name, g.ints(larger.map(() => 0)), g.ints(ends), g.ints(larger)])
}

const KINDS = ['mul', 'max', 'min'] as const

const scatterReduce: Form = (c) => {
  if (c.opset < 18 && c.int(1) > 0) {
    throw c.refuse('maxima of scattered elements came with opset 18', 'pass { opset: 18 }')
  }
  return scattered(c, KINDS[c.int(1)] as (typeof KINDS)[number])
}

const topk: Form = (c) => {
  const { g } = c
  const count = g.size(c.call.numbers[1] as Num)
  const attributes = { axis: c.int(0), largest: c.int(2), sorted: c.int(3) }
  return g.nodeOf('TopK', [c.as(0), count], 2, attributes)
}

/** All elements of an axis in order. */
const sort: Form = (c) => {
  const { g } = c
  const axis = c.int(0)
  const size = c.tensor(0).shape[axis] as Num
  return g.nodeOf('TopK', [c.as(0), g.size(size)], 2, { axis, largest: c.int(1), sorted: 1 })
}

/** Rows of the identity: as many columns as the result has. */
const oneHot: Form = (c) => {
  const { g } = c
  const depth = c.out.shape.at(-1) as Num
  const values = g.constant(BigInt64Array.of(0n, 1n), [2], CODE.int64)
  return g.node('OneHot', [c.as(0, CODE.int64), g.number(depth), values], { axis: -1 })
}

/** How often each number is there, as many numbers as the result has. */
const bincount: Form = (c) => {
  const { g } = c
  const zeros = g.node('ConstantOfShape', [g.sizes(c.out.shape)])
  const start = g.cast(zeros, CODE.float32, c.out.dtype)
  const places = c.as(0, CODE.int64)
  const updates =
    (c.call.inputs[1] ?? null) === null
      ? g.node('Expand', [g.scalar(1, c.out.dtype), g.sizes(c.tensor(0).shape)])
      : c.as(1)
  return g.node('ScatterElements', [start, places, updates], { axis: 0, reduction: 'add' })
}

/** One place for several index tensors, on axes of these sizes: negative ones count from the back. */
const indexPositions: Form = (c) => {
  const { g } = c
  return c.call.inputs.reduce<string>((sum, _, i) => {
    const size = g.number(c.call.numbers[2 * i] as Num)
    const place = c.as(i, CODE.int64)
    const below = g.node('Less', [place, g.scalar(0, CODE.int64)])
    const front = g.node('Where', [below, g.node('Add', [place, size]), place])
    return sum === '' ? front : g.node('Add', [g.node('Mul', [sum, size]), front])
  }, '')
}

export const indexing: Forms = {
  indexPositions,
  index,
  indexPut,
  gather: (c) => c.g.node('GatherElements', [c.in(0), c.as(1, CODE.int64)], { axis: c.int(0) }),
  embedding: (c) => c.g.node('Gather', [c.in(0), c.as(1, CODE.int64)], { axis: 0 }),
  scatter: (c) => scattered(c, c.int(1) === 1 ? 'add' : 'none'),
  scatterReduce,
  topk,
  sort,
  oneHot,
  bincount,
}
