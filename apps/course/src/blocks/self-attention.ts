/** Self-attention with several heads: softmax(Q Kᵀ / √d) V. */
import type { Tensor } from '@flambeau/core'
import { allclose, manualSeed, randn, rearrange, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { attentionMaps } from '@flambeau/plot'
import { outFile } from '../settings.ts'

class SelfAttention extends nn.Module {
  to_q: nn.Linear
  to_k: nn.Linear
  to_v: nn.Linear
  proj_out: nn.Linear
  positional_encoding: nn.Parameter
  layernorm: nn.LayerNorm
  weights: Tensor | null = null // of the last call, to look at

  constructor(
    dim = 64,
    readonly numHeads = 8,
  ) {
    super()
    this.to_q = new nn.Linear(dim, dim)
    this.to_k = new nn.Linear(dim, dim)
    this.to_v = new nn.Linear(dim, dim)
    this.proj_out = new nn.Linear(dim, dim)
    this.positional_encoding = new nn.Parameter(zeros(1, 1, dim))
    this.layernorm = new nn.LayerNorm(dim)
  }

  /** [b, n, c] -> the same */
  override forward(input: Tensor): Tensor {
    const x = input.add(this.positional_encoding)
    const heads = (y: Tensor): Tensor => rearrange(y, 'b n (h d) -> b h n d', { h: this.numHeads })
    const [q, k, v] = [heads(this.to_q(x)), heads(this.to_k(x)), heads(this.to_v(x))]
    const attention = q
      .matmul(k.transpose(-2, -1))
      .div(Math.sqrt(q.size(-1)))
      .softmax(-1)
    this.weights = attention.detach()
    const out = this.proj_out(rearrange(attention.matmul(v), 'b h n d -> b n (h d)'))
    return this.layernorm(x.add(out)) // mended: x is still what came in, not what attention made of it
  }
}

manualSeed(0)
const x = randn(2, 10, 64)
const attention = new SelfAttention()
console.log(attention(x).shape)
console.log('weights:', attention.weights!.shape, 'sum', attention.weights!.sum(-1).mean())
attentionMaps(attention.weights!.at(0)).save(outFile('attention.png'))

// The same formula, in one fast operation.
const [q, k, v] = [randn(2, 8, 10, 8), randn(2, 8, 10, 8), randn(2, 8, 10, 8)]
const written = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(8)).softmax(-1).matmul(v)
const fast = nn.functional.scaledDotProductAttention(q, k, v)
console.log('as the library:', allclose(fast, written, { atol: 1e-6 }))
