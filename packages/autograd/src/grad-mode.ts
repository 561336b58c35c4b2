/** Whether operations are recorded. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { recording } from '@flambeau/core/internal'

interface Mode {
  enabled: boolean
}

const modes = new AsyncLocalStorage<Mode>()

// Consulted only while an asynchronous noGrad or enableGrad is running.
recording.pausedHere = (): boolean => modes.getStore()?.enabled === false

function withMode<T>(enabled: boolean, body: () => T): T {
  const before = recording.enabled
  recording.enabled = enabled
  let result: T
  try {
    result = modes.run({ enabled }, body)
  } finally {
    recording.enabled = before
  }
  if (!(result instanceof Promise)) return result
  // What follows an await runs when others have set the flag: there the store decides.
  recording.asynchronous++
  return result.finally(() => {
    recording.asynchronous--
  }) as T
}

/** A grad mode that lasts until it is disposed, for `using`. */
function untilDisposed(enabled: boolean): Disposable {
  const before = recording.enabled
  recording.enabled = enabled
  return {
    [Symbol.dispose](): void {
      recording.enabled = before
    },
  }
}

/**
 * Runs `body` without recording operations: results do not require gradients. Follows `await` when
 * `body` is asynchronous. Without a body, recording stops until the result is disposed:
 * `using _ = noGrad()`.
 *
 * @see torch.no_grad
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { noGrad } from '@flambeau/autograd'
 * const x = tensor([1.5], { requiresGrad: true })
 * console.log(noGrad(() => x.mul(2)).requiresGrad) // => false
 * ```
 */
export function noGrad(): Disposable
export function noGrad<T>(body: () => T): T
export function noGrad<T>(body?: () => T): T | Disposable {
  return body === undefined ? untilDisposed(false) : withMode(false, body)
}

/**
 * Runs `body` with recording, also inside of {@link noGrad}.
 *
 * @see torch.enable_grad
 */
export function enableGrad(): Disposable
export function enableGrad<T>(body: () => T): T
export function enableGrad<T>(body?: () => T): T | Disposable {
  return body === undefined ? untilDisposed(true) : withMode(true, body)
}

/** Switches recording on or off, until it is switched again. @see torch.set_grad_enabled */
export function setGradEnabled(enabled: boolean): void {
  recording.enabled = enabled
}
