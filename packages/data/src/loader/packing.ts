/**
 * Values as messages carry them. Tensors become tickets of a channel, so that threads share their
 * memory; what has a recipe becomes the recipe; arrays, Maps, Sets and plain objects are gone through;
 * the rest is copied by the engine.
 */
import { Tensor, ValueError } from '@flambeau/core'
import type { Channel } from '@flambeau/core/internal'
import { receiveTensor } from '@flambeau/core/internal'
import type { WorkerRecipe } from '../dataset.ts'
import { isPortable } from './recipe.ts'

// Keys that no data has.
const TICKET = '\u0000flambeau tensor'
const RECIPE = '\u0000flambeau recipe'

/** A recipe as messages carry it. */
export interface PackedRecipe {
  readonly module: string
  readonly name: string
  readonly args: readonly unknown[] | undefined
}

/** What the engine copies as it is, and what survives that. */
const COPIED: readonly Function[] = [
  Date,
  RegExp,
  Error,
  ArrayBuffer,
  SharedArrayBuffer,
  Boolean,
  Number,
  String,
]

/** Turns values into what messages carry. */
export class Packer {
  readonly #channel: Channel
  readonly #op: string
  readonly #seen = new Map<object, unknown>()
  /** The tensors that were sent. */
  readonly tensors: Tensor[] = []

  /** @param op - who sends, for messages. */
  constructor(channel: Channel, op: string) {
    this.#channel = channel
    this.#op = op
  }

  /** @throws {ValueError} for what cannot go to another thread; `path` says where it is. */
  pack(value: unknown, path: string): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') throw this.#refuse(value, path)
    if (typeof value !== 'object' || value === null) return value
    const known = this.#seen.get(value)
    if (known !== undefined) return known
    if (value instanceof Tensor) {
      this.tensors.push(value)
      return this.#keep(value, { [TICKET]: this.#channel.send(value) })
    }
    if (isPortable(value)) {
      const packed: Record<string, unknown> = {}
      this.#keep(value, packed)
      packed[RECIPE] = this.recipe(value.toWorker(), path)
      return packed
    }
    if (value instanceof URL) return value.href
    if (ArrayBuffer.isView(value) || COPIED.some((type) => value instanceof type)) return value
    if (Array.isArray(value)) {
      const packed: unknown[] = []
      this.#keep(value, packed)
      for (const [i, item] of value.entries()) packed.push(this.pack(item, `${path}[${i}]`))
      return packed
    }
    if (value instanceof Map) {
      const packed = new Map<unknown, unknown>()
      this.#keep(value, packed)
      for (const [key, item] of value) {
        packed.set(this.pack(key, path), this.pack(item, `${path}.get(${String(key)})`))
      }
      return packed
    }
    if (value instanceof Set) {
      const packed = new Set<unknown>()
      this.#keep(value, packed)
      for (const item of value) packed.add(this.pack(item, path))
      return packed
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) throw this.#refuse(value, path)
    const packed: Record<string, unknown> = {}
    this.#keep(value, packed)
    for (const [key, item] of Object.entries(value)) packed[key] = this.pack(item, `${path}.${key}`)
    return packed
  }

  /** A recipe with its arguments packed. @throws {ValueError} if it is none. */
  recipe(recipe: WorkerRecipe, path: string): PackedRecipe {
    const { module, export: name = 'default', args } = recipe
    return {
      module: moduleUrl(this.#op, module, path),
      name,
      args: args?.map((arg, i) => this.pack(arg, `${path}.args[${i}]`)),
    }
  }

  #keep<T>(value: object, packed: T): T {
    this.#seen.set(value, packed)
    return packed
  }

  #refuse(value: unknown, path: string): ValueError {
    const kind =
      typeof value === 'object' && value !== null
        ? `an instance of ${value.constructor.name}`
        : `a ${typeof value}`
    return new ValueError(
      this.#op,
      [],
      `${path} is ${kind}, which cannot go to another thread`,
      typeof value === 'object'
        ? 'give its class a method toWorker(), which says how to make it again, or use plain objects'
        : "put it in a module and name it: { module: import.meta.url, export: 'name' }",
    )
  }
}

function moduleUrl(op: string, module: unknown, path: string): string {
  const text = module instanceof URL ? module.href : module
  if (typeof text === 'string' && URL.canParse(text)) return text
  throw new ValueError(
    op,
    [],
    `${path} names no module: ${JSON.stringify(text)} is not a URL`,
    'module: import.meta.url, or new URL("./dataset.js", import.meta.url)',
  )
}

/** Goes through a packed value, and calls `visit` for every ticket. */
function eachTicket(value: unknown, visit: (ticket: number) => void, seen = new Set()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  if (ArrayBuffer.isView(value)) return
  seen.add(value)
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) eachTicket(item, visit, seen)
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      eachTicket(key, visit, seen)
      eachTicket(item, visit, seen)
    }
  } else if (TICKET in value) {
    visit(value[TICKET] as number)
  } else {
    for (const item of Object.values(value)) eachTicket(item, visit, seen)
  }
}

/** The recipes in a packed value, those in the arguments of others before these. */
export function recipesIn(value: unknown): PackedRecipe[] {
  const recipes: PackedRecipe[] = []
  const seen = new Set<unknown>()
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || seen.has(part)) return
    if (ArrayBuffer.isView(part)) return
    seen.add(part)
    if (RECIPE in part) {
      const recipe = part[RECIPE] as PackedRecipe
      visit(recipe.args)
      recipes.push(recipe)
    } else if (part instanceof Map) {
      for (const [key, item] of part) visit([key, item])
    } else {
      for (const item of part instanceof Set ? part : Object.values(part)) visit(item)
    }
  }
  visit(value)
  return recipes
}

/** Frees what a message brought, if nobody wants it. */
export function discard(packed: unknown): void {
  eachTicket(packed, (ticket) => receiveTensor(ticket).dispose())
}

/** Turns what a message carried into values. `keep` leaves tensors for other threads too. */
export class Unpacker {
  readonly #keep: boolean
  readonly #make: ((recipe: PackedRecipe) => unknown) | null
  readonly #seen = new Map<object, unknown>()

  constructor(keep: boolean, make: ((recipe: PackedRecipe) => unknown) | null = null) {
    this.#keep = keep
    this.#make = make
  }

  unpack(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    const known = this.#seen.get(value)
    if (known !== undefined) return known
    if (Array.isArray(value)) {
      const items: unknown[] = []
      this.#seen.set(value, items)
      for (const item of value) items.push(this.unpack(item))
      return items
    }
    if (value instanceof Map) {
      const items = new Map<unknown, unknown>()
      this.#seen.set(value, items)
      for (const [key, item] of value) items.set(this.unpack(key), this.unpack(item))
      return items
    }
    if (value instanceof Set) {
      const items = new Set<unknown>()
      this.#seen.set(value, items)
      for (const item of value) items.add(this.unpack(item))
      return items
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) return value
    const special =
      TICKET in value
        ? receiveTensor(value[TICKET] as number, this.#keep)
        : RECIPE in value && this.#make !== null
          ? this.#make(value[RECIPE] as PackedRecipe)
          : undefined
    if (special !== undefined) {
      this.#seen.set(value, special)
      return special
    }
    const items: Record<string, unknown> = {}
    this.#seen.set(value, items)
    for (const [key, item] of Object.entries(value)) items[key] = this.unpack(item)
    return items
  }
}
