import type { Tensor } from '@flambeau/core'
import { Generator, randint, ShapeError, stack, tensor, ValueError } from '@flambeau/core'
import { requireCounts, requireOptions, requireTensor, show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { Edges, Graph } from '../graph/graph.ts'
import { SAGEConv } from '../layers/sage-conv.ts'
import { requireGraph } from '../graph/requirements.ts'

/** Options of {@link EdgePredictor}. */
export interface EdgePredictorOptions {
  /** Width of the nodes' features. */
  readonly inChannels: number
  /** Width of the layers. Default 32. */
  readonly hiddenChannels?: number
  /** Width of what is compared. Default 16. */
  readonly outChannels?: number
}

/**
 * Says of pairs of nodes how likely an edge links them: two GraphSAGE layers, and the inner product of
 * what they make of both nodes.
 *
 * Shapes: x `[N, inChannels]`, edges a Graph or int64 `[2, E]`, pairs int64 `[2, M]` -> logits `[M]`.
 *
 * @throws {ShapeError} if x or pairs do not fit. @throws {IndexError} if a pair names no node.
 * @see Hamilton et al. 2017, https://arxiv.org/abs/1706.02216
 *
 * @example
 * ```ts
 * import { EdgePredictor, karateClub, negativeEdges } from '@flambeau/graph-models'
 * const club = karateClub()
 * const net = new EdgePredictor({ inChannels: 34 })
 * console.log(net(club.x, club, negativeEdges(club, 10)).shape) // => [ 10 ]
 * ```
 */
export class EdgePredictor extends nn.Module<[x: Tensor, edges: Edges, pairs: Tensor]> {
  readonly conv1: SAGEConv
  readonly conv2: SAGEConv

  constructor(options: EdgePredictorOptions) {
    super()
    requireOptions('EdgePredictor', options, ['inChannels'])
    const { inChannels, hiddenChannels = 32, outChannels = 16 } = options
    requireCounts('EdgePredictor', { inChannels, hiddenChannels, outChannels }, 1)
    this.conv1 = new SAGEConv(inChannels, hiddenChannels)
    this.conv2 = new SAGEConv(hiddenChannels, outChannels)
  }

  /** What is compared: `[N, outChannels]`. */
  embed(x: Tensor, edges: Edges): Tensor {
    return this.conv2(this.conv1(x, edges).relu(), edges)
  }

  override forward(x: Tensor, edges: Edges, pairs: Tensor): Tensor {
    requireTensor('EdgePredictor', 'pairs', pairs)
    if (pairs.ndim !== 2 || pairs.shape[0] !== 2) {
      const rule = 'pairs has a row of first nodes and a row of second ones, [2, M]'
      throw new ShapeError('EdgePredictor', { pairs }, rule, 'pairs.T')
    }
    const h = this.embed(x, edges)
    return h
      .indexSelect(0, pairs.select(0, 0))
      .mul(h.indexSelect(0, pairs.select(0, 1)))
      .sum(-1)
  }
}

/**
 * Pairs of different nodes that no edge links in this direction, drawn at random: int64 `[2, count]`,
 * each at most once.
 *
 * @throws {ValueError} if the graph has fewer than `count` such pairs.
 * @see torch_geometric.utils.negative_sampling
 */
export function negativeEdges(graph: Graph, count: number, seed = 0): Tensor {
  requireGraph('negativeEdges', graph)
  const { numNodes, source, target } = graph
  const cells = Array.from(source.mul(numNodes).add(target).toArray(), Number)
  const taken = new Set(cells.filter((cell) => cell % (numNodes + 1) !== 0))
  const free = numNodes * (numNodes - 1) - taken.size
  if (!(Number.isInteger(count) && count >= 0 && count <= free)) {
    const rule = `${free} pairs have no edge between them, so there cannot be ${show(count)}`
    throw new ValueError('negativeEdges', [], rule, `ask for ${free} at most`)
  }
  const generator = new Generator().manualSeed(seed)
  const found: number[] = []
  const keepIfFree = (cell: number): void => {
    if (found.length === count || cell % (numNodes + 1) === 0 || taken.has(cell)) return
    taken.add(cell)
    found.push(cell)
  }
  while (found.length < count) {
    const drawn = randint(numNodes * numNodes, [2 * count + 16], { generator }).toArray()
    for (const cell of drawn) keepIfFree(Number(cell))
  }
  const chosen = tensor(found, { dtype: 'int64' })
  return stack([chosen.floorDivide(numNodes), chosen.remainder(numNodes)])
}
