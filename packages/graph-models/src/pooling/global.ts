/** From features of nodes to features of whole graphs. */
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { requireInstance, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { nodesToGraphs } from '../graph/batch.ts'
import type { Graph } from '../graph/graph.ts'
import type { Aggregation } from '../graph/scatter.ts'
import { scatterRows, softmaxRows } from '../graph/scatter.ts'
import { requireGraph } from '../graph/requirements.ts'

function pooled(op: string, x: Tensor, graph: Graph, aggregation: Aggregation): Tensor {
  requireNodes(op, x, graph)
  return scatterRows(x, nodesToGraphs(graph), graph.numGraphs, aggregation)
}

function requireNodes(op: string, x: Tensor, graph: Graph): void {
  requireTensor(op, 'x', x)
  requireGraph(op, graph)
  if (x.ndim > 0 && x.shape[0] === graph.numNodes) return
  const rule = `x must have a row for each of the ${graph.numNodes} nodes`
  throw new ShapeError(op, { x }, rule, 'pool what a layer made of this graph')
}

/**
 * The sum over the nodes of each graph: `[N, F]` -> `[G, F]`, zeros for a graph without nodes.
 *
 * @throws {ShapeError} unless x has a row for each node.
 * @see torch_geometric.nn.global_add_pool
 */
export function globalAddPool(x: Tensor, graph: Graph): Tensor {
  return pooled('globalAddPool', x, graph, 'add')
}

/**
 * The mean over the nodes of each graph: `[N, F]` -> `[G, F]`, zeros for a graph without nodes.
 *
 * @throws {ShapeError} unless x has a row for each node.
 * @see torch_geometric.nn.global_mean_pool
 */
export function globalMeanPool(x: Tensor, graph: Graph): Tensor {
  return pooled('globalMeanPool', x, graph, 'mean')
}

/**
 * The maximum over the nodes of each graph: `[N, F]` -> `[G, F]`, zeros for a graph without nodes.
 *
 * @throws {ShapeError} unless x has a row for each node.
 * @see torch_geometric.nn.global_max_pool
 */
export function globalMaxPool(x: Tensor, graph: Graph): Tensor {
  return pooled('globalMaxPool', x, graph, 'max')
}

/**
 * A mean over the nodes of each graph, weighted by a softmax of what `gate` says of each.
 *
 * Shapes: x `[N, F]` -> `[G, F']`; gate maps it to `[N, 1]` or a number for each feature, net (if
 * given) to `[N, F']`.
 *
 * @throws {ShapeError} unless x has a row for each node.
 * @see torch_geometric.nn.AttentionalAggregation; Li et al. 2015, https://arxiv.org/abs/1511.05493
 *
 * @example
 * ```ts
 * import { GlobalAttentionPool, karateClub } from '@flambeau/graph-models'
 * import * as nn from '@flambeau/nn'
 * const club = karateClub()
 * console.log(new GlobalAttentionPool(new nn.Linear(34, 1))(club.x, club).shape) // => [ 1, 34 ]
 * ```
 */
export class GlobalAttentionPool extends nn.Module<[x: Tensor, graph: Graph]> {
  gate_nn: nn.Module
  nn: nn.Module | null

  constructor(gate: nn.Module, net: nn.Module | null = null) {
    super()
    requireInstance('GlobalAttentionPool', 'gate', gate, nn.Module)
    if (net !== null) requireInstance('GlobalAttentionPool', 'net', net, nn.Module)
    this.gate_nn = gate
    this.nn = net
  }

  override forward(x: Tensor, graph: Graph): Tensor {
    requireNodes('GlobalAttentionPool', x, graph)
    const groups = nodesToGraphs(graph)
    const weights = softmaxRows(this.gate_nn(x), groups, graph.numGraphs)
    const values = this.nn === null ? x : this.nn(x)
    return scatterRows(values.mul(weights), groups, graph.numGraphs)
  }
}
