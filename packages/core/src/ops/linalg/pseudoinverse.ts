/** Ranks and pseudoinverses: singular values, of which small ones count as 0. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { tensor } from '../../creation.ts'
import { ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import { defineOp, needs, run } from '../../op.ts'
import { show } from '../../show.ts'
import { Tensor } from '../../tensor.ts'
import { maximum } from '../bounds.ts'
import { flag } from '../reduce-axes.ts'
import { where } from '../ternary.ts'
import { batchShape, epsilonOf, matrixSize, mT, requireMatrix, requireSquare } from './checks.ts'
import { eigvalsh } from './eigen.ts'
import { svdvals } from './svd.ts'

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
    const given =
      value instanceof Tensor
        ? value.to(A.dtype)
        : tensor(value, { dtype: A.dtype, device: A.device })
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
  if (autocasting.on) return inAutocast('matrixRank', matrixRank, [A, ...given])
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

export interface PseudoinverseMethods {
  /** See {@link pinverse}. */
  pinverse(...given: Arguments<PinverseOptions, ['rcond']>): Tensor
}

export const pseudoinverseMethods: MethodTable<PseudoinverseMethods> = { pinverse }
