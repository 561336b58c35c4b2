import { IndexError, ValueError } from '@flambeau/core'
import { requireList, requireOptions } from '@flambeau/core/internal'
import type { AddedToken, Stretch } from './added-tokens.ts'
import { addedTokenJson, addedTokenOf, namesOf, TokenFinder, tokensWhere } from './added-tokens.ts'
import type { Rewrite } from './aligned.ts'
import { Aligned } from './aligned.ts'
import { decoderOf } from './decoders.ts'
import type { Columns, Offsets, Padding, Truncation } from './columns.ts'
import { columnsOf, join, paddedLength, paddingJson, paddingOf, padTo } from './columns.ts'
import { requireLengths, truncate, truncationJson, truncationOf } from './columns.ts'
import { Encoding } from './encoding.ts'
import type { JsonObject } from './json.ts'
import { damaged, field, objects } from './json.ts'
import type { SubwordModel } from './model.ts'
import { WordCache } from './model.ts'
import { modelOf } from './models.ts'
import { normalized, normalizerOf } from './normalizers.ts'
import type { PostProcessor } from './post-processors.ts'
import { postProcessorOf } from './post-processors.ts'
import type { PreStep } from './pre-tokenizers.ts'
import { alignedWordsOf, preTokenizerOf, wordsOf } from './pre-tokenizers.ts'

export interface TokenizerParts {
  readonly model: SubwordModel
  /** As in tokenizer.json. Default null. */
  readonly normalizer?: JsonObject | null
  /** As in tokenizer.json. Default null: a text is one word. */
  readonly preTokenizer?: JsonObject | null
  /** As in tokenizer.json. Default null: nothing is added. */
  readonly postProcessor?: JsonObject | null
  /** As in tokenizer.json. Default null: tokens with spaces between them. */
  readonly decoder?: JsonObject | null
  /** Tokens that stand for themselves in texts and that `decode` leaves out. Default none. */
  readonly specialTokens?: ReadonlyMap<string, number>
  /** More tokens that stand for themselves, with their rules. Default none. */
  readonly addedTokens?: readonly AddedToken[]
  /** Default null: texts are not cut. */
  readonly truncation?: Truncation | null
  /** Default null: texts are not filled up. */
  readonly padding?: Padding | null
}

export interface EncodeOptions {
  /** The second text of a pair. Default null. */
  readonly pair?: string | null
  /** Add what the post-processor adds. Default true. */
  readonly addSpecialTokens?: boolean
}

/**
 * A tokenizer of subwords: added tokens are found first; what is between them is normalised, cut into
 * words, and these into the tokens of a model; a post-processor adds tokens around texts and pairs. Reads
 * and writes Hugging Face's tokenizer.json. Texts are to be well-formed: half a surrogate pair counts as
 * U+FFFD.
 *
 * @throws {ValueError} for parts of a file that are not supported or damaged; none is left out silently.
 * @see trainBPE, trainWordPiece, trainUnigram
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
  readonly addedTokens: readonly AddedToken[]
  /** Those of the added tokens that `decode` leaves out. */
  readonly specialTokens: ReadonlyMap<string, number>
  /** How texts are cut from now on; null: not at all. */
  truncation: Truncation | null
  /** How texts are filled up from now on; null: not at all. */
  padding: Padding | null
  private readonly json: Readonly<Record<string, JsonObject | null>>
  private readonly changes: readonly Rewrite[]
  private readonly steps: readonly PreStep[]
  private readonly after: Rewrite | null
  private readonly processor: PostProcessor
  private readonly join: (tokens: readonly string[]) => string
  private readonly names: ReadonlyMap<number, string>
  private readonly added: ReadonlyMap<string, number>
  private readonly finder: TokenFinder
  private readonly lateFinder: TokenFinder
  /** What tokens that are found in normalised texts look like there, which is what they are decoded to. */
  private readonly lateNames: ReadonlyMap<number, string>
  /** Do words depend on where in the original they are, so that the quick way does not know them? */
  private readonly asksPlaces: boolean
  private readonly known: WordCache<readonly number[]> = new WordCache()

  constructor(parts: TokenizerParts) {
    requireOptions('Tokenizer', parts, ['model'])
    const { model, normalizer = null, preTokenizer = null, postProcessor = null } = parts
    const { decoder = null, specialTokens = new Map<string, number>(), addedTokens = [] } = parts
    this.model = model
    this.truncation = parts.truncation ?? null
    this.padding = parts.padding ?? null
    this.json = { normalizer, preTokenizer, postProcessor, decoder }
    this.changes = normalizerOf(normalizer)
    this.steps = preTokenizerOf(preTokenizer)
    this.after = this.steps.at(-1)?.after ?? null
    this.processor = postProcessorOf(postProcessor)
    this.join = decoderOf(decoder)
    this.asksPlaces = this.steps.some(
      ({ asksBeginning = false }, i) => asksBeginning && (i > 0 || this.changes.length > 0),
    )
    const special = Array.from(specialTokens, ([content, id]) => ({ id, content, special: true }))
    requireList('Tokenizer', 'addedTokens', addedTokens)
    this.addedTokens = [...special, ...addedTokens]
    this.specialTokens = tokensWhere(this.addedTokens, (token) => token.special === true)
    this.added = tokensWhere(this.addedTokens, () => true)
    this.names = namesOf(model, this.addedTokens)
    const late = (token: AddedToken): boolean => token.normalized === true
    const early = this.addedTokens.filter((token) => !late(token))
    this.finder = new TokenFinder(new Map(early.map((token) => [token.content, token])))
    const forms = this.addedTokens.filter(late).map((token) => {
      return [normalized(token.content, this.changes), token] as const
    })
    this.lateFinder = new TokenFinder(new Map(forms))
    this.lateNames = new Map(forms.map(([form, { id }]) => [id, form]))
  }

  /** How many tokens there are, added ones included. */
  get vocabSize(): number {
    return this.names.size
  }

  /** The number of a token, or null. */
  tokenToId(token: string): number | null {
    return this.added.get(token) ?? this.model.vocab.get(token) ?? null
  }

  /** The token of a number, or null. */
  idToToken(id: number): string | null {
    return this.names.get(id) ?? null
  }

  /**
   * The tokens of a text or of a pair of texts; none for an empty one, but for those that are added.
   *
   * @throws {ValueError} for lengths that cannot be, or letters without a token where a model has none
   * for them.
   */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    const [encoding] = this.encodeBatch([[text, options.pair ?? null]], options)
    return encoding as Encoding
  }

  /** The tokens of several texts or pairs; padding fills them up to the longest. */
  encodeBatch(
    texts: readonly (string | readonly [text: string, pair: string | null])[],
    options: Pick<EncodeOptions, 'addSpecialTokens'> = {},
  ): Encoding[] {
    const { addSpecialTokens = true } = options
    // What is set now holds also for places that are asked for later.
    const { truncation, padding } = this
    requireLengths(truncation, padding)
    const make = (one: (typeof texts)[number], places: boolean): Columns => {
      const both = typeof one === 'string' ? [one] : one.filter((text) => text !== null)
      let parts = both.map((text, i) => this.columns(text, i, places || this.asksPlaces))
      const added = addSpecialTokens ? this.processor.added(parts.length > 1) : 0
      if (truncation !== null) parts = truncate(parts, truncation, added)
      return join(this.processor.process(parts, addSpecialTokens, this.nameOf))
    }
    const all = texts.map((one) => make(one, false))
    const lengths = all.map(({ ids }) => ids.length)
    const length = padding === null ? 0 : paddedLength(lengths, padding)
    const filled = (columns: Columns): Columns =>
      padding === null ? columns : padTo(columns, length, padding)
    return all.map((columns, i) => {
      let found: Columns | null = null
      const withPlaces = (): Columns =>
        (found ??= filled(make(texts[i] as (typeof texts)[number], true)))
      return new Encoding(filled(columns), this.nameOf, withPlaces)
    })
  }

  private readonly nameOf = (id: number): string =>
    this.names.get(id) ?? this.padding?.padToken ?? ''

  private columns(text: string, typeId: number, places: boolean): Columns {
    if (typeof text !== 'string') {
      const rule = `a text must be a string, not ${typeof text}`
      throw new ValueError(
        'Tokenizer.encode',
        {},
        rule,
        'pass texts, or [text, pair] to encodeBatch',
      )
    }
    const whole = (text as unknown as { toWellFormed(): string }).toWellFormed()
    if (places) return this.withPlaces(whole, typeId)
    const ids: number[] = []
    this.eachStretch(whole, (stretch) => this.quickly(whole, stretch, ids))
    return columnsOf(ids, typeId, null, null)
  }

  private eachStretch(text: string, use: (stretch: Stretch) => void): void {
    for (const stretch of this.finder.find(text)) use(stretch)
  }

  private quickly(text: string, stretch: Stretch, ids: number[]): void {
    if (stretch.id !== null) {
      ids.push(stretch.id)
      return
    }
    const own = normalized(text.slice(stretch.start, stretch.end), this.changes)
    for (const inner of this.lateFinder.find(own)) {
      if (inner.id !== null) {
        ids.push(inner.id)
        continue
      }
      const piece = own.slice(inner.start, inner.end)
      const begins = stretch.start === 0 && inner.start === 0
      for (const word of wordsOf(piece, this.steps, begins)) {
        for (const id of this.known.get(word) ?? this.wordIds(word)) ids.push(id)
      }
    }
  }

  private wordIds(word: string): readonly number[] {
    return this.known.set(word, this.model.tokenize(this.after?.apply(word) ?? word))
  }

  private withPlaces(text: string, typeId: number): Columns {
    const ids: number[] = []
    const offsets: Offsets[] = []
    const wordIds: number[] = []
    let words = 0
    const add = (id: number, of: Aligned, start: number, end: number): void => {
      ids.push(id)
      offsets.push([of.starts[start] ?? 0, of.ends[end - 1] ?? 0])
      wordIds.push(words)
    }
    const original = Aligned.of(text)
    this.eachStretch(text, (stretch) => {
      let own = original.slice(stretch.start, stretch.end)
      if (stretch.id === null) for (const change of this.changes) own = own.rewrite(change)
      const inner = stretch.id === null ? this.lateFinder.find(own.text) : [stretch]
      for (const { start, end, id } of inner) {
        const piece = stretch.id === null ? own.slice(start, end) : own
        if (id !== null) {
          add(id, piece, 0, piece.text.length)
          words++
          continue
        }
        for (const word of alignedWordsOf(piece, this.steps)) {
          const found = this.model.pieces(word.text)
          for (const [i, token] of found.ids.entries()) {
            add(token, word, found.spans[2 * i] as number, found.spans[2 * i + 1] as number)
          }
          words++
        }
      }
    })
    return columnsOf(ids, typeId, offsets, wordIds)
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
      if (skipSpecialTokens && this.specialTokens.has(token)) continue
      tokens.push(this.lateNames.get(id) ?? token)
    }
    return this.join(tokens)
  }

  /** The texts of several lists of tokens. */
  decodeBatch(
    lists: Iterable<Iterable<number>>,
    options: { readonly skipSpecialTokens?: boolean } = {},
  ): string[] {
    return Array.from(lists, (ids) => this.decode(ids, options))
  }

  /** What tokenizer.json holds; `JSON.stringify` writes it. */
  toJSON(): Record<string, unknown> {
    return {
      version: '1.0',
      truncation: truncationJson(this.truncation),
      padding: paddingJson(this.padding),
      added_tokens: this.addedTokens.map(addedTokenJson),
      normalizer: this.json['normalizer'],
      pre_tokenizer: this.json['preTokenizer'],
      post_processor: this.json['postProcessor'],
      decoder: this.json['decoder'],
      model: this.model.toJSON(),
    }
  }

  /** Reads the text of a tokenizer.json. */
  static fromJSON(text: string): Tokenizer {
    let json: JsonObject
    try {
      json = JSON.parse(text) as JsonObject
    } catch (error) {
      return damaged(`the text is no JSON: ${(error as Error).message}`)
    }
    if (typeof json !== 'object' || json === null) damaged('the text is no object of JSON')
    const part = (name: string): JsonObject | null =>
      (json[name] ?? null) === null ? null : field(json, name, 'object')
    return new Tokenizer({
      model: modelOf(field(json, 'model', 'object')),
      normalizer: part('normalizer'),
      preTokenizer: part('pre_tokenizer'),
      postProcessor: part('post_processor'),
      decoder: part('decoder'),
      addedTokens:
        (json['added_tokens'] ?? null) === null
          ? []
          : objects(json, 'added_tokens').map(addedTokenOf),
      truncation: truncationOf(part('truncation')),
      padding: paddingOf(part('padding')),
    })
  }
}
