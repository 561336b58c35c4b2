/** Elements picked by index tensors. Indexing as in Python is in indexing.ts. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, formatShape, normalizeAxis } from '../shape.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import type { IndexGroup } from './index-groups.ts'
import { isIndexCode, reportedAs, requireIndex, takeGroup } from './index-groups.ts'

/** A tensor without axes as one with a single position. @internal */
export function withAxis(tensor: Tensor): Tensor {
  return tensor.ndim === 0 ? tensor.reshape(1) : tensor
}

/** An index with one axis. @internal @throws {ShapeError} if it has more. */
export function vectorIndex(op: string, index: unknown): Tensor {
  requireIndex(op, index)
  if (index.ndim <= 1) return withAxis(index)
  throw new ShapeError(
    op,
    { index },
    `the index has ${index.ndim} axes; it must have one`,
    'use flatten(), or at() to index with several axes',
  )
}

/** A single axis that an index of one axis replaces. @internal */
export function axisGroup(axis: number, wraps: boolean): IndexGroup {
  return { axis, count: 1, wraps, label: axis }
}

/** All axes, of which an index names elements in row-major order. @internal */
export function elementGroup(input: Tensor): IndexGroup {
  return { axis: 0, count: input.ndim, wraps: true, label: -1 }
}

/** The axis that a caller named. @internal @throws {IndexError} if there is none. */
export function axisOf(op: string, dim: unknown, input: Tensor): number {
  return normalizeAxis(op, dim as number, input.ndim, input)
}

interface DimAndIndex {
  /** The indexed axis. */
  dim: number
  /** Places on that axis. */
  index: Tensor
}

/** What `indexSelect` takes after its tensor. */
export type IndexSelectArguments = Arguments<DimAndIndex, ['dim', 'index']>

const readIndexSelect = parameters<[number, Tensor]>('indexSelect', ['dim', 'index'])

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
export function indexSelect<D extends DType>(
  input: Tensor<D>,
  ...given: IndexSelectArguments
): Tensor<D> {
  requireTensor('indexSelect', 'input', input)
  const [dim, index] = readIndexSelect(given)
  const axis = axisOf('indexSelect', dim, input)
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

/** What `take` takes after its tensor. */
export type TakeArguments = Arguments<{ index: Tensor }, ['index']>

const readTake = parameters<[Tensor]>('take', ['index'])

/**
 * Elements by their place in the row-major order of all elements.
 *
 * Shapes: input `[*]`, index `[k..]` of whole numbers, negative ones from the back -> `[k..]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {DTypeError} for other indices.
 * @see torch.take
 */
export function take<D extends DType>(input: Tensor<D>, ...given: TakeArguments): Tensor<D> {
  requireTensor('take', 'input', input)
  const [index] = readTake(given)
  requireIndex('take', index)
  const from = withAxis(input)
  return takeGroup('take', from, index, elementGroup(from))
}

/**
 * Checks that `index` may name elements of `input` along an axis: as many axes, no larger.
 *
 * @internal @throws {ShapeError} where it does not fit.
 */
export function requireInside(
  op: string,
  index: Tensor,
  input: Tensor,
  axis: number,
  name: string,
): void {
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
    grad: needs(['index'], (grad, { index }, { params }) =>
      gatherAlong('gather', grad, params, index as Tensor),
    ),
    index: 'non-differentiable',
  },
})

function gatherAlong(op: string, input: Tensor, axis: number, index: Tensor): Tensor {
  if (index.numel() === 0 && index.ndim !== input.ndim) {
    return takeGroup(op, input.reshape(-1), index, axisGroup(0, false))
  }
  if (input.ndim === 0 || index.ndim === 0) {
    const places = withAxis(index)
    const reached = places.ndim === 1 ? places : index
    return gatherAlong(op, withAxis(input), axis, reached).reshape(index._shape)
  }
  requireInside(op, index, input, axis, 'input')
  return reportedAs(op, () =>
    run(gatherOp, [input, index], index._shape, input._dtype, [axis], axis),
  )
}

export interface GatherOptions extends DimAndIndex {
  /** Taken for PyTorch's sake: gradients are dense either way. */
  sparseGrad?: boolean
}

/** What `gather` takes after its tensor. */
export type GatherArguments = Arguments<GatherOptions, ['dim', 'index', 'sparseGrad']>

const readGather = parameters<[number, Tensor, boolean]>('gather', ['dim', 'index', 'sparseGrad'])

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
export function gather<D extends DType>(input: Tensor<D>, ...given: GatherArguments): Tensor<D> {
  requireTensor('gather', 'input', input)
  const [dim, index] = readGather(given)
  requireIndex('gather', index)
  return gatherAlong('gather', input, axisOf('gather', dim, input), index)
}

export interface TakeAlongDimOptions {
  /** Places on the axis; negative ones count from the back. */
  indices: Tensor
  /** The indexed axis; null (the default) indexes all elements in row-major order. */
  dim?: number | null
}

/** What `takeAlongDim` takes after its tensor. */
export type TakeAlongDimArguments = Arguments<TakeAlongDimOptions, ['indices', 'dim']>

const readTakeAlongDim = parameters<[Tensor, number | null]>('takeAlongDim', ['indices', 'dim'])

/**
 * {@link gather} that broadcasts: elements of `input` at the places on axis `dim` that `indices`
 * names. What argmax() or argsort() return with their axis fits.
 *
 * Shapes: input and indices with as many axes, which broadcast on all axes but `dim` -> that shape
 * with the size of indices on axis `dim`. Without `dim`: input `[*]`, indices `[*]` -> `[k]`.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError} if they do not broadcast.
 * @throws {DTypeError} if indices is not int64, int32 or uint8.
 * @see torch.take_along_dim
 */
export function takeAlongDim<D extends DType>(
  input: Tensor<D>,
  ...given: TakeAlongDimArguments
): Tensor<D> {
  requireTensor('takeAlongDim', 'input', input)
  const [indices, dim = null] = readTakeAlongDim(given)
  requireTensor('takeAlongDim', 'indices', indices)
  if (!isIndexCode(indices._dtype)) {
    throw new DTypeError(
      'takeAlongDim',
      { input, indices },
      `indices are int64, int32 or uint8, not ${indices.dtype}`,
      "convert: indices.to('int64')",
    )
  }
  if (dim === null) return take(input, indices.reshape(-1))
  if (input.ndim !== indices.ndim) {
    throw new ShapeError(
      'takeAlongDim',
      { input, indices },
      `the indices must have as many axes as the input: ${input.ndim}, not ${indices.ndim}`,
      'unsqueeze() adds axes, or leave dim out to index all elements',
    )
  }
  const axis = axisOf('takeAlongDim', dim, input)
  if (input.ndim === 0) return take(input, indices)
  const size = input._shape[axis] as number
  const around = (shape: Shape, own: number): number[] =>
    shape.map((n, i) => (i === axis ? own : n))
  const shape = broadcastShapes(
    'takeAlongDim',
    around(input._shape, 1),
    around(indices._shape, 1),
    { input, indices },
  )
  const places = indices.where(indices.ge(0), indices.add(size))
  const count = indices._shape[axis] as number
  return gatherAlong(
    'takeAlongDim',
    input.expand(around(shape, size)),
    axis,
    places.expand(around(shape, count)),
  )
}

export interface GatheringMethods<D extends DType = AnyDType> {
  /** See {@link indexSelect}. */
  indexSelect(...given: IndexSelectArguments): Tensor<D>
  /** See {@link take}. */
  take(...given: TakeArguments): Tensor<D>
  /** See {@link gather}. */
  gather(...given: GatherArguments): Tensor<D>
  /** See {@link takeAlongDim}. */
  takeAlongDim(...given: TakeAlongDimArguments): Tensor<D>
}

export const gatheringMethods: MethodTable<GatheringMethods> = {
  indexSelect,
  take,
  gather,
  takeAlongDim,
}
