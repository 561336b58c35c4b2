/** Tensors read as maps of tensors: inverses and systems. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { requireTensor } from '../../elementwise.ts'
import { ShapeError, ValueError } from '../../errors.ts'
import type { Shape } from '../../shape.ts'
import { formatShape, normalizeAxes, numElements, sameShape } from '../../shape.ts'
import { show } from '../../show.ts'
import type { Tensor } from '../../tensor.ts'
import { inverse, solve } from './solve.ts'

/** What {@link tensorinv} takes by name. */
export interface TensorinvOptions {
  /** How many leading axes are the rows. Default 2. */
  ind?: number
}

const readTensorinv = parameters<[number]>('tensorinv', ['ind'])

/**
 * The inverse of a tensor as a map of tensors: of the matrix whose rows are the first `ind` axes.
 *
 * Shapes: A `[*rows, *columns]`, of which both products are one number -> `[*columns, *rows]`. Dtype:
 * float32 or float64.
 *
 * @throws {ShapeError} if the products differ. @throws {ValueError} for a singular matrix, or an ind
 * that is no positive whole number. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.tensorinv
 */
export function tensorinv(A: Tensor, ...given: Arguments<TensorinvOptions, ['ind']>): Tensor {
  if (autocasting.on) return inAutocast('tensorinv', tensorinv, [A, ...given])
  const [ind = 2] = readTensorinv(given)
  requireTensor('tensorinv', 'A', A)
  if (!Number.isInteger(ind) || ind <= 0) {
    throw new ValueError(
      'tensorinv',
      { A },
      `ind must be a whole number > 0, not ${show(ind)}`,
      'pass 2',
    )
  }
  const rows = A._shape.slice(0, ind)
  const columns = A._shape.slice(ind)
  requireSameCount('tensorinv', A, rows, columns)
  const size = numElements(rows)
  return inverse(A.reshape([size, size])).reshape([...columns, ...rows])
}

function requireSameCount(op: string, A: Tensor, rows: Shape, columns: Shape): void {
  if (numElements(rows) === numElements(columns)) return
  throw new ShapeError(
    op,
    { A },
    `the rows ${formatShape(rows)} have ${numElements(rows)} elements, the columns ${formatShape(columns)} ${numElements(columns)}`,
    'a matrix that has an inverse is square',
  )
}

/** What {@link tensorsolve} takes by name. */
export interface TensorsolveOptions {
  B: Tensor
  /** Axes of A that are moved to the end first. Default: none. */
  dims?: readonly number[] | null
}

const readTensorsolve = parameters<[Tensor, readonly number[] | null]>('tensorsolve', ['B', 'dims'])

/**
 * The solution X of tensordot(A, X, X.ndim) = B.
 *
 * Shapes: A `[*rows, *columns]` with rows as B and as many elements as columns, B `[*rows]` ->
 * `[*columns]`. Dtype: float32 or float64, the same for both.
 *
 * @throws {ShapeError} for shapes that do not fit. @throws {ValueError} for a singular matrix. @throws
 * {DTypeError} for other dtypes.
 * @see torch.linalg.tensorsolve
 */
export function tensorsolve(
  A: Tensor,
  ...given: Arguments<TensorsolveOptions, ['B', 'dims']>
): Tensor {
  if (autocasting.on) return inAutocast('tensorsolve', tensorsolve, [A, ...given])
  const [B, dims = null] = readTensorsolve(given) as [Tensor, TensorsolveOptions['dims']]
  requireTensor('tensorsolve', 'A', A)
  requireTensor('tensorsolve', 'B', B)
  let map = A
  if (dims !== null) {
    const moved = normalizeAxes('tensorsolve', dims, A.ndim, A)
    const others = A._shape.map((_, axis) => axis).filter((axis) => !moved.includes(axis))
    map = A.permute([...others, ...moved])
  }
  const rows = map._shape.slice(0, B.ndim)
  const columns = map._shape.slice(B.ndim)
  if (!sameShape(rows, B._shape) && numElements(rows) !== B.numel()) {
    throw new ShapeError(
      'tensorsolve',
      { A, B },
      `the first axes of A ${formatShape(rows)} must have as many elements as B ${formatShape(B._shape)}`,
      'dims moves other axes to the end',
    )
  }
  requireSameCount('tensorsolve', A, rows, columns)
  return solve(map.reshape([B.numel(), numElements(columns)]), B.reshape([-1])).reshape([
    ...columns,
  ])
}
