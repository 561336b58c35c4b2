/** Whether operations are recorded. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isRecording, recording } from '@flambeau/core/internal'
import { requireFunction } from './arguments.ts'

interface Mode {
  enabled: boolean
  /** True until the body returned: for an asynchronous one, at its first await. */
  synchronous: boolean
}

const modes = new AsyncLocalStorage<Mode>()

// Consulted only while an asynchronous noGrad or enableGrad is running: what follows an await runs
// when others have set the flag, but finds the mode it belongs to.
recording.pausedHere = (): boolean => !(modes.getStore()?.enabled ?? recording.enabled)

/** Runs `body` in a mode of its own, which follows it through every await. */
export function withMode<T>(enabled: boolean, body: () => T): T {
  const before = recording.enabled
  const mode: Mode = { enabled, synchronous: true }
  recording.enabled = enabled
  let result: T
  try {
    result = modes.run(mode, body)
  } finally {
    mode.synchronous = false
    recording.enabled = before
  }
  if (!(result instanceof Promise)) return result
  recording.asynchronous++
  return result.finally(() => {
    recording.asynchronous--
  }) as T
}

/** Changes the mode at this place. */
function switchMode(enabled: boolean): void {
  const mode = modes.getStore()
  if (mode !== undefined) mode.enabled = enabled
  // After an await the flag is that of other code.
  if (mode === undefined || mode.synchronous) recording.enabled = enabled
}

/** A grad mode that lasts until it is disposed, for `using`. */
function untilDisposed(enabled: boolean): Disposable {
  const before = isRecording()
  switchMode(enabled)
  return {
    [Symbol.dispose](): void {
      switchMode(before)
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
  if (body === undefined) return untilDisposed(false)
  requireFunction('noGrad', 'the body', body)
  return withMode(false, body)
}

/**
 * Runs `body` with recording, also inside of {@link noGrad}.
 *
 * @see torch.enable_grad
 */
export function enableGrad(): Disposable
export function enableGrad<T>(body: () => T): T
export function enableGrad<T>(body?: () => T): T | Disposable {
  if (body === undefined) return untilDisposed(true)
  requireFunction('enableGrad', 'the body', body)
  return withMode(true, body)
}

/** Switches recording on or off, until it is switched again. @see torch.set_grad_enabled */
export function setGradEnabled(enabled: boolean): void {
  switchMode(Boolean(enabled))
}
