/** Whether operations are recorded, and inference mode. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { ValueError } from '@flambeau/core'
import { isInferring, isRecording, recording, requireFunction } from '@flambeau/core/internal'

interface Mode {
  enabled: boolean
  inferring: boolean
  /** True until the body returned: for an asynchronous one, at its first await. */
  synchronous: boolean
}

const modes = new AsyncLocalStorage<Mode>()

// Consulted only while an asynchronous noGrad or enableGrad is running: what follows an await runs
// when others have set the flags, but finds the mode it belongs to.
recording.pausedHere = (): boolean => !(modes.getStore()?.enabled ?? recording.enabled)
recording.inferringHere = (): boolean => modes.getStore()?.inferring ?? recording.inferring

/** Runs `body` in a mode of its own, which follows it through every await. */
export function withMode<T>(
  enabled: boolean,
  body: () => T,
  inferring: boolean = isInferring(),
): T {
  const { enabled: enabledBefore, inferring: inferringBefore } = recording
  const mode: Mode = { enabled, inferring, synchronous: true }
  recording.enabled = enabled
  recording.inferring = inferring
  let result: T
  try {
    result = modes.run(mode, body)
  } finally {
    mode.synchronous = false
    recording.enabled = enabledBefore
    recording.inferring = inferringBefore
  }
  if (!(result instanceof Promise)) return result
  recording.asynchronous++
  return result.finally(() => {
    recording.asynchronous--
  }) as T
}

/** Changes the mode at this place. */
function switchMode(enabled: boolean, inferring: boolean): void {
  const mode = modes.getStore()
  if (mode !== undefined) {
    mode.enabled = enabled
    mode.inferring = inferring
  }
  // After an await the flags are those of other code.
  if (mode === undefined || mode.synchronous) {
    recording.enabled = enabled
    recording.inferring = inferring
  }
}

/** A mode that lasts until it is disposed, for `using`. */
function untilDisposed(enabled: boolean, inferring: boolean): Disposable {
  const enabledBefore = isRecording()
  const inferringBefore = isInferring()
  switchMode(enabled, inferring)
  return {
    [Symbol.dispose](): void {
      switchMode(enabledBefore, inferringBefore)
    },
  }
}

// Functions of any kind: parameters are contravariant.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyFunction = (...args: any[]) => any

/** What a decorator of a method is told of it. */
interface MethodContext {
  readonly kind: 'method'
  readonly name: string | symbol
}

/** A mode of recording, as a body's surroundings, a block's (`using`), a function's or a method's. */
export interface GradMode {
  /** The mode until the result is disposed: `using _ = noGrad()`. */
  (): Disposable
  /** Runs `body` in the mode, through every `await`; returns what it returns. */
  <T>(body: () => T): T
  /** A method that always runs in the mode: `@noGrad` before it. */
  <F extends AnyFunction>(method: F, context: MethodContext): F
  /** The same where TypeScript's `experimentalDecorators` are on. */
  <F extends AnyFunction>(
    owner: object,
    name: string | symbol,
    method: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>
  /** A function that always runs in the mode. */
  readonly wrap: <F extends AnyFunction>(fn: F) => F
}

/** A function that runs `fn` in a mode, with its own `this` and name. */
function wrapped<F extends AnyFunction>(fn: F, run: <T>(body: () => T) => T): F {
  const result = function (this: unknown, ...args: unknown[]): unknown {
    return run(() => fn.apply(this, args) as unknown)
  }
  Object.defineProperty(result, 'name', { value: fn.name, configurable: true })
  Object.defineProperty(result, 'length', { value: fn.length, configurable: true })
  return result as F
}

function isMethodContext(value: unknown): value is MethodContext {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'method'
}

function gradMode(name: string, enabled: boolean, inferring: () => boolean): GradMode {
  const run = <T>(body: () => T): T => withMode(enabled, body, inferring())
  const mode = (body?: unknown, context?: unknown, method?: PropertyDescriptor): unknown => {
    if (body === undefined) return untilDisposed(enabled, inferring())
    if (typeof method?.value === 'function') {
      return { ...method, value: wrapped(method.value as AnyFunction, run) }
    }
    requireFunction(name, 'body', body)
    if (context === undefined) return run(body as () => unknown)
    if (isMethodContext(context)) return wrapped(body as AnyFunction, run)
    throw new ValueError(name, [], 'only methods can be decorated', `put @${name} before a method`)
  }
  Object.defineProperty(mode, 'name', { value: name })
  return Object.assign(mode, {
    wrap<F extends AnyFunction>(fn: F): F {
      requireFunction(`${name}.wrap`, 'fn', fn)
      return wrapped(fn, run)
    },
  }) as GradMode
}

/**
 * Runs a body without recording operations: results do not require gradients. Follows `await` when
 * the body is asynchronous. Also for a block, `using _ = noGrad()`; for a function,
 * `noGrad.wrap(fn)`; and for a method, `@noGrad`.
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
export const noGrad: GradMode = gradMode('noGrad', false, isInferring)

/**
 * Runs a body with recording, also inside of {@link noGrad}, which it is used like.
 *
 * @see torch.enable_grad
 */
export const enableGrad: GradMode = gradMode('enableGrad', true, isInferring)

/** {@link inferenceMode}, which may also be told to be off. */
export interface InferenceMode extends GradMode {
  (mode: boolean): Disposable
}

const inferring = gradMode('inferenceMode', false, () => true)
const notInferring = gradMode('inferenceMode', true, () => false)

/**
 * Runs a body in inference mode: nothing is recorded, and what is made there can never become part
 * of a graph. Used like {@link noGrad}; `using _ = inferenceMode(false)` leaves the mode for a block.
 *
 * @see torch.inference_mode
 */
export const inferenceMode: InferenceMode = Object.assign(
  (...given: readonly unknown[]): unknown =>
    typeof given[0] === 'boolean'
      ? (given[0] ? inferring : notInferring)()
      : (inferring as (...given: readonly unknown[]) => unknown)(...given),
  { wrap: inferring.wrap },
) as InferenceMode

/**
 * Switches recording on or off, until it is switched again or the result is disposed; with a body,
 * for that only.
 *
 * @see torch.set_grad_enabled
 */
export function setGradEnabled(mode: boolean): Disposable
export function setGradEnabled<T>(mode: boolean, body: () => T): T
export function setGradEnabled<T>(mode: boolean, body?: () => T): T | Disposable {
  if (typeof mode !== 'boolean') {
    throw new ValueError(
      'setGradEnabled',
      [],
      `mode must be true or false, not ${typeof mode}`,
      'setGradEnabled(false)',
    )
  }
  return mode ? (body ? enableGrad(body) : enableGrad()) : body ? noGrad(body) : noGrad()
}
