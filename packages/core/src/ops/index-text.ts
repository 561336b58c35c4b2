/** Index expressions as text, in Python's syntax: `'1:3, ..., None, [0, 2], ::2'`. */
import { ValueError } from '../errors.ts'
import { MAX_RANK } from '../shape.ts'
import type { NestedArray } from '../tensor.ts'

/** Every `step`-th position from `start` up to and without `stop`; null leaves a bound open. */
export interface SliceBounds {
  readonly start: number | null
  readonly stop: number | null
  readonly step: number | null
}

/** What one part of the text stands for; `'...'` is the ellipsis. */
export type TextPart = number | boolean | null | '...' | SliceBounds | NestedArray[]

/** An index expression that was read. */
export interface IndexText {
  readonly parts: readonly TextPart[]
  /** Are there only numbers, slices, `None` and the ellipsis, which give a view? */
  readonly basic: boolean
}

const WORDS: ReadonlyMap<string, boolean | null | '...'> = new Map<string, boolean | null | '...'>([
  ['...', '...'],
  ['Ellipsis', '...'],
  ['None', null],
  ['null', null],
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
])

const TOKEN = /\s*(\.\.\.|[+-]?\d+|[A-Za-z_]\w*|[[\]():,]|$)/y

/** What can follow, as messages say it. */
const PART = "a number, a slice such as '1:5' or '::2', '...', 'None' or a list such as '[0, 2]'"

/** Reads a text from left to right; `at` is where the token `next` starts. */
class Reader {
  readonly #op: string
  readonly #text: string
  next = ''
  at = 0

  constructor(op: string, text: string) {
    this.#op = op
    this.#text = text
    this.advance()
  }

  /** The token read so far; the one after it becomes `next`. */
  advance(): string {
    const read = this.next
    TOKEN.lastIndex = this.at + read.length
    const found = TOKEN.exec(this.#text)
    if (found === null) {
      const rest = this.#text.slice(this.at + read.length)
      this.at += read.length + (rest.length - rest.trimStart().length)
      this.next = /^[^\s,:[\]]+/.exec(rest.trimStart())?.[0] ?? ''
      throw this.error(`expected ${PART}`)
    }
    this.next = found[1] as string
    this.at = TOKEN.lastIndex - this.next.length
    return read
  }

  accept(token: string): boolean {
    if (this.next !== token) return false
    this.advance()
    return true
  }

  error(rule: string): ValueError {
    const found = this.next === '' ? 'the end' : `'${this.next}'`
    const marks = '^'.repeat(Math.max(this.next.length, 1))
    return new ValueError(
      this.#op,
      [],
      `${rule}, found ${found} at character ${this.at} of the index\n    ${this.#text}\n    ${' '.repeat(this.at)}${marks}`,
      "write the parts of the index as in Python, for example '1:3, ..., -1'",
    )
  }

  /** A whole number, if one comes. */
  whole(): number | undefined {
    return /^[+-]?\d/.test(this.next) ? Number(this.advance()) : undefined
  }
}

/** One bound of a slice; null where it is left out. */
function readBound(reader: Reader): number | null {
  if (reader.next === 'None' || reader.next === 'null') {
    reader.advance()
    return null
  }
  return reader.whole() ?? null
}

/** The rest of a slice, from its first colon on. */
function readSlice(reader: Reader, start: number | null): SliceBounds {
  reader.advance()
  const stop = readBound(reader)
  const step = reader.accept(':') ? readBound(reader) : null
  return { start, stop, step }
}

/** The rest of a list, after its bracket. */
function readList(reader: Reader, depth: number): NestedArray[] {
  const items: NestedArray[] = []
  if (depth > MAX_RANK) throw reader.error(`lists are nested at most ${MAX_RANK} deep`)
  while (!reader.accept(']')) {
    const word = WORDS.get(reader.next)
    const whole = reader.whole()
    if (whole !== undefined) items.push(whole)
    else if (typeof word === 'boolean') {
      reader.advance()
      items.push(word)
    } else if (reader.accept('[')) items.push(readList(reader, depth + 1))
    else throw reader.error("expected a number, a boolean, a list or ']'")
    if (reader.next !== ']' && !reader.accept(',')) throw reader.error("expected ',' or ']'")
  }
  return items
}

function readPart(reader: Reader): TextPart {
  if (reader.next === ':') return readSlice(reader, null)
  const whole = reader.whole()
  if (whole !== undefined) return reader.next === ':' ? readSlice(reader, whole) : whole
  if (reader.accept('[')) return readList(reader, 1)
  const word = WORDS.get(reader.next)
  if (word === undefined) throw reader.error(`expected ${PART}`)
  reader.advance()
  return word === null && reader.next === ':' ? readSlice(reader, null) : word
}

function readAll(op: string, text: string): IndexText {
  const reader = new Reader(op, text)
  const parts: TextPart[] = []
  do {
    parts.push(readPart(reader))
    if (reader.next !== '' && reader.next !== ',') throw reader.error("expected ',' or the end")
  } while (reader.accept(',') && reader.next !== '')
  const basic = parts.every((part) => typeof part !== 'boolean' && !Array.isArray(part))
  return { parts, basic }
}

// Programs use few different texts, in loops.
const known = new Map<string, IndexText>()

/**
 * Reads an index expression. What was read once is remembered.
 *
 * @throws {ValueError} that points to the character where the text stops making sense. @internal
 */
export function readText(op: string, text: string): IndexText {
  let read = known.get(text)
  if (read === undefined) {
    read = readAll(op, text)
    if (known.size >= 1024) known.clear()
    known.set(text, read)
  }
  return read
}
