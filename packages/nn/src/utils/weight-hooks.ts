/** Weights that are computed from other tensors before each call: what both norms share. */
import { Tensor, ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import { onCopy } from '../layers/copy.ts'
import { isUninitialized } from '../layers/lazy.ts'
import type { AnyModule } from '../module.ts'
import { requireModule } from '../module.ts'
import { buffersOf } from '../module-state.ts'
import { Parameter } from '../parameter.ts'

/** How one weight of a module is computed. */
export interface WeightRule {
  /** The function that users called. */
  readonly op: string
  /** The weight now, from the tensors that the module has instead; `calling` before a call. */
  compute(module: AnyModule, calling: boolean): Tensor
}

interface Attached {
  rule: WeightRule
  detach(): void
}

const attached = new WeakMap<object, Map<string, Attached>>()

/** The fields of a module by name. */
export function fieldsOf(module: AnyModule): Record<string, unknown> {
  return module as unknown as Record<string, unknown>
}

/** A parameter of this module itself. @throws {ValueError} if there is none, or it waits for its shape. */
export function ownParameter(op: string, module: AnyModule, name: string): Parameter {
  requireModule(op, module)
  const weight = fieldsOf(module)[name]
  if (!(weight instanceof Parameter)) {
    const known = [...module.namedParameters('', false)].map(([key]) => key)
    throw new ValueError(
      op,
      [],
      `${module.constructor.name} has no parameter ${show(name)}`,
      known.length > 0 ? `its parameters are ${known.join(', ')}` : 'it has none of its own',
    )
  }
  if (isUninitialized(weight)) {
    throw new ValueError(
      op,
      [],
      `'${name}' of ${module.constructor.name} has no shape yet`,
      'call the module once before',
    )
  }
  return weight
}

/** Takes the field off a module, so that what is set next is the last one. */
export function removeField(module: AnyModule, name: string): void {
  Reflect.deleteProperty(module, name)
  buffersOf(module).delete(name)
}

/** Has `rule` compute the weight from now on, also in copies; the parameter must be off already. */
export function attachRule(module: AnyModule, name: string, rule: WeightRule): void {
  const fields = fieldsOf(module)
  const handle = module.registerForwardPreHook((called) => {
    fieldsOf(called as AnyModule)[name] = rule.compute(called as AnyModule, true)
  })
  const forget = onCopy(module, (copy) => attachRule(copy, name, rule))
  const known = attached.get(module) ?? new Map<string, Attached>()
  attached.set(module, known)
  known.set(name, {
    rule,
    detach() {
      handle.remove()
      forget()
      known.delete(name)
    },
  })
  // Some code looks at the weight before the first call.
  if (!(fields[name] instanceof Tensor)) fields[name] = rule.compute(module, false)
}

/** The function that has a weight computed; undefined if none has. */
export function ruleOf(module: AnyModule, name: string): string | undefined {
  return attached.get(module)?.get(name)?.rule.op
}

/** The names of a module's weights that are computed by `op`. */
export function weightsBy(module: AnyModule, op: string): string[] {
  const rules = [...(attached.get(module) ?? [])]
  return rules.filter(([, { rule }]) => rule.op === op).map(([name]) => name)
}

/** @throws {ValueError} if the weight is computed already. */
export function requireFree(op: string, module: AnyModule, name: string): void {
  const other = attached.get(module)?.get(name)
  if (other === undefined) return
  throw new ValueError(
    op,
    [],
    `'${name}' of ${module.constructor.name} has ${other.rule.op} already`,
    'take it off before',
  )
}

/**
 * Ends the computing of a weight; returns what it is now.
 *
 * @throws {ValueError} if the weight is not computed so.
 */
export function detachRule(op: string, rule: string, module: AnyModule, name: string): Tensor {
  requireModule(op, module)
  const found = attached.get(module)?.get(name)
  if (found === undefined || found.rule.op !== rule) {
    throw new ValueError(
      op,
      [],
      `'${name}' of ${module.constructor.name} has no ${rule}`,
      `it is put on by ${rule}(module, '${name}')`,
    )
  }
  const weight = found.rule.compute(module, false)
  found.detach()
  removeField(module, name)
  return weight.detach()
}
