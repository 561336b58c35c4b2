/** What is done to texts first, by the names of tokenizer.json. */
import type { Edit, Origin, Rewrite } from './aligned.ts'
import { each, last, replacing } from './aligned.ts'
import { byteLetters } from './byte-level.ts'
import type { JsonObject } from './json.ts'
import { damaged, field, objects, unsupported } from './json.ts'
import { patternOf } from './pattern.ts'
import { precompiled } from './precompiled.ts'

/** The changes that a normalizer makes, one after the other. @throws {ValueError} @internal */
export function normalizerOf(json: JsonObject | null): readonly Rewrite[] {
  if (json === null) return []
  const type = field(json, 'type', 'string')
  switch (type) {
    case 'Sequence':
      return objects(json, 'normalizers').flatMap(normalizerOf)
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return [unicodeForm(type)]
    case 'Lowercase':
      return [lowercase]
    case 'StripAccents':
      return [replacing(/\p{M}/gu, () => '')]
    case 'BertNormalizer':
      return bertNormalizer(json)
    case 'Replace': {
      const content = field(json, 'content', 'string')
      return [replacing(patternOf('Replace', json['pattern']), () => content, last)]
    }
    case 'Prepend': {
      const prefix = field(json, 'prepend', 'string')
      return [replacing(/^[^]/gu, (letter) => prefix + letter)]
    }
    case 'Strip':
      return strip(field(json, 'strip_left', 'boolean'), field(json, 'strip_right', 'boolean'))
    case 'Nmt':
      return [
        replacing(/(?![\0\t\n\f\r])\p{Cc}/gu, dropControl),
        replacing(/[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/g, () => ' '),
      ]
    case 'ByteLevel':
      return [byteLetters]
    case 'Precompiled':
      return [precompiled(field(json, 'precompiled_charsmap', 'string'))]
    default:
      return unsupported('the normalizer', json)
  }
}

/** A text after all changes. @internal */
export function normalized(text: string, changes: readonly Rewrite[]): string {
  let out = text
  for (const change of changes) out = change.apply(out)
  return out
}

/** Of the controls U+0080 and on only two. */
const dropControl = (letter: string): string =>
  /[\u0080-\u008E\u0090-\u009E]/.test(letter) ? letter : ''

function strip(left: boolean, right: boolean): Rewrite[] {
  const changes: Rewrite[] = []
  if (left) changes.push(replacing(/^\p{White_Space}+/gu, () => ''))
  // Not /\s+$/, which looks at each run of spaces from each of its letters.
  if (right) changes.push(trailing)
  return changes
}

const trailing: Rewrite = {
  apply: (text) => text.slice(0, endOfWords(text)),
  edits(text) {
    const start = endOfWords(text)
    return start === text.length ? [] : [{ start, end: text.length, text: '', from: [] }]
  },
}

function endOfWords(text: string): number {
  let end = text.length
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1] as string)) end--
  return end
}

const lowerLetters = replacing(/[^]/gu, (letter) => letter.toLowerCase())

/** Letter by letter, as Rust does: Σ is σ also at the end of a word. */
const lowercase: Rewrite = {
  apply: (text) => text.replaceAll('Σ', 'σ').toLowerCase(),
  edits: (text) => lowerLetters.edits(text),
}

function unicodeForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Rewrite {
  const apply = (text: string): string => text.normalize(form)
  const parts = form.includes('K') ? 'NFKD' : 'NFD'
  // A letter that is made of several stands for where the first of them came from.
  const origin: Origin = (match, replacement, start) => {
    const sources: number[] = []
    let at = start
    for (const letter of match) {
      for (const _ of letter.normalize(parts)) sources.push(at)
      at += letter.length
    }
    const from: number[] = []
    let next = 0
    for (const letter of replacement) {
      const source = sources[Math.min(next, sources.length - 1)] as number
      for (let i = 0; i < letter.length; i++) from.push(source)
      next += Array.from(letter.normalize(parts)).length
    }
    return from
  }
  // A letter with its marks; the syllables of Hangul together.
  const pieces = replacing(/[\u1100-\u11FF]+|\P{M}?\p{M}+|\P{M}/gu, apply, origin)
  return {
    apply,
    edits(text) {
      const edits = pieces.edits(text)
      const whole = apply(text)
      if (joined(text, edits) === whole) return edits
      return [{ start: 0, end: text.length, text: whole, from: each(text, whole, 0) }]
    },
  }
}

function joined(text: string, edits: readonly Edit[]): string {
  let out = ''
  let at = 0
  for (const edit of edits) {
    out += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return out + text.slice(at)
}

const CHINESE =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu

function bertNormalizer(json: JsonObject): Rewrite[] {
  const on = (name: string): boolean => field(json, name, 'boolean', true)
  const lower = on('lowercase')
  const accents = json['strip_accents'] ?? null
  if (accents !== null && typeof accents !== 'boolean') damaged("'strip_accents' must be a boolean")
  const changes: Rewrite[] = []
  if (on('clean_text')) {
    changes.push(replacing(/[^\P{C}\t\n\r]|\uFFFD/gu, () => ''))
    changes.push(replacing(/\p{White_Space}/gu, () => ' '))
  }
  if (on('handle_chinese_chars'))
    changes.push(replacing(CHINESE, (letter) => ` ${letter} `, around))
  if (accents ?? lower)
    changes.push(
      unicodeForm('NFD'),
      replacing(/\p{Mn}/gu, () => ''),
    )
  if (lower) changes.push(lowercase)
  return changes
}

/** All stand for the letter in the middle. */
const around: Origin = (_, replacement, start) =>
  Array.from({ length: replacement.length }, () => start)
