/** Checks of what users pass to the functions of this package. */
import { ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { liveId, requireTensor, show } from '@flambeau/core/internal'

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
  throw new ValueError(op, [], `options are an object, not ${show(options)}`, '{}')
}
