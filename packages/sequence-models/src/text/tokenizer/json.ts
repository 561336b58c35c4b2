/** Reading the parts of a tokenizer.json with errors that name the part. */
import { ValueError } from '@flambeau/core'

/** An object of tokenizer.json. */
export type JsonObject = { readonly [key: string]: unknown }

const OP = 'Tokenizer.fromJSON'

/** @throws {ValueError} for a part that is not supported. @internal */
export function unsupported(part: string, value: unknown): never {
  const rule = `${part} ${shown(value)} is not supported`
  throw new ValueError(OP, {}, rule, 'use a tokenizer with the parts that the README lists')
}

/** @throws {ValueError} for a part that is damaged. @internal */
export function damaged(rule: string): never {
  throw new ValueError(OP, {}, rule, 'load the file as it was published')
}

/** A value in an error's text: not all of a vocabulary. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined'
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`
}

interface Kinds {
  readonly string: string
  readonly number: number
  readonly boolean: boolean
  readonly array: readonly unknown[]
  readonly object: JsonObject
}

const isA: { readonly [K in keyof Kinds]: (value: unknown) => boolean } = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/**
 * A field of an object, or `otherwise` where it is left out or null.
 *
 * @throws {ValueError} if it is of another kind, or left out without `otherwise`. @internal
 */
export function field<K extends keyof Kinds>(
  json: JsonObject,
  name: string,
  kind: K,
  otherwise?: Kinds[K],
): Kinds[K] {
  const value = json[name] ?? otherwise
  if (isA[kind](value)) return value as Kinds[K]
  const where = typeof json['type'] === 'string' ? ` of ${json['type']}` : ''
  return damaged(
    `'${name}'${where} must be ${/^[ao]/.test(kind) ? 'an' : 'a'} ${kind}, and is ${shown(value)}`,
  )
}

/** A count or a number of a token. @throws {ValueError} @internal */
export function wholeNumber(json: JsonObject, name: string, otherwise?: number): number {
  const value = field(json, name, 'number', otherwise)
  if (Number.isSafeInteger(value) && value >= 0) return value
  return damaged(`'${name}' must be a whole number ≥ 0, and is ${value}`)
}

/** One of several words. @throws {ValueError} @internal */
export function choice<T extends string>(
  json: JsonObject,
  name: string,
  words: readonly T[],
  otherwise?: T,
): T {
  const value = field(json, name, 'string', otherwise) as T
  if (words.includes(value)) return value
  return damaged(`'${name}' must be one of ${words.join(', ')}, and is ${shown(value)}`)
}

/** The objects of a list. @throws {ValueError} @internal */
export function objects(json: JsonObject, name: string): readonly JsonObject[] {
  const list = field(json, name, 'array')
  for (const one of list) if (!isA.object(one)) damaged(`'${name}' holds ${shown(one)}`)
  return list as readonly JsonObject[]
}
