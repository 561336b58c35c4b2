/** Metrics of language models and translations. */
import type { TensorData } from '@flambeau/core'
import { DTypeError, IndexError, ValueError } from '@flambeau/core'
import { requireList, requireNumberList, requireOptions } from '@flambeau/core/internal'
import { choiceOf, countOf } from '../checked.ts'
import { refuseNaN, requireScores } from './labels.ts'
import { input, Metric, numbersOf } from './metric.ts'

/**
 * How many tokens a language model hesitates between: exp of the mean negative log-likelihood over all
 * tokens of all batches.
 *
 * Shapes: logits `[N, T, V]` (or `[N, V]`), targets `[N, T]` (`[N]`); log-softmax is taken over the last
 * axis. NaN before any token.
 *
 * @see torchmetrics.text.Perplexity
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { Perplexity } from '@flambeau/data'
 * const metric = new Perplexity({ ignoreIndex: -100 })
 * metric.update(zeros([1, 3, 8]), tensor([[2, 5, -100]]))
 * console.log(metric.compute().toFixed(3)) // => 8.000
 * ```
 */
export class Perplexity extends Metric<number, [TensorData, TensorData]> {
  readonly ignoreIndex: number | null

  constructor(options: { ignoreIndex?: number | null } = {}) {
    super({ sum: 0, count: 0 })
    requireOptions('Perplexity', options)
    const { ignoreIndex = null } = options
    this.ignoreIndex = ignoreIndex
  }

  /**
   * Takes logits and targets.
   *
   * @throws {ShapeError} if the shapes do not fit. @throws {DTypeError} unless logits are floating.
   * @throws {IndexError} for targets outside of the vocabulary. @throws {ValueError} for NaN.
   */
  override update(predsData: TensorData, targetData: TensorData): void {
    const op = 'Perplexity'
    const preds = input(predsData)
    const target = input(targetData)
    if (!preds.isFloatingPoint())
      throw new DTypeError(op, { preds }, 'logits must be floating', 'pass scores, not classes')
    const classes = preds.shape.at(-1) ?? 0
    requireScores(op, preds.ndim < 2 ? preds : preds.movedim(-1, 1), target, classes)
    refuseNaN(op, preds)
    const truths = numbersOf(target)
    const flat = preds.reshape(truths.length, classes)
    const wide = preds.dtype === 'float64' ? flat : flat.to('float32')
    const logs = numbersOf(
      wide.logSoftmax(-1).gather(
        1,
        target
          .reshape(-1, 1)
          .to('int64')
          .clamp(0, classes - 1),
      ),
    )
    let [sum, count] = [0, 0]
    for (let i = 0; i < truths.length; i++) {
      const truth = truths[i] as number
      if (truth === this.ignoreIndex) continue
      if (!(Number.isInteger(truth) && truth >= 0 && truth < classes)) {
        throw new IndexError(
          op,
          {},
          `target has the token ${truth}, there are 0 to ${classes - 1}`,
          'check the vocabulary, or name it as ignoreIndex',
        )
      }
      sum -= logs[i] as number
      count++
    }
    this.state['sum'] = (this.state['sum'] as number) + sum
    this.state['count'] = (this.state['count'] as number) + count
  }

  override compute(): number {
    return Math.exp((this.state['sum'] as number) / (this.state['count'] as number))
  }
}

/** A text, split at white space, or its tokens. */
export type Tokens = string | readonly string[]

/** What is done about n-grams without any match. */
export type Smoothing = 'none' | 'floor' | 'addK' | 'exp'

/** What {@link BLEUScore} takes. */
export interface BLEUOptions {
  /** Longest n-grams. Default 4. */
  nGram?: number
  /** Weights of the n-grams' precisions, for 1, 2, …. Default: all equal. */
  weights?: readonly number[]
  /**
   * `'none'`: the score is 0. `'floor'`: count `smoothValue` matches instead of 0. `'addK'`: count
   * `smoothValue` more matches and n-grams for n > 1. `'exp'`: halve the precision for each n without
   * match, from 1 / (2 · n-grams) on. Default `'none'`.
   */
  smoothing?: Smoothing
  /** Default 0.1 for `'floor'`, 1 for `'addK'`. */
  smoothValue?: number
}

function tokensOf(text: Tokens): readonly string[] {
  if (typeof text !== 'string') return text
  return text.split(/\s+/u).filter((token) => token !== '')
}

/** How often each n-gram is there. Its tokens are joined by what no token holds. */
function nGrams(tokens: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= tokens.length; i++) {
    const key = JSON.stringify(tokens.slice(i, i + n))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/**
 * BLEU of translations, over the whole corpus: the geometric mean of the n-grams' precisions times the
 * brevity penalty, from 0 to 1. Texts are split at white space; pass arrays for tokens of your own.
 * NaN before any sentence.
 *
 * @throws {ValueError} for options that do not fit.
 * @see Papineni et al. 2002, https://aclanthology.org/P02-1040; smoothing: Chen and Cherry 2014;
 *   torchmetrics.text.BLEUScore, sacrebleu
 *
 * @example
 * ```ts
 * import { BLEUScore } from '@flambeau/data'
 * const metric = new BLEUScore()
 * metric.update(['the cat is on the mat'], [['there is a cat on the mat', 'a cat is on the mat']])
 * console.log(metric.compute().toFixed(4)) // => 0.7598
 * ```
 */
export class BLEUScore extends Metric<
  number,
  [preds: readonly Tokens[], target: readonly (string | readonly Tokens[])[]]
> {
  readonly nGram: number
  readonly weights: readonly number[]
  readonly smoothing: Smoothing
  readonly smoothValue: number

  constructor(options: BLEUOptions = {}) {
    requireOptions('BLEUScore', options)
    const nGram = countOf('BLEUScore', 'nGram', options.nGram ?? 4, 1)
    super({
      sentences: 0,
      predictedTokens: 0,
      referenceTokens: 0,
      matches: new Float64Array(nGram),
      totals: new Float64Array(nGram),
    })
    const { smoothing = 'none', weights = Array.from({ length: nGram }, () => 1 / nGram) } = options
    requireNumberList('BLEUScore', 'weights', weights)
    if (weights.length !== nGram || !weights.every((weight) => weight >= 0))
      throw new ValueError(
        'BLEUScore',
        [],
        `weights must be ${nGram} numbers ≥ 0`,
        'leave them out',
      )
    this.nGram = nGram
    this.weights = weights
    this.smoothing = choiceOf('BLEUScore', 'smoothing', smoothing, ['none', 'floor', 'addK', 'exp'])
    this.smoothValue = options.smoothValue ?? (smoothing === 'floor' ? 0.1 : 1)
  }

  /**
   * Takes translations, and for each the reference or references.
   *
   * @throws {ValueError} if there are not as many references as translations, or none for one.
   */
  override update(preds: readonly Tokens[], target: readonly (string | readonly Tokens[])[]): void {
    if (typeof preds !== 'string') {
      requireList('BLEUScore', 'preds', preds, 'a list of texts')
      requireList('BLEUScore', 'target', target, 'a list of references')
    }
    if (typeof preds === 'string' || preds.length !== target.length) {
      throw new ValueError(
        'BLEUScore',
        [],
        typeof preds === 'string'
          ? 'preds must be an array of texts'
          : `${preds.length} translations have ${target.length} lists of references`,
        "metric.update(['a text'], [['a reference', 'another']])",
      )
    }
    for (const [i, text] of preds.entries()) {
      const given = target[i] as string | readonly Tokens[]
      if (typeof given !== 'string') {
        requireList('BLEUScore', `target[${i}]`, given, 'a text or a list of texts')
      }
      const references = (typeof given === 'string' ? [given] : given).map(tokensOf)
      if (references.length === 0)
        throw new ValueError(
          'BLEUScore',
          [],
          `translation ${i} has no reference`,
          'pass one at least',
        )
      this.#add(tokensOf(text), references)
    }
  }

  #add(tokens: readonly string[], references: readonly (readonly string[])[]): void {
    const { state } = this
    const lengths = references.map((reference) => reference.length)
    const distance = (length: number): number => Math.abs(length - tokens.length)
    // The closest length; of two as close, the shorter.
    const closest = lengths.reduce((best, length) =>
      distance(length) < distance(best) || (distance(length) === distance(best) && length < best)
        ? length
        : best,
    )
    state['sentences'] = (state['sentences'] as number) + 1
    state['predictedTokens'] = (state['predictedTokens'] as number) + tokens.length
    state['referenceTokens'] = (state['referenceTokens'] as number) + closest
    const { matches, totals } = state as Record<string, Float64Array>
    for (let n = 1; n <= this.nGram; n++) {
      const most = references.map((reference) => nGrams(reference, n))
      for (const [key, count] of nGrams(tokens, n)) {
        const allowed = Math.max(...most.map((counts) => counts.get(key) ?? 0))
        matches![n - 1]! += Math.min(count, allowed)
        totals![n - 1]! += count
      }
    }
  }

  override compute(): number {
    const { state, smoothing, smoothValue } = this
    const { matches, totals } = state as Record<string, Float64Array>
    if (state['sentences'] === 0) return Number.NaN
    let [logs, halved] = [0, 1]
    for (let n = 1; n <= this.nGram; n++) {
      let match = matches![n - 1]!
      let total = totals![n - 1]!
      if (total === 0) return 0
      if (smoothing === 'addK' && n > 1) {
        match += smoothValue
        total += smoothValue
      } else if (match === 0 && smoothing === 'floor') {
        match = smoothValue
      } else if (match === 0 && smoothing === 'exp') {
        halved *= 2
        match = 1 / halved
      }
      const weight = this.weights[n - 1] as number
      if (weight > 0) logs += weight * Math.log(match / total)
    }
    const predicted = state['predictedTokens'] as number
    const reference = state['referenceTokens'] as number
    const penalty = predicted >= reference ? 0 : 1 - reference / predicted
    return Math.exp(penalty + logs)
  }
}
