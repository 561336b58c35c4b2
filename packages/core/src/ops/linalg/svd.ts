/** Singular values and vectors. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { zeros } from '../../creation.ts'
import { ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import type { NamedResult } from '../../named-result.ts'
import { namedResult } from '../../named-result.ts'
import { defineOp, isRecording, runMany } from '../../op.ts'
import { show } from '../../show.ts'
import type { Tensor } from '../../tensor.ts'
import { flag } from '../reduce-axes.ts'
import { batchShape, matrixSize, mT, requireMatrix } from './checks.ts'

/** What the kernel computes. */
const MODES = { reduced: 0, full: 1, values: 2 } as const

interface SvdParams {
  mode: keyof typeof MODES
}

const svdOp = defineOp<'A', SvdParams>('svd', ['A'], {
  outputs: 3,
  derivative: {
    needs: ['out', 'out1', 'out2'],
    formula: (grads, { out, out1, out2 }, { params }) => {
      const S = out1 as Tensor
      const k = S._shape.at(-1) as number
      // The gradient of singular vectors beyond min(M, N) is not defined: they are taken as constant.
      const full = params.mode === 'full'
      const first = (x: Tensor | null | undefined, axis: number): Tensor | null =>
        x ? (full ? x.narrow(axis, 0, k) : x) : null
      return [
        svdGradient(
          first(grads[0], -1),
          grads[1] ?? null,
          first(grads[2], -2),
          first(out, -1) as Tensor,
          S,
          first(out2, -2) as Tensor,
        ),
      ]
    },
  },
})

/**
 * U · (diag(gradS) + ((Uᵀ gradU)ˢ · S + S · (Vᵀ gradV)ˢ) / E) · Vᵀ, where xˢ = x - xᵀ and
 * Eᵢⱼ = sⱼ² - sᵢ² beside the diagonal; of a matrix that is not square, also what gradU and gradV
 * have outside of the spaces that U and V span.
 */
function svdGradient(
  gradU: Tensor | null,
  gradS: Tensor | null,
  gradVh: Tensor | null,
  U: Tensor,
  S: Tensor,
  Vh: Tensor,
): Tensor | null {
  const rows = S.unsqueeze(-1) // s by row
  const columns = S.unsqueeze(-2) // s by column
  if (gradU === null && gradVh === null) {
    return gradS === null ? null : U.mul(gradS.unsqueeze(-2)).matmul(Vh)
  }
  const skew = (x: Tensor): Tensor => x.sub(mT(x))
  const parts: Tensor[] = []
  if (gradU !== null) parts.push(skew(mT(U).matmul(gradU)).mul(columns))
  if (gradVh !== null) parts.push(skew(Vh.matmul(mT(gradVh))).mul(rows))
  const squares = S.mul(S)
  const E = squares.unsqueeze(-2).sub(squares.unsqueeze(-1)).add(onDiagonal(S))
  const beside = parts.reduce((sum, part) => sum.add(part)).div(E)
  const middle = gradS === null ? beside : beside.add(gradS.diagEmbed())
  const [m, k] = matrixSize(U)
  const n = matrixSize(Vh)[1]
  let left = U.matmul(middle)
  if (m > k && gradU !== null) {
    const outside = gradU.div(columns)
    left = left.add(outside).sub(U.matmul(mT(U).matmul(outside)))
  }
  let grad = left.matmul(Vh)
  if (n > k && gradVh !== null) {
    const outside = gradVh.div(rows)
    grad = grad.add(U.matmul(outside.sub(outside.matmul(mT(Vh)).matmul(Vh))))
  }
  return grad
}

/** Ones on the diagonal, zeros beside it. */
function onDiagonal(S: Tensor): Tensor {
  return S.detach().mul(0).add(1).diagEmbed()
}

function runSvd(A: Tensor, mode: SvdParams['mode']): [U: Tensor, S: Tensor, Vh: Tensor] {
  const [m, n] = matrixSize(A)
  const k = Math.min(m, n)
  const batch = batchShape(A)
  const dtype = A._dtype
  const shapes =
    mode === 'values'
      ? [[0], [...batch, k], [0]]
      : mode === 'full'
        ? [
            [...batch, m, m],
            [...batch, k],
            [...batch, n, n],
          ]
        : [
            [...batch, m, k],
            [...batch, k],
            [...batch, k, n],
          ]
  const specs = shapes.map((shape) => ({ shape, dtype }))
  return runMany(svdOp, [A], specs, [MODES[mode]], { mode }) as [Tensor, Tensor, Tensor]
}

/** What {@link svd} takes by name. */
export interface SvdOptions {
  /** Give all M and N singular vectors, not only min(M, N) of them. Default true. */
  fullMatrices?: boolean
  /** Only for CUDA: null. */
  driver?: string | null
}

const readSvd = parameters<[boolean, string | null]>('svd', ['fullMatrices', 'driver'])

function requireNoDriver(op: string, A: Tensor, driver: unknown): void {
  if (driver === undefined || driver === null) return
  throw new ValueError(
    op,
    { A },
    `a driver (${show(driver)}) can be chosen on CUDA only`,
    'leave it out',
  )
}

/**
 * The singular value decomposition A = U · diag(S) · Vh, singular values descending. Singular vectors
 * are determined up to their sign only (and those of equal singular values up to rotation), and so
 * is their gradient, which is infinite where singular values coincide.
 *
 * Shapes: A `[..., M, N]`, K = min(M, N) -> U `[..., M, M]`, S `[..., K]`, Vh `[..., N, N]`; with
 * `fullMatrices: false` U `[..., M, K]`, Vh `[..., K, N]`. Dtype: float32 or float64.
 *
 * @throws {ValueError} for NaN and infinities, naming the matrix's place in the batch. @throws
 * {ShapeError, DTypeError} for other shapes and dtypes.
 * @see torch.linalg.svd
 */
export function svd(
  A: Tensor,
  ...given: Arguments<SvdOptions, ['fullMatrices', 'driver']>
): NamedResult<['U', 'S', 'Vh']> {
  if (autocasting.on) return inAutocast('svd', svd, [A, ...given])
  const [fullMatrices, driver] = readSvd(given)
  const full = flag('svd', 'fullMatrices', fullMatrices, true)
  requireMatrix('svd', 'A', A)
  requireNoDriver('svd', A, driver)
  return namedResult(['U', 'S', 'Vh'], runSvd(A, full ? 'full' : 'reduced'))
}

/** What {@link svdvals} takes by name. */
export interface SvdvalsOptions {
  /** Only for CUDA: null. */
  driver?: string | null
}

const readSvdvals = parameters<[string | null]>('svdvals', ['driver'])

/**
 * The singular values of matrices, descending.
 *
 * Shapes: A `[..., M, N]` -> `[..., min(M, N)]`. Dtype: float32 or float64.
 *
 * @throws {ValueError} for NaN and infinities, naming the matrix's place in the batch. @throws
 * {ShapeError, DTypeError} for other shapes and dtypes.
 * @see torch.linalg.svdvals
 */
export function svdvals(A: Tensor, ...given: Arguments<SvdvalsOptions, ['driver']>): Tensor {
  if (autocasting.on) return inAutocast('svdvals', svdvals, [A, ...given])
  const [driver] = readSvdvals(given)
  requireMatrix('svdvals', 'A', A)
  requireNoDriver('svdvals', A, driver)
  // The gradient needs the vectors.
  return runSvd(A, A._requiresGrad && isRecording() ? 'reduced' : 'values')[1]
}

/** What torch's older {@link oldSvd} takes by name. */
export interface OldSvdOptions {
  /** Only min(M, N) singular vectors. Default true. */
  some?: boolean
  /** Compute U and V; else they are zeros. Default true. */
  computeUv?: boolean
}

const readOldSvd = parameters<[boolean, boolean]>('svd', ['some', 'computeUv'])

/**
 * The singular value decomposition input = U · diag(S) · Vᵀ: {@link svd} with V instead of its
 * transpose, and only min(M, N) singular vectors unless `some` is false.
 *
 * Shapes: input `[..., M, N]`, K = min(M, N) -> U `[..., M, K]`, S `[..., K]`, V `[..., N, K]`. Dtype:
 * float32 or float64.
 *
 * @throws {ValueError, ShapeError, DTypeError} as `svd`.
 * @see torch.svd
 */
export function oldSvd(
  input: Tensor,
  ...given: Arguments<OldSvdOptions, ['some', 'computeUv']>
): NamedResult<['U', 'S', 'V']> {
  const [some, computeUv] = readOldSvd(given)
  const reduced = flag('svd', 'some', some, true)
  requireMatrix('svd', 'input', input)
  if (!flag('svd', 'computeUv', computeUv, true)) {
    const [m, n] = matrixSize(input)
    const empty = (size: number): Tensor =>
      zeros([...batchShape(input), size, size], { dtype: input.dtype, device: input.device })
    return namedResult(['U', 'S', 'V'], [empty(m), svdvals(input), empty(n)])
  }
  const [U, S, Vh] = runSvd(input, reduced ? 'reduced' : 'full')
  return namedResult(['U', 'S', 'V'], [U, S, mT(Vh)])
}

export interface SvdMethods {
  /** See {@link oldSvd}. */
  svd(...given: Arguments<OldSvdOptions, ['some', 'computeUv']>): NamedResult<['U', 'S', 'V']>
}

export const svdMethods: MethodTable<SvdMethods> = { svd: oldSvd }
