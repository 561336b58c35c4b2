import { requireOptions } from '@flambeau/core/internal'
import type { Pieces, SubwordModel } from './model.ts'
import { idOf, WordCache } from './model.ts'

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
  /** The most UTF-16 units of a token. */
  private readonly longest: number
  private readonly known: WordCache<Pieces> = new WordCache()

  constructor(
    vocab: ReadonlyMap<string, number>,
    options: {
      readonly unkToken?: string
      readonly prefix?: string
      readonly maxLetters?: number
    } = {},
  ) {
    requireOptions('WordPieceModel', options)
    const { unkToken = '[UNK]', prefix = '##', maxLetters = 100 } = options
    this.vocab = vocab
    this.unkToken = unkToken
    this.prefix = prefix
    this.maxLetters = maxLetters
    this.unknown = idOf(vocab, unkToken, 'unkToken')
    let longest = 1
    for (const token of vocab.keys()) longest = Math.max(longest, token.length)
    this.longest = longest
  }

  tokenize(word: string): readonly number[] {
    return this.pieces(word).ids
  }

  pieces(word: string): Pieces {
    return this.known.get(word) ?? this.known.set(word, this.cut(word))
  }

  private cut(word: string): Pieces {
    const whole = { ids: [this.unknown], spans: [0, word.length] }
    if (word.length > this.maxLetters && Array.from(word).length > this.maxLetters) return whole
    const ids: number[] = []
    const spans: number[] = []
    for (let start = 0; start < word.length;) {
      let end = Math.min(word.length, start + this.longest)
      let id: number | undefined
      for (; end > start; end--) {
        const piece = word.slice(start, end)
        id = this.vocab.get(start === 0 ? piece : this.prefix + piece)
        if (id !== undefined) break
      }
      if (id === undefined) return whole
      ids.push(id)
      spans.push(start, end)
      start = end
    }
    return { ids, spans }
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
