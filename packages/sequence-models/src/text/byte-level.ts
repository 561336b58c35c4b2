/** Text as bytes that can be read: each byte stands for one letter, as GPT-2 has it. */

/** The letter of each byte: itself where it can be seen, or else the next ones from U+0100 on. */
export const BYTE_LETTERS: readonly string[] = (() => {
  const shown = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(shown(byte) ? byte : next++))
})()

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_LETTERS.map((letter, i) => [letter, i]))
// \s would have U+FEFF and lack U+0085, other than in Unicode's White_Space.
const WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Words with the space before them. */
export function splitWords(text: string): string[] {
  return text.match(WORDS) ?? []
}

/** The letters of a text's bytes in UTF-8. */
export function toByteLetters(text: string): string {
  // Most words: letters that stand for themselves, behind a space.
  if (/^ ?[!-~]*$/.test(text)) return text.replace(' ', BYTE_LETTERS[32] as string)
  let letters = ''
  for (const byte of encoder.encode(text)) letters += BYTE_LETTERS[byte] as string
  return letters
}

/** The text of letters of bytes; tokens with other letters, as special ones, are text themselves. */
export function fromByteLetters(tokens: readonly string[]): string {
  const bytes: number[] = []
  for (const token of tokens) {
    const letters = Array.from(token)
    const own = letters.map((letter) => BYTES.get(letter))
    if (own.includes(undefined)) bytes.push(...encoder.encode(token))
    else bytes.push(...(own as number[]))
  }
  return decoder.decode(Uint8Array.from(bytes))
}
