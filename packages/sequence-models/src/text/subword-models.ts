/** Models that cut words into subwords. */
import { ValueError } from '@flambeau/core'

/** Cuts words into the tokens of a vocabulary. */
export interface SubwordModel {
  readonly vocab: ReadonlyMap<string, number>
  /** The tokens of a word. */
  tokenize(word: string): readonly number[]
  /** As in tokenizer.json. */
  toJSON(): Record<string, unknown>
}

/** The number of a token of the vocabulary. @throws {ValueError} if it is not there. */
function idOf(vocab: ReadonlyMap<string, number>, token: string, what: string): number {
  const id = vocab.get(token)
  if (id !== undefined) return id
  const rule = `${what} '${token}' is not in the vocabulary`
  throw new ValueError('Tokenizer', {}, rule, 'add it to the vocabulary')
}

/** How many words' tokens are kept. */
const MEMORY = 50_000

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
  readonly unkToken: string | null
  /** Rank and result by pair. */
  private readonly rules: Map<number, readonly [rank: number, id: number]> = new Map()
  private readonly known: Map<string, readonly number[]> = new Map()

  constructor(
    vocab: ReadonlyMap<string, number>,
    merges: readonly (readonly [string, string])[],
    options: { readonly unkToken?: string | null } = {},
  ) {
    this.vocab = vocab
    this.merges = merges
    this.unkToken = options.unkToken ?? null
    if (this.unkToken !== null) idOf(vocab, this.unkToken, 'unkToken')
    for (const [rank, [a, b]] of merges.entries()) {
      const pair = pairKey(idOf(vocab, a, 'a part'), idOf(vocab, b, 'a part'))
      if (!this.rules.has(pair)) this.rules.set(pair, [rank, idOf(vocab, a + b, 'a merge')])
    }
  }

  tokenize(word: string): readonly number[] {
    const before = this.known.get(word)
    if (before !== undefined) return before
    const ids = this.merged(this.letters(word))
    if (this.known.size >= MEMORY) this.known.clear()
    this.known.set(word, ids)
    return ids
  }

  private letters(word: string): number[] {
    const unknown = this.unkToken === null ? undefined : this.vocab.get(this.unkToken)
    const ids: number[] = []
    for (const letter of word) {
      const id = this.vocab.get(letter) ?? unknown
      if (id !== undefined) ids.push(id)
    }
    return ids
  }

  private merged(ids: number[]): number[] {
    for (;;) {
      let best: readonly [rank: number, id: number] | undefined
      let pair = -1
      for (let i = 0; i + 1 < ids.length; i++) {
        const key = pairKey(ids[i] as number, ids[i + 1] as number)
        const rule = this.rules.get(key)
        if (rule !== undefined && (best === undefined || rule[0] < best[0])) {
          best = rule
          pair = key
        }
      }
      if (best === undefined) return ids
      ids = joinPairs(ids, pair, best[1])
    }
  }

  toJSON(): Record<string, unknown> {
    return {
      type: 'BPE',
      dropout: null,
      unk_token: this.unkToken,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(this.vocab),
      merges: this.merges,
    }
  }
}

/** A pair of tokens as one number. @internal */
export function pairKey(a: number, b: number): number {
  return a * 0x4000000 + b
}

/** Tokens with each such pair, from the left, replaced by `id`. @internal */
export function joinPairs(ids: readonly number[], pair: number, id: number): number[] {
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

/**
 * WordPiece: takes the longest token that a word begins with, then the longest that goes on, with the
 * prefix; a word that cannot be cut so is unknown as a whole.
 *
 * @throws {ValueError} if unkToken is not in the vocabulary.
 * @see Devlin et al. 2018, https://arxiv.org/abs/1810.04805
 *
 * @example
 * ```ts
 * import { WordPieceModel } from '@flambeau/sequence-models'
 * const model = new WordPieceModel(new Map([['[UNK]', 0], ['un', 1], ['##able', 2], ['##a', 3]]))
 * console.log(model.tokenize('unable'), model.tokenize('able')) // => [ 1, 2 ] [ 0 ]
 * ```
 */
export class WordPieceModel implements SubwordModel {
  readonly vocab: ReadonlyMap<string, number>
  readonly unkToken: string
  readonly prefix: string
  readonly maxLetters: number
  private readonly unknown: number
  private readonly known: Map<string, readonly number[]> = new Map()

  constructor(
    vocab: ReadonlyMap<string, number>,
    options: {
      readonly unkToken?: string
      readonly prefix?: string
      readonly maxLetters?: number
    } = {},
  ) {
    const { unkToken = '[UNK]', prefix = '##', maxLetters = 100 } = options
    this.vocab = vocab
    this.unkToken = unkToken
    this.prefix = prefix
    this.maxLetters = maxLetters
    this.unknown = idOf(vocab, unkToken, 'unkToken')
  }

  tokenize(word: string): readonly number[] {
    const before = this.known.get(word)
    if (before !== undefined) return before
    const ids = this.pieces(word)
    if (this.known.size >= MEMORY) this.known.clear()
    this.known.set(word, ids)
    return ids
  }

  private pieces(word: string): number[] {
    const letters = Array.from(word)
    if (letters.length > this.maxLetters) return [this.unknown]
    const ids: number[] = []
    for (let start = 0; start < letters.length;) {
      let end = letters.length
      let id: number | undefined
      for (; end > start; end--) {
        const piece = letters.slice(start, end).join('')
        id = this.vocab.get(start === 0 ? piece : this.prefix + piece)
        if (id !== undefined) break
      }
      if (id === undefined) return [this.unknown]
      ids.push(id)
      start = end
    }
    return ids
  }

  toJSON(): Record<string, unknown> {
    return {
      type: 'WordPiece',
      unk_token: this.unkToken,
      continuing_subword_prefix: this.prefix,
      max_input_chars_per_word: this.maxLetters,
      vocab: Object.fromEntries(this.vocab),
    }
  }
}
