/** Trains a GIN to tell apart graphs that were made by known rules. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, randperm, setNumThreads } from '@flambeau/core'
import type { Graph } from '@flambeau/graph-models'
import { batchGraphs, cyclesAndTrees, GIN, motifGraphs } from '@flambeau/graph-models'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { drawGraphs } from './drawing.ts'

/** The sets by name, with the names of their classes. */
export const SETS = {
  cycles: { make: cyclesAndTrees, names: ['tree', 'ring and tree'] },
  motifs: { make: motifGraphs, names: ['house', 'ring of five', 'all linked'] },
} as const

/** A set of {@link SETS}. */
export type SetName = keyof typeof SETS

export interface ClassifyOptions {
  readonly set: SetName
  readonly out: string
  /** How many to train on; half as many are kept to judge by. */
  readonly graphs: number
  readonly epochs: number
  readonly lr: number
  readonly seed: number
  readonly threads?: number
}

/** @returns The share of graphs that were not trained on and are told apart. */
export function classify(options: ClassifyOptions, say: (text: string) => void): number {
  const { set, out, graphs, epochs, lr, seed } = options
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  const { make, names } = SETS[set]
  const train = make({ count: graphs, seed: 2 * seed + 1 })
  const others = make({ count: Math.ceil(graphs / 2), seed: 2 * seed + 2 })
  const unseen = batchGraphs(others)
  const labels = unseen.graphLabels as Tensor
  manualSeed(seed)
  const net = new GIN({ inChannels: 1, numClasses: names.length, hiddenChannels: 16 })
  const optimizer = new Adam(net.parameters(), { lr })
  say(`${set}: ${graphs} graphs to learn from, ${others.length} to judge by (${names.join(', ')})`)
  const predict = (): Tensor => {
    net.eval()
    const classes = noGrad(() => net(unseen.x as Tensor, unseen).argmax(1))
    net.train()
    return classes
  }
  const batchSize = 32
  let predicted = predict()
  let accuracy = 0
  for (let epoch = 1; epoch <= epochs; epoch++) {
    // The rate falls to nothing, so that the last steps settle.
    for (const group of optimizer.paramGroups) group.lr = lr * (1 - (epoch - 1) / epochs)
    const order = Array.from(randperm(train.length).toArray(), Number)
    let total = 0
    for (let i = 0; i < order.length; i += batchSize) {
      const chosen = order.slice(i, i + batchSize).map((at) => train[at] as Graph)
      const batch = batchGraphs(chosen)
      const logits = net(batch.x as Tensor, batch)
      const loss = nn.functional.crossEntropy(logits, batch.graphLabels as Tensor)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
      total += loss.item() * chosen.length
    }
    predicted = predict()
    accuracy = predicted.eq(labels).float().mean().item()
    const mean = (total / train.length).toFixed(4)
    say(`epoch ${epoch}: loss ${mean}, ${(100 * accuracy).toFixed(1)} % of unseen graphs`)
  }
  const [truth, said] = [labels.toArray(), predicted.toArray()]
  const judged = others
    .slice(0, 12)
    .map((graph, i) => ({ graph, label: Number(truth[i]), predicted: Number(said[i]) }))
  drawGraphs(judged, names).save(join(out, `${set}.png`))
  say(`in ${out}: ${set}.png`)
  return accuracy
}
