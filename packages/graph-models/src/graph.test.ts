import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import {
  arange,
  DTypeError,
  IndexError,
  manualSeed,
  ones,
  randn,
  scope,
  ShapeError,
  tensor,
  ValueError,
} from '@flambeau/core'
import { describe, expect, it, test } from 'vitest'
import * as gm from './index.ts'
import { Graph } from './index.ts'

const path3 = Graph.fromEdges(
  3,
  [
    [0, 1],
    [1, 2],
  ],
  { undirected: true },
)
const int64 = (values: number[] | number[][]): Tensor =>
  tensor(values as number[], { dtype: 'int64' })

describe('Graph', () => {
  it('refuses edges, features, masks and batches that do not fit', () => {
    expect(() => new Graph({ edgeIndex: int64([[0], [3]]), numNodes: 3 })).toThrow(IndexError)
    expect(() => new Graph({ edgeIndex: int64([[0], [3]]), numNodes: 3 })).toThrow(
      /there is no node 3: nodes are numbered from 0 to 2/,
    )
    expect(() => new Graph({ edgeIndex: int64([[-1], [0]]), numNodes: 3 })).toThrow(/no node -1/)
    expect(() => new Graph({ edgeIndex: int64([[0, 1]]), numNodes: 3 })).toThrow(ShapeError)
    expect(() => new Graph({ edgeIndex: ones([2, 1]), numNodes: 3 })).toThrow(DTypeError)
    expect(() => Graph.fromEdges(3, [[0, 1.5]])).toThrow(/not 0 and 1.5/)
    expect(() => new Graph({ edgeIndex: [[0], [1]] as never, numNodes: 2 })).toThrow(ValueError)
    expect(() => new Graph({})).toThrow(/pass numNodes/)
    expect(() => new Graph({ numNodes: 1.5 })).toThrow(ValueError)
    expect(() => path3.with({ x: ones([2, 1]) })).toThrow(ShapeError)
    expect(() => path3.with({ edgeAttr: ones([3, 1]) })).toThrow(/for each edge: there are 4/)
    expect(() => path3.with({ graphLabels: ones([2]) })).toThrow(/for each graph/)
    expect(() => path3.with({ edgeWeight: int64([1, 1, 1, 1]) })).toThrow(DTypeError)
    expect(() => path3.with({ masks: { train: ones([3]) } })).toThrow(/'train' must be bool/)
    expect(() => path3.with({ batch: int64([0, 1, 0]), numGraphs: 2 })).toThrow(/must not fall/)
    expect(() => path3.with({ batch: int64([0, 0, 1]) })).toThrow(IndexError)
    expect(() => path3.with({ numGraphs: 2 })).toThrow(/batchGraphs/)
  })
  it('may be without edges, and without nodes', () => {
    const none = new Graph({ numNodes: 0 })
    expect([none.numNodes, none.numEdges, gm.degree(none).shape]).toEqual([0, 0, [0]])
    const apart = new Graph({ numNodes: 3 })
    expect(gm.isolatedNodes(apart).tolist()).toEqual([0, 1, 2])
    expect(gm.toCompressed(apart).crow.tolist()).toEqual([0, 0, 0, 0])
    expect(gm.toUndirected(apart).numEdges).toBe(0)
    expect(gm.addSelfLoops(apart).numEdges).toBe(3)
  })
  it('keeps what it derives, whatever scope asked first', () => {
    const graph = Graph.fromEdges(3, [
      [2, 0],
      [1, 2],
      [0, 0],
    ])
    scope(() => void gm.toCompressed(graph))
    const { crow, col, order } = gm.toCompressed(graph)
    expect([crow.tolist(), col.tolist(), order.tolist()]).toEqual([
      [0, 2, 2, 3],
      [2, 0, 1],
      [0, 2, 1],
    ])
  })
  it('keeps normalised weights that a scope computed', () => {
    const club = gm.karateClub()
    const layer = new gm.GCNConv(34, 2)
    const first = scope(() => layer(club.x, club))
    expect(layer(club.x, club).equal(first)).toBe(true)
  })
})

describe('edges', () => {
  const graph = Graph.fromEdges(
    5,
    [
      [0, 1],
      [1, 0],
      [1, 1],
      [3, 1],
    ],
    {
      edgeWeight: tensor([2, 2, 5, 1], { dtype: 'float32' }),
      edgeAttr: tensor([[1], [2], [3], [4]], { dtype: 'float32' }),
    },
  )
  test('degrees, matrices and questions', () => {
    expect(gm.degree(graph).tolist()).toEqual([1, 3, 0, 0, 0])
    expect(gm.degree(graph, 'source').tolist()).toEqual([1, 2, 0, 1, 0])
    expect(gm.weightedDegree(graph).tolist()).toEqual([2, 8, 0, 0, 0])
    expect(gm.toDenseAdjacency(graph).at(1).tolist()).toEqual([2, 5, 0, 1, 0])
    expect(gm.isolatedNodes(graph).tolist()).toEqual([2, 4])
    expect([gm.hasSelfLoops(graph), gm.hasSelfLoops(path3)]).toEqual([true, false])
    expect([gm.isUndirected(graph), gm.isUndirected(path3)]).toEqual([false, true])
    const long = arange(300, { dtype: 'int64' })
    const ring = new Graph({
      numNodes: 300,
      edgeIndex: tensor([long.tolist(), long.add(1).remainder(300).tolist()] as number[][], {
        dtype: 'int64',
      }),
    })
    expect([gm.isUndirected(ring), gm.isUndirected(gm.toUndirected(ring))]).toEqual([false, true])
  })
  test('self loops come and go', () => {
    const bare = gm.removeSelfLoops(graph)
    expect([bare.numEdges, bare.edgeWeight?.tolist()]).toEqual([3, [2, 2, 1]])
    const looped = gm.addSelfLoops(bare, { weight: 7 })
    expect(looped.edgeIndex.at('0').tolist()).toEqual([0, 1, 3, 0, 1, 2, 3, 4])
    expect(looped.edgeWeight?.tolist()).toEqual([2, 2, 1, 7, 7, 7, 7, 7])
    expect(looped.edgeAttr?.flatten().tolist()).toEqual([1, 2, 4, 2, 2.5, 0, 0, 0])
    expect(gm.addSelfLoops(bare, { fill: 'add' }).edgeAttr?.flatten().at(4).item()).toBe(5)
    expect(() => gm.addSelfLoops(bare.with({ edgeLabels: ones([3]) }))).toThrow(ValueError)
  })
  test('both directions, each once', () => {
    const both = gm.toUndirected(graph)
    expect(both.edgeIndex.tolist()).toEqual([
      [0, 1, 1, 1, 3],
      [1, 0, 1, 3, 1],
    ])
    expect(both.edgeWeight?.tolist()).toEqual([2, 2, 5, 1, 1])
  })
  test('the graph of some nodes', () => {
    const part = gm.inducedSubgraph(graph.with({ x: arange(5).unsqueeze(1) }), int64([3, 1]))
    expect(part.edgeIndex.tolist()).toEqual([
      [1, 0],
      [1, 1],
    ])
    expect([part.x?.tolist(), part.edgeWeight?.tolist()]).toEqual([
      [[3], [1]],
      [5, 1],
    ])
    expect(() => gm.inducedSubgraph(graph, int64([1, 1]))).toThrow(/must differ/)
    expect(() => gm.inducedSubgraph(graph, int64([7]))).toThrow(IndexError)
  })
})

describe('batches', () => {
  const a = path3.with({
    x: randn([3, 2]),
    graphLabels: int64([1]),
    masks: { train: tensor([true, false, true]) },
  })
  const b = new Graph({
    numNodes: 0,
    x: randn([0, 2]),
    graphLabels: int64([0]),
    masks: { train: tensor([] as boolean[], { dtype: 'bool' }) },
  })
  it('take graphs apart again, empty ones too', () => {
    const batch = gm.batchGraphs([a, b, gm.batchGraphs([a, b])])
    expect([batch.numNodes, batch.numEdges, batch.numGraphs]).toEqual([6, 8, 4])
    expect(batch.batch?.tolist()).toEqual([0, 0, 0, 2, 2, 2])
    const parts = gm.unbatchGraphs(batch)
    expect(parts.map((part) => part.numNodes)).toEqual([3, 0, 3, 0])
    expect(parts[2]?.edgeIndex.tolist()).toEqual(a.edgeIndex.tolist())
    expect(parts[2]?.x?.equal(a.x as Tensor)).toBe(true)
    expect(parts.map((part) => part.graphLabels?.item())).toEqual([1, 0, 1, 0])
    expect(parts[0]?.masks['train']?.tolist()).toEqual([true, false, true])
  })
  it('give each graph what it gets alone', () => {
    manualSeed(0)
    const graphs = gm.motifGraphs({ count: 5 })
    const net = new gm.GIN({ inChannels: 1, numClasses: 3 }).eval()
    const batch = gm.batchGraphs(graphs)
    const together = net(batch.x as Tensor, batch)
    for (const [i, graph] of graphs.entries()) {
      const alone = net(graph.x as Tensor, graph)
      expect(together.narrow(0, i, 1).allclose(alone, 1e-4, 1e-5)).toBe(true)
    }
  })
  it('refuse nothing at all, and what only some have', () => {
    expect(() => gm.batchGraphs([])).toThrow(ValueError)
    expect(() => gm.batchGraphs([a, path3])).toThrow(/1 of 2 graphs have x/)
  })
})

describe('reductions by group', () => {
  const index = int64([2, 0, 2])
  const src = tensor([
    [1, -1],
    [5, -5],
    [3, -3],
  ])
  it('gives zeros for groups without rows', () => {
    const of = (reduction: gm.Aggregation): unknown =>
      gm.scatterRows(src, index, 3, reduction).tolist()
    expect(of('add')).toEqual([
      [5, -5],
      [0, 0],
      [4, -4],
    ])
    expect(of('mean')).toEqual([
      [5, -5],
      [0, 0],
      [2, -2],
    ])
    expect(of('max')).toEqual([
      [5, -5],
      [0, 0],
      [3, -1],
    ])
    expect(of('min')).toEqual([
      [5, -5],
      [0, 0],
      [1, -3],
    ])
  })
  it('has softmax without overflow', () => {
    const weights = gm.softmaxRows(tensor([1000, 1, 1000]), index, 3)
    expect(weights.tolist()).toEqual([0.5, 1, 0.5])
    expect(gm.softmaxRows(ones([0, 2]), int64([]), 3).shape).toEqual([0, 2])
  })
  it('refuses what does not fit', () => {
    expect(() => gm.scatterRows(src, int64([0]), 3)).toThrow(ShapeError)
    expect(() => gm.scatterRows(src, int64([0, 3, 0]), 3)).toThrow(IndexError)
    expect(() => gm.scatterRows(src, index, 3, 'sum' as 'add')).toThrow(ValueError)
  })
})

describe('generators', () => {
  test("the karate club is Zachary's", () => {
    const club = gm.karateClub()
    const stored = JSON.parse(
      readFileSync(new URL('../goldens/karate.json', import.meta.url), 'utf8'),
    ) as { edges: [number, number][] }
    const matrix = gm.toDenseAdjacency(club)
    const wanted = gm.toDenseAdjacency(Graph.fromEdges(34, stored.edges))
    expect(matrix.equal(wanted)).toBe(true)
    expect([club.numEdges, gm.countTriangles(club)]).toEqual([156, 45])
    expect(club.nodeLabels.sum().item()).toBe(17)
    expect([gm.degree(club).at(0).item(), gm.degree(club).at(33).item()]).toEqual([16, 17])
  })
  test('blocks are linked as often as was said', () => {
    const options = {
      sizes: [60, 60],
      probabilities: [
        [0.5, 0.1],
        [0.1, 0.3],
      ],
      seed: 3,
    }
    const graph = gm.stochasticBlockModel(options)
    expect(gm.isUndirected(graph) && !gm.hasSelfLoops(graph)).toBe(true)
    const matrix = gm.toDenseAdjacency(graph)
    const share = (row: number, column: number): number =>
      matrix.narrow(0, row, 60).narrow(1, column, 60).mean().item()
    expect(Math.abs(share(0, 0) - 0.5)).toBeLessThan(0.05)
    expect(Math.abs(share(0, 60) - 0.1)).toBeLessThan(0.03)
    expect(Math.abs(share(60, 60) - 0.3)).toBeLessThan(0.05)
    const again = gm.stochasticBlockModel(options)
    expect(again.edgeIndex.equal(graph.edgeIndex)).toBe(true)
    expect(() => gm.stochasticBlockModel({ sizes: [2], probabilities: [[2]] })).toThrow(ValueError)
  })
  test('graphs follow their rules', () => {
    const isForest = (graph: Graph): boolean => {
      // As many eigenvalues of the Laplacian are 0 as there are parts; a forest has N - parts edges.
      const { eigenvalues } = gm.graphSpectrum(graph)
      const parts = eigenvalues.lt(1e-4).sum().item()
      return graph.numEdges / 2 === graph.numNodes - parts
    }
    for (const graph of gm.cyclesAndTrees({ count: 20, seed: 2 })) {
      expect(isForest(graph)).toBe(graph.graphLabels?.item() === 0)
      expect(graph.numEdges / 2).toBe(graph.numNodes - 1)
    }
    for (const graph of gm.motifGraphs({ count: 9, seed: 2 })) {
      expect(gm.countTriangles(graph)).toBe([1, 0, 4][graph.graphLabels?.item() as number])
    }
    expect(() => gm.cyclesAndTrees({ count: 2, minNodes: 3 })).toThrow(ValueError)
  })
})

describe('NeighborSampler', () => {
  const graph = gm.stochasticBlockModel({
    sizes: [40, 40],
    probabilities: [
      [0.3, 0.05],
      [0.05, 0.3],
    ],
  })
  const whole = graph.with({ x: randn([80, 6]) })
  it('follows no more edges than it says, which are edges of the graph', () => {
    const sampler = new gm.NeighborSampler(whole, { fanOuts: [3, 2], seed: 1 })
    const { graph: part, nodes, edges, numSeeds } = sampler.sample([7, 70, 3])
    expect(nodes.narrow(0, 0, numSeeds).tolist()).toEqual([7, 70, 3])
    expect(new Set(nodes.tolist() as number[]).size).toBe(part.numNodes)
    expect(nodes.at(part.source).equal(whole.source.at(edges))).toBe(true)
    expect(nodes.at(part.target).equal(whole.target.at(edges))).toBe(true)
    expect(new Set(edges.tolist() as number[]).size).toBe(part.numEdges)
    expect(part.x?.equal((whole.x as Tensor).at(nodes))).toBe(true)
    const arriving = gm.degree(part).tolist() as number[]
    expect(arriving.slice(0, 3)).toEqual([3, 3, 3])
    expect(Math.max(...arriving.slice(3))).toBe(2)
  })
  it('draws the same for the same seed, and each edge about as often', () => {
    const draw = (seed: number): unknown =>
      new gm.NeighborSampler(whole, { fanOuts: [4], seed }).sample([0]).edges.tolist()
    expect(draw(5)).toEqual(draw(5))
    const sampler = new gm.NeighborSampler(whole, { fanOuts: [4] })
    const counts = new Map<number, number>()
    for (let i = 0; i < 400; i++) {
      for (const edge of sampler.sample([0]).edges.tolist() as number[]) {
        counts.set(edge, (counts.get(edge) ?? 0) + 1)
      }
    }
    const all = gm.degree(whole).at(0).item()
    const expected = (400 * 4) / all
    expect(counts.size).toBe(all)
    expect(Math.min(...counts.values())).toBeGreaterThan(expected * 0.7)
    expect(Math.max(...counts.values())).toBeLessThan(expected * 1.3)
  })
  it('with all neighbours gives the seeds what the whole graph gives them', () => {
    const layers = [new gm.SAGEConv(6, 5), new gm.SAGEConv(5, 2)] as const
    const run = (g: Graph): Tensor => layers[1](layers[0](g.x as Tensor, g).relu(), g)
    const wanted = run(whole)
    const sampler = new gm.NeighborSampler(whole, { fanOuts: [-1, -1] })
    const seen: number[] = []
    for (const { graph: part, nodes, numSeeds } of sampler.batches(arange(80), {
      batchSize: 9,
      shuffle: true,
    })) {
      const seeds = nodes.narrow(0, 0, numSeeds)
      expect(run(part).narrow(0, 0, numSeeds).allclose(wanted.at(seeds), 1e-4, 1e-5)).toBe(true)
      seen.push(...(seeds.tolist() as number[]))
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual(arange(80).tolist())
    expect(seen).not.toEqual(arange(80).tolist())
  })
  it('takes isolated nodes, and refuses what is not there', () => {
    const sampler = new gm.NeighborSampler(new Graph({ numNodes: 3 }), { fanOuts: [2] })
    expect(sampler.sample([2]).graph.numNodes).toBe(1)
    expect(sampler.sample([]).graph.numNodes).toBe(0)
    expect(() => sampler.sample([3])).toThrow(IndexError)
    expect(() => sampler.sample([1, 1])).toThrow(/only once/)
    expect(() => new gm.NeighborSampler(whole, { fanOuts: [0] })).toThrow(ValueError)
    expect(() => [...sampler.batches([0], { batchSize: 0 })]).toThrow(ValueError)
  })
})
