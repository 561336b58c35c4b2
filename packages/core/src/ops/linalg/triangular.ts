/** Triangular systems and Cholesky factors. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { eye } from '../../creation.ts'
import { ShapeError, ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import { defineOp, needs, run } from '../../op.ts'
import { broadcastShapes } from '../../shape.ts'
import type { Tensor } from '../../tensor.ts'
import { flag } from '../reduce-axes.ts'
import {
  batchShape,
  matrixSize,
  mT,
  requireMatrix,
  requireOneDtype,
  requireSquare,
} from './checks.ts'

interface TriangularParams {
  upper: boolean
  left: boolean
  unitriangular: boolean
}

const solveTriangularOp = defineOp<'A' | 'B', TriangularParams>('solveTriangular', ['A', 'B'], {
  derivative: {
    A: needs(['A', 'out'], (grad, { A, out }, { params }) => {
      const gradB = solveWith(mT(A as Tensor), grad, { ...params, upper: !params.upper })
      const x = mT(out as Tensor)
      const full = params.left ? gradB.matmul(x) : x.matmul(gradB)
      const beside = Number(params.unitriangular)
      return (params.upper ? full.triu(beside) : full.tril(-beside)).neg()
    }),
    B: needs(['A'], (grad, { A }, { params }) =>
      solveWith(mT(A as Tensor), grad, { ...params, upper: !params.upper }),
    ),
  },
})

function solveWith(A: Tensor, B: Tensor, params: TriangularParams): Tensor {
  const batch = broadcastShapes('solveTriangular', batchShape(A), batchShape(B), { A, B })
  const { upper, left, unitriangular } = params
  const numbers = [Number(upper), Number(left), Number(unitriangular)]
  return run(solveTriangularOp, [A, B], [...batch, ...matrixSize(B)], B._dtype, numbers, params)
}

/** What {@link solveTriangular} takes by name. */
export interface SolveTriangularOptions {
  B: Tensor
  /** Is A upper triangular (else lower)? The other triangle is not read. */
  upper: boolean
  /** Solve A · X = B, else X · A = B. Default true. */
  left?: boolean
  /** Take the diagonal of A as ones, without reading it. Default false. */
  unitriangular?: boolean
}

const readSolveTriangular = parameters<[Tensor, boolean, boolean, boolean]>('solveTriangular', [
  'B',
  'upper',
  'left',
  'unitriangular',
])

/**
 * The solution X of A · X = B (or X · A = B) for triangular matrices A. A zero on the diagonal gives
 * infinities and NaN.
 *
 * Shapes: A `[..., N, N]`, B `[..., N, K]` (or `[..., K, N]`) -> as B; leading axes broadcast. Dtype:
 * float32 or float64, the same for both.
 *
 * @throws {ShapeError} for shapes that do not fit. @throws {DTypeError} for other dtypes. @throws
 * {ValueError} if `upper` is left out.
 * @see torch.linalg.solve_triangular
 */
export function solveTriangular(
  A: Tensor,
  ...given: Arguments<SolveTriangularOptions, ['B', 'upper', 'left', 'unitriangular']>
): Tensor {
  const [B, upper, left, unitriangular] = readSolveTriangular(given)
  const op = 'solveTriangular'
  requireSquare(op, 'A', A)
  requireMatrix(op, 'B', B as Tensor)
  if (typeof upper !== 'boolean') {
    throw new ValueError(
      op,
      { A, B: B as Tensor },
      'upper is true or false',
      `${op}(A, B, { upper: true })`,
    )
  }
  const params = {
    upper,
    left: flag(op, 'left', left, true),
    unitriangular: flag(op, 'unitriangular', unitriangular, false),
  }
  return triangularSolution(op, A, B as Tensor, params)
}

/** {@link solveTriangular} with its checks of shapes, under the name of `op`. */
function triangularSolution(op: string, A: Tensor, B: Tensor, params: TriangularParams): Tensor {
  requireOneDtype(op, { A, B })
  const [n] = matrixSize(A)
  const axis = params.left ? -2 : -1
  if (B.shape.at(axis) !== n) {
    throw new ShapeError(
      op,
      { A, B },
      `B.shape[${axis}] (${B.shape.at(axis)}) must equal the ${n} rows of A`,
      params.left ? 'for X · A = B pass left: false' : 'for A · X = B pass left: true',
    )
  }
  broadcastShapes(op, batchShape(A), batchShape(B), { A, B })
  return solveWith(A, B, params)
}

const choleskyOp = defineOp('cholesky', ['input'], {
  derivative: {
    input: needs(['out'], (grad, { out }) => {
      // L⁻ᵀ · Φ(Lᵀ · grad) · L⁻¹, where Φ makes the lower triangle symmetric.
      const l = out as Tensor
      const lower = { upper: false, left: false, unitriangular: false }
      const phi = mT(l).matmul(grad).tril()
      const symmetric = phi.add(mT(phi.tril(-1))).mul(0.5)
      const right = solveWith(l, symmetric, lower)
      return solveWith(mT(l), right, { upper: true, left: true, unitriangular: false })
    }),
  },
})

/** What functions of Cholesky factors take by name. */
export interface UpperOptions {
  /** Take or give the upper triangular factor Lᵀ. Default false. */
  upper?: boolean
}

const readCholesky = parameters<[boolean]>('cholesky', ['upper'])

/**
 * The Cholesky factor L of symmetric positive-definite matrices, L · Lᵀ = input; with `upper` its
 * transpose. Only the triangle that the factor fills is read, and the gradient is symmetric.
 *
 * Shapes: input `[..., N, N]` -> same. Dtype: float32 or float64.
 *
 * @throws {ValueError} for a matrix that is not positive definite, naming its place in the batch.
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.cholesky
 */
export function cholesky(input: Tensor, ...given: Arguments<UpperOptions, ['upper']>): Tensor {
  if (autocasting.on) return inAutocast('cholesky', cholesky, [input, ...given])
  const upper = flag('cholesky', 'upper', readCholesky(given)[0], false)
  requireSquare('cholesky', 'input', input)
  if (upper) return mT(run(choleskyOp, [mT(input)], input._shape, input._dtype))
  return run(choleskyOp, [input], input._shape, input._dtype)
}

interface FactorParams {
  upper: boolean
}

const choleskySolveOp = defineOp<'B' | 'L', FactorParams>('choleskySolve', ['B', 'L'], {
  derivative: {
    B: needs(['L'], (grad, { L }, { params }) => solveByFactor(grad, L as Tensor, params.upper)),
    // That of A⁻¹ · B with A = L · Lᵀ for any L: PyTorch's, which fills both triangles.
    L: needs(['L', 'out'], (grad, { L, out }, { params }) => {
      const outer = solveByFactor(grad, L as Tensor, params.upper).matmul(mT(out as Tensor))
      const both = outer.add(mT(outer)).neg()
      return params.upper ? (L as Tensor).matmul(both) : both.matmul(L as Tensor)
    }),
  },
})

function solveByFactor(B: Tensor, L: Tensor, upper: boolean): Tensor {
  const batch = broadcastShapes('choleskySolve', batchShape(B), batchShape(L), { B, L })
  const shape = [...batch, ...matrixSize(B)]
  return run(choleskySolveOp, [B, L], shape, B._dtype, [Number(upper)], { upper })
}

/** What {@link choleskySolve} takes by name. */
export interface CholeskySolveOptions extends UpperOptions {
  L: Tensor
}

const readCholeskySolve = parameters<[Tensor, boolean]>('choleskySolve', ['L', 'upper'])

/**
 * The solution X of A · X = B, where the Cholesky factor of A is given.
 *
 * Shapes: B `[..., N, K]`, L `[..., N, N]` -> `[..., N, K]`; leading axes broadcast. Dtype: float32 or
 * float64, the same for both.
 *
 * @throws {ShapeError, DTypeError} for shapes and dtypes that do not fit.
 * @see torch.cholesky_solve
 */
export function choleskySolve(
  B: Tensor,
  ...given: Arguments<CholeskySolveOptions, ['L', 'upper']>
): Tensor {
  if (autocasting.on) return inAutocast('choleskySolve', choleskySolve, [B, ...given])
  const [L, upper] = readCholeskySolve(given) as [Tensor, boolean | undefined]
  const op = 'choleskySolve'
  const isUpper = flag(op, 'upper', upper, false)
  requireMatrix(op, 'B', B)
  requireSquare(op, 'L', L)
  requireOneDtype(op, { B, L })
  if (matrixSize(B)[0] !== matrixSize(L)[0]) {
    throw new ShapeError(
      op,
      { B, L },
      `B must have ${matrixSize(L)[0]} rows, as L has, not ${matrixSize(B)[0]}`,
      'each column of B is a right side',
    )
  }
  return solveByFactor(B, L, isUpper)
}

const readCholeskyInverse = parameters<[boolean]>('choleskyInverse', ['upper'])

/**
 * The inverse of the matrices whose Cholesky factors are given.
 *
 * Shapes: L `[..., N, N]` -> same. Dtype: float32 or float64.
 *
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.cholesky_inverse
 */
export function choleskyInverse(L: Tensor, ...given: Arguments<UpperOptions, ['upper']>): Tensor {
  if (autocasting.on) return inAutocast('choleskyInverse', choleskyInverse, [L, ...given])
  const upper = flag('choleskyInverse', 'upper', readCholeskyInverse(given)[0], false)
  requireSquare('choleskyInverse', 'L', L)
  return solveByFactor(eye(matrixSize(L)[0], { dtype: L.dtype, device: L.device }), L, upper)
}

export interface TriangularMethods {
  /** See {@link cholesky}. */
  cholesky(...given: Arguments<UpperOptions, ['upper']>): Tensor
  /** See {@link choleskySolve}. */
  choleskySolve(...given: Arguments<CholeskySolveOptions, ['L', 'upper']>): Tensor
  /** See {@link choleskyInverse}. */
  choleskyInverse(...given: Arguments<UpperOptions, ['upper']>): Tensor
}

export const triangularMethods: MethodTable<TriangularMethods> = {
  cholesky,
  choleskySolve,
  choleskyInverse,
}
