/** Edge-conditioned convolution: a network makes the matrix of each edge from its features. */
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { requireCounts, requireInstance, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { Edges } from '../graph/graph.ts'
import { graphOf } from '../graph/graph.ts'
import type { EdgeView } from '../graph/message-passing.ts'
import { MessagePassing } from '../graph/message-passing.ts'
import type { Aggregation } from '../graph/scatter.ts'
import { biasOf } from './linear.ts'

/** Options of {@link NNConv}. */
export interface NNConvOptions {
  /** Default 'add'. */
  readonly aggregation?: Aggregation
  /** Add what the node's own features map to. Default true. */
  readonly rootWeight?: boolean
  /** Default true. */
  readonly bias?: boolean
}

/**
 * Edge-conditioned convolution: x'ᵢ = Σⱼ net(eⱼᵢ) xⱼ + W xᵢ + b, where `net` maps the features of an
 * edge to the inChannels · outChannels numbers of a matrix.
 *
 * Shapes: x `[N, inChannels]`, edges a {@link Graph} or int64 `[2, E]`, edgeAttr `[E, D]` in place of
 * the graph's -> `[N, outChannels]`.
 *
 * @throws {ShapeError} if x or what `net` gives does not fit, or if edges have no features.
 * @throws {IndexError} if an edge leaves the graph.
 * @see torch_geometric.nn.NNConv; Gilmer et al. 2017, https://arxiv.org/abs/1704.01212; Simonovsky and
 * Komodakis 2017, https://arxiv.org/abs/1704.02901
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Graph, NNConv } from '@flambeau/graph-models'
 * import * as nn from '@flambeau/nn'
 * const graph = Graph.fromEdges(2, [[0, 1]], { edgeAttr: ones([1, 4]) })
 * console.log(new NNConv(3, 2, new nn.Linear(4, 6))(ones([2, 3]), graph).shape) // => [ 2, 2 ]
 * ```
 */
export class NNConv extends MessagePassing<[x: Tensor, edges: Edges, edgeAttr?: Tensor | null]> {
  readonly inChannels: number
  readonly outChannels: number
  nn: nn.Module
  lin: nn.Linear | null
  bias: nn.Parameter | null

  constructor(
    inChannels: number,
    outChannels: number,
    net: nn.Module,
    options: NNConvOptions = {},
  ) {
    requireOptions('NNConv', options)
    const { aggregation = 'add', rootWeight = true, bias = true } = options
    super(aggregation)
    requireCounts('NNConv', { inChannels, outChannels }, 1)
    this.inChannels = inChannels
    this.outChannels = outChannels
    requireInstance('NNConv', 'net', net, nn.Module, 'new nn.Linear(3, inChannels * outChannels)')
    this.nn = net
    this.lin = rootWeight ? new nn.Linear(inChannels, outChannels, { bias: false }) : null
    this.bias = biasOf(outChannels, bias)
  }

  override message(edges: EdgeView): Tensor {
    const { inChannels, outChannels } = this
    const made = this.nn(edges.edgeAttr as Tensor)
    if (made.ndim !== 2 || made.shape[1] !== inChannels * outChannels) {
      const rule = `the network must give ${inChannels} · ${outChannels} = ${inChannels * outChannels} numbers for each edge`
      throw new ShapeError('NNConv', { made }, rule, 'change its last layer')
    }
    const matrices = made.reshape([-1, inChannels, outChannels])
    return edges.source.unsqueeze(1).matmul(matrices).squeeze(1)
  }

  override forward(x: Tensor, edges: Edges, edgeAttr: Tensor | null = null): Tensor {
    const graph = graphOf('NNConv', x, edges, this.inChannels)
    const features = edgeAttr ?? graph.edgeAttr
    if (features === null || features.shape[0] !== graph.numEdges) {
      const rule = `each of the ${graph.numEdges} edges must have features`
      throw new ShapeError('NNConv', { edgeAttr: features }, rule, 'pass edgeAttr')
    }
    let out = this.propagate(graph, x, features)
    if (this.lin !== null) out = out.add(this.lin(x))
    return this.bias === null ? out : out.add(this.bias)
  }

  override extraRepr(): string {
    return `${this.inChannels}, ${this.outChannels}, aggregation=${this.aggregation}`
  }
}
