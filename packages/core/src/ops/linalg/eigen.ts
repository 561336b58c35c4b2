/** Eigenvalues and eigenvectors. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { ValueError } from '../../errors.ts'
import type { NamedResult } from '../../named-result.ts'
import { namedResult } from '../../named-result.ts'
import { defineOp, isRecording, runMany } from '../../op.ts'
import { show } from '../../show.ts'
import type { Tensor } from '../../tensor.ts'
import { batchShape, matrixSize, mT, requireSquare } from './checks.ts'
import type { Complex } from './complex.ts'
import { adjoint, divide, inverseOf, product, realProduct, subtract } from './complex.ts'

interface EighParams {
  vectors: boolean
}

const eighOp = defineOp<'A', EighParams>('eigh', ['A'], {
  outputs: 2,
  derivative: {
    needs: ['out', 'out1'],
    formula: ([gradL, gradV], { out, out1 }) => [
      eighGradient(gradL ?? null, gradV ?? null, out as Tensor, out1 as Tensor),
    ],
  },
})

/** V · (diag(gradL) + (Vᵀ · gradV) / E) · Vᵀ, Eᵢⱼ = λⱼ - λᵢ beside the diagonal. */
function eighGradient(
  gradL: Tensor | null,
  gradV: Tensor | null,
  L: Tensor,
  V: Tensor,
): Tensor | null {
  if (gradV === null) return gradL === null ? null : V.mul(gradL.unsqueeze(-2)).matmul(mT(V))
  const ones = L.detach().mul(0).add(1).diagEmbed()
  const E = L.unsqueeze(-2).sub(L.unsqueeze(-1)).add(ones)
  // The diagonal is the part that only turns a vector's sign or length: no gradient.
  const inner = mT(V).matmul(gradV).div(E).mul(ones.neg().add(1))
  const middle = gradL === null ? inner : inner.add(gradL.diagEmbed())
  return V.matmul(middle).matmul(mT(V))
}

/** Which triangle of a symmetric matrix is read: the lower or the upper one. */
export type Triangle = 'L' | 'U'

/** What {@link eigh} and {@link eigvalsh} take by name. */
export interface EighOptions {
  /** The triangle of A that is read. Default 'L'. */
  UPLO?: Triangle
}

const readEigh = parameters<[Triangle]>('eigh', ['UPLO'])
const readEigvalsh = parameters<[Triangle]>('eigvalsh', ['UPLO'])

function runEigh(op: string, A: Tensor, uplo: unknown, vectors: boolean): [L: Tensor, V: Tensor] {
  requireSquare(op, 'A', A)
  const upper = uplo === 'U' || uplo === 'u'
  if (!upper && uplo !== 'L' && uplo !== 'l') {
    throw new ValueError(
      op,
      { A },
      `UPLO is 'L' or 'U', not ${show(uplo)}`,
      "'L' reads the lower triangle",
    )
  }
  const values = { shape: A._shape.slice(0, -1), dtype: A._dtype }
  const specs = [values, { shape: vectors ? A._shape : [0], dtype: A._dtype }]
  const numbers = [Number(upper), Number(vectors)]
  return runMany(eighOp, [A], specs, numbers, { vectors }) as [Tensor, Tensor]
}

/**
 * Eigenvalues of symmetric matrices, ascending, and orthonormal eigenvectors in the columns. Only one
 * triangle is read. Eigenvectors are determined up to their sign only, and so is their gradient,
 * which is infinite where eigenvalues coincide.
 *
 * Shapes: A `[..., N, N]` -> eigenvalues `[..., N]`, eigenvectors `[..., N, N]`. Dtype: float32 or
 * float64.
 *
 * @throws {ValueError} for NaN and infinities, naming the matrix's place in the batch. @throws
 * {ShapeError, DTypeError} for other shapes and dtypes.
 * @see torch.linalg.eigh
 */
export function eigh(
  A: Tensor,
  ...given: Arguments<EighOptions, ['UPLO']>
): NamedResult<['eigenvalues', 'eigenvectors']> {
  if (autocasting.on) return inAutocast('eigh', eigh, [A, ...given])
  const [uplo = 'L'] = readEigh(given)
  return namedResult(['eigenvalues', 'eigenvectors'], runEigh('eigh', A, uplo, true))
}

/**
 * Eigenvalues of symmetric matrices, ascending. Only one triangle is read.
 *
 * Shapes: A `[..., N, N]` -> `[..., N]`. Dtype: float32 or float64.
 *
 * @throws {ValueError, ShapeError, DTypeError} as {@link eigh}.
 * @see torch.linalg.eigvalsh
 */
export function eigvalsh(A: Tensor, ...given: Arguments<EighOptions, ['UPLO']>): Tensor {
  if (autocasting.on) return inAutocast('eigvalsh', eigvalsh, [A, ...given])
  const [uplo = 'L'] = readEigvalsh(given)
  requireSquare('eigvalsh', 'A', A)
  // The gradient needs the vectors.
  return runEigh('eigvalsh', A, uplo, A._requiresGrad && isRecording())[0]
}

const eigOp = defineOp<'A'>('eig', ['A'], {
  outputs: 4,
  derivative: {
    needs: ['out', 'out1', 'out2', 'out3'],
    formula: (grads, { out, out1, out2, out3 }) => {
      const values = { re: out as Tensor, im: out1 as Tensor }
      const vectors = { re: out2 as Tensor, im: out3 as Tensor }
      const gradL = pair(grads[0], grads[1], values)
      const gradV = pair(grads[2], grads[3], vectors)
      return [eigGradient(gradL, gradV, values, vectors)]
    },
  },
})

function pair(
  re: Tensor | null | undefined,
  im: Tensor | null | undefined,
  like: Complex,
): Complex | null {
  if (!re && !im) return null
  return { re: re ?? like.re.mul(0), im: im ?? like.im.mul(0) }
}

/**
 * The real part of V⁻ᴴ · (diag(gradL) + M / conj(E)) · Vᴴ, where M = Vᴴ · gradV without what would
 * change the lengths of the vectors, and Eᵢⱼ = λⱼ - λᵢ beside the diagonal.
 */
function eigGradient(
  gradL: Complex | null,
  gradV: Complex | null,
  L: Complex,
  V: Complex,
): Tensor | null {
  if (gradL === null && gradV === null) return null
  const Vh = adjoint(V)
  let middle: Complex | null = null
  if (gradV !== null) {
    const turned = product(Vh, gradV)
    const lengths = turned.re.diagonal(0, -2, -1).unsqueeze(-2)
    const gram = product(Vh, V)
    const free = subtract(turned, { re: gram.re.mul(lengths), im: gram.im.mul(lengths) })
    const ones = L.re.detach().mul(0).add(1).diagEmbed()
    const beside = ones.neg().add(1)
    const E = {
      re: L.re.unsqueeze(-2).sub(L.re.unsqueeze(-1)).add(ones),
      im: L.im.unsqueeze(-1).sub(L.im.unsqueeze(-2)), // of the conjugate
    }
    const quotient = divide(free, E)
    middle = { re: quotient.re.mul(beside), im: quotient.im.mul(beside) }
  }
  if (gradL !== null) {
    const values = { re: gradL.re.diagEmbed(), im: gradL.im.diagEmbed() }
    middle =
      middle === null ? values : { re: middle.re.add(values.re), im: middle.im.add(values.im) }
  }
  const left = product(inverseOf(Vh), middle as Complex)
  return realProduct(left, Vh)
}

/**
 * Eigenvalues of square matrices, which may be complex: their real and imaginary parts, conjugate
 * pairs side by side. (PyTorch gives one complex tensor, a dtype that flambeau does not have.)
 *
 * Shapes: A `[..., N, N]` -> real `[..., N]`, imag `[..., N]`. Dtype: float32 or float64.
 *
 * @throws {ValueError} for NaN and infinities, naming the matrix's place in the batch. @throws
 * {ShapeError, DTypeError} for other shapes and dtypes.
 * @see torch.linalg.eigvals
 */
export function eigvals(A: Tensor): NamedResult<['real', 'imag']> {
  requireSquare('eigvals', 'A', A)
  const [n] = matrixSize(A)
  // The gradient needs the vectors.
  const vectors = A._requiresGrad && isRecording()
  const shapes = [
    [...batchShape(A), n],
    [...batchShape(A), n],
    ...[0, 1].map(() => (vectors ? A._shape : [0])),
  ]
  const specs = shapes.map((shape) => ({ shape, dtype: A._dtype }))
  const [real, imag] = runMany(eigOp, [A], specs, [Number(vectors)]) as [Tensor, Tensor]
  return namedResult(['real', 'imag'], [real, imag])
}
