/** Signals on the nodes of a graph as sums of its waves: the eigenvectors of its Laplacian. */
import type { Tensor } from '@flambeau/core'
import { linalg, ShapeError } from '@flambeau/core'
import { namedResult, requireTensor } from '@flambeau/core/internal'
import type { Graph } from '../graph/graph.ts'
import type { LaplacianKind } from './laplacian.ts'
import { laplacian, powerOrZero, symmetricAdjacency } from './laplacian.ts'

/** The waves of a graph; also by name. */
export type Spectrum = [eigenvalues: Tensor, waves: Tensor, analysis: Tensor] & {
  /** The frequencies, rising `[N]`. */
  readonly eigenvalues: Tensor
  /** A wave in each column `[N, N]`, U in L = U Λ U⁻¹. */
  readonly waves: Tensor
  /** What says how much of each wave a signal has: U⁻¹, which is Uᵀ for a symmetric L `[N, N]`. */
  readonly analysis: Tensor
}

/**
 * Frequencies and waves of an undirected graph: the eigenvalues, in rising order, and eigenvectors of its
 * Laplacian. Of the combinatorial one, as many are 0 as the graph has connected parts.
 *
 * The random-walk Laplacian is not symmetric, but D^½ L D^-½ is, so that its waves are D^-½ times those
 * of the symmetric one (isolated nodes count as having degree 1).
 *
 * @throws {ValueError} if the graph is not undirected.
 * @see torch.linalg.eigh; Shuman et al. 2012, https://arxiv.org/abs/1211.0053
 *
 * @example
 * ```ts
 * import { Graph, graphSpectrum } from '@flambeau/graph-models'
 * const path = Graph.fromEdges(3, [[0, 1], [1, 2]], { undirected: true })
 * console.log(graphSpectrum(path).eigenvalues.round().abs().tolist()) // => [ 0, 1, 3 ]
 * ```
 */
export function graphSpectrum(graph: Graph, kind: LaplacianKind = 'combinatorial'): Spectrum {
  const walk = kind === 'randomWalk'
  const matrix = laplacian(graph, walk ? 'symmetric' : kind)
  const { eigenvalues, eigenvectors } = linalg.eigh(matrix)
  let [waves, analysis] = [eigenvectors, eigenvectors.T]
  if (walk) {
    const total = symmetricAdjacency('graphSpectrum', graph).sum(1)
    const root = powerOrZero(total, 0.5)
    const scale = root.maskedFill(root.eq(0), 1)
    waves = waves.div(scale.unsqueeze(1))
    analysis = analysis.mul(scale)
  }
  const names = ['eigenvalues', 'waves', 'analysis'] as const
  return namedResult(names, [eigenvalues, waves, analysis]) as unknown as Spectrum
}

function requireSignal(op: string, x: Tensor, spectrum: Spectrum): void {
  requireTensor(op, 'x', x)
  const waves: unknown = (spectrum as Spectrum | undefined)?.waves
  requireTensor(op, 'the waves of the spectrum', waves)
  if ((x.ndim === 1 || x.ndim === 2) && x.shape[0] === waves.shape[0]) return
  const rule = `a signal has a number, or a row, for each of the ${waves.shape[0]} nodes`
  throw new ShapeError(op, { x }, rule, 'use the spectrum of the same graph')
}

/**
 * The graph Fourier transform x̂ = U⁻¹ x: how much of each wave is in a signal.
 *
 * Shapes: x `[N]` or `[N, F]` -> same.
 *
 * @throws {ShapeError} if x does not fit.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Graph, graphFourier, graphSpectrum } from '@flambeau/graph-models'
 * const pair = Graph.fromEdges(2, [[0, 1]], { undirected: true })
 * // What is the same everywhere is all in the wave of frequency 0.
 * console.log(graphFourier(ones([2]), graphSpectrum(pair)).abs().round(3).at(1).item()) // => 0
 * ```
 */
export function graphFourier(x: Tensor, spectrum: Spectrum): Tensor {
  requireSignal('graphFourier', x, spectrum)
  return spectrum.analysis.matmul(x)
}

/**
 * The inverse graph Fourier transform x = U x̂: the sum of so much of each wave.
 *
 * Shapes: `[N]` or `[N, F]` -> same.
 *
 * @throws {ShapeError} if x̂ does not fit.
 */
export function inverseGraphFourier(transformed: Tensor, spectrum: Spectrum): Tensor {
  requireSignal('inverseGraphFourier', transformed, spectrum)
  return spectrum.waves.matmul(transformed)
}

/**
 * Convolution on a graph: U g(Λ) U⁻¹ x, where `response` says how much of each frequency is let
 * through. For example exp(-t λ) is heat that has spread for a time t.
 *
 * Shapes: x `[N]` or `[N, F]` -> same; response maps `[N]` to `[N]`.
 *
 * @throws {ShapeError} if x, or what `response` gives, does not fit.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Graph, graphSpectrum, spectralFilter } from '@flambeau/graph-models'
 * const pair = Graph.fromEdges(2, [[0, 1]], { undirected: true })
 * const lowest = spectralFilter(tensor([0, 4]), graphSpectrum(pair), (f) => f.lt(0.1).float())
 * console.log(lowest.round(3).tolist()) // => [ 2, 2 ]
 * ```
 */
export function spectralFilter(
  x: Tensor,
  spectrum: Spectrum,
  response: (eigenvalues: Tensor) => Tensor,
): Tensor {
  const transformed = graphFourier(x, spectrum)
  const gains = response(spectrum.eigenvalues)
  if (gains.ndim !== 1 || gains.shape[0] !== x.shape[0]) {
    const rule = `the response must have a number for each of ${x.shape[0]} frequencies`
    throw new ShapeError('spectralFilter', { gains }, rule, '(f) => f.mul(-1).exp()')
  }
  const scaled = transformed.mul(x.ndim === 1 ? gains : gains.unsqueeze(1))
  return inverseGraphFourier(scaled, spectrum)
}
