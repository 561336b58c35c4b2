/** What is done to texts before and behind a model of subwords, by the names of tokenizer.json. */
import { ValueError } from '@flambeau/core'
import { fromByteLetters, splitWords, toByteLetters } from './byte-level.ts'

/** An object of tokenizer.json. */
export type JsonObject = { readonly [key: string]: unknown }

/** @throws {ValueError} for a part that is not supported. */
export function unsupported(part: string, value: unknown): never {
  throw new ValueError(
    'Tokenizer.fromJSON',
    {},
    `${part} ${JSON.stringify(value)} is not supported`,
    'use a tokenizer of BPE or WordPiece with the common parts',
  )
}

const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : [])

/** What changes a text first. @throws {ValueError} for an unknown type. */
export function normalizerOf(json: JsonObject | null): (text: string) => string {
  if (json === null) return (text) => text
  switch (json['type']) {
    case 'Sequence': {
      const parts = list(json['normalizers']).map(normalizerOf)
      return (text) => parts.reduce((out, part) => part(out), text)
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = json['type']
      return (text) => text.normalize(form)
    }
    case 'Lowercase':
      return (text) => text.toLowerCase()
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '')
    case 'BertNormalizer':
      return bertNormalizer(json)
    default:
      return unsupported('the normalizer', json)
  }
}

const CHINESE =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu

function bertNormalizer(json: JsonObject): (text: string) => string {
  const { clean_text: clean = true, handle_chinese_chars: chinese = true } = json
  const { lowercase = true, strip_accents: strip = null } = json
  return (text) => {
    let out = text
    if (clean === true)
      out = out.replace(/[^\P{C}\t\n\r]|\uFFFD/gu, '').replace(/\p{White_Space}/gu, ' ')
    if (chinese === true) out = out.replace(CHINESE, ' $& ')
    if ((strip ?? lowercase) === true) out = out.normalize('NFD').replace(/\p{Mn}/gu, '')
    return lowercase === true ? out.toLowerCase() : out
  }
}

/** What cuts a text into words. @throws {ValueError} for an unknown type. */
export function preTokenizerOf(json: JsonObject | null): (text: string) => string[] {
  if (json === null) return (text) => (text === '' ? [] : [text])
  switch (json['type']) {
    case 'Sequence': {
      const parts = list(json['pretokenizers']).map(preTokenizerOf)
      return (text) => parts.reduce((words, part) => words.flatMap(part), [text])
    }
    case 'ByteLevel': {
      const { add_prefix_space: prefix = true, use_regex: split = true } = json
      return (text) => {
        const begun = prefix === true && !/^\p{White_Space}/u.test(text) ? ` ${text}` : text
        return (split === true ? splitWords(begun) : [begun]).map(toByteLetters)
      }
    }
    case 'Whitespace':
      return (text) =>
        text.match(
          /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D\p{White_Space}]+/gu,
        ) ?? []
    case 'WhitespaceSplit':
      return (text) => text.match(/\P{White_Space}+/gu) ?? []
    case 'BertPreTokenizer':
      return (text) => text.match(/[\p{P}$+<=>^`|~]|[^\p{White_Space}\p{P}$+<=>^`|~]+/gu) ?? []
    default:
      return unsupported('the pre-tokenizer', json)
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

/** What makes a text of tokens. @throws {ValueError} for an unknown type. */
export function decoderOf(json: JsonObject | null): (tokens: readonly string[]) => string {
  if (json === null) return (tokens) => tokens.join(' ')
  switch (json['type']) {
    case 'ByteLevel':
      return fromByteLetters
    case 'WordPiece': {
      const { prefix = '##', cleanup = true } = json as { prefix?: string; cleanup?: boolean }
      const tidy = (token: string): string =>
        CLEANUP.reduce((out, [from, to]) => out.replaceAll(from, to), token)
      return (tokens) =>
        tokens
          .map((token, i) => {
            if (i === 0) return token
            return token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`
          })
          .map((token) => (cleanup ? tidy(token) : token))
          .join('')
    }
    default:
      return unsupported('the decoder', json)
  }
}
