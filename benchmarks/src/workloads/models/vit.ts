/** A small vision transformer. @see Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929 */
import type { Tensor } from '@flambeau/core'
import { cat, randn, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const { gelu, scaledDotProductAttention } = nn.functional

const width = 192
const heads = 3

class Block extends nn.Module {
  readonly n1: nn.LayerNorm = new nn.LayerNorm(width)
  readonly n2: nn.LayerNorm = new nn.LayerNorm(width)
  readonly qkv: nn.Linear = new nn.Linear(width, 3 * width)
  readonly proj: nn.Linear = new nn.Linear(width, width)
  readonly fc1: nn.Linear = new nn.Linear(width, 4 * width)
  readonly fc2: nn.Linear = new nn.Linear(4 * width, width)

  override forward(x: Tensor): Tensor {
    const [batch, tokens] = x.shape as readonly [number, number, number]
    const [q, k, v] = this.qkv(this.n1(x))
      .view(batch, tokens, 3, heads, width / heads)
      .permute(2, 0, 3, 1, 4)
      .unbind() as [Tensor, Tensor, Tensor]
    const mixed = scaledDotProductAttention(q, k, v)
    const y = x.add(this.proj(mixed.transpose(1, 2).reshape(batch, tokens, width)))
    return y.add(this.fc2(gelu(this.fc1(this.n2(y)))))
  }
}

/** 3×32×32 in patches of 4×4 (65 tokens) to 10 classes; width 192, 6 blocks of 3 heads. */
export class VisionTransformer extends nn.Module {
  readonly embed: nn.Conv2d = new nn.Conv2d(3, width, 4, 4)
  readonly cls: nn.Parameter = new nn.Parameter(zeros([1, 1, width]))
  readonly pos: nn.Parameter = new nn.Parameter(randn([1, 65, width]).mul(0.02))
  readonly blocks: nn.ModuleList<Block> = new nn.ModuleList(
    Array.from({ length: 6 }, () => new Block()),
  )
  readonly norm: nn.LayerNorm = new nn.LayerNorm(width)
  readonly head: nn.Linear = new nn.Linear(width, 10)

  override forward(image: Tensor): Tensor {
    const patches = this.embed(image).flatten(2).transpose(1, 2)
    let x = cat([this.cls.expand(patches.shape[0] as number, -1, -1), patches], 1).add(this.pos)
    for (const block of this.blocks) x = block(x)
    return this.head(this.norm(x).select(1, 0))
  }
}
