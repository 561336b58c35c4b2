/** Orthogonal matrices and the reflections that they are products of. */
import type { Tensor } from '@flambeau/core'
import { linalg, tensor } from '@flambeau/core'

/** The orthogonal factor of tall matrices `[..., n, k]`, where the other one has a positive diagonal. */
export function orthogonalized(matrix: Tensor): Tensor {
  const [q, r] = linalg.qr(matrix)
  return q.mul(r.diagonal(0, -2, -1).sign().unsqueeze(-2))
}

/** Column `j` of a row-major `n × k` matrix made 0 below the diagonal by a reflection, in place. */
function reflect(a: Float64Array, n: number, k: number, j: number): number {
  const at = (row: number, column: number): number => a[row * k + column] as number
  let below = 0
  for (let i = j + 1; i < n; i++) below += at(i, j) ** 2
  // Nothing to do, as LAPACK has it: the reflection is the identity.
  if (below === 0) return 0
  const alpha = at(j, j)
  const beta = -Math.sign(alpha || 1) * Math.hypot(alpha, Math.sqrt(below))
  const tau = (beta - alpha) / beta
  for (let i = j + 1; i < n; i++) a[i * k + j] = at(i, j) / (alpha - beta)
  a[j * k + j] = beta
  for (let c = j + 1; c < k; c++) {
    let sum = at(j, c)
    for (let i = j + 1; i < n; i++) sum += at(i, j) * at(i, c)
    a[j * k + c] = at(j, c) - tau * sum
    for (let i = j + 1; i < n; i++) a[i * k + c] = at(i, c) - tau * sum * at(i, j)
  }
  return tau
}

/**
 * The reflections whose product is a tall orthogonal matrix `[..., n, k]`: below the diagonal their
 * vectors, on it the signs of the columns.
 *
 * @see torch.geqrf
 */
export function reflectorsOf(matrix: Tensor): Tensor {
  const [n, k] = matrix.shape.slice(-2) as [number, number]
  const all = Float64Array.from(matrix.contiguous().toArray() as Float64Array)
  for (let start = 0; start < all.length; start += n * k) {
    const a = all.subarray(start, start + n * k)
    for (let j = 0; j < k; j++) {
      const tau = reflect(a, n, k, j)
      const sign = Math.sign(a[j * k + j] as number)
      a[j * k + j] = tau === 0 ? -sign : sign
    }
  }
  return tensor(all, { dtype: matrix.dtype as 'float64', device: matrix.device }).reshape([
    ...matrix.shape,
  ])
}
