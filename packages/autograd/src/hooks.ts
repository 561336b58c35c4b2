/** Functions of the user that a backward pass calls, by the node of the graph they belong to. */
import type { Tensor } from '@flambeau/core'
import { DTypeError, ShapeError, ValueError } from '@flambeau/core'
import {
  isTensor,
  liveId,
  moveToScope,
  outsideScopes,
  requireFunction,
  sameShape,
  share,
} from '@flambeau/core/internal'

/** A function to call with a gradient; it may return another one to use in its place. */
export type Hook = (grad: Tensor) => Tensor | null | undefined | void

/** What a hook of a node may return: gradients to use in place of those it saw, or nothing. */
export type NodeHookResult = readonly (Tensor | null)[] | Tensor | null | undefined | void

/** Called with the gradients of a node's inputs, which it may replace, and of its outputs. */
export type NodeHook = (
  gradInputs: readonly (Tensor | null)[],
  gradOutputs: readonly (Tensor | null)[],
) => NodeHookResult

/** Called with the gradients of a node's outputs, which it may replace, before they are used. */
export type NodePrehook = (gradOutputs: readonly (Tensor | null)[]) => NodeHookResult

/** Called with a leaf after a gradient was added to its `grad`. */
export type AccumulateHook = (tensor: Tensor) => void

/** Takes a hook off again. */
export interface HookHandle {
  remove(): void
}

/**
 * Hooks of one node. They may hold tensors of the node's own graph and so keep it alive; hence they
 * are dropped (`spent`) when a backward pass frees the graph.
 */
export interface NodeHooks {
  /** Hooks of tensors, by the output of the node that they are. */
  readonly byOutput: Map<number, Set<Hook>>
  readonly before: Set<NodePrehook>
  readonly after: Set<NodeHook>
  /** Of a leaf: called with it once its gradient was added. */
  readonly accumulated: Set<() => void>
  spent: boolean
}

/** Hooks by node slot. */
export const hooks: Map<number, NodeHooks> = new Map()

/** The hooks of a node, to be changed. */
export function hooksOf(slot: number): NodeHooks {
  let node = hooks.get(slot)
  if (node === undefined) {
    node = {
      byOutput: new Map(),
      before: new Set(),
      after: new Set(),
      accumulated: new Set(),
      spent: false,
    }
    hooks.set(slot, node)
  }
  return node
}

/** Adds a hook, unless it is no function. The handle takes it off again. */
export function addHook<H>(name: string, list: Set<H>, hook: H): HookHandle {
  requireFunction(name, 'hook', hook)
  list.add(hook)
  return { remove: () => void list.delete(hook) }
}

/** Drops the hooks of a node whose graph was freed. */
export function spendHooks(slot: number): void {
  const node = hooks.get(slot)
  if (node === undefined) return
  node.byOutput.clear()
  node.before.clear()
  node.after.clear()
  node.spent = true
}

/** The gradient as the user may see and keep it. */
function shown<T extends Tensor | null>(grad: T): T {
  if (grad === null) return grad
  const own = share(grad)
  moveToScope(own, null)
  return own as T
}

/** What the hooks of output `output` make of its gradient. */
export function runHooks(slot: number, output: number, grad: Tensor): Tensor {
  const list = hooks.get(slot)?.byOutput.get(output)
  if (list === undefined) return grad
  let current = grad
  // A copy: a hook may add and remove hooks.
  for (const hook of Array.from(list)) {
    // User code: its tensors are its own, and it may keep the gradient.
    const seen = shown(current)
    const result = outsideScopes(() => (hook(seen) as unknown) ?? seen)
    current = share(checkHookResult(result, grad))
  }
  return current
}

/** What the hooks of the node itself make of the gradients of its outputs. */
export function runPrehooks(
  slot: number,
  grads: readonly (Tensor | null)[],
): readonly (Tensor | null)[] {
  let current = grads
  for (const hook of Array.from(hooks.get(slot)?.before ?? [])) {
    current = replaced(
      current,
      outsideScopes(() => hook(current.map(shown))),
    )
  }
  return current
}

/** What the hooks of the node make of the gradients of its inputs. */
export function runPosthooks(
  slot: number,
  gradInputs: readonly (Tensor | null)[],
  gradOutputs: readonly (Tensor | null)[],
): readonly (Tensor | null)[] {
  let current = gradInputs
  for (const hook of Array.from(hooks.get(slot)?.after ?? [])) {
    const seen = current.map(shown)
    current = replaced(
      current,
      outsideScopes(() => hook(seen, gradOutputs.map(shown))),
    )
  }
  return current
}

/** Tells the hooks of a leaf that its gradient was added. */
export function runAccumulated(slot: number): void {
  for (const hook of Array.from(hooks.get(slot)?.accumulated ?? [])) outsideScopes(hook)
}

/** Gradients of which a hook replaced some. */
function replaced(
  grads: readonly (Tensor | null)[],
  result: NodeHookResult,
): readonly (Tensor | null)[] {
  if (result === null || result === undefined) return grads
  const list: readonly unknown[] = Array.isArray(result) ? result : [result]
  if (list.length !== grads.length) {
    throw new ValueError(
      'hook',
      [],
      `a hook returned ${list.length} gradients in place of ${grads.length}`,
      'return as many as it got, or nothing',
    )
  }
  return list.map((one, i) => {
    if (one === null || one === undefined) return null
    const before = grads[i] ?? null
    if (before !== null) return share(checkHookResult(one, before))
    requireGradient(one)
    return share(one)
  })
}

function requireGradient(result: unknown, grad?: Tensor): asserts result is Tensor {
  if (!isTensor(result)) {
    throw new ValueError(
      'hook',
      grad === undefined ? [] : { gradient: grad },
      `a hook returned ${typeof result}, which is not a tensor`,
      'return a tensor, or nothing to leave the gradient as it is',
    )
  }
  liveId('hook', result)
}

function checkHookResult(result: unknown, grad: Tensor): Tensor {
  requireGradient(result, grad)
  if (!sameShape(result._shape, grad._shape)) {
    throw new ShapeError(
      'hook',
      { gradient: grad, result },
      'a hook must keep the shape of its gradient',
      'return a tensor of the same shape, or nothing',
    )
  }
  if (result._dtype !== grad._dtype) {
    throw new DTypeError(
      'hook',
      { gradient: grad, result },
      'a hook must keep the dtype of its gradient',
      `cast the result with to('${grad.dtype}')`,
    )
  }
  return result
}
