/** The Laplacian of a graph, as a matrix that can be looked at. */
import type { Tensor } from '@flambeau/core'
import { eye, ShapeError, ValueError } from '@flambeau/core'
import { requireNumber, requireTensor, show } from '@flambeau/core/internal'
import { toDenseAdjacency } from '../graph/edges.ts'
import type { Graph } from '../graph/graph.ts'

/** Which Laplacian: D - A, 1 - D^-½ A D^-½, or 1 - D⁻¹ A. */
export type LaplacianKind = 'combinatorial' | 'symmetric' | 'randomWalk'

/**
 * The symmetric matrix of weights A. @throws {ValueError} if an edge has none in the other direction.
 *
 * @internal
 */
export function symmetricAdjacency(op: string, graph: Graph): Tensor {
  const adjacency = toDenseAdjacency(graph)
  if (adjacency.equal(adjacency.T)) return adjacency
  const rule = 'the graph must be undirected: each edge is to go both ways with the same weight'
  throw new ValueError(op, [], rule, 'toUndirected(graph)')
}

/** d^power, and 0 for d = 0. @internal */
export const powerOrZero = (d: Tensor, power: number): Tensor => d.pow(power).maskedFill(d.eq(0), 0)

/**
 * The Laplacian of an undirected graph as a dense matrix, for graphs small enough to look at.
 *
 * D is diagonal with the (weighted) degrees, A the matrix of weights, in which a self loop counts
 * once. For a signal x, xᵀ (D - A) x is the sum over links of weight · (difference of x)², so that
 * eigenvalues tell how fast their eigenvectors change along edges. Isolated nodes have a row of zeros in
 * D - A, and of the identity in the normalised ones.
 *
 * Shapes: -> `[N, N]`, of the weights' dtype or the default one.
 *
 * @throws {ValueError} if the graph is not undirected, or for another kind.
 * @see torch_geometric.utils.get_laplacian; Chung 1997, Spectral Graph Theory
 *
 * @example
 * ```ts
 * import { Graph, laplacian } from '@flambeau/graph-models'
 * const path = Graph.fromEdges(3, [[0, 1], [1, 2]], { undirected: true })
 * console.log(laplacian(path).tolist()) // => [ [ 1, -1, 0 ], [ -1, 2, -1 ], [ 0, -1, 1 ] ]
 * ```
 */
export function laplacian(graph: Graph, kind: LaplacianKind = 'combinatorial'): Tensor {
  const adjacency = symmetricAdjacency('laplacian', graph)
  const total = adjacency.sum(1)
  if (kind === 'combinatorial') return total.diag().sub(adjacency)
  const identity = eye(graph.numNodes, { dtype: adjacency.dtype as 'float32' })
  if (kind === 'randomWalk') {
    return identity.sub(powerOrZero(total, -1).unsqueeze(1).mul(adjacency))
  }
  if (kind === 'symmetric') {
    const root = powerOrZero(total, -0.5)
    return identity.sub(root.unsqueeze(1).mul(adjacency).mul(root))
  }
  const rule = `there is no Laplacian ${show(kind)}`
  throw new ValueError('laplacian', [], rule, 'use combinatorial, symmetric or randomWalk')
}

/**
 * The Laplacian brought into the domain of Chebyshev polynomials: 2 L / λmax - 1, with eigenvalues in
 * [-1, 1].
 *
 * @throws {ShapeError} unless L is square. @throws {ValueError} unless λmax is above 0.
 */
export function scaledLaplacian(matrix: Tensor, lambdaMax: number): Tensor {
  requireTensor('scaledLaplacian', 'matrix', matrix)
  const [rows, columns] = matrix.shape
  if (matrix.ndim !== 2 || rows !== columns) {
    throw new ShapeError('scaledLaplacian', { matrix }, 'a Laplacian is square', 'laplacian(graph)')
  }
  requireNumber('scaledLaplacian', 'lambdaMax', lambdaMax)
  if (!(lambdaMax > 0)) {
    const rule = `the largest eigenvalue must be above 0, not ${lambdaMax}`
    throw new ValueError('scaledLaplacian', [], rule, 'a normalised Laplacian has 2 at most')
  }
  return matrix.mul(2 / lambdaMax).sub(eye(rows as number, { dtype: matrix.dtype as 'float32' }))
}
