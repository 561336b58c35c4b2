/** The base of all layers and models. */
import { inspect } from 'node:util'
import type { DType } from '@flambeau/core'
import { ShapeError, Tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { Parameter } from './parameter.ts'

/** Tensors by their PyTorch name, for example `fc1.weight`. */
export type StateDict = Record<string, Tensor>

/** What {@link Module.loadStateDict} could not match. */
export interface LoadReport {
  /** Names that the module has and the dictionary lacks. */
  missingKeys: string[]
  /** Names that the dictionary has and the module lacks. */
  unexpectedKeys: string[]
}

/** Called with a module, its arguments and, after `forward`, its output. */
export type ForwardHook = (module: Module, args: readonly unknown[], output: unknown) => unknown
export type ForwardPreHook = (module: Module, args: readonly unknown[]) => unknown

/** Takes a hook off again. */
export interface RemovableHandle {
  remove(): void
}

/** What a module keeps besides its fields. */
interface Internals {
  buffers: Map<string, { persistent: boolean }>
  preHooks: Set<ForwardPreHook>
  hooks: Set<ForwardHook>
}

const internals = new WeakMap<object, Internals>()

function internalsOf(module: object): Internals {
  let found = internals.get(module)
  if (found === undefined) {
    found = { buffers: new Map(), preHooks: new Set(), hooks: new Set() }
    internals.set(module, found)
  }
  return found
}

function removable<T>(set: Set<T>, item: T): RemovableHandle {
  set.add(item)
  return { remove: () => void set.delete(item) }
}

// A module is a function, so that it can be called; these are what every function has of its own.
type AnyModule = Module<never, unknown>

// The call signature of a module: `this.fc1(x)`.
export interface Module<Args extends unknown[] = [input: Tensor], Output = Tensor> {
  (...args: Args): Output
}

/**
 * A part of a network: has parameters, buffers and other modules as fields, and computes its output
 * in `forward`. Modules are called like functions, which also runs hooks.
 *
 * Submodules and parameters are found in the order in which the fields were set, which is PyTorch's
 * order of registration.
 *
 * @see torch.nn.Module
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 *
 * class Net extends nn.Module {
 *   fc1 = new nn.Linear(4, 8)
 *   fc2 = new nn.Linear(8, 2)
 *   forward(x: Tensor): Tensor {
 *     return this.fc2(this.fc1(x).relu())
 *   }
 * }
 * const net = new Net()
 * console.log(net(ones([3, 4])).shape) // => [ 3, 2 ]
 * ```
 */
export abstract class Module<Args extends unknown[] = [input: Tensor], Output = Tensor> {
  /** True while training; set by `train()` and `eval()`. */
  training!: boolean

  constructor() {
    const self = (...args: Args): Output =>
      callModule(self as unknown as Module<Args, Output>, args)
    Object.setPrototypeOf(self, new.target.prototype as object)
    // A subclass may have fields of these names.
    Reflect.deleteProperty(self, 'name')
    Reflect.deleteProperty(self, 'length')
    const module = self as unknown as Module<Args, Output>
    module.training = true
    // What makes modules callable: the function, not `this`, is the new object.
    return module
  }

  /** Computes the output. Call the module itself instead, which also runs hooks. */
  abstract forward(...args: Args): Output

  /** What the printed form says of this module itself, for example `p=0.5`. */
  extraRepr(): string {
    return ''
  }

  /** Makes `tensor` a buffer: moved and stored with the module, but not learnt. */
  registerBuffer(
    name: string,
    tensor: Tensor | null,
    options: { persistent?: boolean } = {},
  ): void {
    if (name.includes('.') || name === '') {
      throw new ValueError(
        'registerBuffer',
        [],
        `'${name}' cannot name a buffer`,
        'use a name without dots',
      )
    }
    internalsOf(this).buffers.set(name, { persistent: options.persistent ?? true })
    ;(this as unknown as Record<string, unknown>)[name] = tensor
  }

  /** Makes `parameter` a parameter under a name that is known only at run time. */
  registerParameter(name: string, parameter: Parameter | null): void {
    ;(this as unknown as Record<string, unknown>)[name] = parameter
  }

  /** Calls `hook` after each `forward`; what it returns takes the output's place. */
  registerForwardHook(hook: ForwardHook): RemovableHandle {
    return removable(internalsOf(this).hooks, hook)
  }

  /** Calls `hook` before each `forward`; an array that it returns takes the arguments' place. */
  registerForwardPreHook(hook: ForwardPreHook): RemovableHandle {
    return removable(internalsOf(this).preHooks, hook)
  }

  /** Direct submodules by field name. */
  *namedChildren(): Generator<[string, AnyModule]> {
    for (const key of Object.keys(this)) {
      const value = (this as unknown as Record<string, unknown>)[key]
      if (value instanceof Module) yield [key, value as AnyModule]
    }
  }

  /** Direct submodules. */
  *children(): Generator<AnyModule> {
    for (const [, child] of this.namedChildren()) yield child
  }

  /** This module (named `''`) and all below it, each once, with dotted names. */
  *namedModules(prefix = '', seen: Set<object> = new Set()): Generator<[string, AnyModule]> {
    if (seen.has(this)) return
    seen.add(this)
    yield [prefix, this]
    for (const [name, child] of this.namedChildren()) {
      yield* child.namedModules(prefix === '' ? name : `${prefix}.${name}`, seen)
    }
  }

  /** This module and all below it, each once. */
  *modules(): Generator<AnyModule> {
    for (const [, module] of this.namedModules()) yield module
  }

  /** Parameters with dotted names, each once. @see torch.nn.Module.named_parameters */
  *namedParameters(prefix = '', recurse = true): Generator<[string, Parameter]> {
    const seen = new Set<Parameter>()
    for (const [path, module] of recurse ? this.namedModules(prefix) : [[prefix, this] as const]) {
      for (const key of Object.keys(module)) {
        const value = (module as unknown as Record<string, unknown>)[key]
        if (!(value instanceof Parameter) || seen.has(value)) continue
        seen.add(value)
        yield [path === '' ? key : `${path}.${key}`, value]
      }
    }
  }

  /** All parameters, each once. */
  *parameters(recurse = true): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters('', recurse)) yield parameter
  }

  /** Buffers with dotted names. */
  *namedBuffers(prefix = '', recurse = true): Generator<[string, Tensor]> {
    for (const [path, module] of recurse ? this.namedModules(prefix) : [[prefix, this] as const]) {
      for (const key of internalsOf(module).buffers.keys()) {
        const value = (module as unknown as Record<string, unknown>)[key]
        if (value instanceof Tensor) yield [path === '' ? key : `${path}.${key}`, value]
      }
    }
  }

  /** All buffers. */
  *buffers(recurse = true): Generator<Tensor> {
    for (const [, buffer] of this.namedBuffers('', recurse)) yield buffer
  }

  /**
   * Parameters and persistent buffers by dotted name, as tensors that share their storage and
   * require no gradient. Names are PyTorch's.
   *
   * @see torch.nn.Module.state_dict
   */
  stateDict(): StateDict {
    const out: StateDict = {}
    for (const [name, tensor] of stateOf(this)) out[name] = tensor.detach()
    return out
  }

  /**
   * Copies tensors into the parameters and buffers of the same names.
   *
   * @throws {ValueError} listing missing and unexpected names, unless `strict` is false.
   * @throws {ShapeError} listing all tensors whose shape differs; nothing is copied then.
   * @see torch.nn.Module.load_state_dict
   */
  loadStateDict(stateDict: Readonly<StateDict>, options: { strict?: boolean } = {}): LoadReport {
    const own = new Map(stateOf(this))
    const given = new Map(Object.entries(stateDict))
    const missingKeys = [...own.keys()].filter((name) => !given.has(name))
    const unexpectedKeys = [...given.keys()].filter((name) => !own.has(name))
    if ((options.strict ?? true) && missingKeys.length + unexpectedKeys.length > 0) {
      const parts = [
        ...(missingKeys.length > 0 ? [`missing: ${missingKeys.join(', ')}`] : []),
        ...(unexpectedKeys.length > 0 ? [`unexpected: ${unexpectedKeys.join(', ')}`] : []),
      ]
      throw new ValueError(
        'loadStateDict',
        [],
        `the names do not match the module's; ${parts.join('; ')}`,
        'load the state of the same architecture, or pass { strict: false }',
      )
    }
    const misfits = [...own].filter(([name, tensor]) => {
      const other = given.get(name)
      return other !== undefined && other.shape.join() !== tensor.shape.join()
    })
    if (misfits.length > 0) {
      const lines = misfits.map(
        ([name, tensor]) =>
          `${name} is [${tensor.shape.join(', ')}] here and [${given.get(name)?.shape.join(', ')}] in the dictionary`,
      )
      throw new ShapeError(
        'loadStateDict',
        [],
        lines.join('; '),
        'build the module with the sizes that were saved',
      )
    }
    noGrad(() => {
      for (const [name, tensor] of own) {
        const other = given.get(name)
        if (other !== undefined) tensor.copy_(other)
      }
    })
    return { missingKeys, unexpectedKeys }
  }

  /** Sets `training` here and below: what dropout and normalisation depend on. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode
    return this
  }

  /** `train(false)`. */
  eval(): this {
    return this.train(false)
  }

  /** Forgets all gradients. @see torch.nn.Module.zero_grad */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }

  /** Sets `requiresGrad` of all parameters. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad
    return this
  }

  /** Calls `fn` with every module, innermost first. @see torch.nn.Module.apply */
  apply(fn: (module: AnyModule) => void): this {
    for (const child of this.children()) child.apply(fn)
    fn(this)
    return this
  }

  /**
   * Converts floating parameters and buffers to `dtype`, in place of the old ones. Make the
   * optimizer afterwards.
   */
  to(dtype: DType): this {
    for (const module of this.modules()) {
      const fields = module as unknown as Record<string, unknown>
      for (const key of Object.keys(module)) {
        const value = fields[key]
        if (value instanceof Parameter && value.isFloatingPoint()) {
          fields[key] = new Parameter(value.detach().to(dtype), value.requiresGrad)
        }
      }
      for (const key of internalsOf(module).buffers.keys()) {
        const value = fields[key]
        if (value instanceof Tensor && value.isFloatingPoint()) fields[key] = value.to(dtype)
      }
    }
    return this
  }

  /** The module below with a dotted name. @throws {ValueError} if there is none. */
  getSubmodule(target: string): AnyModule {
    for (const [name, module] of this.namedModules()) if (name === target) return module
    throw new ValueError(
      'getSubmodule',
      [],
      `there is no submodule '${target}'`,
      'print the module to see the names',
    )
  }

  /** Printed as PyTorch prints it. */
  toString(): string {
    const children = [...this.namedChildren()].map(
      ([name, child]) => `(${name}): ${child.toString().replaceAll('\n', '\n  ')}`,
    )
    const extra = this.extraRepr()
    const title = this.constructor.name
    if (children.length === 0) return `${title}(${extra})`
    return `${title}(${extra ? `\n  ${extra}` : ''}\n  ${children.join('\n  ')}\n)`
  }
}

Object.defineProperty(Module.prototype, inspect.custom, {
  value(this: Module): string {
    return this.toString()
  },
})

/** Parameters and persistent buffers, module by module. */
function* stateOf(root: AnyModule): Generator<[string, Tensor]> {
  for (const [path, module] of root.namedModules()) {
    const prefix = path === '' ? '' : `${path}.`
    for (const key of Object.keys(module)) {
      const value = (module as unknown as Record<string, unknown>)[key]
      if (value instanceof Parameter) yield [prefix + key, value]
    }
    for (const [key, { persistent }] of internalsOf(module).buffers) {
      const value = (module as unknown as Record<string, unknown>)[key]
      if (persistent && value instanceof Tensor) yield [prefix + key, value]
    }
  }
}

function callModule<Args extends unknown[], Output>(
  module: Module<Args, Output>,
  args: Args,
): Output {
  const { preHooks, hooks } = internals.get(module) ?? { preHooks: null, hooks: null }
  let used = args
  if (preHooks !== null) {
    for (const hook of preHooks) {
      const changed = hook(module as unknown as Module, used)
      if (Array.isArray(changed)) used = changed as Args
    }
  }
  let output = module.forward(...used)
  if (hooks !== null) {
    for (const hook of hooks) {
      const changed = hook(module as unknown as Module, used, output)
      if (changed !== undefined && changed !== null) output = changed as Output
    }
  }
  return output
}
