/** What makes a text of tokens, by the names of tokenizer.json. */
import { fromByteLetters, fromBytes } from './byte-level.ts'
import type { JsonObject } from './json.ts'
import { damaged, field, objects, unsupported, wholeNumber } from './json.ts'
import { patternOf } from './pattern.ts'
import { metaspaceSign, prependScheme } from './pre-tokenizers.ts'

type Chain = (tokens: readonly string[]) => readonly string[]

/** The text of tokens; without a decoder there are spaces between them. @throws {ValueError} @internal */
export function decoderOf(json: JsonObject | null): (tokens: readonly string[]) => string {
  if (json === null) return (tokens) => tokens.join(' ')
  const chain = chainOf(json)
  return (tokens) => chain(tokens).join('')
}

const eachToken =
  (change: (token: string, place: number, count: number) => string): Chain =>
  (tokens) =>
    tokens.map((token, i) => change(token, i, tokens.length))

function chainOf(json: JsonObject): Chain {
  switch (field(json, 'type', 'string')) {
    case 'Sequence': {
      const parts = objects(json, 'decoders').map(chainOf)
      return (tokens) => parts.reduce((out, part) => part(out), tokens)
    }
    case 'ByteLevel':
      return (tokens) => [fromByteLetters(tokens)]
    case 'WordPiece':
      return wordPiece(json)
    case 'Metaspace': {
      const sign = metaspaceSign(json)
      const drops = prependScheme(json) !== 'never'
      return eachToken((token, i) => token.replaceAll(sign, i === 0 && drops ? '' : ' '))
    }
    case 'BPEDecoder': {
      const suffix = field(json, 'suffix', 'string', '</w>')
      if (suffix === '') return (tokens) => tokens
      return eachToken((token, i, count) => token.replaceAll(suffix, i === count - 1 ? '' : ' '))
    }
    case 'ByteFallback':
      return byteFallback
    case 'Fuse':
      return (tokens) => [tokens.join('')]
    case 'Replace': {
      const pattern = patternOf('Replace', json['pattern'])
      const content = field(json, 'content', 'string')
      return eachToken((token) => token.replace(pattern, () => content))
    }
    case 'Strip':
      return strip(json)
    case 'CTC':
      return ctc(json)
    default:
      return unsupported('the decoder', json)
  }
}

const CLEANUP: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
]

const tidy = (token: string): string =>
  CLEANUP.reduce((out, [from, to]) => out.replaceAll(from, to), token)

function wordPiece(json: JsonObject): Chain {
  const prefix = field(json, 'prefix', 'string', '##')
  const cleanup = field(json, 'cleanup', 'boolean', true)
  return eachToken((token, i) => {
    const inside = prefix !== '' && token.startsWith(prefix)
    const own = i === 0 ? token : inside ? token.slice(prefix.length) : ` ${token}`
    return cleanup ? tidy(own) : own
  })
}

/** `<0x41>` and so on are bytes; a run of them that is no UTF-8 becomes a U+FFFD for each. */
const byteFallback: Chain = (tokens) => {
  const out: string[] = []
  let bytes: number[] = []
  const flush = (): void => {
    const text = fromBytes(bytes)
    // A U+FFFD among them may be meant.
    const valid = new TextEncoder().encode(text).every((byte, i) => byte === bytes[i])
    if (bytes.length > 0) out.push(valid ? text : '\uFFFD'.repeat(bytes.length))
    bytes = []
  }
  for (const token of tokens) {
    const code = /^<0x([\da-f]{2})>$/i.exec(token)?.[1]
    if (code === undefined) {
      flush()
      out.push(token)
    } else {
      bytes.push(Number.parseInt(code, 16))
    }
  }
  flush()
  return out
}

function strip(json: JsonObject): Chain {
  const content = field(json, 'content', 'string')
  if (Array.from(content).length !== 1) damaged("'content' of Strip must be one letter")
  const [most, least] = [wholeNumber(json, 'start'), wholeNumber(json, 'stop')]
  return eachToken((token) => {
    const letters = Array.from(token)
    let start = 0
    while (start < Math.min(most, letters.length) && letters[start] === content) start++
    let stop = letters.length
    while (letters.length - stop < least && stop > start && letters[stop - 1] === content) stop--
    return letters.slice(start, stop).join('')
  })
}

/** Connectionist temporal classification: what stands again is one. */
function ctc(json: JsonObject): Chain {
  const pad = field(json, 'pad_token', 'string', '<pad>')
  const delimiter = field(json, 'word_delimiter_token', 'string', '|')
  const cleanup = field(json, 'cleanup', 'boolean', true)
  return (tokens) =>
    tokens
      .filter((token, i) => token !== tokens[i - 1])
      .map((token) => {
        const own = pad === '' ? token : token.replaceAll(pad, '')
        return cleanup ? tidy(own).replaceAll(delimiter, ' ') : own
      })
      .filter((token) => token !== '')
}
