import { readFileSync } from 'node:fs'
import { gradcheck } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import {
  arange,
  DTypeError,
  manualSeed,
  ones,
  randn,
  ShapeError,
  tensor,
  ValueError,
} from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { describe, expect, it, test } from 'vitest'
import {
  ChebConv,
  GATConv,
  GCNConv,
  GINConv,
  GlobalAttentionPool,
  globalAddPool,
  globalMaxPool,
  globalMeanPool,
  Graph,
  GraphNetwork,
  NNConv,
  SAGEConv,
  TopKPooling,
} from './index.ts'

type Numbers = number | Numbers[]

interface Case {
  readonly state: Record<string, Numbers>
  readonly out: Numbers
  readonly gradX: Numbers
  readonly gradWeight: Numbers | null
  readonly gradAttr: Numbers | null
  readonly grads: Record<string, Numbers>
}

const golden = JSON.parse(
  readFileSync(new URL('../goldens/layers.json', import.meta.url), 'utf8'),
) as {
  readonly edges: number[][]
  readonly x: number[][]
  readonly weight: number[]
  readonly attr: number[][]
  readonly batch: number[]
  readonly cases: Record<string, Case>
  readonly pools: Record<string, number[][]>
}

const double = (values: unknown): Tensor => tensor(values as number[], { dtype: 'float64' })
const edgeIndex = tensor(golden.edges, { dtype: 'int64' })
const batched = new Graph({
  edgeIndex,
  numNodes: 6,
  numGraphs: 2,
  batch: tensor(golden.batch, { dtype: 'int64' }),
})

/** The largest difference, relative to the size of what is expected. */
function expectClose(seen: Tensor | null, wanted: Numbers, what: string): void {
  const reference = double(wanted)
  expect([what, seen?.shape]).toEqual([what, reference.shape])
  const most = (seen as Tensor).sub(reference).abs().amax().item()
  expect([what, most < 1e-9 * (1 + reference.abs().amax().item())]).toEqual([what, true])
}

interface Inputs {
  readonly x: Tensor
  readonly weight: Tensor
  readonly attr: Tensor
}

const mlp = (from: number, to: number): nn.Sequential =>
  new nn.Sequential(new nn.Linear(from, 6), new nn.ReLU(), new nn.Linear(6, to))

type Layer<Args extends unknown[]> = nn.Module<Args>
type Make = () => { module: nn.AnyModule; call: (inputs: Inputs) => Tensor }

const plain =
  (make: () => Layer<[Tensor, Tensor]>): Make =>
  () => {
    const module = make().double()
    return { module, call: ({ x }) => module(x, edgeIndex) }
  }
const featured =
  (make: () => Layer<[Tensor, Tensor, Tensor]>): Make =>
  () => {
    const module = make().double()
    return { module, call: ({ x, attr }) => module(x, edgeIndex, attr) }
  }
const weighted =
  (make: () => Layer<[Tensor, Tensor, Tensor]>): Make =>
  () => {
    const module = make().double()
    return { module, call: ({ x, weight }) => module(x, edgeIndex, weight) }
  }
const cheb =
  (K: number, normalization: 'sym' | 'rw' | null): Make =>
  () => {
    const module = new ChebConv(4, 5, K, { normalization }).double()
    const call = ({ x, weight }: Inputs): Tensor =>
      K === 4 ? module(x, edgeIndex, { edgeWeight: weight, lambdaMax: 1.7 }) : module(x, edgeIndex)
    return { module, call }
  }
const topK =
  (ratio: number): Make =>
  () => {
    const module = new TopKPooling(4, { ratio }).double()
    return { module, call: ({ x }) => module(x, batched).x }
  }

const layers: Record<string, Make> = {
  gcn: plain(() => new GCNConv(4, 5)),
  'gcn weighted': weighted(() => new GCNConv(4, 5)),
  'gcn improved': weighted(() => new GCNConv(4, 5, { loopWeight: 2, bias: false })),
  'gcn without loops': weighted(() => new GCNConv(4, 5, { addSelfLoops: false })),
  'gcn unnormalised': weighted(() => new GCNConv(4, 5, { normalize: false })),
  'sage mean': plain(() => new SAGEConv(4, 5)),
  'sage max': plain(() => new SAGEConv(4, 5, { aggregation: 'max', normalize: true })),
  'sage pool': plain(() => new SAGEConv(4, 5, { aggregation: 'pool', bias: false })),
  'sage without root': plain(() => new SAGEConv(4, 5, { rootWeight: false })),
  gat: plain(() => new GATConv(4, 5, { heads: 2 })),
  'gat mean': plain(
    () => new GATConv(4, 5, { heads: 3, concat: false, negativeSlope: 0.1, residual: true }),
  ),
  'gat edges': featured(() => new GATConv(4, 5, { heads: 2, edgeChannels: 3 })),
  'gat without loops': plain(
    () => new GATConv(4, 5, { heads: 2, addSelfLoops: false, bias: false }),
  ),
  gat2: plain(() => new GATConv(4, 5, { heads: 2, version: 2 })),
  'gat2 edges': featured(
    () =>
      new GATConv(4, 5, { heads: 2, edgeChannels: 3, concat: false, residual: true, version: 2 }),
  ),
  gin: plain(() => new GINConv(mlp(4, 5), { eps: 0.3 })),
  'gin learnt': plain(() => new GINConv(mlp(4, 5), { eps: 0.3, trainEps: true })),
  nn: featured(() => new NNConv(4, 5, mlp(3, 20))),
  'nn mean': featured(
    () => new NNConv(4, 5, mlp(3, 20), { aggregation: 'mean', rootWeight: false }),
  ),
  'nn max': featured(() => new NNConv(4, 5, mlp(3, 20), { aggregation: 'max', bias: false })),
  'cheb sym': cheb(3, 'sym'),
  'cheb sym weighted': cheb(4, 'sym'),
  'cheb rw': cheb(3, 'rw'),
  'cheb rw weighted': cheb(4, 'rw'),
  'cheb none': cheb(3, null),
  'cheb none weighted': cheb(4, null),
  'cheb of one': cheb(1, 'sym'),
  'attention pool': () => {
    const module = new GlobalAttentionPool(new nn.Linear(4, 1), mlp(4, 5)).double()
    return { module, call: ({ x }) => module(x, batched) }
  },
  'top-k': topK(0.5),
  'top-2': topK(2),
}

/** PyTorch Geometric has the direction of top-k pooling in a module of its own. */
const renamed = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key.replace(/^select\./, ''), value]),
  )

describe("outputs and gradients are PyTorch Geometric's", () => {
  test('for every stored case', () => {
    expect(Object.keys(layers)).toEqual(Object.keys(golden.cases))
  })
  test.each(Object.entries(layers))('%s', (name, make) => {
    const wanted = golden.cases[name] as Case
    const { module, call } = make()
    const state = Object.entries(renamed(wanted.state))
    module.loadStateDict(Object.fromEntries(state.map(([key, value]) => [key, double(value)])))
    const [x, weight, attr] = [golden.x, golden.weight, golden.attr].map((values) => {
      const leaf = double(values)
      leaf.requiresGrad = true
      return leaf
    }) as [Tensor, Tensor, Tensor]
    const out = call({ x, weight, attr })
    expectClose(out.detach(), wanted.out, 'out')
    const numbers = arange(1, out.numel() + 1, { dtype: 'float64' }).div(out.numel())
    out.mul(numbers.reshape(out.shape)).sum().backward()
    expectClose(x.grad, wanted.gradX, 'x')
    if (wanted.gradWeight !== null) expectClose(weight.grad, wanted.gradWeight, 'weight')
    if (wanted.gradAttr !== null) expectClose(attr.grad, wanted.gradAttr, 'attr')
    const grads = renamed(wanted.grads)
    const parameters = Object.fromEntries(module.namedParameters())
    expect(Object.keys(parameters).toSorted()).toEqual(Object.keys(grads).toSorted())
    for (const [key, value] of Object.entries(grads)) {
      expectClose(parameters[key]?.grad ?? null, value, key)
    }
  })
  test('global pools', () => {
    const x = double(golden.x)
    expectClose(globalAddPool(x, batched), golden.pools['add'] as number[][], 'add')
    expectClose(globalMeanPool(x, batched), golden.pools['mean'] as number[][], 'mean')
    expectClose(globalMaxPool(x, batched), golden.pools['max'] as number[][], 'max')
  })
})

describe('a graph gives what its edges as a tensor give, also the second time', () => {
  const graph = new Graph({ edgeIndex, numNodes: 6 })
  const x = randn([6, 4])
  const made: [string, nn.Module<[Tensor, Graph | Tensor]>][] = [
    ['GCN', new GCNConv(4, 3)],
    ['SAGE', new SAGEConv(4, 3)],
    ['GAT', new GATConv(4, 3)],
    ['GIN', new GINConv(new nn.Linear(4, 3))],
    ['Cheb', new ChebConv(4, 3, 3)],
  ]
  test.each(made)('%s, and its copy', (_, layer) => {
    const wanted = layer(x, edgeIndex)
    expect(nn.copyModule(layer)(x, graph).equal(wanted)).toBe(true)
    for (let i = 0; i < 2; i++) expect(layer(x, graph).equal(wanted)).toBe(true)
  })
})

describe('graphs without edges, and without nodes', () => {
  const make: [string, () => nn.Module<[Tensor, Graph | Tensor]>][] = [
    ['GCN', () => new GCNConv(4, 3)],
    ['SAGE', () => new SAGEConv(4, 3)],
    ['SAGE pool', () => new SAGEConv(4, 3, { aggregation: 'pool' })],
    ['GAT', () => new GATConv(4, 3)],
    ['GAT2', () => new GATConv(4, 3, { version: 2, addSelfLoops: false })],
    ['GIN', () => new GINConv(new nn.Linear(4, 3))],
    ['Cheb', () => new ChebConv(4, 3, 3)],
    ['Cheb of D - A', () => new ChebConv(4, 3, 3, { normalization: null })],
  ]
  test.each(make)('%s', (_, layer) => {
    for (const numNodes of [0, 3]) {
      const x = randn([numNodes, 4]).requiresGrad_()
      const out = layer()(x, new Graph({ numNodes }))
      expect(out.shape).toEqual([numNodes, 3])
      out.sum().backward()
      expect(x.grad?.shape).toEqual([numNodes, 4])
      expect(out.isfinite().all().item()).toBe(true)
    }
  })
  test('pools give zeros for graphs without nodes', () => {
    const batch = tensor([1, 1], { dtype: 'int64' })
    const graph = new Graph({ numNodes: 2, numGraphs: 3, batch })
    for (const pool of [globalAddPool, globalMeanPool, globalMaxPool]) {
      expect(
        pool(ones([2, 1]), graph)
          .flatten()
          .at(2)
          .item(),
      ).toBe(0)
    }
    const { graph: smaller } = new TopKPooling(1)(ones([2, 1]), graph)
    expect([smaller.numNodes, smaller.numGraphs]).toEqual([1, 3])
    expect(new TopKPooling(1)(ones([0, 1]), new Graph({ numNodes: 0 })).x.shape).toEqual([0, 1])
  })
})

describe('GraphNetwork', () => {
  const state = (graph: Graph): [Tensor, Tensor, Tensor] => [
    randn([graph.numNodes, 3]),
    randn([graph.numEdges, 2]),
    randn([graph.numGraphs, 1]),
  ]
  const widths = { nodeChannels: 3, edgeChannels: 2, graphChannels: 1, outChannels: 4 } as const
  it('lets no more be seen than it says', () => {
    manualSeed(0)
    for (const exchange of ['none', 'neighbours', 'all'] as const) {
      const net = new GraphNetwork({ ...widths, exchange })
      const [x, edge, whole] = state(batched).map((t) => t.requiresGrad_()) as [
        Tensor,
        Tensor,
        Tensor,
      ]
      const { x: nodes } = net(batched, x, edge, whole)
      expect(nn.copyModule(net)(batched, x, edge, whole).x.equal(nodes)).toBe(true)
      nodes.narrow(0, 0, 1).sum().backward()
      const seen = (t: Tensor): boolean => t.grad !== null && t.grad.abs().sum().item() > 0
      const wanted = {
        none: [true, false, false],
        neighbours: [true, true, false],
        all: [true, true, true],
      }
      expect([exchange, [x, edge, whole].map(seen)]).toEqual([exchange, wanted[exchange]])
    }
  })
  it('keeps the graphs of a batch apart', () => {
    const parts = [Graph.fromEdges(2, [[0, 1]]), Graph.fromEdges(2, [[1, 0]])]
    const both = new Graph({
      edgeIndex: tensor(
        [
          [0, 3],
          [1, 2],
        ],
        { dtype: 'int64' },
      ),
      numNodes: 4,
      numGraphs: 2,
      batch: tensor([0, 0, 1, 1], { dtype: 'int64' }),
    })
    const net = new GraphNetwork(widths)
    const [x, edge, whole] = state(both)
    const together = net(both, x, edge, whole)
    for (const [i, part] of parts.entries()) {
      const alone = net(part, x.narrow(0, 2 * i, 2), edge.narrow(0, i, 1), whole.narrow(0, i, 1))
      expect(together.x.narrow(0, 2 * i, 2).allclose(alone.x)).toBe(true)
      expect(together.graphAttr.narrow(0, i, 1).allclose(alone.graphAttr)).toBe(true)
    }
  })
  it('has gradients, and works without edges', () => {
    const net = new GraphNetwork(widths).double()
    const [x, edge, whole] = state(batched).map((t) =>
      t.double().add(0.01).detach().requiresGrad_(),
    )
    const total = (...given: Tensor[]): Tensor => {
      const [a, b, c] = net(batched, ...(given as [Tensor, Tensor, Tensor]))
      return a.square().sum().add(b.square().sum()).add(c.square().sum())
    }
    expect(gradcheck(total, [x, edge, whole])).toBe(true)
    const empty = new Graph({ numNodes: 2 })
    const out = new GraphNetwork(widths)(empty, ...state(empty))
    expect([out.x, out.edgeAttr, out.graphAttr].map((t) => t.shape)).toEqual([
      [2, 4],
      [0, 4],
      [1, 4],
    ])
    expect(() => net(batched, whole as Tensor, edge as Tensor, x as Tensor)).toThrow(ShapeError)
  })
})

describe('gradcheck', () => {
  manualSeed(1)
  const x = randn([6, 4], { dtype: 'float64' }).requiresGrad_()
  const attr = randn([12, 3], { dtype: 'float64' }).requiresGrad_()
  const weight = ones([12], { dtype: 'float64' }).add(0.3).detach().requiresGrad_()
  test.each([
    ['GCN', () => new GCNConv(4, 2).double()],
    ['SAGE', () => new SAGEConv(4, 2, { aggregation: 'max' }).double()],
    ['GIN', () => new GINConv(new nn.Linear(4, 2), { trainEps: true }).double()],
    ['GAT', () => new GATConv(4, 2, { heads: 2 }).double()],
    ['GAT2', () => new GATConv(4, 2, { heads: 2, version: 2 }).double()],
    ['Cheb', () => new ChebConv(4, 2, 3).double()],
  ] as [string, () => nn.Module<[Tensor, Tensor]>][])('%s, by x', (_, make) => {
    const layer = make()
    const fn = (input: Tensor): Tensor => layer(input, edgeIndex)
    expect(gradcheck(fn, [x])).toBe(true)
  })
  test('by weights and features of edges', () => {
    const [gcn, conv] = [new GCNConv(4, 2).double(), new ChebConv(4, 2, 3).double()]
    expect(gradcheck((w: Tensor) => gcn(x.detach(), edgeIndex, w), [weight])).toBe(true)
    const fn = (w: Tensor): Tensor => conv(x.detach(), edgeIndex, { edgeWeight: w, lambdaMax: 2 })
    expect(gradcheck(fn, [weight])).toBe(true)
    const net = new NNConv(4, 2, new nn.Linear(3, 8)).double()
    expect(gradcheck((a: Tensor) => net(x.detach(), edgeIndex, a), [attr])).toBe(true)
  })
})

describe('refuses', () => {
  const x = ones([6, 4])
  it('features that do not fit', () => {
    expect(() => new GCNConv(3, 2)(x, edgeIndex)).toThrow(ShapeError)
    expect(() => new GCNConv(4, 2)(x, new Graph({ numNodes: 5 }))).toThrow(/5 nodes, but x has 6/)
    expect(() => new GATConv(4, 2, { edgeChannels: 3 })(x, edgeIndex)).toThrow(/\[12, 3\]/)
    expect(() => new NNConv(4, 2, new nn.Linear(3, 8))(x, edgeIndex)).toThrow(/12 edges/)
    const narrow = new NNConv(4, 2, new nn.Linear(3, 7))
    expect(() => narrow(x, edgeIndex, ones([12, 3]))).toThrow(/4 · 2 = 8/)
    expect(() => globalAddPool(ones([5, 1]), batched)).toThrow(ShapeError)
    expect(() => new TopKPooling(3)(x, batched)).toThrow(ShapeError)
  })
  it('what are no features and no edges', () => {
    const layer = new GCNConv(4, 2)
    expect(() => layer(null as never, edgeIndex)).toThrow(/x must be a tensor/)
    expect(() => layer(x, null as never)).toThrow(/edges are a Graph/)
    expect(() => layer(x.to('int64'), edgeIndex)).toThrow(DTypeError)
    expect(() => layer(x, edgeIndex.to('int32'))).toThrow(DTypeError)
  })
  it('settings that are none', () => {
    expect(() => new GCNConv(0, 2)).toThrow(ValueError)
    expect(() => new ChebConv(4, 2, 0)).toThrow(/K must be/)
    expect(() => new SAGEConv(4, 2, { aggregation: 'sum' as 'max' })).toThrow(ValueError)
    expect(() => new TopKPooling(4, { ratio: 1.5 })(x, batched)).toThrow(ValueError)
  })
})
