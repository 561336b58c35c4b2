/** What models of subwords have in common. */
import { requireMap } from '../../inputs.ts'
import { ValueError } from '@flambeau/core'
import { requireText } from '@flambeau/core/internal'

/** The tokens of a word with their places in it, as start and end in turn, in UTF-16 units. */
export interface Pieces {
  readonly ids: readonly number[]
  readonly spans: readonly number[]
}

/** Cuts words into the tokens of a vocabulary. */
export interface SubwordModel {
  readonly vocab: ReadonlyMap<string, number>
  /** The tokens of a word. */
  tokenize(word: string): readonly number[]
  /** The tokens of a word with their places in it. */
  pieces(word: string): Pieces
  /** As in tokenizer.json. */
  toJSON(): Record<string, unknown>
}

/** The number of a token of the vocabulary. @throws {ValueError} if it is not there. @internal */
export function idOf(vocab: ReadonlyMap<string, number>, token: string, what: string): number {
  requireMap('Tokenizer', vocab)
  requireText('Tokenizer', what, token)
  const id = vocab.get(token)
  if (id !== undefined) return id
  const rule = `${what} '${token}' is not in the vocabulary`
  throw new ValueError('Tokenizer', {}, rule, 'add it to the vocabulary')
}

const encoder = new TextEncoder()

/** The names of the 256 bytes that stand for letters which a vocabulary does not have. @internal */
export const BYTE_NAMES: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
)

/** The tokens of a text's bytes; null if one is missing. @internal */
export function fallback(vocab: ReadonlyMap<string, number>, text: string): number[] | null {
  const ids: number[] = []
  for (const byte of encoder.encode(text)) {
    const id = vocab.get(BYTE_NAMES[byte] as string)
    if (id === undefined) return null
    ids.push(id)
  }
  return ids
}

/** How many words' tokens are kept, and how long these may be. */
const MEMORY = 50_000
const LONGEST = 256

/** Tokens of words that were there before. @internal */
export class WordCache<T> {
  private readonly known: Map<string, T> = new Map()

  get(word: string): T | undefined {
    return this.known.get(word)
  }

  set(word: string, value: T): T {
    if (word.length > LONGEST) return value
    if (this.known.size >= MEMORY) this.known.clear()
    this.known.set(word, value)
    return value
  }
}
