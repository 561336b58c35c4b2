import type { Columns, Offsets } from './columns.ts'

/**
 * A text, or a pair of texts, as tokens. Offsets and words are found when they are asked for.
 *
 * @example
 * ```ts
 * import { trainBPE } from '@flambeau/sequence-models/text'
 * const text = 'hug 😀'
 * const encoding = trainBPE(['hug hugs'], { vocabSize: 259 }).encode(text)
 * console.log(encoding.tokens[0], encoding.offsets[0]) // => hug [ 0, 3 ]
 * const [start, end] = encoding.offsets.at(-1)!
 * console.log(text.slice(start, end)) // => 😀
 * ```
 */
export class Encoding {
  readonly ids: number[]
  /** 0 for the first text of a pair, 1 for the second, as the post-processor has it. */
  readonly typeIds: number[]
  /** 0 for padding, or else 1. */
  readonly attentionMask: number[]
  /** 1 for tokens that the post-processor added and padding, or else 0. */
  readonly specialTokensMask: number[]
  /** What truncation cut off. */
  readonly overflowing: readonly Encoding[]
  private readonly nameOf: (id: number) => string
  private readonly withPlaces: () => Columns

  /** @internal */
  constructor(columns: Columns, nameOf: (id: number) => string, withPlaces: () => Columns) {
    this.ids = columns.ids
    this.typeIds = columns.typeIds
    this.attentionMask = columns.attentionMask
    this.specialTokensMask = columns.specialTokensMask
    this.overflowing = columns.overflowing.map(
      (one, i) => new Encoding(one, nameOf, () => withPlaces().overflowing[i] as Columns),
    )
    this.nameOf = nameOf
    this.withPlaces = withPlaces
  }

  /** The names of the tokens. */
  get tokens(): string[] {
    return this.ids.map(this.nameOf)
  }

  /**
   * Where in its text each token is, in UTF-16 units: `text.slice(start, end)`. Tokens that hold a part
   * of a letter have the place of the whole; those that were added have `[0, 0]`.
   */
  get offsets(): readonly Offsets[] {
    return this.withPlaces().offsets as readonly Offsets[]
  }

  /** The place of each token's word among its text's; null for those that were added. */
  get wordIds(): readonly (number | null)[] {
    return this.withPlaces().wordIds as readonly (number | null)[]
  }
}
