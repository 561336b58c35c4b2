/** Operators that move elements, or speak of shapes. */
import { arange, cat, eye, flip, fromTypedArray, tensor } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { functional as F } from '@flambeau/nn'
import { codeOfOnnx, dtypeName } from '../../dtypes.ts'
import type { NodeCall, Operator, Operators } from '../context.ts'

const ints = (values: readonly number[]): Tensor =>
  fromTypedArray(BigInt64Array.from(values, BigInt), [values.length])

/** 0 takes over the input's size, -1 what is left. */
const reshape: Operator = (c) => {
  const x = c.x()
  const keep = c.int('allowzero', 0) === 0
  const shape = c.numbers(1).map((size, i) => {
    if (size !== 0 || !keep) return size
    c.require(i < x.ndim, `size 0 at axis ${i} stands for an axis that the input lacks`)
    return x.shape[i] as number
  })
  return x.reshape(shape)
}

/** Axes are an input; old attributes too. */
function axesOf(c: NodeCall, i: number, ndim: number): number[] | null {
  const given = c.list('axes') ?? c.optionalNumbers(i)
  return given === null ? null : given.map((axis) => c.axis(axis, ndim))
}

const unsqueeze: Operator = (c) => {
  const given = c.list('axes') ?? c.numbers(1)
  const ndim = c.x().ndim + given.length
  const axes = given.map((axis) => c.axis(axis, ndim)).toSorted((a, b) => a - b)
  return axes.reduce((x, axis) => x.unsqueeze(axis), c.x())
}

const squeeze: Operator = (c) => {
  const x = c.x()
  const axes = axesOf(c, 1, x.ndim)
  if (axes === null) return x.squeeze()
  c.require(
    axes.every((axis) => x.shape[axis] === 1),
    `axes [${axes.join(', ')}] must have size 1`,
  )
  return x.reshape(x.shape.filter((_, axis) => !axes.includes(axis)))
}

/** Every step-th place of axes; bounds beyond the axis end at it. */
const slice: Operator = (c) => {
  const [starts, ends] = [c.numbers(1), c.numbers(2)]
  let x = c.x()
  const axes = c.optionalNumbers(3) ?? starts.map((_, i) => i)
  const steps = c.optionalNumbers(4) ?? starts.map(() => 1)
  axes.forEach((given, i) => {
    const axis = c.axis(given, x.ndim)
    const size = x.shape[axis] as number
    const step = steps[i] as number
    c.require(step !== 0, 'a step is 0')
    const from = (bound: number): number => (bound < 0 ? bound + size : bound)
    const within = (bound: number, low: number, high: number): number =>
      Math.min(Math.max(from(bound), low), high)
    const [first, last] = [starts[i] as number, ends[i] as number]
    if (step > 0) {
      const start = within(first, 0, size)
      const end = Math.max(within(last, 0, size), start)
      x = x.narrow(axis, start, end - start)
      if (step > 1) x = x.indexSelect(axis, arange(0, end - start, step, { dtype: 'int64' }))
      return
    }
    const start = within(first, -1, size - 1)
    const end = within(last, -1, size - 1)
    const count = Math.max(Math.ceil((end - start) / step), 0)
    if (step === -1 && count === size) x = flip(x, [axis])
    else x = x.indexSelect(axis, ints(Array.from({ length: count }, (_, k) => start + k * step)))
  })
  return x
}

const split: Operator = (c) => {
  const x = c.x()
  const axis = c.axis(c.int('axis', 0), x.ndim)
  const size = x.shape[axis] as number
  const given = c.list('split') ?? c.optionalNumbers(1)
  const count = c.int('num_outputs', c.node.outputs.length)
  const each = Math.ceil(size / count)
  const sizes =
    given ?? Array.from({ length: count }, (_, i) => Math.max(Math.min(each, size - i * each), 0))
  return x.split([...sizes], axis)
}

/** Shapes broadcast in both directions. */
const expand: Operator = (c) => {
  const x = c.x()
  const wanted = c.numbers(1)
  const ndim = Math.max(x.ndim, wanted.length)
  const at = (sizes: readonly number[], axis: number): number =>
    sizes[axis - (ndim - sizes.length)] ?? 1
  return x.expand(
    Array.from({ length: ndim }, (_, axis) => {
      const [own, other] = [at(x.shape, axis), at(wanted, axis)]
      c.require(own === other || own === 1 || other === 1, `[${wanted.join(', ')}] does not fit`)
      return own === 1 ? other : own
    }),
  )
}

const MODES: Readonly<Record<string, 'constant' | 'reflect' | 'replicate' | 'circular'>> = {
  constant: 'constant',
  reflect: 'reflect',
  edge: 'replicate',
  wrap: 'circular',
}

const pad: Operator = (c) => {
  const x = c.x()
  const mode = MODES[c.text('mode', 'constant')]
  if (mode === undefined) throw c.fail(`there is no mode '${c.text('mode', '')}'`)
  const given = c.numbers(1)
  const axes = axesOf(c, 3, x.ndim) ?? x.shape.map((_, axis) => axis)
  c.require(given.length === 2 * axes.length, `${given.length} sizes for ${axes.length} axes`)
  const sizes = x.shape.map(() => [0, 0])
  axes.forEach((axis, i) => {
    sizes[axis] = [given[i] as number, given[axes.length + i] as number]
  })
  // From the last axis to the first that is padded.
  const first = sizes.findIndex(([before, after]) => before !== 0 || after !== 0)
  if (first < 0) return x
  const list = sizes.slice(first).toReversed().flat()
  if (mode !== 'constant') return F.pad(x, list, { mode })
  const value = c.optional(2)
  return F.pad(x, list, { value: value === null ? 0 : Number(value.item()) })
}

const shapeOf: Operator = (c) => {
  const { shape } = c.x()
  return ints(shape.slice(c.int('start', 0), c.int('end', shape.length)))
}

const range: Operator = (c) => {
  const [start, end, step] = [0, 1, 2].map((i) => c.numbers(i)[0] as number) as [
    number,
    number,
    number,
  ]
  c.require(step !== 0, 'the step is 0')
  return arange(start, end, step, { dtype: c.x().dtype as 'float32' })
}

/** Channels become pixels: `DCR` takes the block's places from the slowest part of the channels. */
const depthToSpace: Operator = (c) => {
  const x = c.x()
  const [n, channels, h, w] = x.shape as [number, number, number, number]
  const b = c.int('blocksize', 1)
  const rest = channels / (b * b)
  if (c.text('mode', 'DCR') === 'CRD') return F.pixelShuffle(x, b)
  const parts = x.reshape([n, b, b, rest, h, w]).permute(0, 3, 4, 1, 5, 2)
  return parts.reshape([n, rest, h * b, w * b])
}

const spaceToDepth: Operator = (c) => {
  const x = c.x()
  const [n, channels, h, w] = x.shape as [number, number, number, number]
  const b = c.int('blocksize', 1)
  const parts = x.reshape([n, channels, h / b, b, w / b, b]).permute(0, 3, 5, 1, 2, 4)
  return parts.reshape([n, channels * b * b, h / b, w / b])
}

const eyeLike: Operator = (c) => {
  const [rows, columns] = c.x().shape as [number, number]
  const code = codeOfOnnx(c.int('dtype', -1))
  const dtype = code === null ? c.x().dtype : dtypeName(code)
  c.require(c.int('k', 0) === 0, 'diagonals beside the main one have no form here')
  return eye(rows, columns, { dtype: dtype as 'float32' })
}

const flatten: Operator = (c) => {
  const x = c.x()
  const given = c.int('axis', 1)
  const axis = given < 0 ? given + x.ndim : given
  const rows = x.shape.slice(0, axis).reduce((a, b) => a * b, 1)
  const columns = x.shape.slice(axis).reduce((a, b) => a * b, 1)
  return x.reshape([rows, columns])
}

const trilu: Operator = (c) => {
  const k = c.optionalNumbers(1)?.[0] ?? 0
  return c.int('upper', 1) === 1 ? c.x().triu(k) : c.x().tril(k)
}

export const shapes: Operators = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: (c) => {
    const order = c.list('perm') ?? c.x().shape.map((_, axis) => c.x().ndim - 1 - axis)
    return c.x().permute(...order)
  },
  Slice: slice,
  Split: split,
  Concat: (c) =>
    cat(
      c.inputs.map((_, i) => c.x(i)),
      c.int('axis', 0),
    ),
  Expand: expand,
  Tile: (c) => c.x().repeat([...c.numbers(1)]),
  Pad: pad,
  Shape: shapeOf,
  Size: (c) => tensor(c.x().numel(), { dtype: 'int64' }),
  Range: range,
  Trilu: trilu,
  EyeLike: eyeLike,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
}
