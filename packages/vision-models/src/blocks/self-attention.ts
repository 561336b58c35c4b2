import type { Tensor } from '@flambeau/core'
import { rearrange, ValueError, zeros } from '@flambeau/core'
import { requireCount, requireTensor, show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/**
 * Self-attention written out: a learnt offset, projections to queries, keys and values, heads side by
 * side, a projection back, and a norm around the shortcut.
 *
 * Shapes: `[N, L, dim]` -> the same.
 *
 * @throws {ValueError} if the heads do not divide `dim`.
 * @see Vaswani et al. 2017, https://arxiv.org/abs/1706.03762
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { SelfAttention } from '@flambeau/vision-models'
 * console.log(new SelfAttention(16, 4)(randn([2, 5, 16])).shape) // => [ 2, 5, 16 ]
 * ```
 */
export class SelfAttention extends nn.Module {
  readonly numHeads: number
  to_q: nn.Linear
  to_k: nn.Linear
  to_v: nn.Linear
  proj_out: nn.Linear
  positional_encoding: nn.Parameter
  layernorm: nn.LayerNorm

  constructor(dim: number = 64, numHeads: number = 8) {
    super()
    requireCount('SelfAttention', 'dim', dim, 1)
    requireCount('SelfAttention', 'numHeads', numHeads, 1)
    if (dim % numHeads !== 0) {
      const rule = `${show(numHeads)} heads do not divide ${show(dim)}`
      throw new ValueError('SelfAttention', { dim, numHeads }, rule, 'choose a divisor')
    }
    this.numHeads = numHeads
    this.to_q = new nn.Linear(dim, dim)
    this.to_k = new nn.Linear(dim, dim)
    this.to_v = new nn.Linear(dim, dim)
    this.proj_out = new nn.Linear(dim, dim)
    this.positional_encoding = new nn.Parameter(zeros([1, 1, dim]))
    this.layernorm = new nn.LayerNorm(dim)
  }

  override forward(x: Tensor): Tensor {
    requireTensor('SelfAttention', 'x', x)
    const input = x.add(this.positional_encoding)
    const heads = (y: Tensor): Tensor => rearrange(y, 'b n (h d) -> b h n d', { h: this.numHeads })
    const [q, k, v] = [heads(this.to_q(input)), heads(this.to_k(input)), heads(this.to_v(input))]
    const scale = Math.sqrt(q.shape[3] as number)
    const weights = q.matmul(k.transpose(-2, -1)).div(scale).softmax(-1)
    const seen = rearrange(weights.matmul(v), 'b h n d -> b n (h d)')
    return this.layernorm(input.add(this.proj_out(seen)))
  }
}
