/** QR factors and products of reflectors. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { eye, zerosLike } from '../../creation.ts'
import { AutogradError, ShapeError, ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import type { NamedResult } from '../../named-result.ts'
import { namedResult } from '../../named-result.ts'
import { defineOp, isRecording, run, runMany } from '../../op.ts'
import { formatShape, sameShape } from '../../shape.ts'
import { show } from '../../show.ts'
import type { Tensor } from '../../tensor.ts'
import { cat } from '../joining.ts'
import { flag } from '../reduce-axes.ts'
import { where } from '../ternary.ts'
import {
  batchShape,
  matrixSize,
  mT,
  requireDouble,
  requireMatrix,
  requireOneDtype,
} from './checks.ts'
import { solveTriangular } from './triangular.ts'

/** Which factors: min(M, N) columns of Q, all M of them, or R alone. */
export type QrMode = 'reduced' | 'complete' | 'r'

const MODES: readonly QrMode[] = ['reduced', 'complete', 'r']

interface QrParams {
  mode: QrMode
}

const qrOp = defineOp<'A', QrParams>('qr', ['A'], {
  outputs: 2,
  derivative: {
    needs: ['A', 'out', 'out1'],
    formula: ([gradQ, gradR], { A, out, out1 }, { params }) => [
      qrGradient(gradQ ?? null, gradR ?? null, A as Tensor, out as Tensor, out1 as Tensor, params),
    ],
  },
})

function qrGradient(
  gradQ: Tensor | null,
  gradR: Tensor | null,
  A: Tensor,
  Q: Tensor,
  R: Tensor,
  { mode }: QrParams,
): Tensor | null {
  const [m, n] = matrixSize(A)
  if (mode === 'r' || (mode === 'complete' && m > n)) {
    throw new AutogradError(
      'qr',
      { A },
      mode === 'r'
        ? "the derivative needs Q, which is not computed with mode 'r'"
        : "the columns of Q beyond the rank have no derivative (mode 'complete' with more rows than columns)",
      "use mode 'reduced'",
    )
  }
  if (gradQ === null && gradR === null) return null
  if (m >= n) return tallGradient(gradQ, gradR, Q, R)
  // A wide A = [X | Y] is the square X = Q · R₁ and R₂ = Qᵀ · Y.
  if (gradR === null) {
    return cat(
      [tallGradient(gradQ, null, Q, R.narrow(-1, 0, m)), A.narrow(-1, m, n - m).mul(0)],
      -1,
    )
  }
  const gradRight = gradR.narrow(-1, m, n - m)
  const throughQ = A.narrow(-1, m, n - m).matmul(mT(gradRight))
  const total = gradQ === null ? throughQ : gradQ.add(throughQ)
  const gradX = tallGradient(total, gradR.narrow(-1, 0, m), Q, R.narrow(-1, 0, m))
  return cat([gradX, Q.matmul(gradRight)], -1)
}

/** (gradQ + Q · sym(triu(gradR · Rᵀ - Qᵀ · gradQ))) · R⁻ᵀ, sym(x) = x + xᵀ with the diagonal once. */
function tallGradient(gradQ: Tensor | null, gradR: Tensor | null, Q: Tensor, R: Tensor): Tensor {
  let inner: Tensor | null = gradR === null ? null : gradR.matmul(mT(R))
  if (gradQ !== null) {
    const turned = mT(Q).matmul(gradQ)
    inner = inner === null ? turned.neg() : inner.sub(turned)
  }
  const upper = (inner as Tensor).triu()
  const symmetric = upper.add(mT(upper.triu(1)))
  const product = Q.matmul(symmetric)
  const right = gradQ === null ? product : product.add(gradQ)
  return solveTriangular(mT(R), right, { upper: false, left: false })
}

function runQr(A: Tensor, mode: QrMode): NamedResult<['Q', 'R']> {
  const [m, n] = matrixSize(A)
  const k = Math.min(m, n)
  const batch = batchShape(A)
  const inner = mode === 'complete' ? m : k
  const specs = [mode === 'r' ? [0] : [...batch, m, inner], [...batch, inner, n]].map((shape) => ({
    shape,
    dtype: A._dtype,
  }))
  return namedResult(['Q', 'R'], runMany(qrOp, [A], specs, [MODES.indexOf(mode)], { mode }))
}

/** What {@link qr} takes by name. */
export interface QrOptions {
  /** Default 'reduced'. */
  mode?: QrMode
}

const readQr = parameters<[QrMode]>('qr', ['mode'])

/**
 * QR factors: A = Q · R with orthonormal columns of Q and an upper triangular R. Differentiable where
 * the first min(M, N) columns of A are independent.
 *
 * Shapes: A `[..., M, N]`, K = min(M, N) -> Q `[..., M, K]`, R `[..., K, N]`; mode 'complete' gives Q
 * `[..., M, M]`, R `[..., M, N]`, mode 'r' an empty Q. Dtype: float32 or float64.
 *
 * @throws {ValueError} for another mode. @throws {ShapeError, DTypeError} for other shapes and
 * dtypes. @throws {AutogradError} in the backward pass of mode 'r', or 'complete' with M > N.
 * @see torch.linalg.qr
 */
export function qr(A: Tensor, ...given: Arguments<QrOptions, ['mode']>): NamedResult<['Q', 'R']> {
  if (autocasting.on) return inAutocast('qr', qr, [A, ...given])
  const [mode = 'reduced'] = readQr(given)
  requireMatrix('qr', 'A', A)
  if (!MODES.includes(mode)) {
    throw new ValueError(
      'qr',
      { A },
      `there is no mode ${show(mode)}`,
      `modes: ${MODES.join(', ')}`,
    )
  }
  return runQr(A, mode)
}

/** What torch's older {@link oldQr} takes by name. */
export interface OldQrOptions {
  /** Only min(M, N) columns of Q. Default true. */
  some?: boolean
}

const readOldQr = parameters<[boolean]>('qr', ['some'])

/**
 * QR factors: {@link qr} with mode 'reduced', or 'complete' where `some` is false.
 *
 * @throws {ShapeError, DTypeError} as `qr`.
 * @see torch.qr
 */
export function oldQr(
  input: Tensor,
  ...given: Arguments<OldQrOptions, ['some']>
): NamedResult<['Q', 'R']> {
  const some = flag('qr', 'some', readOldQr(given)[0], true)
  requireMatrix('qr', 'input', input)
  return runQr(input, some ? 'reduced' : 'complete')
}

// Its gradient comes from the reflectors one by one, see householderProduct().
const orgqrOp = defineOp('orgqr', ['input', 'tau'], {
  derivative: { input: 'non-differentiable', tau: 'non-differentiable' },
})

/** What {@link householderProduct} takes by name. */
export interface HouseholderOptions {
  tau: Tensor
}

const readHouseholder = parameters<[Tensor]>('householderProduct', ['tau'])

/**
 * The first N columns of a product of reflectors H₀ · … · Hₖ₋₁, Hᵢ = I - tau[i] · v · vᵀ, where v is 0
 * above place i, 1 there, and column i of the input below it.
 *
 * Shapes: input `[..., M, N]`, tau `[..., K]` with M ≥ N ≥ K -> `[..., M, N]`. Dtype: float32 or float64,
 * the same for both.
 *
 * @throws {ShapeError, DTypeError} for shapes and dtypes that do not fit.
 * @see torch.linalg.householder_product
 */
export function householderProduct(
  input: Tensor,
  ...given: Arguments<HouseholderOptions, ['tau']>
): Tensor {
  if (autocasting.on) return inAutocast('householderProduct', householderProduct, [input, ...given])
  const [tau] = readHouseholder(given) as [Tensor]
  const op = 'householderProduct'
  requireMatrix(op, 'input', input)
  requireDouble(op, 'tau', tau)
  requireOneDtype(op, { input, tau })
  const [m, n] = matrixSize(input)
  const k = tau._shape.at(-1) ?? 0
  if (tau.ndim !== input.ndim - 1 || !sameShape(tau._shape.slice(0, -1), batchShape(input))) {
    throw new ShapeError(
      op,
      { input, tau },
      `tau must have the axes ${formatShape([...batchShape(input), k])}, a factor for each reflector`,
      'leading axes do not broadcast',
    )
  }
  if (m < n || n < k) {
    throw new ShapeError(
      op,
      { input, tau },
      `input must have at least as many rows (${m}) as columns (${n}), and these as tau factors (${k})`,
      'leave out columns that no reflector needs',
    )
  }
  if (isRecording() && (input._requiresGrad || tau._requiresGrad)) return reflected(input, tau)
  return run(orgqrOp, [input, tau], input._shape, input._dtype)
}

/** The same one by one, from the last reflector to the first: x - tau · v · (vᵀ · x). */
function reflected(input: Tensor, tau: Tensor): Tensor {
  const [m, n] = matrixSize(input)
  const k = tau._shape.at(-1) as number
  const identity = eye(m, { dtype: input.dtype, device: input.device })
  // Without reflectors, the result still depends on the input, with a gradient of 0.
  const start = identity.narrow(1, 0, n).expand(input._shape)
  let x = k > 0 ? start : where(zerosLike(input, { dtype: 'bool' }), input, start)
  const below = input.tril(-1)
  for (let i = k - 1; i >= 0; i--) {
    const v = below.select(-1, i).add(identity.select(1, i)).unsqueeze(-1) // [..., M, 1]
    const factor = tau.select(-1, i).unsqueeze(-1).unsqueeze(-1)
    x = x.sub(v.mul(factor).matmul(mT(v).matmul(x)))
  }
  return x
}

export interface QrMethods {
  /** See {@link oldQr}. */
  qr(...given: Arguments<OldQrOptions, ['some']>): NamedResult<['Q', 'R']>
}

export const qrMethods: MethodTable<QrMethods> = { qr: oldQr }
