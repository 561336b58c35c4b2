/** Functions of matrices: exponential, powers, rank, pseudoinverse, and tensors read as matrices. */
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { eye, tensor, zerosLike } from '../../creation.ts'
import { isFloatingCode } from '../../dtype.ts'
import { requireTensor } from '../../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import { defineOp, needs, run } from '../../op.ts'
import type { Shape } from '../../shape.ts'
import { formatShape, normalizeAxes, numElements, sameShape } from '../../shape.ts'
import { show } from '../../show.ts'
import { Tensor } from '../../tensor.ts'
import { cat } from '../joining.ts'
import { flag } from '../reduce-axes.ts'
import { maximum } from '../bounds.ts'
import { where } from '../ternary.ts'
import {
  batchShape,
  epsilonOf,
  matrixSize,
  mT,
  requireMatrix,
  requireSquare,
  requireSquareAxes,
} from './checks.ts'
import { eigvalsh } from './eigen.ts'
import { inverse, solve } from './solve.ts'
import { svdvals } from './svd.ts'

const matrixExpOp = defineOp('matrixExp', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }) => {
      // exp([[Aᵀ, grad], [0, Aᵀ]]) has the gradient in its upper right block.
      const transposed = mT(input as Tensor)
      const [n] = matrixSize(transposed)
      const above = cat([transposed, grad], -1)
      const below = cat([transposed.mul(0), transposed], -1)
      return exponential(cat([above, below], -2))
        .narrow(-2, 0, n)
        .narrow(-1, n, n)
    }),
  },
})

function exponential(input: Tensor): Tensor {
  return run(matrixExpOp, [input], input._shape, input._dtype)
}

/**
 * The exponential of square matrices, Σ inputᵏ / k!.
 *
 * Shapes: input `[..., N, N]` -> same. Dtype: floating; NaN where a matrix holds NaN or infinities.
 *
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for integers and bool.
 * @see torch.linalg.matrix_exp
 */
export function matrixExp(input: Tensor): Tensor {
  requireSquareAxes('matrixExp', 'input', input)
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(
      'matrixExp',
      { input },
      `is for floating dtypes, not ${input.dtype}`,
      "convert with .to('float32')",
    )
  }
  return exponential(input)
}

/** What {@link matrixPower} takes by name. */
export interface MatrixPowerOptions {
  n: number
}

const readMatrixPower = parameters<[number]>('matrixPower', ['n'])

/**
 * A whole power of square matrices: a product of n equal factors; of inverses for a negative n, and
 * the identity for 0.
 *
 * Shapes: input `[..., N, N]` -> same. Dtype: any but bool for n ≥ 0, else float32 or float64.
 *
 * @throws {ValueError} for an n that is not whole, or a singular matrix and a negative n. @throws
 * {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.matrix_power
 */
export function matrixPower(input: Tensor, ...given: Arguments<MatrixPowerOptions, ['n']>): Tensor {
  const [n] = readMatrixPower(given)
  requireSquareAxes('matrixPower', 'input', input)
  if (!Number.isSafeInteger(n)) {
    throw new ValueError(
      'matrixPower',
      { input },
      `n must be a whole number, not ${show(n)}`,
      'pass 2',
    )
  }
  let rest = Math.abs(n as number)
  if (rest === 0) {
    // It depends on the input all the same, with a gradient of 0.
    const identity = eye(matrixSize(input)[0], { dtype: input.dtype })
    return where(zerosLike(input, { dtype: 'bool' }), input, identity)
  }
  let square = (n as number) < 0 ? inverse(input) : input
  if (rest === 1) return square.clone()
  let result: Tensor | null = null
  for (;;) {
    if (rest % 2 === 1) result = result === null ? square : result.matmul(square)
    rest = Math.floor(rest / 2)
    if (rest === 0) return result as Tensor
    square = square.matmul(square)
  }
}

/** A limit below which singular values count as 0: one number, or one for each matrix. */
export type Tolerance = number | Tensor | null

/** What {@link matrixRank} and {@link pinv} take by name. */
export interface RankOptions {
  /** Singular values up to this count as 0. Default 0. */
  atol?: Tolerance
  /**
   * Those up to this times the largest one do too. Default: max(M, N) times the distance from 1 to the
   * next number; 0 if `atol` is given and positive.
   */
  rtol?: Tolerance
  /** Is A symmetric? Then its lower triangle is read. Default false. */
  hermitian?: boolean
}

/** What {@link matrixRank} takes by name. */
export interface MatrixRankOptions extends RankOptions {
  /** An older name of `atol`. */
  tol?: Tolerance
}

/** What {@link pinv} takes by name. */
export interface PinvOptions extends RankOptions {
  /** An older name of `rtol`. */
  rcond?: Tolerance
}

/** Both limits as tensors of the batch's shape. */
function limits(
  op: string,
  A: Tensor,
  atol: Tolerance | undefined,
  rtol: Tolerance | undefined,
): [atol: Tensor, rtol: Tensor] {
  const batch = batchShape(A)
  const limit = (name: string, value: Tolerance): Tensor => {
    if (!(value instanceof Tensor) && typeof value !== 'number') {
      throw new ValueError(
        op,
        { A },
        `${name} is a number or a tensor, not ${show(value)}`,
        'pass 1e-6',
      )
    }
    const given = value instanceof Tensor ? value.to(A.dtype) : tensor(value, { dtype: A.dtype })
    return given.expand(batch)
  }
  const absolute = limit('atol', atol ?? 0)
  if (rtol !== undefined && rtol !== null) return [absolute, limit('rtol', rtol)]
  const usual = limit('rtol', epsilonOf(A._dtype) * Math.max(...matrixSize(A)))
  return [absolute, atol === undefined || atol === null ? usual : where(absolute.gt(0), 0, usual)]
}

const readMatrixRank = parameters<[Tolerance, boolean, Tolerance, Tolerance]>('matrixRank', [
  'tol',
  'hermitian',
  'atol',
  'rtol',
])

/**
 * The rank of matrices: how many singular values are greater than max(atol, rtol · the largest).
 *
 * Shapes: A `[..., M, N]` -> int64 `[...]`; tolerances that are tensors broadcast to `[...]`. Dtype:
 * float32 or float64.
 *
 * @throws {ShapeError} for shapes that do not fit. @throws {DTypeError} for other dtypes. @throws
 * {ValueError} for NaN and infinities.
 * @see torch.linalg.matrix_rank
 */
export function matrixRank(
  A: Tensor,
  ...given: Arguments<MatrixRankOptions, ['tol', 'hermitian', 'atol', 'rtol']>
): Tensor {
  const [tol, hermitian, atol, rtol] = readMatrixRank(given)
  const symmetric = flag('matrixRank', 'hermitian', hermitian, false)
  ;(symmetric ? requireSquare : requireMatrix)('matrixRank', 'A', A)
  const legacy = tol !== undefined && tol !== null
  const [absolute, relative] = legacy
    ? limits('matrixRank', A, tol, 0)
    : limits('matrixRank', A, atol, rtol)
  const values = symmetric ? eigvalsh(A.detach()).abs() : svdvals(A.detach())
  if (values._shape.at(-1) === 0) return values.sum(-1).to('int64')
  const limit = maximum(absolute, relative.mul(values.amax(-1)))
  return values.gt(limit.unsqueeze(-1)).sum(-1)
}

interface PinvParams {
  hermitian: boolean
}

const pinvOp = defineOp<'A' | 'atol' | 'rtol', PinvParams>('pinv', ['A', 'atol', 'rtol'], {
  derivative: {
    A: needs(['A', 'out'], (grad, { A, out }) => pinvGradient(grad, A as Tensor, out as Tensor)),
    atol: 'non-differentiable',
    rtol: 'non-differentiable',
  },
})

/**
 * With P the pseudoinverse and G = gradᵀ:
 * -(P · G · P)ᵀ + (I - A · P) · G · P · Pᵀ + Pᵀ · P · G · (I - P · A), in the order that makes the
 * smaller products.
 */
function pinvGradient(grad: Tensor, A: Tensor, P: Tensor): Tensor {
  const [m, n] = matrixSize(A)
  const G = mT(grad)
  const Pt = mT(P)
  if (m <= n) {
    const K = G.matmul(P) // [m, m]
    const KPt = K.matmul(Pt)
    return mT(P.matmul(K))
      .neg()
      .add(KPt)
      .sub(A.matmul(P).matmul(KPt))
      .add(Pt.matmul(P).matmul(G.sub(K.matmul(A))))
  }
  const K = P.matmul(G) // [n, n]
  const PtK = Pt.matmul(K)
  return mT(K.matmul(P))
    .neg()
    .add(G.sub(A.matmul(K)).matmul(P).matmul(Pt))
    .add(PtK)
    .sub(PtK.matmul(P).matmul(A))
}

function pseudoinverse(
  op: string,
  A: Tensor,
  atol: Tensor,
  rtol: Tensor,
  hermitian: boolean,
): Tensor {
  ;(hermitian ? requireSquare : requireMatrix)(op, 'A', A)
  const [m, n] = matrixSize(A)
  const shape = [...batchShape(A), n, m]
  return run(pinvOp, [A, atol, rtol], shape, A._dtype, [Number(hermitian)], { hermitian })
}

const readPinv = parameters<[Tolerance, boolean, Tolerance, Tolerance]>('pinv', [
  'rcond',
  'hermitian',
  'atol',
  'rtol',
])

/**
 * The pseudoinverse of matrices (Moore and Penrose), in which singular values up to
 * max(atol, rtol · the largest) count as 0. Its gradient is that at a constant rank.
 *
 * Shapes: A `[..., M, N]` -> `[..., N, M]`; tolerances that are tensors broadcast to `[...]`. Dtype:
 * float32 or float64.
 *
 * @throws {ShapeError} for shapes that do not fit. @throws {DTypeError} for other dtypes. @throws
 * {ValueError} for NaN and infinities.
 * @see torch.linalg.pinv
 */
export function pinv(
  A: Tensor,
  ...given: Arguments<PinvOptions, ['rcond', 'hermitian', 'atol', 'rtol']>
): Tensor {
  const [rcond, hermitian, atol, rtol] = readPinv(given)
  const symmetric = flag('pinv', 'hermitian', hermitian, false)
  requireMatrix('pinv', 'A', A)
  const [absolute, relative] = limits('pinv', A, atol, rcond ?? rtol)
  return pseudoinverse('pinv', A, absolute, relative, symmetric)
}

/** What {@link pinverse} takes by name. */
export interface PinverseOptions {
  /** Singular values up to this times the largest one count as 0. Default 1e-15. */
  rcond?: number
}

const readPinverse = parameters<[number]>('pinverse', ['rcond'])

/**
 * The pseudoinverse: {@link pinv} with another default of its tolerance.
 *
 * @throws {ShapeError, DTypeError, ValueError} as `pinv`.
 * @see torch.pinverse
 */
export function pinverse(input: Tensor, ...given: Arguments<PinverseOptions, ['rcond']>): Tensor {
  const [rcond = 1e-15] = readPinverse(given)
  requireMatrix('pinverse', 'input', input)
  const [absolute, relative] = limits('pinverse', input, 0, rcond)
  return pseudoinverse('pinverse', input, absolute, relative, false)
}

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

export interface MatrixFunctionMethods {
  /** See {@link matrixExp}. */
  matrixExp(): Tensor
  /** See {@link matrixPower}. */
  matrixPower(...given: Arguments<MatrixPowerOptions, ['n']>): Tensor
  /** See {@link pinverse}. */
  pinverse(...given: Arguments<PinverseOptions, ['rcond']>): Tensor
}

export const matrixFunctionMethods: MethodTable<MatrixFunctionMethods> = {
  matrixExp,
  matrixPower,
  pinverse,
}
