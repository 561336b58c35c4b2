import { ValueError } from '@flambeau/core'
import type { Pieces, SubwordModel } from './model.ts'
import { fallback, idOf, WordCache } from './model.ts'
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
const SHORT = 40
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
  private readonly known: WordCache<Pieces> = new WordCache()

  constructor(
    vocab: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
    options: BPEOptions = {},
  ) {
    this.vocab = vocab
    this.merges = merges
    const { unkToken = null, fuseUnk = false, byteFallback = false } = options
    const { ignoreMerges = false, continuingSubwordPrefix = null, endOfWordSuffix = null } = options
    const affixes = { continuingSubwordPrefix, endOfWordSuffix }
    this.options = { unkToken, fuseUnk, byteFallback, ignoreMerges, ...affixes }
    this.unknown = unkToken === null ? null : idOf(vocab, unkToken, 'unkToken')
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

  private letters(word: string): { ids: number[]; spans: number[] } {
    const { byteFallback, fuseUnk, continuingSubwordPrefix, endOfWordSuffix } = this.options
    const ids: number[] = []
    const spans: number[] = []
    const add = (id: number, start: number, end: number): void => {
      ids.push(id)
      spans.push(start, end)
    }
    // An unknown letter that may go on.
    let open: number | null = null
    const close = (end: number): void => {
      if (open !== null) add(this.unknown as number, open, end)
      open = null
    }
    let start = 0
    for (const letter of word) {
      const end = start + letter.length
      let token = letter
      if (continuingSubwordPrefix !== null && start > 0) token = continuingSubwordPrefix + token
      if (endOfWordSuffix !== null && end === word.length) token += endOfWordSuffix
      const id = this.vocab.get(token)
      const bytes = id === undefined && byteFallback ? fallback(this.vocab, token) : null
      if (id !== undefined || bytes !== null) close(start)
      if (id !== undefined) add(id, start, end)
      else if (bytes !== null) for (const byte of bytes) add(byte, start, end)
      else if (this.unknown !== null) {
        if (!fuseUnk) close(start)
        open ??= start
      } else close(start)
      start = end
    }
    close(start)
    return { ids, spans }
  }

  private merged(symbols: { ids: number[]; spans: number[] }): Pieces {
    if (symbols.ids.length > SHORT) return this.mergedByHeap(symbols)
    const { ids, spans } = symbols
    const { ranks, results } = this
    const order: number[] = []
    const rankAt = (i: number): number => {
      const rank = ranks.get(ids[i] as number, ids[i + 1] as number)
      return rank < 0 ? NONE : rank
    }
    for (let i = 0; i + 1 < ids.length; i++) order.push(rankAt(i))
    for (;;) {
      let best = NONE
      let at = 0
      for (let i = 0; i < order.length; i++) {
        if ((order[i] as number) < best) {
          best = order[i] as number
          at = i
        }
      }
      if (best === NONE) return { ids, spans }
      ids[at] = results[best] as number
      spans[2 * at + 1] = spans[2 * at + 3] as number
      ids.splice(at + 1, 1)
      spans.splice(2 * at + 2, 2)
      order.splice(at, 1)
      if (at < order.length) order[at] = rankAt(at)
      if (at > 0) order[at - 1] = rankAt(at - 1)
    }
  }

  /** The same for long words, in n log n steps: symbols as a list, pairs in a heap. */
  private mergedByHeap({ ids, spans }: { ids: number[]; spans: number[] }): Pieces {
    const { ranks, results } = this
    const count = ids.length
    const next = Int32Array.from({ length: count }, (_, i) => i + 1)
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1)
    const rankOf = new Int32Array(count).fill(-1)
    const heap = new NumberHeap()
    const look = (i: number): void => {
      const after = next[i] as number
      const rank = after < count ? ranks.get(ids[i] as number, ids[after] as number) : -1
      rankOf[i] = rank
      if (rank >= 0) heap.push(rank * count + i)
    }
    for (let i = 0; i + 1 < count; i++) look(i)
    for (let top = heap.pop(); top >= 0; top = heap.pop()) {
      const rank = Math.floor(top / count)
      const i = top % count
      if (rankOf[i] !== rank) continue // something else was joined there since
      const gone = next[i] as number
      ids[i] = results[rank] as number
      spans[2 * i + 1] = spans[2 * gone + 1] as number
      rankOf[gone] = -1
      const after = next[gone] as number
      next[i] = after
      if (after < count) previous[after] = i
      look(i)
      if ((previous[i] as number) >= 0) look(previous[i] as number)
    }
    const left: number[] = []
    for (let i = 0; i < count; i = next[i] as number) left.push(i)
    return {
      ids: left.map((i) => ids[i] as number),
      spans: left.flatMap((i) => [spans[2 * i] as number, spans[2 * i + 1] as number]),
    }
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

/** Numbers of which the smallest comes first. */
class NumberHeap {
  private readonly items: number[] = []

  push(value: number): void {
    const { items } = this
    let i = items.push(value) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if ((items[parent] as number) <= value) break
      items[i] = items[parent] as number
      i = parent
    }
    items[i] = value
  }

  /** -1 if there is none. */
  pop(): number {
    const { items } = this
    const top = items[0] ?? -1
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= items.length) break
      if (child + 1 < items.length && (items[child + 1] as number) < (items[child] as number))
        child++
      if ((items[child] as number) >= last) break
      items[i] = items[child] as number
      i = child
    }
    items[i] = last
    return top
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
