/** Graph isomorphism layers: sums of neighbours, which tell multisets apart. */
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { sumOverEdges } from '../graph/compressed.ts'
import type { Edges } from '../graph/graph.ts'
import { graphOf } from '../graph/graph.ts'

/** Options of {@link GINConv}. */
export interface GINConvOptions {
  /** How much more the node itself counts than a neighbour. Default 0. */
  readonly eps?: number
  /** Learn eps. Default false. */
  readonly trainEps?: boolean
}

/**
 * Graph isomorphism layer: x' = net((1 + eps) x + sum over neighbours).
 *
 * Shapes: x `[N, F]`, edges a {@link Graph} or int64 `[2, E]` -> `[N, …]`, what `net` makes of `[N, F]`.
 *
 * @throws {ShapeError} if x does not fit. @throws {IndexError} if an edge leaves the graph.
 * @see torch_geometric.nn.GINConv; Xu et al. 2018, https://arxiv.org/abs/1810.00826
 *
 * @example
 * ```ts
 * import { GINConv, karateClub } from '@flambeau/graph-models'
 * import * as nn from '@flambeau/nn'
 * const club = karateClub()
 * const net = new nn.Sequential(new nn.Linear(34, 8), new nn.ReLU(), new nn.Linear(8, 2))
 * console.log(new GINConv(net)(club.x, club).shape) // => [ 34, 2 ]
 * ```
 */
export class GINConv extends nn.Module<[x: Tensor, edges: Edges]> {
  nn: nn.Module
  declare readonly eps: Tensor

  constructor(net: nn.Module, options: GINConvOptions = {}) {
    super()
    requireOptions('GINConv', options)
    const { eps = 0, trainEps = false } = options
    this.nn = net
    const start = tensor([eps], { dtype: 'float32' })
    if (trainEps) this.registerParameter('eps', new nn.Parameter(start))
    else this.registerBuffer('eps', start)
  }

  override forward(x: Tensor, edges: Edges): Tensor {
    const graph = graphOf('GINConv', x, edges)
    const neighbours = sumOverEdges(graph.compressed(), x, null)
    return this.nn(neighbours.add(x.mul(this.eps.add(1))))
  }
}
