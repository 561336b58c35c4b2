/** A position in a JSON text where it stops being JSON. */
export class JsonSyntaxError extends Error {
  override readonly name: string = 'JsonSyntaxError'
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/**
 * A JSON value that remembers where it stood. Objects are lists of members: nothing is lost when a
 * name comes twice, is `__proto__`, or looks like an array index. Numbers keep their digits.
 */
export type JsonNode =
  | { kind: 'object'; offset: number; members: JsonMember[] }
  | { kind: 'array'; offset: number; items: JsonNode[] }
  | { kind: 'string'; offset: number; text: string }
  | { kind: 'number'; offset: number; digits: string }
  | { kind: 'true' | 'false' | 'null'; offset: number }

/** One `name: value` of an object; `offset` is where the name starts. */
export interface JsonMember {
  name: string
  offset: number
  value: JsonNode
}

// Far beyond any header, and far below what would overflow the call stack or the heap.
const maxDepth = 64
const maxValues = 4_000_000

const quote = 0x22
const backslash = 0x5c
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d] as const
const [comma, colon] = [0x2c, 0x3a] as const

/**
 * Parses a JSON text (RFC 8259) given as bytes of UTF-8, strictly: no trailing text but white space,
 * no lone surrogates. Offsets count bytes from the start of `bytes`.
 *
 * @throws {JsonSyntaxError} if the bytes are not JSON, nest deeper than 64 levels, or hold more than
 *   4 million values.
 */
export function parseJson(bytes: Uint8Array): JsonNode {
  // ignoreBOM keeps a byte order mark that belongs to a string instead of dropping it.
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let at = 0
  let values = 0

  const root = value(0)
  skipSpace()
  if (at < bytes.length) fail('text after the end of the JSON value')
  return root

  function fail(message: string, offset = at): never {
    throw new JsonSyntaxError(offset, message)
  }

  function skipSpace(): void {
    for (; at < bytes.length; at++) {
      const byte = bytes[at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
    }
  }

  function expectByte(byte: number): void {
    if (bytes[at] !== byte) fail(`${found()} where '${String.fromCharCode(byte)}' must be`)
    at++
  }

  function found(): string {
    const byte = bytes[at]
    if (byte === undefined) return 'the end of the text'
    const printable = byte > 0x20 && byte < 0x7f
    return printable
      ? `'${String.fromCharCode(byte)}'`
      : `byte 0x${byte.toString(16).padStart(2, '0')}`
  }

  function value(depth: number): JsonNode {
    skipSpace()
    if (depth > maxDepth) fail(`values nested deeper than ${maxDepth} levels`)
    if (++values > maxValues) fail(`more than ${maxValues} values`)
    const offset = at
    switch (bytes[at]) {
      case openBrace:
        return { kind: 'object', offset, members: list(closeBrace, () => member(depth)) }
      case openBracket:
        return { kind: 'array', offset, items: list(closeBracket, () => value(depth + 1)) }
      case quote:
        return { kind: 'string', offset, text: string() }
      default:
        return word('true') ?? word('false') ?? word('null') ?? number()
    }
  }

  /** The elements between the bracket at `at` and `close`, separated by commas. */
  function list<T>(close: number, element: () => T): T[] {
    const elements: T[] = []
    at++
    skipSpace()
    if (bytes[at] === close) {
      at++
      return elements
    }
    for (;;) {
      elements.push(element())
      skipSpace()
      if (bytes[at] !== comma) break
      at++
    }
    expectByte(close)
    return elements
  }

  function member(depth: number): JsonMember {
    skipSpace()
    const offset = at
    if (bytes[at] !== quote) fail(`${found()} where a name in double quotes must be`)
    const name = string()
    skipSpace()
    expectByte(colon)
    return { name, offset, value: value(depth + 1) }
  }

  function string(): string {
    const start = at++
    for (; bytes[at] !== quote; at++) {
      const byte = bytes[at]
      if (byte === undefined) fail('a string without an end', start)
      if (byte < 0x20) fail('a control character inside a string')
      if (byte === backslash) at++
    }
    at++
    let text: string
    try {
      text = utf8.decode(bytes.subarray(start, at))
    } catch {
      return fail('a string that is not valid UTF-8', start)
    }
    try {
      text = JSON.parse(text) as string // resolves the escapes
    } catch {
      return fail('a string with an escape that JSON does not know', start)
    }
    if (/\p{Surrogate}/u.test(text)) fail('a string with half of a surrogate pair', start)
    return text
  }

  function word<K extends 'true' | 'false' | 'null'>(kind: K): JsonNode | undefined {
    for (let i = 0; i < kind.length; i++) {
      if (bytes[at + i] !== kind.charCodeAt(i)) return undefined
    }
    const offset = at
    at += kind.length
    return { kind, offset }
  }

  function number(): JsonNode {
    const offset = at
    while (isNumberByte(bytes[at])) at++
    const digits = utf8.decode(bytes.subarray(offset, at))
    if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(digits)) {
      return { kind: 'number', offset, digits }
    }
    at = offset
    return fail(`${found()} where a JSON value must be`)
  }
}

function isNumberByte(byte: number | undefined): boolean {
  if (byte === undefined) return false
  // 0-9 + - . E e
  return (byte >= 0x30 && byte <= 0x39) || '+-.Ee'.includes(String.fromCharCode(byte))
}
