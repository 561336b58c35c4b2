/** Texts as tokens, how they are cut to a length and filled up to one. */
import { ValueError } from '@flambeau/core'
import { requireCounts } from '@flambeau/core/internal'
import type { JsonObject } from './json.ts'
import { choice, damaged, field, unsupported, wholeNumber } from './json.ts'

/** Where in a text a token is, in UTF-16 units: `text.slice(start, end)`; `[0, 0]` for added ones. */
export type Offsets = readonly [start: number, end: number]

/** Columns of an encoding; places are null where nobody asked for them. @internal */
export interface Columns {
  readonly ids: number[]
  readonly typeIds: number[]
  readonly attentionMask: number[]
  readonly specialTokensMask: number[]
  readonly offsets: readonly Offsets[] | null
  readonly wordIds: readonly (number | null)[] | null
  readonly overflowing: readonly Columns[]
}

/** Columns of tokens of a text. @internal */
export function columnsOf(
  ids: number[],
  typeId: number,
  offsets: readonly Offsets[] | null,
  wordIds: readonly (number | null)[] | null,
  special = 0,
): Columns {
  const filled = (value: number): number[] => Array<number>(ids.length).fill(value)
  return {
    ids,
    typeIds: filled(typeId),
    attentionMask: filled(1),
    specialTokensMask: filled(special),
    offsets,
    wordIds,
    overflowing: [],
  }
}

/** Tokens that stand for nothing in a text. @internal */
export function addedColumns(ids: number[], typeId: number, places: boolean): Columns {
  const none = ids.map((): Offsets => [0, 0])
  const words = ids.map(() => null)
  return columnsOf(ids, typeId, places ? none : null, places ? words : null, 1)
}

/** @internal */
export function withType(columns: Columns, typeId: number): Columns {
  const typeIds = columns.ids.map(() => typeId)
  return { ...columns, typeIds, overflowing: columns.overflowing.map((o) => withType(o, typeId)) }
}

function joinTwo(a: Columns, b: Columns): Columns {
  const overflowing: Columns[] = []
  for (const one of a.overflowing) {
    overflowing.push(joinTwo(one, b), ...b.overflowing.map((other) => joinTwo(one, other)))
  }
  const own = { ...a, overflowing: [] }
  overflowing.push(...b.overflowing.map((other) => joinTwo(own, { ...other, overflowing: [] })))
  return {
    ids: a.ids.concat(b.ids),
    typeIds: a.typeIds.concat(b.typeIds),
    attentionMask: a.attentionMask.concat(b.attentionMask),
    specialTokensMask: a.specialTokensMask.concat(b.specialTokensMask),
    offsets: a.offsets && b.offsets && a.offsets.concat(b.offsets),
    wordIds: a.wordIds && b.wordIds && a.wordIds.concat(b.wordIds),
    overflowing,
  }
}

/** One behind the other; what was cut off is joined with each of the others' pieces. @internal */
export function join(parts: readonly Columns[]): Columns {
  return parts.reduce(joinTwo)
}

function slice(columns: Columns, start: number, end: number): Columns {
  return {
    ids: columns.ids.slice(start, end),
    typeIds: columns.typeIds.slice(start, end),
    attentionMask: columns.attentionMask.slice(start, end),
    specialTokensMask: columns.specialTokensMask.slice(start, end),
    offsets: columns.offsets?.slice(start, end) ?? null,
    wordIds: columns.wordIds?.slice(start, end) ?? null,
    overflowing: [],
  }
}

/** How texts are cut to a length. */
export interface Truncation {
  /** Tokens with special ones. */
  readonly maxLength: number
  /** How many tokens the pieces behind a cut repeat. Default 0. */
  readonly stride?: number
  /** Which text of a pair is cut. Default 'longest_first'. */
  readonly strategy?: 'longest_first' | 'only_first' | 'only_second'
  /** Which end is cut off. Default 'right'. */
  readonly direction?: 'left' | 'right'
}

/** How texts are filled up. */
export interface Padding {
  /** Up to this many tokens. Default null: as many as the longest of a batch has. */
  readonly length?: number | null
  /** Up to a multiple of this. Default null. */
  readonly padToMultipleOf?: number | null
  /** Default 0. */
  readonly padId?: number
  /** Default 0. */
  readonly padTypeId?: number
  /** Default '[PAD]'. */
  readonly padToken?: string
  /** Default 'right'. */
  readonly direction?: 'left' | 'right'
}

const fail = (rule: string, fix: string): never => {
  throw new ValueError('Tokenizer.encode', {}, rule, fix)
}

function cut(columns: Columns, length: number, options: Truncation): Columns {
  const { stride = 0, direction = 'right' } = options
  const size = columns.ids.length
  if (length >= size) return columns
  if (length === 0) return { ...slice(columns, 0, 0), overflowing: [columns] }
  if (stride >= length) {
    fail(
      `stride (${stride}) must be less than the ${length} tokens that are left of a text`,
      'pass a smaller stride or a larger maxLength',
    )
  }
  const pieces: Columns[] = []
  for (let begin = 0; ; begin += length - stride) {
    const end = Math.min(begin + length, size)
    pieces.push(
      direction === 'right' ? slice(columns, begin, end) : slice(columns, size - end, size - begin),
    )
    if (end === size) break
  }
  const [first, ...overflowing] = pieces as [Columns, ...Columns[]]
  return { ...first, overflowing }
}

/** Cuts one text or two so that with `added` tokens they have the length. @internal */
export function truncate(parts: Columns[], options: Truncation, added: number): Columns[] {
  const { maxLength, strategy = 'longest_first' } = options
  const most = maxLength - added
  if (most < 0) {
    fail(`maxLength (${maxLength}) does not hold ${added} special tokens`, 'pass a larger one')
  }
  const lengths = parts.map(({ ids }) => ids.length)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  if (most === 0) return parts.map((part) => cut(part, 0, options))
  if (total <= most) return parts
  if (strategy === 'longest_first') {
    const [n = 0, m = 0] = lengths
    if (parts.length === 1) return [cut(parts[0] as Columns, most, options)]
    // The longer one is cut to the length of the other, then both.
    const short = Math.min(n, m)
    let [least, rest] = [short, Math.max(short, most - short)]
    if (least + rest > most) {
      least = Math.floor(most / 2)
      rest = most - least
    }
    const wanted = n > m ? [rest, least] : [least, rest]
    return parts.map((part, i) => cut(part, wanted[i] as number, options))
  }
  const place = strategy === 'only_first' ? 0 : 1
  const length = lengths[place]
  if (length === undefined) return fail('only_second cuts the second text', 'pass a pair')
  if (length <= total - most) {
    fail(`cutting the text of ${length} tokens does not give ${maxLength}`, 'use longest_first')
  }
  const wanted = length - (total - most)
  return parts.map((part, i) => (i === place ? cut(part, wanted, options) : part))
}

/** @internal */
export function padTo(columns: Columns, length: number, options: Padding): Columns {
  const { padId = 0, padTypeId = 0, direction = 'right' } = options
  const overflowing = columns.overflowing.map((one) => padTo(one, length, options))
  const missing = length - columns.ids.length
  if (missing <= 0) return { ...columns, overflowing }
  const filler = addedColumns(
    Array<number>(missing).fill(padId),
    padTypeId,
    columns.offsets !== null,
  )
  const padding = { ...filler, attentionMask: filler.ids.map(() => 0) }
  const own = { ...columns, overflowing: [] }
  const joined = direction === 'right' ? joinTwo(own, padding) : joinTwo(padding, own)
  return { ...joined, overflowing }
}

/** The length that padding gives texts of these lengths. @internal */
export function paddedLength(lengths: readonly number[], options: Padding): number {
  const { length = null, padToMultipleOf = null } = options
  const wanted = length ?? lengths.reduce((most, n) => Math.max(most, n), 0)
  const step = padToMultipleOf ?? 0
  return step > 0 ? Math.ceil(wanted / step) * step : wanted
}

const DIRECTIONS = ['Left', 'Right'] as const
const STRATEGIES = ['LongestFirst', 'OnlyFirst', 'OnlySecond'] as const
const snake = { LongestFirst: 'longest_first', OnlyFirst: 'only_first', OnlySecond: 'only_second' }

/** `truncation` of tokenizer.json. @throws {ValueError} @internal */
export function truncationOf(json: JsonObject | null): Truncation | null {
  if (json === null) return null
  return {
    maxLength: wholeNumber(json, 'max_length'),
    stride: wholeNumber(json, 'stride', 0),
    strategy: snake[choice(json, 'strategy', STRATEGIES)] as Truncation['strategy'] & string,
    direction: choice(json, 'direction', DIRECTIONS, 'Right') === 'Left' ? 'left' : 'right',
  }
}

/** @internal */
export function truncationJson(truncation: Truncation | null): JsonObject | null {
  if (truncation === null) return null
  const { maxLength, stride = 0, strategy = 'longest_first', direction = 'right' } = truncation
  return {
    direction: direction === 'left' ? 'Left' : 'Right',
    max_length: maxLength,
    strategy: STRATEGIES.find((name) => snake[name] === strategy),
    stride,
  }
}

/** `padding` of tokenizer.json. @throws {ValueError} @internal */
export function paddingOf(json: JsonObject | null): Padding | null {
  if (json === null) return null
  const strategy = json['strategy']
  const fixed = typeof strategy === 'object' && strategy !== null
  if (!fixed && strategy !== 'BatchLongest') unsupported('the strategy of padding', strategy)
  const multiple = json['pad_to_multiple_of'] ?? null
  return {
    length: fixed ? wholeNumber(strategy as JsonObject, 'Fixed') : null,
    padToMultipleOf: multiple === null ? null : wholeNumber(json, 'pad_to_multiple_of'),
    padId: wholeNumber(json, 'pad_id'),
    padTypeId: wholeNumber(json, 'pad_type_id'),
    padToken: field(json, 'pad_token', 'string'),
    direction: choice(json, 'direction', DIRECTIONS) === 'Left' ? 'left' : 'right',
  }
}

/** @internal */
export function paddingJson(padding: Padding | null): JsonObject | null {
  if (padding === null) return null
  const { length = null, padToMultipleOf = null, padId = 0, padTypeId = 0 } = padding
  const { padToken = '[PAD]', direction = 'right' } = padding
  if (padToken === '') damaged('padToken must not be empty')
  return {
    strategy: length === null ? 'BatchLongest' : { Fixed: length },
    direction: direction === 'left' ? 'Left' : 'Right',
    pad_to_multiple_of: padToMultipleOf,
    pad_id: padId,
    pad_type_id: padTypeId,
    pad_token: padToken,
  }
}

/** @throws {ValueError} for lengths that cannot be. @internal */
export function requireLengths(truncation: Truncation | null, padding: Padding | null): void {
  const { maxLength = 0, stride = 0 } = truncation ?? {}
  requireCounts('Tokenizer.encode', { maxLength, stride }, 0)
  const length = padding?.length ?? 0
  const padToMultipleOf = padding?.padToMultipleOf ?? 0
  requireCounts('Tokenizer.encode', { length, padToMultipleOf, padId: padding?.padId ?? 0 }, 0)
}
