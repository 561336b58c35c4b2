/** Copies of modules. */
import { Tensor } from '@flambeau/core'
import { isNamed } from '@flambeau/core/internal'
import type { AnyModule } from '../module.ts'
import { Module, requireModule } from '../module.ts'
import { buffersOf } from '../module-state.ts'
import { Parameter } from '../parameter.ts'
import { isUninitialized, postpone } from './lazy.ts'

const followers = new WeakMap<object, Set<(copy: AnyModule) => void>>()

/** Calls `fn` with each copy that is made of a module, from now on until the result is called. */
export function onCopy(module: AnyModule, fn: (copy: AnyModule) => void): () => void {
  const known = followers.get(module) ?? new Set()
  followers.set(module, known)
  known.add(fn)
  return () => known.delete(fn)
}

/**
 * A module of the same class and settings with parameters and buffers of its own, also those in arrays
 * and plain objects; hooks stay behind, unless norms and the like need them, and nothing is drawn.
 * Private fields and methods (`#name`) cannot be copied: classes that have them say so with `private name`.
 * What is no plain object, as a Map, is shared.
 *
 * @throws {ValueError} if the argument is not a module.
 */
export function copyModule<M extends AnyModule>(module: M): M {
  requireModule('copyModule', module)
  const copies = new Map<object, unknown>()
  const copyOf = (value: unknown): unknown => {
    if (value instanceof Module) return copyOne(value)
    if (Array.isArray(value)) return value.map(copyOf)
    if (isNamed(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copyOf(one)]))
    }
    if (!(value instanceof Tensor)) return value
    const known = copies.get(value)
    if (known !== undefined) return known
    const data = value.detach().clone()
    const copy = value instanceof Parameter ? new Parameter(data, value.requiresGrad) : data
    if (isUninitialized(value)) postpone(copy)
    copies.set(value, copy)
    return copy
  }
  const copyOne = (source: AnyModule): AnyModule => {
    const known = copies.get(source)
    if (known !== undefined) return known as AnyModule
    // Only the base's constructor runs: that of the class would draw weights.
    const copy = Reflect.construct(Module, [], source.constructor) as AnyModule
    copies.set(source, copy)
    const fields = copy as unknown as Record<string, unknown>
    for (const [name, { persistent }] of buffersOf(source)) {
      buffersOf(copy).set(name, { persistent })
    }
    for (const key of Object.keys(source)) {
      fields[key] = copyOf((source as unknown as Record<string, unknown>)[key])
    }
    for (const follow of followers.get(source) ?? []) follow(copy)
    return copy
  }
  return copyOne(module) as M
}
