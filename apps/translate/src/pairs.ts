/** Sentences in two languages: the messages of Visual Studio Code, as language packs carry them. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The languages to translate into, and the pack of each. */
export const LANGUAGES = {
  fr: { name: 'French', pack: 'fr' },
  de: { name: 'German', pack: 'de' },
  zh: { name: 'Chinese', pack: 'zh-hans' },
} as const
export type Language = keyof typeof LANGUAGES

/** English, and what it is in another language. */
export type Pair = readonly [source: string, target: string]

/** Where a message stands: its number in the main list, or the names that lead to it. */
type Messages = ReadonlyMap<string, string>

/**
 * The pack in which programmers find texts that nobody made translatable: English, each letter replaced
 * by one that looks like it. There is no pack with plain English.
 */
const ENGLISH = 'qps-ploc'

const ACCENTED = 'ÆÇÐËÏ£ÑØß§ÜÝæþçðëïñøµÿ'
const PLAIN = 'ACDEILNOBSUYabcdeinouy'
const LETTERS = new Map(Array.from(ACCENTED, (letter, i) => [letter, PLAIN[i] as string]))

/** Plain English again. */
export function unaccented(text: string): string {
  return Array.from(text, (letter) => LETTERS.get(letter) ?? letter).join('')
}

/** All messages of a pack by the place where they stand. */
async function messagesOf(pack: string): Promise<Messages> {
  const name = `@codingame/monaco-vscode-language-pack-${pack}`
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  const found = new Map<string, string>()
  const add = (place: string, message: unknown): void => {
    if (typeof message === 'string') found.set(place, message)
  }
  const main = pathToFileURL(join(folder, 'translations/main.i18n.json.js')).href
  const { default: list } = (await import(main)) as { default: readonly unknown[] }
  for (const [i, message] of list.entries()) add(String(i), message)
  const extensions = join(folder, 'translations/extensions')
  for (const file of readdirSync(extensions).toSorted()) {
    const { contents } = JSON.parse(readFileSync(join(extensions, file), 'utf8')) as {
      contents: Record<string, Record<string, unknown>>
    }
    for (const [part, messages] of Object.entries(contents)) {
      for (const [key, message] of Object.entries(messages)) add(`${file} ${part} ${key}`, message)
    }
  }
  return found
}

/** A message as it is read: without the letters to press, with plain spaces and apostrophes. */
const tidied = (message: string): string =>
  message
    .replaceAll(/\s?\(&&.\)|&&/gu, '')
    .replaceAll(/[\u{a0}\u{202f}]/gu, ' ')
    .replaceAll('’', "'")
    .trim()

/** A text without what does not change its meaning, so that near-twins are known. */
const essence = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}]+/gu, ' ')
    .trim()

/** Words, numbers and signs; each Chinese character is a word. */
export function wordsOf(text: string): string[] {
  return text.match(/\p{Script=Han}|[\p{L}\p{M}\p{N}]+|[^\s]/gu) ?? []
}

export interface Corpus {
  readonly train: readonly Pair[]
  /** Pairs that no model is trained on. */
  readonly heldOut: readonly Pair[]
}

/**
 * English messages of at most `longest` words and signs with their translations, each English one once.
 *
 * Those that differ from another in case, signs or placeholders only are one, so that none that is
 * held out was seen in another dress.
 */
export async function corpus(language: Language, longest: number): Promise<Corpus> {
  const [english, other] = await Promise.all([
    messagesOf(ENGLISH),
    messagesOf(LANGUAGES[language].pack),
  ])
  const seen = new Map<string, Pair>()
  for (const [place, message] of english) {
    const source = tidied(unaccented(message))
    const target = tidied(other.get(place) ?? '')
    const key = essence(source)
    const isPlain = !/[\n`\u{fffd}]|https?:/u.test(source + target)
    const fits = wordsOf(source).length <= longest && wordsOf(target).length <= 2 * longest
    if (key === '' || target === '' || target === source || !isPlain || !fits) continue
    if (!seen.has(key)) seen.set(key, [source, target])
  }
  const train: Pair[] = []
  const heldOut: Pair[] = []
  // Which are held out depends on the English text alone, whatever the language and the order are.
  for (const [key, pair] of seen) (hash(key) % 25 === 0 ? heldOut : train).push(pair)
  return { train, heldOut }
}

/** A number from 0 to 2³² - 1 that looks random. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const letter of text)
    value = Math.imul(value ^ (letter.codePointAt(0) as number), 0x01000193)
  value ^= value >>> 15
  return Math.imul(value, 0x2c1b3c6d) >>> 0
}
