/** GraphSAGE: a node's own features beside a summary of its neighbours'. */
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireCounts, requireOptions, show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { degree } from '../graph/edges.ts'
import { sumOverEdges } from '../graph/compressed.ts'
import type { Edges } from '../graph/graph.ts'
import { graphOf } from '../graph/graph.ts'
import { MessagePassing } from '../graph/message-passing.ts'

const { functional: F } = nn

/** How {@link SAGEConv} sums up neighbours: `pool` is the maximum after a layer of their own. */
export type SAGEAggregation = 'mean' | 'max' | 'pool'

/** Options of {@link SAGEConv}. */
export interface SAGEConvOptions {
  /** Default 'mean'. */
  readonly aggregation?: SAGEAggregation
  /** Bring each output row to length 1. Default false. */
  readonly normalize?: boolean
  /** Add what the node's own features map to. Default true. */
  readonly rootWeight?: boolean
  /** Default true. */
  readonly bias?: boolean
}

/**
 * GraphSAGE: x' = W₁ · (mean or maximum over neighbours) + b + W₂ x.
 *
 * Shapes: x `[N, inChannels]`, edges a {@link Graph} or int64 `[2, E]` -> `[N, outChannels]`. The
 * summary of no neighbours is zeros. Self loops are edges like others; none are added.
 *
 * @throws {ShapeError} if x does not fit. @throws {IndexError} if an edge leaves the graph.
 * @see torch_geometric.nn.SAGEConv (pool: project with max); Hamilton et al. 2017,
 * https://arxiv.org/abs/1706.02216
 *
 * @example
 * ```ts
 * import { karateClub, SAGEConv } from '@flambeau/graph-models'
 * const club = karateClub()
 * console.log(new SAGEConv(34, 2, { aggregation: 'pool' })(club.x, club).shape) // => [ 34, 2 ]
 * ```
 */
export class SAGEConv extends MessagePassing<[x: Tensor, edges: Edges]> {
  readonly inChannels: number
  readonly outChannels: number
  readonly normalize: boolean
  /** The neighbours' layer of `pool`. */
  lin: nn.Linear | null
  lin_l: nn.Linear
  lin_r: nn.Linear | null

  constructor(inChannels: number, outChannels: number, options: SAGEConvOptions = {}) {
    requireOptions('SAGEConv', options)
    const { aggregation = 'mean', normalize = false, rootWeight = true, bias = true } = options
    if (!['mean', 'max', 'pool'].includes(aggregation)) {
      const rule = `there is no aggregation ${show(aggregation)}`
      throw new ValueError('SAGEConv', [], rule, 'use mean, max or pool')
    }
    super(aggregation === 'mean' ? 'mean' : 'max')
    requireCounts('SAGEConv', { inChannels, outChannels }, 1)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.normalize = normalize
    this.lin = aggregation === 'pool' ? new nn.Linear(inChannels, inChannels) : null
    this.lin_l = new nn.Linear(inChannels, outChannels, { bias })
    this.lin_r = rootWeight ? new nn.Linear(inChannels, outChannels, { bias: false }) : null
  }

  override forward(x: Tensor, edges: Edges): Tensor {
    const graph = graphOf('SAGEConv', x, edges, this.inChannels)
    const neighbours = this.lin === null ? x : this.lin(x).relu()
    let summary: Tensor
    if (this.aggregation === 'mean') {
      const count = degree(graph).clamp(1).to(x.dtype).unsqueeze(1)
      summary = sumOverEdges(graph.compressed(), neighbours, null).div(count)
    } else summary = this.propagate(graph, neighbours)
    let out = this.lin_l(summary)
    if (this.lin_r !== null) out = out.add(this.lin_r(x))
    return this.normalize ? F.normalize(out) : out
  }

  override extraRepr(): string {
    return `${this.inChannels}, ${this.outChannels}, aggregation=${this.aggregation}`
  }
}
