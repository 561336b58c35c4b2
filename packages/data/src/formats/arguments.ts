/** Checks of paths and bytes where they enter. */
import { ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'

/** @throws {ValueError} unless `path` is text: Node takes a number for an open file, and waits for it. */
export function requirePath(op: string, path: unknown, name = 'path'): asserts path is string {
  if (typeof path === 'string' && !path.includes('\0')) return
  throw new ValueError(op, [], `${name} must be a path, not ${show(path)}`, `${name}: './data'`)
}

/** @throws {ValueError} unless `bytes` are a Uint8Array, as a Buffer is. */
export function requireBytes(op: string, bytes: unknown): asserts bytes is Uint8Array {
  if (bytes instanceof Uint8Array) return
  const rule = `the bytes of a file must be a Uint8Array, not ${show(bytes)}`
  throw new ValueError(op, [], rule, 'readFileSync(path)')
}
