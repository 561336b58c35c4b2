import { requireMap, requireTexts } from '../../inputs.ts'
import { ValueError } from '@flambeau/core'
import { requireList, requireOptions } from '@flambeau/core/internal'
import type { Pieces, SubwordModel } from './model.ts'
import { fallback, idOf, WordCache } from './model.ts'
import { NumberHeap } from './number-heap.ts'
import { PairTable } from './pair-table.ts'

export interface BPEOptions {
  /** The token for letters that are not there. Default null: they are left out. */
  readonly unkToken?: string | null
  /** Unknown letters beside each other are one token. Default false. */
  readonly fuseUnk?: boolean
  /** Unknown letters become tokens of their bytes, `<0x00>` to `<0xFF>`. Default false. */
  readonly byteFallback?: boolean
  /** Words that are tokens are not cut. Default false. */
  readonly ignoreMerges?: boolean
  /** Before letters that do not begin a word. Default null. */
  readonly continuingSubwordPrefix?: string | null
  /** Behind the last letter of a word. Default null. */
  readonly endOfWordSuffix?: string | null
}

/** Words up to this long are merged by looking at all pairs, longer ones with a heap. */
const SHORT = 100
const NONE = 0x7fffffff

/**
 * Byte pair encoding: begins with the letters of a word and joins the pair that was learnt first, again
 * and again.
 *
 * @throws {ValueError} if a merge's parts or its result are not in the vocabulary.
 * @see Sennrich, Haddow and Birch 2015, https://arxiv.org/abs/1508.07909
 *
 * @example
 * ```ts
 * import { BPEModel } from '@flambeau/sequence-models'
 * const vocab = new Map([['l', 0], ['o', 1], ['w', 2], ['lo', 3], ['low', 4]])
 * const model = new BPEModel(vocab, [['l', 'o'], ['lo', 'w']])
 * console.log(model.tokenize('lowlo')) // => [ 4, 3 ]
 * ```
 */
export class BPEModel implements SubwordModel {
  readonly vocab: ReadonlyMap<string, number>
  readonly merges: readonly (readonly [string, string])[]
  readonly options: Required<BPEOptions>
  private readonly unknown: number | null
  /** The rank of each pair, which is its place among the merges; and what it becomes. */
  private readonly ranks: PairTable
  private readonly results: Int32Array
  /** The tokens of letters of one UTF-16 unit, or -1; null where letters have a prefix or suffix. */
  private readonly units: Int32Array | null
  private space: WorkSpace = new WorkSpace(64)
  private readonly known: WordCache<Pieces> = new WordCache()

  constructor(
    vocab: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
    options: BPEOptions = {},
  ) {
    this.vocab = vocab
    this.merges = merges
    requireOptions('BPEModel', options)
    const { unkToken = null, fuseUnk = false, byteFallback = false } = options
    const { ignoreMerges = false, continuingSubwordPrefix = null, endOfWordSuffix = null } = options
    const affixes = { continuingSubwordPrefix, endOfWordSuffix }
    this.options = { unkToken, fuseUnk, byteFallback, ignoreMerges, ...affixes }
    this.unknown = unkToken === null ? null : idOf(vocab, unkToken, 'unkToken')
    const plain = continuingSubwordPrefix === null && endOfWordSuffix === null
    this.units = plain ? new Int32Array(0x10000).fill(-1) : null
    requireMap('BPEModel', vocab)
    requireList('BPEModel', 'merges', merges, 'a list of pairs')
    for (const pair of merges) requireTexts('BPEModel', pair)
    for (const [token, id] of vocab) {
      if (token.length === 1 && this.units !== null) this.units[token.charCodeAt(0)] = id
    }
    this.ranks = new PairTable(merges.length)
    this.results = new Int32Array(merges.length)
    const prefix = continuingSubwordPrefix ?? ''
    for (const [rank, [a, b]] of merges.entries()) {
      const [first, second] = [idOf(vocab, a, 'a part'), idOf(vocab, b, 'a part')]
      const joined = a + (prefix !== '' && b.startsWith(prefix) ? b.slice(prefix.length) : b)
      this.results[rank] = idOf(vocab, joined, 'a merge')
      // A pair that stands there twice has the later place, as in Hugging Face's table.
      this.ranks.set(first, second, rank)
    }
  }

  tokenize(word: string): readonly number[] {
    return this.pieces(word).ids
  }

  pieces(word: string): Pieces {
    const before = this.known.get(word)
    if (before !== undefined) return before
    const whole = this.options.ignoreMerges ? this.vocab.get(word) : undefined
    const made =
      whole === undefined
        ? this.merged(this.letters(word))
        : { ids: [whole], spans: [0, word.length] }
    return this.known.set(word, made)
  }

  /** Writes the letters of a word to the work space, and says how many symbols they are. */
  private letters(word: string): number {
    const { units } = this
    this.space = this.space.forCount(word.length)
    const { space } = this
    if (units === null) return this.lettersByName(word)
    for (let i = 0; i < word.length; i++) {
      const id = units[word.charCodeAt(i)] as number
      if (id < 0) return this.lettersByName(word)
      space.put(i, id, i, i + 1)
    }
    return word.length
  }

  /** The same with letters that are not there, or have a prefix or suffix. */
  private lettersByName(word: string): number {
    const { byteFallback, fuseUnk, continuingSubwordPrefix, endOfWordSuffix } = this.options
    let count = 0
    const add = (id: number, start: number, end: number): void => {
      this.space = this.space.forCount(count + 1)
      this.space.put(count++, id, start, end)
    }
    // An unknown letter that may go on.
    let open = -1
    const close = (end: number): void => {
      if (open >= 0) add(this.unknown as number, open, end)
      open = -1
    }
    let start = 0
    for (const letter of word) {
      const end = start + letter.length
      let token = letter
      if (continuingSubwordPrefix !== null && start > 0) token = continuingSubwordPrefix + token
      if (endOfWordSuffix !== null && end === word.length) token += endOfWordSuffix
      const id = this.vocab.get(token)
      const bytes = id === undefined && byteFallback ? fallback(this.vocab, token) : null
      const unknown = id === undefined && bytes === null
      if (!unknown || !fuseUnk || this.unknown === null) close(start)
      if (id !== undefined) add(id, start, end)
      else if (bytes !== null) for (const byte of bytes) add(byte, start, end)
      else if (this.unknown !== null && open < 0) open = start
      start = end
    }
    close(start)
    return count
  }

  private merged(count: number): Pieces {
    if (count > SHORT) return this.mergedByHeap(count)
    const { ranks, results } = this
    const { ids, starts, ends, rankOf } = this.space
    let size = count
    const look = (i: number): void => {
      const rank = i + 1 < size ? ranks.get(ids[i] as number, ids[i + 1] as number) : -1
      rankOf[i] = rank < 0 ? NONE : rank
    }
    for (let i = 0; i < size; i++) look(i)
    for (;;) {
      let best = NONE
      let at = 0
      for (let i = 0; i < size; i++) {
        if ((rankOf[i] as number) < best) {
          best = rankOf[i] as number
          at = i
        }
      }
      if (best === NONE) return this.space.pieces(size)
      ids[at] = results[best] as number
      ends[at] = ends[at + 1] as number
      size--
      for (let i = at + 1; i < size; i++) {
        ids[i] = ids[i + 1] as number
        starts[i] = starts[i + 1] as number
        ends[i] = ends[i + 1] as number
        rankOf[i] = rankOf[i + 1] as number
      }
      look(at)
      if (at > 0) look(at - 1)
    }
  }

  /** The same for long words, in n log n steps: symbols as a list, pairs in a heap. */
  private mergedByHeap(count: number): Pieces {
    const { ranks, results } = this
    const { ids, starts, ends, rankOf } = this.space
    const next = Int32Array.from({ length: count }, (_, i) => i + 1)
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1)
    const heap = new NumberHeap()
    const look = (i: number): void => {
      const after = next[i] as number
      const rank = after < count ? ranks.get(ids[i] as number, ids[after] as number) : -1
      rankOf[i] = rank
      if (rank >= 0) heap.push(rank * count + i)
    }
    for (let i = 0; i < count; i++) look(i)
    for (let top = heap.pop(); top >= 0; top = heap.pop()) {
      const rank = Math.floor(top / count)
      const i = top % count
      if (rankOf[i] !== rank) continue // something else was joined there since
      const gone = next[i] as number
      ids[i] = results[rank] as number
      ends[i] = ends[gone] as number
      rankOf[gone] = -1
      const after = next[gone] as number
      next[i] = after
      if (after < count) previous[after] = i
      look(i)
      if ((previous[i] as number) >= 0) look(previous[i] as number)
    }
    let size = 0
    for (let i = 0; i < count; i = next[i] as number) {
      this.space.put(size++, ids[i] as number, starts[i] as number, ends[i] as number)
    }
    return this.space.pieces(size)
  }

  toJSON(): Record<string, unknown> {
    const { options } = this
    return {
      type: 'BPE',
      dropout: null,
      unk_token: options.unkToken,
      continuing_subword_prefix: options.continuingSubwordPrefix,
      end_of_word_suffix: options.endOfWordSuffix,
      fuse_unk: options.fuseUnk,
      byte_fallback: options.byteFallback,
      ignore_merges: options.ignoreMerges,
      vocab: Object.fromEntries(this.vocab),
      merges: this.merges,
    }
  }
}

/** The symbols of a word while they are merged: their tokens, places and pairs' ranks. */
class WorkSpace {
  readonly ids: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly rankOf: Int32Array

  constructor(capacity: number) {
    this.ids = new Int32Array(capacity)
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
    this.rankOf = new Int32Array(capacity)
  }

  /** This one, or a larger one with the same symbols. */
  forCount(count: number): WorkSpace {
    if (count <= this.ids.length) return this
    const larger = new WorkSpace(2 * count)
    larger.ids.set(this.ids)
    larger.starts.set(this.starts)
    larger.ends.set(this.ends)
    return larger
  }

  put(i: number, id: number, start: number, end: number): void {
    this.ids[i] = id
    this.starts[i] = start
    this.ends[i] = end
  }

  pieces(size: number): Pieces {
    const ids: number[] = []
    const spans: number[] = []
    for (let i = 0; i < size; i++) {
      ids.push(this.ids[i] as number)
      spans.push(this.starts[i] as number, this.ends[i] as number)
    }
    return { ids, spans }
  }
}

/** @throws {ValueError} unless merges are pairs of tokens. @internal */
export function mergesOf(list: readonly unknown[]): [string, string][] {
  return list.map((merge, i) => {
    // Older files have 'a b' in place of ['a', 'b'].
    const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge
    const right = Array.isArray(pair) && pair.length === 2
    if (right && pair.every((part) => typeof part === 'string')) return pair as [string, string]
    const rule = `the merge ${i} is no pair of tokens`
    throw new ValueError('Tokenizer.fromJSON', {}, rule, 'load the file as it was published')
  })
}
