/** Anomaly mode: remembers where operations were called, and says whose gradient is NaN. */
import { fileURLToPath } from 'node:url'
import type { Tensor } from '@flambeau/core'
import { AutogradError, ValueError } from '@flambeau/core'
import { coreFolder, requireFunction } from '@flambeau/core/internal'
import { optionsOf } from './arguments.ts'

/** Where an operation was called: the user's frames, and the backward pass that called it, if one. */
export interface Trace {
  readonly frames: string
  /** For an operation of a backward pass: the forward call whose gradient it computes. */
  readonly parent: Trace | null
}

/** Read at every recorded operation: keep it flat. */
export const anomaly: { enabled: boolean; checkNan: boolean; running: Trace | null } = {
  enabled: false,
  checkNan: true,
  running: null,
}

const OWN_FOLDERS = [coreFolder, fileURLToPath(new URL('.', import.meta.url))]
const MAX_FRAMES = 12

/** Is this line of a stack trace none of the framework's? */
function isUsers(line: string): boolean {
  return line.includes('.test.') || !OWN_FOLDERS.some((folder) => line.includes(folder))
}

/** Where the user called the operation that is recorded now. */
export function traceHere(): Trace {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 64
  const lines = (new Error().stack ?? '').split('\n').slice(1)
  Error.stackTraceLimit = limit
  const frames = lines.filter(isUsers).slice(0, MAX_FRAMES)
  return { frames: frames.join('\n'), parent: anomaly.running }
}

function describe({ frames, parent }: Trace): string {
  const here = `the forward call was\n${frames}`
  return parent === null
    ? here
    : `${here}\n  in the backward pass of an operation: ${describe(parent)}`
}

/**
 * Checks what a node computed.
 *
 * @throws {AutogradError} naming the node and its forward call if a gradient is NaN somewhere.
 */
export function checkAnomaly(
  name: string,
  grads: readonly (Tensor | null)[],
  trace: Trace | undefined,
): void {
  grads.forEach((grad, i) => {
    if (grad === null || !grad.ne(grad).any().item()) return
    throw new AutogradError(
      name,
      { gradient: grad },
      `the gradient of input ${i} is NaN`,
      trace === undefined ? 'turn anomaly mode on for the forward pass too' : describe(trace),
    )
  })
}

/** Adds the forward call to an error that a node's formulas threw. */
export function explain(error: unknown, trace: Trace | undefined): unknown {
  if (
    error instanceof Error &&
    trace !== undefined &&
    !error.message.includes('forward call was')
  ) {
    error.message += `\n  in the backward pass of an operation: ${describe(trace)}`
  }
  return error
}

export interface AnomalyOptions {
  /** Look for NaN in each gradient. Default true. */
  checkNan?: boolean
}

function switchAnomaly(enabled: boolean, checkNan: boolean): Disposable {
  const before = { enabled: anomaly.enabled, checkNan: anomaly.checkNan }
  anomaly.enabled = enabled
  anomaly.checkNan = checkNan
  return {
    [Symbol.dispose](): void {
      Object.assign(anomaly, before)
    },
  }
}

/**
 * Turns anomaly mode on or off, until that is done again or the result is disposed: each recorded
 * operation remembers where it was called, and a backward pass that meets NaN throws an error that
 * names the operation and that place. Slow: for finding mistakes.
 *
 * @see torch.autograd.set_detect_anomaly
 */
export function setDetectAnomaly(mode: boolean, options?: boolean | AnomalyOptions): Disposable {
  const name = 'setDetectAnomaly'
  if (typeof mode !== 'boolean') {
    const rule = `mode must be true or false, not ${typeof mode}`
    throw new ValueError(name, [], rule, 'setDetectAnomaly(true)')
  }
  const { checkNan = true } =
    typeof options === 'boolean' ? { checkNan: options } : optionsOf(name, options)
  return switchAnomaly(mode, checkNan)
}

/**
 * Runs `body` in anomaly mode, see {@link setDetectAnomaly}; without a body, until the result is
 * disposed: `using _ = detectAnomaly()`.
 *
 * @see torch.autograd.detect_anomaly
 */
export function detectAnomaly(options?: boolean | AnomalyOptions): Disposable
export function detectAnomaly<T>(body: () => T, options?: boolean | AnomalyOptions): T
export function detectAnomaly<T>(
  body?: (() => T) | boolean | AnomalyOptions,
  options?: boolean | AnomalyOptions,
): T | Disposable {
  if (typeof body !== 'function') {
    if (options !== undefined) requireFunction('detectAnomaly', 'body', body)
    return setDetectAnomaly(true, body)
  }
  const mode = setDetectAnomaly(true, options)
  let result: T
  try {
    result = body()
  } catch (error) {
    mode[Symbol.dispose]()
    throw error
  }
  if (result instanceof Promise) return result.finally(() => mode[Symbol.dispose]()) as T
  mode[Symbol.dispose]()
  return result
}
