/** Tokens that are found in texts before anything else is done. */
import { ValueError } from '@flambeau/core'
import { requireMap } from '../../inputs.ts'
import type { JsonObject } from './json.ts'
import { damaged, field, wholeNumber } from './json.ts'
import type { SubwordModel } from './model.ts'
import { exactly } from './pattern.ts'

/** A token that stands for itself in texts. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  /** `decode` leaves it out. Default false. */
  readonly special?: boolean
  /** Only where no letter, digit or underscore is beside it. Default false. */
  readonly singleWord?: boolean
  /** Takes the spaces before it. Default false. */
  readonly lstrip?: boolean
  /** Takes the spaces behind it. Default false. */
  readonly rstrip?: boolean
  /** Is found in the normalised text, as itself normalised. Default false. */
  readonly normalized?: boolean
}

/** An object of `added_tokens`. @throws {ValueError} @internal */
export function addedTokenOf(json: JsonObject): AddedToken {
  const flag = (name: string): boolean => field(json, name, 'boolean', false)
  const content = field(json, 'content', 'string')
  if (content === '') damaged('an added token is empty')
  return {
    id: wholeNumber(json, 'id'),
    content,
    special: flag('special'),
    singleWord: flag('single_word'),
    lstrip: flag('lstrip'),
    rstrip: flag('rstrip'),
    normalized: flag('normalized'),
  }
}

/** @internal */
export function addedTokenJson(token: AddedToken): JsonObject {
  const { id, content, singleWord = false, lstrip = false, rstrip = false } = token
  const { normalized = false, special = false } = token
  return { id, content, single_word: singleWord, lstrip, rstrip, normalized, special }
}

/** A range of a text: a token, or what is between tokens. */
export interface Stretch {
  readonly start: number
  readonly end: number
  readonly id: number | null
}

const WORD = String.raw`[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D]`
const BEHIND = new RegExp(`${WORD}$`, 'u')
const AHEAD = new RegExp(`^${WORD}`, 'u')

/** Finds tokens, from the left, of several at one place the longest. @internal */
export class TokenFinder {
  private readonly pattern: RegExp | null
  private readonly byContent: ReadonlyMap<string, AddedToken>

  /** `forms`: the tokens by what stands for them in texts. */
  constructor(forms: ReadonlyMap<string, AddedToken>) {
    this.byContent = forms
    const contents = [...forms.keys()].filter((content) => content !== '')
    contents.sort((a, b) => b.length - a.length)
    this.pattern = contents.length === 0 ? null : exactly(contents)
  }

  find(text: string): readonly Stretch[] {
    const whole: Stretch = { start: 0, end: text.length, id: null }
    if (this.pattern === null || text === '') return [whole]
    const found: Stretch[] = []
    let done = 0
    for (const { 0: content, index } of text.matchAll(this.pattern)) {
      const token = this.byContent.get(content) as AddedToken
      let [start, end] = [index, index + content.length]
      const inWord = (): boolean =>
        BEHIND.test(text.slice(Math.max(0, start - 2), start)) ||
        AHEAD.test(text.slice(end, end + 2))
      if (token.singleWord === true && inWord()) continue
      if (token.lstrip === true) while (start > done && isSpace(text[start - 1])) start--
      if (token.rstrip === true) while (isSpace(text[end])) end++
      if (start < done) continue
      if (start > done) found.push({ start: done, end: start, id: null })
      found.push({ start, end, id: token.id })
      done = end
    }
    if (done === 0 && found.length === 0) return [whole]
    if (done < text.length) found.push({ start: done, end: text.length, id: null })
    return found
  }
}

const isSpace = (letter: string | undefined): boolean =>
  letter !== undefined && /\p{White_Space}/u.test(letter)

/** The numbers of some of the added tokens. @internal */
export function tokensWhere(
  tokens: readonly AddedToken[],
  wanted: (token: AddedToken) => boolean,
): ReadonlyMap<string, number> {
  return new Map(tokens.filter(wanted).map(({ content, id }) => [content, id]))
}

/** The tokens by their numbers. @throws {ValueError} if an added one has another's. @internal */
export function namesOf(model: SubwordModel, added: readonly AddedToken[]): Map<number, string> {
  const names = new Map<number, string>()
  requireMap('Tokenizer', (model as { vocab?: unknown } | undefined)?.vocab)
  for (const [token, id] of model.vocab) names.set(id, token)
  for (const { content, id } of added) {
    const there = names.get(id) ?? content
    const own = model.vocab.get(content) ?? id
    if (there !== content || own !== id) {
      const rule =
        own === id
          ? `the added token '${content}' has the number ${id}, which is that of '${there}'`
          : `the added token '${content}' has the number ${id}, and ${own} in the vocabulary`
      throw new ValueError('Tokenizer', {}, rule, 'give each token one number of its own')
    }
    names.set(id, content)
  }
  return names
}
