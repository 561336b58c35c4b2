/** Trains a GCN on the karate club, and shows how it moves the members apart. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, setNumThreads, stack } from '@flambeau/core'
import { decodeImage, writeAnimation } from '@flambeau/data'
import { GCN, karateClub } from '@flambeau/graph-models'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { linePlot } from '@flambeau/plot'
import { drawEmbedding } from './drawing.ts'

export interface KarateOptions {
  readonly out: string
  readonly epochs: number
  readonly lr: number
  /** Pictures in the animation. */
  readonly frames: number
  readonly seed: number
  readonly threads?: number
}

const numbers = (values: Tensor): number[] => Array.from(values.toArray(), Number)

/** @returns The share of the members without a known label that are found. */
export async function karate(options: KarateOptions, say: (text: string) => void): Promise<number> {
  const { out, epochs, lr, seed } = options
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  manualSeed(seed)
  const club = karateClub()
  const { train, test } = club.masks
  const net = new GCN({
    inChannels: club.numNodes,
    numClasses: 2,
    hiddenChannels: [16, 2],
    dropout: 0,
    activation: 'tanh',
  })
  const optimizer = new Adam(net.parameters(), { lr })
  const labels = numbers(club.nodeLabels)
  const known = numbers(train.nonzero())
  say(`karate club: ${club.numNodes} members, ${club.numEdges / 2} friendships, 2 known labels`)

  // What changes fast at first is shown more often then.
  const frameAt = (i: number): number => Math.round(epochs * (i / (options.frames - 1)) ** 1.5)
  const wanted = new Set(Array.from({ length: options.frames }, (_, i) => frameAt(i)))
  const stills = new Set([0, 0.1, 0.25, 0.5, 1].map((share) => Math.round(share * epochs)))
  const frames: Tensor[] = []
  const losses: number[] = []
  const accuracies: number[] = []
  let predicted: Tensor
  for (let epoch = 0; ; epoch++) {
    const logits = net(club.x, club)
    const loss = nn.functional.crossEntropy(logits.at(train), club.nodeLabels.at(train))
    predicted = logits.argmax(1)
    const accuracy = predicted.eq(club.nodeLabels).at(test).float().mean().item()
    losses.push(loss.item())
    accuracies.push(accuracy)
    const percent = `${(100 * accuracy).toFixed(1)} %`
    if (wanted.has(epoch) || stills.has(epoch)) {
      const figure = drawEmbedding({
        graph: club,
        places: noGrad(() => net.embed(club.x, club)),
        labels,
        predicted: numbers(predicted),
        known,
        title: `Epoch ${epoch}: ${percent} of ${labels.length - known.length} members`,
        subtitle: 'Colour: the faction joined. Large: label known. Red ring: taken for the other.',
      })
      if (wanted.has(epoch)) frames.push(await decodeImage(figure.png(1), { mode: 'rgb' }))
      if (stills.has(epoch)) {
        figure.save(join(out, `karate-epoch-${String(epoch).padStart(3, '0')}.png`))
        say(`epoch ${epoch}: loss ${loss.item().toFixed(4)}, ${percent} of the others found`)
      }
    }
    if (epoch === epochs) break
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  }
  const last = frames.at(-1) as Tensor
  const shown = [...frames, ...Array.from({ length: 15 }, () => last)]
  await writeAnimation(join(out, 'karate.gif'), stack(shown), { fps: 10 })
  const curves = { loss: losses, accuracy: accuracies }
  linePlot(curves, { title: 'Karate club', xLabel: 'epoch' }).save(join(out, 'karate-curves.png'))
  const missed = numbers(predicted.ne(club.nodeLabels).nonzero())
  say(`not found: ${missed.length === 0 ? 'none' : `member ${missed.join(', ')}`}`)
  say(`in ${out}: karate.gif, karate-epoch-*.png, karate-curves.png`)
  return accuracies.at(-1) as number
}
