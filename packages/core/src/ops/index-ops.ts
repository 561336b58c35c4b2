/** Whole rows written, added or reduced where an index says; single elements by their place. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import type { DType } from '../dtype.ts'
import { BOOL, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { isRecording } from '../op.ts'
import { formatShape } from '../shape.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import { axisGroup, axisOf, elementGroup, vectorIndex, withAxis } from './gathering.ts'
import type { Value } from './index-groups.ts'
import { asOperand, putGroup, requireIndex, scalarValue } from './index-groups.ts'
import type { Reduction } from './scatter-reduce.ts'
import { reductionNamed } from './scatter-reduce.ts'
import type { ReduceSwitch } from './scattering.ts'
import { scatterInto } from './scattering.ts'

/** The input and the index of an operation on rows, a single element as one row. */
interface Rows {
  axis: number
  /** With at least one axis. */
  target: Tensor
  /** With one axis. */
  places: Tensor
}

function rowsOf(op: string, input: Tensor, dim: unknown, index: unknown): Rows {
  requireTensor(op, 'input', input)
  const axis = axisOf(op, dim, input)
  return { axis, target: withAxis(input), places: vectorIndex(op, index) }
}

/** `source` as rows that fit: with the dtype and shape of the target, a row for each index. */
function sourceRows(
  op: string,
  input: Tensor,
  { axis, target, places }: Rows,
  source: unknown,
): Tensor {
  requireTensor(op, 'source', source)
  if (source._dtype !== input._dtype) {
    throw new DTypeError(
      op,
      { input, source },
      `the source must have the dtype of the input, ${input.dtype}`,
      `convert: source.to('${input.dtype}')`,
    )
  }
  const rows = withAxis(source)
  const wanted = target._shape.map((size, i) => (i === axis ? places.numel() : size))
  if (rows.ndim !== target.ndim || rows._shape.join() !== wanted.join()) {
    throw new ShapeError(
      op,
      { input, source, index: places },
      `the source must have shape ${formatShape(wanted)}: that of the input, with a position on axis ${axis} for each index`,
      'select or expand the source',
    )
  }
  return rows
}

/** Writes or adds rows: to `input`, or to a copy. */
function putRows(
  op: string,
  input: Tensor,
  dim: unknown,
  index: unknown,
  source: unknown,
  alpha: number | null,
  inPlace: boolean,
): Tensor {
  const rows = rowsOf(op, input, dim, index)
  const values = sourceRows(op, input, rows, source)
  const params = { ...axisGroup(rows.axis, false), add: alpha !== null, alpha: alpha ?? 1 }
  const written = putGroup(op, rows.target, rows.places, values, params, inPlace)
  return inPlace ? input : input.ndim === 0 ? written.reshape([]) : written
}

interface RowOptions {
  /** The indexed axis. */
  dim: number
  /** Positions on that axis, `[k]`. */
  index: Tensor
  /** A position on that axis for each index. */
  source: Tensor
}

export interface IndexAddOptions extends RowOptions {
  /** Factor of `source`. Default 1. */
  alpha?: number
}

/** What `indexAdd` takes after its tensor. */
export type IndexAddArguments = Arguments<IndexAddOptions, ['dim', 'index', 'source', 'alpha']>

const readIndexAdd = parameters<[number, Tensor, Tensor, number | boolean]>('indexAdd', [
  'dim',
  'index',
  'source',
  'alpha',
])

function indexAddForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  requireTensor(op, 'input', input)
  const [dim, index, source, alpha = 1] = readIndexAdd(given)
  const factor = asOperand(op, 'alpha', alpha)
  if (typeof factor !== 'number') {
    throw new ValueError(op, { alpha: factor }, 'alpha must be a number', 'use alpha.item()')
  }
  // A factor of integers is an integer.
  const whole = isFloatingCode(input._dtype) ? factor : Math.trunc(factor)
  return putRows(op, input, dim, index, source, whole, inPlace)
}

/**
 * A copy of `input` with alpha times the positions of `source` added to the positions of axis `dim`
 * that `index` names. Where an index repeats, all are added, in order.
 *
 * Shapes: input `[.., n, ..]`, index `[k]`, source `[.., k, ..]` -> `[.., n, ..]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @see torch.index_add
 */
export function indexAdd<D extends DType>(
  input: Tensor<D>,
  ...given: IndexAddArguments
): Tensor<D> {
  return indexAddForm('indexAdd', input, given, false)
}

/** What `indexCopy` takes after its tensor. */
export type IndexCopyArguments = Arguments<RowOptions, ['dim', 'index', 'source']>

const readIndexCopy = parameters<[number, Tensor, Tensor]>('indexCopy', ['dim', 'index', 'source'])

function indexCopyForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  const [dim, index, source] = readIndexCopy(given)
  return putRows(op, input, dim, index, source, null, inPlace)
}

/**
 * A copy of `input` with the positions of `source` written to the positions of axis `dim` that
 * `index` names. Where an index repeats, the last counts.
 *
 * Shapes: input `[.., n, ..]`, index `[k]`, source `[.., k, ..]` -> `[.., n, ..]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @see torch.index_copy
 */
export function indexCopy<D extends DType>(
  input: Tensor<D>,
  ...given: IndexCopyArguments
): Tensor<D> {
  if (autocasting.on) return inAutocast('indexCopy', indexCopy<D>, [input, ...given])
  return indexCopyForm('indexCopy', input, given, false)
}

export interface IndexFillOptions {
  /** The indexed axis. */
  dim: number
  /** Positions on that axis, `[k]`; negative ones count from the back. */
  index: Tensor
  /** A number, or a tensor without axes. */
  value: Value
}

/** What `indexFill` takes after its tensor. */
export type IndexFillArguments = Arguments<IndexFillOptions, ['dim', 'index', 'value']>

const readIndexFill = parameters<[number, Tensor, Value]>('indexFill', ['dim', 'index', 'value'])

function indexFillForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  const [dim, index, value] = readIndexFill(given)
  const { axis, target, places } = rowsOf(op, input, dim, index)
  const filler = scalarValue(op, value, input)
  if (filler instanceof Tensor && filler._requiresGrad && isRecording()) {
    // Each position counts once for the gradient of the value, however often the index names it.
    const size = target._shape[axis] as number
    const sizes = target._shape.map((_, i) => (i === axis ? size : 1))
    const params = { ...axisGroup(0, true), add: false, alpha: 1 }
    const mask = putGroup(op, fullCode([size], 0, BOOL, places), places, 1, params, true).reshape(
      sizes,
    )
    const shaped = input.ndim === 0 ? mask.reshape([]) : mask
    return inPlace ? input.maskedFill_(shaped, filler) : input.maskedFill(shaped, filler)
  }
  const params = { ...axisGroup(axis, true), add: false, alpha: 1 }
  const written = putGroup(op, target, places, filler, params, inPlace)
  return inPlace ? input : input.ndim === 0 ? written.reshape([]) : written
}

/**
 * A copy of `input` with one value at the positions of axis `dim` that `index` names, negative ones
 * from the back.
 *
 * Shapes: input `[.., n, ..]`, index `[k]`, value a number or `[]` -> `[.., n, ..]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError} if value has axes.
 * @see torch.index_fill
 */
export function indexFill<D extends DType>(
  input: Tensor<D>,
  ...given: IndexFillArguments
): Tensor<D> {
  return indexFillForm('indexFill', input, given, false)
}

export interface IndexReduceOptions extends RowOptions, ReduceSwitch {
  /** How positions that meet are combined. */
  reduce: Exclude<Reduction, 'sum'>
}

/** What `indexReduce` takes after its tensor. */
export type IndexReduceArguments = Arguments<
  IndexReduceOptions,
  ['dim', 'index', 'source', 'reduce', 'includeSelf']
>

const readIndexReduce = parameters<[number, Tensor, Tensor, string, boolean]>('indexReduce', [
  'dim',
  'index',
  'source',
  'reduce',
  'includeSelf',
])

function indexReduceForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  const [dim, index, source, reduce, includeSelf = true] = readIndexReduce(given)
  const mode = reductionNamed(op, reduce, 'sum')
  const rows = rowsOf(op, input, dim, index)
  const values = sourceRows(op, input, rows, source)
  const along = values._shape.map((size, i) => (i === rows.axis ? size : 1))
  const places = rows.places.reshape(along).expand(values._shape)
  const { target, axis } = rows
  const written = scatterInto(op, target, axis, places, values, mode, inPlace, includeSelf)
  return inPlace ? input : written.reshape(input._shape)
}

/**
 * A copy of `input` in which each position of axis `dim` that `index` names holds the product, mean,
 * maximum or minimum of what was there and all positions of `source` that go there; without
 * `includeSelf`, of the latter alone. Positions that are not named keep what they have.
 *
 * Shapes: input `[.., n, ..]`, index `[k]`, source `[.., k, ..]` -> `[.., n, ..]`. Dtype: that of
 * input, which source must have; a mean of integers is rounded down.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @throws {ValueError} for another `reduce`.
 * @see torch.index_reduce
 */
export function indexReduce<D extends DType>(
  input: Tensor<D>,
  ...given: IndexReduceArguments
): Tensor<D> {
  return indexReduceForm('indexReduce', input, given, false)
}

export interface PutOptions {
  /** Places in the row-major order of all elements; negative ones count from the back. */
  index: Tensor
  /** An element for each index. */
  source: Tensor
  /** Add to what is there, also where places repeat. Default false. */
  accumulate?: boolean
}

/** What `put` takes after its tensor. */
export type PutArguments = Arguments<PutOptions, ['index', 'source', 'accumulate']>

const readPut = parameters<[Tensor, Tensor, boolean]>('put', ['index', 'source', 'accumulate'])

function putForm(op: string, input: Tensor, given: readonly unknown[], inPlace: boolean): Tensor {
  requireTensor(op, 'input', input)
  const [index, source, accumulate = false] = readPut(given)
  requireIndex(op, index)
  requireTensor(op, 'source', source)
  if (source._dtype !== input._dtype) {
    throw new DTypeError(
      op,
      { input, source },
      `the source must have the dtype of the input, ${input.dtype}`,
      `convert: source.to('${input.dtype}')`,
    )
  }
  if (source.numel() !== index.numel()) {
    throw new ShapeError(
      op,
      { input, index, source },
      `the source must have an element for each index: ${index.numel()}, not ${source.numel()}`,
      'select or expand the source',
    )
  }
  const target = withAxis(input)
  const params = { ...elementGroup(target), add: accumulate, alpha: 1 }
  const written = putGroup(op, target, index, source.reshape(index._shape), params, inPlace)
  return inPlace ? input : input.ndim === 0 ? written.reshape([]) : written
}

/**
 * A copy of `input` with the elements of `source` written (or with `accumulate` added) at places in
 * the row-major order of all elements. Where a place repeats, the last counts, or all are added.
 *
 * Shapes: input `[*]`, index and source with equally many elements -> `[*]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @see torch.put
 */
export function put<D extends DType>(input: Tensor<D>, ...given: PutArguments): Tensor<D> {
  return putForm('put', input, given, false)
}

export interface IndexMethods<D extends DType = AnyDType> {
  /** See {@link indexAdd}. */
  indexAdd(...given: IndexAddArguments): Tensor<D>
  /** {@link indexAdd}, adding to this tensor. */
  indexAdd_(...given: IndexAddArguments): Tensor<D>
  /** See {@link indexCopy}. */
  indexCopy(...given: IndexCopyArguments): Tensor<D>
  /** {@link indexCopy}, writing into this tensor. */
  indexCopy_(...given: IndexCopyArguments): Tensor<D>
  /** See {@link indexFill}. */
  indexFill(...given: IndexFillArguments): Tensor<D>
  /** {@link indexFill}, writing into this tensor. */
  indexFill_(...given: IndexFillArguments): Tensor<D>
  /** See {@link indexReduce}. */
  indexReduce(...given: IndexReduceArguments): Tensor<D>
  /** {@link indexReduce}, writing into this tensor. */
  indexReduce_(...given: IndexReduceArguments): Tensor<D>
  /** See {@link put}. */
  put(...given: PutArguments): Tensor<D>
  /** {@link put}, writing into this tensor. */
  put_(...given: PutArguments): Tensor<D>
}

export const indexMethods: MethodTable<IndexMethods> = {
  indexAdd,
  indexAdd_: (self, ...given) => indexAddForm('indexAdd_', self, given, true),
  indexCopy,
  indexCopy_: (self, ...given) => indexCopyForm('indexCopy_', self, given, true),
  indexFill,
  indexFill_: (self, ...given) => indexFillForm('indexFill_', self, given, true),
  indexReduce,
  indexReduce_: (self, ...given) => indexReduceForm('indexReduce_', self, given, true),
  put,
  put_: (self, ...given) => putForm('put_', self, given, true),
}
