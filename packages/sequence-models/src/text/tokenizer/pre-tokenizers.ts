/** What cuts texts into words, by the names of tokenizer.json. */
import type { Rewrite } from './aligned.ts'
import type { Aligned } from './aligned.ts'
import { last, replacing } from './aligned.ts'
import { BYTE_LEVEL_WORDS, byteLetters } from './byte-level.ts'
import type { JsonObject } from './json.ts'
import { choice, damaged, field, objects, unsupported, wholeNumber } from './json.ts'
import { exactly, patternOf } from './pattern.ts'

/** One step: a change, cuts, and a change of each word. */
export interface PreStep {
  /** `begins`: the piece is at the original text's beginning. */
  readonly before?: (text: string, begins: boolean) => Rewrite | null
  /** Asks `before` for `begins`? */
  readonly asksBeginning?: boolean
  /** Where words begin and end, in turn; without it the text is one word. */
  readonly cut?: (text: string) => readonly number[]
  /** The words that `cut` would make, more quickly. */
  readonly words?: (text: string) => readonly string[]
  readonly after?: Rewrite
}

const BEHAVIORS = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const
type Behavior = (typeof BEHAVIORS)[number]

/** The steps of a pre-tokenizer. @throws {ValueError} @internal */
export function preTokenizerOf(json: JsonObject | null): readonly PreStep[] {
  if (json === null) return []
  const type = field(json, 'type', 'string')
  switch (type) {
    case 'Sequence':
      return objects(json, 'pretokenizers').flatMap(preTokenizerOf)
    case 'ByteLevel':
      return [byteLevel(json)]
    case 'Whitespace':
      return [matches(WORDS_AND_SIGNS)]
    case 'WhitespaceSplit':
      return [matches(/\P{White_Space}+/gu)]
    case 'BertPreTokenizer':
      return [matches(/[\p{P}$+<=>^`|~]|[^\p{White_Space}\p{P}$+<=>^`|~]+/gu)]
    case 'Metaspace':
      return [metaspace(json)]
    case 'Punctuation':
      return [split(/[\p{P}$+<=>^`|~]/gu, choice(json, 'behavior', BEHAVIORS, 'Isolated'))]
    case 'Digits': {
      const single = field(json, 'individual_digits', 'boolean')
      return [split(/\p{N}/gu, single ? 'Isolated' : 'Contiguous')]
    }
    case 'Split': {
      const pattern = patternOf('Split', json['pattern'])
      const behavior = choice(json, 'behavior', BEHAVIORS)
      return [split(pattern, behavior, field(json, 'invert', 'boolean', false))]
    }
    case 'CharDelimiterSplit':
      return [split(exactly([field(json, 'delimiter', 'string')]), 'Removed')]
    case 'FixedLength': {
      const length = wholeNumber(json, 'length')
      if (length === 0) damaged("'length' of FixedLength must be at least 1")
      return [matches(new RegExp(`[^]{1,${length}}`, 'gu'))]
    }
    default:
      return unsupported('the pre-tokenizer', json)
  }
}

const WORDS_AND_SIGNS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D\p{White_Space}]+/gu

function byteLevel(json: JsonObject): PreStep {
  const prefix = field(json, 'add_prefix_space', 'boolean')
  const cuts = field(json, 'use_regex', 'boolean', true) ? split(BYTE_LEVEL_WORDS, 'Isolated') : {}
  const space = replacing(/^[^]/gu, (letter) => ` ${letter}`)
  const before = (text: string): Rewrite | null =>
    prefix && !/^\p{White_Space}/u.test(text) ? space : null
  return { ...cuts, before, after: byteLetters }
}

function metaspace(json: JsonObject): PreStep {
  const sign = metaspaceSign(json)
  const scheme = prependScheme(json)
  const spaces = replacing(/ /g, () => sign, last)
  const prepended = replacing(/^[^]/gu, (letter) => sign + letter)
  const step: PreStep = {
    asksBeginning: scheme === 'first',
    before(text, begins) {
      const starts = text === '' || text.startsWith(sign) || text.startsWith(' ')
      if (starts || scheme === 'never' || (scheme === 'first' && !begins)) return spaces
      return {
        apply: (whole) => sign + spaces.apply(whole),
        // The two changes meet nowhere: the first letter is no space.
        edits: (whole) => [...prepended.edits(whole), ...spaces.edits(whole)],
      }
    },
  }
  const cuts = field(json, 'split', 'boolean', true) ? split(exactly([sign]), 'MergedWithNext') : {}
  return { ...cuts, ...step }
}

/** The one letter that stands for a space. @throws {ValueError} @internal */
export function metaspaceSign(json: JsonObject): string {
  const sign = field(json, 'replacement', 'string', '▁')
  return Array.from(sign).length === 1 ? sign : damaged("'replacement' must be one letter")
}

/** Older files say `add_prefix_space`. @throws {ValueError} @internal */
export function prependScheme(json: JsonObject): 'always' | 'first' | 'never' {
  const old = field(json, 'add_prefix_space', 'boolean', true) ? 'always' : 'never'
  return choice(json, 'prepend_scheme', ['always', 'first', 'never'], old)
}

/** Words are what the pattern finds. */
function matches(pattern: RegExp): PreStep {
  return {
    words: (text) => text.match(pattern) ?? [],
    cut: (text) => {
      const places: number[] = []
      for (const { 0: found, index } of text.matchAll(pattern)) {
        places.push(index, index + found.length)
      }
      return places
    },
  }
}

/** Cuts at what the pattern finds (or with `invert` does not find), and does with that as said. */
function split(pattern: RegExp, behavior: Behavior, invert = false): PreStep {
  const cut = (text: string): number[] => {
    // Pieces as start, end, and whether the pattern found them.
    const pieces: [start: number, end: number, found: boolean][] = []
    let at = 0
    for (const { 0: match, index } of text.matchAll(pattern)) {
      if (match === '') continue
      if (index > at) pieces.push([at, index, invert])
      at = index + match.length
      pieces.push([index, at, !invert])
    }
    if (at < text.length) pieces.push([at, text.length, invert])
    return behave(pieces, behavior)
  }
  const slices = (text: string): string[] => {
    const places = cut(text)
    return Array.from({ length: places.length / 2 }, (_, i) =>
      text.slice(places[2 * i], places[2 * i + 1]),
    )
  }
  if (behavior !== 'Isolated') return { cut, words: slices }
  return {
    cut,
    // Most patterns find all of a text.
    words(text) {
      const found: readonly string[] = text.match(pattern) ?? []
      let length = 0
      for (const word of found) length += word.length
      return length === text.length && !found.includes('') ? found : slices(text)
    },
  }
}

function behave(pieces: [number, number, boolean][], behavior: Behavior): number[] {
  const kept = behavior === 'Removed' ? pieces.filter(([, , found]) => !found) : pieces
  const joins = (i: number): boolean => {
    const here = kept[i]?.[2]
    const before = kept[i - 1]?.[2]
    if (behavior === 'Contiguous') return here === before
    if (behavior === 'MergedWithPrevious') return here === true && before === false
    return behavior === 'MergedWithNext' && here === false && before === true
  }
  const places: number[] = []
  for (const [i, [start, end]] of kept.entries()) {
    if (i > 0 && joins(i)) places[places.length - 1] = end
    else places.push(start, end)
  }
  return places
}

/** The words of a text, but for the last step's `after`. @internal */
export function wordsOf(text: string, steps: readonly PreStep[], begins: boolean): string[] {
  let words: readonly string[] = text === '' ? [] : [text]
  for (const [i, step] of steps.entries()) {
    const next: string[] = []
    for (const [k, word] of words.entries()) {
      const changed = step.before?.(word, begins && k === 0)?.apply(word) ?? word
      const made = step.words?.(changed) ?? [changed]
      const after = i === steps.length - 1 ? undefined : step.after
      for (const one of made)
        if (one !== '') next.push(after === undefined ? one : after.apply(one))
    }
    words = next
  }
  return words as string[]
}

/** The words with their places, after all steps. @internal */
export function alignedWordsOf(text: Aligned, steps: readonly PreStep[]): Aligned[] {
  let words = text.text === '' ? [] : [text]
  for (const step of steps) {
    const next: Aligned[] = []
    for (const word of words) {
      const change = step.before?.(word.text, word.starts[0] === 0) ?? null
      const changed = change === null ? word : word.rewrite(change)
      const places = step.cut?.(changed.text) ?? [0, changed.text.length]
      for (let i = 0; i < places.length; i += 2) {
        const one = changed.slice(places[i] as number, places[i + 1] as number)
        if (one.text !== '') next.push(step.after === undefined ? one : one.rewrite(step.after))
      }
    }
    words = next
  }
  return words
}
