import { IndexError, ValueError } from '@flambeau/core'
import type { JsonObject } from './pipeline.ts'
import { decoderOf, normalizerOf, preTokenizerOf, unsupported } from './pipeline.ts'
import type { SubwordModel } from './subword-models.ts'
import { BPEModel, WordPieceModel } from './subword-models.ts'

export interface TokenizerParts {
  readonly model: SubwordModel
  /** As in tokenizer.json. Default null. */
  readonly normalizer?: JsonObject | null
  /** As in tokenizer.json. Default null: a text is one word. */
  readonly preTokenizer?: JsonObject | null
  /** As in tokenizer.json. Default null: tokens with spaces between them. */
  readonly decoder?: JsonObject | null
  /** Tokens that stand for themselves in texts, with their numbers. Default none. */
  readonly specialTokens?: ReadonlyMap<string, number>
}

/** A text as tokens. */
export interface Encoding {
  readonly ids: number[]
  readonly tokens: string[]
}

interface AddedToken {
  readonly id: number
  readonly content: string
  readonly single_word?: boolean
  readonly lstrip?: boolean
  readonly rstrip?: boolean
  readonly normalized?: boolean
}

/**
 * A tokenizer of subwords: special tokens are found first; what is between them is normalised, cut into
 * words, and these into the tokens of a model. Reads and writes Hugging Face's tokenizer.json with BPE
 * or WordPiece.
 *
 * @throws {ValueError} for parts of a file that are not supported; none is left out silently.
 * @see trainBPE, trainWordPiece
 *
 * @example
 * ```ts
 * import { Tokenizer, trainBPE } from '@flambeau/sequence-models'
 * const tokenizer = trainBPE(['low lower lowest', '你好 你好'], { vocabSize: 270 })
 * const { ids } = tokenizer.encode('slow 你好 😀')
 * console.log(tokenizer.decode(ids)) // => slow 你好 😀
 * const again = Tokenizer.fromJSON(JSON.stringify(tokenizer))
 * console.log(again.encode('slow 你好 😀').ids.join() === ids.join()) // => true
 * ```
 */
export class Tokenizer {
  readonly model: SubwordModel
  readonly specialTokens: ReadonlyMap<string, number>
  private readonly parts: Required<TokenizerParts>
  private readonly normalize: (text: string) => string
  private readonly split: (text: string) => string[]
  private readonly join: (tokens: readonly string[]) => string
  private readonly names: ReadonlyMap<number, string>
  private readonly special: RegExp | null

  constructor(parts: TokenizerParts) {
    const { model, normalizer = null, preTokenizer = null, decoder = null } = parts
    const { specialTokens = new Map<string, number>() } = parts
    this.model = model
    this.specialTokens = specialTokens
    this.parts = { model, normalizer, preTokenizer, decoder, specialTokens }
    this.normalize = normalizerOf(normalizer)
    this.split = preTokenizerOf(preTokenizer)
    this.join = decoderOf(decoder)
    const all = [...model.vocab, ...specialTokens]
    this.names = new Map(all.map(([token, id]) => [id, token]))
    const escaped = [...specialTokens.keys()]
      .toSorted((a, b) => b.length - a.length)
      .map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`))
    this.special = escaped.length === 0 ? null : new RegExp(`(${escaped.join('|')})`, 'u')
  }

  /** How many tokens there are, special ones included. */
  get vocabSize(): number {
    return this.names.size
  }

  /** The tokens of a text; none for an empty one. */
  encode(text: string): Encoding {
    const ids: number[] = []
    const pieces = this.special === null ? [text] : text.split(this.special)
    for (const piece of pieces) {
      if (piece === '') continue
      const special = this.specialTokens.get(piece)
      if (special !== undefined) {
        ids.push(special)
        continue
      }
      for (const word of this.split(this.normalize(piece))) {
        for (const id of this.model.tokenize(word)) ids.push(id)
      }
    }
    return { ids, tokens: ids.map((id) => this.names.get(id) as string) }
  }

  /**
   * The text of tokens.
   *
   * @throws {IndexError} for numbers that there are not.
   */
  decode(ids: Iterable<number>, options: { readonly skipSpecialTokens?: boolean } = {}): string {
    const { skipSpecialTokens = true } = options
    const tokens: string[] = []
    for (const id of ids) {
      const token = this.names.get(id)
      if (token === undefined) {
        const rule = `no token has the number ${id}`
        throw new IndexError('Tokenizer.decode', { id }, rule, 'use the tokenizer that encoded it')
      }
      if (!(skipSpecialTokens && this.specialTokens.has(token))) tokens.push(token)
    }
    return this.join(tokens)
  }

  /** What tokenizer.json holds; `JSON.stringify` writes it. */
  toJSON(): Record<string, unknown> {
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false }
    return {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: Array.from(this.specialTokens, ([content, id]) => ({
        id,
        content,
        ...flags,
        special: true,
      })),
      normalizer: this.parts.normalizer,
      pre_tokenizer: this.parts.preTokenizer,
      post_processor: null,
      decoder: this.parts.decoder,
      model: this.model.toJSON(),
    }
  }

  /** Reads the text of a tokenizer.json. */
  static fromJSON(text: string): Tokenizer {
    let json: JsonObject
    try {
      json = JSON.parse(text) as JsonObject
    } catch (error) {
      const rule = `the text is no JSON: ${(error as Error).message}`
      throw new ValueError('Tokenizer.fromJSON', {}, rule, 'pass the content of tokenizer.json')
    }
    const part = (key: string): JsonObject | null => (json[key] ?? null) as JsonObject | null
    const model = part('model')
    if (model === null || typeof model['vocab'] !== 'object') unsupported('the model', model)
    for (const key of ['truncation', 'padding', 'post_processor']) {
      const value = part(key)
      // ByteLevel there is about offsets only.
      if (value !== null && value['type'] !== 'ByteLevel') unsupported(key, value)
    }
    const normalizer = part('normalizer')
    const added = (json['added_tokens'] ?? []) as AddedToken[]
    for (const token of added) {
      const { single_word: single, lstrip, rstrip, normalized } = token
      const late = normalized === true && normalizer !== null
      if (single === true || lstrip === true || rstrip === true || late) {
        unsupported('the added token', token)
      }
    }
    return new Tokenizer({
      model: modelOf(model),
      normalizer,
      preTokenizer: part('pre_tokenizer'),
      decoder: part('decoder'),
      specialTokens: new Map(added.map(({ content, id }) => [content, id])),
    })
  }
}

function modelOf(json: JsonObject): SubwordModel {
  const vocab = new Map(Object.entries(json['vocab'] as Record<string, number>))
  const refuse = (keys: readonly string[]): void => {
    for (const key of keys) {
      const value = json[key] ?? null
      if (value !== null && value !== false && value !== '')
        unsupported(`the model's ${key}`, value)
    }
  }
  if (json['type'] === 'WordPiece') {
    return new WordPieceModel(vocab, {
      unkToken: json['unk_token'] as string,
      prefix: json['continuing_subword_prefix'] as string,
      maxLetters: json['max_input_chars_per_word'] as number,
    })
  }
  if (json['type'] !== 'BPE') return unsupported('the model', json['type'])
  refuse(['dropout', 'continuing_subword_prefix', 'end_of_word_suffix', 'byte_fallback'])
  refuse(['fuse_unk', 'ignore_merges'])
  // Older files have 'a b' in place of ['a', 'b'].
  const merges = (json['merges'] as (string | [string, string])[]).map((merge) =>
    typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge,
  )
  return new BPEModel(vocab, merges, { unkToken: (json['unk_token'] ?? null) as string | null })
}
