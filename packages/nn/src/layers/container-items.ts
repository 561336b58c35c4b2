/** What containers share: reading what they are given, and fields named 0, 1, …. */
import { Tensor, ValueError } from '@flambeau/core'
import { isIterable, show } from '@flambeau/core/internal'

/** The entries of an object, or of what gives pairs. @throws {ValueError} */
export function entriesOf<T>(
  op: string,
  name: string,
  value: Readonly<Record<string, T>> | Iterable<readonly [string, T]>,
): readonly (readonly [string, T])[] {
  if (
    !isIterable(value) &&
    (typeof value !== 'object' || value === null || value instanceof Tensor)
  ) {
    const rule = `${name} must be an object or a list of [name, value], not ${show(value)}`
    throw new ValueError(op, [], rule, `new ${op}({ name: … })`)
  }
  if (!isIterable(value)) return Object.entries(value)
  return Array.from(value, (entry: unknown) => {
    if (Array.isArray(entry) && typeof entry[0] === 'string') return entry as [string, T]
    const rule = `${name} must be pairs of a name and a value, not ${show(entry)}`
    throw new ValueError(op, [], rule, `new ${op}([['name', …]])`)
  })
}

/** @throws {ValueError} unless `name` can be that of a field without being one already. */
export function requireName(op: string, name: unknown, isTaken: boolean): asserts name is string {
  if (typeof name === 'string' && name !== '' && !name.includes('.') && !isTaken) return
  throw new ValueError(op, [], `${show(name)} cannot name a part`, 'choose another name')
}

/** A place counted from the front. @throws {ValueError} if it is not there. */
export function placeOf(op: string, index: number, length: number): number {
  const at = Number.isInteger(index) && index < 0 ? index + length : index
  if (Number.isInteger(at) && at >= 0 && at < length) return at
  throw new ValueError(
    op,
    [],
    `there is no item ${show(index)} among ${length}`,
    'negative ones count from the back',
  )
}

/** Fields named 0, 1, … of a module, as a list. */
export function items<T>(module: object, is: (value: unknown) => value is T): T[] {
  const fields = module as Record<string, unknown>
  const out: T[] = []
  for (let i = 0; is(fields[i]); i++) out.push(fields[i] as T)
  return out
}

/** Writes `list` as fields 0, 1, … in place of those that are there. */
export function setItems<T>(module: object, list: readonly T[], before: number): void {
  const fields = module as Record<string, unknown>
  for (let i = 0; i < before; i++) delete fields[i]
  list.forEach((item, i) => {
    fields[i] = item
  })
}

/** Puts `item` before place `index` of `list`, the fields 0, 1, …. @throws {ValueError} */
export function insertItem<T>(
  op: string,
  module: object,
  list: readonly T[],
  index: number,
  item: T,
): void {
  const at = index === list.length ? index : placeOf(op, index, list.length)
  setItems(module, list.toSpliced(at, 0, item), list.length)
}

export function noForward(name: string): never {
  throw new ValueError(
    name,
    [],
    'a container has no forward of its own',
    'call its items in the forward of your module',
  )
}
