/** Sparse products, and searches in sorted numbers. */
import { CODE } from '../../dtypes.ts'
import type { Num } from '../../trace/align.ts'
import type { Context, Form, Forms } from '../context.ts'
import { filled } from './shapes.ts'

/** 0, 1, … as int64, as many as a size says. */
function upTo(c: Context, size: Num): string {
  const { g } = c
  return g.node('Range', [g.scalar(0, CODE.int64), g.number(size), g.scalar(1, CODE.int64)])
}

/** How many of `sorted` are below (or at) each of `values`: all are compared with all. */
function rank(c: Context, sorted: string, values: string, inclusive: boolean): string {
  const { g } = c
  const column = g.node('Unsqueeze', [values, g.ints([-1])])
  const below = g.node(inclusive ? 'LessOrEqual' : 'Less', [sorted, column])
  const ones = g.cast(below, CODE.bool, CODE.int64)
  return g.node('ReduceSum', [ones, g.ints([-1])], { keepdims: 0 })
}

const searchsorted: Form = (c) => {
  if ((c.call.inputs[2] ?? null) !== null) throw c.refuse('a sorter has no form in ONNX here')
  const sorted = c.tensor(0)
  if (sorted.shape.length !== 1) throw c.refuse('searching many sequences has no form in ONNX here')
  const { dtype } = sorted
  return c.g.cast(rank(c, c.in(0), c.as(1, dtype), c.int(0) === 1), CODE.int64, c.out.dtype)
}

/** Rows of the result get the rows of `dense` that their entries name, times the entries' values. */
const spmm: Form = (c) => {
  const { g } = c
  const [crow, col] = [c.as(0, CODE.int64), c.as(1, CODE.int64)]
  const entries = c.tensor(1).shape[0] as Num
  // The row of entry e: how many rows end at or before it.
  const ends = g.node('Slice', [crow, g.ints([1]), g.ints([2 ** 62]), g.ints([0])])
  const rows = rank(c, ends, upTo(c, entries), true)
  const taken = g.node('Gather', [c.as(3), col], { axis: 0 })
  const scaled = g.node('Mul', [taken, g.node('Unsqueeze', [c.as(2), g.ints([1])])])
  const places = g.node('Unsqueeze', [rows, g.ints([1])])
  const zeros = filled(c, c.out.shape, 0, c.out.dtype)
  return g.node('ScatterND', [zeros, places, scaled], { reduction: 'add' })
}

export const sparse: Forms = { searchsorted, spmm }
