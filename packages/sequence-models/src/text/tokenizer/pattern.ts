/** Regular expressions of tokenizer.json, which are Oniguruma's, in JavaScript's words. */
import type { JsonObject } from './json.ts'
import { damaged, unsupported } from './json.ts'

// Of other numbers it has those of Latin-1.
const WORD = String.raw`\p{L}\p{M}\p{Nd}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE`
const CLASSES: Readonly<Record<string, string>> = {
  d: String.raw`\p{Nd}`,
  w: WORD,
  s: String.raw`\p{White_Space}`,
  h: '0-9a-fA-F',
}
const NAMED: Readonly<Record<string, string>> = {
  alnum: String.raw`\p{Alphabetic}\p{Nd}`,
  alpha: String.raw`\p{Alphabetic}`,
  blank: String.raw`\p{Zs}\t`,
  cntrl: String.raw`\p{Cc}`,
  digit: String.raw`\p{Nd}`,
  lower: String.raw`\p{Lowercase}`,
  punct: String.raw`\p{P}\p{S}`,
  space: String.raw`\p{White_Space}`,
  upper: String.raw`\p{Uppercase}`,
  word: WORD,
  xdigit: '0-9a-fA-F',
}
const ENDS: Readonly<Record<string, string>> = { A: '^', z: '$', Z: String.raw`(?=\n?$)` }
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27 }

/** A letter as it may stand anywhere in a pattern. */
const literal = (letter: string): string =>
  /[\p{L}\p{N} ]/u.test(letter) ? letter : `\\u{${letter.codePointAt(0)!.toString(16)}}`

// Letters that are one with others when case does not count, but not by changing it.
const ALIKE: Readonly<Record<string, string>> = { s: 'ſ', S: 'ſ', k: '\u212A', K: '\u212A' }

const otherCases = (letter: string): string[] =>
  [letter.toLowerCase(), letter.toUpperCase(), ALIKE[letter] ?? letter].filter(
    (other) => other !== letter && Array.from(other).length === 1,
  )

/** What there is of `\p{…}`, as members of a class. */
function property(name: string): string | null {
  const posix = NAMED[name.toLowerCase()]
  if (posix !== undefined) return posix
  for (const form of [name, `Script=${name}`]) {
    try {
      const members = `\\p{${form}}`
      void new RegExp(members, 'v')
      return members
    } catch {
      // The next form.
    }
  }
  return null
}

class Translator {
  private readonly letters: readonly string[]
  private at = 0
  private groups = 0
  private readonly source: string

  constructor(source: string) {
    this.source = source
    this.letters = Array.from(source)
  }

  translate(): string {
    const out = this.alternatives(false)
    if (this.at < this.letters.length) this.refuse('a parenthesis without its beginning')
    return out
  }

  private refuse(what: string): never {
    return unsupported(`${what} in the pattern`, this.source)
  }

  private peek(offset = 0): string | undefined {
    return this.letters[this.at + offset]
  }

  private sees(text: string): boolean {
    return this.letters.slice(this.at, this.at + text.length).join('') === text
  }

  private take(text: string): boolean {
    if (!this.sees(text)) return false
    this.at += text.length
    return true
  }

  private until(end: string): string {
    const begin = this.at
    while (this.at < this.letters.length && !this.sees(end)) this.at++
    const found = this.letters.slice(begin, this.at).join('')
    if (!this.take(end)) this.refuse(`a missing '${end}'`)
    return found
  }

  private alternatives(ignoreCase: boolean): string {
    let out = ''
    while (this.peek() !== undefined && this.peek() !== ')') {
      if (this.take('|')) {
        out += '|'
        continue
      }
      const flags = /^\(\?(-?)i\)/.exec(this.letters.slice(this.at, this.at + 5).join(''))
      if (flags !== null) {
        // To the end of the group.
        this.at += flags[0].length
        return `${out}(?:${this.alternatives(flags[1] === '')})`
      }
      out += this.quantified(this.atom(ignoreCase))
    }
    return out
  }

  private quantified(atom: string): string {
    const bounds = /^\{(\d*)(,?)(\d*)\}/.exec(this.letters.slice(this.at, this.at + 16).join(''))
    let count = this.peek() ?? ''
    if (bounds !== null && /\d/.test(bounds[0])) {
      this.at += bounds[0].length
      count = `{${bounds[1] === '' ? 0 : bounds[1]}${bounds[2]}${bounds[3]}}`
      return this.quantified(`(?:(?:${atom})${count}${this.take('?') ? '?' : ''})`)
    }
    if (count !== '*' && count !== '+' && count !== '?') return atom
    this.at++
    if (this.take('?')) return `${atom}${count}?`
    if (!this.take('+')) return `${atom}${count}`
    return this.atomic(`${atom}${count}`)
  }

  /** What matched stays so: a look ahead is not tried again. */
  private atomic(inner: string): string {
    const name = `atom${this.groups++}`
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`
  }

  private atom(ignoreCase: boolean): string {
    const letter = this.letters[this.at++] as string
    if (letter === '(') return this.group(ignoreCase)
    if (letter === '[') return this.set(ignoreCase)
    if (letter === '\\') return this.escape(ignoreCase)
    if (letter === '.') return String.raw`[^\n]`
    if (letter === '^') return String.raw`(?:^|(?<=\n))`
    if (letter === '$') return String.raw`(?=\n|$)`
    if ('*+?'.includes(letter)) return this.refuse('a quantifier without what it counts')
    return this.character(letter, ignoreCase)
  }

  private character(letter: string, ignoreCase: boolean): string {
    const others = ignoreCase ? otherCases(letter) : []
    return others.length === 0 ? literal(letter) : `[${[letter, ...others].map(literal).join('')}]`
  }

  private group(ignoreCase: boolean): string {
    let inner = ignoreCase
    let open = '(?:'
    let atomic = false
    if (this.take('?')) {
      const flags = /^(-?)i:/.exec(this.letters.slice(this.at, this.at + 3).join(''))
      const look = ['<=', '<!', '=', '!'].find((sign) => this.take(sign))
      if (look !== undefined) {
        open = `(?${look}`
      } else if (flags !== null) {
        this.at += flags[0].length
        inner = flags[1] === ''
      } else if (this.take('>')) {
        atomic = true
      } else if (this.take('#')) {
        this.until(')')
        return ''
      } else if (this.take('<')) {
        this.until('>')
      } else if (!this.take(':')) {
        this.refuse('a group of this kind')
      }
    }
    const body = this.alternatives(inner)
    if (!this.take(')')) this.refuse('a parenthesis without its end')
    return atomic ? this.atomic(body) : `${open}${body})`
  }

  private escape(ignoreCase: boolean): string {
    const letter = this.peek()
    const end = ENDS[letter ?? '']
    if (end !== undefined) {
      this.at++
      return end
    }
    if (letter === 'b' || letter === 'B') {
      this.at++
      const [yes, no] = [`(?<=[${WORD}])`, `(?<![${WORD}])`]
      const [go, stop] = [`(?=[${WORD}])`, `(?![${WORD}])`]
      return letter === 'b' ? `(?:${yes}${stop}|${no}${go})` : `(?:${yes}${go}|${no}${stop})`
    }
    const members = this.classEscape()
    if (members !== null) return `[${members}]`
    return this.character(String.fromCodePoint(this.codeEscape()), ignoreCase)
  }

  /** Members of a class behind a backslash; null if one letter is meant. */
  private classEscape(): string | null {
    const letter = this.peek() ?? this.refuse('a backslash at the end')
    const members = CLASSES[letter.toLowerCase()]
    if (members !== undefined && /[a-z]/i.test(letter)) {
      this.at++
      return letter === letter.toLowerCase() ? members : `[^${members}]`
    }
    if (letter.toLowerCase() !== 'p' || this.peek(1) !== '{') return null
    this.at += 2
    const name = this.until('}')
    const negated = (letter === 'P') !== name.startsWith('^')
    const found = property(name.replace(/^\^/, ''))
    if (found === null) return this.refuse(`\\p{${name}}`)
    return negated ? `[^${found}]` : found
  }

  private codeEscape(): number {
    const letter = this.letters[this.at++] as string
    const control = CONTROLS[letter]
    if (control !== undefined) return control
    if (letter === 'x' || letter === 'u') {
      const size = letter === 'u' ? 4 : 2
      const digits =
        letter === 'x' && this.take('{')
          ? this.until('}')
          : this.letters.slice(this.at, (this.at += size)).join('')
      const code = /^[\da-f]+$/i.test(digits) ? Number.parseInt(digits, 16) : Infinity
      return code <= 0x10ffff ? code : this.refuse(`\\${letter}${digits}`)
    }
    if (/[a-z\d]/i.test(letter)) this.refuse(`\\${letter}`)
    return letter.codePointAt(0) as number
  }

  /** A class in brackets, which JavaScript's flag v has with classes inside and `&&`. */
  private set(ignoreCase: boolean): string {
    const negated = this.take('^')
    const parts: string[] = []
    let members = ''
    let first = true
    while (first || this.peek() !== ']') {
      if (this.peek() === undefined) this.refuse('a bracket without its end')
      first = false
      if (this.take('&&')) {
        parts.push(members)
        members = ''
      } else if (this.sees('[:')) {
        this.at += 2
        const name = this.until(':]')
        const posix = NAMED[name.replace('^', '')] ?? this.refuse(`[:${name}:]`)
        members += name.startsWith('^') ? `[^${posix}]` : posix
      } else if (this.take('[')) {
        members += this.set(ignoreCase)
      } else {
        members += this.member(ignoreCase)
      }
    }
    this.at++
    parts.push(members)
    const inner = parts.length === 1 ? members : parts.map((part) => `[${part}]`).join('&&')
    return negated ? `[^${inner}]` : `[${inner}]`
  }

  private member(ignoreCase: boolean): string {
    const one = (): string | number => {
      if (!this.take('\\')) return (this.letters[this.at++] as string).codePointAt(0) as number
      return this.take('b') ? 8 : (this.classEscape() ?? this.codeEscape())
    }
    const from = one()
    if (typeof from === 'string') return from
    const range = this.peek() === '-' && this.peek(1) !== ']' && this.peek(1) !== '['
    const to = range ? (this.at++, one()) : from
    if (typeof to === 'string' || to < from) return this.refuse('a range of this kind')
    const unit = (code: number): string => literal(String.fromCodePoint(code))
    let out = range ? `${unit(from)}-${unit(to)}` : unit(from)
    if (!ignoreCase) return out
    if (to - from > 1000) return this.refuse('a range this long without regard to case')
    for (let code = from; code <= to; code++) {
      for (const other of otherCases(String.fromCodePoint(code))) out += literal(other)
    }
    return out
  }
}

const compiled = new Map<string, RegExp>()

/**
 * A pattern of Oniguruma with the flags g and v.
 *
 * @throws {ValueError} for what has no form in JavaScript, or is no pattern. @internal
 */
function oniguruma(source: string): RegExp {
  const before = compiled.get(source)
  if (before !== undefined) return before
  const translated = new Translator(source).translate()
  try {
    const pattern = new RegExp(translated, 'gv')
    compiled.set(source, pattern)
    return pattern
  } catch (error) {
    return damaged(`the pattern ${JSON.stringify(source)} cannot be read: ${String(error)}`)
  }
}

/** A text as a pattern that finds it. @internal */
export function exactly(texts: readonly string[]): RegExp {
  const escaped = texts.map((text) => Array.from(text, literal).join(''))
  return new RegExp(escaped.join('|'), 'gu')
}

/** `{ "String": … }` or `{ "Regex": … }` of tokenizer.json. @throws {ValueError} @internal */
export function patternOf(part: string, value: unknown): RegExp {
  if (typeof value === 'object' && value !== null) {
    const { String: text, Regex: regex } = value as JsonObject
    if (typeof text === 'string') return exactly([text])
    if (typeof regex === 'string') return oniguruma(regex)
  }
  return damaged(`the pattern of ${part} must be a String or a Regex`)
}
