/** What is asked of edges, and graphs with other edges. */
import type { Tensor } from '@flambeau/core'
import { arange, bincount, cat, full, ones, stack, tensor, ValueError, zeros } from '@flambeau/core'
import { requireOneOf, requireOptions, requireTensor } from '@flambeau/core/internal'
import type { CompressedEdges } from './compressed.ts'
import { Graph } from './graph.ts'
import { requireGraph } from './requirements.ts'

/** Which end of an edge is meant. */
export type EdgeEnd = 'source' | 'target'

/**
 * For each node, how many edges arrive at it; with 'source', how many leave it. A self loop counts once.
 *
 * Shapes: -> int64 `[N]`.
 *
 * @see torch_geometric.utils.degree
 */
export function degree(graph: Graph, end: EdgeEnd = 'target'): Tensor {
  requireGraph('degree', graph)
  requireOneOf('degree', 'end', end, ['source', 'target'])
  if (graph.numEdges === 0) return zeros([graph.numNodes], { dtype: 'int64' })
  return bincount(graph[end], { minlength: graph.numNodes })
}

/**
 * For each node, the sum of the weights of edges that arrive at it (or, with 'source', leave it).
 *
 * Shapes: weight `[E]` or null for ones -> `[N]`, of the weight's dtype or the default one.
 */
export function weightedDegree(
  graph: Graph,
  weight?: Tensor | null,
  end: EdgeEnd = 'target',
): Tensor {
  requireGraph('weightedDegree', graph)
  requireOneOf('weightedDegree', 'end', end, ['source', 'target'])
  const source = (weight === undefined ? graph.edgeWeight : weight) ?? ones([graph.numEdges])
  return zeros([graph.numNodes], { dtype: source.dtype as 'float32' }).indexAdd(
    0,
    graph[end],
    source as Tensor<'float32'>,
  )
}

/**
 * The edges in compressed rows: those that arrive at node i are the entries from `crow[i]` up to
 * `crow[i + 1]`, `col` has their sources and `order` the number of each. Sorted once per graph.
 *
 * @see torch.sparse_csr_tensor
 */
export function toCompressed(graph: Graph): CompressedEdges {
  requireGraph('toCompressed', graph)
  return graph.compressed()
}

/**
 * The matrix A with the sum of the weights of the edges from j to i in `A[i][j]`.
 *
 * Shapes: -> `[N, N]`, of the weights' dtype or the default one.
 *
 * @see torch_geometric.utils.to_dense_adj
 */
export function toDenseAdjacency(graph: Graph, weight?: Tensor | null): Tensor {
  requireGraph('toDenseAdjacency', graph)
  const { numNodes, numEdges } = graph
  const values = (weight === undefined ? graph.edgeWeight : weight) ?? ones([numEdges])
  const cells = graph.target.mul(numNodes).add(graph.source)
  return zeros([numNodes * numNodes], { dtype: values.dtype as 'float32' })
    .indexAdd(0, cells, values as Tensor<'float32'>)
    .reshape([numNodes, numNodes])
}

/** Does any edge lead from a node to itself? */
export function hasSelfLoops(graph: Graph): boolean {
  requireGraph('hasSelfLoops', graph)
  return graph.numEdges > 0 && graph.source.eq(graph.target).any().item() === true
}

/** The nodes that no edge links to another one: int64, rising. */
export function isolatedNodes(graph: Graph): Tensor {
  const clean = removeSelfLoops(graph)
  return degree(clean).add(degree(clean, 'source')).eq(0).nonzero().squeeze(1)
}

/** Is there, for each edge, one of the same weight in the other direction? */
export function isUndirected(graph: Graph): boolean {
  requireGraph('isUndirected', graph)
  const matrix = toDenseAdjacencyOfSmall(graph)
  if (matrix !== null) return matrix.equal(matrix.T)
  const there = sums(graph, graph.source, graph.target)
  const back = sums(graph, graph.target, graph.source)
  return there.size === back.size && [...there].every(([cell, sum]) => back.get(cell) === sum)
}

const toDenseAdjacencyOfSmall = (graph: Graph): Tensor | null =>
  graph.numNodes <= 256 ? toDenseAdjacency(graph) : null

/** The weight between each pair of nodes that an edge links. */
function sums(graph: Graph, from: Tensor, to: Tensor): Map<number, number> {
  const cells = from.mul(graph.numNodes).add(to).toArray()
  const weights = graph.edgeWeight?.toArray()
  const out = new Map<number, number>()
  for (const [e, cell] of cells.entries()) {
    const key = Number(cell)
    out.set(key, (out.get(key) ?? 0) + Number(weights?.[e] ?? 1))
  }
  return out
}

/** The same graph with only the edges numbered `kept`, in that order. */
export function selectEdges(graph: Graph, kept: Tensor): Graph {
  requireGraph('selectEdges', graph)
  requireTensor('selectEdges', 'kept', kept)
  const { edgeIndex, edgeAttr, edgeWeight, edgeLabels } = graph
  const pick = (value: Tensor | null): Tensor | null => value?.indexSelect(0, kept) ?? null
  return graph.with({
    edgeIndex: edgeIndex.indexSelect(1, kept),
    edgeAttr: pick(edgeAttr),
    edgeWeight: pick(edgeWeight),
    edgeLabels: pick(edgeLabels),
  })
}

/**
 * The same graph without edges from a node to itself.
 *
 * @see torch_geometric.utils.remove_self_loops
 */
export function removeSelfLoops(graph: Graph): Graph {
  if (!hasSelfLoops(graph)) return graph
  return selectEdges(graph, graph.source.ne(graph.target).nonzero().squeeze(1))
}

/** How the features of self loops that are added come about. */
export type LoopFill = number | 'mean' | 'add'

/**
 * The same graph with an edge from each node to itself at the end, besides those that are there.
 * Their weights are `weight` if the graph has weights; their features `fill`, a number, or the mean or
 * the sum of the features of the edges that arrive at the node, zeros where none does.
 *
 * @throws {ValueError} if the edges have labels, of which self loops have none.
 * @see torch_geometric.utils.add_self_loops
 *
 * @example
 * ```ts
 * import { addSelfLoops, Graph } from '@flambeau/graph-models'
 * const graph = addSelfLoops(Graph.fromEdges(2, [[0, 1]]))
 * console.log(graph.edgeIndex.tolist()) // => [ [ 0, 0, 1 ], [ 1, 0, 1 ] ]
 * ```
 */
export function addSelfLoops(
  graph: Graph,
  options: { weight?: number; fill?: LoopFill } = {},
): Graph {
  requireGraph('addSelfLoops', graph)
  requireOptions('addSelfLoops', options)
  const { weight = 1, fill = 'mean' } = options
  const { numNodes, edgeIndex, edgeAttr, edgeWeight, edgeLabels } = graph
  if (edgeLabels !== null) {
    const rule = 'a self loop has no label, but the edges of this graph do'
    throw new ValueError('addSelfLoops', { edgeLabels }, rule, 'graph.with({ edgeLabels: null })')
  }
  const loops = arange(numNodes, { dtype: 'int64' })
  let weights: Tensor | null = null
  if (edgeWeight !== null) {
    weights = cat([edgeWeight, full([numNodes], weight, { dtype: edgeWeight.dtype as 'float32' })])
  }
  let features: Tensor | null = null
  if (edgeAttr !== null) {
    const shape = [numNodes, ...edgeAttr.shape.slice(1)]
    const dtype = edgeAttr.dtype as 'float32'
    let rows: Tensor
    if (typeof fill === 'number') rows = full(shape, fill, { dtype })
    else {
      rows = zeros(shape, { dtype }).indexAdd(0, graph.target, edgeAttr as Tensor<'float32'>)
      if (fill === 'mean') {
        const count = degree(graph).clamp(1).to(dtype)
        rows = rows.div(count.reshape([numNodes, ...Array<number>(shape.length - 1).fill(1)]))
      }
    }
    features = cat([edgeAttr, rows])
  }
  return graph.with({
    edgeIndex: cat([edgeIndex, stack([loops, loops])], 1),
    edgeWeight: weights,
    edgeAttr: features,
  })
}

/**
 * The same graph with each edge in both directions, and each once: of edges between the same nodes,
 * the first counts. Edges are sorted by source, then target.
 *
 * @see torch_geometric.utils.to_undirected
 */
export function toUndirected(graph: Graph): Graph {
  requireGraph('toUndirected', graph)
  const { numEdges, edgeIndex } = graph
  if (numEdges === 0) return graph
  const both = cat([edgeIndex, edgeIndex.flip([0])], 1)
  const cells = both.select(0, 0).mul(graph.numNodes).add(both.select(0, 1)).toArray()
  const first = new Map<number, number>()
  for (const [i, cell] of cells.entries()) {
    if (!first.has(Number(cell))) first.set(Number(cell), i)
  }
  const places = [...first].toSorted((a, b) => a[0] - b[0]).map(([, place]) => place)
  const kept = tensor(places, { dtype: 'int64' })
  const original = kept.remainder(numEdges)
  const pick = (value: Tensor | null): Tensor | null => value?.indexSelect(0, original) ?? null
  return graph.with({
    edgeIndex: both.indexSelect(1, kept),
    edgeAttr: pick(graph.edgeAttr),
    edgeWeight: pick(graph.edgeWeight),
    edgeLabels: pick(graph.edgeLabels),
  })
}

/**
 * The graph of the nodes `kept` and the edges between them, renumbered in the order of `kept`.
 *
 * Shapes: kept int64 `[M]`, each node once.
 *
 * @throws {IndexError} if a node is not there. @throws {ValueError} if one is named twice.
 * @see torch_geometric.utils.subgraph
 */
export function inducedSubgraph(graph: Graph, kept: Tensor): Graph {
  requireGraph('inducedSubgraph', graph)
  requireTensor('inducedSubgraph', 'kept', kept)
  const { numNodes } = graph
  const size = kept.numel()
  const place = full([numNodes], -1, { dtype: 'int64' }).indexCopy(
    0,
    kept,
    arange(size, { dtype: 'int64' }),
  )
  if (place.ge(0).sum().item() !== size) {
    const rule = `the ${size} nodes to keep must differ`
    throw new ValueError('inducedSubgraph', { kept }, rule, 'kept.unique()')
  }
  const [source, target] = [place.at(graph.source), place.at(graph.target)]
  const edges = source.ge(0).logicalAnd(target.ge(0)).nonzero().squeeze(1)
  const rows = (value: Tensor | null): Tensor | null => value?.indexSelect(0, kept) ?? null
  const ofEdges = (value: Tensor | null): Tensor | null => value?.indexSelect(0, edges) ?? null
  const masks = Object.entries(graph.masks).map(([name, mask]) => [name, mask.at(kept)] as const)
  return new Graph({
    numNodes: size,
    numGraphs: graph.numGraphs,
    edgeIndex: stack([source.at(edges), target.at(edges)]),
    x: rows(graph.x),
    nodeLabels: rows(graph.nodeLabels),
    batch: rows(graph.batch),
    masks: Object.fromEntries(masks),
    edgeAttr: ofEdges(graph.edgeAttr),
    edgeWeight: ofEdges(graph.edgeWeight),
    edgeLabels: ofEdges(graph.edgeLabels),
    graphAttr: graph.graphAttr,
    graphLabels: graph.graphLabels,
  })
}
