/** What the loop's thread and its workers tell each other. */
import type { ErrorMessage } from './errors.ts'
import type { Task } from './fetch.ts'

/** What a worker is told when it starts. */
export interface WorkerSetup {
  readonly id: number
  readonly numWorkers: number
  /** Number of the channel for batches. */
  readonly channel: number
  readonly baseSeed: bigint
  readonly batched: boolean
  readonly batchSize: number | null
  readonly dropLast: boolean
  /** Packed: the dataset, the collate function and the init function. */
  readonly recipes: unknown
  /** For the bootstrap: the worker's module, and what makes TypeScript run. */
  readonly entry: string
  readonly register: string | null
}

/** To a worker. */
export type ToWorker =
  | { readonly kind: 'epoch'; readonly baseSeed: bigint; readonly epoch: number }
  | {
      readonly kind: 'task'
      readonly task: Task
      /** Counts epochs of the pool: answers to earlier ones are not wanted any more. */
      readonly generation: number
      /** Read, but do not send. */
      readonly skip: boolean
    }
  | { readonly kind: 'stop' }

/** From a worker. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: ErrorMessage }
  | TaskAnswer

/** What became of a task. */
export type TaskAnswer =
  | {
      readonly kind: 'batch'
      readonly number: number
      readonly generation: number
      readonly data: unknown
    }
  | { readonly kind: 'end' | 'skipped'; readonly number: number; readonly generation: number }
  | {
      readonly kind: 'error'
      readonly number: number
      readonly generation: number
      readonly index: unknown
      readonly error: ErrorMessage
    }
