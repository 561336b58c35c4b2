import { ValueError } from '@flambeau/core'
import { requireList, requireText } from '@flambeau/core/internal'
import type { Dataset, Portable } from '../dataset.ts'
import { IterableDataset } from '../dataset.ts'
import { makeHere } from './revive.ts'

/**
 * The dataset that an export of a module makes (a class, or a function that may be asynchronous), in
 * this thread and again in each worker: for datasets without a `toWorker` of their own.
 *
 * @param module - The module's URL, such as `new URL('./digits.js', import.meta.url)`.
 * @param name - The export's name. Default `'default'`.
 * @param args - Its arguments: plain data, tensors, and things that have a `toWorker`.
 * @throws {ValueError} if the module has no such export, or it makes no dataset.
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { DataLoader, workerDataset } from '@flambeau/data'
 * import type { TensorDataset } from '@flambeau/data'
 * import type { Tensor } from '@flambeau/core'
 *
 * const module = import.meta.resolve('@flambeau/data') // yours: new URL('./digits.js', import.meta.url)
 * const data = await workerDataset<TensorDataset<[Tensor]>>(module, 'TensorDataset', [arange(4)])
 * for await (const [x] of new DataLoader(data, { batchSize: 2 })) console.log(x.tolist())
 * // [ 0, 1 ]
 * // [ 2, 3 ]
 * ```
 */
export async function workerDataset<D extends Dataset | IterableDataset>(
  module: string | URL,
  name = 'default',
  args: readonly unknown[] = [],
): Promise<D & Portable> {
  const op = 'workerDataset'
  if (!(module instanceof URL)) requireText(op, 'module', module)
  requireText(op, 'name', name)
  requireList(op, 'args', args)
  const recipe = { module, export: name, args }
  const made = await makeHere(recipe)
  const given = made as Partial<Dataset> | null | undefined
  if (!(made instanceof IterableDataset) && typeof given?.getItem !== 'function') {
    throw new ValueError(
      'workerDataset',
      [],
      `${name} of ${String(module)} makes no dataset`,
      'export a class that extends Dataset, or a function that returns one',
    )
  }
  return Object.assign(made as D, { toWorker: () => recipe })
}
