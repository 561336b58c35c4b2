import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { Graph } from '../graph/graph.ts'
import { graphOf } from '../graph/graph.ts'
import { GINConv } from '../layers/gin-conv.ts'
import { globalAddPool } from '../pooling/global.ts'

const { functional: F } = nn

/** Options of {@link GIN}. */
export interface GINOptions {
  /** Width of the nodes' features. */
  readonly inChannels: number
  /** How many classes there are. */
  readonly numClasses: number
  /** Width of each layer. Default 32. */
  readonly hiddenChannels?: number
  /** How many layers: how far a node sees. Default 4. */
  readonly numLayers?: number
  /** Before the last layer. Default 0. */
  readonly dropout?: number
}

/**
 * Classes for graphs: isomorphism layers, each of two linear ones with batch norm; the sums over the
 * nodes of what each layer gave are put beside each other and mapped to classes.
 *
 * Shapes: x `[N, inChannels]`, graph (a batch of G) -> logits `[G, numClasses]`.
 *
 * @throws {ShapeError} if x does not fit.
 * @see Xu et al. 2018, https://arxiv.org/abs/1810.00826
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { batchGraphs, cyclesAndTrees, GIN } from '@flambeau/graph-models'
 * const batch = batchGraphs(cyclesAndTrees({ count: 6 }))
 * const net = new GIN({ inChannels: 1, numClasses: 2 })
 * console.log(net(ones([batch.numNodes, 1]), batch).shape) // => [ 6, 2 ]
 * ```
 */
export class GIN extends nn.Module<[x: Tensor, graph: Graph]> {
  convs: nn.ModuleList<GINConv>
  hidden: nn.Linear
  head: nn.Linear
  readonly dropout: number

  constructor(options: GINOptions) {
    super()
    requireOptions('GIN', options, ['inChannels', 'numClasses'])
    const { inChannels, numClasses, hiddenChannels = 32, numLayers = 4, dropout = 0 } = options
    requireCounts('GIN', { inChannels, numClasses, hiddenChannels, numLayers }, 1)
    this.convs = new nn.ModuleList(
      Array.from({ length: numLayers }, (_, i) => {
        const net = new nn.Sequential(
          new nn.Linear(i === 0 ? inChannels : hiddenChannels, hiddenChannels),
          new nn.BatchNorm1d(hiddenChannels),
          new nn.ReLU(),
          new nn.Linear(hiddenChannels, hiddenChannels),
          new nn.ReLU(),
        )
        return new GINConv(net)
      }),
    )
    this.hidden = new nn.Linear(numLayers * hiddenChannels, hiddenChannels)
    this.head = new nn.Linear(hiddenChannels, numClasses)
    this.dropout = dropout
  }

  override forward(x: Tensor, graph: Graph): Tensor {
    graphOf('GIN', x, graph)
    let h = x
    const sums: Tensor[] = []
    for (const conv of this.convs) {
      h = conv(h, graph)
      sums.push(globalAddPool(h, graph))
    }
    const whole = this.hidden(cat(sums, 1)).relu()
    return this.head(F.dropout(whole, this.dropout, this.training))
  }
}
