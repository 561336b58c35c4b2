/** Makes again what recipes describe. */
import { ValueError } from '@flambeau/core'
import { show, withDefaultGenerator } from '@flambeau/core/internal'
import type { WorkerRecipe } from '../dataset.ts'
import type { CollateFunction } from './fetch.ts'
import type { PackedRecipe } from './packing.ts'
import { recipesIn, Unpacker } from './packing.ts'

/**
 * The values of a packed message whose recipes are made: classes with `new`, functions called if the
 * recipe has arguments, other exports and functions without arguments taken as they are.
 *
 * @throws {ValueError} if a module has no such export.
 */
export async function revive(packed: unknown): Promise<unknown> {
  const made = new Map<PackedRecipe, unknown>()
  const unpacker = new Unpacker(true, (recipe) => made.get(recipe))
  // Arguments come before what they are needed for.
  for (const recipe of recipesIn(packed)) {
    const { module, name, args } = recipe
    const values = args?.map((arg) => unpacker.unpack(arg))
    made.set(recipe, await make(await exportOf(module, name), values))
  }
  return unpacker.unpack(packed)
}

async function exportOf(module: string, name: string): Promise<unknown> {
  const exported = ((await import(module)) as Record<string, unknown>)[name]
  if (exported !== undefined) return exported
  throw new ValueError('DataLoader', [], `${module} has no export ${show(name)}`, 'export it')
}

/** What a recipe describes, made in this thread: its arguments are used as they are. */
export async function makeHere(recipe: WorkerRecipe): Promise<unknown> {
  const { module, export: name = 'default', args } = recipe
  const url = module instanceof URL ? module.href : module
  return make(await exportOf(url, name), args === undefined ? undefined : [...args])
}

/** A collate function that a recipe names, imported when it is first called. */
export function lateCollate(recipe: WorkerRecipe): CollateFunction<unknown> {
  let loaded: CollateFunction<unknown> | null = null
  return (samples, context) => {
    if (loaded !== null) return loaded(samples, context)
    return makeHere(recipe).then((made) => {
      const collate = requireFunction('collateFn', made) as CollateFunction<unknown>
      loaded = collate
      return withDefaultGenerator(
        () => context.generator,
        () => collate(samples, context),
      )
    })
  }
}

/** @throws {ValueError} if a recipe that must make a function makes something else. */
export function requireFunction(name: string, made: unknown): Function {
  if (typeof made === 'function') return made
  throw new ValueError(
    'DataLoader',
    [],
    `${name} is not a function in the module that it names`,
    'export a function',
  )
}

function make(exported: unknown, args: unknown[] | undefined): unknown {
  if (typeof exported !== 'function') return exported
  if (isClass(exported)) return Reflect.construct(exported, args ?? [])
  return args === undefined ? exported : (exported as (...given: unknown[]) => unknown)(...args)
}

/** Classes can only be called with `new`. */
function isClass(value: Function): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
}
