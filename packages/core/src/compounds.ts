/**
 * Functions that are made of many operations, for who wants to see them whole: an exporter of graphs
 * writes one `Resize` where a program made of operations has twelve.
 */
import type { Input } from './op.ts'
import type { Tensor } from './tensor.ts'

/** Is told of a call, and runs `body` to carry it out. */
export type CompoundWatcher = (
  name: string,
  inputs: readonly Input[],
  params: unknown,
  body: () => Tensor,
) => Tensor

/** Set while somebody watches. */
export const compounds: { watcher: CompoundWatcher | null } = { watcher: null }
