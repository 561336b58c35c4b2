/** What an index expression says: turns numbers, slices, text, masks and index tensors into a plan. */
import type { SourceArray } from '../creation.ts'
import { tensor } from '../creation.ts'
import { BOOL, isFloatingCode, UINT8 } from '../dtype.ts'
import { DTypeError, IndexError, ValueError } from '../errors.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape } from '../shape.ts'
import { show } from '../show.ts'
import type { NestedArray } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { isIndexCode } from './index-groups.ts'
import { readText } from './index-text.ts'
import { placesOf } from './masking.ts'
import { transferred } from './transfer.ts'

/** Every `step`-th position from `start` up to and without `stop`; null leaves a bound open. */
export interface Span {
  readonly start?: number | null
  readonly stop?: number | null
  /** Another name of `stop`, as `slice()` has it. */
  readonly end?: number | null
  /** Default 1. */
  readonly step?: number | null
}

/**
 * Every `step`-th position of an axis from `start` up to and without `stop`, for indexing; Python's
 * `slice`. Negative bounds count from the back; null (or nothing) leaves a bound open.
 *
 * @example
 * ```ts
 * import { arange, span } from '@flambeau/core'
 * console.log(arange(10).at(span(1, -2, 3))) // tensor([1, 4, 7])
 * ```
 */
export function span(start?: number | null, stop?: number | null, step?: number | null): Span {
  return { start, stop, step }
}

/**
 * One part of an index:
 * - a whole number: that position, without the axis; negative ones count from the back;
 * - a {@link Span}, such as `{ start: 1, stop: 5 }`: a range of positions;
 * - `null`: a new axis of size 1; `'...'`: all axes that the other parts leave;
 * - a tensor or (nested) array of whole numbers: these positions, in the shape of the index;
 * - a tensor or (nested) array of booleans, or a uint8 tensor: the positions where it is true;
 * - text in Python's syntax, which may hold several parts: `'0, ..., ::2'`, `'1:-1, None, [0, 2]'`.
 */
export type Index = string | null | Span | Tensor | NestedArray | SourceArray

/** An index tensor or mask, and the axes of the basic result that it replaces. */
export interface AdvancedPart {
  axis: number
  count: number
  /** Whole numbers, or bool. */
  index: Tensor
  label: number
}

/** An index on a tensor of a certain shape. */
export interface IndexPlan {
  /** What native code needs for the basic part: see window_of in native/kernels/indexing.cc. */
  readonly tokens: readonly number[]
  /** Shape of the basic part: numbers, slices and new axes applied, all else as it is. */
  readonly shape: Shape
  /** Does the basic part leave the tensor as it is? */
  readonly whole: boolean
  readonly advanced: readonly AdvancedPart[]
}

const ELLIPSIS = '...'

const SPAN_KEYS: ReadonlySet<string> = new Set(['start', 'stop', 'end', 'step'])

/** A part after text and arrays are read: tensors have axes and are bool, or of whole numbers. */
type Part = number | boolean | null | typeof ELLIPSIS | Span | Tensor

function indexTensor(op: string, index: Tensor): Part {
  const masks = index._dtype === BOOL || index._dtype === UINT8
  if (index.ndim === 0 && !isFloatingCode(index._dtype)) {
    return masks ? Number(index.item()) !== 0 : index.item()
  }
  if (masks) return castCode(index, BOOL)
  if (isIndexCode(index._dtype)) return index
  throw new DTypeError(
    op,
    { index },
    `a tensor used as index must be int64, int32, uint8 or bool, not ${index.dtype}`,
    "convert: index.to('int64')",
  )
}

function indexArray(op: string, values: NestedArray | SourceArray): Part {
  const index = tensor(values)
  // An empty list has no values to tell their kind.
  return indexTensor(op, index.numel() === 0 ? index.to('int64') : index)
}

function readIndex(op: string, index: Index | undefined): Part | readonly Part[] {
  if (typeof index === 'number' || typeof index === 'boolean' || index === null) return index
  if (typeof index === 'string') {
    const { parts, basic } = readText(op, index)
    // The ellipsis is the same text in both.
    if (basic) return parts as readonly Part[]
    return parts.map((part) => (Array.isArray(part) ? indexArray(op, part) : part))
  }
  if (index instanceof Tensor) return indexTensor(op, index)
  if (Array.isArray(index) || ArrayBuffer.isView(index)) {
    return indexArray(op, index)
  }
  if (typeof index === 'object' && Object.keys(index).every((key) => SPAN_KEYS.has(key))) {
    return index
  }
  throw new ValueError(
    op,
    [{ name: 'index', description: typeof index }],
    'an index is a number, text, null, a span, a tensor or an array',
    "x.at(0), x.at('1:3, ..., -1'), x.at(span(1, 3))",
  )
}

/** Does the index make no tensors on its way, and give a view? @internal */
export function isBasic(op: string, index: Index | undefined): boolean {
  if (typeof index === 'string') return readText(op, index).basic
  if (typeof index !== 'object') return typeof index === 'number'
  return (
    index === null ||
    !(index instanceof Tensor || Array.isArray(index) || ArrayBuffer.isView(index))
  )
}

/**
 * The parts of an index that was given as one array, if that stands for several: as in PyTorch, an
 * array with anything but numbers and booleans in it does. @internal
 */
export function spreadIndex(
  indices: readonly (Index | readonly Index[] | undefined)[],
): readonly (Index | undefined)[] {
  const [only] = indices
  if (indices.length === 1 && Array.isArray(only)) {
    if (only.some((part) => typeof part === 'object' || typeof part === 'string')) {
      return only
    }
  }
  return indices as readonly (Index | undefined)[]
}

function isWhole(value: number | null | undefined): boolean {
  return value === null || value === undefined || Number.isInteger(value)
}

/** Start, step and number of positions of a slice; bounds are cut to the axis, as in Python. */
function resolveSpan(op: string, span: Span, size: number, input: Tensor): number[] {
  const { start, step } = span
  const end = span.stop ?? span.end
  if (!isWhole(start) || !isWhole(end) || !isWhole(step)) {
    throw new ValueError(
      op,
      { input },
      `the slice ${[start, end, step].map(show).join(':')} has a bound that is not a whole number`,
      'round it',
    )
  }
  const stride = step ?? 1
  if (stride < 1) {
    throw new ValueError(
      op,
      { input },
      `the step of a slice must be at least 1, not ${show(stride)}`,
      'use flip() to reverse an axis',
    )
  }
  const place = (bound: number): number =>
    Math.min(Math.max(bound < 0 ? bound + size : bound, 0), size)
  const first = place(start ?? 0)
  const last = place(end ?? size)
  const count = Math.max(0, Math.ceil((last - first) / stride))
  // What a single position is far from does not matter, and must not overflow.
  return count === 0 ? [0, 0, 1, 0] : [0, first, count === 1 ? 1 : stride, count]
}

function consumed(part: Part): number {
  if (typeof part === 'number') return 1
  if (part instanceof Tensor) return part._dtype === BOOL ? part.ndim : 1
  return typeof part === 'object' && part !== null ? 1 : 0
}

function outOfRange(op: string, index: number, axis: number, input: Tensor): IndexError {
  const size = input._shape[axis] as number
  return new IndexError(
    op,
    { input },
    Number.isInteger(index)
      ? `index ${index} is outside axis ${axis}, which has ${size} ${size === 1 ? 'position' : 'positions'}`
      : `index ${index} is not a whole number`,
    size === 0 ? 'the axis is empty' : `use -${size} to ${size - 1}`,
  )
}

/** Reads an index on `input`. @throws {IndexError, ValueError, DTypeError} */
export function planIndex(
  op: string,
  input: Tensor,
  indices: readonly (Index | undefined)[],
): IndexPlan {
  const parts = indices.flatMap((index) => readIndex(op, index))
  const used = parts.reduce<number>((sum, part) => sum + consumed(part), 0)
  const rank = input.ndim
  if (used > rank) {
    throw new IndexError(
      op,
      { input },
      `the index has ${used} parts for ${rank} ${rank === 1 ? 'axis' : 'axes'}`,
      'name each axis at most once; a mask counts for each of its axes',
    )
  }
  const ellipses = parts.filter((part) => part === ELLIPSIS).length
  if (ellipses > 1) {
    throw new IndexError(op, { input }, "an index has at most one '...'", "write ':' for one axis")
  }
  if (ellipses === 0) parts.push(ELLIPSIS)

  const tokens: number[] = []
  const shape: number[] = []
  const advanced: AdvancedPart[] = []
  let axis = 0 // of the input
  let whole = true
  const keep = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const size = input._shape[axis++] as number
      tokens.push(0, 0, 1, size)
      shape.push(size)
    }
  }
  for (const part of parts) {
    if (part === ELLIPSIS) {
      keep(rank - used)
    } else if (part === null || typeof part === 'boolean') {
      tokens.push(2, 0, 1, 1)
      whole = false
      if (part !== null) {
        const index = tensor(part ? [0] : [], { dtype: 'int64', device: input.device })
        advanced.push({ axis: shape.length, count: 1, index, label: axis })
      }
      shape.push(1)
    } else if (typeof part === 'number') {
      const size = input._shape[axis] as number
      if (!Number.isInteger(part) || part < -size || part >= size) {
        throw outOfRange(op, part, axis, input)
      }
      tokens.push(1, part < 0 ? part + size : part, 1, 1)
      whole = false
      axis++
    } else if (part instanceof Tensor) {
      const count = consumed(part)
      if (part._dtype === BOOL) requireMaskFits(op, part, input, axis)
      // As in PyTorch, an index may be in the processor's memory wherever the tensor is.
      const index = transferred(op, part, input.device)
      advanced.push({ axis: shape.length, count, index, label: axis })
      keep(count)
    } else {
      const size = input._shape[axis++] as number
      const token = resolveSpan(op, part, size, input)
      tokens.push(...token)
      shape.push(token[3] as number)
      whole &&= token[3] === size
    }
  }
  return { tokens, shape: checkShape(op, shape), whole, advanced }
}

function requireMaskFits(op: string, mask: Tensor, input: Tensor, axis: number): void {
  const covered = input._shape.slice(axis, axis + mask.ndim)
  const wrong = mask._shape.findIndex((size, i) => size !== covered[i])
  if (wrong < 0) return
  throw new IndexError(
    op,
    { input, mask },
    `the mask ${formatShape(mask._shape)} must have the sizes of the axes it stands for, ${formatShape(covered)}: axis ${axis + wrong} has ${covered[wrong]} positions, the mask ${mask._shape[wrong]}`,
    'a mask covers as many axes as it has, from its place in the index on',
  )
}

/** A part whose mask, if it is one, is replaced by the places where it is true. */
export function withPlaces(part: AdvancedPart): AdvancedPart {
  return part.index._dtype === BOOL ? { ...part, index: placesOf(part.index) } : part
}
