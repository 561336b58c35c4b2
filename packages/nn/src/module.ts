/** The base of all layers and models. */
import { inspect } from 'node:util'
import type { Device, DType } from '@flambeau/core'
import { Tensor, ValueError } from '@flambeau/core'
import type { Arguments, Given } from '@flambeau/core/internal'
import {
  parameters,
  requireFunction,
  requireInstance,
  requireOptions,
  requireText,
  show,
} from '@flambeau/core/internal'
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
import { requireApart, walkChildren } from './module-cycles.ts'
import type { ModuleConversion } from './module-convert.ts'
import { convertModule } from './module-convert.ts'
import type {
  LoadOptions,
  LoadReport,
  LoadStateDictPostHook,
  LoadStateDictPreHook,
  StateDict,
  StateDictHook,
  StateDictOptions,
} from './module-state.ts'
import {
  buffersOf,
  callStateHooks,
  loadState,
  modulesBelow,
  stateHook,
  stateOf,
} from './module-state.ts'
import { Parameter } from './parameter.ts'

/** What {@link Module.namedModules} takes by name. */
export interface NamedModulesOptions {
  /** Modules that were seen already; grows. */
  memo?: Set<object> | null
  /** Before every name. Default ''. */
  prefix?: string
  /** Give each module once. Default true. */
  removeDuplicate?: boolean
}

/** What {@link Module.namedParameters} and {@link Module.namedBuffers} take by name. */
export interface NamedTensorsOptions {
  /** Before every name. Default ''. */
  prefix?: string
  /** Those of the modules below too. Default true. */
  recurse?: boolean
  /** Give each tensor once. Default true. */
  removeDuplicate?: boolean
}

/** Kinds of walks along the tree of modules. */
const TRAIN = {}
const PRINT = {}

const NAMED_MODULES = ['memo', 'prefix', 'removeDuplicate'] as const
const NAMED_TENSORS = ['prefix', 'recurse', 'removeDuplicate'] as const
const LOAD = ['strict', 'assign'] as const
const readNamedModules = parameters<[Set<object> | null, string, boolean]>(
  'namedModules',
  NAMED_MODULES,
)
const readNamedTensors = parameters<[string, boolean, boolean]>('namedTensors', NAMED_TENSORS)
const readLoad = parameters<[boolean, boolean]>('loadStateDict', LOAD)

/** @throws {ValueError} unless `name` can be that of a field, and of one that modules do not have. */
function requireName(op: string, what: string, name: unknown): void {
  const isName = typeof name === 'string' && name !== '' && !name.includes('.')
  // What is no method of all modules: a field, and what each class has of its own.
  const isTaken = name === 'training' || name === 'forward' || (isName && name in Module.prototype)
  if (isName && (!isTaken || name === 'name' || name === 'length')) return
  throw new ValueError(
    op,
    [],
    `${show(name)} cannot name ${what}`,
    'use a name without dots that no method has',
  )
}

/** Parameters or buffers of a module and those below it. */
function* tensorsBelow<T extends Tensor>(
  root: AnyModule,
  kind: abstract new (...args: never[]) => T,
  keysOf: (module: AnyModule) => Iterable<string>,
  [prefix = '', recurse = true, removeDuplicate = true]: Given<[string, boolean, boolean]>,
): Generator<[string, T]> {
  requireText('namedTensors', 'prefix', prefix)
  const seen = new Set<Tensor>()
  const modules = recurse
    ? modulesBelow(root, prefix, new Set(), removeDuplicate)
    : [[prefix, root] as const]
  for (const [path, module] of modules) {
    for (const key of keysOf(module)) {
      const value = (module as unknown as Record<string, unknown>)[key]
      if (!(value instanceof kind) || (removeDuplicate && seen.has(value))) continue
      seen.add(value)
      yield [path === '' ? key : `${path}.${key}`, value]
    }
  }
}

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
    ...given: Arguments<{ persistent?: boolean }, ['persistent']>
  ): void {
    const [persistent = true] = parameters<[boolean]>('registerBuffer', ['persistent'])(given)
    requireName('registerBuffer', 'a buffer', name)
    if (tensor !== null && !(tensor instanceof Tensor)) {
      throw new ValueError('registerBuffer', [], `'${name}' must be a tensor or null`, 'zeros([3])')
    }
    buffersOf(this).set(name, { persistent })
    ;(this as unknown as Record<string, unknown>)[name] = tensor
  }

  /** Makes `parameter` a parameter under a name that is known only at run time. */
  registerParameter(name: string, parameter: Parameter | null): void {
    requireName('registerParameter', 'a parameter', name)
    if (parameter !== null) {
      requireInstance('registerParameter', name, parameter, Parameter, 'new nn.Parameter(x)')
    }
    ;(this as unknown as Record<string, unknown>)[name] = parameter
  }

  /**
   * Makes `module` a submodule under a name that is known only at run time.
   *
   * @throws {ValueError} if it is this module, or contains it.
   */
  registerModule(name: string, module: AnyModule | null): void {
    requireName('registerModule', 'a module', name)
    if (module !== null) {
      requireInstance('registerModule', name, module, Module, 'new nn.Linear(2, 3)')
      requireApart('registerModule', this, module)
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
    return stateHook('registerLoadStateDictPreHook', this, 'loading', hook)
  }

  /**
   * Calls `hook` after {@link loadStateDict} of this module or one above it with the report of names,
   * which it may change.
   *
   * @see torch.nn.Module.register_load_state_dict_post_hook
   */
  registerLoadStateDictPostHook(hook: LoadStateDictPostHook): RemovableHandle {
    return stateHook('registerLoadStateDictPostHook', this, 'loaded', hook)
  }

  /**
   * Calls `hook` before {@link stateDict} of this module or one above it.
   *
   * @see torch.nn.Module.register_state_dict_pre_hook
   */
  registerStateDictPreHook(hook: StateDictHook): RemovableHandle {
    return stateHook('registerStateDictPreHook', this, 'before', hook)
  }

  /**
   * Calls `hook` after {@link stateDict} of this module or one above it with the dictionary, which it
   * may change.
   *
   * @see torch.nn.Module.register_state_dict_post_hook
   */
  registerStateDictPostHook(hook: StateDictHook): RemovableHandle {
    return stateHook('registerStateDictPostHook', this, 'after', hook)
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

  /**
   * This module (named `''`) and all below it, each once, with dotted names.
   *
   * @see torch.nn.Module.named_modules
   */
  *namedModules(
    ...given: Arguments<NamedModulesOptions, typeof NAMED_MODULES>
  ): Generator<[string, AnyModule]> {
    const [memo = null, prefix = '', removeDuplicate = true] = readNamedModules(given)
    if (memo !== null) requireInstance('namedModules', 'memo', memo, Set, 'new Set()')
    requireText('namedModules', 'prefix', prefix)
    yield* modulesBelow(this, prefix, memo ?? new Set(), removeDuplicate)
  }

  /** This module and all below it, each once. */
  *modules(): Generator<AnyModule> {
    for (const [, module] of modulesBelow(this, '', new Set())) yield module
  }

  /** Parameters with dotted names, each once. @see torch.nn.Module.named_parameters */
  *namedParameters(
    ...given: Arguments<NamedTensorsOptions, typeof NAMED_TENSORS>
  ): Generator<[string, Parameter]> {
    const keys = (module: AnyModule): string[] => Object.keys(module)
    yield* tensorsBelow(this, Parameter, keys, readNamedTensors(given))
  }

  /** All parameters, each once. */
  *parameters(recurse: boolean | { recurse?: boolean } = true): Generator<Parameter> {
    const deep = typeof recurse === 'object' ? (recurse?.recurse ?? true) : recurse
    for (const [, parameter] of this.namedParameters('', deep)) yield parameter
  }

  /** Buffers with dotted names, each once. @see torch.nn.Module.named_buffers */
  *namedBuffers(
    ...given: Arguments<NamedTensorsOptions, typeof NAMED_TENSORS>
  ): Generator<[string, Tensor]> {
    const keys = (module: AnyModule): Iterable<string> => buffersOf(module).keys()
    yield* tensorsBelow(this, Tensor, keys, readNamedTensors(given))
  }

  /** All buffers. */
  *buffers(recurse: boolean | { recurse?: boolean } = true): Generator<Tensor> {
    const deep = typeof recurse === 'object' ? (recurse?.recurse ?? true) : recurse
    for (const [, buffer] of this.namedBuffers('', deep)) yield buffer
  }

  /**
   * What belongs to the state of a module beside parameters and buffers, for classes that have such a
   * thing to override together with {@link setExtraState}: a tensor, which {@link stateDict} calls
   * `_extra_state` after the module's name. Numbers and text go in as tensors of them.
   *
   * @throws {ValueError} unless it is overridden.
   * @see torch.nn.Module.get_extra_state, which may return anything that can be pickled
   */
  getExtraState(): Tensor {
    throw noExtraState('getExtraState', this)
  }

  /**
   * Takes back what {@link getExtraState} returned; {@link loadStateDict} calls it after parameters and
   * buffers are loaded.
   *
   * @throws {ValueError} unless it is overridden.
   * @see torch.nn.Module.set_extra_state
   */
  setExtraState(_state: Tensor): void {
    throw noExtraState('setExtraState', this)
  }

  /**
   * Parameters, persistent buffers and extra states by dotted name, as tensors that share their storage
   * and require no gradient. Names are PyTorch's; what is there twice has two.
   *
   * @see torch.nn.Module.state_dict
   */
  stateDict(options: StateDictOptions = {}): StateDict {
    requireOptions('stateDict', options)
    const { prefix = '', keepVars = false } = options
    requireText('stateDict', 'prefix', prefix)
    const out: StateDict = {}
    callStateHooks(this, 'before', out, prefix)
    for (const [name, tensor] of stateOf(this, Module.prototype))
      out[prefix + name] = keepVars ? tensor : tensor.detach()
    callStateHooks(this, 'after', out, prefix)
    return out
  }

  /**
   * Copies tensors into the parameters and buffers of the same names; with `assign`, puts them in
   * their place, dtype included. Extra states are handed to {@link setExtraState}.
   *
   * @throws {ValueError} listing missing and unexpected names, unless `strict` is false.
   * @throws {ShapeError} listing all tensors whose shape differs; nothing is copied then.
   * @see torch.nn.Module.load_state_dict
   */
  loadStateDict(
    stateDict: Readonly<StateDict>,
    ...given: Arguments<LoadOptions, typeof LOAD>
  ): LoadReport {
    const [strict = true, assign = false] = readLoad(given)
    return loadState(this, Module.prototype, stateDict, { strict, assign })
  }

  /** Sets `training` here, and calls `train` of those below: what dropout and norms depend on. */
  train(mode: boolean | { mode?: boolean } = true): this {
    const training = typeof mode === 'object' ? (mode?.mode ?? true) : mode
    if (typeof training !== 'boolean') {
      throw new ValueError('train', [], 'the mode is true or false', 'call eval() for evaluation')
    }
    this.training = training
    walkChildren('train', TRAIN, this, () => {
      for (const child of this.children()) child.train(training)
    })
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
  zeroGrad(...given: Arguments<{ setToNone?: boolean }, ['setToNone']>): void {
    const [setToNone = true] = parameters<[boolean]>('zeroGrad', ['setToNone'])(given)
    for (const parameter of this.parameters()) {
      if (setToNone) parameter.grad = null
      else if (parameter.grad !== null) noGrad(() => parameter.grad?.zero_())
    }
  }

  /** Sets `requiresGrad` of all parameters. */
  requiresGrad_(requiresGrad: boolean | { requiresGrad?: boolean } = true): this {
    const wanted =
      typeof requiresGrad === 'object' ? (requiresGrad?.requiresGrad ?? true) : requiresGrad
    for (const parameter of this.parameters()) parameter.requiresGrad = wanted
    return this
  }

  /** Calls `fn` with every module, innermost first. @see torch.nn.Module.apply */
  apply(fn: (module: AnyModule) => void): this
  apply(fn: (module: Module) => void): this
  apply(fn: (module: never) => void): this {
    requireFunction('apply', 'fn', fn)
    const visit = fn as (module: AnyModule) => void
    walkChildren('apply', fn, this, () => {
      for (const child of this.children()) child.apply(visit)
    })
    visit(this)
    return this
  }

  /**
   * Converts floating parameters and buffers to a dtype, and moves all to a device, in place of the old
   * ones: `to('float64')`, `to('cuda')`, `to('cuda', 'bfloat16')`, as a tensor is: `to(x)`, or by name:
   * `to({ memoryFormat: 'channelsLast' })` orders those of four axes in memory. Parameters stay the same
   * objects, so that an optimizer goes on with them.
   *
   * @throws {DTypeError} for a dtype that is not floating. @throws {DeviceError} for a device that is not there.
   * @see torch.nn.Module.to
   */
  to(...conversion: ModuleConversion): this {
    convertModule(this, conversion)
    return this
  }

  /** `to(dtype)`. @see torch.nn.Module.type */
  type(dstType: DType): this {
    return this.to(dstType)
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

  /**
   * `to('cuda')`, or to the GPU of a number.
   *
   * @throws {DeviceError} if there is none, or `@flambeau/cuda-backend` was not imported.
   * @see torch.nn.Module.cuda
   */
  cuda(device?: Device | number | null): this {
    return this.to(typeof device === 'number' ? `cuda:${device}` : (device ?? 'cuda'))
  }

  /** The module below with a dotted name. @throws {ValueError} if there is none. */
  getSubmodule(target: string): AnyModule {
    for (const [name, module] of this.namedModules()) if (name === target) return module
    throw new ValueError(
      'getSubmodule',
      [],
      `there is no submodule ${show(target)}`,
      'print the module to see the names',
    )
  }

  /**
   * Puts `module` in the place of the one with a dotted name.
   *
   * @throws {ValueError} if there is none, or `module` contains the one that it would be in.
   */
  setSubmodule(target: string, module: AnyModule): void {
    requireText('setSubmodule', 'target', target)
    requireInstance('setSubmodule', 'module', module, Module, 'new nn.Linear(2, 3)')
    const dot = target.lastIndexOf('.')
    const parent = dot < 0 ? this : this.getSubmodule(target.slice(0, dot))
    const name = target.slice(dot + 1)
    this.getSubmodule(target)
    requireApart('setSubmodule', parent, module)
    ;(parent as unknown as Record<string, unknown>)[name] = module
  }

  /** The parameter with a dotted name. @throws {ValueError} if there is none. */
  getParameter(target: string): Parameter {
    for (const [name, parameter] of this.namedParameters()) if (name === target) return parameter
    throw new ValueError(
      'getParameter',
      [],
      `there is no parameter ${show(target)}`,
      'see namedParameters()',
    )
  }

  /** The buffer with a dotted name. @throws {ValueError} if there is none. */
  getBuffer(target: string): Tensor {
    for (const [name, buffer] of this.namedBuffers()) if (name === target) return buffer
    throw new ValueError(
      'getBuffer',
      [],
      `there is no buffer ${show(target)}`,
      'see namedBuffers()',
    )
  }

  /** Printed as PyTorch prints it. */
  toString(): string {
    const children = walkChildren('toString', PRINT, this, () =>
      Array.from(
        this.namedChildren(),
        ([name, child]) => `(${name}): ${child.toString().replaceAll('\n', '\n  ')}`,
      ),
    )
    const extra = this.extraRepr()
    const title = this.constructor.name
    if (children.length === 0) return `${title}(${extra})`
    return `${title}(${extra ? `\n  ${extra}` : ''}\n  ${children.join('\n  ')}\n)`
  }
}

function noExtraState(method: string, module: AnyModule): ValueError {
  const rule = `${module.constructor.name} has no extra state`
  return new ValueError(method, [], rule, 'override getExtraState and setExtraState')
}

/** @throws {ValueError} unless `value` is a module. */
export function requireModule(op: string, value: unknown): asserts value is AnyModule {
  if (value instanceof Module) return
  throw new ValueError(op, [], 'the argument is not a module', `${op}(new Linear(2, 3), …)`)
}

Object.defineProperty(Module.prototype, inspect.custom, {
  value(this: Module): string {
    return this.toString()
  },
})
