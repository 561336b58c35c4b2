/** Operations that move elements or say how they are arranged, and those that make tensors. */
import { CODE, isFloating } from '../../dtypes.ts'
import type { Num } from '../../trace/align.ts'
import { Varying } from '../../trace/align.ts'
import { single, tensorOf } from '../../tensors.ts'
import type { Context, Form, Forms } from '../context.ts'

const END = 2 ** 62

const same = (a: Num | undefined, b: Num): boolean =>
  typeof b === 'number' ? a === b : a instanceof Varying && a.key === b.key

/** The same elements under another shape, known sizes as numbers, dynamic ones as they come. */
export function reshape(
  c: Context,
  name: string,
  from: readonly Num[],
  to: readonly Num[],
): string {
  const varying = to.filter((size) => typeof size !== 'number')
  if (varying.length === 0 || to.includes(0)) {
    return c.g.node('Reshape', [name, c.g.sizes(to)], to.includes(0) ? { allowzero: 1 } : {})
  }
  // 0 takes over the input's size at that place, -1 stands for what is left.
  const kept = to.map((size, axis) => typeof size !== 'number' && same(from[axis], size))
  const others = to.filter((size, axis) => typeof size !== 'number' && !kept[axis])
  if (others.length <= 1) {
    return c.g.node('Reshape', [
      name,
      c.g.ints(to.map((size, axis) => (typeof size === 'number' ? size : kept[axis] ? 0 : -1))),
    ])
  }
  return c.g.node('Reshape', [name, c.g.sizes(to)])
}

const reshaped: Form = (c) => reshape(c, c.in(0), c.tensor(0).shape, c.out.shape)
const nothing: Form = (c) => c.in(0)

/** A part of an axis; `end` null reads to its end. */
export function slice(
  c: Context,
  name: string,
  axis: number,
  [start, end, step]: readonly [start: Num, end: Num | null, step: number],
): string {
  const { g } = c
  const last = end === null ? g.ints([END]) : g.size(end)
  return g.node('Slice', [name, g.size(start), last, g.ints([axis]), g.ints([step])])
}

const at = (n: Num, trace: number): number =>
  typeof n === 'number' ? n : (n.values[trace] as number)

/** How far a span reaches; null to the end of a dynamic axis where it does so in every trace. */
function endOf(size: Num, start: Num, step: number, count: Num): Num | null {
  const traces = [size, start, count].reduce<number>(
    (most, n) => (typeof n === 'number' ? most : n.values.length),
    1,
  )
  const ends = Array.from({ length: traces }, (_, t) => {
    const last = at(start, t) + (at(count, t) - 1) * step
    return at(count, t) === 0 ? at(start, t) : last + Math.sign(step)
  })
  if (step < 0 && ends.every((end) => end < 0)) return -END
  const whole = step > 0 && ends.every((end, t) => end + step > at(size, t))
  if (whole && typeof size !== 'number') return null
  return ends.every((end) => end === ends[0]) ? (ends[0] as number) : new Varying(ends)
}

const sliced: Form = (c) => {
  const [axis, step] = [c.int(0), c.int(2)]
  const start = c.call.numbers[1] as Num
  const end = endOf(c.tensor(0).shape[axis] as Num, start, step, c.out.shape[axis] as Num)
  return slice(c, c.in(0), axis, [start, end, step])
}

const selected: Form = (c) => {
  const { g } = c
  return g.node('Gather', [c.in(0), g.number(c.call.numbers[1] as Num)], { axis: c.int(0) })
}

/** Basic indexing: four numbers per part, its kind (a span, a position, a new axis) and what of it. */
const window: Form = (c) => {
  const { g } = c
  let name = c.in(0)
  let [axis, from] = [0, 0]
  for (let i = 0; i < c.call.numbers.length; i += 4) {
    const [start, count] = [c.call.numbers[i + 1] as Num, c.call.numbers[i + 3] as Num]
    if (c.int(i) === 2) {
      name = g.node('Unsqueeze', [name, g.ints([axis++])])
    } else if (c.int(i) === 1) {
      name = g.node('Gather', [name, g.number(start)], { axis })
      from++
    } else {
      name = spanOf(c, name, axis++, from++, [start, c.int(i + 2), count])
    }
  }
  return name
}

/** `count` places of an axis, which is axis `from` of the input. */
function spanOf(
  c: Context,
  name: string,
  axis: number,
  from: number,
  [start, step, count]: readonly [start: Num, step: number, count: Num],
): string {
  const size = c.tensor(0).shape[from] as Num
  if (start === 0 && step === 1 && same(size, count)) return name
  const end = endOf(size, start, step, count)
  return slice(c, name, axis, [start, end, step])
}

/** A tensor of one value. */
export function filled(c: Context, shape: readonly Num[], value: number, dtype: number): string {
  const tensor = tensorOf('', single(value, dtype), [1], dtype)
  return c.g.node('ConstantOfShape', [c.g.sizes(shape)], { value: { tensor } })
}

const fill: Form = (c) => filled(c, c.out.shape, c.int(0), c.out.dtype)

/** start, start + step, …: as many as the result has. */
const range: Form = (c) => {
  const { g } = c
  const [start, step] = [c.int(0), c.int(1)]
  const count = c.out.shape[0] as Num
  const places = g.node('Range', [
    g.scalar(0, CODE.int64),
    g.number(count),
    g.scalar(1, CODE.int64),
  ])
  const numbers = g.cast(places, CODE.int64, c.out.dtype)
  const scaled = step === 1 ? numbers : g.node('Mul', [numbers, g.scalar(step, c.out.dtype)])
  return start === 0 ? scaled : g.node('Add', [scaled, g.scalar(start, c.out.dtype)])
}

const triangle =
  (upper: 0 | 1): Form =>
  (c) => {
    const { g } = c
    const { dtype } = c.out
    const narrow = isFloating(dtype) ? dtype : CODE.int64
    const k = g.number(c.call.numbers[0] as Num)
    const cut = g.node('Trilu', [c.as(0, narrow), k], { upper })
    return g.cast(cut, narrow, dtype)
  }

const pad: Form = (c) => {
  const { g } = c
  const ndim = c.out.shape.length
  const [value, ...pads] = c.ints() as [number, ...number[]]
  const sides = [0, 1].flatMap((side) =>
    Array.from({ length: ndim }, (_, axis) => pads[2 * (ndim - 1 - axis) + side] ?? 0),
  )
  return g.node('Pad', [c.in(0), g.ints(sides), g.scalar(value, c.out.dtype)], { mode: 'constant' })
}

const joined =
  (stacked: boolean): Form =>
  (c) => {
    const { g } = c
    const axis = c.int(0)
    const parts = c.call.inputs.map((_, i) => c.as(i))
    const list = stacked ? parts.map((part) => g.node('Unsqueeze', [part, g.ints([axis])])) : parts
    return g.node('Concat', list, { axis })
  }

const flip: Form = (c) =>
  c.ints().reduce((name, axis) => slice(c, name, axis, [-1, -END, -1]), c.in(0))

/** Overlapping windows of an axis: `[…, count, …, size]`. */
const unfold: Form = (c) => {
  const { g } = c
  const [axis, step] = [c.int(0), c.int(1)]
  const count = c.out.shape[axis]
  const size = c.out.shape.at(-1)
  if (typeof count !== 'number' || typeof size !== 'number') throw c.refuse('its axis is dynamic')
  const index = Array.from({ length: count }, (_, i) =>
    Array.from({ length: size }, (_unused, j) => BigInt(i * step + j)),
  ).flat()
  const places = g.constant(BigInt64Array.from(index), [count, size], CODE.int64)
  const taken = g.node('Gather', [c.in(0), places], { axis })
  const last = c.out.shape.length - 1
  if (axis + 1 === last) return taken
  // The window's axis stands behind its count; it goes to the end.
  const order = Array.from({ length: last + 1 }, (_, i) => i).filter((i) => i !== axis + 1)
  return g.node('Transpose', [taken], { perm: [...order, axis + 1] })
}

const diagonal: Form = (c) => {
  const { g } = c
  const [a, b, offset] = [c.int(0), c.int(1), c.int(2)]
  const { shape } = c.tensor(0)
  const [rows, columns] = [shape[a], shape[b]]
  const count = c.out.shape.at(-1)
  if (typeof rows !== 'number' || typeof columns !== 'number' || typeof count !== 'number') {
    throw c.refuse('its axes are dynamic')
  }
  const rest = shape.map((_, axis) => axis).filter((axis) => axis !== a && axis !== b)
  const last = g.node('Transpose', [c.in(0)], { perm: [...rest, a, b] })
  const others = rest.map((axis) => shape[axis] as Num)
  const flat = reshape(c, last, [...others, rows, columns], [...others, rows * columns])
  const first = offset >= 0 ? offset : -offset * columns
  const places = Array.from({ length: count }, (_, i) => first + i * (columns + 1))
  return g.node('Gather', [flat, g.ints(places)], { axis: rest.length })
}

export const shapes: Forms = {
  view: reshaped,
  reshape: reshaped,
  alias: nothing,
  detach: nothing,
  clone: nothing,
  contiguous: nothing,
  copy: (c) => {
    const { g } = c
    const source = c.as(1)
    const from = c.tensor(1).shape
    const fits =
      from.length === c.out.shape.length && c.out.shape.every((size, i) => same(from[i], size))
    return fits ? source : g.node('Expand', [source, g.sizes(c.out.shape)])
  },
  permute: (c) => c.g.node('Transpose', [c.in(0)], { perm: c.ints() }),
  expand: (c) => c.g.node('Expand', [c.in(0), c.g.sizes(c.out.shape)]),
  select: selected,
  slice: sliced,
  at: window,
  cat: joined(false),
  stack: joined(true),
  tril: triangle(0),
  triu: triangle(1),
  constantPadNd: pad,
  flip,
  unfold,
  diagonal,
  fill,
  filled: fill,
  fillInPlace: fill,
  arange: range,
}
