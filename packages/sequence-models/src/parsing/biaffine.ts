import type { Tensor } from '@flambeau/core'
import { concat, onesLike, ShapeError, zeros } from '@flambeau/core'
import { requireCounts, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

export interface BiaffineOptions {
  /** Scores for each pair. Default 1. */
  readonly outFeatures?: number
  /** Scores that depend on x alone. Default true. */
  readonly biasX?: boolean
  /** Scores that depend on y alone. Default true. */
  readonly biasY?: boolean
}

/**
 * Scores of pairs of steps: s = xᵀ·W·y for each score, where x and y have a one added for what depends
 * on one of them alone.
 *
 * Shapes: x `[N, T, inX]`, y `[N, S, inY]` -> `[N, outFeatures, T, S]`. In state dicts: `weight`
 * `[outFeatures, inX + 1, inY + 1]` (without a bias no 1), zeros at first.
 *
 * @throws {ShapeError} for other shapes.
 * @see Dozat and Manning 2017, https://arxiv.org/abs/1611.01734
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Biaffine } from '@flambeau/sequence-models'
 * const scores = new Biaffine(4, 6, { outFeatures: 3 })(ones([2, 5, 4]), ones([2, 7, 6]))
 * console.log(scores.shape) // => [ 2, 3, 5, 7 ]
 * ```
 */
export class Biaffine extends nn.Module<[x: Tensor, y: Tensor]> {
  readonly inX: number
  readonly inY: number
  readonly biasX: boolean
  readonly biasY: boolean
  weight: nn.Parameter

  constructor(inX: number, inY: number, options: BiaffineOptions = {}) {
    super()
    requireOptions('Biaffine', options)
    const { outFeatures = 1, biasX = true, biasY = true } = options
    requireCounts('Biaffine', { inX, inY, outFeatures }, 1)
    this.inX = inX
    this.inY = inY
    this.biasX = biasX
    this.biasY = biasY
    this.weight = new nn.Parameter(zeros([outFeatures, inX + Number(biasX), inY + Number(biasY)]))
  }

  override forward(x: Tensor, y: Tensor): Tensor {
    const { inX, inY } = this
    requireTensor('Biaffine', 'x', x)
    requireTensor('Biaffine', 'y', y)
    const right = x.ndim === 3 && y.ndim === 3 && x.shape[0] === y.shape[0]
    if (!right || x.shape[2] !== inX || y.shape[2] !== inY) {
      const rule = `x must be [N, T, ${inX}] and y [N, S, ${inY}], of one N`
      throw new ShapeError('Biaffine', { x, y }, rule, 'reshape them')
    }
    const extended = (t: Tensor, bias: boolean): Tensor => {
      const one = bias ? concat([t, onesLike(t.narrow(2, 0, 1))], 2) : t
      return one.unsqueeze(1) // [N, 1, steps, features]
    }
    const rows = extended(x, this.biasX).matmul(this.weight) // [N, out, T, inY + 1]
    return rows.matmul(extended(y, this.biasY).transpose(2, 3))
  }
}
