/** Tensors of modules that are functions of what is learnt. @see torch.nn.utils.parametrize */
import { noGrad } from '@flambeau/autograd'
import { Tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { outsideScopes, parameters, show } from '@flambeau/core/internal'
import { ModuleDict } from '../layers/container.ts'
import { isUninitialized } from '../layers/lazy.ts'
import type { AnyModule } from '../module.ts'
import { requireModule } from '../module.ts'
import { buffersOf } from '../module-state.ts'
import { Parameter } from '../parameter.ts'
import type { Parametrization } from './parametrization-list.ts'
import {
  ParametrizationList,
  parametrized,
  requireSameKind,
  setTensor,
} from './parametrization-list.ts'

export type { Parametrization } from './parametrization-list.ts'
export { ParametrizationList } from './parametrization-list.ts'

/** A module with parametrized tensors. */
export interface Parametrized<Name extends string = string> {
  /** By the tensors' names. */
  readonly parametrizations: ModuleDict<ParametrizationList> & {
    readonly [N in Name]: ParametrizationList
  }
}

/** Classes of parametrized modules, and what they were before. */
const classes = new WeakMap<object, object>()

let caching = 0
const cache = new Map<ParametrizationList, Tensor>()

function listOf(module: AnyModule, name: string): ParametrizationList | undefined {
  const { parametrizations } = module as unknown as { parametrizations?: unknown }
  if (!(parametrizations instanceof ModuleDict) || !parametrizations.has(name)) return undefined
  return (parametrizations as unknown as Record<string, ParametrizationList>)[name]
}

function compute(list: ParametrizationList | undefined): Tensor | undefined {
  if (list === undefined || caching === 0) return list?.()
  const known = cache.get(list)
  if (known !== undefined) return known
  // It outlives the scope in which it is asked for first.
  const value = outsideScopes(() => list())
  cache.set(list, value)
  return value
}

/** Gives a module a class of its own, whose fields may be computed. */
function ownClass(module: AnyModule): object {
  const prototype = Object.getPrototypeOf(module) as object
  if (classes.has(prototype)) return prototype
  const Before = module.constructor as abstract new () => object
  abstract class Own extends Before {}
  Object.defineProperty(Own, 'name', { value: `Parametrized${Before.name}` })
  classes.set(Own.prototype, prototype)
  Object.setPrototypeOf(module, Own.prototype)
  return Own.prototype
}

function computeField(prototype: object, name: string): void {
  // Copies of a module share its class: the field belongs to the module that is asked.
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: AnyModule): Tensor | undefined {
      return compute(listOf(this, name))
    },
    set(this: AnyModule, value: Tensor): void {
      const list = listOf(this, name)
      if (list !== undefined) {
        list.rightInverse(value)
        cache.delete(list)
        return
      }
      const plain = { value, writable: true, enumerable: true, configurable: true }
      Object.defineProperty(this, name, plain)
    },
  })
}

/** What {@link registerParametrization} takes by name. */
export interface ParametrizationOptions<Name extends string = string> {
  /** The name of the parameter or buffer. */
  tensorName: Name
  /** What makes the tensor of what is learnt. */
  parametrization: Parametrization
  /** Dtype and shape may change, and nothing is checked. Default false. */
  unsafe?: boolean
}

const NAMES = ['tensorName', 'parametrization', 'unsafe'] as const

/**
 * Makes a parameter or buffer of a module a function of what is learnt instead: reading
 * `module.weight` computes it, and setting it sets what is learnt by the parametrization's
 * `rightInverse`. Several are applied one after another. Returns the module, whose class is then
 * `Parametrized…`.
 *
 * State-dict names: `parametrizations.weight.original`, or `original0`, `original1`, … where
 * `rightInverse` gives several tensors.
 *
 * @throws {ValueError} if the module has no tensor of this name. @throws {DTypeError, ShapeError} if
 * the parametrization changes these, unless `unsafe`.
 * @see torch.nn.utils.parametrize.register_parametrization
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * class Symmetric extends nn.Module {
 *   forward(x: Tensor): Tensor {
 *     return x.triu().add(x.triu(1).t())
 *   }
 *   rightInverse(x: Tensor): Tensor {
 *     return x.triu()
 *   }
 * }
 * const { registerParametrization } = nn.utils.parametrize
 * const layer = registerParametrization(new nn.Linear(3, 3), 'weight', new Symmetric())
 * console.log(layer.weight.equal(layer.weight.t())) // => true
 * console.log(Object.keys(layer.stateDict())) // => [ 'bias', 'parametrizations.weight.original' ]
 * ```
 */
export function registerParametrization<M extends AnyModule, Name extends string>(
  module: M,
  ...given: Arguments<ParametrizationOptions<Name>, typeof NAMES>
): M & Parametrized<Name> {
  const op = 'registerParametrization'
  requireModule(op, module)
  const read = parameters<[Name, Parametrization, boolean]>(op, NAMES)(given)
  const [name, rule, unsafe = false] = read as [Name, Parametrization, boolean?]
  requireModule(op, rule)
  rule.train(module.training)
  const list = listOf(module, name)
  if (list === undefined) parametrizeFirst(module, name, rule, unsafe)
  else {
    if (!unsafe) {
      const before = list()
      const after = parametrized(rule, before)
      requireSameKind('a parametrization', before, after)
      const back = noGrad(() => rule.rightInverse?.(after))
      if (back instanceof Tensor) requireSameKind('rightInverse', before, back)
      else if (back !== undefined) {
        const why = 'only the first parametrization may be of several tensors'
        throw new ValueError(op, [], why, 'register it before the others')
      }
    }
    list.append(rule)
    list.unsafe ||= unsafe
    cache.delete(list)
  }
  return module as M & Parametrized<Name>
}

function parametrizeFirst(
  module: AnyModule,
  name: string,
  rule: Parametrization,
  unsafe: boolean,
): void {
  const op = 'registerParametrization'
  const fields = module as unknown as Record<string, unknown>
  const original = fields[name]
  if (!(original instanceof Parameter || buffersOf(module).has(name)) || original === null) {
    throw new ValueError(
      op,
      [],
      `${module.constructor.name} has no parameter or buffer '${name}'`,
      'print its stateDict() to see the names',
    )
  }
  if (isUninitialized(original as Tensor)) {
    const why = `'${name}' of ${module.constructor.name} has no shape yet`
    throw new ValueError(op, [], why, 'call the module once before')
  }
  const list = new ParametrizationList([rule], original as Tensor, unsafe)
  list.train(module.training)
  Reflect.deleteProperty(module, name)
  buffersOf(module).delete(name)
  computeField(ownClass(module), name)
  if (!isParametrized(module)) fields['parametrizations'] = new ModuleDict()
  ;(fields['parametrizations'] as ModuleDict).registerModule(name, list)
}

/**
 * Has the module parametrized tensors, or one of this name?
 *
 * @see torch.nn.utils.parametrize.is_parametrized
 */
export function isParametrized(
  module: AnyModule,
  tensorName?: string | null | { tensorName?: string | null },
): boolean {
  requireModule('isParametrized', module)
  const name = typeof tensorName === 'object' ? tensorName?.tensorName : tensorName
  if (name !== undefined && name !== null) return listOf(module, name) !== undefined
  const { parametrizations } = module as unknown as { parametrizations?: unknown }
  return parametrizations instanceof ModuleDict && parametrizations.size > 0
}

/** What {@link removeParametrizations} takes by name. */
export interface RemoveOptions {
  /** The name of the tensor. */
  tensorName: string
  /** Keep the present value rather than that of what was learnt. Default true. */
  leaveParametrized?: boolean
}

const REMOVE = ['tensorName', 'leaveParametrized'] as const

/**
 * Makes a parametrized tensor a parameter or buffer again, of its present value or, with
 * `leaveParametrized: false`, of what was learnt. Returns the module.
 *
 * @throws {ValueError} if there is no such parametrized tensor, or several tensors were learnt and
 * the value shall not be kept.
 * @see torch.nn.utils.parametrize.remove_parametrizations
 */
export function removeParametrizations<M extends AnyModule>(
  module: M,
  ...given: Arguments<RemoveOptions, typeof REMOVE>
): M {
  const op = 'removeParametrizations'
  requireModule(op, module)
  const read = parameters<[string, boolean]>(op, REMOVE)(given)
  const [name, leave = true] = read as [string, boolean?]
  const list = listOf(module, name)
  if (list === undefined) {
    throw new ValueError(
      op,
      [],
      `${show(name)} of ${module.constructor.name} is not parametrized`,
      'ask isParametrized(module, name)',
    )
  }
  let tensor = list.originals()[0] as Tensor
  if (!list.isTensor && !leave) {
    const why = `'${name}' was learnt as ${list.ntensors} tensors, none of which can take its place`
    throw new ValueError(op, [], why, 'leave leaveParametrized out')
  }
  if (leave) {
    const { requiresGrad } = list()
    const value = noGrad(() => list())
    if (!list.isTensor) tensor = requiresGrad ? new Parameter(value) : value
    // The same object: an optimizer may have it.
    else if (value !== tensor) tensor.data = value
  }
  cache.delete(list)
  const { parametrizations } = module as unknown as { parametrizations: ModuleDict }
  parametrizations.delete(name)
  const prototype = Object.getPrototypeOf(module) as object
  if (!isParametrized(module)) {
    Reflect.deleteProperty(module, 'parametrizations')
    Object.setPrototypeOf(module, classes.get(prototype) ?? prototype)
  }
  setTensor(module, name, tensor)
  return module
}

/**
 * Runs `body` with parametrized tensors computed once each, at their first use; what changes what is
 * learnt while it runs is not seen. Follows a promise to its end.
 *
 * @throws {ValueError} if the argument is not a function.
 * @see torch.nn.utils.parametrize.cached
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const { parametrizations, parametrize } = nn.utils
 * const layer = parametrizations.orthogonal(new nn.Linear(3, 3))
 * console.log(parametrize.cached(() => layer.weight === layer.weight)) // => true
 * console.log(layer.weight === layer.weight) // => false
 * ```
 */
export function cached<T>(body: () => T): T {
  if (typeof body !== 'function') {
    throw new ValueError('cached', [], 'the argument is not a function', 'cached(() => model(x))')
  }
  const leave = (): void => {
    if (--caching === 0) cache.clear()
  }
  caching++
  let result: T
  try {
    result = body()
  } catch (error) {
    leave()
    throw error
  }
  if (result instanceof Promise) return result.finally(leave) as T
  leave()
  return result
}

/**
 * The class that a module had before its tensors were parametrized.
 *
 * @see torch.nn.utils.parametrize.type_before_parametrizations
 */
export function typeBeforeParametrizations(
  module: AnyModule,
): abstract new (...args: never[]) => unknown {
  requireModule('typeBeforeParametrizations', module)
  const prototype = Object.getPrototypeOf(module) as object
  const before = classes.get(prototype) ?? prototype
  return before.constructor as abstract new (...args: never[]) => unknown
}
