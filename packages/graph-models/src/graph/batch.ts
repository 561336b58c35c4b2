/** Many graphs in one that has no edges between them, and back. */
import type { Tensor } from '@flambeau/core'
import { arange, cat, tensor, ValueError } from '@flambeau/core'
import { requireList } from '@flambeau/core/internal'
import { inducedSubgraph } from './edges.ts'
import { Graph } from './graph.ts'
import { requireGraph } from './requirements.ts'

/** Tensors that a graph may have a row of for each node, edge or graph. */
const FIELDS = [
  'x',
  'edgeAttr',
  'edgeWeight',
  'graphAttr',
  'nodeLabels',
  'edgeLabels',
  'graphLabels',
] as const

/** The rows of all graphs, below each other. */
function joined(name: string, values: readonly (Tensor | null | undefined)[]): Tensor | null {
  const there = values.filter((value) => value !== null && value !== undefined)
  if (there.length === 0) return null
  if (there.length === values.length) return cat(there)
  const rule = `${there.length} of ${values.length} graphs have ${name}: all or none must`
  throw new ValueError('batchGraphs', [], rule, `give each graph its ${name}`)
}

/**
 * One graph of all nodes and edges of `graphs`, with the number of each node's graph in `batch`.
 * Features, labels and masks are put below each other. A batch may be of batches.
 *
 * @throws {ValueError} if there is no graph, or if only some have a kind of features, labels or masks.
 * @throws {ShapeError} if features have other widths.
 * @see torch_geometric.data.Batch
 *
 * @example
 * ```ts
 * import { batchGraphs, Graph } from '@flambeau/graph-models'
 * const pair = Graph.fromEdges(2, [[0, 1]])
 * const both = batchGraphs([pair, pair])
 * console.log(both.edgeIndex.tolist()) // => [ [ 0, 2 ], [ 1, 3 ] ]
 * console.log(both.batch) // => tensor([0, 0, 1, 1])
 * ```
 */
export function batchGraphs(graphs: readonly Graph[]): Graph {
  requireList('batchGraphs', 'graphs', graphs, 'a list of graphs')
  for (const graph of graphs) requireGraph('batchGraphs', graph)
  if (graphs.length === 0) {
    throw new ValueError('batchGraphs', [], 'there is no graph to batch', 'give one or more')
  }
  let [numNodes, numGraphs] = [0, 0]
  const edges: Tensor[] = []
  const batches: Tensor[] = []
  for (const graph of graphs) {
    edges.push(graph.edgeIndex.add(numNodes))
    batches.push(nodesToGraphs(graph).add(numGraphs))
    numNodes += graph.numNodes
    numGraphs += graph.numGraphs
  }
  const rows = FIELDS.map(
    (name) =>
      [
        name,
        joined(
          name,
          graphs.map((graph) => graph[name]),
        ),
      ] as const,
  )
  const names = new Set(graphs.flatMap((graph) => Object.keys(graph.masks)))
  const masks: Record<string, Tensor> = {}
  for (const name of names) {
    masks[name] = joined(
      `the mask '${name}'`,
      graphs.map((graph) => graph.masks[name]),
    ) as Tensor
  }
  return new Graph({
    ...Object.fromEntries(rows),
    edgeIndex: cat(edges, 1),
    batch: cat(batches),
    numNodes,
    numGraphs,
    masks,
  })
}

/** The number of the graph that each node belongs to: int64 `[N]`. */
export function nodesToGraphs(graph: Graph): Tensor {
  requireGraph('nodesToGraphs', graph)
  return graph.batch ?? tensor(0, { dtype: 'int64' }).expand([graph.numNodes])
}

/**
 * The graphs that are in a batch.
 *
 * @see torch_geometric.data.Batch.to_data_list
 */
export function unbatchGraphs(batch: Graph): Graph[] {
  requireGraph('unbatchGraphs', batch)
  if (batch.batch === null) return [batch]
  const of = batch.batch
  return Array.from({ length: batch.numGraphs }, (_, i) => {
    const whole = batch.with({ graphAttr: null, graphLabels: null })
    const nodes = of.eq(i).nonzero().squeeze(1)
    const row = arange(i, i + 1, { dtype: 'int64' })
    return inducedSubgraph(whole, nodes).with({
      batch: null,
      numGraphs: 1,
      graphAttr: batch.graphAttr?.indexSelect(0, row) ?? null,
      graphLabels: batch.graphLabels?.indexSelect(0, row) ?? null,
    })
  })
}
