/** Hooks around the forward and the backward pass of a module, and its call. */
import { Tensor, ValueError } from '@flambeau/core'
import { anyDevice, near, requireOptions } from '@flambeau/core/internal'
import { isGradEnabled } from '@flambeau/autograd'
import type { AnyModule, Module } from './module.ts'
import { forwardWithBackwardHooks } from './module-boundary.ts'

/** Called with a module, its arguments and, after `forward`, its output. */
export type ForwardHook = (module: Module, args: readonly unknown[], output: unknown) => unknown
export type ForwardPreHook = (module: Module, args: readonly unknown[]) => unknown

/** Gradients of a module's arguments or outputs; null where there is none. */
export type Gradients = readonly (Tensor | null)[]
export type BackwardHook = (
  module: Module,
  gradInput: Gradients,
  gradOutput: Gradients,
) => Gradients | null | undefined | void
export type BackwardPreHook = (
  module: Module,
  gradOutput: Gradients,
) => Gradients | null | undefined | void

export interface ForwardHookOptions {
  /** Call it before the hooks that are there. Default false. */
  prepend?: boolean
}

/** Takes a hook off again. */
export interface RemovableHandle {
  remove(): void
}

interface Hooks {
  forward: ForwardHook[]
  forwardPre: ForwardPreHook[]
  backward: BackwardHook[]
  backwardPre: BackwardPreHook[]
}

const hooksOf = new WeakMap<object, Hooks>()

/** Adds a hook of one kind to a module. */
export function addHook<K extends keyof Hooks>(
  op: string,
  module: object,
  kind: K,
  hook: Hooks[K][number],
  options: ForwardHookOptions = {},
): RemovableHandle {
  if (typeof hook !== 'function') {
    throw new ValueError(op, [], 'a hook is a function', '(module, args) => …')
  }
  requireOptions(op, options)
  let hooks = hooksOf.get(module)
  if (hooks === undefined) {
    hooks = { forward: [], forwardPre: [], backward: [], backwardPre: [] }
    hooksOf.set(module, hooks)
  }
  const list = hooks[kind] as Hooks[K][number][]
  // One function may be added twice: the handle takes off its own.
  const own = ((...args: never[]) =>
    (hook as (...args: never[]) => unknown)(...args)) as typeof hook
  if (options.prepend === true) list.unshift(own)
  else list.push(own)
  return {
    remove() {
      const at = list.indexOf(own)
      if (at >= 0) list.splice(at, 1)
    },
  }
}

/** Does anything hang on the module's call, or did anything? */
export function hasHooks(module: object): boolean {
  return hooksOf.has(module)
}

/** A tensor that says on which device a call takes place: an argument, else a parameter. */
function placeOf(module: AnyModule, args: readonly unknown[]): Tensor | undefined {
  for (const value of args) {
    const first: unknown = Array.isArray(value) ? value[0] : value
    if (first instanceof Tensor) return first
  }
  const [parameter] = module.parameters()
  return parameter
}

/**
 * Calls `forward` with everything that hangs on it. What is made of nothing meanwhile (zeros, positions,
 * masks) is on the device of the input, unless it says another.
 */
export function runWithHooks<Args extends unknown[], Output>(
  module: Module<Args, Output>,
  args: Args,
): Output {
  if (!anyDevice()) return runHere(module, args)
  const place = placeOf(module, args)
  return near(place?._id ?? 0, () => runHere(module, args))
}

function runHere<Args extends unknown[], Output>(module: Module<Args, Output>, args: Args): Output {
  const hooks = hooksOf.get(module)
  if (hooks === undefined) return module.forward(...args)
  let used: readonly unknown[] = args
  for (const hook of [...hooks.forwardPre]) {
    const changed = hook(module as unknown as Module, used)
    if (changed === undefined || changed === null) continue
    used = Array.isArray(changed) ? (changed as unknown[]) : [changed]
  }
  const { backward, backwardPre } = hooks
  const forward = (given: readonly unknown[]): unknown => module.forward(...(given as Args))
  let output =
    backward.length + backwardPre.length > 0 && isGradEnabled()
      ? forwardWithBackwardHooks(
          module as unknown as Module,
          used,
          { backward: [...backward], backwardPre: [...backwardPre] },
          forward,
        )
      : forward(used)
  for (const hook of [...hooks.forward]) {
    const changed = hook(module as unknown as Module, used, output)
    if (changed !== undefined && changed !== null) output = changed
  }
  return output as Output
}
