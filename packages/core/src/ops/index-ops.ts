/** Elements picked, written or added by index tensors. `at` and `setAt` are in indexing.ts. */
import { INT64 } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireOperand, requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run, runInPlace } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, normalizeAxis } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import type { IndexGroup } from './index-groups.ts'
import {
  putGroup,
  reportedAs,
  requireFits,
  requireIndex,
  scalarValue,
  takeGroup,
} from './index-groups.ts'

/** A tensor without axes as one with a single position. */
function withAxis(tensor: Tensor): Tensor {
  return tensor.ndim === 0 ? tensor.reshape(1) : tensor
}

function vectorIndex(op: string, index: Tensor): Tensor {
  requireIndex(op, index)
  if (index.ndim <= 1) return withAxis(index)
  throw new ShapeError(
    op,
    { index },
    `the index has ${index.ndim} axes; it must have one`,
    'use flatten(), or at() to index with several axes',
  )
}

/** A single axis that an index of one axis replaces. */
function axisGroup(axis: number, wraps: boolean): IndexGroup {
  return { axis, count: 1, wraps, label: axis }
}

/**
 * The positions of axis `dim` that `index` names, in its order; a copy.
 *
 * Shapes: input `[.., n, ..]`, index `[k]` of whole numbers in [0, n) -> `[.., k, ..]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError} if index has several axes.
 * @throws {DTypeError} if index is not int64, int32 or uint8.
 * @see torch.index_select
 *
 * @example
 * ```ts
 * import { indexSelect, tensor } from '@flambeau/core'
 * const table = tensor([[1, 2], [3, 4], [5, 6]])
 * console.log(indexSelect(table, 0, tensor([2, 0])))
 * // tensor([[5, 6],
 * //         [1, 2]])
 * ```
 */
export function indexSelect(input: Tensor, dim: number, index: Tensor): Tensor {
  requireTensor('indexSelect', 'input', input)
  const axis = normalizeAxis('indexSelect', dim, input.ndim, input)
  const places = vectorIndex('indexSelect', index)
  if (input.ndim > 0) return takeGroup('indexSelect', input, places, axisGroup(axis, false))
  if (places.numel() !== 1) {
    throw new ShapeError(
      'indexSelect',
      { input, index },
      'of a tensor without axes, exactly one element can be selected',
      'use expand()',
    )
  }
  return takeGroup('indexSelect', withAxis(input), places, axisGroup(0, false)).reshape([])
}

/**
 * Elements by their place in the row-major order of all elements.
 *
 * Shapes: input `[*]`, index `[k..]` of whole numbers, negative ones from the back -> `[k..]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {DTypeError} for other indices.
 * @see torch.take
 */
export function take(input: Tensor, index: Tensor): Tensor {
  requireTensor('take', 'input', input)
  requireIndex('take', index)
  const from = withAxis(input)
  return takeGroup('take', from, index, { axis: 0, count: from.ndim, wraps: true, label: -1 })
}

/** Checks that `index` may name elements of `input` along an axis: as many axes, no larger. */
function requireInside(op: string, index: Tensor, input: Tensor, axis: number, name: string): void {
  const fits =
    index.ndim === input.ndim &&
    index._shape.every((size, i) => i === axis || size <= (input._shape[i] as number))
  if (fits) return
  throw new ShapeError(
    op,
    { [name]: input, index },
    index.ndim === input.ndim
      ? `the index ${formatShape(index._shape)} must not be larger than the ${name} ${formatShape(input._shape)}${axis < 0 ? '' : `, except on axis ${axis}`}`
      : `the index must have as many axes as the ${name}: ${input.ndim}, not ${index.ndim}`,
    'use indexSelect() for whole rows, or expand the index',
  )
}

interface ScatterParams {
  axis: number
  /** Add to what is there? Else it is overwritten. */
  add: boolean
}

const gatherOp = defineOp<'input' | 'index', number>('gather', ['input', 'index'], {
  derivative: {
    input: needs(['index'], (grad, { index }, { params: axis, shapes }) =>
      run(gatherGradOp, [grad, index as Tensor], shapes[0] as Shape, grad._dtype, [axis], axis),
    ),
    index: 'non-differentiable',
  },
})

const gatherGradOp = defineOp<'grad' | 'index', number>('gatherGrad', ['grad', 'index'], {
  derivative: {
    grad: needs(['index'], (grad, { index }, { params }) => gather(grad, params, index as Tensor)),
    index: 'non-differentiable',
  },
})

const scatterOp = defineOp<'input' | 'index' | 'src', ScatterParams>(
  'scatter',
  ['input', 'index', 'src'],
  {
    derivative: {
      input: needs(['index'], (grad, { index }, { params }) =>
        params.add ? grad : newScatter(grad, index as Tensor, 0, { ...params, add: false }),
      ),
      index: 'non-differentiable',
      src: needs(['index'], (grad, { index }, { params }) =>
        gather(grad, params.axis, index as Tensor),
      ),
    },
  },
)

function scatterInPlace(
  target: Tensor,
  index: Tensor,
  src: Operand,
  params: ScatterParams,
): Tensor {
  const numbers = [params.axis, params.add ? 1 : 0]
  runInPlace(scatterOp, [target], [target, index, src], numbers, params, target._dtype)
  return target
}

function newScatter(input: Tensor, index: Tensor, src: Operand, params: ScatterParams): Tensor {
  const numbers = [params.axis, params.add ? 1 : 0]
  return run(scatterOp, [input, index, src], input._shape, input._dtype, numbers, params)
}

/**
 * For each element of `index`, the element of `input` at the same position, but at the place on axis
 * `dim` that the index names: out[i][j][k] = input[i][index[i][j][k]][k] for dim 1.
 *
 * Shapes: input `[..]`, index with as many axes, no larger except on axis `dim` -> shape of index.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError} if index does not fit.
 * @throws {DTypeError} if index is not int64, int32 or uint8.
 * @see torch.gather
 *
 * @example
 * ```ts
 * import { gather, tensor } from '@flambeau/core'
 * const scores = tensor([[0.1, 0.9], [0.7, 0.3]])
 * console.log(gather(scores, 1, tensor([[1], [0]])))
 * // tensor([[0.9000],
 * //         [0.7000]])
 * ```
 */
export function gather(input: Tensor, dim: number, index: Tensor): Tensor {
  requireTensor('gather', 'input', input)
  requireIndex('gather', index)
  const axis = normalizeAxis('gather', dim, input.ndim, input)
  if (index.numel() === 0 && index.ndim !== input.ndim) {
    return takeGroup('gather', input.reshape(-1), index, axisGroup(0, false))
  }
  if (input.ndim === 0 || index.ndim === 0) {
    const places = withAxis(index)
    return gather(withAxis(input), axis, places.ndim === 1 ? places : index).reshape(index._shape)
  }
  requireInside('gather', index, input, axis, 'input')
  return run(gatherOp, [input, index], index._shape, input._dtype, [axis], axis)
}

export interface ScatterOptions {
  /** `'add'` adds to what is there; by default it is overwritten. */
  reduce?: 'add' | null
}

/** Common to all forms of scatter. */
function scatterInto(
  op: string,
  input: Tensor,
  dim: number,
  index: Tensor,
  src: Operand,
  add: boolean,
  inPlace: boolean,
): Tensor {
  requireTensor(op, 'input', input)
  requireIndex(op, index)
  requireOperand(op, 'src', src)
  const axis = normalizeAxis(op, dim, input.ndim, input)
  let source: Operand = src
  if (src instanceof Tensor) {
    if (src._dtype !== input._dtype) {
      throw new DTypeError(
        op,
        { input, src },
        `src must have the dtype of the input, ${input.dtype}`,
        `convert: src.to('${input.dtype}')`,
      )
    }
  } else {
    requireFits(op, src, input)
  }
  const params = { axis, add }
  if (input.ndim === 0 || index.ndim === 0) {
    const places = withAxis(index)
    const from = src instanceof Tensor ? withAxis(src) : src
    const written = scatterInto(op, withAxis(input), axis, places, from, add, inPlace)
    return inPlace ? input : written.reshape(input._shape)
  }
  if (index.numel() === 0) return inPlace ? input : input.clone()
  requireInside(op, index, input, axis, 'input')
  if (src instanceof Tensor) {
    requireInside(op, index, src, -1, 'src')
    source = index._shape.reduce(
      (part, size, i) => (size < (part._shape[i] as number) ? part.narrow(i, 0, size) : part),
      src,
    )
  }
  const write = inPlace ? scatterInPlace : newScatter
  return reportedAs(op, () => write(input, index, source, params))
}

function adds(op: string, options: ScatterOptions | undefined): boolean {
  const reduce: unknown = options?.reduce ?? null
  if (reduce === null || reduce === 'add') return reduce === 'add'
  throw new ValueError(op, [], `reduce must be 'add', not ${show(reduce)}`, "{ reduce: 'add' }")
}

/**
 * A copy of `input` with the elements of `src` (or one number) written where `index` says:
 * out[i][index[i][j][k]][k] = src[i][j][k] for dim 1. Where several go to one place, the last counts;
 * with `reduce: 'add'` they are added, in order.
 *
 * Shapes: index has as many axes as input, and is no larger, except on axis `dim`; src is at least as
 * large as index. Dtype: that of input, which src must have.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @see torch.scatter
 */
export function scatter(
  input: Tensor,
  dim: number,
  index: Tensor,
  src: Operand,
  options?: ScatterOptions,
): Tensor {
  return scatterInto('scatter', input, dim, index, src, adds('scatter', options), false)
}

/** {@link scatter} that adds: out[i][index[i][j][k]][k] += src[i][j][k]. @see torch.scatter_add */
export function scatterAdd(input: Tensor, dim: number, index: Tensor, src: Tensor): Tensor {
  return scatterInto('scatterAdd', input, dim, index, src, true, false)
}

/** Checks the operands of `indexAdd` and `indexCopy`, and writes. */
function putRows(
  op: string,
  input: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  alpha: number | null,
  inPlace: boolean,
): Tensor {
  requireTensor(op, 'input', input)
  requireTensor(op, 'source', source)
  const axis = normalizeAxis(op, dim, input.ndim, input)
  const places = vectorIndex(op, index)
  if (source._dtype !== input._dtype) {
    throw new DTypeError(
      op,
      { input, source },
      `the source must have the dtype of the input, ${input.dtype}`,
      `convert: source.to('${input.dtype}')`,
    )
  }
  const rows = withAxis(source)
  const target = withAxis(input)
  const wanted = target._shape.map((size, i) => (i === axis ? places.numel() : size))
  if (source.ndim !== input.ndim || rows._shape.join() !== wanted.join()) {
    throw new ShapeError(
      op,
      { input, index, source },
      `the source must have shape ${formatShape(wanted)}: that of the input, with a position on axis ${axis} for each index`,
      'select or expand the source',
    )
  }
  const params = { ...axisGroup(axis, false), add: alpha !== null, alpha: alpha ?? 1 }
  const written = putGroup(op, target, places, rows, params, inPlace)
  return inPlace ? input : input.ndim === 0 ? written.reshape([]) : written
}

export interface IndexAddOptions {
  /** Factor of `source`. Default 1. */
  alpha?: number
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
export function indexAdd(
  input: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options?: IndexAddOptions,
): Tensor {
  return putRows('indexAdd', input, dim, index, source, options?.alpha ?? 1, false)
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
export function indexCopy(input: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  return putRows('indexCopy', input, dim, index, source, null, false)
}

function fillRows(
  op: string,
  input: Tensor,
  dim: number,
  index: Tensor,
  value: Operand,
  inPlace: boolean,
): Tensor {
  requireTensor(op, 'input', input)
  requireOperand(op, 'value', value)
  const axis = normalizeAxis(op, dim, input.ndim, input)
  const places = vectorIndex(op, index)
  const filler = scalarValue(op, value, input)
  const params = { ...axisGroup(axis, true), add: false, alpha: 1 }
  const written = putGroup(op, withAxis(input), places, filler, params, inPlace)
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
export function indexFill(input: Tensor, dim: number, index: Tensor, value: Operand): Tensor {
  return fillRows('indexFill', input, dim, index, value, false)
}

const oneHotOp = defineOp('oneHot', ['input'], { derivative: { input: 'non-differentiable' } })

/**
 * A vector for each class index: 1 at the class, 0 elsewhere. Without `numClasses` there are as many
 * classes as the largest index says.
 *
 * Shapes: input `[*]` of whole numbers in [0, C) -> `[*, C]`, int64.
 *
 * @throws {IndexError} naming a class out of range. @throws {ValueError} if the number of classes is
 * left out and there is no index, or it is not a whole number ≥ 0.
 * @see torch.nn.functional.one_hot
 */
export function oneHot(input: Tensor, numClasses = -1): Tensor {
  requireIndex('oneHot', input)
  let classes = numClasses
  if (classes === -1) {
    if (input.numel() === 0) {
      throw new ValueError(
        'oneHot',
        { input },
        'without an index, the number of classes must be given',
        'oneHot(x, 10)',
      )
    }
    classes = 0
    for (const label of input.toArray()) if (label >= classes) classes = label + 1
  }
  if (!Number.isInteger(classes) || classes < 0) {
    throw new ValueError(
      'oneHot',
      { input },
      `the number of classes is a whole number ≥ 0, or -1, not ${show(numClasses)}`,
      'oneHot(x, 10)',
    )
  }
  const shape = checkShape('oneHot', [...input._shape, classes])
  return run(oneHotOp, [input], shape, INT64)
}

export interface IndexMethods {
  /** See {@link indexSelect}. */
  indexSelect(dim: number, index: Tensor): Tensor
  /** See {@link take}. */
  take(index: Tensor): Tensor
  /** See {@link gather}. */
  gather(dim: number, index: Tensor): Tensor
  /** See {@link scatter}. */
  scatter(dim: number, index: Tensor, src: Operand, options?: ScatterOptions): Tensor
  /** {@link scatter}, writing into this tensor. */
  scatter_(dim: number, index: Tensor, src: Operand, options?: ScatterOptions): Tensor
  /** See {@link scatterAdd}. */
  scatterAdd(dim: number, index: Tensor, src: Tensor): Tensor
  /** {@link scatterAdd}, adding to this tensor. */
  scatterAdd_(dim: number, index: Tensor, src: Tensor): Tensor
  /** See {@link indexAdd}. */
  indexAdd(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor
  /** {@link indexAdd}, adding to this tensor. */
  indexAdd_(dim: number, index: Tensor, source: Tensor, options?: IndexAddOptions): Tensor
  /** See {@link indexCopy}. */
  indexCopy(dim: number, index: Tensor, source: Tensor): Tensor
  /** {@link indexCopy}, writing into this tensor. */
  indexCopy_(dim: number, index: Tensor, source: Tensor): Tensor
  /** See {@link indexFill}. */
  indexFill(dim: number, index: Tensor, value: Operand): Tensor
  /** {@link indexFill}, writing into this tensor. */
  indexFill_(dim: number, index: Tensor, value: Operand): Tensor
}

export const indexMethods: MethodTable<IndexMethods> = {
  indexSelect,
  take,
  gather,
  scatter,
  scatter_: (self, dim, index, src, options) =>
    scatterInto('scatter_', self, dim, index, src, adds('scatter_', options), true),
  scatterAdd,
  scatterAdd_: (self, dim, index, src) =>
    scatterInto('scatterAdd_', self, dim, index, src, true, true),
  indexAdd,
  indexAdd_: (self, dim, index, source, options) =>
    putRows('indexAdd_', self, dim, index, source, options?.alpha ?? 1, true),
  indexCopy,
  indexCopy_: (self, dim, index, source) =>
    putRows('indexCopy_', self, dim, index, source, null, true),
  indexFill,
  indexFill_: (self, dim, index, value) => fillRows('indexFill_', self, dim, index, value, true),
}
