/** Graph models at small sizes, with inputs. */
import { randint, randn, tensor } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import * as G from '@flambeau/graph-models'
import type { Case } from './cases.ts'
import { part } from './cases.ts'

const edges = tensor(
  [
    [0, 1, 1, 2, 3, 4, 5, 5, 2],
    [1, 0, 2, 1, 4, 3, 4, 3, 5],
  ],
  { dtype: 'int64' },
)
const batch = tensor([0, 0, 0, 1, 1, 1], { dtype: 'int64' })
const graph = new G.Graph({ edgeIndex: edges, numNodes: 6, numGraphs: 2, batch })
const attr = randn([9, 3])

const mlp = (from: number, to: number): nn.Sequential =>
  new nn.Sequential(new nn.Linear(from, 6), new nn.ReLU(), new nn.Linear(6, to))

type Layer = nn.AnyModule & ((...args: unknown[]) => unknown)

/** A layer on a graph that is part of the file; features of the nodes are the input. */
const onGraph = (name: string, model: () => nn.AnyModule, ...others: unknown[]): Case => ({
  name: `${name} (of one graph)`,
  model: () => part(model(), (net, x: Tensor) => (net as Layer)(x, ...others)),
  inputs: () => [randn([6, 4])],
  axes: [{}],
})

/** A layer on edges that are an input, as many as they are. */
const onEdges = (name: string, model: () => nn.AnyModule): Case => ({
  name: `${name} (of any edges)`,
  model,
  inputs: (n) => [randn([6, 4]), randint(0, 6, [2, 4 + n], { dtype: 'int64' })],
  axes: [{}, { 1: 'edges' }],
  options: { freezeReads: true },
})

/** Layers and models of graphs. */
export const graphs: readonly Case[] = [
  onGraph('GCNConv', () => new G.GCNConv(4, 5), edges),
  onGraph('SAGEConv (mean)', () => new G.SAGEConv(4, 5), edges),
  onGraph(
    'SAGEConv (max)',
    () => new G.SAGEConv(4, 5, { aggregation: 'max', normalize: true }),
    edges,
  ),
  onGraph('SAGEConv (pool)', () => new G.SAGEConv(4, 5, { aggregation: 'pool' }), edges),
  onGraph('GATConv', () => new G.GATConv(4, 5, { heads: 2 }), edges),
  onGraph(
    'GATConv (version 2)',
    () => new G.GATConv(4, 5, { heads: 2, version: 2, concat: false }),
    edges,
  ),
  onGraph('GATConv (edges)', () => new G.GATConv(4, 5, { heads: 2, edgeChannels: 3 }), edges, attr),
  onGraph('GINConv', () => new G.GINConv(mlp(4, 5), { trainEps: true }), edges),
  onGraph('NNConv', () => new G.NNConv(4, 5, mlp(3, 20)), edges, attr),
  onGraph('ChebConv', () => new G.ChebConv(4, 5, 3), edges),
  onGraph('GCN', () => new G.GCN({ inChannels: 4, numClasses: 3, hiddenChannels: [6] }), edges),
  onGraph(
    'GIN',
    () => new G.GIN({ inChannels: 4, numClasses: 3, hiddenChannels: 6, numLayers: 2 }),
    graph,
  ),
  onGraph(
    'EdgePredictor',
    () => new G.EdgePredictor({ inChannels: 4, hiddenChannels: 6, outChannels: 3 }),
    edges,
    edges,
  ),
  onGraph(
    'GlobalAttentionPool',
    () => new G.GlobalAttentionPool(new nn.Linear(4, 1), mlp(4, 5)),
    graph,
  ),
  {
    name: 'GraphNetwork (of one graph)',
    model: () =>
      part(
        new G.GraphNetwork({ nodeChannels: 4, edgeChannels: 3, graphChannels: 2, outChannels: 5 }),
        (net, x: Tensor, e: Tensor, u: Tensor) => [...net(graph, x, e, u)],
      ),
    inputs: () => [randn([6, 4]), randn([9, 3]), randn([2, 2])],
    axes: [{}, {}, {}],
  },
  onEdges('SAGEConv', () => new G.SAGEConv(4, 5)),
  onEdges('GATConv', () => new G.GATConv(4, 5, { heads: 2, addSelfLoops: false })),
  onEdges('GCNConv', () => new G.GCNConv(4, 5, { addSelfLoops: false })),
  onEdges('GINConv', () => new G.GINConv(mlp(4, 5))),
]
