/** Smaller graphs of the nodes that count most. */
import type { Tensor } from '@flambeau/core'
import { arange, ShapeError, tensor, ValueError, zeros } from '@flambeau/core'
import {
  namedResult,
  requireCounts,
  requireNumber,
  requireOptions,
  requireTensor,
  show,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { nodesToGraphs } from '../graph/batch.ts'
import { inducedSubgraph } from '../graph/edges.ts'
import type { Graph } from '../graph/graph.ts'
import { groupSizes } from '../graph/scatter.ts'
import { requireGraph } from '../graph/requirements.ts'

/** The result of {@link TopKPooling}; also by name. */
export type Pooled = [x: Tensor, graph: Graph, nodes: Tensor, scores: Tensor] & {
  /** The features of the nodes that are kept, times their scores `[M, F]`. */
  readonly x: Tensor
  /** Of those nodes and the edges between them, with `x` as its features. */
  readonly graph: Graph
  /** Their numbers in the graph before: int64 `[M]`, graph by graph, the best first. */
  readonly nodes: Tensor
  /** `[M]` */
  readonly scores: Tensor
}

/**
 * Of each graph, the numbers of the nodes with the highest scores.
 *
 * Shapes: scores `[N]` -> int64 `[M]`, graph by graph, the best first; equal ones in their order.
 * `ratio` below 1 is a share of the nodes, rounded up, from 1 on a number of them.
 *
 * @throws {ValueError} unless ratio is above 0, and whole if above 1. @throws {ShapeError}
 */
export function topNodes(scores: Tensor, graph: Graph, ratio: number): Tensor {
  requireNumber('topNodes', 'ratio', ratio)
  if (!(ratio > 0 && (ratio < 1 || Number.isInteger(ratio)))) {
    const rule = `ratio is a share between 0 and 1 or a whole number, not ${show(ratio)}`
    throw new ValueError('topNodes', [], rule, 'ratio: 0.5')
  }
  requireTensor('topNodes', 'scores', scores)
  requireGraph('topNodes', graph)
  if (scores.ndim !== 1 || scores.shape[0] !== graph.numNodes) {
    const rule = `each of the ${graph.numNodes} nodes has one score`
    throw new ShapeError('topNodes', { scores }, rule, 'scores.squeeze(1)')
  }
  if (graph.numNodes === 0) return tensor([], { dtype: 'int64' })
  const groups = nodesToGraphs(graph)
  const sizes = groupSizes(groups, graph.numGraphs)
  const limits =
    ratio < 1 ? sizes.double().mul(ratio).ceil().to('int64') : sizes.clamp({ max: ratio })
  const byScore = scores.detach().argsort({ descending: true, stable: true })
  const order = byScore.at(groups.at(byScore).argsort({ stable: true }))
  const begin = sizes.cumsum(0).sub(sizes)
  const ordered = groups.at(order)
  const rank = arange(graph.numNodes, { dtype: 'int64' }).sub(begin.at(ordered))
  return order.at(rank.lt(limits.at(ordered)).nonzero().squeeze(1))
}

/** Options of {@link TopKPooling}. */
export interface TopKPoolingOptions {
  /** Below 1, the share of the nodes to keep, rounded up; from 1 on, their number. Default 0.5. */
  readonly ratio?: number
}

/**
 * Keeps the nodes of each graph whose features point most in a learnt direction p, scaled by their
 * scores tanh(x · p / |p|), through which p learns.
 *
 * Shapes: x `[N, inChannels]`, graph -> {@link Pooled}.
 *
 * @throws {ShapeError} if x does not fit. @throws {ValueError} for a ratio that is none.
 * @see torch_geometric.nn.TopKPooling; Gao and Ji 2019, https://arxiv.org/abs/1905.05178
 *
 * @example
 * ```ts
 * import { karateClub, TopKPooling } from '@flambeau/graph-models'
 * const club = karateClub()
 * const { x, graph } = new TopKPooling(34, { ratio: 0.25 })(club.x, club)
 * console.log(x.shape, graph.numNodes) // => [ 9, 34 ] 9
 * ```
 */
export class TopKPooling extends nn.Module<[x: Tensor, graph: Graph], Pooled> {
  readonly ratio: number
  weight: nn.Parameter

  constructor(inChannels: number, options: TopKPoolingOptions = {}) {
    super()
    requireCounts('TopKPooling', { inChannels }, 1)
    requireOptions('TopKPooling', options)
    this.ratio = options.ratio ?? 0.5
    this.weight = new nn.Parameter(zeros([1, inChannels]))
    const bound = 1 / Math.sqrt(inChannels)
    nn.init.uniform_(this.weight, -bound, bound)
  }

  override forward(x: Tensor, graph: Graph): Pooled {
    requireTensor('TopKPooling', 'x', x)
    requireGraph('TopKPooling', graph)
    const width = this.weight.shape[1] as number
    if (x.ndim !== 2 || x.shape[0] !== graph.numNodes || x.shape[1] !== width) {
      const rule = `x must be [${graph.numNodes}, ${width}]`
      throw new ShapeError('TopKPooling', { x }, rule, 'pool what a layer made of this graph')
    }
    const scores = x.mul(this.weight).sum(-1).div(this.weight.norm()).tanh()
    const nodes = topNodes(scores, graph, this.ratio)
    const kept = scores.indexSelect(0, nodes)
    const features = x.indexSelect(0, nodes).mul(kept.unsqueeze(1))
    const smaller = inducedSubgraph(graph, nodes).with({ x: features })
    return namedResult(['x', 'graph', 'nodes', 'scores'], [
      features,
      smaller,
      nodes,
      kept,
    ] as never) as unknown as Pooled
  }
}
