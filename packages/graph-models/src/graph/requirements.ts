/** Checks of what functions of graphs are given. */
import { ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import type { Graph } from './graph.ts'

/** @throws {ValueError} unless `graph` is a Graph. Structural: graph.ts imports what checks. @internal */
export function requireGraph(op: string, graph: unknown): asserts graph is Graph {
  const isObject = typeof graph === 'object' && graph !== null
  if (isObject && 'edgeIndex' in graph && 'numNodes' in graph && 'compressed' in graph) return
  const rule = `graph must be a Graph, not ${show(graph)}`
  throw new ValueError(op, [], rule, 'new Graph({ x, edgeIndex })')
}
