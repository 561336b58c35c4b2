import type { Tensor } from '@flambeau/core'
import { linalg, ShapeError } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import type { Figure } from './figure.ts'
import type { ScatterOptions } from './line-plot.ts'
import { scatter } from './line-plot.ts'

/**
 * Vectors as points in the plane that keeps most of their spread (their two principal components):
 * embeddings, activations of the last layer.
 *
 * Shapes: `[N, D]` with N ≥ 1 and D ≥ 2; of two columns, the points are as they are.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} if labels are not N numbers.
 * @see torch.pca_lowrank
 *
 * @example
 * ```ts
 * import { randn, arange } from '@flambeau/core'
 * import { embeddingScatter } from '@flambeau/plot'
 * const labels = arange(30).remainder(3)
 * const figure = embeddingScatter(randn([30, 16]), { labels, names: ['cat', 'dog', 'owl'] })
 * console.log(figure.svg.includes('owl')) // => true
 * ```
 */
export function embeddingScatter(vectors: Tensor, options: ScatterOptions = {}): Figure {
  requireTensor('embeddingScatter', 'vectors', vectors)
  const [count = 0, width = 0] = vectors.shape
  if (vectors.ndim !== 2 || count < 1 || width < 2) {
    const rule = 'embeddings are [N, D], D at least 2'
    throw new ShapeError('embeddingScatter', { vectors }, rule, 'flatten what is not a vector')
  }
  if (width === 2) return scatter(vectors.detach(), options)
  const centred = vectors.detach().double()
  const spread = centred.sub(centred.mean(0))
  // The principal axes are the eigenvectors of the covariance, the largest eigenvalues last.
  const [values, axes] = linalg.eigh(spread.t().matmul(spread))
  const plane = axes.narrow(1, width - 2, 2).flip(1)
  const all = values.sum().item()
  const share = (i: number): string => {
    const part = all > 0 ? (100 * Math.max(values.select(0, width - i).item(), 0)) / all : 0
    return `component ${i} (${part.toFixed(0)} % of the variance)`
  }
  return scatter(spread.matmul(plane), { xLabel: share(1), yLabel: share(2), ...options })
}
