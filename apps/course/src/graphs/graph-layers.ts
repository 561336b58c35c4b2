/** The simplest graph network: nodes and edges change by themselves; pooling lets neighbours in. */
import { manualSeed, ones, rand, zeros } from '@flambeau/core'
import { globalMaxPool, globalMeanPool, Graph, scatterRows } from '@flambeau/graph-models'
import * as nn from '@flambeau/nn'

manualSeed(0)
const graph = Graph.fromEdges(
  4,
  [
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 3],
  ],
  { undirected: true },
)
const x = rand(4, 3) // of the nodes
const edges = rand(graph.numEdges, 2)

// A layer: one function for all nodes, one for all edges. The graph stays as it is.
const ofNodes = new nn.Sequential(new nn.Linear(3, 5), new nn.ReLU())
const ofEdges = new nn.Sequential(new nn.Linear(2, 5), new nn.ReLU())
const [nodes, links] = [ofNodes(x), ofEdges(edges)]
console.log('nodes:', nodes.shape, 'edges:', links.shape)

// Node by node, nothing knows of its neighbours: change node 3, and only node 3 changes.
const other = x.clone()
other.setAt([3], 0)
console.log('changed alone:', ofNodes(other).ne(nodes).any(1).tolist())

// Pooling: a node and its neighbours, as a mean or the largest; written out for the mean.
const neighbours = zeros(4, 5).indexAdd(0, graph.target, nodes.at(graph.source))
const degree = zeros(4, 1).indexAdd(0, graph.target, ones(graph.numEdges, 1))
const mean = neighbours.add(nodes).div(degree.add(1))
console.log('neighbours:', degree.flatten().tolist(), 'pooled:', mean.shape)
const largest = scatterRows(nodes.at(graph.source), graph.target, 4, 'max')
console.log('largest of the neighbours:', largest.shape)

// Edges into nodes, where only edges are known.
console.log('edges into nodes:', scatterRows(links, graph.target, 4, 'add').shape)

// And everything into one answer for the graph.
console.log('the graph:', globalMeanPool(mean, graph).shape, globalMaxPool(mean, graph).shape)
