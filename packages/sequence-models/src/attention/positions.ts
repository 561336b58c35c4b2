/** What tells transformers where a token is. */
import type { Tensor } from '@flambeau/core'
import { arange, stack, ValueError } from '@flambeau/core'
import { requireCounts, requireTensor } from '@flambeau/core/internal'

/**
 * The table of positions of the Transformer's paper: column 2i of row p is sin(p / 10000^(2i / dim)),
 * column 2i + 1 its cosine.
 *
 * Shapes: -> float32 `[length, dim]`.
 *
 * @throws {ValueError} unless length is a whole number ≥ 1, and dim an even one.
 * @see Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, 3.5
 *
 * @example
 * ```ts
 * import { sinusoidalPositions } from '@flambeau/sequence-models'
 * console.log(sinusoidalPositions(2, 4).select(0, 0).tolist()) // => [ 0, 1, 0, 1 ]
 * ```
 */
export function sinusoidalPositions(length: number, dim: number): Tensor {
  requireCounts('sinusoidalPositions', { length, dim }, 1)
  if (dim % 2 === 1) {
    const rule = `dim must be even, not ${dim}`
    throw new ValueError('sinusoidalPositions', { length, dim }, rule, `pass ${dim + 1}`)
  }
  const rates = arange(0, dim, 2)
    .float()
    .mul(-Math.log(10000) / dim)
    .exp()
  const angles = arange(length).float().unsqueeze(1).mul(rates)
  return stack([angles.sin(), angles.cos()], 2).flatten(1)
}

/**
 * Where there is padding, as the masks of nn's transformers want it: bool `[N, T]`, true for padToken.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { paddingMask } from '@flambeau/sequence-models'
 * console.log(paddingMask(tensor([[5, 6, 0]]), 0).tolist()) // => [ [ false, false, true ] ]
 * ```
 */
export function paddingMask(tokens: Tensor, padToken: number = 0): Tensor {
  requireTensor('paddingMask', 'tokens', tokens)
  return tokens.eq(padToken)
}
