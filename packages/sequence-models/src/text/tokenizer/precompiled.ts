/** The character map of SentencePiece: what letters are replaced by, in a double-array trie. */
import type { Edit, Rewrite } from './aligned.ts'
import { each } from './aligned.ts'
import { damaged } from './json.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * Replaces letters (or a few that make one on the screen) by what a map in base64 has for them. Its
 * layout: the trie's size in bytes (uint32), the trie (uint32 units), the replacements, each with a zero
 * behind it.
 *
 * @throws {ValueError} if the map is damaged. @internal
 */
export function precompiled(base64: string): Rewrite {
  const bytes = Buffer.from(base64, 'base64')
  const size = bytes.length < 4 ? -1 : bytes.readUInt32LE(0)
  if (size < 4 || size % 4 !== 0 || size > bytes.length - 4) {
    damaged(`'precompiled_charsmap' has ${bytes.length} bytes, and a trie of ${size}`)
  }
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i))
  const texts = bytes.subarray(4 + size)
  const known = new Map<string, string | null>()
  const find = (letters: string): string | null => {
    let found = known.get(letters)
    if (found === undefined) {
      const place = shortest(trie, encoder.encode(letters))
      found = place === null ? null : textAt(texts, place)
      known.set(letters, found)
    }
    return found
  }
  const edits = (text: string): Edit[] => {
    const out: Edit[] = []
    const replace = (letters: string, start: number, made: string): void => {
      if (made === letters) return
      const end = start + letters.length
      out.push({ start, end, text: made, from: each(letters, made, start) })
    }
    for (const { segment, index } of lettersOf(text)) {
      const whole = encoder.encode(segment).length < 6 ? find(segment) : null
      if (whole !== null) {
        replace(segment, index, whole)
        continue
      }
      let at = index
      for (const letter of segment) {
        const made = find(letter)
        if (made !== null) replace(letter, at, made)
        at += letter.length
      }
    }
    return out
  }
  return {
    edits,
    apply(text) {
      let out = ''
      let at = 0
      for (const edit of edits(text)) {
        out += text.slice(at, edit.start) + edit.text
        at = edit.end
      }
      return out + text.slice(at)
    },
  }
}

/** What one sees as letters, with their places. */
function lettersOf(text: string): Iterable<{ readonly segment: string; readonly index: number }> {
  // In ASCII only a line break of two is one letter.
  if (/[^\0-\x7F]|\r\n/.test(text)) return graphemes.segment(text)
  return Array.from(text, (segment, index) => ({ segment, index }))
}

/** The value of the shortest key that begins `key`. A unit: label or value, a flag for a leaf, offset. */
function shortest(trie: Uint32Array, key: Uint8Array): number | null {
  const unitAt = (place: number): number =>
    trie[place] ?? damaged(`'precompiled_charsmap' has no unit ${place}`)
  const offset = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
  let place = offset(unitAt(0))
  for (const byte of key) {
    if (byte === 0) return null
    place ^= byte
    const unit = unitAt(place)
    if ((unit & 0x800000ff) >>> 0 !== byte) return null
    place ^= offset(unit)
    if ((unit & 0x100) !== 0) return unitAt(place) & 0x7fffffff
  }
  return null
}

function textAt(texts: Uint8Array, place: number): string {
  const end = texts.indexOf(0, place)
  return decoder.decode(texts.subarray(place, end < 0 ? texts.length : end))
}
