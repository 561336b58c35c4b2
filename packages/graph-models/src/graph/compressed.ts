/** Edges in compressed rows (CSR), and sums over the edges that arrive at a node by a native product. */
import type { Tensor } from '@flambeau/core'
import { arange, ones, searchsorted, spmm, tensor, zeros } from '@flambeau/core'

/**
 * The edges of a graph, sorted by their targets: those that arrive at node i are the entries from
 * `crow[i]` up to `crow[i + 1]`.
 */
export interface CompressedEdges {
  /** Where rows begin, and the last one ends: int64 `[N + 1]`. */
  readonly crow: Tensor
  /** The source of each entry: int64 `[E]`. */
  readonly col: Tensor
  /** Which edge each entry is: int64 `[E]`. */
  readonly order: Tensor
}

/** Sorts edges by their targets; edges of one target keep their order. */
export function compress(source: Tensor, target: Tensor, numNodes: number): CompressedEdges {
  if (source.numel() === 0) {
    const none = tensor([], { dtype: 'int64' })
    return { crow: zeros([numNodes + 1], { dtype: 'int64' }), col: none, order: none }
  }
  const order = target.argsort({ stable: true })
  // Row i begins where the first target ≥ i stands.
  const crow = searchsorted(target.at(order), arange(numNodes + 1, { dtype: 'int64' }))
  return { crow, col: source.at(order), order }
}

/**
 * For each node, the sum of `weight[e] · x[source(e)]` over the edges that arrive at it; zeros where
 * none does. Differentiable in x and weight.
 *
 * Shapes: x `[N, F]`, weight `[E]` in the order of the edges, or null for ones -> `[N, F]`.
 */
export function sumOverEdges(edges: CompressedEdges, x: Tensor, weight: Tensor | null): Tensor {
  const { crow, col, order } = edges
  const values =
    weight === null ? ones([order.numel()], { dtype: x.dtype as 'float32' }) : weight.at(order)
  return spmm(crow, col, values, x)
}
