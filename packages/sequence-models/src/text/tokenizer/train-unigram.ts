/** Training of the unigram language model: many candidates, and the least useful ones go. */
import { ValueError } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import { byCodePoint } from '../vocabulary.ts'
import type { JsonObject } from './json.ts'
import { BYTE_NAMES } from './model.ts'
import { normalized, normalizerOf } from './normalizers.ts'
import { preTokenizerOf, wordsOf } from './pre-tokenizers.ts'
import type { Counted } from './substrings.ts'
import { frequentSubstrings } from './substrings.ts'
import { Tokenizer } from './tokenizer.ts'
import { TokenTree, UnigramModel } from './unigram.ts'

export interface TrainUnigramOptions {
  /** The most tokens: special ones, bytes and letters included. */
  readonly vocabSize: number
  /** Tokens that have the first numbers; the first stands for what is unknown. Default ['<unk>']. */
  readonly specialTokens?: readonly string[]
  /** Tokens for the 256 bytes, of which unknown letters are made. Default false. */
  readonly byteFallback?: boolean
  /** As in tokenizer.json; null keeps texts as they are. Default NFKC, with byteFallback null. */
  readonly normalizer?: JsonObject | null
  /** The most letters of a token. Default 16. */
  readonly maxPieceLength?: number
  /** The share of tokens that stays each time. Default 0.75. */
  readonly shrinkingFactor?: number
}

/** A candidate with the logarithm of its probability. */
type Scored = [text: string, score: number]

const SPACE = '▁'
/** How many candidates there are at first, and how often they are counted before some go. */
const SEEDS = 1_000_000
const ROUNDS = 2

/**
 * Trains the unigram language model as SentencePiece does: frequent substrings are candidates; expected
 * counts over all ways to cut the words give their probabilities (EM); those whose loss costs least go,
 * until vocabSize are left. Words begin with ▁ for the space before them. With `byteFallback` any text
 * comes back byte for byte, but for ▁ itself, which becomes a space.
 *
 * @throws {ValueError} if vocabSize does not hold the letters, special tokens and bytes, or settings
 * cannot be.
 * @see Kudo 2018, https://arxiv.org/abs/1804.10959
 *
 * @example
 * ```ts
 * import { trainUnigram } from '@flambeau/sequence-models'
 * const texts = ['hug hugs hugging', 'hugs pug pugs', '拥抱 拥抱']
 * const tokenizer = trainUnigram(texts, { vocabSize: 280, byteFallback: true })
 * console.log(tokenizer.encode('hugs').tokens) // => [ '▁hugs' ]
 * console.log(tokenizer.decode(tokenizer.encode('hugs 😀').ids)) // => hugs 😀
 * ```
 */
export function trainUnigram(texts: Iterable<string>, options: TrainUnigramOptions): Tokenizer {
  requireOptions('trainUnigram', options, ['vocabSize'])
  const { vocabSize, specialTokens = ['<unk>'], byteFallback = false } = options
  const { normalizer = byteFallback ? null : { type: 'NFKC' } } = options
  const { maxPieceLength = 16, shrinkingFactor = 0.75 } = options
  requireCounts(
    'trainUnigram',
    { vocabSize, maxPieceLength, specialTokens: specialTokens.length },
    1,
  )
  if (!(shrinkingFactor > 0 && shrinkingFactor < 1)) {
    const rule = 'shrinkingFactor is between 0 and 1'
    throw new ValueError('trainUnigram', { shrinkingFactor }, rule, 'pass 0.75')
  }
  const space = { type: 'Replace', pattern: { String: ' ' }, content: SPACE }
  const normalizers = [normalizer, { type: 'Prepend', prepend: SPACE }, space]
  const parts = {
    normalizer: { type: 'Sequence', normalizers: normalizers.filter((part) => part !== null) },
    preTokenizer: {
      type: 'Split',
      pattern: { String: SPACE },
      behavior: 'MergedWithNext',
      invert: false,
    },
  }
  const words = countedWords(texts, parts)
  const fixed = [...specialTokens, ...(byteFallback ? BYTE_NAMES : [])]
  const letters = countedLetters(words)
  const room = vocabSize - fixed.length
  if (letters.length > room) {
    const least = fixed.length + letters.length
    const rule = `letters, bytes and special tokens are ${least} already, more than vocabSize`
    throw new ValueError('trainUnigram', { vocabSize }, rule, `pass at least ${least}`)
  }
  const pieces = learn(words, letters, { room, maxPieceLength, shrinkingFactor })
  const known = new Set(fixed)
  const scores = [
    ...fixed.map((token): Scored => [token, 0]),
    ...pieces.filter(([text]) => !known.has(text)),
  ]
  return new Tokenizer({
    model: new UnigramModel(scores, { unkId: 0, byteFallback }),
    ...parts,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    specialTokens: new Map(specialTokens.map((token, id) => [token, id])),
  })
}

function countedWords(
  texts: Iterable<string>,
  parts: { readonly normalizer: JsonObject; readonly preTokenizer: JsonObject },
): Counted[] {
  const [changes, steps] = [normalizerOf(parts.normalizer), preTokenizerOf(parts.preTokenizer)]
  const counts = new Map<string, number>()
  for (const text of texts) {
    for (const word of wordsOf(normalized(text, changes), steps, true)) {
      counts.set(word, (counts.get(word) ?? 0) + 1)
    }
  }
  return [...counts].toSorted(([a], [b]) => byCodePoint(a, b))
}

/** The letters of words, most frequent first. */
function countedLetters(words: readonly Counted[]): Counted[] {
  const counts = new Map<string, number>()
  for (const [word, count] of words) {
    for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + count)
  }
  return [...counts].toSorted(([a, n], [b, m]) => m - n || byCodePoint(a, b))
}

interface Limits {
  /** How many pieces are wanted. */
  readonly room: number
  readonly maxPieceLength: number
  readonly shrinkingFactor: number
}

function learn(words: readonly Counted[], letters: readonly Counted[], limits: Limits): Scored[] {
  const { room, maxPieceLength, shrinkingFactor } = limits
  const candidates = frequentSubstrings(words, maxPieceLength)
    .toSorted(([a, n], [b, m]) => m * b.length - n * a.length || byCodePoint(a, b))
    .slice(0, Math.max(0, SEEDS - letters.length))
  const seeds = [...letters, ...candidates]
  // Long candidates count for more, as they save more tokens.
  const weight = seeds.reduce((sum, [text, count]) => sum + text.length * count, 0)
  let pieces = seeds.map(([text, n]): Scored => [text, Math.log((text.length * n) / weight)])
  const required = new Set(letters.map(([letter]) => letter))
  // A tenth more than wanted, so that the last choice is by probability.
  const wanted = Math.max(room, Math.floor(room * 1.1))
  for (;;) {
    for (let round = 0; round < ROUNDS; round++) {
      const counts = new Lattice(pieces).expectedCounts(words)
      pieces = maximized(pieces, counts, required)
    }
    if (pieces.length <= wanted) break
    const left = Math.max(wanted, Math.floor(pieces.length * shrinkingFactor))
    pieces = pruned(pieces, words, left, required)
  }
  return finalPieces(pieces, room, letters)
}

/** New scores of pieces with these counts; those that are hardly used go, but not letters. */
function maximized(pieces: Scored[], counts: Float64Array, required: Set<string>): Scored[] {
  const kept: Scored[] = []
  let sum = 0
  for (const [i, [text]] of pieces.entries()) {
    const own = required.has(text)
    const count = counts[i] as number
    if (count < 0.5 && !own) continue
    const used = Math.max(count, 1e-3)
    kept.push([text, used])
    sum += used
  }
  // The digamma function makes rare pieces rarer, as a prior would.
  const all = digamma(sum)
  return kept.map(([text, count]) => [text, digamma(count) - all])
}

/** The `left` pieces (letters always) without which the words' likelihood would fall most. */
function pruned(
  pieces: Scored[],
  words: readonly Counted[],
  left: number,
  required: Set<string>,
): Scored[] {
  const lattice = new Lattice(pieces)
  const uses = new Float64Array(pieces.length)
  for (const [word, count] of words) for (const id of lattice.best(word)) uses[id]! += count
  const total = uses.reduce((sum, n) => sum + n, 0)
  const losses: [place: number, loss: number][] = []
  const kept: Scored[] = []
  for (const [i, [text, score]] of pieces.entries()) {
    const count = uses[i] as number
    if (required.has(text)) {
      kept.push([text, score])
      continue
    }
    if (count === 0) continue
    // What would stand in its place, which makes all counts larger.
    const others = lattice.best(text, i)
    const more = total + count * (others.length - 1)
    const instead = others.reduce(
      (sum, id) => sum + Math.log((uses[id] as number) + count) - Math.log(more),
      0,
    )
    losses.push([i, (count / total) * (Math.log(count / total) - instead)])
  }
  losses.sort(([a, x], [b, y]) => y - x || a - b)
  const room = Math.max(0, left - kept.length)
  return [...kept, ...losses.slice(0, room).map(([i]) => pieces[i] as Scored)]
}

/** All letters and the most probable pieces, by probability. */
function finalPieces(pieces: Scored[], room: number, letters: readonly Counted[]): Scored[] {
  const least = pieces.reduce((min, [, score]) => Math.min(min, score), 0)
  const scores = new Map(pieces)
  const chosen = new Map<string, number>()
  for (const [i, [letter]] of letters.entries()) {
    chosen.set(letter, scores.get(letter) ?? least - 1e-4 * (i + 1))
  }
  const byScore = (list: Iterable<Scored>): Scored[] =>
    [...list].toSorted(([a, x], [b, y]) => y - x || byCodePoint(a, b))
  for (const [text, score] of byScore(pieces)) {
    if (chosen.size >= room) break
    chosen.set(text, score)
  }
  return byScore(chosen)
}

/** All ways to cut words into pieces. */
class Lattice {
  private readonly tree: TokenTree
  private readonly pieces: readonly Scored[]

  constructor(pieces: readonly Scored[]) {
    this.pieces = pieces
    this.tree = new TokenTree(pieces.map(([text], i) => [text, i] as const))
  }

  /** Calls `use` for each piece in a word, by where they begin. */
  private eachPiece(word: string, use: (start: number, end: number, id: number) => void): void {
    const { tree } = this
    for (let start = 0; start < word.length; start++) {
      let node = 0
      for (let end = start; end < word.length;) {
        node = tree.step(node, word.charCodeAt(end++))
        if (node < 0) break
        const id = tree.tokenAt(node)
        if (id >= 0) use(start, end, id)
      }
    }
  }

  /** How often each piece is expected in the words, by the forward and backward sums. */
  expectedCounts(words: readonly Counted[]): Float64Array {
    const { pieces } = this
    const counts = new Float64Array(pieces.length)
    for (const [word, count] of words) {
      const size = word.length
      const forward = new Float64Array(size + 1).fill(-Infinity)
      const backward = new Float64Array(size + 1).fill(-Infinity)
      forward[0] = 0
      backward[size] = 0
      const edges: number[] = []
      this.eachPiece(word, (start, end, id) => {
        edges.push(start, end, id)
        const way = (forward[start] as number) + (pieces[id] as Scored)[1]
        forward[end] = addLogs(forward[end] as number, way)
      })
      for (let k = edges.length - 3; k >= 0; k -= 3) {
        const [start, end, id] = [edges[k], edges[k + 1], edges[k + 2]] as [number, number, number]
        const way = (backward[end] as number) + (pieces[id] as Scored)[1]
        backward[start] = addLogs(backward[start] as number, way)
      }
      const all = forward[size] as number
      for (let k = 0; k < edges.length; k += 3) {
        const [start, end, id] = [edges[k], edges[k + 1], edges[k + 2]] as [number, number, number]
        const way = (forward[start] as number) + (pieces[id] as Scored)[1]
        counts[id]! += count * Math.exp(way + (backward[end] as number) - all)
      }
    }
    return counts
  }

  /** The pieces of the best way to cut a word, without one of them. */
  best(word: string, without = -1): number[] {
    const score = new Float64Array(word.length + 1).fill(-Infinity)
    const from = new Int32Array(word.length + 1)
    const piece = new Int32Array(word.length + 1)
    score[0] = 0
    this.eachPiece(word, (start, end, id) => {
      const way = (score[start] as number) + (this.pieces[id] as Scored)[1]
      if (id === without || way <= (score[end] as number)) return
      score[end] = way
      from[end] = start
      piece[end] = id
    })
    const ids: number[] = []
    for (let end = word.length; end > 0; end = from[end] as number) ids.push(piece[end] as number)
    return ids
  }
}

function addLogs(a: number, b: number): number {
  if (a === -Infinity) return b
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b))
}

/** The derivative of log Γ, for x > 0. */
function digamma(x: number): number {
  let [value, at] = [0, x]
  for (; at < 7; at++) value -= 1 / at
  const half = at - 0.5
  const square = 1 / (half * half)
  return value + Math.log(half) + square * (1 / 24 - square * (7 / 960 - (square * 31) / 8064))
}
