/** The base of all layers and models. */
import { inspect } from 'node:util'
import { Tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  RemovableHandle,
} from './module-hooks.ts'
import { addHook, runWithHooks } from './module-hooks.ts'
import type { ModuleConversion } from './module-convert.ts'
import { convertModule } from './module-convert.ts'
import type {
  LoadOptions,
  LoadReport,
  LoadStateDictPreHook,
  StateDict,
  StateDictOptions,
} from './module-state.ts'
import { addLoadHook, buffersOf, loadState, stateOf } from './module-state.ts'
import { Parameter } from './parameter.ts'

/** A module of any arguments and output. */
export type AnyModule = Module<never, unknown>

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
      runWithHooks(self as unknown as Module<Args, Output>, args)
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
    if (tensor !== null && !(tensor instanceof Tensor)) {
      throw new ValueError('registerBuffer', [], `'${name}' must be a tensor or null`, 'zeros([3])')
    }
    buffersOf(this).set(name, { persistent: options.persistent ?? true })
    ;(this as unknown as Record<string, unknown>)[name] = tensor
  }

  /** Makes `parameter` a parameter under a name that is known only at run time. */
  registerParameter(name: string, parameter: Parameter | null): void {
    ;(this as unknown as Record<string, unknown>)[name] = parameter
  }

  /** Makes `module` a submodule under a name that is known only at run time. */
  registerModule(name: string, module: AnyModule | null): void {
    if (name.includes('.') || name === '') {
      throw new ValueError(
        'registerModule',
        [],
        `'${name}' cannot name a module`,
        'use a name without dots',
      )
    }
    ;(this as unknown as Record<string, unknown>)[name] = module
  }

  /** {@link registerModule}. @see torch.nn.Module.add_module */
  addModule(name: string, module: AnyModule | null): void {
    this.registerModule(name, module)
  }

  /**
   * Calls `hook` after each `forward`; what it returns takes the output's place.
   *
   * @see torch.nn.Module.register_forward_hook
   */
  registerForwardHook(hook: ForwardHook, options?: ForwardHookOptions): RemovableHandle {
    return addHook('registerForwardHook', this, 'forward', hook, options)
  }

  /**
   * Calls `hook` before each `forward`; an array that it returns takes the arguments' place, and
   * anything else but null that of a single argument.
   *
   * @see torch.nn.Module.register_forward_pre_hook
   */
  registerForwardPreHook(hook: ForwardPreHook, options?: ForwardHookOptions): RemovableHandle {
    return addHook('registerForwardPreHook', this, 'forwardPre', hook, options)
  }

  /**
   * Calls `hook` in the backward pass with the gradients of the arguments and of the outputs that
   * are tensors; an array that it returns takes the place of the former.
   *
   * @see torch.nn.Module.register_full_backward_hook
   */
  registerFullBackwardHook(hook: BackwardHook, options?: ForwardHookOptions): RemovableHandle {
    return addHook('registerFullBackwardHook', this, 'backward', hook, options)
  }

  /**
   * Calls `hook` in the backward pass with the gradients of the outputs, before anything inside of
   * the module; an array that it returns takes their place.
   *
   * @see torch.nn.Module.register_full_backward_pre_hook
   */
  registerFullBackwardPreHook(
    hook: BackwardPreHook,
    options?: ForwardHookOptions,
  ): RemovableHandle {
    return addHook('registerFullBackwardPreHook', this, 'backwardPre', hook, options)
  }

  /**
   * Calls `hook` before {@link loadStateDict} of this module or one above it looks at the tensors, of
   * which it gets a dictionary that it may change, for example to rename old names.
   *
   * @see torch.nn.Module.register_load_state_dict_pre_hook
   */
  registerLoadStateDictPreHook(hook: LoadStateDictPreHook): RemovableHandle {
    if (typeof hook === 'function') return { remove: addLoadHook(this, hook) }
    const op = 'registerLoadStateDictPreHook'
    throw new ValueError(op, [], 'a hook is a function', '(module, stateDict, prefix) => …')
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
      for (const key of buffersOf(module).keys()) {
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
  stateDict(options: StateDictOptions = {}): StateDict {
    const { prefix = '', keepVars = false } = options
    const out: StateDict = {}
    for (const [name, tensor] of stateOf(this))
      out[prefix + name] = keepVars ? tensor : tensor.detach()
    return out
  }

  /**
   * Copies tensors into the parameters and buffers of the same names; with `assign`, puts them in
   * their place, dtype included.
   *
   * @throws {ValueError} listing missing and unexpected names, unless `strict` is false.
   * @throws {ShapeError} listing all tensors whose shape differs; nothing is copied then.
   * @see torch.nn.Module.load_state_dict
   */
  loadStateDict(stateDict: Readonly<StateDict>, options: LoadOptions = {}): LoadReport {
    return loadState(this, stateDict, options)
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

  /**
   * Forgets all gradients; with `setToNone: false` fills them with zeros.
   *
   * @see torch.nn.Module.zero_grad
   */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    for (const parameter of this.parameters()) {
      if (options.setToNone ?? true) parameter.grad = null
      else if (parameter.grad !== null) noGrad(() => parameter.grad?.zero_())
    }
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
   * Converts floating parameters and buffers, in place of the old ones: `to('float64')`,
   * `to({ dtype: 'bfloat16', device: 'cpu' })`, or as a tensor is. Parameters stay the same objects,
   * so that an optimizer goes on with them.
   *
   * @throws {DTypeError} for a dtype that is not floating. @throws {DeviceError} for a device that is not there.
   * @see torch.nn.Module.to
   */
  to(conversion: ModuleConversion): this {
    convertModule(this, conversion)
    return this
  }

  /** `to('float32')`. */
  float(): this {
    return this.to('float32')
  }

  /** `to('float64')`. */
  double(): this {
    return this.to('float64')
  }

  /** `to('float16')`. */
  half(): this {
    return this.to('float16')
  }

  /** `to('bfloat16')`. */
  bfloat16(): this {
    return this.to('bfloat16')
  }

  /** `to('cpu')`. */
  cpu(): this {
    return this.to('cpu')
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

  /** Puts `module` in the place of the one with a dotted name. @throws {ValueError} if there is none. */
  setSubmodule(target: string, module: AnyModule): void {
    const dot = target.lastIndexOf('.')
    const parent = dot < 0 ? this : this.getSubmodule(target.slice(0, dot))
    const name = target.slice(dot + 1)
    this.getSubmodule(target)
    ;(parent as unknown as Record<string, unknown>)[name] = module
  }

  /** The parameter with a dotted name. @throws {ValueError} if there is none. */
  getParameter(target: string): Parameter {
    for (const [name, parameter] of this.namedParameters()) if (name === target) return parameter
    throw new ValueError(
      'getParameter',
      [],
      `there is no parameter '${target}'`,
      'see namedParameters()',
    )
  }

  /** The buffer with a dotted name. @throws {ValueError} if there is none. */
  getBuffer(target: string): Tensor {
    for (const [name, buffer] of this.namedBuffers()) if (name === target) return buffer
    throw new ValueError('getBuffer', [], `there is no buffer '${target}'`, 'see namedBuffers()')
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
