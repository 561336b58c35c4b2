/** Modules that would contain themselves: what walks along the tree of modules would never end. */
import { ValueError } from '@flambeau/core'
import type { AnyModule } from './module.ts'
import { modulesBelow } from './module-state.ts'

function selfContaining(op: string, module: AnyModule): ValueError {
  const rule = `a ${module.constructor.name} would be a part of itself`
  return new ValueError(
    op,
    [],
    rule,
    'register another module, or keep it in a private field (#up)',
  )
}

/** @throws {ValueError} if `child` is `parent`, or contains it. */
export function requireApart(op: string, parent: AnyModule, child: AnyModule): void {
  for (const [, module] of modulesBelow(child, '', new Set())) {
    if (module === parent) throw selfContaining(op, parent)
  }
}

const walked = new WeakMap<object, Set<AnyModule>>()

/**
 * Makes `walk` go through the children of `module`, where fields may have been set to anything.
 *
 * @param kind The same object for walks that go on from one module to the next.
 * @throws {ValueError} if a walk of this kind is in the children of `module` already.
 */
export function walkChildren<T>(op: string, kind: object, module: AnyModule, walk: () => T): T {
  let inside = walked.get(kind)
  if (inside === undefined) walked.set(kind, (inside = new Set()))
  if (inside.has(module)) throw selfContaining(op, module)
  inside.add(module)
  try {
    return walk()
  } finally {
    inside.delete(module)
  }
}

const called = new Set<AnyModule>()

/**
 * Makes `call` call the children of `module`, which may be called again meanwhile, unless that never ends.
 *
 * @throws {ValueError} if it is called again as a part of itself.
 */
export function callChildren<T>(op: string, module: AnyModule, call: () => T): T {
  if (called.has(module)) {
    for (const child of module.children()) requireApart(op, module, child)
    return call()
  }
  called.add(module)
  try {
    return call()
  } finally {
    called.delete(module)
  }
}
