/** Training of subword tokenizers: the most frequent pair becomes a token, again and again. */
import { ValueError } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import { requireTexts } from '../../inputs.ts'
import { BYTE_LETTERS } from './byte-level.ts'
import { byCodePoint } from '../vocabulary.ts'
import { BPEModel } from './bpe.ts'
import type { JsonObject } from './json.ts'
import { normalized, normalizerOf } from './normalizers.ts'
import { preTokenizerOf, wordsOf } from './pre-tokenizers.ts'
import { Tokenizer } from './tokenizer.ts'
import { WordPieceModel } from './word-piece.ts'

interface Pair {
  readonly a: number
  readonly b: number
  readonly count: number
}

/** The pairs, most frequent first, of equals those of the first tokens. */
class PairHeap {
  private readonly items: Pair[] = []

  private static before(x: Pair, y: Pair): boolean {
    return x.count !== y.count ? x.count > y.count : x.a !== y.a ? x.a < y.a : x.b < y.b
  }

  push(pair: Pair): void {
    const { items } = this
    let i = items.push(pair) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!PairHeap.before(pair, items[parent] as Pair)) break
      items[i] = items[parent] as Pair
      i = parent
    }
    items[i] = pair
  }

  pop(): Pair | undefined {
    const { items } = this
    const top = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= items.length) break
      if (
        child + 1 < items.length &&
        PairHeap.before(items[child + 1] as Pair, items[child] as Pair)
      ) {
        child++
      }
      if (!PairHeap.before(items[child] as Pair, last)) break
      items[i] = items[child] as Pair
      i = child
    }
    items[i] = last
    return top
  }
}

interface Word {
  ids: readonly number[]
  readonly count: number
}

/** Adds merges to `vocab` until it has `vocabSize` tokens or no pair is frequent enough. */
function learnMerges(
  words: readonly Word[],
  vocab: Map<string, number>,
  options: { vocabSize: number; minFrequency: number; prefix: string },
): [string, string][] {
  const names = [...vocab.keys()]
  const counts = new Map<number, number>()
  const places = new Map<number, Set<Word>>()
  const heap = new PairHeap()
  const tally = (word: Word, sign: 1 | -1, touched: Set<number>): void => {
    for (let i = 0; i + 1 < word.ids.length; i++) {
      const pair = pairKey(word.ids[i] as number, word.ids[i + 1] as number)
      counts.set(pair, (counts.get(pair) ?? 0) + sign * word.count)
      touched.add(pair)
      if (sign < 0) continue
      const found = places.get(pair)
      if (found === undefined) places.set(pair, new Set([word]))
      else found.add(word)
    }
  }
  const enqueue = (pairs: Iterable<number>): void => {
    for (const pair of pairs) {
      const count = counts.get(pair) as number
      if (count > 0) heap.push({ a: Math.floor(pair / 0x4000000), b: pair % 0x4000000, count })
    }
  }
  const all = new Set<number>()
  for (const word of words) tally(word, 1, all)
  enqueue(all)
  const merges: [string, string][] = []
  while (vocab.size < options.vocabSize) {
    const top = heap.pop()
    if (top === undefined || top.count < options.minFrequency) break
    const pair = pairKey(top.a, top.b)
    if (counts.get(pair) !== top.count) continue // a newer entry says how many are left
    const [a, b] = [names[top.a] as string, names[top.b] as string]
    const token =
      a +
      (options.prefix !== '' && b.startsWith(options.prefix) ? b.slice(options.prefix.length) : b)
    const id = vocab.get(token) ?? vocab.size
    if (!vocab.has(token)) {
      vocab.set(token, id)
      names.push(token)
    }
    merges.push([a, b])
    const touched = new Set<number>()
    for (const word of places.get(pair) as Set<Word>) {
      tally(word, -1, touched)
      word.ids = joinPairs(word.ids, pair, id)
      tally(word, 1, touched)
    }
    touched.delete(pair)
    counts.set(pair, 0)
    enqueue(touched)
  }
  return merges
}

export interface TrainSubwordsOptions {
  /** The most tokens, special ones and letters included. */
  readonly vocabSize: number
  /** Pairs that are rarer are not joined. Default 1. */
  readonly minFrequency?: number
  /** Tokens that have the first numbers. Default none; for WordPiece '[UNK]'. */
  readonly specialTokens?: readonly string[]
}

function countWords(
  texts: Iterable<string>,
  normalizer: JsonObject | null,
  preTokenizer: JsonObject,
): [string, number][] {
  const [changes, steps] = [normalizerOf(normalizer), preTokenizerOf(preTokenizer)]
  const counts = new Map<string, number>()
  requireTexts('trainTokenizer', texts)
  for (const text of texts) {
    for (const word of wordsOf(normalized(text, changes), steps, true)) {
      counts.set(word, (counts.get(word) ?? 0) + 1)
    }
  }
  const after = steps.at(-1)?.after
  return Array.from(counts, ([word, n]): [string, number] => [
    after?.apply(word) ?? word,
    n,
  ]).toSorted(([a], [b]) => byCodePoint(a, b))
}

/** A pair of tokens as one number. */
const pairKey = (a: number, b: number): number => a * 0x4000000 + b

/** Tokens with each such pair, from the left, replaced by `id`. */
function joinPairs(ids: readonly number[], pair: number, id: number): number[] {
  const out: number[] = []
  for (let i = 0; i < ids.length; i++) {
    const here = ids[i] as number
    if (i + 1 < ids.length && pairKey(here, ids[i + 1] as number) === pair) {
      out.push(id)
      i++
    } else {
      out.push(here)
    }
  }
  return out
}

/** Special tokens, then others, each once. @throws {ValueError} if they do not fit. */
function beginVocab(op: string, tokens: Iterable<string>, vocabSize: number): Map<string, number> {
  const vocab = new Map<string, number>()
  for (const token of tokens) if (!vocab.has(token)) vocab.set(token, vocab.size)
  if (vocab.size <= vocabSize) return vocab
  const rule = `letters and special tokens are ${vocab.size} already, more than vocabSize`
  throw new ValueError(op, { vocabSize }, rule, `pass at least ${vocab.size}`)
}

/**
 * Trains byte pair encoding on bytes, as GPT-2 has it: any text can be encoded, and is decoded to what it
 * was, byte for byte. Equal texts and settings give Hugging Face's tokens.
 *
 * @throws {ValueError} if vocabSize does not hold the 256 bytes and the special tokens.
 * @see Radford et al. 2019, https://openai.com/research/better-language-models
 *
 * @example
 * ```ts
 * import { trainBPE } from '@flambeau/sequence-models'
 * const tokenizer = trainBPE(['hug hugs hugging', 'hug'], { vocabSize: 259 })
 * console.log(tokenizer.encode('hug').tokens) // => [ 'hug' ]
 * ```
 */
export function trainBPE(texts: Iterable<string>, options: TrainSubwordsOptions): Tokenizer {
  requireOptions('trainBPE', options, ['vocabSize'])
  const { vocabSize, minFrequency = 1, specialTokens = [] } = options
  requireCounts('trainBPE', { vocabSize, minFrequency }, 1)
  const preTokenizer = {
    type: 'ByteLevel',
    add_prefix_space: false,
    trim_offsets: true,
    use_regex: true,
  }
  const first = [...specialTokens, ...BYTE_LETTERS.toSorted(byCodePoint)]
  const vocab = beginVocab('trainBPE', first, vocabSize)
  const words = countWords(texts, null, preTokenizer).map(([word, count]) => ({
    ids: Array.from(word, (letter) => vocab.get(letter) as number),
    count,
  }))
  const merges = learnMerges(words, vocab, { vocabSize, minFrequency, prefix: '' })
  return new Tokenizer({
    model: new BPEModel(vocab, merges),
    preTokenizer,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    specialTokens: new Map(specialTokens.map((token) => [token, vocab.get(token) as number])),
  })
}

/**
 * Trains WordPiece with BERT's rules: lower case, no accents, each Chinese character and each punctuation
 * mark a word.
 *
 * @throws {ValueError} if vocabSize does not hold the letters and the special tokens, or '[UNK]' is not
 * among these.
 * @see Devlin et al. 2018, https://arxiv.org/abs/1810.04805
 *
 * @example
 * ```ts
 * import { trainWordPiece } from '@flambeau/sequence-models'
 * const tokenizer = trainWordPiece(['playing played plays play'], { vocabSize: 40 })
 * const { ids, tokens } = tokenizer.encode('Play, 玩!')
 * console.log(tokens) // => [ 'play', '[UNK]', '[UNK]', '[UNK]' ]
 * console.log(tokenizer.decode(ids)) // => play
 * ```
 */
export function trainWordPiece(texts: Iterable<string>, options: TrainSubwordsOptions): Tokenizer {
  requireOptions('trainWordPiece', options, ['vocabSize'])
  const { vocabSize, minFrequency = 1, specialTokens = ['[UNK]'] } = options
  requireCounts('trainWordPiece', { vocabSize, minFrequency }, 1)
  const prefix = '##'
  const normalizer = {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  }
  const preTokenizer = { type: 'BertPreTokenizer' }
  const counted = countWords(texts, normalizer, preTokenizer)
  const split = (word: string): string[] =>
    Array.from(word, (letter, i) => (i === 0 ? letter : prefix + letter))
  const letters = new Set(counted.flatMap(([word]) => Array.from(word)))
  const inside = new Set(counted.flatMap(([word]) => split(word).slice(1)))
  const sorted = [[...letters].toSorted(byCodePoint), [...inside].toSorted(byCodePoint)].flat()
  const vocab = beginVocab('trainWordPiece', [...specialTokens, ...sorted], vocabSize)
  const words = counted.map(([word, count]) => ({
    ids: split(word).map((piece) => vocab.get(piece) as number),
    count,
  }))
  learnMerges(words, vocab, { vocabSize, minFrequency, prefix })
  return new Tokenizer({
    model: new WordPieceModel(vocab),
    normalizer,
    preTokenizer,
    decoder: { type: 'WordPiece', prefix, cleanup: true },
    specialTokens: new Map(specialTokens.map((token) => [token, vocab.get(token) as number])),
  })
}
