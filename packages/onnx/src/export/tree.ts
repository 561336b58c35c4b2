/** Tensors in nested arguments and results, by where they are. */
import { Tensor } from '@flambeau/core'

/** A tensor and the path to it: keys of objects, places of lists. */
export interface Leaf {
  readonly tensor: Tensor
  readonly path: readonly (string | number)[]
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** All tensors in `value`: itself, or in lists and plain objects, nested. */
export function leavesOf(value: unknown, path: readonly (string | number)[] = []): Leaf[] {
  if (value instanceof Tensor) return [{ tensor: value, path }]
  if (Array.isArray(value)) {
    return value.flatMap((one, i) => leavesOf(one, [...path, nameOf(value, i)]))
  }
  if (!isPlain(value)) return []
  return Object.entries(value).flatMap(([key, one]) => leavesOf(one, [...path, key]))
}

/** The name that a list's element has beside its place, as in results with names. */
function nameOf(list: readonly unknown[], i: number): string | number {
  const fields = list as unknown as Record<string, unknown>
  // Names of results are not enumerable.
  const keys = Object.getOwnPropertyNames(list).filter((key) => String(Number(key)) !== key)
  return keys.find((key) => fields[key] === list[i]) ?? i
}

/** The same structure with other tensors. */
export function replaceLeaves(value: unknown, replace: (tensor: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return replace(value)
  if (Array.isArray(value)) return value.map((one) => replaceLeaves(one, replace))
  if (!isPlain(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, replaceLeaves(one, replace)]),
  )
}
