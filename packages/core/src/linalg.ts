/**
 * Linear algebra, as a namespace: `import { linalg } from '@flambeau/core'`, `linalg.inv(A)`. Functions
 * take matrices in the last two axes, and batches of them in the axes before.
 *
 * @see torch.linalg
 */
import type { Arguments } from './arguments.ts'
import { parameters } from './arguments.ts'
import { onesLike } from './creation.ts'
import { DTypeError, ValueError } from './errors.ts'
import type { CrossOptions } from './ops/contractions.ts'
import { crossAt } from './ops/contractions.ts'
import type { DiagonalOptions } from './ops/diagonals.ts'
import { diagonal as diagonalOf } from './ops/diagonals.ts'
import { cat } from './ops/joining.ts'
import { inverse } from './ops/linalg/solve.ts'
import { BOOL } from './dtype.ts'
import { requireTensor } from './elementwise.ts'
import { show } from './show.ts'
import type { Tensor } from './tensor.ts'

export { vecdot } from './ops/contractions.ts'
export { eigh, eigvals, eigvalsh } from './ops/linalg/eigen.ts'
export { matrixExp, matrixPower } from './ops/linalg/powers.ts'
export { matrixRank, pinv } from './ops/linalg/pseudoinverse.ts'
export { tensorinv, tensorsolve } from './ops/linalg/tensor-maps.ts'
export { matrixNorm, norm, vectorNorm } from './ops/linalg/norms.ts'
export { householderProduct, qr } from './ops/linalg/qr.ts'
export { det, luFactor, slogdet, solve } from './ops/linalg/solve.ts'
export { svd, svdvals } from './ops/linalg/svd.ts'
export { cholesky, solveTriangular } from './ops/linalg/triangular.ts'
export { matmul } from './ops/matmul.ts'
export { multiDot } from './ops/multi-dot.ts'

/** The inverse of square matrices. See {@link inverse}. @see torch.linalg.inv */
export const inv: typeof inverse = inverse

const readCross = parameters<[Tensor, number]>('linalg.cross', ['other', 'dim'])

/**
 * Cross product of vectors with three elements along an axis, the last one by default.
 *
 * Shapes: input and other broadcast, have the same number of axes, and size 3 at `dim`. Dtype: their
 * common dtype.
 *
 * @throws {ShapeError} for other shapes. @throws {IndexError} if there is no such axis.
 * @see torch.linalg.cross
 */
export function cross(input: Tensor, ...given: Arguments<CrossOptions, ['other', 'dim']>): Tensor {
  const [other, dim = -1] = readCross(given)
  requireTensor('linalg.cross', 'input', input)
  requireTensor('linalg.cross', 'other', other)
  return crossAt('linalg.cross', input, other, dim)
}

const readDiagonal = parameters<[number, number, number]>('linalg.diagonal', [
  'offset',
  'dim1',
  'dim2',
])

/**
 * A diagonal of the matrices of two axes, the last ones by default; shares storage.
 *
 * Shapes: A with axes dim1 and dim2 -> the other axes, then the diagonal's elements.
 *
 * @throws {IndexError, ValueError} unless dim1 and dim2 are two axes of the tensor.
 * @see torch.linalg.diagonal
 */
export function diagonal(
  A: Tensor,
  ...given: Arguments<DiagonalOptions, ['offset', 'dim1', 'dim2']>
): Tensor {
  const [offset = 0, dim1 = -2, dim2 = -1] = readDiagonal(given)
  return diagonalOf(A, offset, dim1, dim2)
}

/** What {@link vander} takes by name. */
export interface VanderOptions {
  /** How many powers. Default: as many as the last axis has elements. */
  N?: number | null
}

const readVander = parameters<[number | null]>('linalg.vander', ['N'])

/**
 * Vandermonde matrices: the powers x⁰, x¹, …, xᴺ⁻¹ of each element in a row.
 *
 * Shapes: x `[..., n]` -> `[..., n, N]`; a tensor without axes counts as one element. Dtype: floating
 * ones stay, integers give int64.
 *
 * @throws {ValueError} for an N that is no whole number > 1. @throws {DTypeError} for bool.
 * @see torch.linalg.vander
 */
export function vander(x: Tensor, ...given: Arguments<VanderOptions, ['N']>): Tensor {
  const [count = null] = readVander(given)
  requireTensor('linalg.vander', 'x', x)
  if (x._dtype === BOOL) {
    throw new DTypeError(
      'linalg.vander',
      { x },
      'is not defined for bool',
      "convert with .to('int64')",
    )
  }
  const base = (x.ndim === 0 ? x.unsqueeze(0) : x).unsqueeze(-1)
  const n = count ?? (base._shape.at(-2) as number)
  if (!Number.isInteger(n) || n <= 1) {
    throw new ValueError(
      'linalg.vander',
      { x },
      `N must be a whole number > 1, not ${show(n)}`,
      'pass 2',
    )
  }
  const powers = base.expand([...base._shape.slice(0, -1), n - 1]).cumprod(-1)
  return cat([onesLike(base, { dtype: powers.dtype }), powers], -1)
}
