/** Graph convolution: the first order of spectral filters, as a mean over neighbours. */
import type { DType, Tensor } from '@flambeau/core'
import { arange, cat, ones, stack } from '@flambeau/core'
import { outsideScopes, requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { weightedDegree } from '../graph/edges.ts'
import { sumOverEdges } from '../graph/compressed.ts'
import type { Edges } from '../graph/graph.ts'
import { Graph, graphOf } from '../graph/graph.ts'
import { biasOf, glorotLinear } from './linear.ts'
import { requireGraph } from '../graph/requirements.ts'

/** Options of {@link gcnNorm}. */
export interface GCNNormOptions {
  /** The weight of the self loops that are added, 2 in the variant that PyTorch Geometric calls
   * improved. Default 1. */
  readonly loopWeight?: number
  /** Add a self loop to each node that has none. Default true. */
  readonly addSelfLoops?: boolean
  /** Of the weights where the graph has none. Default: the default dtype. */
  readonly dtype?: DType
}

/**
 * The graph of GCN's propagation matrix: self loops for all nodes, and each weight divided by the
 * roots of the (weighted) degrees of both of its ends: D̃^-½ Ã D̃^-½.
 *
 * A node that has a self loop keeps its weight (of several, the last one's). Nodes that nothing
 * arrives at, which only exist without self loops, have a factor of 0.
 *
 * @see torch_geometric.nn.conv.gcn_conv.gcn_norm
 *
 * @example
 * ```ts
 * import { gcnNorm, Graph, toDenseAdjacency } from '@flambeau/graph-models'
 * const pair = Graph.fromEdges(2, [[0, 1]], { undirected: true })
 * console.log(toDenseAdjacency(gcnNorm(pair)).round(4).tolist()) // => [ [ 0.5, 0.5 ], [ 0.5, 0.5 ] ]
 * ```
 */
export function gcnNorm(graph: Graph, options: GCNNormOptions = {}): Graph {
  requireGraph('gcnNorm', graph)
  requireOptions('gcnNorm', options)
  const { loopWeight = 1, addSelfLoops = true, dtype } = options
  const given = graph.edgeWeight ?? ones([graph.numEdges], { dtype: dtype as 'float32' })
  let { edgeIndex } = graph
  let weight = given
  if (addSelfLoops) {
    const isLoop = graph.source.eq(graph.target)
    const others = isLoop.logicalNot().nonzero().squeeze(1)
    const loops = isLoop.nonzero().squeeze(1)
    const nodes = arange(graph.numNodes, { dtype: 'int64' })
    const loopWeights = ones([graph.numNodes], { dtype: given.dtype as 'float32' })
      .mul(loopWeight)
      .indexCopy(0, graph.source.at(loops), given.at(loops) as Tensor<'float32'>)
    edgeIndex = cat([edgeIndex.indexSelect(1, others), stack([nodes, nodes])], 1)
    weight = cat([given.at(others), loopWeights])
  }
  const { numNodes, numGraphs, batch } = graph
  const linked = new Graph({ numNodes, numGraphs, batch, edgeIndex, edgeWeight: weight })
  const total = weightedDegree(linked)
  const factor = total.pow(-0.5)
  const roots = factor.maskedFill(total.eq(0), 0)
  const scaled = roots.at(linked.source).mul(weight).mul(roots.at(linked.target))
  return new Graph({ numNodes, numGraphs, batch, edgeIndex, edgeWeight: scaled })
}

/** Remembered propagation matrices of graphs whose weights are not learnt. */
const remembered = new WeakMap<Graph, Map<string, Graph>>()

/** {@link gcnNorm}, computed once for each graph and options. */
function normalized(graph: Graph, options: GCNNormOptions): Graph {
  const { loopWeight, addSelfLoops, dtype } = options
  if (graph.edgeWeight?.requiresGrad === true) return gcnNorm(graph, options)
  const known = remembered.get(graph) ?? new Map<string, Graph>()
  remembered.set(graph, known)
  const key = `${loopWeight} ${addSelfLoops} ${dtype}`
  const found = known.get(key) ?? outsideScopes(() => gcnNorm(graph, options))
  known.set(key, found)
  return found
}

/** Options of {@link GCNConv}. */
export interface GCNConvOptions extends GCNNormOptions {
  /** Divide by the degrees; else, a plain weighted sum without self loops of its own. Default true. */
  readonly normalize?: boolean
  /** Default true. */
  readonly bias?: boolean
}

/**
 * Graph convolution: x' = D̃^-½ Ã D̃^-½ x Wᵀ + b, as a native product of a sparse and a dense matrix.
 *
 * Shapes: x `[N, inChannels]`, edges a {@link Graph} (which is normalised once) or int64 `[2, E]`,
 * edgeWeight `[E]` in place of the graph's -> `[N, outChannels]`. An isolated node sees itself alone.
 *
 * @throws {ShapeError} if x does not fit. @throws {IndexError} if an edge leaves the graph.
 * @see torch_geometric.nn.GCNConv; Kipf and Welling 2016, https://arxiv.org/abs/1609.02907
 *
 * @example
 * ```ts
 * import { GCNConv, karateClub } from '@flambeau/graph-models'
 * const club = karateClub()
 * console.log(new GCNConv(34, 2)(club.x, club).shape) // => [ 34, 2 ]
 * ```
 */
export class GCNConv extends nn.Module<[x: Tensor, edges: Edges, edgeWeight?: Tensor | null]> {
  readonly inChannels: number
  readonly outChannels: number
  readonly normalize: boolean
  readonly addSelfLoops: boolean
  readonly loopWeight: number
  lin: nn.Linear
  bias: nn.Parameter | null

  constructor(inChannels: number, outChannels: number, options: GCNConvOptions = {}) {
    super()
    requireOptions('GCNConv', options)
    const { normalize = true, bias = true, loopWeight = 1 } = options
    requireCounts('GCNConv', { inChannels, outChannels }, 1)
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.normalize = normalize
    this.addSelfLoops = options.addSelfLoops ?? normalize
    this.loopWeight = loopWeight
    this.lin = glorotLinear(inChannels, outChannels)
    this.bias = biasOf(outChannels, bias)
  }

  override forward(x: Tensor, edges: Edges, edgeWeight: Tensor | null = null): Tensor {
    let graph = graphOf('GCNConv', x, edges, this.inChannels)
    if (edgeWeight !== null) graph = graph.with({ edgeWeight })
    const h = this.lin(x)
    if (this.normalize) {
      const { loopWeight, addSelfLoops } = this
      graph = normalized(graph, { loopWeight, addSelfLoops, dtype: h.dtype })
    }
    const sums = sumOverEdges(graph.compressed(), h, graph.edgeWeight)
    return this.bias === null ? sums : sums.add(this.bias)
  }

  override extraRepr(): string {
    return `${this.inChannels}, ${this.outChannels}`
  }
}
