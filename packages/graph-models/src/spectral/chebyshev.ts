/** From spectral filters to GCN: polynomials of the Laplacian, then the first two of them. */
import type { Tensor } from '@flambeau/core'
import { eye, ShapeError, ValueError } from '@flambeau/core'
import { requireFunction, requireNumberList, requireTensor, show } from '@flambeau/core/internal'
import type { Graph } from '../graph/graph.ts'
import { toDenseAdjacency } from '../graph/edges.ts'
import { gcnNorm } from '../layers/gcn-conv.ts'
import { laplacian } from './laplacian.ts'

/**
 * Chebyshev polynomials of a matrix, applied to a signal: T₀ x = x, T₁ x = L̂ x, and
 * Tₖ x = 2 L̂ Tₖ₋₁ x - Tₖ₋₂ x. The k-th one mixes nodes up to k steps apart; no eigenvector is needed.
 *
 * Shapes: scaled `[N, N]`, x `[N]` or `[N, F]` -> `count` like x.
 *
 * @throws {ValueError} unless count is a whole number ≥ 1. @throws {ShapeError} if x does not fit.
 */
export function chebyshevPolynomials(scaled: Tensor, x: Tensor, count: number): Tensor[] {
  if (!(Number.isInteger(count) && count >= 1)) {
    const rule = `count must be a whole number ≥ 1, not ${show(count)}`
    throw new ValueError('chebyshevPolynomials', [], rule, 'count: 3')
  }
  requireTensor('chebyshevPolynomials', 'scaled', scaled)
  requireTensor('chebyshevPolynomials', 'x', x)
  if (x.ndim === 0 || x.shape[0] !== scaled.shape[0]) {
    const rule = `a signal has a row for each of the ${scaled.shape[0]} nodes`
    throw new ShapeError('chebyshevPolynomials', { scaled, x }, rule, 'x.reshape([N, -1])')
  }
  const out = [x]
  for (let k = 1; k < count; k++) {
    const next = scaled.matmul(out[k - 1] as Tensor)
    out.push(k === 1 ? next : next.mul(2).sub(out[k - 2] as Tensor))
  }
  return out
}

/**
 * The coefficients with which Chebyshev polynomials come close to a response g on [0, λmax]: those of
 * g((t + 1) λmax / 2), by the rule of Gauss and Chebyshev at as many points as there are coefficients.
 *
 * @throws {ValueError} unless count is a whole number ≥ 1 and λmax above 0.
 * @see numpy.polynomial.chebyshev.chebinterpolate; Hammond et al. 2009, https://arxiv.org/abs/0912.3848
 */
export function chebyshevCoefficients(
  response: (eigenvalue: number) => number,
  count: number,
  lambdaMax = 2,
): number[] {
  if (!(Number.isInteger(count) && count >= 1 && lambdaMax > 0)) {
    const rule = `count must be a whole number ≥ 1 and lambdaMax above 0, not ${show(count)} and ${show(lambdaMax)}`
    throw new ValueError('chebyshevCoefficients', [], rule, 'count: 8, lambdaMax: 2')
  }
  requireFunction('chebyshevCoefficients', 'response', response)
  const angles = Array.from({ length: count }, (_, j) => (Math.PI * (j + 0.5)) / count)
  const values = angles.map((angle) => response(((Math.cos(angle) + 1) * lambdaMax) / 2))
  return angles.map((_, k) => {
    const sum = angles.reduce((s, angle, j) => s + (values[j] as number) * Math.cos(k * angle), 0)
    return (sum * (k === 0 ? 1 : 2)) / count
  })
}

/**
 * A filter as a sum of Chebyshev polynomials: Σₖ cₖ Tₖ(L̂) x, which is what ChebNet learns the c of.
 *
 * Shapes: scaled `[N, N]`, x `[N]` or `[N, F]` -> like x.
 *
 * @throws {ValueError} without coefficients. @throws {ShapeError} if x does not fit.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import * as gm from '@flambeau/graph-models'
 * const path = gm.Graph.fromEdges(3, [[0, 1], [1, 2]], { undirected: true })
 * const x = tensor([1, 0, 0])
 * // Heat, exactly and by a polynomial of degree 7.
 * const heat = gm.spectralFilter(x, gm.graphSpectrum(path, 'symmetric'), (f) => f.neg().exp())
 * const scaled = gm.scaledLaplacian(gm.laplacian(path, 'symmetric'), 2)
 * const close = gm.chebyshevFilter(scaled, x, gm.chebyshevCoefficients((f) => Math.exp(-f), 8))
 * console.log(close.sub(heat).abs().max().item() < 1e-5) // => true
 * ```
 */
export function chebyshevFilter(
  scaled: Tensor,
  x: Tensor,
  coefficients: readonly number[],
): Tensor {
  requireNumberList('chebyshevFilter', 'coefficients', coefficients)
  const terms = chebyshevPolynomials(scaled, x, coefficients.length)
  return terms
    .map((term, k) => term.mul(coefficients[k] as number))
    .reduce((sum, term) => sum.add(term))
}

/**
 * ChebNet of two terms with λmax = 2: c₀ x + c₁ (L - 1) x = c₀ x - c₁ D^-½ A D^-½ x, in which a node
 * sees its neighbours alone. The first step towards GCN.
 *
 * @throws {ValueError} if the graph is not undirected. @throws {ShapeError} if x does not fit.
 */
export function firstOrderFilter(
  graph: Graph,
  x: Tensor,
  coefficients: readonly [c0: number, c1: number],
): Tensor {
  const matrix = laplacian(graph, 'symmetric')
  return chebyshevFilter(matrix.sub(identityLike(matrix)), x, coefficients)
}

const identityLike = (matrix: Tensor): Tensor =>
  eye(matrix.shape[0] as number, { dtype: matrix.dtype as 'float32' })

/**
 * The second step: one coefficient c = c₀ = -c₁ is left, and the matrix it multiplies is
 * 1 + D^-½ A D^-½ `[N, N]`. Its eigenvalues reach 2, so that layers of it would blow up.
 *
 * @throws {ValueError} if the graph is not undirected.
 */
export function singleCoefficientPropagation(graph: Graph): Tensor {
  const matrix = laplacian(graph, 'symmetric')
  return identityLike(matrix).mul(2).sub(matrix)
}

/**
 * The last step, GCN's renormalisation: the self loops go into A before its degrees are taken, which
 * gives D̃^-½ (A + 1) D̃^-½ `[N, N]` with eigenvalues in (-1, 1]. A GCN layer is this, times x, times a
 * matrix of weights, and {@link gcnNorm} its sparse form.
 *
 * @example
 * ```ts
 * import { linalg } from '@flambeau/core'
 * import * as gm from '@flambeau/graph-models'
 * const club = gm.karateClub()
 * const largest = (m: typeof club.edgeIndex) => linalg.eigvalsh(m).max().item().toFixed(3)
 * console.log(largest(gm.singleCoefficientPropagation(club))) // => 2.000
 * console.log(largest(gm.renormalizedPropagation(club))) // => 1.000
 * ```
 */
export function renormalizedPropagation(graph: Graph): Tensor {
  return toDenseAdjacency(gcnNorm(graph))
}
