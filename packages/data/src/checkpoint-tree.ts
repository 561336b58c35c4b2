/** Trees of values, as JSON that refers to tensors by name. */
import { Generator, Tensor, ValueError } from '@flambeau/core'

/** Whatever keeps its state by PyTorch's pair of methods: models, optimizers, schedulers, scalers, loaders. */
export interface Stateful {
  stateDict(): unknown
  loadStateDict(state: never): unknown
}

/** What a checkpoint may consist of. */
export type Checkpoint =
  | Tensor
  | Stateful
  | Generator
  | number
  | bigint
  | string
  | boolean
  | null
  | readonly Checkpoint[]
  | { readonly [key: string]: Checkpoint }

/** What is restored from a checkpoint: objects with a state, by the names under which they were saved. */
export type Restored =
  | Stateful
  | Generator
  | readonly Restored[]
  | { readonly [key: string]: Restored }

// What stands for values that JSON has not. Keys of one's own must not begin with '$'.
const TENSOR = '$tensor'
const NUMBER = '$number'
const BIGINT = '$bigint'
const STATE = '$state'
const OF = '$of'

function isStateful(value: unknown): value is Stateful {
  // A module is a function.
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  const { stateDict, loadStateDict } = value as Partial<Stateful>
  return typeof stateDict === 'function' && typeof loadStateDict === 'function'
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The name of a value's class. */
export function classOf(value: object): string {
  const { constructor } = value as { constructor?: unknown }
  return typeof constructor === 'function' ? constructor.name : 'object'
}

/** Does the tree hold anything with a state? */
export function hasState(value: unknown): boolean {
  if (value instanceof Tensor) return false
  if (value instanceof Generator || isStateful(value)) return true
  if (Array.isArray(value)) return value.some(hasState)
  return isPlain(value) && Object.values(value).some(hasState)
}

/** A tree as JSON; `keep` takes a tensor and its dotted place and names it. */
export function encodeTree(
  tree: unknown,
  keep: (tensor: Tensor, place: string) => string,
): unknown {
  const fail = (rule: string, fix: string): ValueError =>
    new ValueError('saveCheckpoint', [], rule, fix)
  // Modules and lists may hold themselves.
  const open = new Set<object>()
  const encode = (value: unknown, place: string): unknown => {
    if (value instanceof Tensor) return { [TENSOR]: keep(value, place === '' ? 'tensor' : place) }
    if (typeof value === 'number') {
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { [NUMBER]: Object.is(value, -0) ? '-0' : String(value) }
    }
    if (typeof value === 'bigint') return { [BIGINT]: String(value) }
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value === 'object' || typeof value === 'function') {
      if (open.has(value)) throw fail(`the tree contains itself (at '${place}')`, 'save it once')
      open.add(value)
      const result = inside(value, place)
      open.delete(value)
      return result
    }
    throw kindError(typeof value, place)
  }
  const kindError = (kind: string, place: string): ValueError =>
    fail(
      `a ${kind} cannot be saved (at '${place}')`,
      'save tensors, numbers, strings, booleans, null, arrays, plain objects, and objects with stateDict() and loadStateDict()',
    )
  const inside = (value: object, place: string): unknown => {
    const below = (key: string | number): string => (place === '' ? `${key}` : `${place}.${key}`)
    if (value instanceof Generator)
      return { [STATE]: encode(value.getState(), place), [OF]: 'Generator' }
    if (isStateful(value))
      return { [STATE]: encode(value.stateDict(), place), [OF]: classOf(value) }
    if (Array.isArray(value)) return value.map((item, i) => encode(item, below(i)))
    if (!isPlain(value)) {
      throw kindError(typeof value === 'function' ? 'function' : classOf(value), place)
    }
    const entries = Object.entries(value)
    if (entries.some(([key]) => key.startsWith('$'))) {
      throw fail(`keys must not start with '$' (at '${place}')`, 'rename the key')
    }
    return Object.fromEntries(entries.map(([key, item]) => [key, encode(item, below(key))]))
  }
  return encode(tree, '')
}

/** Nested deeper than this, walking through a tree would overflow the stack. */
const MOST_DEPTH = 500

/** Why what {@link encodeTree} made, or a file holds in its place, cannot be read; null if it can. */
export function faultOf(tree: unknown): string | null {
  let level: unknown[] = [tree]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_DEPTH) return `its values are nested more than ${MOST_DEPTH} deep`
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      const fields = value as Record<string, unknown>
      if (TENSOR in fields && typeof fields[TENSOR] !== 'string')
        return 'a tensor in it has no name'
      if (BIGINT in fields && !/^-?\d{1,10000}$/.test(JSON.stringify(fields[BIGINT]).slice(1, -1)))
        return 'a whole number in it is none, or has more than 10000 digits'
      for (const item of Object.values(fields)) next.push(item)
    }
    level = next
  }
  return null
}

/** A value as {@link encodeTree} left it; states become what `stateDict()` gave. */
export function decodeTree(value: unknown, find: (name: string) => Tensor): unknown {
  if (Array.isArray(value)) return value.map((item) => decodeTree(item, find))
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Record<string, unknown>
  if (TENSOR in fields) return find(String(fields[TENSOR]))
  if (NUMBER in fields) return Number(fields[NUMBER])
  if (BIGINT in fields) return BigInt(String(fields[BIGINT]))
  if (STATE in fields) return decodeTree(fields[STATE], find)
  return Object.fromEntries(
    Object.entries(fields).map(([key, item]) => [key, decodeTree(item, find)]),
  )
}

/** An object and the state it is to take over. */
export interface Restoration {
  place: string
  target: Stateful | Generator
  /** The class that was saved, and the state as {@link encodeTree} left it. */
  savedFrom: string
  state: unknown
}

/**
 * Finds the states of all objects in `into` at the same places of an encoded tree.
 *
 * @returns What to restore, and the tree without it.
 */
export function matchStates(
  encoded: unknown,
  into: unknown,
): { found: Restoration[]; rest: unknown } {
  const found: Restoration[] = []
  const fail = (rule: string, fix: string): ValueError =>
    new ValueError('loadCheckpoint', [], rule, fix)
  const match = (value: unknown, target: unknown, place: string): unknown => {
    if (target instanceof Generator || isStateful(target)) {
      const fields = value as Record<string, unknown> | null
      if (typeof fields !== 'object' || fields === null || !(STATE in fields)) {
        throw fail(
          `'${place}' in the checkpoint is no state of an object`,
          'save the object itself, or take the value from the result',
        )
      }
      found.push({ place, target, savedFrom: String(fields[OF]), state: fields[STATE] })
      return undefined
    }
    if (!Array.isArray(target) && !isPlain(target)) {
      throw fail(
        `'${place}' to be restored is neither an object with a state nor a collection of them`,
        'pass { model, optimizer }; other values are in the result',
      )
    }
    const fields = value as Record<string, unknown>
    if (typeof fields !== 'object' || fields === null || STATE in fields || TENSOR in fields) {
      throw fail(
        `'${place}' is a collection here and none in the checkpoint`,
        'pass what was saved under this name',
      )
    }
    const rest = { ...fields }
    for (const [key, item] of Object.entries(target)) {
      const inside = place === '' ? key : `${place}.${key}`
      if (!Object.hasOwn(fields, key)) {
        throw fail(
          `the checkpoint has no '${inside}'; it has ${Object.keys(fields).join(', ') || 'nothing'}`,
          'leave it out, or load a checkpoint that has it',
        )
      }
      const left = match(fields[key], item, inside)
      if (left === undefined) Reflect.deleteProperty(rest, key)
      else rest[key] = left
    }
    return Object.keys(rest).length === 0 && place !== '' ? undefined : rest
  }
  return { rest: match(encoded, into, ''), found }
}
