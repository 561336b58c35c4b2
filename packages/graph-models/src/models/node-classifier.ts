import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireCounts, requireOptions, show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { Edges } from '../graph/graph.ts'
import { GCNConv } from '../layers/gcn-conv.ts'

const { functional: F } = nn

/** Options of {@link GCN}. */
export interface GCNOptions {
  /** Width of the nodes' features. */
  readonly inChannels: number
  /** How many classes there are. */
  readonly numClasses: number
  /** Width of each layer but the last. Default `[16]`. */
  readonly hiddenChannels?: readonly number[]
  /** Before each layer. Default 0.5. */
  readonly dropout?: number
  /** Between layers. Default 'relu'. */
  readonly activation?: 'relu' | 'tanh'
}

/**
 * Classes for nodes: graph convolutions with an activation between them.
 *
 * Shapes: x `[N, inChannels]`, edges a Graph or int64 `[2, E]` -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} if x does not fit. @throws {IndexError} if an edge leaves the graph.
 * @see Kipf and Welling 2016, https://arxiv.org/abs/1609.02907
 *
 * @example
 * ```ts
 * import { GCN, karateClub } from '@flambeau/graph-models'
 * const club = karateClub()
 * const net = new GCN({ inChannels: 34, numClasses: 2 })
 * console.log(net(club.x, club).shape) // => [ 34, 2 ]
 * ```
 */
export class GCN extends nn.Module<[x: Tensor, edges: Edges]> {
  convs: nn.ModuleList<GCNConv>
  readonly dropout: number
  readonly activation: 'relu' | 'tanh'

  constructor(options: GCNOptions) {
    super()
    requireOptions('GCN', options, ['inChannels', 'numClasses'])
    const { inChannels, numClasses, hiddenChannels = [16], dropout = 0.5 } = options
    requireCounts('GCN', { inChannels, numClasses }, 1)
    const activation = options.activation ?? 'relu'
    if (activation !== 'relu' && activation !== 'tanh') {
      const rule = `there is no activation ${show(activation)}`
      throw new ValueError('GCN', [], rule, 'use relu or tanh')
    }
    const widths = [inChannels, ...hiddenChannels, numClasses]
    this.convs = new nn.ModuleList(
      widths.slice(1).map((width, i) => new GCNConv(widths[i] as number, width)),
    )
    this.dropout = dropout
    this.activation = activation
  }

  /** What the layers before the last one make of the nodes: `[N, last hidden width]`. */
  embed(x: Tensor, edges: Edges): Tensor {
    let h = x
    for (let i = 0; i + 1 < this.convs.length; i++) {
      const conv = this.convs.at(i)
      h = conv(F.dropout(h, this.dropout, this.training), edges)[this.activation]()
    }
    return h
  }

  override forward(x: Tensor, edges: Edges): Tensor {
    const last = this.convs.at(-1)
    const h = this.embed(x, edges)
    return last(F.dropout(h, this.dropout, this.training), edges)
  }
}
