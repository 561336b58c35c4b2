/** Things that cross to worker threads by being made again there. */
import { ValueError } from '@flambeau/core'
import { requireFunction } from '@flambeau/core/internal'
import type { Portable, WorkerRecipe } from '../dataset.ts'

/**
 * The recipe of an instance of `type`, for its `toWorker`. A subclass must have a `toWorker` of its
 * own: what this one says would make an instance of the base class.
 *
 * @throws {ValueError} for an instance of a subclass.
 */
export function recipeOf(
  instance: object,
  type: { readonly name: string },
  module: string | URL,
  args: readonly unknown[],
): WorkerRecipe {
  requireFunction('recipeOf', 'type', type)
  const { name } = instance.constructor
  if (instance.constructor === type) return { module, export: type.name, args }
  throw new ValueError(
    name,
    [],
    `${name} extends ${type.name}, but does not say how a worker makes it again`,
    `give it a method: toWorker() { return { module: import.meta.url, export: '${name}', args: […] } }`,
  )
}

/** Does it say how to make it again? */
export function isPortable(value: unknown): value is Portable {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<Portable>).toWorker === 'function'
  )
}
