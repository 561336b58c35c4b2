/** What goes wrong in other threads. */
import { FlambeauError } from '@flambeau/core'

/** Where in the loader's work something went wrong. */
export interface WorkerPlace {
  /** The number of the worker, from 0. */
  readonly workerId: number
  /** The sample that was being read, if it is known which. */
  readonly index?: unknown
  /** The samples of the batch that was being made, if any. */
  readonly indices?: readonly unknown[] | undefined
}

/** An index as messages show it. */
export function showIndex(index: unknown): string {
  return typeof index === 'object' || typeof index === 'function'
    ? `of type ${typeof index}`
    : `${index as number}`
}

function describe({ index, indices }: WorkerPlace): string {
  if (indices === undefined) return index === undefined ? '' : ` at sample ${showIndex(index)}`
  const shown = indices.slice(0, 8).map(showIndex).join(', ')
  const all = `samples ${shown}${indices.length > 8 ? `, … (${indices.length})` : ''}`
  return index === undefined
    ? ` in a batch of ${all}`
    : ` at sample ${showIndex(index)}, in a batch of ${all}`
}

/**
 * Something was thrown in a worker thread: `cause` is what was thrown, with the stack that it had
 * there.
 *
 * @example
 * ```ts
 * import type { DataLoader } from '@flambeau/data'
 * import { WorkerError } from '@flambeau/data'
 *
 * async function read(loader: DataLoader<number>): Promise<void> {
 *   try {
 *     for await (const x of loader) console.log(x.shape)
 *   } catch (error) {
 *     if (!(error instanceof WorkerError)) throw error
 *     console.log(`sample ${error.index} of worker ${error.workerId}:`, error.cause)
 *   }
 * }
 * ```
 */
export class WorkerError extends FlambeauError implements WorkerPlace {
  override readonly code: string = 'ERR_WORKER'
  readonly workerId: number
  readonly index: unknown
  readonly indices: readonly unknown[] | undefined

  constructor(place: WorkerPlace, what: string, fix: string, cause?: unknown) {
    super('DataLoader', [], `worker ${place.workerId}${describe(place)}: ${what}`, fix)
    this.workerId = place.workerId
    this.index = place.index
    this.indices = place.indices
    if (cause !== undefined) this.cause = cause
  }
}

/**
 * A worker thread ended by itself: it ran out of memory, called `process.exit`, or something was
 * thrown that nobody caught. `indices` are the samples that it was at.
 *
 * @example
 * ```ts
 * import { WorkerCrashError } from '@flambeau/data'
 * const isCrash = (error: unknown): boolean => error instanceof WorkerCrashError
 * console.log(isCrash(new Error('something else'))) // => false
 * ```
 */
export class WorkerCrashError extends WorkerError {
  override readonly code: string = 'ERR_WORKER_CRASH'
}

/**
 * A batch did not arrive within the loader's `timeout`.
 *
 * @example
 * ```ts
 * import { LoaderTimeoutError } from '@flambeau/data'
 * const isLate = (error: unknown): boolean => error instanceof LoaderTimeoutError
 * console.log(isLate(new Error('something else'))) // => false
 * ```
 */
export class LoaderTimeoutError extends FlambeauError {
  override readonly code: string = 'ERR_TIMEOUT'
}

/** What was thrown, as a message can carry it. */
export interface ErrorMessage {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | undefined
  readonly cause: ErrorMessage | undefined
}

/** What was thrown, for a message. */
export function packError(error: unknown, depth = 0): ErrorMessage {
  if (!(error instanceof Error)) {
    const message = `a value that is no Error was thrown: ${shown(error)}`
    return { name: 'Error', message, stack: undefined, code: undefined, cause: undefined }
  }
  const { code } = error as { code?: unknown }
  return {
    name: String(error.name),
    message: String(error.message),
    stack: typeof error.stack === 'string' ? error.stack : undefined,
    code: typeof code === 'string' ? code : undefined,
    cause: error.cause === undefined || depth > 4 ? undefined : packError(error.cause, depth + 1),
  }
}

function shown(value: unknown): string {
  try {
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  } catch {
    return typeof value
  }
}

/** An error like the one that was thrown in the other thread. */
export function unpackError({ name, message, stack, code, cause }: ErrorMessage): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause: unpackError(cause) })
  error.name = name
  if (stack !== undefined) error.stack = stack
  return code === undefined ? error : Object.assign(error, { code })
}
