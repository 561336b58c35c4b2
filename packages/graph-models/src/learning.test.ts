/** Models learn what they are for: nodes, edges and whole graphs. */
import type { Tensor } from '@flambeau/core'
import { arange, cat, manualSeed, ones, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { expect, it, test } from 'vitest'
import * as gm from './index.ts'

const { binaryCrossEntropyWithLogits, crossEntropy } = nn.functional

/** Takes `steps` steps of Adam down `loss`. */
function descend(net: nn.AnyModule, lr: number, steps: number, loss: () => Tensor): void {
  const optimizer = new Adam(net.parameters(), { lr })
  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad()
    loss().backward()
    optimizer.step()
  }
}

test.each([0, 1, 2])(
  'GCN finds the factions of the karate club from its two leaders, seed %i',
  (seed) => {
    const club = gm.karateClub()
    const { train, test: others } = club.masks
    manualSeed(seed)
    const net = new gm.GCN({
      inChannels: 34,
      numClasses: 2,
      hiddenChannels: [16, 2],
      dropout: 0,
      activation: 'tanh',
    })
    descend(net, 0.02, 120, () =>
      crossEntropy(net(club.x, club).at(train), club.nodeLabels.at(train)),
    )
    const right = net(club.x, club).argmax(1).eq(club.nodeLabels).at(others)
    expect(right.numel()).toBe(32)
    expect(right.float().mean().item()).toBeGreaterThanOrEqual(0.95)
  },
)

test.each([
  ['cycles', gm.cyclesAndTrees, 2],
  ['motifs', gm.motifGraphs, 3],
] as const)('GIN tells graphs apart: %s', (_, make, numClasses) => {
  manualSeed(0)
  const train = make({ count: 240, seed: 1 })
  const unseen = gm.batchGraphs(make({ count: 240, seed: 2 }))
  const net = new gm.GIN({ inChannels: 1, numClasses, hiddenChannels: 16 })
  const batches = Array.from({ length: 8 }, (_batch, i) =>
    gm.batchGraphs(train.filter((_graph, j) => Math.floor(j / numClasses) % 8 === i)),
  )
  let step = 0
  descend(net, 0.01, 160, () => {
    const batch = batches[step++ % 8] as gm.Graph
    return crossEntropy(net(batch.x as Tensor, batch), batch.graphLabels as Tensor)
  })
  net.eval()
  const right = net(unseen.x as Tensor, unseen)
    .argmax(1)
    .eq(unseen.graphLabels as Tensor)
  expect(right.float().mean().item()).toBeGreaterThanOrEqual(0.95)
})

it('GAT and sampled GraphSAGE find the blocks of a graph from noisy features', () => {
  const blocks = gm.stochasticBlockModel({
    sizes: [60, 60, 60],
    probabilities: [
      [0.2, 0.02, 0.02],
      [0.02, 0.2, 0.02],
      [0.02, 0.02, 0.2],
    ],
    seed: 1,
  })
  manualSeed(0)
  const labels = blocks.nodeLabels as Tensor
  const noise = ones([180, 3]).normal_(0, 1.5)
  const x = nn.functional.oneHot(labels, 3).float().add(noise)
  const graph = blocks.with({ x })
  const unseen = arange(180).remainder(6).ne(0)
  const train = unseen.logicalNot()
  const accuracy = (out: Tensor): number =>
    out.argmax(1).eq(labels).at(unseen).float().mean().item()
  // The features alone do not tell.
  expect(accuracy(x)).toBeLessThan(0.7)

  const [attention, head] = [new gm.GATConv(3, 8, { heads: 2 }), new gm.GCNConv(16, 3)]
  const net = new nn.ModuleList<nn.AnyModule>([attention, head])
  const run = (): Tensor => head(attention(x, graph).relu(), graph)
  descend(net, 0.01, 100, () => crossEntropy(run().at(train), labels.at(train)))
  expect(accuracy(run())).toBeGreaterThan(0.9)

  const [first, second] = [new gm.SAGEConv(3, 16), new gm.SAGEConv(16, 3)]
  const sage = new nn.ModuleList<nn.AnyModule>([first, second])
  const through = (g: gm.Graph): Tensor => second(first(g.x as Tensor, g).relu(), g)
  const sampler = new gm.NeighborSampler(graph, { fanOuts: [8, 8] })
  const seeds = train.nonzero().squeeze(1)
  descend(sage, 0.01, 100, () => {
    const { graph: part, numSeeds } = sampler.sample(seeds)
    const out = through(part).narrow(0, 0, numSeeds)
    return crossEntropy(out, (part.nodeLabels as Tensor).narrow(0, 0, numSeeds))
  })
  expect(accuracy(through(graph))).toBeGreaterThan(0.8)
})

it('EdgePredictor finds edges that it has not seen', () => {
  const graph = gm.stochasticBlockModel({
    sizes: [40, 40],
    probabilities: [
      [0.5, 0.02],
      [0.02, 0.5],
    ],
  })
  manualSeed(0)
  const x = ones([80, 8]).normal_()
  const once = gm.selectEdges(graph, graph.source.lt(graph.target).nonzero().squeeze(1))
  const hidden = arange(once.numEdges).remainder(5).eq(0)
  const seen = gm.toUndirected(gm.selectEdges(once, hidden.logicalNot().nonzero().squeeze(1)))
  const links = once.edgeIndex.indexSelect(1, hidden.nonzero().squeeze(1))
  const others = gm.negativeEdges(graph, links.shape[1] as number, 9)
  const net = new gm.EdgePredictor({ inChannels: 8 })
  let seed = 100
  descend(net, 0.01, 120, () => {
    const absent = gm.negativeEdges(seen, seen.numEdges, seed++)
    const target = cat([ones([seen.numEdges]), zeros([seen.numEdges])])
    const scores = net(x, seen, cat([seen.edgeIndex, absent], 1))
    return binaryCrossEntropyWithLogits(scores, target)
  })
  // The share of pairs of a link and no link in which the link has the higher score.
  const [high, low] = [net(x, seen, links), net(x, seen, others)]
  const auc = high.unsqueeze(1).gt(low).float().mean().item()
  // Nothing can tell apart two of the same block, of which half are linked.
  expect(auc).toBeGreaterThan(0.7)
})

it('draws pairs without edges, each once', () => {
  const club = gm.karateClub()
  const free = 34 * 33 - 156
  const pairs = gm.negativeEdges(club, free)
  const all = gm.toDenseAdjacency(new gm.Graph({ numNodes: 34, edgeIndex: pairs }))
  const together = all.add(gm.toDenseAdjacency(club))
  expect(together.diagonal().sum().item()).toBe(0)
  expect(together.sum().item()).toBe(34 * 33)
  expect(together.amax().item()).toBe(1)
  expect(() => gm.negativeEdges(club, free + 1)).toThrow(/cannot be/)
})
