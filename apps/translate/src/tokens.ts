/** Texts as numbers, for both languages alike. */
import type { Tokenizer } from '@flambeau/sequence-models'
import { trainBPE } from '@flambeau/sequence-models'
import type { Pair } from './pairs.ts'

export const PAD = 0
export const BOS = 1
export const EOS = 2
const SPECIAL = ['<pad>', '<bos>', '<eos>'] as const

/** Byte pairs of both languages: words that are alike in both have the same numbers. */
export function tokenizerFor(pairs: readonly Pair[], vocabSize: number): Tokenizer {
  return trainBPE(pairs.flat(), { vocabSize, specialTokens: SPECIAL })
}

/** A text with its end. */
export function encode(tokenizer: Tokenizer, text: string): number[] {
  return [...tokenizer.encode(text).ids, EOS]
}

/** The text of tokens, up to their end. */
export function decode(tokenizer: Tokenizer, ids: readonly number[]): string {
  const end = ids.indexOf(EOS)
  return tokenizer.decode(end < 0 ? ids : ids.slice(0, end)).trim()
}

/** A name for each token, for pictures. */
export function names(tokenizer: Tokenizer, ids: readonly number[]): string[] {
  return ids.map((id) => SPECIAL[id] ?? tokenizer.decode([id]).trim())
}
