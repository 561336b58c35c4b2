/** A graph as data: which node points at which, and what is known of nodes, edges and the whole. */
import type { Device } from '@flambeau/core'
import { DTypeError, IndexError, ShapeError, Tensor, tensor, ValueError } from '@flambeau/core'
import {
  outsideScopes,
  requireCounts,
  requireOptions,
  requireTensor,
} from '@flambeau/core/internal'
import type { CompressedEdges } from './compressed.ts'
import { compress } from './compressed.ts'

/** What a {@link Graph} is made of. */
export interface GraphOptions {
  /** Source and target of each edge: int64 `[2, E]`. Default: no edges. */
  readonly edgeIndex?: Tensor | null
  /** How many nodes there are. Default: the rows of `x`. */
  readonly numNodes?: number | null
  /** Features of the nodes `[N, F]`. */
  readonly x?: Tensor | null
  /** Features of the edges `[E, D]`. */
  readonly edgeAttr?: Tensor | null
  /** A weight of each edge `[E]`, floating; 1 where layers find none. */
  readonly edgeWeight?: Tensor | null
  /** Features of the graph, a row for each graph of a batch `[G, U]`. */
  readonly graphAttr?: Tensor | null
  /** What node tasks are to find `[N, …]`. */
  readonly nodeLabels?: Tensor | null
  /** What edge tasks are to find `[E, …]`. */
  readonly edgeLabels?: Tensor | null
  /** What graph tasks are to find `[G, …]`. */
  readonly graphLabels?: Tensor | null
  /** Sets of nodes by name, for example `train`: bool `[N]` each. */
  readonly masks?: Readonly<Record<string, Tensor>>
  /** The graph that each node belongs to, in rising order: int64 `[N]`. Default: all to one. */
  readonly batch?: Tensor | null
  /** How many graphs are in the batch. Default 1. */
  readonly numGraphs?: number
}

/** Edges as pairs of a source and a target. */
export type EdgeList = readonly (readonly [source: number, target: number])[]

/** What {@link Graph.fromEdges} takes besides the edges. */
export interface EdgeListOptions extends Omit<GraphOptions, 'edgeIndex' | 'numNodes'> {
  /** Add each edge in the other direction too, unless it is a self loop. Default false. */
  readonly undirected?: boolean
}

/** @throws {ShapeError} unless `value` has `rows` rows. */
function requireRows(name: string, value: Tensor | null, rows: number, per: string): void {
  if (value === null || (value.ndim > 0 && value.shape[0] === rows)) return
  throw new ShapeError(
    'Graph',
    { [name]: value },
    `${name} has a row for each ${per}: there are ${rows} of them`,
    `give ${name} ${rows} rows`,
  )
}

/** @throws {ShapeError, DTypeError} unless `edgeIndex` is int64 `[2, E]`. */
function requireEdgeIndex(op: string, edgeIndex: Tensor): void {
  if (!(edgeIndex instanceof Tensor)) {
    const rule = 'edges are a Graph or an int64 tensor [2, E]'
    throw new ValueError(op, [], rule, "tensor([[0], [1]], { dtype: 'int64' })")
  }
  if (edgeIndex.ndim !== 2 || edgeIndex.shape[0] !== 2) {
    throw new ShapeError(
      op,
      { edgeIndex },
      'edgeIndex has a row of sources and a row of targets, [2, E]',
      'transpose a list of pairs: edgeIndex.T',
    )
  }
  if (edgeIndex.dtype === 'int64') return
  throw new DTypeError(op, { edgeIndex }, 'edgeIndex must be int64', "edgeIndex.to('int64')")
}

/**
 * A directed graph of N nodes and E edges, or a batch of G graphs in one (see {@link batchGraphs}).
 *
 * Information flows from `edgeIndex[0]`, the sources, to `edgeIndex[1]`, the targets; an undirected
 * graph has each edge in both directions. Edges may repeat, and lead from a node to itself. Nodes
 * without edges, graphs without edges and graphs without nodes are graphs. The tensors are not copied
 * and must not be changed, since what is derived from them is remembered.
 *
 * @throws {IndexError} if an edge leads from or to a node that is not there, or `batch` to a graph.
 * @throws {ShapeError} if features, labels or masks do not have a row for each node, edge or graph.
 * @throws {DTypeError} for indices other than int64, masks other than bool, weights not floating.
 * @throws {ValueError} if the number of nodes is neither given nor known from `x`.
 * @see torch_geometric.data.Data
 *
 * @example
 * ```ts
 * import { eye } from '@flambeau/core'
 * import { Graph } from '@flambeau/graph-models'
 * const path = Graph.fromEdges(3, [[0, 1], [1, 2]], { undirected: true, x: eye(3) })
 * console.log(path.numNodes, path.numEdges) // => 3 4
 * console.log(path.edgeIndex.tolist()) // => [ [ 0, 1, 1, 2 ], [ 1, 0, 2, 1 ] ]
 * ```
 */
export class Graph {
  /** int64 `[2, E]`. */
  readonly edgeIndex: Tensor
  readonly numNodes: number
  readonly numEdges: number
  readonly numGraphs: number
  readonly x: Tensor | null
  readonly edgeAttr: Tensor | null
  readonly edgeWeight: Tensor | null
  readonly graphAttr: Tensor | null
  readonly nodeLabels: Tensor | null
  readonly edgeLabels: Tensor | null
  readonly graphLabels: Tensor | null
  readonly masks: Readonly<Record<string, Tensor>>
  /** int64 `[N]`, or null if all nodes belong to the only graph. */
  readonly batch: Tensor | null
  #source: Tensor | null = null
  #target: Tensor | null = null
  #compressed: CompressedEdges | null = null

  constructor(options: GraphOptions) {
    requireOptions('Graph', options)
    const { x = null, edgeAttr = null, edgeWeight = null, graphAttr = null } = options
    const { nodeLabels = null, edgeLabels = null, graphLabels = null } = options
    const { masks = {}, batch = null, numGraphs = 1 } = options
    requireOptions('Graph', masks)
    if (x !== null) requireTensor('Graph', 'x', x)
    const edgeIndex = options.edgeIndex ?? tensor([[], []], { dtype: 'int64' })
    const numNodes = options.numNodes ?? x?.shape[0]
    if (numNodes === undefined) {
      const rule = 'it must be known how many nodes there are'
      throw new ValueError('Graph', { edgeIndex }, rule, 'pass numNodes, or x with a row for each')
    }
    requireCounts('Graph', { numNodes, numGraphs })
    requireEdgeIndex('Graph', edgeIndex)
    const numEdges = edgeIndex.shape[1] as number
    for (const [name, value] of Object.entries({ x, nodeLabels, batch, ...masks })) {
      requireRows(name, value, numNodes, 'node')
    }
    for (const [name, value] of Object.entries({ edgeAttr, edgeWeight, edgeLabels })) {
      requireRows(name, value, numEdges, 'edge')
    }
    for (const [name, value] of Object.entries({ graphAttr, graphLabels })) {
      requireRows(name, value, numGraphs, 'graph')
    }
    for (const [name, mask] of Object.entries(masks)) {
      if (mask.dtype === 'bool' && mask.ndim === 1) continue
      const rule = `the mask '${name}' must be bool, a number for each node`
      throw new DTypeError('Graph', { [name]: mask }, rule, "mask.to('bool')")
    }
    if (edgeWeight !== null && (edgeWeight.ndim !== 1 || !edgeWeight.isFloatingPoint())) {
      const rule = 'edgeWeight has one floating number for each edge'
      throw new DTypeError('Graph', { edgeWeight }, rule, 'put features of edges into edgeAttr')
    }
    this.edgeIndex = edgeIndex
    this.numNodes = numNodes
    this.numEdges = numEdges
    this.numGraphs = numGraphs
    this.x = x
    this.edgeAttr = edgeAttr
    this.edgeWeight = edgeWeight
    this.graphAttr = graphAttr
    this.nodeLabels = nodeLabels
    this.edgeLabels = edgeLabels
    this.graphLabels = graphLabels
    this.masks = masks
    this.batch = batch
    this.#requireRange()
  }

  /**
   * A graph of `numNodes` nodes and the given edges.
   *
   * @throws as the constructor.
   */
  static fromEdges(numNodes: number, edges: EdgeList, options: EdgeListOptions = {}): Graph {
    const { undirected = false, ...rest } = options
    const source: number[] = []
    const target: number[] = []
    for (const [from, to] of edges) {
      if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to)) {
        const rule = `an edge links two numbers of nodes, not ${from} and ${to}`
        throw new ValueError('Graph.fromEdges', [], rule, 'Graph.fromEdges(2, [[0, 1]])')
      }
      source.push(from)
      target.push(to)
      if (!undirected || from === to) continue
      source.push(to)
      target.push(from)
    }
    return new Graph({ ...rest, numNodes, edgeIndex: tensor([source, target], { dtype: 'int64' }) })
  }

  /**
   * The same graph with all its tensors on a device; the graph itself if they are there.
   *
   * @throws {DeviceError} for a device that is not there.
   * @see torch_geometric.data.Data.to
   */
  to(device: Device): Graph {
    const moved = (tensor: Tensor | null): Tensor | null => tensor?.to(device) ?? null
    const edgeIndex = this.edgeIndex.to(device)
    if (edgeIndex === this.edgeIndex && moved(this.x) === this.x) return this
    const { numNodes, numGraphs } = this
    return new Graph({
      edgeIndex,
      numNodes,
      numGraphs,
      x: moved(this.x),
      edgeAttr: moved(this.edgeAttr),
      edgeWeight: moved(this.edgeWeight),
      graphAttr: moved(this.graphAttr),
      nodeLabels: moved(this.nodeLabels),
      edgeLabels: moved(this.edgeLabels),
      graphLabels: moved(this.graphLabels),
      masks: Object.fromEntries(
        Object.entries(this.masks).map(([name, mask]) => [name, mask.to(device)]),
      ),
      batch: moved(this.batch),
    })
  }

  #requireRange(): void {
    const { edgeIndex, batch, numNodes, numGraphs } = this
    if (this.numEdges > 0) {
      const [least, most] = [edgeIndex.amin().item(), edgeIndex.amax().item()]
      if (least < 0 || most >= numNodes) {
        throw new IndexError(
          'Graph',
          { edgeIndex },
          `there is no node ${least < 0 ? least : most}: nodes are numbered from 0 to ${numNodes - 1}`,
          least < 0 ? 'number the nodes from 0' : `pass numNodes: ${Number(most) + 1}`,
        )
      }
    }
    if (batch === null) {
      if (numGraphs === 1) return
      const rule = `${numGraphs} graphs need a batch that says which node is in which`
      throw new ValueError('Graph', [], rule, 'use batchGraphs([…])')
    }
    if (batch.dtype !== 'int64' || batch.ndim !== 1) {
      throw new DTypeError('Graph', { batch }, 'batch must be int64 [N]', "batch.to('int64')")
    }
    if (numNodes === 0) return
    const steps = batch.diff()
    if (steps.lt(0).any().item()) {
      throw new ValueError('Graph', { batch }, 'batch must not fall', 'use batchGraphs([…])')
    }
    const [least, most] = [batch.amin().item(), batch.amax().item()]
    if (least >= 0 && most < numGraphs) return
    const rule = `there is no graph ${least < 0 ? least : most}: there are ${numGraphs}`
    throw new IndexError('Graph', { batch }, rule, `pass numGraphs: ${Number(most) + 1}`)
  }

  /** Where each edge begins: int64 `[E]`. */
  get source(): Tensor {
    return (this.#source ??= outsideScopes(() => this.edgeIndex.select(0, 0).contiguous()))
  }

  /** Where each edge ends: int64 `[E]`. */
  get target(): Tensor {
    return (this.#target ??= outsideScopes(() => this.edgeIndex.select(0, 1).contiguous()))
  }

  /**
   * The edges in compressed rows, those that arrive at node 0 first; computed once.
   */
  compressed(): CompressedEdges {
    return (this.#compressed ??= outsideScopes(() =>
      compress(this.source, this.target, this.numNodes),
    ))
  }

  /** A graph of other parts where `changes` has them, and the same ones elsewhere. */
  with(changes: GraphOptions): Graph {
    const { edgeIndex, numNodes, numGraphs, x, edgeAttr, edgeWeight, graphAttr } = this
    const { nodeLabels, edgeLabels, graphLabels, masks, batch } = this
    const features = { x, edgeAttr, edgeWeight, graphAttr, nodeLabels, edgeLabels, graphLabels }
    const parts = { edgeIndex, numNodes, numGraphs, masks, batch }
    return new Graph({ ...parts, ...features, ...changes })
  }

  /** Its size in words. */
  toString(): string {
    const { numNodes, numEdges, numGraphs } = this
    const graphs = numGraphs === 1 ? '' : `, ${numGraphs} graphs`
    return `Graph(${numNodes} nodes, ${numEdges} edges${graphs})`
  }
}

/** The edges of a layer's input: a graph, or where each begins and ends, int64 `[2, E]`. */
export type Edges = Graph | Tensor

/**
 * The graph of nodes with features `x` and these edges. A Graph remembers what layers derive from its
 * edges; of a tensor of edges, it is derived at each call.
 *
 * @throws {ShapeError} if x is not `[N, F]` with a row for each node. @throws {DTypeError} if x is not
 * floating.
 * @internal
 */
export function graphOf(op: string, x: Tensor, edges: Edges, features?: number): Graph {
  if (!(x instanceof Tensor)) {
    throw new ValueError(op, [], 'x must be a tensor [N, F]', 'give each node a row of features')
  }
  const numNodes = x.shape[0] as number
  if (x.ndim !== 2 || (features !== undefined && x.shape[1] !== features)) {
    const wanted = features === undefined ? 'F' : String(features)
    throw new ShapeError(op, { x }, `x must be [N, ${wanted}]`, 'give each node a row of features')
  }
  if (!x.isFloatingPoint()) throw new DTypeError(op, { x }, 'x must be floating', 'x.float()')
  if (!(edges instanceof Graph)) {
    requireEdgeIndex(op, edges)
    return new Graph({ edgeIndex: edges, numNodes })
  }
  if (edges.numNodes === numNodes) return edges
  const rule = `the graph has ${edges.numNodes} nodes, but x has ${numNodes} rows`
  throw new ShapeError(op, { x }, rule, 'give each node a row of features')
}
