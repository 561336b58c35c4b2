/** A Python literal that a file's header is: numbers, texts, True, False, None, tuples, lists, dicts. */
export type PythonLiteral =
  | number
  | string
  | boolean
  | null
  | PythonLiteral[]
  | Map<string, PythonLiteral>

/** Where a text stops being a literal. */
export class LiteralError extends Error {
  readonly offset: number
  constructor(reason: string, offset: number) {
    super(reason)
    this.offset = offset
  }
}

const MOST_DEPTH = 16

/**
 * Reads a literal, as Python's `ast.literal_eval` does; nothing is evaluated.
 *
 * @throws {LiteralError} for anything else, and for literals nested deeper than 16.
 */
export function parseLiteral(text: string): PythonLiteral {
  let at = 0
  const fail = (reason: string): never => {
    throw new LiteralError(reason, at)
  }
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const space = (): void => void match(/[ \t\n]*/y)

  const items = (close: string, read: () => void): boolean => {
    let comma = false
    for (space(); text[at] !== close; space()) {
      read()
      space()
      comma = text[at] === ','
      if (comma) at++
      else if (text[at] !== close) fail(`'${close}' or ',' is missing`)
    }
    at++
    return comma
  }

  const value = (depth: number): PythonLiteral => {
    if (depth > MOST_DEPTH) fail(`values are nested more than ${MOST_DEPTH} deep`)
    space()
    const open = text[at]
    if (open === '(' || open === '[') {
      at++
      const list: PythonLiteral[] = []
      const comma = items(open === '(' ? ')' : ']', () => list.push(value(depth + 1)))
      // (3) is a number in brackets, (3,) a tuple.
      return open === '(' && list.length === 1 && !comma ? (list[0] as PythonLiteral) : list
    }
    if (open === '{') {
      at++
      const dict = new Map<string, PythonLiteral>()
      items('}', () => {
        const key = value(depth + 1)
        space()
        if (text[at] !== ':') fail("':' is missing")
        at++
        if (typeof key !== 'string') return fail('a key is no text')
        if (dict.has(key)) fail(`the key '${key}' comes twice`)
        dict.set(key, value(depth + 1))
      })
      return dict
    }
    const quoted = match(/'[^'\\\n]*'|"[^"\\\n]*"/y)
    if (quoted !== undefined) return quoted.slice(1, -1)
    const word = match(/(?:True|False|None)\b/y)
    if (word !== undefined) return word === 'None' ? null : word === 'True'
    // Python 2 wrote L after long numbers.
    const digits = match(/-?\d{1,30}(?=L?\b)/y)
    if (digits === undefined) return fail('no value of a header begins here')
    if (text[at] === 'L') at++
    return Number(digits)
  }
  const out = value(0)
  space()
  if (at < text.length) fail('something follows the value')
  return out
}
