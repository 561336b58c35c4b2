/** Images in other sizes. */
import type { Tensor } from '@flambeau/core'
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  fromTypedArray,
  ShapeError,
  ValueError,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { averageGrad, compounds, parameters, show } from '@flambeau/core/internal'
import { requireFloating, requireTensor, spatialAxes, widened, wholeNumbers } from './inputs.ts'

/** How new pixels come from old ones. */
export type InterpolationMode =
  | 'nearest'
  | 'nearest-exact'
  | 'linear'
  | 'bilinear'
  | 'trilinear'
  | 'bicubic'
  | 'area'

export interface InterpolateOptions {
  /** The new size of each axis. Default null: see scaleFactor. */
  size?: number | readonly number[] | null
  /** The factor by which each axis grows. Default null. */
  scaleFactor?: number | readonly number[] | null
  /** Default 'nearest'. */
  mode?: InterpolationMode
  /** Are the corners the centres of the corner pixels, not their outer corners? Default null: no. */
  alignCorners?: boolean | null
  /** Take the factor from the sizes, not as it was given. Default null: no. */
  recomputeScaleFactor?: boolean | null
  /** Average over all old pixels that a new one covers, for 'bilinear' and 'bicubic'. Default false. */
  antialias?: boolean
}

const NAMES = [
  'size',
  'scaleFactor',
  'mode',
  'alignCorners',
  'recomputeScaleFactor',
  'antialias',
] as const

type Numbers = number | readonly number[]

const readInterpolate = parameters<
  [Numbers | null, Numbers | null, InterpolationMode, boolean | null, boolean | null, boolean]
>('interpolate', NAMES)

/** How many axes each mode is for; all of them where it is not named. */
const AXES: Partial<Record<InterpolationMode, number>> = {
  linear: 1,
  bilinear: 2,
  trilinear: 3,
  bicubic: 2,
}

/** One axis: its sizes, and how many old pixels a new one is wide. */
interface Axis {
  from: number
  to: number
  step: number
}

function fail(input: Tensor, rule: string, fix: string): never {
  throw new ValueError('interpolate', { input }, rule, fix)
}

/** Of the pixels along an axis: beyond, their positions are no longer exact. */
const LONGEST = 2 ** 24

function axesOf(
  input: Tensor,
  size: Numbers | null,
  scaleFactor: Numbers | null,
  recompute: boolean,
): Axis[] {
  const dims = input.ndim - 2
  const old = input.shape.slice(2)
  if ((size === null) === (scaleFactor === null)) {
    fail(input, 'one of size and scaleFactor is needed', 'pass { scaleFactor: 2 }')
  }
  if (size !== null) {
    if (recompute) fail(input, 'recomputeScaleFactor is for a scaleFactor', 'leave it out')
    const sizes = wholeNumbers('interpolate', 'size', size, dims, 1, { input })
    return old.map((from, i) => {
      const to = reachable(input, sizes[i] as number)
      return { from, to, step: from / to }
    })
  }
  const given =
    typeof scaleFactor === 'number' ? old.map(() => scaleFactor) : [...(scaleFactor ?? [])]
  if (given.length !== dims || !given.every((factor) => factor > 0 && Number.isFinite(factor))) {
    fail(input, `scaleFactor must be a number > 0, or ${dims} of them`, 'pass { scaleFactor: 2 }')
  }
  return old.map((from, i) => {
    const factor = given[i] as number
    const to = reachable(input, Math.floor(from * factor))
    return { from, to, step: recompute ? from / to : 1 / factor }
  })
}

/** @throws {ValueError} if an axis would be too long. */
function reachable(input: Tensor, size: number): number {
  if (size <= LONGEST) return size
  return fail(
    input,
    `an axis can have ${LONGEST} pixels, not ${size}`,
    'choose a smaller scaleFactor',
  )
}

/** Indices and weights by which an axis is made of pixels of the old one, `[to]` for each of them. */
type Taps = { index: number[]; weight: number[] }[]

function nearest({ from, to, step }: Axis, exact: boolean): Taps {
  const shift = exact ? 0.5 : 0
  const index = Array.from({ length: to }, (_, i) =>
    Math.min(Math.floor(Math.fround(Math.fround(i + shift) * Math.fround(step))), from - 1),
  )
  return [{ index, weight: [] }]
}

/** Where the centre of new pixel i is among the old ones. */
function centreOf({ from, to, step }: Axis, i: number, aligned: boolean): number {
  if (!aligned) return (i + 0.5) * step - 0.5
  return to > 1 ? (i * (from - 1)) / (to - 1) : 0
}

function linear(axis: Axis, aligned: boolean): Taps {
  const low: number[] = []
  const high: number[] = []
  const share: number[] = []
  for (let i = 0; i < axis.to; i++) {
    const x = Math.max(centreOf(axis, i, aligned), 0)
    const left = Math.min(Math.floor(x), axis.from - 1)
    low.push(left)
    high.push(Math.min(left + 1, axis.from - 1))
    share.push(Math.min(Math.max(x - left, 0), 1))
  }
  return [
    { index: low, weight: share.map((t) => 1 - t) },
    { index: high, weight: share },
  ]
}

/** Keys' cubic convolution with a = -3/4: the weights of the pixels at -1, 0, 1 and 2. */
function cubicWeights(t: number): [number, number, number, number] {
  const a = -0.75
  const near = (x: number): number => ((a + 2) * x - (a + 3)) * x * x + 1
  const far = (x: number): number => ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
  return [far(t + 1), near(t), near(1 - t), far(2 - t)]
}

function cubic(axis: Axis, aligned: boolean): Taps {
  const taps: Taps = [-1, 0, 1, 2].map(() => ({ index: [], weight: [] }))
  for (let i = 0; i < axis.to; i++) {
    const x = centreOf(axis, i, aligned)
    const left = Math.floor(x)
    cubicWeights(x - left).forEach((weight, k) => {
      taps[k]?.index.push(Math.min(Math.max(left + k - 1, 0), axis.from - 1))
      taps[k]?.weight.push(weight)
    })
  }
  return taps
}

/** Weights of all old pixels under a filter as wide as a new pixel. */
function smoothed(axis: Axis, aligned: boolean, mode: 'bilinear' | 'bicubic'): number[] {
  const step = aligned ? (axis.to > 1 ? (axis.from - 1) / (axis.to - 1) : 0) : axis.step
  const reach = mode === 'bilinear' ? 1 : 2
  const widen = Math.max(step, 1)
  const filter = (x: number): number => {
    const d = Math.abs(x)
    if (d >= reach) return 0
    if (mode === 'bilinear') return 1 - d
    // With antialiasing the cubic's a is -1/2.
    return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2
  }
  const out = Array.from({ length: axis.to * axis.from }, () => 0)
  for (let i = 0; i < axis.to; i++) {
    const centre = step * (i + 0.5)
    const first = Math.max(Math.trunc(centre - reach * widen + 0.5), 0)
    const last = Math.min(Math.trunc(centre + reach * widen + 0.5), axis.from)
    let total = 0
    for (let j = first; j < last; j++) total += filter((j - centre + 0.5) / widen)
    for (let j = first; j < last; j++) {
      out[i * axis.from + j] = filter((j - centre + 0.5) / widen) / total
    }
  }
  return out
}

/** An axis made anew of the old one's pixels. */
function resample(x: Tensor, dim: number, taps: Taps): Tensor {
  const behind = Array.from({ length: x.ndim - dim - 1 }, () => 1)
  const { device } = x
  let sum: Tensor | null = null
  for (const { index, weight } of taps) {
    const part = x.indexSelect(
      dim,
      fromTypedArray(Float64Array.from(index), [index.length], { device }).to('int64'),
    )
    if (weight.length === 0) return part
    const factor = fromTypedArray(Float64Array.from(weight), [weight.length, ...behind], { device })
    const term = part.mul(factor.to(x.dtype))
    sum = sum === null ? term : sum.add(term)
  }
  return sum as Tensor
}

/** How often each old pixel comes, where all come as often and in order; else null. */
function repeats({ from, to }: Axis, [taps]: Taps): number | null {
  const times = to / from
  const even = Number.isInteger(times) && taps?.index.every((at, i) => at === Math.floor(i / times))
  return even === true ? times : null
}

/** Each pixel of the last axes as often as its axis says, of which one says more than once. */
function repeated(x: Tensor, times: readonly number[]): Tensor {
  const outer = x.shape.slice(0, 2)
  const sizes = times.map((count, i) => (x.shape[i + 2] as number) * count)
  const last = x.ndim === 4 && !x.isContiguous() && x.isContiguous('channelsLast')
  if (last && x.isFloatingPoint()) {
    // What sums of windows that lie side by side give to their pixels.
    return averageGrad(x, [...outer, ...sizes], { numbers: [...times, ...times, 0, 0, 0, 1] })
  }
  const split = times.flatMap((_, i) => [x.shape[i + 2] as number, 1])
  const spread = times.flatMap((count, i) => [x.shape[i + 2] as number, count])
  const made = x.reshape([...outer, ...split]).expand([...outer, ...spread])
  return made.contiguous().reshape([...outer, ...sizes])
}

function averaged(x: Tensor, dim: number, axis: Axis, weights: readonly number[]): Tensor {
  const options = { device: x.device }
  const values = fromTypedArray(Float64Array.from(weights), [axis.to, axis.from], options)
  const matrix = values.to(x.dtype)
  return matrix.matmul(x.transpose(dim, -2)).transpose(dim, -2)
}

const pools = [adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveAvgPool3d] as unknown as ((
  x: Tensor,
  size: readonly number[],
) => Tensor)[]

/**
 * The input in another size.
 *
 * Shapes: input `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]` -> `[N, C, ...size]`; size =
 * ⌊scaleFactor · old size⌋ unless given. Modes 'linear', 'bilinear' and 'trilinear' are for 1, 2 and
 * 3 axes, 'bicubic' for 2. Dtype: floating, kept; 'nearest' takes any, 'bilinear' and
 * 'bicubic' uint8.
 *
 * @throws {ShapeError} for other ranks, or sizes of 0. @throws {DTypeError} for other dtypes.
 * @throws {ValueError} for another mode, or options that do not go together.
 * @see Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711; torch.nn.functional.interpolate
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.interpolate(tensor([[[1, 2.5]]]), { scaleFactor: 2 }))
 * // => tensor([[[1.0000, 1.0000, 2.5000, 2.5000]]])
 * ```
 */
export function interpolate(
  input: Tensor,
  ...given: Arguments<InterpolateOptions, typeof NAMES>
): Tensor {
  const read = readInterpolate(given)
  const { watcher } = compounds
  if (watcher === null) return resized(input, read)
  return watcher('interpolate', [input], read, () => resized(input, read))
}

function resized(input: Tensor, read: ReturnType<typeof readInterpolate>): Tensor {
  const op = 'interpolate'
  requireTensor(op, 'input', input)
  const [size = null, scaleFactor = null, mode = 'nearest', align = null, recompute] = read
  const antialias = read[5] ?? false
  const dims = spatialAxes(op, input, 1, 3)
  if (!['nearest', 'nearest-exact', 'area', ...Object.keys(AXES)].includes(mode)) {
    fail(input, `there is no mode ${show(mode)}`, "use 'nearest' or 'bilinear'")
  }
  if ((AXES[mode] ?? dims) !== dims) {
    fail(
      input,
      `mode '${mode}' is for ${AXES[mode]} axes behind the channels, not ${dims}`,
      'use another mode',
    )
  }
  if (align !== null && AXES[mode] === undefined) {
    fail(input, `mode '${mode}' has no alignCorners`, 'leave it out')
  }
  if (antialias && mode !== 'bilinear' && mode !== 'bicubic') {
    fail(input, `mode '${mode}' has no antialias`, "use 'bilinear' or 'bicubic'")
  }
  const axes = axesOf(input, size, scaleFactor, recompute ?? false)
  if (input.shape.slice(1).includes(0) || axes.some(({ to }) => to < 1)) {
    throw new ShapeError(
      op,
      { input },
      `only the batch may be empty, also of the result: [${axes.map(({ to }) => to).join(', ')}]`,
      'use a larger size',
    )
  }
  if (mode === 'nearest' || mode === 'nearest-exact') {
    const taps = axes.map((axis) => nearest(axis, mode === 'nearest-exact'))
    const times = axes.map((axis, i) => repeats(axis, taps[i] as Taps))
    if (times.every((count) => count !== null) && times.some((count) => count > 1)) {
      return repeated(input, times)
    }
    return taps.reduce((x, list, i) => resample(x, i + 2, list), input)
  }
  const bytes = input.dtype === 'uint8' && (mode === 'bilinear' || mode === 'bicubic')
  if (!bytes) requireFloating(op, input)
  if (mode === 'area') {
    const pool = pools[dims - 1] as (typeof pools)[number]
    return pool(
      input,
      axes.map(({ to }) => to),
    )
  }
  const aligned = align ?? false
  const one = (x: Tensor, axis: Axis, i: number): Tensor => {
    if (antialias) {
      return averaged(x, i + 2, axis, smoothed(axis, aligned, mode as 'bilinear' | 'bicubic'))
    }
    return resample(x, i + 2, mode === 'bicubic' ? cubic(axis, aligned) : linear(axis, aligned))
  }
  if (!bytes) return widened(input, (x) => axes.reduce(one, x))
  // Bytes are rounded after each axis, the last one first, as PyTorch has it.
  const rounded = (x: Tensor, axis: Axis, i: number): Tensor =>
    one(x, axis, axes.length - 1 - i)
      .add(0.5)
      .floor()
      .clamp(0, 255)
  return axes.toReversed().reduce(rounded, input.to('float32')).to('uint8')
}
