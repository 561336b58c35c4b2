/** Operations on tensors of random shapes, layouts and dtypes give on the GPU what they give on the processor. */
import type { DType } from '@flambeau/core'
import { cat, fromTypedArray, isFloatingPoint, stack, Tensor, where } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import './testing/device.ts'

const DTYPES: readonly DType[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'uint8',
  'int8',
  'int16',
  'bool',
]
const TOLERANCE: Partial<Record<DType, number>> = {
  float32: 3e-5,
  float64: 1e-9,
  float16: 6e-3,
  bfloat16: 5e-2,
}

/** Whole numbers of [0, below) that depend on the seed only. */
function drawing(seed: number): (below: number) => number {
  let state = (seed * 2654435761) >>> 0
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
}

type Draw = (below: number) => number

const pick = <T>(draw: Draw, list: readonly T[]): T => list[draw(list.length)] as T

/** Up to four axes, mostly short ones. */
function shapeOf(draw: Draw): number[] {
  const long = draw(3) === 0
  const shape: number[] = []
  let numel = 1
  for (let axis = draw(5); axis > 0; axis--) {
    shape.push(long && numel < 200 && draw(2) === 0 ? 1 + draw(300) : 1 + draw(9))
    numel *= shape.at(-1) ?? 1
  }
  return shape
}

/** A part of a permuted tensor, sometimes row-major or expanded. */
function tensorOf(draw: Draw, shape: readonly number[], dtype: DType): Tensor {
  const whole = shape.map((size) => size + draw(2) * draw(3))
  const order = shape.map((_, axis) => axis)
  for (let i = order.length - 1; i > 0; i--) {
    const j = draw(i + 1)
    const moved = order[i] as number
    order[i] = order[j] as number
    order[j] = moved
  }
  const stored = order.map((axis) => whole[axis] as number)
  const numel = stored.reduce((product, size) => product * size, 1)
  const values = Float64Array.from(
    { length: numel },
    () => draw(4001) / 1000 - (draw(2) === 0 ? 2 : 0),
  )
  const back: number[] = []
  for (const [place, axis] of order.entries()) back[axis] = place
  const base = fromTypedArray(values, stored).mul(dtype === 'bool' ? 0.4 : 2)
  let view = base.to(dtype).permute(back)
  for (const [axis, size] of shape.entries()) {
    const more = (whole[axis] as number) - size
    view = view.narrow(axis, draw(more + 1), size)
  }
  if (draw(4) === 0) return view.contiguous()
  if (shape.length > 0 && draw(4) === 0) return view.narrow(draw(shape.length), 0, 1).expand(shape)
  return view
}

/** The same on the GPU, with the same strides; sometimes one element behind an aligned place. */
function there(draw: Draw, tensor: Tensor): Tensor {
  const strides = tensor.stride()
  const reach = tensor.shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 1)
  const flat = tensor.asStrided([reach], [1]).to('cuda')
  const shifted = cat([flat.narrow(0, 0, 1), flat]).narrow(0, 1, reach)
  return pick(draw, [flat, shifted]).asStrided(tensor.shape, strides)
}

/** What an operation is called with: two tensors and a mask of one shape, axes, and a dtype. */
interface Operands {
  x: Tensor
  y: Tensor
  mask: Tensor
  /** x in a floating dtype. */
  float: Tensor
  axis: number
  axes: number[]
  to: DType
  power: number
}

type Operation = (of: Operands) => Tensor | readonly Tensor[]

/** For all shapes. */
const ANY: Record<string, Operation> = {
  add: ({ x, y }) => x.add(y),
  mulByNumber: ({ x }) => x.mul(3),
  maximum: ({ x, y }) => x.maximum(y),
  lt: ({ x, y }) => x.lt(y),
  where: ({ x, y, mask }) => where(mask, x, y),
  exp: ({ float }) => float.exp(),
  contiguous: ({ x }) => x.contiguous(),
  to: ({ x, to }) => x.to(to),
  add_: ({ x, y }) => x.clone().add_(y),
  sum: ({ x, axes }) => x.sum(axes),
  mean: ({ float, axes }) => float.mean(axes),
  amax: ({ x, axes }) => x.amax(axes),
  varianceMean: ({ float, axes }) => [
    float.var(axes, { correction: 0 }),
    float.std(axes, { correction: 0 }),
  ],
  norm: ({ float, axes, power }) => float.norm(power, axes),
  argmaxOfAll: ({ float }) => float.argmax(),
  countNonzero: ({ x }) => x.countNonzero(),
  maskedSelect: ({ x, mask }) => x.maskedSelect(mask),
  maskedFill: ({ x, mask }) => x.maskedFill(mask, 1),
  nonzero: ({ x }) => x.nonzero(),
  flip: ({ x, axes }) => x.flip(axes),
}

const both = (of: { values: Tensor; indices: Tensor }): Tensor[] => [of.values, of.indices]

/** For shapes with an axis. */
const ALONG: Record<string, Operation> = {
  broadcast: ({ x, y, axis }) => x.add(y.narrow(axis, 0, 1)),
  logsumexp: ({ float, axis }) => float.logsumexp([axis]),
  argmin: ({ float, axis }) => float.argmin(axis),
  max: ({ x, axis }) => both(x.max(axis)),
  any: ({ x, axis }) => x.any(axis),
  prod: ({ float, axis }) => float.prod(axis),
  softmax: ({ float, axis }) => float.softmax(axis),
  logSoftmax: ({ float, axis }) => float.logSoftmax(axis),
  cumsum: ({ x, axis }) => x.cumsum(axis),
  cummax: ({ x, axis }) => both(x.cummax(axis)),
  logcumsumexp: ({ float, axis }) => float.logcumsumexp(axis),
  cat: ({ x, y, axis }) => cat([x, y, x], axis),
  stack: ({ x, y, axis }) => stack([x, y], axis),
}

function check(name: string, operation: Operation, seed: number): void {
  const draw = drawing(seed)
  const along = name in ALONG
  const shape = shapeOf(draw)
  if (along && shape.length === 0) shape.push(1 + draw(40))
  const dtype = pick(draw, DTYPES)
  const given = {
    x: tensorOf(draw, shape, dtype),
    y: tensorOf(draw, shape, dtype),
    mask: tensorOf(draw, shape, 'bool'),
  }
  const axes = shape.map((_, axis) => axis).filter(() => draw(2) === 0)
  const numbers = {
    axis: draw(Math.max(shape.length, 1)),
    axes,
    to: pick(draw, DTYPES),
    power: pick(draw, [0, 1, 2, 3, Infinity, -Infinity]),
  }
  const floating = isFloatingPoint(given.x) ? dtype : 'float32'
  const run = (x: Tensor, y: Tensor, mask: Tensor): readonly Tensor[] => {
    const result = operation({ x, y, mask, float: x.to(floating), ...numbers })
    return result instanceof Tensor ? [result] : result
  }
  const expected = run(given.x, given.y, given.mask)
  const actual = run(there(draw, given.x), there(draw, given.y), there(draw, given.mask))
  const what = `${name} of ${dtype} [${shape.join(', ')}], axes ${axes.join()}, seed ${seed}`
  for (const [i, output] of expected.entries()) {
    const other = actual[i] as Tensor
    expect(`${what}: ${other.device}`).toBe(`${what}: cuda:0`)
    const tolerance = TOLERANCE[output.dtype] ?? 0
    assertClose(other.cpu(), output, { rtol: tolerance, atol: tolerance }, what)
  }
}

describe('random layouts', () => {
  for (const [name, operation] of Object.entries({ ...ANY, ...ALONG })) {
    it(name, () => {
      for (let seed = 1; seed <= 25; seed++) check(name, operation, seed)
    })
  }
})
