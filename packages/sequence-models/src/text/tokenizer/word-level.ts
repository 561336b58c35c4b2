import type { Pieces, SubwordModel } from './model.ts'
import { idOf } from './model.ts'

/**
 * Words as they are: each is a token, or unknown.
 *
 * @throws {ValueError} if unkToken is not in the vocabulary.
 *
 * @example
 * ```ts
 * import { WordLevelModel } from '@flambeau/sequence-models'
 * const model = new WordLevelModel(new Map([['<unk>', 0], ['cat', 1]]), '<unk>')
 * console.log(model.tokenize('cat'), model.tokenize('cats')) // => [ 1 ] [ 0 ]
 * ```
 */
export class WordLevelModel implements SubwordModel {
  readonly vocab: ReadonlyMap<string, number>
  readonly unkToken: string
  private readonly unknown: number

  constructor(vocab: ReadonlyMap<string, number>, unkToken: string = '<unk>') {
    this.vocab = vocab
    this.unkToken = unkToken
    this.unknown = idOf(vocab, unkToken, 'unkToken')
  }

  tokenize(word: string): readonly number[] {
    return [this.vocab.get(word) ?? this.unknown]
  }

  pieces(word: string): Pieces {
    return { ids: this.tokenize(word), spans: [0, word.length] }
  }

  toJSON(): Record<string, unknown> {
    return { type: 'WordLevel', vocab: Object.fromEntries(this.vocab), unk_token: this.unkToken }
  }
}
