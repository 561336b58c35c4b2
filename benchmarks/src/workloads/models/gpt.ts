/** A small GPT that writes text letter by letter. */
import type { Tensor } from '@flambeau/core'
import { zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const { gelu, scaledDotProductAttention } = nn.functional

const width = 384
const heads = 6
const context = 256
const depth = 6

/** Keys and values of a block, [1, heads, context, width / heads] each; written in place. */
type Cache = readonly [keys: Tensor, values: Tensor]

class Block extends nn.Module<[x: Tensor, cache: Cache, position: number]> {
  readonly n1: nn.LayerNorm = new nn.LayerNorm(width)
  readonly n2: nn.LayerNorm = new nn.LayerNorm(width)
  readonly qkv: nn.Linear = new nn.Linear(width, 3 * width)
  readonly proj: nn.Linear = new nn.Linear(width, width)
  readonly fc1: nn.Linear = new nn.Linear(width, 4 * width)
  readonly fc2: nn.Linear = new nn.Linear(4 * width, width)

  override forward(x: Tensor, [keys, values]: Cache, position: number): Tensor {
    const [batch, tokens] = x.shape as readonly [number, number, number]
    const [q, k, v] = this.qkv(this.n1(x))
      .split(width, 2)
      .map((part) => part.view(batch, tokens, heads, width / heads).transpose(1, 2)) as [
      Tensor,
      Tensor,
      Tensor,
    ]
    keys.narrow(2, position, tokens).copy_(k)
    values.narrow(2, position, tokens).copy_(v)
    const until = position + tokens
    const mixed = scaledDotProductAttention(q, keys.narrow(2, 0, until), values.narrow(2, 0, until))
    const y = x.add(this.proj(mixed.transpose(1, 2).reshape(batch, tokens, width)))
    return y.add(this.fc2(gelu(this.fc1(this.n2(y)))))
  }
}

/** One token [1, 1] and what is known of those before it, to logits [1, 1, 65]. */
export class Gpt extends nn.Module<[token: Tensor, caches: readonly Cache[], position: number]> {
  readonly tok: nn.Embedding = new nn.Embedding(65, width)
  readonly pos: nn.Embedding = new nn.Embedding(context, width)
  readonly blocks: nn.ModuleList<Block> = new nn.ModuleList(
    Array.from({ length: depth }, () => new Block()),
  )
  readonly norm: nn.LayerNorm = new nn.LayerNorm(width)
  readonly head: nn.Linear = new nn.Linear(width, 65, { bias: false })

  override forward(token: Tensor, caches: readonly Cache[], position: number): Tensor {
    const here = this.pos.weight.narrow(0, position, token.shape[1] as number)
    let x = this.tok(token).add(here)
    let i = 0
    for (const block of this.blocks) x = block(x, caches[i++] as Cache, position)
    return this.head(this.norm(x))
  }
}

/** Empty caches for all blocks. */
export function emptyCaches(): Cache[] {
  const shape = [1, heads, context, width / heads]
  return Array.from({ length: depth }, () => [zeros(shape), zeros(shape)] as const)
}
