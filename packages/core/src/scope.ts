/**
 * Who frees a tensor. By default the garbage collector does, watched by native code (see README,
 * "Memory"). Inside of a scope, tensors are counted instead: whatever the scope made and does not
 * return is freed when it ends. The framework uses scopes for everything of its own making.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { ValueError } from './errors.ts'
import { show } from './show.ts'
import { native } from './native.ts'
import type { Tensor } from './tensor.ts'
import { batchOf } from './vmap/batch.ts'

/**
 * The tensors that a running scope made.
 *
 * @example
 * ```ts
 * import { memoryStats, ones, scope } from '@flambeau/core'
 * const before = memoryStats().tensors
 * const y = scope(() => ones([4]).add(1).mul(2))
 * console.log(memoryStats().tensors - before, y.shape) // => 1 [ 4 ]
 * ```
 */
export class Scope {
  readonly tensors: Tensor[] = []
  readonly outer: Scope | null
  closed = false

  constructor(outer: Scope | null) {
    this.outer = outer
  }

  /** Frees the tensors that still belong to this scope. */
  close(): void {
    this.closed = true
    for (const tensor of this.tensors) {
      if (tensor._scope !== this || tensor._id === 0) continue
      native.release(tensor._id)
      tensor._id = 0
    }
    this.tensors.length = 0
  }
}

const asyncScopes = new AsyncLocalStorage<Scope | null>()

/** Read by dispatch at every operation: keep it flat. */
export const scopes: { current: Scope | null; asynchronous: number } = {
  current: null,
  asynchronous: 0,
}

/** The scope that a new tensor belongs to, if any. */
export function currentScope(): Scope | null {
  if (scopes.current !== null || scopes.asynchronous === 0) return scopes.current
  const store = asyncScopes.getStore() ?? null
  return store !== null && !store.closed ? store : null
}

/** Moves `tensor` out of its scope into `to`; null hands it to the garbage collector. */
export function moveToScope(tensor: Tensor, target: Scope | null): void {
  // An asynchronous scope may outlive the one around it.
  let to = target
  while (to !== null && to.closed) to = to.outer
  const batch = batchOf(tensor)
  if (batch !== null) {
    moveToScope(batch.value, to)
    tensor._scope = batch.value._scope
    return
  }
  if (tensor._id === 0 || tensor._scope === to) return
  if (to === null) {
    tensor._scope = null
    tensor._id = native.track(tensor._id, tensor)
    return
  }
  if (tensor._scope === null) native.untrack(tensor._id)
  tensor._scope = to
  to.tensors.push(tensor)
}

/** Frees a tensor that nothing refers to any more, without waiting for the collector. @internal */
export function discard(tensor: Tensor): void {
  if (tensor._id === 0 || batchOf(tensor) !== null) return
  if (tensor._scope === null) native.untrack(tensor._id)
  native.release(tensor._id)
  tensor._id = 0
}

const TENSOR = Symbol.for('flambeau.tensor')

/** True for tensors, also across module boundaries that would make a cycle. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && TENSOR in value
}

/** Calls `visit` for each tensor in `value`: itself, or in arrays and plain objects, nested. */
function eachTensor(
  value: unknown,
  visit: (tensor: Tensor) => void,
  seen: Set<unknown> = new Set(),
): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  if (isTensor(value)) return visit(value)
  seen.add(value)
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) eachTensor(item, visit, seen)
  } else if (value instanceof Map) {
    for (const item of value.values()) eachTensor(item, visit, seen)
  } else {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return
    for (const item of Object.values(value)) eachTensor(item, visit, seen)
  }
}

/** Runs the framework's own code in a scope. The tensors in the result move outward. @internal */
export function internally<T>(body: () => T): T {
  const outer = scopes.current
  const target = outer ?? currentScope()
  const scope = new Scope(target)
  scopes.current = scope
  try {
    const result = body()
    if (isTensor(result)) {
      if (result._scope === scope) moveToScope(result, target)
    } else {
      eachTensor(result, (tensor) => {
        if (tensor._scope === scope) moveToScope(tensor, target)
      })
    }
    return result
  } finally {
    scopes.current = outer
    scope.close()
  }
}

/** Runs user code from inside of the framework: its tensors belong to nobody's scope. @internal */
export function outsideScopes<T>(body: () => T): T {
  const outer = scopes.current
  scopes.current = null
  try {
    return body()
  } finally {
    scopes.current = outer
  }
}

/**
 * Runs `body` and frees every tensor that it made, except those in its result (a tensor, or arrays
 * and plain objects with tensors in them) and those passed to {@link keep}.
 *
 * Optional: without it, memory is reclaimed by itself. Use it to bound memory tightly, for example
 * around a large computation whose intermediate results should go at once. Follows `await` when
 * `body` is asynchronous.
 *
 * @example
 * ```ts
 * import { randn, scope } from '@flambeau/core'
 * const total = scope(() => randn([1000, 1000]).square().sum()) // the 8 MB are free again here
 * ```
 */
export function scope<T>(body: () => T): T {
  if (typeof body !== 'function') {
    throw new ValueError(
      'scope',
      [],
      `a scope needs a function, not ${show(body)}`,
      'scope(() => …)',
    )
  }
  const outer = currentScope()
  const own = new Scope(outer)
  const before = scopes.current
  const leave = (result: unknown): void => {
    eachTensor(result, (tensor) => {
      if (tensor._scope === own) moveToScope(tensor, outer)
    })
    own.close()
  }
  scopes.current = own
  let result: T
  try {
    result = asyncScopes.run(own, body)
  } catch (error) {
    own.close()
    throw error
  } finally {
    scopes.current = before
  }
  if (!(result instanceof Promise)) {
    leave(result)
    return result
  }
  scopes.asynchronous++
  return result.then(
    (value: unknown) => {
      scopes.asynchronous--
      leave(value)
      return value
    },
    (error: unknown) => {
      scopes.asynchronous--
      own.close()
      throw error
    },
  ) as T
}

/** Lets `tensor` outlive the scope that made it; returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  if (!isTensor(tensor)) {
    throw new ValueError('keep', [], `only tensors can be kept, not ${show(tensor)}`, 'keep(x)')
  }
  if (tensor._scope !== null) moveToScope(tensor, null)
  return tensor
}
