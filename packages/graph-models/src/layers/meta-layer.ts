/** Networks in which edges, nodes and the whole graph all have features that change. */
import type { Tensor } from '@flambeau/core'
import { cat, ShapeError, ValueError } from '@flambeau/core'
import {
  namedResult,
  requireCounts,
  requireOptions,
  requireTensor,
  show,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { nodesToGraphs } from '../graph/batch.ts'
import type { Graph } from '../graph/graph.ts'
import { scatterRows } from '../graph/scatter.ts'
import { requireGraph } from '../graph/requirements.ts'

/** Features of everything in a graph; also by name. */
export type GraphState = [x: Tensor, edgeAttr: Tensor, graphAttr: Tensor] & {
  /** `[N, …]` */
  readonly x: Tensor
  /** `[E, …]` */
  readonly edgeAttr: Tensor
  /** `[G, …]` */
  readonly graphAttr: Tensor
}

const stateOf = (x: Tensor, edgeAttr: Tensor, graphAttr: Tensor): GraphState =>
  namedResult(['x', 'edgeAttr', 'graphAttr'], [x, edgeAttr, graphAttr]) as unknown as GraphState

/** New features of edges, from those of their sources, their targets, themselves and their graphs. */
export type EdgeModel = nn.Module<[source: Tensor, target: Tensor, edge: Tensor, graph: Tensor]>

/** New features of nodes, from their own, those of all edges, and those of their graphs. */
export type NodeModel = nn.Module<[x: Tensor, graph: Graph, edge: Tensor, global: Tensor]>

/** New features of graphs, from those of all nodes and edges, and their own. */
export type GlobalModel = nn.Module<[x: Tensor, graph: Graph, edge: Tensor, global: Tensor]>

/** The three parts of a {@link MetaLayer}; what has none keeps its features. */
export interface MetaLayerOptions {
  readonly edgeModel?: EdgeModel | null
  readonly nodeModel?: NodeModel | null
  readonly globalModel?: GlobalModel | null
}

/** The number of the graph that each edge belongs to. */
const edgesToGraphs = (graph: Graph): Tensor => nodesToGraphs(graph).at(graph.source)

/** @throws {ShapeError} unless all three have a row for each of theirs. */
function requireState(graph: Graph, x: Tensor, edgeAttr: Tensor, graphAttr: Tensor): void {
  requireGraph('MetaLayer', graph)
  const wanted = { x: graph.numNodes, edgeAttr: graph.numEdges, graphAttr: graph.numGraphs }
  for (const [name, value] of Object.entries({ x, edgeAttr, graphAttr })) {
    const rows = wanted[name as keyof typeof wanted]
    requireTensor('MetaLayer', name, value)
    if (value.ndim === 2 && value.shape[0] === rows) continue
    const rule = `${name} must be [${rows}, …]`
    throw new ShapeError('MetaLayer', { [name]: value }, rule, `give ${name} ${rows} rows`)
  }
}

/**
 * One step of a network of edges, nodes and the whole graph: edges look at both of their ends, then
 * nodes at the new edges, then the graph at the new nodes and edges; all look at the graph.
 *
 * Shapes: graph, x `[N, F]`, edgeAttr `[E, D]`, graphAttr `[G, U]` -> new x, edgeAttr and graphAttr.
 *
 * @throws {ShapeError} unless there is a row for each node, edge and graph.
 * @see torch_geometric.nn.MetaLayer; Battaglia et al. 2018, https://arxiv.org/abs/1806.01261
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import { ones, zeros } from '@flambeau/core'
 * import { Graph, MetaLayer } from '@flambeau/graph-models'
 * import * as nn from '@flambeau/nn'
 *
 * class Difference extends nn.Module<[Tensor, Tensor, Tensor, Tensor]> {
 *   override forward(source: Tensor, target: Tensor): Tensor {
 *     return target.sub(source)
 *   }
 * }
 * const layer = new MetaLayer({ edgeModel: new Difference() })
 * const graph = Graph.fromEdges(2, [[0, 1]])
 * console.log(layer(graph, ones([2, 3]), zeros([1, 1]), zeros([1, 1])).edgeAttr.tolist()) // => [ [ 0, 0, 0 ] ]
 * ```
 */
export class MetaLayer extends nn.Module<
  [graph: Graph, x: Tensor, edgeAttr: Tensor, graphAttr: Tensor],
  GraphState
> {
  readonly edge_model: EdgeModel | null
  readonly node_model: NodeModel | null
  readonly global_model: GlobalModel | null

  constructor(options: MetaLayerOptions) {
    super()
    requireOptions('MetaLayer', options)
    this.edge_model = options.edgeModel ?? null
    this.node_model = options.nodeModel ?? null
    this.global_model = options.globalModel ?? null
  }

  override forward(graph: Graph, x: Tensor, edgeAttr: Tensor, graphAttr: Tensor): GraphState {
    requireState(graph, x, edgeAttr, graphAttr)
    let [nodes, edges, whole] = [x, edgeAttr, graphAttr]
    if (this.edge_model !== null) {
      const source = nodes.indexSelect(0, graph.source)
      const target = nodes.indexSelect(0, graph.target)
      const global = whole.indexSelect(0, edgesToGraphs(graph))
      edges = this.edge_model(source, target, edges, global)
    }
    if (this.node_model !== null) {
      const global = whole.indexSelect(0, nodesToGraphs(graph))
      nodes = this.node_model(nodes, graph, edges, global)
    }
    if (this.global_model !== null) whole = this.global_model(nodes, graph, edges, whole)
    return stateOf(nodes, edges, whole)
  }
}

/** Two linear layers with a ReLU between. */
const mlp = (inputs: number, hidden: number, outputs: number): nn.Sequential =>
  new nn.Sequential(new nn.Linear(inputs, hidden), new nn.ReLU(), new nn.Linear(hidden, outputs))

/**
 * What sees what in a {@link GraphNetwork}: 'none', edges, nodes and the graph each on its own;
 * 'neighbours', edges also their ends, and nodes the mean of the edges that arrive; 'all', also the
 * graph the means of nodes and edges, and those the graph.
 */
export type Exchange = 'none' | 'neighbours' | 'all'

class Edge extends nn.Module<[source: Tensor, target: Tensor, edge: Tensor, global: Tensor]> {
  mlp: nn.Sequential
  private readonly exchange: Exchange

  constructor(net: nn.Sequential, exchange: Exchange) {
    super()
    this.mlp = net
    this.exchange = exchange
  }

  override forward(source: Tensor, target: Tensor, edge: Tensor, global: Tensor): Tensor {
    if (this.exchange === 'none') return this.mlp(edge)
    const seen = [source, target, edge]
    return this.mlp(cat(this.exchange === 'all' ? [...seen, global] : seen, 1))
  }
}

class Node extends nn.Module<[x: Tensor, graph: Graph, edge: Tensor, global: Tensor]> {
  mlp: nn.Sequential
  private readonly exchange: Exchange

  constructor(net: nn.Sequential, exchange: Exchange) {
    super()
    this.mlp = net
    this.exchange = exchange
  }

  override forward(x: Tensor, graph: Graph, edge: Tensor, global: Tensor): Tensor {
    if (this.exchange === 'none') return this.mlp(x)
    const seen = [x, scatterRows(edge, graph.target, graph.numNodes, 'mean')]
    return this.mlp(cat(this.exchange === 'all' ? [...seen, global] : seen, 1))
  }
}

class Global extends nn.Module<[x: Tensor, graph: Graph, edge: Tensor, global: Tensor]> {
  mlp: nn.Sequential
  private readonly exchange: Exchange

  constructor(net: nn.Sequential, exchange: Exchange) {
    super()
    this.mlp = net
    this.exchange = exchange
  }

  override forward(x: Tensor, graph: Graph, edge: Tensor, global: Tensor): Tensor {
    if (this.exchange !== 'all') return this.mlp(global)
    const nodes = scatterRows(x, nodesToGraphs(graph), graph.numGraphs, 'mean')
    const edges = scatterRows(edge, edgesToGraphs(graph), graph.numGraphs, 'mean')
    return this.mlp(cat([global, nodes, edges], 1))
  }
}

/** Widths of the features in a {@link GraphNetwork}. */
export interface GraphNetworkOptions {
  /** Of the nodes that come in. */
  readonly nodeChannels: number
  /** Of the edges that come in. */
  readonly edgeChannels: number
  /** Of the graph that comes in. */
  readonly graphChannels: number
  /** Of everything that comes out. */
  readonly outChannels: number
  /** Of the networks' hidden layers. Default outChannels. */
  readonly hiddenChannels?: number
  /** Default 'all'. */
  readonly exchange?: Exchange
}

/**
 * A {@link MetaLayer} of small networks: with `exchange: 'none'` the simplest graph network, in which
 * edges, nodes and the graph do not know of each other; with 'neighbours' nodes and edges exchange
 * what they know; with 'all' a vector of the whole graph takes part too.
 *
 * Shapes: graph, x `[N, nodeChannels]`, edgeAttr `[E, edgeChannels]`, graphAttr `[G, graphChannels]`
 * -> the same with outChannels each. Means of nothing are zeros.
 *
 * @throws {ShapeError} unless features fit.
 * @see Sanchez-Lengeling et al. 2021, https://distill.pub/2021/gnn-intro
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Graph, GraphNetwork } from '@flambeau/graph-models'
 * const net = new GraphNetwork({ nodeChannels: 3, edgeChannels: 2, graphChannels: 1, outChannels: 8 })
 * const graph = Graph.fromEdges(4, [[0, 1], [1, 2]])
 * const { x, edgeAttr, graphAttr } = net(graph, ones([4, 3]), ones([2, 2]), ones([1, 1]))
 * console.log(x.shape, edgeAttr.shape, graphAttr.shape) // => [ 4, 8 ] [ 2, 8 ] [ 1, 8 ]
 * ```
 */
export class GraphNetwork extends MetaLayer {
  constructor(options: GraphNetworkOptions) {
    requireOptions('GraphNetwork', options, [
      'nodeChannels',
      'edgeChannels',
      'graphChannels',
      'outChannels',
    ])
    const { nodeChannels, edgeChannels, graphChannels, outChannels, exchange = 'all' } = options
    const { hiddenChannels = outChannels } = options
    requireCounts('GraphNetwork', { nodeChannels, edgeChannels, graphChannels }, 1)
    requireCounts('GraphNetwork', { outChannels, hiddenChannels }, 1)
    if (!['none', 'neighbours', 'all'].includes(exchange)) {
      const rule = `there is no exchange ${show(exchange)}`
      throw new ValueError('GraphNetwork', [], rule, 'use none, neighbours or all')
    }
    const near = exchange === 'none' ? 0 : 1
    const far = exchange === 'all' ? 1 : 0
    const net = (inputs: number): nn.Sequential => mlp(inputs, hiddenChannels, outChannels)
    super({
      edgeModel: new Edge(
        net(edgeChannels + near * 2 * nodeChannels + far * graphChannels),
        exchange,
      ),
      nodeModel: new Node(net(nodeChannels + near * outChannels + far * graphChannels), exchange),
      globalModel: new Global(net(graphChannels + far * 2 * outChannels), exchange),
    })
  }
}
