/** Checks of what users pass to the functions of this package. */
import { Tensor, ValueError } from '@flambeau/core'
import { liveId } from '@flambeau/core/internal'

/** @throws {ValueError} unless `value` is a tensor. */
export function requireTensor(op: string, name: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor) return
  throw new ValueError(
    op,
    [{ name, description: value === null ? 'null' : typeof value }],
    `${name} must be a tensor`,
    'make a tensor of it with tensor(…)',
  )
}

/** One tensor or several as a list of live tensors. @throws {ValueError, DisposedError} */
export function tensorList(op: string, name: string, value: unknown): Tensor[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) {
    throw new ValueError(op, [], `${name} must name at least one tensor`, 'pass a tensor')
  }
  return list.map((item, i) => {
    requireTensor(op, Array.isArray(value) ? `${name}[${i}]` : name, item)
    liveId(op, item)
    return item
  })
}

/** The options, or none. @throws {ValueError} unless they are an object. */
export function optionsOf<O extends object>(op: string, options: O | null | undefined): Partial<O> {
  if (options === undefined || options === null) return {}
  if (typeof options === 'object') return options
  throw new ValueError(
    op,
    [],
    `options are an object, not ${typeof options}`,
    '{ retainGraph: true }',
  )
}

/** @throws {ValueError} unless `value` is a function. */
export function requireFunction(op: string, name: string, value: unknown): void {
  if (typeof value === 'function') return
  throw new ValueError(
    op,
    [],
    `${name} must be a function, not ${value === null ? 'null' : typeof value}`,
    `${op}(() => …)`,
  )
}
