/** Parts of large graphs: some neighbours of some nodes. */
import type { Tensor } from '@flambeau/core'
import { Generator, IndexError, rand, randperm, tensor, ValueError } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor, show } from '@flambeau/core/internal'
import { Graph } from './graph.ts'
import { requireGraph } from './requirements.ts'

/** What a {@link NeighborSampler} takes besides its graph. */
export interface NeighborSamplerOptions {
  /** How many edges to follow back from each node, a number for each layer of the network that will
   * see the sample; -1 for all. */
  readonly fanOuts: readonly number[]
  /** Of the random choices. Default 0. */
  readonly seed?: number
}

/** The neighbourhood of some nodes. */
export interface Neighborhood {
  /** Its nodes are the seeds, in their order, then those that were found. */
  readonly graph: Graph
  /** The numbers that its nodes have in the whole graph: int64 `[n]`. */
  readonly nodes: Tensor
  /** The numbers that its edges have in the whole graph: int64 `[e]`. */
  readonly edges: Tensor
  /** The first so many nodes are those that were asked for. */
  readonly numSeeds: number
}

/** What {@link NeighborSampler.batches} takes besides the nodes. */
export interface NeighborBatchOptions {
  /** Seeds in a batch. Default 32. */
  readonly batchSize?: number
  /** In a random order. Default false. */
  readonly shuffle?: boolean
}

function numbers(values: Tensor): number[] {
  requireTensor('NeighborSampler', 'nodes', values)
  return Array.from(values.toArray(), Number)
}
const indices = (values: readonly number[]): Tensor => tensor([...values], { dtype: 'int64' })

/**
 * Draws neighbourhoods, so that a step of training costs the same however large the graph is: from the
 * seeds, a number of the edges that arrive at each node are followed back, and again from what they
 * led to. With as many fan-outs of -1 as the network has layers, the seeds get what they would get in
 * the whole graph from layers that only look at edges that arrive (GraphSAGE, GIN, GAT).
 *
 * @throws {ValueError} unless fan-outs are whole numbers ≥ 1, or -1.
 * @see torch_geometric.loader.NeighborLoader; Hamilton et al. 2017, https://arxiv.org/abs/1706.02216
 *
 * @example
 * ```ts
 * import { karateClub, NeighborSampler } from '@flambeau/graph-models'
 * const sampler = new NeighborSampler(karateClub(), { fanOuts: [3, 2] })
 * const { graph, nodes, numSeeds } = sampler.sample([0, 33])
 * console.log(numSeeds, nodes.narrow(0, 0, 2).tolist()) // => 2 [ 0, 33 ]
 * console.log(graph.numEdges <= 2 * 3 + 6 * 2) // => true
 * ```
 */
export class NeighborSampler {
  readonly graph: Graph
  readonly fanOuts: readonly number[]
  readonly #generator: Generator
  readonly #first: number[]
  readonly #sources: number[]
  readonly #order: number[]

  constructor(graph: Graph, options: NeighborSamplerOptions) {
    requireGraph('NeighborSampler', graph)
    requireOptions('NeighborSampler', options, ['fanOuts'])
    const { fanOuts, seed = 0 } = options
    requireNumberList('NeighborSampler', 'fanOuts', fanOuts)
    if (fanOuts.length === 0 || fanOuts.some((n) => n !== -1 && !(Number.isInteger(n) && n > 0))) {
      const rule = `fanOuts are whole numbers ≥ 1, or -1 for all, not [${fanOuts.join(', ')}]`
      throw new ValueError('NeighborSampler', [], rule, 'fanOuts: [10, 5]')
    }
    this.graph = graph
    this.fanOuts = [...fanOuts]
    this.#generator = new Generator().manualSeed(seed)
    const { crow, col, order } = graph.compressed()
    this.#first = numbers(crow)
    this.#sources = numbers(col)
    this.#order = numbers(order)
  }

  /**
   * A neighbourhood of the nodes `seeds`.
   *
   * @throws {IndexError} if a seed is not there. @throws {ValueError} if one is named twice.
   */
  sample(seeds: Tensor | readonly number[]): Neighborhood {
    const given = Array.isArray(seeds) ? (seeds as readonly number[]) : numbers(seeds as Tensor)
    const nodes: number[] = []
    const place = new Map<number, number>()
    const placeOf = (node: number): number => {
      const known = place.get(node)
      if (known !== undefined) return known
      place.set(node, nodes.length)
      return nodes.push(node) - 1
    }
    for (const seed of given) this.#requireSeed(seed)
    for (const seed of given) placeOf(seed)
    if (nodes.length < given.length) {
      const rule = 'each node may be a seed only once'
      throw new ValueError('sample', [], rule, 'seeds.unique()')
    }
    const edges: number[] = []
    const [from, to]: [number[], number[]] = [[], []]
    let [begin, end] = [0, nodes.length]
    for (const fanOut of this.fanOuts) {
      const entries = this.#choose(nodes.slice(begin, end), fanOut)
      for (const [i, chosen] of entries.entries()) {
        for (const entry of chosen) {
          from.push(placeOf(this.#sources[entry] as number))
          to.push(begin + i)
          edges.push(this.#order[entry] as number)
        }
      }
      // Nodes that were there before have been expanded.
      begin = end
      end = nodes.length
    }
    return this.#neighborhood(given.length, nodes, edges, [from, to])
  }

  /** Neighbourhoods of all of `nodes`, a batch at a time. */
  *batches(
    nodes: Tensor | readonly number[],
    options: NeighborBatchOptions = {},
  ): IterableIterator<Neighborhood> {
    requireOptions('batches', options)
    const { batchSize = 32, shuffle = false } = options
    if (!(Number.isInteger(batchSize) && batchSize > 0)) {
      const rule = `batchSize must be a whole number ≥ 1, not ${show(batchSize)}`
      throw new ValueError('batches', [], rule, 'batchSize: 32')
    }
    const given = Array.isArray(nodes) ? (nodes as readonly number[]) : numbers(nodes as Tensor)
    const order = shuffle
      ? numbers(randperm(given.length, { generator: this.#generator }))
      : [...given.keys()]
    for (let i = 0; i < order.length; i += batchSize) {
      yield this.sample(order.slice(i, i + batchSize).map((at) => given[at] as number))
    }
  }

  #requireSeed(seed: number): void {
    const { numNodes } = this.graph
    if (Number.isInteger(seed) && seed >= 0 && seed < numNodes) return
    const rule = `there is no node ${show(seed)}: there are ${numNodes}`
    throw new IndexError('sample', [], rule, 'seeds are numbers of nodes, from 0')
  }

  /** For each node, entries of the compressed rows: all, or `fanOut` of them at random. */
  #choose(nodes: readonly number[], fanOut: number): number[][] {
    const ranges = nodes.map((node) => {
      const first = this.#first[node] as number
      return { first, count: (this.#first[node + 1] as number) - first }
    })
    const crowded = fanOut === -1 ? 0 : ranges.filter(({ count }) => count > fanOut).length
    const drawn =
      crowded === 0
        ? []
        : rand([crowded * fanOut], { generator: this.#generator, dtype: 'float64' }).toArray()
    let next = 0
    return ranges.map(({ first, count }) => {
      const entries = Array.from({ length: count }, (_, i) => first + i)
      if (fanOut === -1 || count <= fanOut) return entries
      for (let i = 0; i < fanOut; i++) {
        const at = i + Math.floor((drawn[next++] as number) * (count - i))
        const swapped = entries[i] as number
        entries[i] = entries[at] as number
        entries[at] = swapped
      }
      return entries.slice(0, fanOut)
    })
  }

  #neighborhood(
    numSeeds: number,
    found: readonly number[],
    followed: readonly number[],
    ends: [number[], number[]],
  ): Neighborhood {
    const whole = this.graph
    const [nodes, edges] = [indices(found), indices(followed)]
    const rows = (value: Tensor | null): Tensor | null => value?.indexSelect(0, nodes) ?? null
    const ofEdges = (value: Tensor | null): Tensor | null => value?.indexSelect(0, edges) ?? null
    const masks = Object.entries(whole.masks).map(([name, mask]) => [name, mask.at(nodes)] as const)
    const graph = new Graph({
      numNodes: found.length,
      edgeIndex: tensor(ends, { dtype: 'int64' }),
      x: rows(whole.x),
      nodeLabels: rows(whole.nodeLabels),
      masks: Object.fromEntries(masks),
      edgeAttr: ofEdges(whole.edgeAttr),
      edgeWeight: ofEdges(whole.edgeWeight),
      edgeLabels: ofEdges(whole.edgeLabels),
    })
    return { graph, nodes, edges, numSeeds }
  }
}
