/** Reductions of rows by group: what graph networks do with the messages that arrive at a node. */
import type { Tensor } from '@flambeau/core'
import { bincount, full, getDefaultDtype, ShapeError, ValueError, zeros } from '@flambeau/core'
import { requireTensor, show } from '@flambeau/core/internal'

/** How rows of one group become one. */
export type Aggregation = 'add' | 'mean' | 'max' | 'min'

function requireGroups(op: string, src: Tensor, index: Tensor): void {
  requireTensor(op, 'src', src)
  requireTensor(op, 'index', index)
  if (src.ndim > 0 && index.ndim === 1 && index.shape[0] === src.shape[0]) return
  const rule = 'index has the number of the group of each row of src'
  throw new ShapeError(op, { src, index }, rule, 'give index as many elements as src has rows')
}

/** A number per row, shaped to go along with rows of `like`. */
const perRow = (values: Tensor, like: Tensor): Tensor =>
  values.reshape([values.shape[0] as number, ...Array<number>(like.ndim - 1).fill(1)])

/**
 * The sum, mean, maximum or minimum of the rows of each group; zeros for a group without rows.
 * Differentiable; equal extremes share the gradient.
 *
 * Shapes: src `[K, …]`, index int64 `[K]` -> `[size, …]`. Dtype: that of src; means of integers are
 * of the default dtype.
 *
 * @throws {IndexError} if a group is not below `size`. @throws {ShapeError} if index does not fit.
 * @throws {ValueError} for another reduction.
 * @see torch_geometric.utils.scatter
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { scatterRows } from '@flambeau/graph-models'
 * const groups = tensor([0, 0, 2], { dtype: 'int64' })
 * console.log(scatterRows(tensor([1, 5, 7]), groups, 3, 'mean').tolist()) // => [ 3, 0, 7 ]
 * ```
 */
export function scatterRows(
  src: Tensor,
  index: Tensor,
  size: number,
  reduction: Aggregation = 'add',
): Tensor {
  const op = 'scatterRows'
  requireGroups(op, src, index)
  const out = zeros([size, ...src.shape.slice(1)], { dtype: src.dtype as 'float32' })
  const rows = src as Tensor<'float32'>
  if (reduction === 'add') return out.indexAdd(0, index, rows)
  if (reduction === 'mean') {
    const count = groupSizes(index, size)
      .clamp(1)
      .to(src.dtype as 'float32')
    return out.indexAdd(0, index, rows).div(perRow(count, src))
  }
  if (reduction === 'max' || reduction === 'min') {
    return out.indexReduce(0, index, rows, `a${reduction}`, false)
  }
  const rule = `there is no reduction ${show(reduction)}`
  throw new ValueError(op, [], rule, 'use add, mean, max or min')
}

/** How many rows each group has: int64 `[size]`. */
export function groupSizes(index: Tensor, size: number): Tensor {
  requireTensor('groupSizes', 'index', index)
  if (index.numel() === 0) return zeros([size], { dtype: 'int64' })
  return bincount(index, { minlength: size })
}

/**
 * Softmax within each group: positive numbers that sum to 1 over the rows of a group.
 *
 * Shapes: scores `[K, …]`, index int64 `[K]` -> `[K, …]`. Dtype: that of src; integers become
 * the default dtype.
 *
 * @throws {IndexError} if a group is not below `size`. @throws {ShapeError} if index does not fit.
 * @see torch_geometric.utils.softmax
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { softmaxRows } from '@flambeau/graph-models'
 * const groups = tensor([0, 0, 1], { dtype: 'int64' })
 * console.log(softmaxRows(tensor([3, 3, 9]), groups, 2).tolist()) // => [ 0.5, 0.5, 1 ]
 * ```
 */
export function softmaxRows(scores: Tensor, index: Tensor, size: number): Tensor {
  requireGroups('softmaxRows', scores, index)
  const src = scores.isFloatingPoint() ? scores : scores.to(getDefaultDtype())
  const shape = [size, ...src.shape.slice(1)]
  const least = full(shape, -Infinity, { dtype: src.dtype as 'float32' })
  // What is subtracted cancels: no gradient goes through it.
  const top = least.indexReduce(0, index, src.detach() as Tensor<'float32'>, 'amax')
  const powers = src.sub(top.indexSelect(0, index)).exp()
  const sums = zeros(shape, { dtype: src.dtype as 'float32' }).indexAdd(
    0,
    index,
    powers as Tensor<'float32'>,
  )
  return powers.div(sums.indexSelect(0, index))
}
