/** Text as bytes that can be read: each byte stands for one letter, as GPT-2 has it. */
import type { Rewrite } from './aligned.ts'
import { replacing } from './aligned.ts'

/** The letter of each byte: itself where it can be seen, or else the next ones from U+0100 on. */
export const BYTE_LETTERS: readonly string[] = (() => {
  const shown = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(shown(byte) ? byte : next++))
})()

/** The letter of a space, Ġ. */
export const SPACE_LETTER: string = BYTE_LETTERS[32] as string

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_LETTERS.map((letter, i) => [letter, i]))
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Words with the space before them. \s would have U+FEFF and lack U+0085, other than White_Space. */
export const BYTE_LEVEL_WORDS: RegExp =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

/** The letters of a text's bytes in UTF-8. */
function toByteLetters(text: string): string {
  // Most words: letters that stand for themselves, behind a space.
  if (/^ ?[!-~]*$/.test(text)) return text.replace(' ', SPACE_LETTER)
  let letters = ''
  for (const byte of encoder.encode(text)) letters += BYTE_LETTERS[byte] as string
  return letters
}

const letterByLetter = replacing(/[^!-~]/gu, toByteLetters)

/** The letters of bytes in place of text. */
export const byteLetters: Rewrite = {
  apply: toByteLetters,
  edits: (text) => letterByLetter.edits(text),
}

/** The text of letters of bytes; tokens with other letters, as special ones, are text themselves. */
export function fromByteLetters(tokens: readonly string[]): string {
  const bytes: number[] = []
  for (const token of tokens) {
    const own = Array.from(token, (letter) => BYTES.get(letter))
    for (const byte of own.includes(undefined) ? encoder.encode(token) : own) {
      bytes.push(byte as number)
    }
  }
  return decoder.decode(Uint8Array.from(bytes))
}

/** The text of bytes in UTF-8; U+FFFD where they are none. */
export function fromBytes(bytes: readonly number[]): string {
  return decoder.decode(Uint8Array.from(bytes))
}
