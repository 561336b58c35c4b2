/** How far apart, or how alike, vectors are. */
import type { Tensor } from '@flambeau/core'
import { cosineSimilarity, pairwiseDistance } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { Module } from '../module.ts'

export interface CosineSimilaritySettings {
  /** The axis of the vectors. Default 1. */
  dim?: number
  /** What norms are at least. Default 1e-8. */
  eps?: number
}

const COSINE = ['dim', 'eps'] as const

/**
 * The cosine of the angle between vectors along an axis.
 *
 * Shapes: x1 and x2 `[*, D, *]`, broadcast -> `[*, *]`. Dtype: floating, the wider one.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.nn.CosineSimilarity
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CosineSimilarity } from '@flambeau/nn'
 * console.log(new CosineSimilarity(0)(tensor([0.5, 0]), tensor([3, 4]))) // => tensor(0.6000)
 * ```
 */
export class CosineSimilarity extends Module<[x1: Tensor, x2: Tensor]> {
  readonly dim: number
  readonly eps: number

  constructor(...given: Arguments<CosineSimilaritySettings, typeof COSINE>) {
    super()
    const [dim = 1, eps = 1e-8] = parameters<[number, number]>('CosineSimilarity', COSINE)(given)
    this.dim = dim
    this.eps = eps
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return cosineSimilarity(x1, x2, this.dim, this.eps)
  }
}

export interface PairwiseDistanceSettings {
  /** The order of the norm. Default 2. */
  p?: number
  /** Added to each difference. Default 1e-6. */
  eps?: number
  /** Keep the axis of the vectors. Default false. */
  keepdim?: boolean
}

const PAIRWISE = ['p', 'eps', 'keepdim'] as const

/**
 * The p-norm of x1 - x2 + eps along the last axis.
 *
 * Shapes: x1 and x2 `[*, D]`, broadcast -> `[*]`, or `[*, 1]` with keepdim. Dtype: floating, the
 * wider one.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.nn.PairwiseDistance
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { PairwiseDistance } from '@flambeau/nn'
 * console.log(new PairwiseDistance()(tensor([[0, 0.0]]), tensor([[3, 4.0]])))
 * // => tensor([5.0000])
 * ```
 */
export class PairwiseDistance extends Module<[x1: Tensor, x2: Tensor]> {
  readonly norm: number
  readonly eps: number
  readonly keepdim: boolean

  constructor(...given: Arguments<PairwiseDistanceSettings, typeof PAIRWISE>) {
    super()
    const read = parameters<[number, number, boolean]>('PairwiseDistance', PAIRWISE)(given)
    const [norm = 2, eps = 1e-6, keepdim = false] = read
    this.norm = norm
    this.eps = eps
    this.keepdim = keepdim
  }

  override forward(x1: Tensor, x2: Tensor): Tensor {
    return pairwiseDistance(x1, x2, this.norm, this.eps, this.keepdim)
  }
}
