/** Checks of arguments as they enter a package: of their kind, not of what is in them. */
import { isIterable } from './arguments.ts'
import { ValueError } from './errors.ts'
import { show } from './show.ts'
import { requireTensor } from './tensor.ts'
import type { Tensor } from './tensor.ts'

export { requireTensor }

/** @throws {ValueError} unless `value` is a list of tensors, of at least `least`. */
export function requireTensors(
  op: string,
  name: string,
  value: unknown,
  least = 0,
): asserts value is readonly Tensor[] {
  requireList(op, name, value, 'a list of tensors')
  if (value.length < least) {
    throw new ValueError(
      op,
      [],
      `${name} must have at least ${least} tensors, not ${value.length}`,
      'pass [a, b]',
    )
  }
  // Not forEach: it leaves out holes.
  for (let i = 0; i < value.length; i++) requireTensor(op, `${name}[${i}]`, value[i])
}

/** @throws {ValueError} unless `value` is an array; `what` says of what. */
export function requireList(
  op: string,
  name: string,
  value: unknown,
  what = 'a list',
): asserts value is readonly unknown[] {
  if (Array.isArray(value)) return
  throw new ValueError(op, [], `${name} must be ${what}, not ${show(value)}`, `${name}: […]`)
}

/** @throws {ValueError} unless `value` is a list of numbers, as many as `count` if that is given. */
export function requireNumberList(
  op: string,
  name: string,
  value: unknown,
  count?: number,
): asserts value is readonly number[] {
  const isList = Array.isArray(value) && (count === undefined || value.length === count)
  if (isList && Array.from(value).every((item) => typeof item === 'number')) return
  const many = count === undefined ? 'numbers' : `${count} numbers`
  throw new ValueError(
    op,
    [],
    `${name} must be a list of ${many}, not ${show(value)}`,
    `${name}: [${Array.from({ length: count ?? 2 }, (_, i) => i + 1).join(', ')}]`,
  )
}

/** @throws {ValueError} unless `value` is a function. */
export function requireFunction(op: string, name: string, value: unknown): void {
  if (typeof value === 'function') return
  throw new ValueError(
    op,
    [],
    `${name} must be a function, not ${show(value)}`,
    `${name}: (…) => …`,
  )
}

/** @throws {ValueError} unless `value` is a string. */
export function requireText(op: string, name: string, value: unknown): asserts value is string {
  if (typeof value === 'string') return
  throw new ValueError(op, [], `${name} must be a string, not ${show(value)}`, `${name}: '…'`)
}

/** @throws {ValueError} unless `value` is a number; NaN and the infinities are. */
export function requireNumber(op: string, name: string, value: unknown): asserts value is number {
  if (typeof value === 'number') return
  throw new ValueError(op, [], `${name} must be a number, not ${show(value)}`, `${name}: 1`)
}

/** @throws {ValueError} unless `value` is a whole number ≥ `least`. */
export function requireCount(
  op: string,
  name: string,
  value: unknown,
  least = 0,
): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return
  throw new ValueError(
    op,
    [],
    `${name} must be a whole number ≥ ${least}, not ${show(value)}`,
    `${name}: ${Math.max(least, 1)}`,
  )
}

/** @throws {ValueError} unless all of `counts` are whole numbers ≥ `least`. */
export function requireCounts(
  op: string,
  counts: Readonly<Record<string, unknown>>,
  least = 0,
): void {
  for (const [name, value] of Object.entries(counts)) requireCount(op, name, value, least)
}

/** @throws {ValueError} unless `value` is true or false. */
export function requireBoolean(op: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value === 'boolean') return
  throw new ValueError(op, [], `${name} must be true or false, not ${show(value)}`, `${name}: true`)
}

/** @throws {ValueError} unless `value` can be iterated over, and is no text; `what` says of what. */
export function requireIterable(
  op: string,
  name: string,
  value: unknown,
  what = 'a list',
  fix = `${name}: […]`,
): asserts value is Iterable<unknown> {
  if (isIterable(value)) return
  throw new ValueError(op, [], `${name} must be ${what}, not ${show(value)}`, fix)
}

/** @throws {ValueError} unless `value` is one of `known`. */
export function requireOneOf<T>(
  op: string,
  name: string,
  value: unknown,
  known: readonly T[],
): asserts value is T {
  if ((known as readonly unknown[]).includes(value)) return
  throw new ValueError(
    op,
    [],
    `${name} must be one of ${known.map(show).join(', ')}, not ${show(value)}`,
    `${name}: ${show(known[0])}`,
  )
}

/**
 * @throws {ValueError} unless `options` are an object that has the names `needed`; the message says
 * which names these are, also where there is no object at all.
 */
export function requireOptions<O extends object>(
  op: string,
  options: O | null | undefined,
  needed: readonly (keyof O & string)[] = [],
): asserts options is O {
  const given = options as unknown
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const names = needed.length > 0 ? ` with ${needed.join(', ')}` : ''
    throw new ValueError(
      op,
      [],
      `options are an object${names}, not ${show(given)}`,
      needed.length > 0 ? `{ ${needed.map((name) => `${name}: …`).join(', ')} }` : '{}',
    )
  }
  const missing = needed.filter((name) => (given as Record<string, unknown>)[name] === undefined)
  if (missing.length === 0) return
  throw new ValueError(
    op,
    [],
    `the options need ${needed.join(', ')}, but ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`,
    `add ${missing.map((name) => `${name}: …`).join(', ')}`,
  )
}

/**
 * @throws {ValueError} unless `value` is an instance of `kind`; `fix` shows how to get one.
 */
export function requireInstance<T>(
  op: string,
  name: string,
  value: unknown,
  kind: abstract new (...args: never[]) => T,
  fix = `new ${kind.name}(…)`,
): asserts value is T {
  if (value instanceof kind) return
  const article = /^[AEIOU]/.test(kind.name) ? 'an' : 'a'
  throw new ValueError(op, [], `${name} must be ${article} ${kind.name}, not ${show(value)}`, fix)
}
