/** Texts as vectors: bags of words and TF-IDF, as scikit-learn has them. */
import type { Tensor } from '@flambeau/core'
import { tensor, ValueError } from '@flambeau/core'
import {
  requireCounts,
  requireNumberList,
  requireOptions,
  requireText,
} from '@flambeau/core/internal'
import { requireTexts } from '../inputs.ts'
import { byCodePoint } from './vocabulary.ts'

/**
 * All runs of `least` to `most` tokens, shorter ones first.
 *
 * @throws {ValueError} unless 1 ≤ least ≤ most.
 *
 * @example
 * ```ts
 * import { ngrams } from '@flambeau/sequence-models'
 * console.log(ngrams(['a', 'b', 'c'], 1, 2).map((gram) => gram.join(' ')))
 * // => [ 'a', 'b', 'c', 'a b', 'b c' ]
 * ```
 */
export function ngrams<T>(tokens: readonly T[], least: number, most: number = least): T[][] {
  requireCounts('ngrams', { least }, 1)
  requireCounts('ngrams', { most }, least)
  const grams: T[][] = []
  for (let n = least; n <= most; n++) {
    for (let i = 0; i + n <= tokens.length; i++) grams.push(tokens.slice(i, i + n))
  }
  return grams
}

export interface CountVectorizerOptions {
  /** Default true. */
  readonly lowercase?: boolean
  /** What is left of accents: all of them, letters of Unicode without marks, or ASCII. Default null. */
  readonly stripAccents?: 'unicode' | 'ascii' | null
  /**
   * What a text is cut into: words, characters, characters of each word with a space around it, or by a
   * function. Default 'word'.
   */
  readonly analyzer?: 'word' | 'char' | 'char_wb' | ((text: string) => readonly string[])
  /** Words, with the flag g. Default: two or more letters, digits or underscores. */
  readonly tokenPattern?: RegExp
  /** Words that do not count. Default none. */
  readonly stopWords?: readonly string[]
  /** The least and the most tokens of a term. Default [1, 1]. */
  readonly ngramRange?: readonly [least: number, most: number]
  /** Leave out terms in fewer texts; below 1 a share of them. Default 1. */
  readonly minDf?: number
  /** Leave out terms in more texts; at most 1 a share of them. Default 1: none. */
  readonly maxDf?: number
  /** Keep this many of the most frequent terms, of equals the first ones. Default null: all. */
  readonly maxFeatures?: number | null
  /** Count 1 where a term is there. Default false. */
  readonly binary?: boolean
  /** The terms, in this order, in place of those that `fit` would find. Default null. */
  readonly vocabulary?: readonly string[] | null
}

function withoutAccents(text: string, form: 'unicode' | 'ascii' | null): string {
  if (form === null) return text
  const parts = text.normalize('NFKD')
  return form === 'unicode' ? parts.replace(/\p{M}/gu, '') : parts.replace(/[^\0-\x7F]/gu, '')
}

/** Runs of characters of words with a space around them; a word that is too short is one, once. */
function insideWords(text: string, least: number, most: number): string[] {
  return (text.match(/\S+/gu) ?? []).flatMap((word) => {
    const letters = [' ', ...Array.from(word), ' ']
    const own = ngrams(letters, least, most)
    if (least > letters.length) own.push(letters.slice())
    return own.map((gram) => gram.join(''))
  })
}

const WORDS = /[\p{L}\p{N}_]{2,}/gu

/**
 * Bags of words: how often each term is in each text. The terms are sorted by code points.
 *
 * Shapes: texts -> float64 `[texts, terms]`.
 *
 * @throws {ValueError} for settings that cannot be, if no term is left, or `transform` comes before `fit`.
 * @see sklearn.feature_extraction.text.CountVectorizer
 *
 * @example
 * ```ts
 * import { CountVectorizer } from '@flambeau/sequence-models'
 * const bags = new CountVectorizer()
 * console.log(bags.fitTransform(['the cat, the dog', 'a dog']).tolist()) // => [ [ 1, 1, 2 ], [ 0, 1, 0 ] ]
 * console.log(bags.terms) // => [ 'cat', 'dog', 'the' ]
 * ```
 */
export class CountVectorizer {
  /** The terms of the columns. */
  terms: readonly string[] = []
  private index: Map<string, number> = new Map()
  private readonly options: CountVectorizerOptions

  constructor(options: CountVectorizerOptions = {}) {
    requireOptions('CountVectorizer', options)
    const { ngramRange = [1, 1], minDf = 1, maxDf = 1, maxFeatures = null } = options
    requireNumberList('CountVectorizer', 'ngramRange', ngramRange, 2)
    const [least, most] = ngramRange
    requireCounts('CountVectorizer', { least }, 1)
    requireCounts('CountVectorizer', { most }, least)
    if (maxFeatures !== null) requireCounts('CountVectorizer', { maxFeatures }, 1)
    if (!(minDf >= 0 && maxDf >= 0)) {
      const rule = 'minDf and maxDf are at least 0'
      throw new ValueError('CountVectorizer', { minDf, maxDf }, rule, 'pass shares or counts')
    }
    this.options = options
  }

  /** The terms of a text, in their order. */
  analyze(text: string): string[] {
    const { lowercase = true, analyzer = 'word', stopWords = [] } = this.options
    const { ngramRange = [1, 1], tokenPattern = WORDS, stripAccents = null } = this.options
    if (typeof analyzer === 'function') return [...analyzer(text)]
    requireText('analyze', 'text', text)
    const source = withoutAccents(lowercase ? text.toLowerCase() : text, stripAccents)
    const [least, most] = ngramRange
    const characters = (part: string): string[][] => ngrams(Array.from(part), least, most)
    if (analyzer === 'char') {
      return characters(source.replace(/\s\s+/gu, ' ')).map((gram) => gram.join(''))
    }
    if (analyzer === 'char_wb') return insideWords(source, least, most)
    const stops = new Set(stopWords)
    const words = (source.match(tokenPattern) ?? []).filter((word) => !stops.has(word))
    return ngrams(words, least, most).map((gram) => gram.join(' '))
  }

  /** Finds the terms of texts. */
  fit(texts: readonly string[]): this {
    const { minDf = 1, maxDf = 1, maxFeatures = null, vocabulary = null } = this.options
    if (vocabulary !== null) {
      this.setTerms(vocabulary)
      return this
    }
    const inTexts = new Map<string, number>()
    const total = new Map<string, number>()
    const count = (table: Map<string, number>, term: string): void => {
      table.set(term, (table.get(term) ?? 0) + 1)
    }
    requireTexts('fit', texts)
    for (const text of texts) {
      const found = this.analyze(text)
      for (const term of found) count(total, term)
      for (const term of new Set(found)) count(inTexts, term)
    }
    const most = maxDf <= 1 ? maxDf * texts.length : maxDf
    const least = minDf < 1 ? minDf * texts.length : minDf
    let terms = [...inTexts].filter(([, n]) => n >= least && n <= most).map(([term]) => term)
    terms.sort(byCodePoint)
    if (maxFeatures !== null) {
      const kept = terms.toSorted((a, b) => (total.get(b) as number) - (total.get(a) as number))
      terms = kept.slice(0, maxFeatures).toSorted(byCodePoint)
    }
    if (terms.length === 0) {
      const rule = `no term is left of ${texts.length} texts`
      throw new ValueError('CountVectorizer.fit', { minDf, maxDf }, rule, 'loosen the settings')
    }
    this.setTerms(terms)
    return this
  }

  private setTerms(terms: readonly string[]): void {
    this.terms = terms
    requireTexts('setTerms', terms)
    this.index = new Map(terms.map((term, i) => [term, i]))
    if (this.index.size === terms.length && terms.length > 0) return
    const rule = terms.length === 0 ? 'the vocabulary is empty' : 'a term is there twice'
    throw new ValueError(
      'CountVectorizer.fit',
      { terms: terms.length },
      rule,
      'mend the vocabulary',
    )
  }

  /** The counts of texts, `[texts, terms]`; terms that `fit` did not see do not count. */
  transform(texts: readonly string[]): Tensor {
    return this.table(texts)
  }

  /** Both. */
  fitTransform(texts: readonly string[]): Tensor {
    return this.fit(texts).transform(texts)
  }

  protected table(texts: readonly string[]): Tensor {
    const { binary = false } = this.options
    const width = this.terms.length
    if (width === 0) {
      throw new ValueError('CountVectorizer', {}, 'fit() finds the terms first', 'call fit(texts)')
    }
    requireTexts('transform', texts)
    const table = new Float64Array(texts.length * width)
    for (const [row, text] of texts.entries()) {
      for (const term of this.analyze(text)) {
        const column = this.index.get(term)
        if (column === undefined) continue
        const place = row * width + column
        table[place] = binary ? 1 : (table[place] as number) + 1
      }
    }
    return tensor(table).reshape([texts.length, width])
  }
}

export interface TfidfOptions extends CountVectorizerOptions {
  /** The norm that rows are divided by. Default 'l2'. */
  readonly norm?: 'l1' | 'l2' | null
  /** Default true. */
  readonly useIdf?: boolean
  /** Count as if one more text had all terms. Default true. */
  readonly smoothIdf?: boolean
  /** 1 + log(count) in place of counts. Default false. */
  readonly sublinearTf?: boolean
}

/**
 * TF-IDF: counts times idf = log((1 + n) / (1 + df)) + 1 for a term in df of n texts (log(n / df) + 1
 * without smoothing), rows divided by their length.
 *
 * Shapes: texts -> float64 `[texts, terms]`.
 *
 * @throws {ValueError} as {@link CountVectorizer}.
 * @see sklearn.feature_extraction.text.TfidfVectorizer
 *
 * @example
 * ```ts
 * import { TfidfVectorizer } from '@flambeau/sequence-models'
 * const tfidf = new TfidfVectorizer()
 * const x = tfidf.fitTransform(['the cat', 'the dog'])
 * console.log((x.select(0, 0).tolist() as number[]).map((v) => v.toFixed(3)))
 * // => [ '0.815', '0.000', '0.580' ]
 * ```
 */
export class TfidfVectorizer extends CountVectorizer {
  /** The factor of each term, float64 `[terms]`. */
  idf: Tensor | null = null
  private readonly settings: TfidfOptions

  constructor(options: TfidfOptions = {}) {
    super(options)
    this.settings = options
  }

  override fit(texts: readonly string[]): this {
    super.fit(texts)
    const { smoothIdf = true, useIdf = true } = this.settings
    const extra = smoothIdf ? 1 : 0
    const inTexts = this.table(texts).gt(0).sum(0).double()
    const idf = inTexts
      .add(extra)
      .reciprocal()
      .mul(texts.length + extra)
      .log()
      .add(1)
    this.idf = useIdf ? idf : null
    return this
  }

  override transform(texts: readonly string[]): Tensor {
    const { norm = 'l2', sublinearTf = false } = this.settings
    let x = this.table(texts)
    if (sublinearTf) x = x.log().add(1).where(x.gt(0), x)
    if (this.idf !== null) x = x.mul(this.idf)
    if (norm === null) return x
    const lengths = x.norm(norm === 'l1' ? 1 : 2, 1, true)
    // A text without terms stays zeros.
    return x.div(lengths.maskedFill(lengths.eq(0), 1))
  }
}
