/** The base of layers in which nodes send messages along edges. */
import type { Tensor } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { Graph } from './graph.ts'
import type { Aggregation } from './scatter.ts'
import { scatterRows } from './scatter.ts'
import { requireGraph } from './requirements.ts'

/**
 * What a message is made of, gathered when it is asked for.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { EdgeView, Graph } from '@flambeau/graph-models'
 * const edges = new EdgeView(Graph.fromEdges(2, [[0, 1]]), tensor([[5], [7]]), null)
 * console.log(edges.source.tolist(), edges.target.tolist()) // => [ [ 5 ] ] [ [ 7 ] ]
 * ```
 */
export class EdgeView {
  readonly graph: Graph
  /** What propagate was given for each edge: `[E, …]`. */
  readonly edgeAttr: Tensor | null
  readonly #x: Tensor

  /** @param x `[N, …]` @param edgeAttr `[E, …]` */
  constructor(graph: Graph, x: Tensor, edgeAttr: Tensor | null) {
    requireGraph('EdgeView', graph)
    requireTensor('EdgeView', 'x', x)
    this.graph = graph
    this.edgeAttr = edgeAttr
    this.#x = x
  }

  /** For each edge, the features of the node that it leaves: `[E, …]`. */
  get source(): Tensor {
    return this.#x.indexSelect(0, this.graph.source)
  }

  /** For each edge, the features of the node at which it arrives: `[E, …]`. */
  get target(): Tensor {
    return this.#x.indexSelect(0, this.graph.target)
  }
}

/**
 * The base of spatial graph layers: each edge carries a {@link message}, those that arrive at a node
 * are reduced by {@link aggregate}, and {@link update} says what becomes of the node.
 *
 * A layer extends it, overrides what it needs, and calls `propagate` in its `forward`.
 *
 * @see torch_geometric.nn.MessagePassing; Gilmer et al. 2017, https://arxiv.org/abs/1704.01212
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import { tensor } from '@flambeau/core'
 * import type { EdgeView } from '@flambeau/graph-models'
 * import { Graph, MessagePassing } from '@flambeau/graph-models'
 *
 * // The largest difference to a neighbour.
 * class Steepness extends MessagePassing<[x: Tensor, graph: Graph]> {
 *   constructor() {
 *     super('max')
 *   }
 *   override message(edges: EdgeView): Tensor {
 *     return edges.source.sub(edges.target).abs()
 *   }
 *   override forward(x: Tensor, graph: Graph): Tensor {
 *     return this.propagate(graph, x)
 *   }
 * }
 * const path = Graph.fromEdges(3, [[0, 1], [1, 2]], { undirected: true })
 * console.log(new Steepness()(tensor([[1], [2], [9]]), path).tolist()) // => [ [ 1 ], [ 7 ], [ 7 ] ]
 * ```
 */
export abstract class MessagePassing<
  Args extends unknown[] = [x: Tensor, graph: Graph],
> extends nn.Module<Args> {
  readonly aggregation: Aggregation

  constructor(aggregation: Aggregation = 'add') {
    super()
    this.aggregation = aggregation
  }

  /** What goes along each edge, `[E, …]`. Default: the features of its source. */
  message(edges: EdgeView): Tensor {
    return edges.source
  }

  /** What arrives at each node, `[N, …]`. Default: the layer's reduction, zeros where nothing does. */
  aggregate(messages: Tensor, graph: Graph): Tensor {
    return scatterRows(messages, graph.target, graph.numNodes, this.aggregation)
  }

  /** What becomes of the nodes. Default: what arrived. */
  update(arrived: Tensor, _x: Tensor): Tensor {
    return arrived
  }

  /** Sends messages once: x `[N, …]` and, where messages need them, features `[E, …]` of edges. */
  propagate(graph: Graph, x: Tensor, edgeAttr: Tensor | null = null): Tensor {
    const messages = this.message(new EdgeView(graph, x, edgeAttr))
    return this.update(this.aggregate(messages, graph), x)
  }
}
