/** Functions that are called around steps, saving and loading. */
import { ValueError } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import type { OptimizerState } from './optimizer.ts'
import type { AnyOptimizer } from './schedulers/scheduler.ts'

/** Takes a hook off again. */
export interface RemovableHandle {
  remove(): void
}

/** Called before a step with its arguments; an array that it returns takes their place. */
export type StepPreHook = (
  optimizer: AnyOptimizer,
  args: readonly unknown[],
) => readonly unknown[] | void
/** Called after a step with its arguments. */
export type StepPostHook = (optimizer: AnyOptimizer, args: readonly unknown[]) => void
/** Called before `stateDict`, or after `loadStateDict`. */
export type StateHook = (optimizer: AnyOptimizer) => void
/** Called after `stateDict`, or before `loadStateDict`; a state that it returns takes the other's place. */
export type StateDictHook = (
  optimizer: AnyOptimizer,
  state: OptimizerState,
) => OptimizerState | void

/** Where a hook is put. */
export interface HookOptions {
  /** Before those that are there. Default false. */
  prepend?: boolean
}

/** All hooks of an optimizer, by when they are called. @internal */
export interface OptimizerHooks {
  stepPre: StepPreHook[]
  stepPost: StepPostHook[]
  savePre: StateHook[]
  savePost: StateDictHook[]
  loadPre: StateDictHook[]
  loadPost: StateHook[]
}

/** @throws {ValueError} unless `hook` is a function. @internal */
export function addHook<H extends (...args: never[]) => unknown>(
  op: string,
  list: H[],
  hook: H,
  options: HookOptions = {},
): RemovableHandle {
  requireOptions(op, options)
  const { prepend = false } = options
  if (typeof hook !== 'function') {
    throw new ValueError(op, [], 'a hook is a function', '(optimizer) => …')
  }
  // One function may be added twice: the handle takes off its own.
  const own = ((...args: never[]) => hook(...args)) as H
  if (prepend) list.unshift(own)
  else list.push(own)
  return {
    remove(): void {
      const at = list.indexOf(own)
      if (at >= 0) list.splice(at, 1)
    },
  }
}

/** The state after all hooks have seen it. @internal */
export function throughHooks(
  hooks: readonly StateDictHook[],
  optimizer: AnyOptimizer,
  state: OptimizerState,
): OptimizerState {
  let current = state
  for (const hook of hooks) current = hook(optimizer, current) ?? current
  return current
}
