/** Several views made of one tensor. */
import type { Arguments } from '../arguments.ts'
import { isNamed, parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { INT64 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { BackwardInfo, Op } from '../op.ts'
import { batchOf } from '../vmap/batch.ts'
import { asMultipleViews, defineOp, isRecording, runMany, vmapping } from '../op.ts'
import type { Shape } from '../shape.ts'
import { normalizeAxis } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import { cat, stack } from './joining.ts'
import { axisOf, narrow, select, slice } from './slicing.ts'

// Each part is a tensor of its own.
const MAX_PARTS = 1 << 20

function requireFewParts(op: string, input: Tensor, count: number): void {
  if (count <= MAX_PARTS) return
  throw new ValueError(
    op,
    { input },
    `${count} parts are more than ${MAX_PARTS}`,
    'use larger parts, or go through the axis with select() or narrow()',
  )
}

// So many parts, if they are recorded, are one node, whose gradient is made of theirs at once.
const MOST_TOGETHER = 1024

interface PartsParams {
  axis: number
  shapes: readonly Shape[]
}

/** The gradients of all parts, zeros where there is none, as one tensor. */
function joined(
  join: (parts: Tensor[], axis: number) => Tensor,
  grads: readonly (Tensor | null)[],
  { params: { axis, shapes } }: BackwardInfo<PartsParams>,
): [Tensor | null] {
  const given = grads.find((grad) => grad)
  if (!given) return [null]
  return [
    join(
      shapes.map((shape, i) => grads[i] ?? given.newZeros(shape)),
      axis,
    ),
  ]
}

/**
 * As stack(), but where all parts lie in memory in one other order than row-major, so does the result,
 * the new axis just outside of the one that follows it: what the parts were taken of likely lies so.
 */
function stackAsLaid(parts: Tensor[], axis: number): Tensor {
  const [first] = parts as [Tensor]
  if (first.isContiguous()) return stack(parts, axis)
  const strides = first.stride()
  const order = strides.map((_, i) => i).toSorted((a, b) => (strides[b] ?? 0) - (strides[a] ?? 0))
  const lying = parts.map((part) => part.permute(order))
  if (!lying.every((part) => part.isContiguous())) return stack(parts, axis)
  const at = axis < order.length ? order.indexOf(axis) : order.length
  // Axes of the result as they lie, -1 for the new one; and where each of them is to be found.
  const axes = order.toSpliced(at, 0, -1)
  const back = axes.map((_, i) => axes.indexOf(i === axis ? -1 : i - (i > axis ? 1 : 0)))
  return stack(lying, at).permute(back)
}

const splitOp = defineOp<'input', PartsParams>('split', ['input'], {
  kernel: 'parts',
  outputs: 2,
  derivative: { needs: [], formula: (grads, _saved, info) => joined(cat, grads, info) },
})

const unbindOp = defineOp<'input', PartsParams>('unbind', ['input'], {
  kernel: 'parts',
  outputs: 2,
  derivative: { needs: [], formula: (grads, _saved, info) => joined(stackAsLaid, grads, info) },
})

function isTogether(input: Tensor, count: number): boolean {
  if (count < 2 || count > MOST_TOGETHER) return false
  // Inside of vmap, only what does not stand for samples itself.
  if (vmapping.interpreter !== null && batchOf(input) !== null) return false
  return input._requiresGrad && isRecording()
}

function together(
  op: Op<PartsParams>,
  input: Tensor,
  axis: number,
  starts: readonly number[],
  shapes: readonly Shape[],
): Tensor[] {
  const dtype = input._dtype
  const numbers = [axis, op === splitOp ? 1 : 0, ...starts]
  const specs = shapes.map((shape) => ({ shape, dtype }))
  return asMultipleViews(() => runMany(op, [input], specs, numbers, { axis, shapes }))
}

/** Parts of an axis, of sizes that add up to it. */
function partsOf(input: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  let end = 0
  const starts = sizes.map((size) => (end += size) - size)
  if (isTogether(input, sizes.length)) {
    const shapes = sizes.map((size) => input._shape.with(axis, size))
    return together(splitOp, input, axis, starts, shapes)
  }
  return asMultipleViews(() =>
    sizes.map((size, i) => narrow(input, axis, starts[i] as number, size)),
  )
}

/** Parts of these sizes, which must add up to the axis. */
function splitBySizes(op: string, input: Tensor, list: unknown, axis: number): Tensor[] {
  const size = input.shape[axis] ?? 0
  if (!Array.isArray(list) || !list.every((part) => typeof part === 'number')) {
    throw new ValueError(
      op,
      { input },
      `sizes come as a number or an array of numbers, not as ${show(list)}`,
      'split(2) or split([1, 2])',
    )
  }
  const sizes: number[] = [...list]
  const total = sizes.reduce((a, b) => a + b, 0)
  if (total !== size || sizes.some((s) => !Number.isInteger(s) || s < 0)) {
    throw new ValueError(
      op,
      { input, sizes },
      `the sizes add up to ${total}, axis ${axis} has ${size}`,
      'let the sizes add up to the axis',
    )
  }
  requireFewParts(op, input, sizes.length)
  return partsOf(input, axis, sizes)
}

/** Parts of one size, the last of which may be smaller. */
function splitBySize(op: string, input: Tensor, part: number, axis: number): Tensor[] {
  const size = input.shape[axis] ?? 0
  if (!Number.isInteger(part) || part < 0 || (part === 0 && size > 0)) {
    throw new ValueError(
      op,
      { input },
      `the size of a part is a whole number ≥ 1, not ${show(part)}`,
      'pass a list for parts of several sizes',
    )
  }
  const count = Math.max(1, part === 0 ? 1 : Math.ceil(size / part))
  requireFewParts(op, input, count)
  const sizes = Array.from({ length: count }, (_, i) => Math.min(part, size - i * part))
  return partsOf(input, axis, sizes)
}

type Parts = number | readonly number[]

/** What {@link split} takes by name; the method says `splitSize`, as PyTorch's does. */
export type SplitOptions = { dim?: number } & (
  | { splitSizeOrSections: Parts }
  | { splitSize: Parts }
)

/** How {@link split} is called. */
export type SplitArguments =
  | [parts: Parts, dim?: number]
  | [parts: Parts, options: { dim?: number }]
  | [options: SplitOptions]

const readSplit = parameters<[Parts, number]>('split', ['splitSizeOrSections', 'dim'])

/** Arguments with an option that has several names under the last of them. */
function renamed(given: readonly unknown[], aliases: readonly string[], name: string): unknown[] {
  return given.map((argument) => {
    if (!isNamed(argument)) return argument
    const entries = Object.entries(argument)
    return Object.fromEntries(entries.map(([key, v]) => [aliases.includes(key) ? name : key, v]))
  })
}

/**
 * Parts of an axis, as views: each of one size (the last may be shorter), or as long as the given
 * sizes say.
 *
 * @throws {ValueError} if the size is not ≥ 1, or the sizes do not add up to the axis.
 * @see torch.split
 */
export function split<D extends DType>(input: Tensor<D>, ...given: SplitArguments): Tensor<D>[] {
  requireTensor('split', 'input', input)
  const [parts, dim = 0] = readSplit(renamed(given, ['splitSize'], 'splitSizeOrSections'))
  const axis = axisOf('split', dim, input)
  return typeof parts === 'number'
    ? splitBySize('split', input, parts, axis)
    : splitBySizes('split', input, parts, axis)
}

/** What {@link splitWithSizes} takes by name. */
export interface SplitWithSizesOptions {
  splitSizes: readonly number[]
  /** Default 0. */
  dim?: number
}

type SplitWithSizesArguments = Arguments<SplitWithSizesOptions, ['splitSizes', 'dim']>

const readSplitWithSizes = parameters<[readonly number[], number]>('splitWithSizes', [
  'splitSizes',
  'dim',
])

/**
 * Parts of an axis, as views, as long as the given sizes say.
 *
 * @throws {ValueError} if the sizes do not add up to the axis.
 * @see torch.split_with_sizes
 */
export function splitWithSizes<D extends DType>(
  input: Tensor<D>,
  ...given: SplitWithSizesArguments
): Tensor<D>[] {
  requireTensor('splitWithSizes', 'input', input)
  const [sizes, dim = 0] = readSplitWithSizes(given)
  return splitBySizes('splitWithSizes', input, sizes, axisOf('splitWithSizes', dim, input))
}

/** What {@link chunk} takes by name. */
export interface ChunkOptions {
  chunks: number
  /** Default 0. */
  dim?: number
}

type ChunkArguments = Arguments<ChunkOptions, ['chunks', 'dim']>

const readChunk = parameters<[number, number]>('chunk', ['chunks', 'dim'])

/**
 * At most `chunks` parts of an axis, as views, all of one length but for the last.
 *
 * @throws {ValueError} if `chunks` is not ≥ 1.
 * @see torch.chunk
 */
export function chunk<D extends DType>(input: Tensor<D>, ...given: ChunkArguments): Tensor<D>[] {
  requireTensor('chunk', 'input', input)
  const [number, dim = 0] = readChunk(given)
  const chunks = number as number
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ValueError(
      'chunk',
      { input },
      `chunks is a whole number ≥ 1, not ${show(chunks)}`,
      'pass 1 or more',
    )
  }
  const axis = axisOf('chunk', dim, input)
  const size = input.shape[axis] as number
  if (size > 0) return splitBySize('chunk', input, Math.ceil(size / chunks), axis)
  // Nothing to share out: as many empty parts as were asked for.
  requireFewParts('chunk', input, chunks)
  return Array.from({ length: chunks }, () => narrow(input, axis, 0, 0))
}

/** What {@link unbind} takes by name. */
export interface UnbindOptions {
  /** Default 0. */
  dim?: number
}

type UnbindArguments = Arguments<UnbindOptions, ['dim']>

const readUnbind = parameters<[number]>('unbind', ['dim'])

/**
 * All positions of an axis, as views without it.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.unbind
 */
export function unbind<D extends DType>(input: Tensor<D>, ...given: UnbindArguments): Tensor<D>[] {
  requireTensor('unbind', 'input', input)
  const [dim = 0] = readUnbind(given)
  const axis = axisOf('unbind', dim, input)
  const count = input.shape[axis] as number
  requireFewParts('unbind', input, count)
  const places = Array.from({ length: count }, (_, i) => i)
  if (isTogether(input, count)) {
    const shape = input._shape.filter((_, i) => i !== axis)
    return together(
      unbindOp,
      input,
      axis,
      places,
      places.map(() => shape),
    ) as Tensor<D>[]
  }
  return asMultipleViews(() => places.map((i) => select(input, axis, i)))
}

type Indices = Parts | Tensor

/** How many parts, or where parts begin, by one of its names. */
export type SectionOptions<Value> =
  | { indicesOrSections: Value }
  | { indices: Value }
  | { sections: Value }

/** How {@link tensorSplit} is called: a number of parts, or an array or int64 tensor of places. */
export type TensorSplitArguments =
  | [indicesOrSections: Indices, dim?: number]
  | [indicesOrSections: Indices, options: { dim?: number }]
  | [options: SectionOptions<Indices> & { dim?: number }]

const readTensorSplit = parameters<[Indices, number]>('tensorSplit', ['indicesOrSections', 'dim'])

/** A number of sections, or indices. */
function sectionsOf(op: string, input: Tensor, value: unknown): Parts {
  if (value instanceof Tensor) {
    if (value.ndim <= 1 && value._dtype === INT64) {
      return value.tolist() as number | number[]
    }
  } else if (Number.isSafeInteger(value)) {
    return value as number
  } else if (Array.isArray(value) && value.every(Number.isSafeInteger)) {
    return value as number[]
  }
  throw new ValueError(
    op,
    { input },
    `indicesOrSections is a whole number, an array of them, or an int64 tensor with at most one axis, not ${show(value)}`,
    `${op}(3) or ${op}([2, 5])`,
  )
}

/** Parts that begin at these positions, which are bounds as of a slice. */
function splitAt(input: Tensor, indices: readonly number[], axis: number): Tensor[] {
  requireFewParts('tensorSplit', input, indices.length + 1)
  let start = 0
  return [...indices, null].map((end) => {
    const part = slice(input, axis, start, end)
    start = end as number
    return part
  })
}

function splitEvenly(op: string, input: Tensor, sections: number, axis: number): Tensor[] {
  const size = input.shape[axis] as number
  if (sections < 1) {
    throw new ValueError(op, { input }, `${sections} parts cannot be made`, 'ask for 1 or more')
  }
  requireFewParts(op, input, sections)
  const least = Math.floor(size / sections)
  const larger = size % sections
  let start = 0
  return Array.from({ length: sections }, (_, i) => {
    const count = least + (i < larger ? 1 : 0)
    start += count
    return narrow(input, axis, start - count, count)
  })
}

/**
 * Parts of an axis, as views: a number of them whose sizes differ by one at the most, or parts that
 * begin at given positions.
 *
 * @throws {ValueError} if there are fewer than one part, or positions that are not whole.
 * @throws {IndexError} if there is no such axis.
 * @see torch.tensor_split
 */
export function tensorSplit<D extends DType>(
  input: Tensor<D>,
  ...given: TensorSplitArguments
): Tensor<D>[] {
  requireTensor('tensorSplit', 'input', input)
  const [value, dim = 0] = readTensorSplit(
    renamed(given, ['indices', 'sections'], 'indicesOrSections'),
  )
  const axis = axisOf('tensorSplit', dim, input)
  const parts = sectionsOf('tensorSplit', input, value)
  return typeof parts === 'number'
    ? splitEvenly('tensorSplit', input, parts, axis)
    : splitAt(input, parts, axis)
}

/** How {@link hsplit} and its siblings are called. */
export type AxisSplitArguments = [indicesOrSections: Parts] | [options: SectionOptions<Parts>]

const readAxisSplit = parameters<[Parts]>('tensorSplit', ['indicesOrSections'])

function axisSplit(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  axis: number,
  least: number,
): Tensor[] {
  if (input.ndim < least) {
    throw new ShapeError(
      op,
      { input },
      `the tensor has ${input.ndim} axes, ${op}() needs ${least}`,
      'name the axis: tensorSplit(parts, dim)',
    )
  }
  const [value] = readAxisSplit(renamed(given, ['indices', 'sections'], 'indicesOrSections'))
  const parts = sectionsOf(op, input, value)
  if (typeof parts !== 'number') return splitAt(input, parts, axis)
  const size = input.shape[normalizeAxis(op, axis, input.ndim, input)] as number
  if (parts < 1 || size % parts !== 0) {
    throw new ValueError(
      op,
      { input },
      `${parts} parts of equal size do not make axis ${axis}, which has ${size}`,
      'choose a divisor, or use tensorSplit()',
    )
  }
  return splitEvenly(op, input, parts, axis)
}

/**
 * Parts side by side, as views: along axis 1, or along the only axis.
 *
 * @throws {ShapeError} for tensors without axes. @throws {ValueError} if the parts are not of one size.
 * @see torch.hsplit
 */
export function hsplit<D extends DType>(
  input: Tensor<D>,
  ...given: AxisSplitArguments
): Tensor<D>[] {
  requireTensor('hsplit', 'input', input)
  return axisSplit('hsplit', input, given, input.ndim === 1 ? 0 : 1, 1)
}

/**
 * Parts above each other, as views: along axis 0 of at least two.
 *
 * @throws {ShapeError} for fewer axes. @throws {ValueError} if the parts are not of one size.
 * @see torch.vsplit
 */
export function vsplit<D extends DType>(
  input: Tensor<D>,
  ...given: AxisSplitArguments
): Tensor<D>[] {
  requireTensor('vsplit', 'input', input)
  return axisSplit('vsplit', input, given, 0, 2)
}

/**
 * Parts behind each other, as views: along axis 2.
 *
 * @throws {ShapeError} for fewer than three axes. @throws {ValueError} if the parts are not of one size.
 * @see torch.dsplit
 */
export function dsplit<D extends DType>(
  input: Tensor<D>,
  ...given: AxisSplitArguments
): Tensor<D>[] {
  requireTensor('dsplit', 'input', input)
  return axisSplit('dsplit', input, given, 2, 3)
}

export interface SplittingMethods<D extends DType = AnyDType> {
  /** See {@link split}. */
  split(...given: SplitArguments): Tensor<D>[]
  /** See {@link splitWithSizes}. */
  splitWithSizes(...given: SplitWithSizesArguments): Tensor<D>[]
  /** See {@link chunk}. */
  chunk(...given: ChunkArguments): Tensor<D>[]
  /** See {@link unbind}. */
  unbind(...given: UnbindArguments): Tensor<D>[]
  /** See {@link tensorSplit}. */
  tensorSplit(...given: TensorSplitArguments): Tensor<D>[]
  /** See {@link hsplit}. */
  hsplit(...given: AxisSplitArguments): Tensor<D>[]
  /** See {@link vsplit}. */
  vsplit(...given: AxisSplitArguments): Tensor<D>[]
  /** See {@link dsplit}. */
  dsplit(...given: AxisSplitArguments): Tensor<D>[]
}

export const splittingMethods: MethodTable<SplittingMethods> = {
  split,
  splitWithSizes,
  chunk,
  unbind,
  tensorSplit,
  hsplit,
  vsplit,
  dsplit,
}
