/** Chebyshev convolution: spectral filters without eigenvectors. */
import type { DType, Tensor } from '@flambeau/core'
import { ones, ValueError } from '@flambeau/core'
import { outsideScopes, requireCounts, requireOptions, show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { addSelfLoops, removeSelfLoops, weightedDegree } from '../graph/edges.ts'
import { sumOverEdges } from '../graph/compressed.ts'
import type { Edges } from '../graph/graph.ts'
import { Graph, graphOf } from '../graph/graph.ts'
import { biasOf, glorotLinear } from './linear.ts'

/** By what the Laplacian is divided: the roots of both degrees, the degree, or nothing. */
export type LaplacianNorm = 'sym' | 'rw' | null

/** Options of {@link ChebConv}. */
export interface ChebConvOptions {
  /** Default 'sym'. */
  readonly normalization?: LaplacianNorm
  /** Default true. */
  readonly bias?: boolean
}

/** The Laplacian as edges: those of the graph without self loops, then one from each node to itself. */
function laplacianEdges(graph: Graph, normalization: LaplacianNorm, dtype: DType): Graph {
  const { numNodes, edgeIndex, edgeWeight } = graph
  const bare = removeSelfLoops(
    new Graph({
      numNodes,
      edgeIndex,
      edgeWeight: edgeWeight ?? ones([graph.numEdges], { dtype: dtype as 'float32' }),
    }),
  )
  const weight = bare.edgeWeight as Tensor
  const total = weightedDegree(bare, weight, 'source')
  const zero = total.eq(0)
  let entries: Tensor
  if (normalization === null) entries = weight.neg()
  else if (normalization === 'rw') {
    const inverse = total.reciprocal().maskedFill(zero, 0)
    entries = inverse.at(bare.source).mul(weight).neg()
  } else {
    const root = total.pow(-0.5).maskedFill(zero, 0)
    entries = root.at(bare.source).mul(weight).mul(root.at(bare.target)).neg()
  }
  const withLoops = addSelfLoops(bare.with({ edgeWeight: entries }), { weight: 1 })
  if (normalization !== null) return withLoops
  const off = withLoops.edgeWeight as Tensor
  const diagonal = total.sub(1)
  const loops = withLoops.source.narrow(0, bare.numEdges, numNodes).add(bare.numEdges)
  return withLoops.with({ edgeWeight: off.indexAdd(0, loops, diagonal as Tensor<'float32'>) })
}

const remembered = new WeakMap<Graph, Map<string, Graph>>()

/** {@link laplacianEdges}, computed once for a graph whose weights are not learnt. */
function laplacianOf(graph: Graph, normalization: LaplacianNorm, dtype: DType): Graph {
  if (graph.edgeWeight?.requiresGrad === true) return laplacianEdges(graph, normalization, dtype)
  const known = remembered.get(graph) ?? new Map<string, Graph>()
  remembered.set(graph, known)
  const key = `${normalization} ${dtype}`
  const found = known.get(key) ?? outsideScopes(() => laplacianEdges(graph, normalization, dtype))
  known.set(key, found)
  return found
}

/** What {@link ChebConv} takes after x and edges. */
export interface ChebInputs {
  /** Weights `[E]` in place of the graph's. */
  readonly edgeWeight?: Tensor | null
  /** The largest eigenvalue. Default: twice the largest entry of the Laplacian, which bounds it. */
  readonly lambdaMax?: number | null
}

/**
 * Chebyshev convolution of order K: x' = Σₖ Tₖ(L̂) x Wₖᵀ + b over k < K, with L̂ = 2 L / λmax - 1, so
 * that a node sees those up to K - 1 steps away.
 *
 * Shapes: x `[N, inChannels]`, edges a {@link Graph} (whose Laplacian is computed once) or int64
 * `[2, E]` -> `[N, outChannels]`. Edges are to go both ways; self loops are ignored.
 *
 * @throws {ValueError} unless K is a whole number ≥ 1. @throws {ShapeError} if x does not fit.
 * @see torch_geometric.nn.ChebConv; Defferrard et al. 2016, https://arxiv.org/abs/1606.09375
 *
 * @example
 * ```ts
 * import { ChebConv, karateClub } from '@flambeau/graph-models'
 * const club = karateClub()
 * console.log(new ChebConv(34, 2, 3)(club.x, club).shape) // => [ 34, 2 ]
 * ```
 */
export class ChebConv extends nn.Module<[x: Tensor, edges: Edges, inputs?: ChebInputs]> {
  readonly inChannels: number
  readonly outChannels: number
  readonly normalization: LaplacianNorm
  lins: nn.ModuleList
  bias: nn.Parameter | null

  constructor(inChannels: number, outChannels: number, K: number, options: ChebConvOptions = {}) {
    super()
    requireOptions('ChebConv', options)
    const { normalization = 'sym', bias = true } = options
    requireCounts('ChebConv', { inChannels, outChannels, K }, 1)
    if (normalization !== null && normalization !== 'sym' && normalization !== 'rw') {
      const rule = `there is no normalization ${show(normalization)}`
      throw new ValueError('ChebConv', [], rule, "use 'sym', 'rw' or null")
    }
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.normalization = normalization
    this.lins = new nn.ModuleList(
      Array.from({ length: K }, () => glorotLinear(inChannels, outChannels)),
    )
    this.bias = biasOf(outChannels, bias)
  }

  override forward(x: Tensor, edges: Edges, inputs: ChebInputs = {}): Tensor {
    let graph = graphOf('ChebConv', x, edges, this.inChannels)
    const { edgeWeight = null, lambdaMax = null } = inputs
    if (edgeWeight !== null) graph = graph.with({ edgeWeight })
    const laplacian = laplacianOf(graph, this.normalization, x.dtype)
    const entries = laplacian.edgeWeight as Tensor
    const bound = lambdaMax ?? (graph.numNodes === 0 ? 2 : 2 * entries.detach().amax().item())
    // A Laplacian of zeros has no edges: L̂ is minus the identity whatever it is divided by.
    const scale = bound === 0 ? 1 : bound
    const step = (h: Tensor): Tensor =>
      sumOverEdges(laplacian.compressed(), h, entries)
        .mul(2 / scale)
        .sub(h)
    let [before, now] = [x, x]
    let out: Tensor | null = null
    let k = 0
    for (const lin of this.lins) {
      if (k === 1) now = step(x)
      else if (k > 1) [before, now] = [now, step(now).mul(2).sub(before)]
      const term = (lin as nn.Linear)(now)
      out = out === null ? term : out.add(term)
      k++
    }
    return this.bias === null ? (out as Tensor) : (out as Tensor).add(this.bias)
  }

  override extraRepr(): string {
    return `${this.inChannels}, ${this.outChannels}, K=${this.lins.length}`
  }
}
