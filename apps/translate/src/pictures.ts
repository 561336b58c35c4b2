/** Pictures: where a translation looked, and how the training went. */
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import { tensor } from '@flambeau/core'
import type { Figure } from '@flambeau/plot'
import { heatmap, trainingCurves } from '@flambeau/plot'
import type { Tokenizer } from '@flambeau/sequence-models'
import type { Translator } from './model.ts'
import { translate } from './model.ts'
import type { Language } from './pairs.ts'
import { encode, names } from './tokens.ts'

/** The format of pictures with words: the typeface of PNG files has no Chinese characters. */
export const extension = (to: Language): 'svg' | 'png' => (to === 'zh' ? 'svg' : 'png')

/** A text's translation, and for each token of it where the model looked. */
export function attentionPicture(
  model: Translator,
  tokenizer: Tokenizer,
  text: string,
  beamSize: number,
): { translation: string; figure: Figure } {
  const source = encode(tokenizer, text)
  const { text: translation, ids } = translate(model, tokenizer, text, beamSize)
  const weights = noGrad(() => model.attention(tensor([source]), tensor([ids])))
  const figure = heatmap(weights, {
    title: translation,
    subtitle: text,
    rowNames: names(tokenizer, ids),
    columnNames: names(tokenizer, source),
    values: false,
  })
  return { translation, figure }
}

/** What metrics.json says of an epoch. */
export interface EpochMetrics {
  readonly epoch: number
  readonly loss: number
  readonly valLoss: number
  /** Of the held-out texts, token by token, from 0 to 100. */
  readonly bleu: number
  readonly seconds: number
}

/** How the training went so far. */
export function drawCurves(
  out: string,
  title: string,
  losses: readonly number[],
  found: readonly EpochMetrics[],
): void {
  const perEpoch = losses.length / Math.max(found.length, 1)
  trainingCurves({
    title,
    lossName: 'cross-entropy with smoothed labels',
    train: losses.map((y, i) => ({ x: (i + 1) / perEpoch, y })),
    epochLoss: found.map(({ loss }) => loss),
    metrics: [
      { name: 'BLEU of held-out texts', points: found.map(({ bleu }) => bleu), percent: false },
    ],
  }).save(join(out, 'curves.png'))
}
