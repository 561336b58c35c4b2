/** Complex matrices as pairs of real ones: as far as gradients of eigenvalues need them. */
import type { Tensor } from '../../tensor.ts'
import { cat } from '../joining.ts'
import { matrixSize, mT } from './checks.ts'
import { inverse } from './solve.ts'

/** Real and imaginary part. */
export interface Complex {
  readonly re: Tensor
  readonly im: Tensor
}

/** The conjugate transpose. */
export function adjoint({ re, im }: Complex): Complex {
  return { re: mT(re), im: mT(im).neg() }
}

export function subtract(a: Complex, b: Complex): Complex {
  return { re: a.re.sub(b.re), im: a.im.sub(b.im) }
}

/** The quotient of each pair of elements. */
export function divide(a: Complex, b: Complex): Complex {
  const length = b.re.mul(b.re).add(b.im.mul(b.im))
  return {
    re: a.re.mul(b.re).add(a.im.mul(b.im)).div(length),
    im: a.im.mul(b.re).sub(a.re.mul(b.im)).div(length),
  }
}

/** The matrix product. */
export function product(a: Complex, b: Complex): Complex {
  return {
    re: a.re.matmul(b.re).sub(a.im.matmul(b.im)),
    im: a.re.matmul(b.im).add(a.im.matmul(b.re)),
  }
}

/** The real part of the matrix product. */
export function realProduct(a: Complex, b: Complex): Tensor {
  return a.re.matmul(b.re).sub(a.im.matmul(b.im))
}

/** The inverse of a matrix, as a block of the inverse of the real [[re, -im], [im, re]]. */
export function inverseOf({ re, im }: Complex): Complex {
  const [n] = matrixSize(re)
  const whole = cat([cat([re, im.neg()], -1), cat([im, re], -1)], -2)
  const columns = inverse(whole).narrow(-1, 0, n)
  return { re: columns.narrow(-2, 0, n), im: columns.narrow(-2, n, n) }
}
