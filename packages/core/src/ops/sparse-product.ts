/** Products of a sparse matrix, given as compressed rows, and a dense one. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { INT32, INT64, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { Op } from '../op.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { formatShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

/** Number of columns, or of rows, of a matrix. */
function sizeOf(shapes: readonly (Shape | null)[], i: number, axis: number): number {
  return (shapes[i] as Shape)[axis] as number
}

const spmmOp: Op = defineOp('spmm', ['crow', 'col', 'values', 'dense'], {
  derivative: {
    crow: 'non-differentiable',
    col: 'non-differentiable',
    values: needs(['crow', 'col', 'dense'], (grad, { crow, col, dense }) =>
      sampled(crow as Tensor, col as Tensor, grad, dense as Tensor),
    ),
    dense: needs(['crow', 'col', 'values'], (grad, { crow, col, values }, { shapes }) =>
      transposed(crow as Tensor, col as Tensor, values as Tensor, grad, sizeOf(shapes, 3, 0)),
    ),
  },
})

const transposedOp: Op = defineOp('spmmTransposed', ['crow', 'col', 'values', 'dense'], {
  derivative: {
    crow: 'non-differentiable',
    col: 'non-differentiable',
    values: needs(['crow', 'col', 'dense'], (grad, { crow, col, dense }) =>
      sampled(crow as Tensor, col as Tensor, dense as Tensor, grad),
    ),
    dense: needs(['crow', 'col', 'values'], (grad, { crow, col, values }) =>
      spmm(crow as Tensor, col as Tensor, values as Tensor, grad),
    ),
  },
})

const sampledOp: Op = defineOp('sampledProduct', ['crow', 'col', 'a', 'b'], {
  derivative: {
    crow: 'non-differentiable',
    col: 'non-differentiable',
    a: needs(['crow', 'col', 'b'], (grad, { crow, col, b }) =>
      spmm(crow as Tensor, col as Tensor, grad, b as Tensor),
    ),
    b: needs(['crow', 'col', 'a'], (grad, { crow, col, a }, { shapes }) =>
      transposed(crow as Tensor, col as Tensor, grad, a as Tensor, sizeOf(shapes, 3, 0)),
    ),
  },
})

/** The product of the transposed matrix, which has `rows` rows, and `dense`. @internal */
export function transposed(
  crow: Tensor,
  col: Tensor,
  values: Tensor,
  dense: Tensor,
  rows: number,
): Tensor {
  const shape = [rows, dense._shape[1] as number]
  return run(transposedOp, [crow, col, values, dense], shape, dense._dtype)
}

/** For each entry, the product of the row of a and the row `col` of b. @internal */
export function sampled(crow: Tensor, col: Tensor, a: Tensor, b: Tensor): Tensor {
  return run(sampledOp, [crow, col, a, b], col._shape, a._dtype)
}

function requireIndices(name: 'crow' | 'col', indices: Tensor): void {
  const op = 'spmm'
  requireTensor(op, name, indices)
  if (indices._dtype !== INT64 && indices._dtype !== INT32) {
    const fix = `${name}.to('int64')`
    throw new DTypeError(op, { [name]: indices }, `${name} is int64 or int32`, fix)
  }
  if (indices.ndim === 1 && (name === 'col' || indices._shape[0] !== 0)) return
  throw new ShapeError(
    op,
    { [name]: indices },
    name === 'crow'
      ? `crow is a list of where rows begin and the last one ends, not ${formatShape(indices._shape)}`
      : `col is a list, not ${formatShape(indices._shape)}`,
    name === 'crow' ? 'it has one number more than there are rows' : 'it has a number per entry',
  )
}

/** What {@link spmm} takes after the matrix's `crow`. */
export interface SpmmOptions {
  /** The column of each entry. [E] */
  col: Tensor
  /** The value of each entry. [E] */
  values: Tensor
  /** What the matrix is multiplied by. [N, K] */
  dense: Tensor
}

const NAMES = ['col', 'values', 'dense'] as const
const read = parameters<[Tensor, Tensor, Tensor]>('spmm', NAMES)

/**
 * Product of a sparse matrix in compressed rows and a dense matrix: row i of the result is the sum of
 * `values[e] · dense[col[e]]` over the entries e from `crow[i]` up to `crow[i + 1]`. Differentiable in
 * `values` and `dense`.
 *
 * Shapes: crow `[M + 1]`, col and values `[E]`, dense `[N, K]` -> `[M, K]`. Dtypes: crow and col int64
 * or int32; values and dense floating, the result theirs in common.
 *
 * @throws {ShapeError} if the operands do not fit. @throws {DTypeError} if they are of other dtypes.
 * @throws {IndexError} if a column is outside dense. @throws {ValueError} if crow does not rise from 0
 * to E.
 * @see torch.sparse.mm, torch.sparse_csr_tensor
 *
 * @example
 * ```ts
 * import { spmm, tensor } from '@flambeau/core'
 * // The matrix [[0, 2], [1, 3]].
 * const crow = tensor([0, 1, 3], { dtype: 'int64' })
 * const col = tensor([1, 0, 1], { dtype: 'int64' })
 * const values = tensor([2, 1, 3], { dtype: 'float32' })
 * const dense = tensor([[1], [10]], { dtype: 'float32' })
 * console.log(spmm(crow, col, values, dense).tolist()) // => [ [ 20 ], [ 31 ] ]
 * ```
 */
export function spmm(crow: Tensor, ...given: Arguments<SpmmOptions, typeof NAMES>): Tensor {
  const op = 'spmm'
  const [col, values, dense] = read(given) as [Tensor, Tensor, Tensor]
  requireIndices('crow', crow)
  requireIndices('col', col)
  requireTensor(op, 'values', values)
  requireTensor(op, 'dense', dense)
  if (values.ndim !== 1 || values._shape[0] !== col._shape[0]) {
    throw new ShapeError(
      op,
      { col, values },
      `there are ${col._shape[0]} entries, but values is ${formatShape(values._shape)}`,
      'values has a number per entry',
    )
  }
  if (dense.ndim !== 2) {
    const rule = `dense must be a matrix, not ${formatShape(dense._shape)}`
    throw new ShapeError(op, { dense }, rule, 'unsqueeze(1) makes a column of a list')
  }
  const dtype = promote(values._dtype, dense._dtype)
  if (!isFloatingCode(dtype)) {
    throw new DTypeError(op, { values, dense }, 'they must be floating', "dense.to('float32')")
  }
  const shape = [(crow._shape[0] as number) - 1, dense._shape[1] as number]
  const operands = [castCode(values, dtype), castCode(dense, dtype)] as const
  return run(spmmOp, [crow, col, ...operands], shape, dtype)
}
