/** A transformer for translation. @see Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 */
import type { Tensor } from '@flambeau/core'
import { arange, full, stack } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const vocabulary = 8000
const width = 256
const length = 64

/** Sines and cosines of the position, in turns. [length, width] */
function positions(): Tensor {
  const rates = arange(0, width, 2)
    .mul(-Math.log(10000) / width)
    .exp()
  const angles = arange(length).unsqueeze(1).mul(rates)
  return stack([angles.sin(), angles.cos()], 2).flatten(1)
}

/** Source and target tokens [N, 64] to logits [N, 64, 8000]; 4 + 4 layers of 8 heads. */
export class Seq2Seq extends nn.Module<[source: Tensor, target: Tensor]> {
  readonly src: nn.Embedding = new nn.Embedding(vocabulary, width)
  readonly tgt: nn.Embedding = new nn.Embedding(vocabulary, width)
  declare readonly pe: Tensor
  readonly drop: nn.Dropout
  readonly tr: nn.Transformer
  readonly out: nn.Linear
  declare readonly mask: Tensor

  constructor(dropout: number) {
    super()
    this.registerBuffer('pe', positions())
    this.drop = new nn.Dropout(dropout)
    this.tr = new nn.Transformer({
      dModel: width,
      nhead: 8,
      numEncoderLayers: 4,
      numDecoderLayers: 4,
      dimFeedforward: 1024,
      dropout,
      batchFirst: true,
    })
    this.out = new nn.Linear(width, vocabulary)
    this.registerBuffer('mask', full([length, length], -Infinity).triu(1))
  }

  override forward(source: Tensor, target: Tensor): Tensor {
    const scale = Math.sqrt(width)
    const s = this.drop(this.src(source).mul(scale).add(this.pe))
    const t = this.drop(this.tgt(target).mul(scale).add(this.pe))
    return this.out(this.tr(s, t, { tgtMask: this.mask, tgtIsCausal: true }))
  }
}
