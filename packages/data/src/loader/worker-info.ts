/** What code in a worker can know of its place. */
import type { Dataset, IterableDataset } from '../dataset.ts'

/** Which worker this is. */
export interface WorkerInfo {
  /** From 0 up to numWorkers - 1. */
  readonly id: number
  readonly numWorkers: number
  /** The loader's seed of this epoch plus the worker's number. */
  readonly seed: bigint
  /** The worker's own dataset. */
  readonly dataset: Dataset | IterableDataset
}

let current: WorkerInfo | null = null

/** @internal */
export function setWorkerInfo(info: WorkerInfo): void {
  current = info
}

/**
 * Which of a loader's workers this thread is; null in the main thread. An {@link IterableDataset}
 * uses it to give each worker its share.
 *
 * @see torch.utils.data.get_worker_info
 *
 * @example
 * ```ts
 * import { getWorkerInfo } from '@flambeau/data'
 * console.log(getWorkerInfo()) // => null
 * ```
 */
export function getWorkerInfo(): WorkerInfo | null {
  return current
}
