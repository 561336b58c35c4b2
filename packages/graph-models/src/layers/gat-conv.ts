/** Graph attention: each node weighs its neighbours. */
import type { Tensor } from '@flambeau/core'
import { namedResult, requireCounts, requireOptions } from '@flambeau/core/internal'
import { ShapeError } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { addSelfLoops, removeSelfLoops } from '../graph/edges.ts'
import type { Edges } from '../graph/graph.ts'
import { Graph, graphOf } from '../graph/graph.ts'
import { scatterRows, softmaxRows } from '../graph/scatter.ts'
import { biasOf, glorotLinear, glorotParameter } from './linear.ts'

const { functional: F } = nn

/** Options of {@link GATConv}. */
export interface GATConvOptions {
  /** How many times attention is computed, with weights of its own. Default 1. */
  readonly heads?: number
  /** Put the heads' results beside each other; else their mean. Default true. */
  readonly concat?: boolean
  /** Of the leaky ReLU of scores. Default 0.2. */
  readonly negativeSlope?: number
  /** Of the weights of attention. Default 0. */
  readonly dropout?: number
  /** Let each node attend to itself; self loops that are there are replaced. Default true. */
  readonly addSelfLoops?: boolean
  /** The width of features of edges, if scores are to depend on them. Default null. */
  readonly edgeChannels?: number | null
  /** Add a linear map of x to the result. Default false. */
  readonly residual?: boolean
  /** Default true. */
  readonly bias?: boolean
  /**
   * 1: the score is linear in both ends, so that all nodes rank a neighbour alike. 2: both ends go
   * through the leaky ReLU together, so that a ranking may differ by node (GATv2). Default 1.
   */
  readonly version?: 1 | 2
}

/** The result of {@link GATConv.attend}: also by name. */
export type Attended = [out: Tensor, graph: Graph, weights: Tensor] & {
  /** `[N, heads · outChannels]`, or `[N, outChannels]` of a mean. */
  readonly out: Tensor
  /** The graph with the self loops that were added. */
  readonly graph: Graph
  /** How much each of its edges counted, by head: `[E', heads]`. */
  readonly weights: Tensor
}

/**
 * Graph attention: x'ᵢ = Σⱼ αᵢⱼ W xⱼ, where α is a softmax over the edges that arrive at i of
 * leakyReLU(a · [W xᵢ, W xⱼ]), or a · leakyReLU(W₂ xᵢ + W₁ xⱼ) in version 2.
 *
 * Shapes: x `[N, inChannels]`, edges a {@link Graph} or int64 `[2, E]`, edgeAttr `[E, edgeChannels]`
 * in place of the graph's -> `[N, heads · outChannels]`, or `[N, outChannels]` without concat. An
 * isolated node attends to itself alone, and without self loops gets the bias. A self loop's features
 * are the mean of those of the edges that arrive at its node.
 *
 * @throws {ShapeError} if x or edgeAttr does not fit. @throws {IndexError} if an edge leaves the graph.
 * @see torch_geometric.nn.GATConv, GATv2Conv; Veličković et al. 2017, https://arxiv.org/abs/1710.10903;
 * Brody et al. 2021, https://arxiv.org/abs/2105.14491
 *
 * @example
 * ```ts
 * import { GATConv, karateClub } from '@flambeau/graph-models'
 * const club = karateClub()
 * const layer = new GATConv(34, 8, { heads: 4 })
 * console.log(layer(club.x, club).shape) // => [ 34, 32 ]
 * console.log(layer.attend(club.x, club).weights.shape) // => [ 190, 4 ]
 * ```
 */
export class GATConv extends nn.Module<[x: Tensor, edges: Edges, edgeAttr?: Tensor | null]> {
  readonly inChannels: number
  readonly outChannels: number
  readonly heads: number
  readonly concat: boolean
  readonly negativeSlope: number
  readonly dropout: number
  readonly addSelfLoops: boolean
  readonly version: 1 | 2
  // Version 1.
  readonly lin: nn.Linear | null = null
  readonly att_src: nn.Parameter | null = null
  readonly att_dst: nn.Parameter | null = null
  readonly att_edge: nn.Parameter | null = null
  // Version 2.
  readonly lin_l: nn.Linear | null = null
  readonly lin_r: nn.Linear | null = null
  readonly att: nn.Parameter | null = null
  // Both.
  readonly lin_edge: nn.Linear | null = null
  readonly res: nn.Linear | null = null
  bias: nn.Parameter | null

  constructor(inChannels: number, outChannels: number, options: GATConvOptions = {}) {
    super()
    requireOptions('GATConv', options)
    const { heads = 1, concat = true, negativeSlope = 0.2, dropout = 0, bias = true } = options
    const { edgeChannels = null, residual = false, version = 1 } = options
    requireCounts('GATConv', { inChannels, outChannels, heads }, 1)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.heads = heads
    this.concat = concat
    this.negativeSlope = negativeSlope
    this.dropout = dropout
    this.addSelfLoops = options.addSelfLoops ?? true
    this.version = version
    const width = heads * outChannels
    const total = concat ? width : outChannels
    if (version === 1) {
      this.lin = glorotLinear(inChannels, width)
      this.att_src = glorotParameter([1, heads, outChannels])
      this.att_dst = glorotParameter([1, heads, outChannels])
    } else {
      this.lin_l = glorotLinear(inChannels, width, bias)
      this.lin_r = glorotLinear(inChannels, width, bias)
      this.att = glorotParameter([1, heads, outChannels])
    }
    if (edgeChannels !== null) {
      requireCounts('GATConv', { edgeChannels }, 1)
      this.lin_edge = glorotLinear(edgeChannels, width)
      if (version === 1) this.att_edge = glorotParameter([1, heads, outChannels])
    }
    if (residual) this.res = glorotLinear(inChannels, total)
    this.bias = biasOf(total, bias)
  }

  override forward(x: Tensor, edges: Edges, edgeAttr: Tensor | null = null): Tensor {
    return this.attend(x, edges, edgeAttr).out
  }

  /** {@link forward}, which also tells how much each edge counted. */
  attend(x: Tensor, edges: Edges, edgeAttr: Tensor | null = null): Attended {
    const graph = this.graphOf(x, edges, edgeAttr)
    const perHead = [-1, this.heads, this.outChannels]
    const [left, right] =
      this.lin === null
        ? [
            (this.lin_l as nn.Linear)(x).reshape(perHead),
            (this.lin_r as nn.Linear)(x).reshape(perHead),
          ]
        : [this.lin(x).reshape(perHead), null]
    const ofEdges =
      this.lin_edge === null ? null : this.lin_edge(graph.edgeAttr as Tensor).reshape(perHead)
    const scores =
      right === null
        ? this.additive(left, ofEdges, graph)
        : this.dynamic(left, right, ofEdges, graph)
    const weights = F.dropout(
      softmaxRows(scores, graph.target, graph.numNodes),
      this.dropout,
      this.training,
    )
    const messages = left.indexSelect(0, graph.source).mul(weights.unsqueeze(-1))
    const arrived = scatterRows(messages, graph.target, graph.numNodes)
    let out = this.concat ? arrived.flatten(1) : arrived.mean(1)
    if (this.res !== null) out = out.add(this.res(x))
    if (this.bias !== null) out = out.add(this.bias)
    return namedResult(['out', 'graph', 'weights'], [
      out,
      graph,
      weights,
    ] as never) as unknown as Attended
  }

  /** Version 1: what each end adds to the score is computed by node. */
  private additive(h: Tensor, ofEdges: Tensor | null, graph: Graph): Tensor {
    const source = h.mul(this.att_src as Tensor).sum(-1)
    const target = h.mul(this.att_dst as Tensor).sum(-1)
    let sum = source.indexSelect(0, graph.source).add(target.indexSelect(0, graph.target))
    if (ofEdges !== null) sum = sum.add(ofEdges.mul(this.att_edge as Tensor).sum(-1))
    return F.leakyRelu(sum, this.negativeSlope)
  }

  /** Version 2. */
  private dynamic(left: Tensor, right: Tensor, ofEdges: Tensor | null, graph: Graph): Tensor {
    let sum = left.indexSelect(0, graph.source).add(right.indexSelect(0, graph.target))
    if (ofEdges !== null) sum = sum.add(ofEdges)
    return F.leakyRelu(sum, this.negativeSlope)
      .mul(this.att as Tensor)
      .sum(-1)
  }

  private graphOf(x: Tensor, edges: Edges, edgeAttr: Tensor | null): Graph {
    const given = graphOf('GATConv', x, edges, this.inChannels)
    const { numNodes, edgeIndex } = given
    let features: Tensor | null = null
    if (this.lin_edge !== null) {
      const width = this.lin_edge.inFeatures
      features = edgeAttr ?? given.edgeAttr
      if (features === null || features.ndim !== 2 || features.shape[1] !== width) {
        const rule = `edges must have features [${given.numEdges}, ${width}]`
        throw new ShapeError('GATConv', { edgeAttr: features }, rule, 'pass edgeAttr')
      }
    }
    const bare = new Graph({ numNodes, edgeIndex, edgeAttr: features })
    return this.addSelfLoops ? addSelfLoops(removeSelfLoops(bare)) : bare
  }

  override extraRepr(): string {
    return `${this.inChannels}, ${this.outChannels}, heads=${this.heads}, version=${this.version}`
  }
}
