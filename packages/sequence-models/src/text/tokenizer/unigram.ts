import { ValueError } from '@flambeau/core'
import { requireList, requireOptions } from '@flambeau/core/internal'
import type { Pieces, SubwordModel } from './model.ts'
import { BYTE_NAMES, fallback, WordCache } from './model.ts'
import { PairTable } from './pair-table.ts'

/** The tokens that begin at a place of a text, from a tree of their letters (UTF-16 units). */
export class TokenTree {
  private readonly children: PairTable
  /** The token that ends at a node, or -1. */
  private readonly tokens: number[] = [-1]

  constructor(tokens: Iterable<readonly [token: string, id: number]>) {
    this.children = new PairTable(1024)
    for (const [token, id] of tokens) this.add(token, id)
  }

  add(token: string, id: number): void {
    let node = 0
    for (let i = 0; i < token.length; i++) {
      const unit = token.charCodeAt(i)
      let child = this.children.get(node, unit)
      if (child < 0) {
        child = this.tokens.push(-1) - 1
        this.children.set(node, unit, child)
      }
      node = child
    }
    this.tokens[node] = id
  }

  /** The node behind another one, or -1; 0 is the root. */
  step(node: number, unit: number): number {
    return this.children.get(node, unit)
  }

  /** The token that ends at a node, or -1. */
  tokenAt(node: number): number {
    return this.tokens[node] as number
  }
}

/** What is subtracted from the least score for letters that are not there. */
const UNKNOWN_PENALTY = 10

export interface UnigramOptions {
  /** The number of the token for what is not there. Default null: such texts are refused. */
  readonly unkId?: number | null
  /** What is not there becomes tokens of its bytes, `<0x00>` to `<0xFF>`. Default false. */
  readonly byteFallback?: boolean
}

/**
 * The unigram language model: cuts a word into the tokens whose sum of scores (logarithms of
 * probabilities) is the highest, by Viterbi's algorithm. Unknown letters beside each other are one token.
 *
 * @throws {ValueError} if there is no token, a token is there twice, a score is no finite number, or
 * unkId is not one of them; `tokenize` for unknown letters without unkId.
 * @see Kudo 2018, https://arxiv.org/abs/1804.10959
 *
 * @example
 * ```ts
 * import { UnigramModel } from '@flambeau/sequence-models'
 * const model = new UnigramModel([['<unk>', 0], ['a', -2], ['b', -2], ['ab', -3]], { unkId: 0 })
 * console.log(model.tokenize('abba')) // => [ 3, 2, 1 ]
 * console.log(model.tokenize('axyb')) // => [ 1, 0, 2 ]
 * ```
 */
export class UnigramModel implements SubwordModel {
  readonly vocab: ReadonlyMap<string, number>
  readonly scores: readonly (readonly [token: string, score: number])[]
  readonly unkId: number | null
  readonly byteFallback: boolean
  private readonly tree: TokenTree
  private readonly values: Float64Array
  private readonly unknownScore: number
  private readonly known: WordCache<Pieces> = new WordCache()

  constructor(
    scores: readonly (readonly [token: string, score: number])[],
    options: UnigramOptions = {},
  ) {
    requireOptions('UnigramModel', options)
    const { unkId = null, byteFallback = false } = options
    this.scores = scores
    this.unkId = unkId
    this.byteFallback = byteFallback
    requireList('UnigramModel', 'scores', scores, 'a list of [token, score]')
    for (const pair of scores) requireList('UnigramModel', 'each', pair, 'a [token, score]')
    this.vocab = new Map(scores.map(([token], i) => [token, i]))
    this.values = Float64Array.from(scores, ([, score]) => score)
    const wrong = scores.findIndex(([, score]) => !Number.isFinite(score))
    const fail = (rule: string, fix: string): never => {
      throw new ValueError('UnigramModel', { tokens: scores.length }, rule, fix)
    }
    if (scores.length === 0) fail('there is no token', 'pass tokens with their scores')
    if (wrong >= 0) fail(`the score of token ${wrong} is no finite number`, 'pass logarithms')
    if (this.vocab.size < scores.length) fail('a token is there twice', 'leave it out')
    if (unkId !== null && scores[unkId] === undefined) {
      fail(`unkId (${unkId}) is not from 0 to ${scores.length - 1}`, 'pass the place of <unk>')
    }
    // A text that spells the name of a byte is not that byte.
    const bytes = new Set(byteFallback ? BYTE_NAMES : [])
    const matched = scores.map(([token], i) => [token, i] as const)
    this.tree = new TokenTree(matched.filter(([token]) => !bytes.has(token)))
    this.unknownScore = this.values.reduce((least, v) => Math.min(least, v)) - UNKNOWN_PENALTY
  }

  tokenize(word: string): readonly number[] {
    return this.pieces(word).ids
  }

  pieces(word: string): Pieces {
    return this.known.get(word) ?? this.known.set(word, this.best(word))
  }

  private best(word: string): Pieces {
    const size = word.length
    const { tree, values, unkId } = this
    // The best way to each place: its score, where its last token begins, and which it is.
    const score = new Float64Array(size + 1).fill(-Infinity)
    const from = new Int32Array(size + 1).fill(-1)
    const token = new Int32Array(size + 1)
    score[0] = 0
    const offer = (start: number, end: number, id: number, value: number): void => {
      const total = (score[start] as number) + value
      if ((from[end] as number) >= 0 && total <= (score[end] as number)) return
      score[end] = total
      from[end] = start
      token[end] = id
    }
    for (let start = 0; start < size;) {
      const single = start + ((word.codePointAt(start) as number) > 0xffff ? 2 : 1)
      let known = false
      let node = 0
      for (let end = start; end < size;) {
        node = tree.step(node, word.charCodeAt(end++))
        if (node < 0) break
        const id = tree.tokenAt(node)
        if (id < 0) continue
        offer(start, end, id, values[id] as number)
        if (end === single) known = true
      }
      if (!known) offer(start, single, unkId ?? -1, this.unknownScore)
      start = single
    }
    const ends: number[] = []
    for (let end = size; end > 0; end = from[end] as number) ends.push(end)
    return this.collect(word, ends.toReversed(), from, token)
  }

  /** The tokens that end at these places, unknown ones joined. */
  private collect(word: string, ends: number[], from: Int32Array, token: Int32Array): Pieces {
    const ids: number[] = []
    const spans: number[] = []
    const { unkId } = this
    for (let i = 0; i < ends.length; i++) {
      const start = from[ends[i] as number] as number
      let end = ends[i] as number
      const id = token[end] as number
      if (id !== (unkId ?? -1)) {
        ids.push(id)
        spans.push(start, end)
        continue
      }
      while (i + 1 < ends.length && token[ends[i + 1] as number] === id) end = ends[++i] as number
      for (const one of this.unknown(word.slice(start, end))) {
        ids.push(one)
        spans.push(start, end)
      }
    }
    return { ids, spans }
  }

  private unknown(text: string): readonly number[] {
    const whole = this.vocab.get(text)
    if (whole !== undefined) return [whole]
    const bytes = this.byteFallback ? fallback(this.vocab, text) : null
    if (bytes !== null) return bytes
    if (this.unkId !== null) return [this.unkId]
    const rule = `no token is in ${JSON.stringify(text.slice(0, 20))}, and there is none for unknown letters`
    throw new ValueError('UnigramModel', {}, rule, 'pass unkId, or byteFallback with all bytes')
  }

  toJSON(): Record<string, unknown> {
    return {
      type: 'Unigram',
      unk_id: this.unkId,
      vocab: this.scores,
      byte_fallback: this.byteFallback,
    }
  }
}
