/** Differences and derivatives of sampled functions. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { BOOL, UINT8 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { internally } from '../scope.ts'
import { normalizeAxes } from '../shape.ts'
import { requireCount } from '../requirements.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { cat } from './joining.ts'
import { differ, part, realAxis, sizeOf } from './neighbours.ts'

/** The element at a place along an axis, which stays with size 1; negative ones count from the back. */
function element(x: Tensor, axis: number, place: number): Tensor {
  return x.narrow(axis, place < 0 ? sizeOf(x, axis) + place : place, 1)
}

export interface DiffOptions {
  /** How often to take differences. Default 1. */
  n?: number
  /** The axis along which to go. Default -1. */
  dim?: number
  /** What comes before the input along the axis. */
  prepend?: Tensor | null
  /** What comes after it. */
  append?: Tensor | null
}

const readDiff = parameters<[number, number, Tensor | null, Tensor | null]>('diff', [
  'n',
  'dim',
  'prepend',
  'append',
])

/** @throws {ShapeError} unless `other` continues the input along an axis. */
function requireFitting(input: Tensor, name: string, other: Tensor, axis: number): void {
  requireTensor('diff', name, other)
  const fits = other.ndim === input.ndim
  if (fits && other.shape.every((size, i) => i === axis || size === sizeOf(input, i))) return
  throw new ShapeError(
    'diff',
    { input, [name]: other },
    `${name} has the shape of the input except along axis ${axis}`,
    'unsqueeze or expand it',
  )
}

/**
 * Differences of neighbours along an axis, taken `n` times: y[i] = x[i + 1] - x[i].
 *
 * Shapes: input `[…, s, …]` -> `[…, s - n, …]`, counting what is prepended and appended; at least 0.
 * Dtype: that of the input, promoted with what is prepended and appended; of bools, whether
 * neighbours differ.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if the parts do not fit.
 * @throws {ValueError} if n is negative.
 * @see torch.diff
 */
export function diff(
  input: Tensor,
  ...given: Arguments<DiffOptions, ['n', 'dim', 'prepend', 'append']>
): Tensor {
  const [n = 1, dim = -1, prepend = null, append = null] = readDiff(given)
  requireTensor('diff', 'input', input)
  const axis = realAxis('diff', input, dim)
  requireCount('diff', 'n', n)
  return internally(() => {
    const parts: Tensor[] = [input]
    if (prepend !== null) {
      requireFitting(input, 'prepend', prepend, axis)
      parts.unshift(prepend)
    }
    if (append !== null) {
      requireFitting(input, 'append', append, axis)
      parts.push(append)
    }
    if (n === 0) return input.clone()
    let x = parts.length === 1 ? input : cat(parts, axis)
    for (let i = 0; i < n && sizeOf(x, axis) > 0; i++) x = differ(x, axis)
    return x
  })
}

export interface GradientOptions {
  /**
   * The distance of neighbours: one number, one for each axis, or for each axis the coordinates
   * `[s]` of its elements. Default 1.
   */
  spacing?: number | readonly number[] | readonly Tensor[] | null
  /** The axes along which to differentiate. Default: all. */
  dim?: number | readonly number[] | null
  /** The order of accuracy at both ends: 1 or 2. Default 1. */
  edgeOrder?: 1 | 2
}

type Spacing = NonNullable<GradientOptions['spacing']>
const readGradient = parameters<[Spacing | null, number | readonly number[] | null, number]>(
  'gradient',
  ['spacing', 'dim', 'edgeOrder'],
)

/** The weighted sum of neighbours, `ends[0]` · x[0] + … along an axis; weights broadcast. */
function combine(elements: readonly Tensor[], weights: readonly (Tensor | number)[]): Tensor {
  return elements
    .map((x, i) => x.mul(weights[i] as Tensor | number))
    .reduce((sum, term) => sum.add(term))
}

/** The derivative along an axis whose elements are `h` apart. */
function uniformGradient(x: Tensor, axis: number, h: number, edgeOrder: number): Tensor {
  const inner = part(x, axis, 2, 0)
    .sub(part(x, axis, 0, 2))
    .div(2 * h)
  const at = (place: number): Tensor => element(x, axis, place)
  if (edgeOrder === 1) {
    return cat([at(1).sub(at(0)).div(h), inner, at(-1).sub(at(-2)).div(h)], axis)
  }
  const first = combine([at(0), at(1), at(2)], [-1.5, 2, -0.5]).div(h)
  const last = combine([at(-1), at(-2), at(-3)], [1.5, -2, 0.5]).div(h)
  return cat([first, inner, last], axis)
}

/** The derivative along an axis whose elements are at `coordinates`. */
function unevenGradient(x: Tensor, axis: number, coordinates: Tensor, edgeOrder: number): Tensor {
  const shape = x.shape.map((_, i) => (i === axis ? -1 : 1))
  const steps = differ(coordinates, 0).reshape(shape)
  const a = part(steps, axis, 0, 1)
  const b = part(steps, axis, 1, 0)
  // The parabola through three neighbours, a and b apart, differentiated at the middle one.
  const inner = combine(
    [part(x, axis, 0, 2), part(x, axis, 1, 1), part(x, axis, 2, 0)],
    [b.neg().div(a.mul(a.add(b))), b.sub(a).div(a.mul(b)), a.div(b.mul(a.add(b)))],
  )
  const at = (place: number): Tensor => element(x, axis, place)
  const step = (place: number): Tensor => element(steps, axis, place)
  if (edgeOrder === 1) {
    const first = at(1).sub(at(0)).div(step(0))
    return cat([first, inner, at(-1).sub(at(-2)).div(step(-1))], axis)
  }
  // The same parabola at an end, whose neighbours are p and then q apart.
  const end = (elements: readonly Tensor[], p: Tensor, q: Tensor): Tensor =>
    combine(elements, [
      p
        .mul(2)
        .add(q)
        .neg()
        .div(p.mul(p.add(q))),
      p.add(q).div(p.mul(q)),
      p.neg().div(q.mul(p.add(q))),
    ])
  const first = end([at(0), at(1), at(2)], step(0), step(1))
  const last = end([at(-1), at(-2), at(-3)], step(-1), step(-2)).neg()
  return cat([first, inner, last], axis)
}

function gradientAxes(input: Tensor, dim: number | readonly number[] | null): number[] {
  if (dim === null) return input.shape.map((_, axis) => axis)
  return normalizeAxes('gradient', dim, input.ndim, input)
}

/** The spacing of each of these axes. @throws {ValueError} */
function spacings(
  input: Tensor,
  spacing: Spacing | null,
  axes: readonly number[],
): readonly (number | Tensor)[] {
  if (spacing === null) return axes.map(() => 1)
  if (typeof spacing === 'number') return axes.map(() => spacing)
  const list: unknown = spacing
  const kind =
    Array.isArray(list) && ['number', 'object'].find((type) => list.every((x) => typeof x === type))
  if (!Array.isArray(list) || (list.length > 0 && kind === undefined)) {
    throw new ValueError(
      'gradient',
      { input },
      `spacing is a number, a list of numbers or a list of tensors, not ${show(spacing)}`,
      'gradient(x, { spacing: 0.5 }) or gradient(x, { spacing: [tensor([0, 1, 3])] })',
    )
  }
  if (list.length !== axes.length) {
    throw new ValueError(
      'gradient',
      { input },
      `there are ${list.length} spacings for ${axes.length} axes`,
      'give one for each axis in dim',
    )
  }
  return list as (number | Tensor)[]
}

/** @throws {ShapeError} unless the coordinates are one for each element along the axis. */
function requireCoordinates(input: Tensor, axis: number, coordinates: Tensor): void {
  requireTensor('gradient', 'spacing', coordinates)
  if (coordinates.ndim === 1 && coordinates.numel() === sizeOf(input, axis)) return
  throw new ShapeError(
    'gradient',
    { input, spacing: coordinates },
    `axis ${axis} has ${sizeOf(input, axis)} elements, each of which has a coordinate`,
    `pass coordinates [${sizeOf(input, axis)}]`,
  )
}

/**
 * The derivative along each axis of a function whose values at the points of a grid are given: by
 * central differences inside, by one-sided ones at both ends.
 *
 * Shapes: input `[*]` -> for each axis in `dim`, one tensor like input. Dtype: floating; integers
 * give the default dtype.
 *
 * @throws {ShapeError} if an axis has not more than `edgeOrder` elements, or coordinates do not fit.
 * @throws {ValueError} for spacings that are not one for each axis, or another edgeOrder.
 * @throws {DTypeError} for bools and uint8.
 * @see torch.gradient
 */
export function gradient(
  input: Tensor,
  ...given: Arguments<GradientOptions, ['spacing', 'dim', 'edgeOrder']>
): Tensor[] {
  const [spacing = null, dim = null, edgeOrder = 1] = readGradient(given)
  requireTensor('gradient', 'input', input)
  if (input._dtype === BOOL || input._dtype === UINT8) {
    throw new DTypeError(
      'gradient',
      { input },
      `differences of ${input.dtype} are not numbers of that kind`,
      'convert the input first: x.float()',
    )
  }
  if (edgeOrder !== 1 && edgeOrder !== 2) {
    throw new ValueError(
      'gradient',
      { input },
      `edgeOrder is 1 or 2, not ${show(edgeOrder)}`,
      'gradient(x, { edgeOrder: 2 })',
    )
  }
  const axes = gradientAxes(input, dim)
  const steps = spacings(input, spacing, axes)
  const short = axes.find((axis) => sizeOf(input, axis) < edgeOrder + 1)
  if (short !== undefined) {
    throw new ShapeError(
      'gradient',
      { input },
      `axis ${short} has ${sizeOf(input, short)} elements, and needs ${edgeOrder + 1} or more`,
      'leave that axis out of dim',
    )
  }
  return internally(() =>
    axes.map((axis, i) => {
      const step = steps[i] as number | Tensor
      if (typeof step === 'number') return uniformGradient(input, axis, step, edgeOrder)
      requireCoordinates(input, axis, step)
      return unevenGradient(input, axis, step, edgeOrder)
    }),
  )
}

export interface DifferenceMethods {
  /** See {@link diff}. */
  diff(...given: Arguments<DiffOptions, ['n', 'dim', 'prepend', 'append']>): Tensor
}

export const differenceMethods: MethodTable<DifferenceMethods> = { diff }
