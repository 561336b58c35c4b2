/** Trains a model, and looks at its translations after each epoch. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import { manualSeed, setNumThreads } from '@flambeau/core'
import { BLEUScore, DataLoader, Sampler, saveSafetensors, writeFileAtomic } from '@flambeau/data'
import { AdamW, LambdaLR } from '@flambeau/optim'
import type { Tokenizer } from '@flambeau/sequence-models'
import { bucketByLength } from '@flambeau/sequence-models'
import { fit } from '@flambeau/trainer'
import type { Batch, Sizes, Translator } from './model.ts'
import { batchOf, build, describe, LONGEST, sourcesOf, translate } from './model.ts'
import type { Pair } from './pairs.ts'
import { corpus, LANGUAGES, wordsOf } from './pairs.ts'
import type { EpochMetrics } from './pictures.ts'
import { attentionPicture, drawCurves, extension } from './pictures.ts'
import { decode, encode, tokenizerFor } from './tokens.ts'

export interface TrainOptions extends Sizes {
  readonly out: string
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly vocabSize: number
  /** The most words of an English text. */
  readonly words: number
  /** The most pairs to train on; a tenth as many are held out. */
  readonly pairs: number
  readonly beamSize: number
  readonly seed: number
  readonly threads?: number
  readonly resume: boolean
}

type Encoded = readonly [src: number[], tgt: number[]]

const encodedPair = (tokenizer: Tokenizer, [source, target]: Pair): Encoded => [
  encode(tokenizer, source),
  encode(tokenizer, target),
]

const fits = ([src, tgt]: Encoded): boolean => src.length <= LONGEST && tgt.length <= LONGEST

/** Batches of pairs of similar length, in a new order each time. */
class Buckets extends Sampler<number[]> {
  readonly #lengths: readonly number[]
  readonly #batchSize: number
  readonly length: number

  constructor(lengths: readonly number[], batchSize: number) {
    super()
    this.#lengths = lengths
    this.#batchSize = batchSize
    this.length = Math.ceil(lengths.length / batchSize)
  }

  override *[Symbol.iterator](): Iterator<number[]> {
    yield* bucketByLength(this.#lengths, { batchSize: this.#batchSize, shuffle: true })
  }
}

function loaderOf(pairs: readonly Encoded[], batchSize: number): DataLoader<Encoded, Batch> {
  const lengths = pairs.map(([src, tgt]) => src.length + tgt.length / 1000)
  return new DataLoader(pairs, {
    batchSampler: new Buckets(lengths, batchSize),
    collateFn: batchOf,
  })
}

const WARM_UP = 200
/** Held-out texts whose attention is drawn. */
const PICTURES = 4

/** @returns BLEU of the held-out texts, token by token, after the best epoch: from 0 to 100. */
export async function train(options: TrainOptions, say: (text: string) => void): Promise<number> {
  const { kind, to, epochs, batchSize, lr, seed, beamSize } = options
  const out = join(options.out, `${kind}-${to}`)
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  const all = await corpus(to, options.words)
  const pairs = all.train.slice(0, options.pairs)
  const tokenizer = tokenizerFor(pairs, options.vocabSize)
  const encoded = pairs.map((pair) => encodedPair(tokenizer, pair)).filter(fits)
  const heldOut = all.heldOut
    .slice(0, Math.ceil(options.pairs / 10))
    .filter((pair) => fits(encodedPair(tokenizer, pair)))
  const unseen = heldOut.map((pair) => encodedPair(tokenizer, pair))

  manualSeed(seed)
  const model = build(options, tokenizer.vocabSize)
  const count = [...model.module.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  say(
    `${kind}: ${count.toLocaleString('en')} parameters; English to ${LANGUAGES[to].name}: ` +
      `${encoded.length.toLocaleString('en')} pairs, ${unseen.length} held out, ` +
      `${tokenizer.vocabSize} tokens`,
  )
  const loader = loaderOf(encoded, batchSize)
  const optimizer = new AdamW(model.module.parameters(), {
    lr,
    betas: [0.9, 0.98],
    weightDecay: 0.01,
  })
  const steps = epochs * loader.length
  const scheduler = new LambdaLR(optimizer, (step) => {
    const warm = Math.min(1, (step + 1) / WARM_UP)
    return warm * (0.02 + 0.49 * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps)))
  })
  const found: EpochMetrics[] = []
  const start = process.cpuUsage()
  const { ended } = await fit(model.module, loader, {
    optimizer,
    scheduler,
    schedule: 'step',
    epochs,
    forward: (batch: Batch) => model.loss(batch),
    validation: loaderOf(unseen, batchSize),
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
          model.module.eval()
          const bleu = bleuOf(heldOut, greedily(model, tokenizer, heldOut, batchSize))
          say(`epoch ${epoch}: BLEU ${bleu.toFixed(2)}`)
          const isBest = found.every((one) => bleu > one.bleu)
          found.push({ epoch, loss, valLoss: valLoss as number, bleu, seconds })
          drawCurves(out, `English to ${LANGUAGES[to].name} (${kind})`, stepLosses, found)
          const json = new TextEncoder().encode(`${JSON.stringify(found, null, 2)}\n`)
          writeFileAtomic(join(out, 'metrics.json'), [json])
          if (!isBest) return
          const path = join(out, 'model.safetensors')
          saveSafetensors(path, model.module.stateDict(), describe(options, tokenizer))
        },
      },
    ],
  })
  const best = Math.max(0, ...found.map((one) => one.bleu))
  if (ended === 'interrupted') return best
  model.module.eval()
  say(`\nwith beams of ${beamSize}:`)
  const searched = heldOut.map(([source]) => translate(model, tokenizer, source, beamSize).text)
  for (const [i, [source, target]] of heldOut.slice(0, 3 * PICTURES).entries()) {
    say(`  ${source}\n    is        ${searched[i] as string}\n    should be ${target}`)
  }
  const suited = heldOut.filter(([source]) => wordsOf(source).length >= 6).slice(0, PICTURES)
  for (const [i, [source]] of suited.entries()) {
    const { figure } = attentionPicture(model, tokenizer, source, beamSize)
    figure.save(join(out, `attention-${i + 1}.${extension(to)}`))
  }
  const { user, system } = process.cpuUsage(start)
  const minutes = ((user + system) / 6e7).toFixed(1)
  say(
    `BLEU ${bleuOf(heldOut, searched).toFixed(2)} with beams of ${beamSize}; ` +
      `${minutes} minutes of processor time`,
  )
  say(`in ${out}: model.safetensors, metrics.json, curves.png, attention-*.${extension(to)}`)
  return best
}

/** Translations of texts, the most likely token at each step. */
function greedily(
  model: Translator,
  tokenizer: Tokenizer,
  pairs: readonly Pair[],
  batchSize: number,
): string[] {
  const lengths = pairs.map(([source]) => tokenizer.encode(source).ids.length)
  const texts = pairs.map(() => '')
  for (const places of bucketByLength(lengths, { batchSize })) {
    const sources = places.map((at) => (pairs[at] as Pair)[0])
    const ids = noGrad(() => model.greedy(sourcesOf(tokenizer, sources)).tolist() as number[][])
    for (const [i, at] of places.entries()) texts[at] = decode(tokenizer, ids[i] as number[])
  }
  return texts
}

/** BLEU over words and signs, from 0 to 100. */
function bleuOf(pairs: readonly Pair[], translations: readonly string[]): number {
  const metric = new BLEUScore()
  metric.update(
    translations.map(wordsOf),
    pairs.map(([, target]) => [wordsOf(target)]),
  )
  return 100 * metric.compute()
}
