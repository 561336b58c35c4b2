/** Inverses, linear systems and determinants, by LU factors. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { arange, eye } from '../../creation.ts'
import { INT32, INT64 } from '../../dtype.ts'
import { requireTensor } from '../../elementwise.ts'
import { ShapeError, ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import type { NamedResult } from '../../named-result.ts'
import { namedResult } from '../../named-result.ts'
import { defineOp, needs, run, runMany } from '../../op.ts'
import { sameShape } from '../../shape.ts'
import type { Tensor } from '../../tensor.ts'
import { cat } from '../joining.ts'
import { flag } from '../reduce-axes.ts'
import { where } from '../ternary.ts'
import {
  batchShape,
  expandBatches,
  matrixSize,
  mT,
  requireMatrix,
  requireOneDtype,
  requireSquare,
} from './checks.ts'
import { svd } from './svd.ts'
import { solveTriangular } from './triangular.ts'

const inverseOp = defineOp('inverse', ['input'], {
  derivative: {
    input: needs(['out'], (grad, { out }) => {
      const transposed = mT(out as Tensor)
      return transposed.matmul(grad).matmul(transposed).neg()
    }),
  },
})

/** The inverse; with infinities and NaN where there is none. */
function uncheckedInverse(input: Tensor): Tensor {
  return run(inverseOp, [input], input._shape, input._dtype, [0])
}

/**
 * The inverse of square matrices.
 *
 * Shapes: input `[..., N, N]` -> same. Dtype: float32 or float64.
 *
 * @throws {ValueError} for a singular matrix, naming its place in the batch. @throws {ShapeError}
 * unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.inv
 */
export function inverse(input: Tensor): Tensor {
  if (autocasting.on) return inAutocast('inverse', inverse, [input])
  requireSquare('inverse', 'input', input)
  return run(inverseOp, [input], input._shape, input._dtype, [1])
}

const solveOp = defineOp('solve', ['A', 'B'], {
  derivative: {
    A: needs(['A', 'out'], (grad, { A, out }) =>
      solveSquare(mT(A as Tensor), grad)
        .matmul(mT(out as Tensor))
        .neg(),
    ),
    B: needs(['A'], (grad, { A }) => solveSquare(mT(A as Tensor), grad)),
  },
})

/** X with A · X = B for A [..., n, n] and B [..., n, k] of the same batch. */
function solveSquare(A: Tensor, B: Tensor): Tensor {
  return run(solveOp, [A, B], B._shape, B._dtype)
}

/** What {@link solve} takes by name. */
export interface SolveOptions {
  B: Tensor
  /** Solve A · X = B, else X · A = B. Default true. */
  left?: boolean
}

const readSolve = parameters<[Tensor, boolean]>('solve', ['B', 'left'])

/**
 * The solution X of A · X = B (or X · A = B) for square matrices A.
 *
 * Shapes: A `[..., N, N]`, B `[..., N, K]` (or `[..., K, N]`) -> as B, or vectors B `[N]` or `[..., N]`
 * with A's leading axes; else leading axes broadcast. Dtype: float32 or float64, the same for both.
 *
 * @throws {ValueError} for a singular matrix, naming its place in the batch. @throws {ShapeError,
 * DTypeError} for shapes and dtypes that do not fit.
 * @see torch.linalg.solve
 */
export function solve(A: Tensor, ...given: Arguments<SolveOptions, ['B', 'left']>): Tensor {
  if (autocasting.on) return inAutocast('solve', solve, [A, ...given])
  const [B, left] = readSolve(given)
  requireSquare('solve', 'A', A)
  requireTensor('solve', 'B', B)
  const toLeft = flag('solve', 'left', left, true)
  const isVector =
    B.ndim === 1 || (B.ndim === A.ndim - 1 && sameShape(B._shape, A._shape.slice(0, -1)))
  const right = isVector ? B.unsqueeze(-1) : toLeft ? B : mT(B)
  requireMatrix('solve', 'B', right)
  requireOneDtype('solve', { A, B })
  if (matrixSize(right)[0] !== matrixSize(A)[0]) {
    throw new ShapeError(
      'solve',
      { A, B },
      `B must have ${matrixSize(A)[0]} ${toLeft ? 'rows' : 'columns'}, as A has`,
      'each column of B is a right side',
    )
  }
  const [a, b] = expandBatches('solve', { A: toLeft || isVector ? A : mT(A), B: right })
  const x = solveSquare(a, b)
  return isVector ? x.squeeze(-1) : toLeft ? x : mT(x)
}

const detOp = defineOp('det', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) =>
      detGradient(grad, input as Tensor, out as Tensor),
    ),
  },
})

/** grad · the transposed adjugate: det · inverseᵀ where there is an inverse. */
function detGradient(grad: Tensor, input: Tensor, det: Tensor): Tensor {
  const weight = grad.mul(det).unsqueeze(-1).unsqueeze(-1)
  const inverted = uncheckedInverse(input)
  const regular = inverted.isfinite().all([-2, -1])
  if (regular.all().item()) return mT(inverted).mul(weight)
  // Of a singular matrix U · diag(s) · Vᵀ it is det(U · Vᵀ) · U · diag(γ) · Vᵀ, where γᵢ is the product
  // of all s but sᵢ. Each way sees harmless matrices in place of those for the other.
  const n = matrixSize(input)[0]
  const mask = regular.unsqueeze(-1).unsqueeze(-1)
  const identity = eye(n, { dtype: input.dtype, device: input.device })
  const first = mT(uncheckedInverse(where(mask, input, identity))).mul(weight)
  const distinct = arange(1, n + 1, { dtype: input.dtype, device: input.device }).diagEmbed()
  const { U, S, Vh } = svd(where(mask, distinct, input))
  const others = where(identity.ne(0), 1, S.unsqueeze(-2)).prod(-1)
  const sign = grad.mul(detValue(U)).mul(detValue(Vh)).unsqueeze(-1).unsqueeze(-1)
  const second = U.mul(others.unsqueeze(-2)).matmul(Vh).mul(sign)
  return where(mask, first, second)
}

function detValue(input: Tensor): Tensor {
  return run(detOp, [input], batchShape(input), input._dtype)
}

/**
 * The determinant of square matrices. Gradients are right for singular matrices too.
 *
 * Shapes: input `[..., N, N]` -> `[...]`; 1 for N = 0. Dtype: float32 or float64.
 *
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.det
 */
export function det(input: Tensor): Tensor {
  requireSquare('det', 'input', input)
  return detValue(input)
}

const slogdetOp = defineOp<'input'>('slogdet', ['input'], {
  outputs: 2,
  derivative: {
    needs: ['input'],
    formula: ([, grad], { input }) => [
      grad ? mT(uncheckedInverse(input as Tensor)).mul(grad.unsqueeze(-1).unsqueeze(-1)) : null,
    ],
  },
})

/**
 * The sign of the determinant of square matrices, and the logarithm of its absolute value: where the
 * determinant itself would be too large or small. A singular matrix has sign 0 and -Infinity.
 *
 * Shapes: input `[..., N, N]` -> sign `[...]`, logabsdet `[...]`. Dtype: float32 or float64.
 *
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.slogdet
 */
export function slogdet(input: Tensor): NamedResult<['sign', 'logabsdet']> {
  requireSquare('slogdet', 'input', input)
  const spec = { shape: batchShape(input), dtype: input._dtype }
  return namedResult(['sign', 'logabsdet'], runMany(slogdetOp, [input], [spec, spec]))
}

/**
 * The logarithm of the determinant of square matrices: -Infinity where it is 0, NaN where negative.
 *
 * Shapes: input `[..., N, N]` -> `[...]`. Dtype: float32 or float64.
 *
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.logdet
 */
export function logdet(input: Tensor): Tensor {
  requireSquare('logdet', 'input', input)
  const { sign, logabsdet } = slogdet(input)
  return where(sign.eq(-1), Number.NaN, logabsdet)
}

const luFactorOp = defineOp<'A'>('luFactor', ['A'], {
  outputs: 3,
  derivative: {
    needs: ['out', 'out2'],
    formula: ([grad], { out, out2 }) => [
      grad ? luGradient(grad, out as Tensor, out2 as Tensor) : null,
    ],
  },
})

/**
 * The gradient of A = P · L · U from that of the packed factors: of a square A
 * P · L⁻ᵀ · (tril(Lᵀ · gradL, -1) + triu(gradU · Uᵀ)) · U⁻ᵀ; of a wide or tall one, the rest follows
 * from the square part, and acts on it.
 */
function luGradient(grad: Tensor, LU: Tensor, positions: Tensor): Tensor {
  const [m, n] = matrixSize(LU)
  const k = Math.min(m, n)
  const square = LU.narrow(-2, 0, k).narrow(-1, 0, k)
  const gradSquare = grad.narrow(-2, 0, k).narrow(-1, 0, k)
  // L⁻ᵀ · x and x · U⁻ᵀ
  const byL = (x: Tensor): Tensor =>
    solveTriangular(mT(square), x, { upper: true, unitriangular: true })
  const byU = (x: Tensor): Tensor => solveTriangular(mT(square), x, { upper: false, left: false })
  const L = square.tril(-1).add(eye(k, { dtype: LU.dtype, device: LU.device }))
  let inL = mT(L).matmul(gradSquare.tril(-1))
  let inU = gradSquare.triu().matmul(mT(square.triu()))
  let rest: Tensor | null = null
  if (m < n) {
    const gradBeside = grad.narrow(-1, k, n - k)
    inL = inL.sub(gradBeside.matmul(mT(LU.narrow(-1, k, n - k))))
    rest = byL(gradBeside)
  } else if (m > n) {
    const gradBelow = grad.narrow(-2, k, m - k)
    inU = inU.sub(mT(LU.narrow(-2, k, m - k)).matmul(gradBelow))
    rest = byU(gradBelow)
  }
  const first = byU(byL(inL.tril(-1).add(inU.triu())))
  const permuted = rest === null ? first : cat([first, rest], m < n ? -1 : -2)
  return permuted.gather(-2, positions.unsqueeze(-1).expand(LU._shape))
}

/** What {@link luFactor} takes by name. */
export interface LuFactorOptions {
  /** Must be true: without pivoting, rounding can ruin the factors. */
  pivot?: boolean
}

const readLuFactor = parameters<[boolean]>('luFactor', ['pivot'])

/**
 * LU factors with partial pivoting, packed: U on and above the diagonal, L below it, whose own
 * diagonal is ones. Row i was swapped with row pivots[i] - 1, one after the other.
 *
 * Shapes: A `[..., M, N]` -> LU `[..., M, N]`, pivots int32 `[..., min(M, N)]`, counted from 1. Dtype:
 * float32 or float64.
 *
 * @throws {ValueError} for a matrix with a zero on the diagonal of U, naming its place in the batch,
 * or for `pivot: false`. @throws {ShapeError, DTypeError} for other shapes and dtypes.
 * @see torch.linalg.lu_factor
 */
export function luFactor(
  A: Tensor,
  ...given: Arguments<LuFactorOptions, ['pivot']>
): NamedResult<['LU', 'pivots']> {
  const pivot = flag('luFactor', 'pivot', readLuFactor(given)[0], true)
  requireMatrix('luFactor', 'A', A)
  if (!pivot) {
    throw new ValueError(
      'luFactor',
      { A },
      'there are no factors without pivoting on the CPU',
      'leave pivot out',
    )
  }
  const [m, n] = matrixSize(A)
  const batch = batchShape(A)
  const [LU, pivots] = runMany(
    luFactorOp,
    [A],
    [
      { shape: A._shape, dtype: A._dtype },
      { shape: [...batch, Math.min(m, n)], dtype: INT32 },
      { shape: [...batch, m], dtype: INT64 },
    ],
    [1],
  ) as [Tensor, Tensor, Tensor]
  return namedResult(['LU', 'pivots'], [LU, pivots])
}

export interface SolveMethods {
  /** See {@link inverse}. */
  inverse(): Tensor
  /** See {@link det}. */
  det(): Tensor
  /** See {@link slogdet}. */
  slogdet(): NamedResult<['sign', 'logabsdet']>
  /** See {@link logdet}. */
  logdet(): Tensor
}

export const solveMethods: MethodTable<SolveMethods> = { inverse, det, slogdet, logdet }
