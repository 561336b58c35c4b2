/** Trains a model, and lets it write after each epoch. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Generator, manualSeed, setNumThreads } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { DataLoader, saveSafetensors, TensorDataset, writeFileAtomic } from '@flambeau/data'
import { AdamW, LambdaLR } from '@flambeau/optim'
import { trainingCurves } from '@flambeau/plot'
import { sequenceLoss } from '@flambeau/sequence-models'
import { fit } from '@flambeau/trainer'
import type { Sizes } from './model.ts'
import { build, describe, write } from './model.ts'
import { alphabetOf, book, piecesOf } from './text.ts'

export interface TrainOptions extends Sizes {
  readonly out: string
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  /** The share of the book's beginning to train on. */
  readonly share: number
  readonly sampleLength: number
  readonly seed: number
  readonly threads?: number
  readonly resume: boolean
}

/** What metrics.json says of an epoch. */
interface EpochMetrics {
  readonly epoch: number
  /** Of the training, and of chapters that it has not seen. */
  readonly trainBits: number
  readonly bits: number
  readonly seconds: number
}

const BEGINNING = 'The whale '
const WARM_UP = 50

/** @returns Bits per character of the held-out chapters after the last epoch. */
export async function train(options: TrainOptions, say: (text: string) => void): Promise<number> {
  const { epochs, batchSize, lr, context, seed, share } = options
  const out = join(options.out, options.kind)
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  const text = book()
  const alphabet = alphabetOf(text.train)
  const shown = text.train.slice(0, Math.ceil(text.train.length * share))
  const pieces = piecesOf(shown, alphabet, context)
  const unseen = piecesOf(
    text.heldOut.slice(0, Math.ceil(text.heldOut.length * share)),
    alphabet,
    context,
  )

  manualSeed(seed)
  const model = build(options, alphabet.size)
  const count = [...model.module.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  const letters = (n: number): string => n.toLocaleString('en')
  say(
    `${options.kind}: ${letters(count)} parameters; Moby-Dick: ${letters(shown.length)} characters, ` +
      `${alphabet.size} different ones, ${letters((unseen.shape[0] as number) * context)} held out`,
  )
  const loader = new DataLoader(new TensorDataset(pieces), { batchSize, shuffle: true })
  const validation = new DataLoader(new TensorDataset(unseen), { batchSize: 64 })
  const optimizer = new AdamW(model.module.parameters(), { lr, weightDecay: 0.01 })
  const steps = epochs * loader.length
  const scheduler = new LambdaLR(optimizer, (step) => {
    const warm = Math.min(1, (step + 1) / WARM_UP)
    return warm * (0.05 + 0.475 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps)))
  })
  const found: EpochMetrics[] = []
  const start = process.cpuUsage()
  await fit(model.module, loader, {
    optimizer,
    scheduler,
    schedule: 'step',
    epochs,
    forward: ([batch]: Tensor[]) => {
      const tokens = batch as Tensor
      return sequenceLoss(model.logits(tokens.narrow(1, 0, context)), tokens.narrow(1, 1, context))
    },
    validation,
    clipGradNorm: 1,
    checkpoints: join(out, 'checkpoints'),
    resume: options.resume,
    state: {
      found: {
        stateDict: () => found,
        loadStateDict: (before: EpochMetrics[]) => void found.push(...before),
      },
    },
    callbacks: [
      {
        onEpochEnd: ({ epoch, loss, valLoss, seconds }, { stepLosses }) => {
          const bits = (valLoss as number) / Math.LN2
          found.push({ epoch, trainBits: loss / Math.LN2, bits, seconds })
          // Its own generator, so that what is written does not change what is learnt.
          const generator = new Generator().manualSeed(seed)
          const sampling = { temperature: 0.8, topP: 0.95, generator }
          const sample = write(model, alphabet, BEGINNING, options.sampleLength, sampling)
          say(`epoch ${epoch}: ${bits.toFixed(3)} bits per held-out character. It writes:`)
          say(`\n${sample.replaceAll(/^/gm, '  ')}\n`)
          keep(out, options.kind, stepLosses, found)
          saveSafetensors(
            join(out, 'model.safetensors'),
            model.module.stateDict(),
            describe(options, alphabet),
          )
        },
      },
    ],
  })
  const last = found.at(-1)
  if (last === undefined) return Number.NaN
  const { user, system } = process.cpuUsage(start)
  const minutes = ((user + system) / 6e7).toFixed(1)
  say(`${last.bits.toFixed(3)} bits per character; ${minutes} minutes of processor time`)
  say(`in ${out}: model.safetensors, metrics.json, curves.png`)
  return last.bits
}

function keep(
  out: string,
  kind: string,
  losses: readonly number[],
  found: readonly EpochMetrics[],
): void {
  const perEpoch = losses.length / Math.max(found.length, 1)
  trainingCurves({
    title: `Moby-Dick, letter by letter (${kind})`,
    lossName: 'bits per character while training',
    train: losses.map((loss, i) => ({ x: (i + 1) / perEpoch, y: loss / Math.LN2 })),
    epochLoss: found.map(({ trainBits }) => trainBits),
    metrics: [
      {
        name: 'Bits per held-out character',
        points: found.map(({ bits }) => bits),
        percent: false,
      },
    ],
  }).save(join(out, 'curves.png'))
  const json = new TextEncoder().encode(`${JSON.stringify(found, null, 2)}\n`)
  writeFileAtomic(join(out, 'metrics.json'), [json])
}
