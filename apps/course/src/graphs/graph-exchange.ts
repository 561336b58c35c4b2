/** Edges look at their nodes, nodes at their edges, and a global vector at all of them. */
import type { Tensor } from '@flambeau/core'
import { cat, manualSeed, rand, zeros } from '@flambeau/core'
import { karateClub } from '@flambeau/graph-models'
import type { Graph } from '@flambeau/graph-models'
import * as nn from '@flambeau/nn'

/** Sums of the rows that belong to each of `size` places. */
const sumsAt = (rows: Tensor, places: Tensor, size: number): Tensor =>
  zeros(size, rows.size(1)).indexAdd(0, places, rows)

/** Features of nodes, edges and the whole. */
type State = [x: Tensor, edges: Tensor, u: Tensor]

class Exchange extends nn.Module<[graph: Graph, ...State], State> {
  edge: nn.Linear
  node: nn.Linear
  global: nn.Linear

  constructor(dim: number) {
    super()
    this.edge = new nn.Linear(4 * dim, dim)
    this.node = new nn.Linear(3 * dim, dim)
    this.global = new nn.Linear(3 * dim, dim)
  }

  override forward(graph: Graph, x: Tensor, edges: Tensor, u: Tensor): State {
    const { source, target, numNodes, numEdges } = graph
    const ends = [x.at(source), x.at(target)]
    const newEdges = this.edge(cat([...ends, edges, u.expand(numEdges, -1)], 1)).relu()
    const arriving = sumsAt(newEdges, target, numNodes)
    const newX = this.node(cat([x, arriving, u.expand(numNodes, -1)], 1)).relu()
    const all = [newX.mean(0, { keepdim: true }), newEdges.mean(0, { keepdim: true }), u]
    return [newX, newEdges, this.global(cat(all, 1)).relu()]
  }
}

manualSeed(0)
const club = karateClub()
const [x, edges, u]: State = [rand(club.numNodes, 8), rand(club.numEdges, 8), rand(1, 8)]
const layer = new Exchange(8)
const [newX, newEdges, newU] = layer(club, x, edges, u)
console.log('nodes', newX.shape, 'edges', newEdges.shape, 'global', newU.shape)

// A change of one node reaches its neighbours at once, and all others by the global vector.
const changed = x.clone()
changed.setAt([33], 1)
function reached(steps: number): number {
  let [one, two]: [State, State] = [
    [x, edges, u],
    [changed, edges, u],
  ]
  for (let step = 0; step < steps; step++) [one, two] = [layer(club, ...one), layer(club, ...two)]
  return one[0].ne(two[0]).any(1).sum().item()
}
console.log('nodes that notice a change after 1 and 2 steps:', reached(1), reached(2))
