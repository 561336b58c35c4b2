import type { Tensor } from '@flambeau/core'
import { Tensor as TensorClass, ValueError } from '@flambeau/core'
import { discard, show } from '@flambeau/core/internal'
import type { AnyModule } from '../module.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { isDiscreet } from './discreet.ts'

function requireModule(op: string, name: string, value: unknown): asserts value is Module {
  if (value instanceof Module) return
  throw new ValueError(op, [], `${name} is not a module`, `new ${op}(…) takes modules`)
}

/** What can be iterated over; an object's entries. @throws {ValueError} */
function listOf<T>(op: string, name: string, value: Iterable<T>): Iterable<T> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value
  throw new ValueError(op, [], `${name} must be a list, not ${show(value)}`, `new ${op}([…])`)
}

function entriesOf<T>(
  op: string,
  name: string,
  value: Readonly<Record<string, T>> | Iterable<readonly [string, T]>,
): readonly (readonly [string, T])[] {
  if (typeof value !== 'object' || value === null || value instanceof TensorClass) {
    const rule = `${name} must be an object or a list of [name, value], not ${show(value)}`
    throw new ValueError(op, [], rule, `new ${op}({ name: … })`)
  }
  if (!(Symbol.iterator in value)) return Object.entries(value)
  return Array.from(value, (entry: unknown) => {
    if (Array.isArray(entry) && typeof entry[0] === 'string') return entry as [string, T]
    const rule = `${name} must be pairs of a name and a value, not ${show(entry)}`
    throw new ValueError(op, [], rule, `new ${op}([['name', …]])`)
  })
}

/** @throws {ValueError} unless `name` can be that of a field without being one already. */
function requireName(op: string, name: unknown, isTaken: boolean): asserts name is string {
  if (typeof name === 'string' && name !== '' && !name.includes('.') && !isTaken) return
  throw new ValueError(op, [], `${show(name)} cannot name a part`, 'choose another name')
}

/** A place counted from the front. @throws {ValueError} if it is not there. */
function placeOf(op: string, index: number, length: number): number {
  const at = index < 0 ? index + length : index
  if (Number.isInteger(at) && at >= 0 && at < length) return at
  throw new ValueError(
    op,
    [],
    `there is no item ${show(index)} among ${length}`,
    'negative ones count from the back',
  )
}

/** Fields named 0, 1, … of a module, as a list. */
function items<T>(module: object, is: (value: unknown) => value is T): T[] {
  const fields = module as Record<string, unknown>
  const out: T[] = []
  for (let i = 0; is(fields[i]); i++) out.push(fields[i] as T)
  return out
}

/** Writes `list` as fields 0, 1, … in place of those that are there. */
function setItems<T>(module: object, list: readonly T[], before: number): void {
  const fields = module as Record<string, unknown>
  for (let i = 0; i < before; i++) delete fields[i]
  list.forEach((item, i) => {
    fields[i] = item
  })
}

const isModule = (value: unknown): value is Module => value instanceof Module

/**
 * Modules one after another: each gets the output of the one before. Named by a list they are `0`,
 * `1`, …, by an object its keys, as in PyTorch, also in the state dict.
 *
 * @throws {ValueError} if something other than a module is given.
 * @see torch.nn.Sequential
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU())
 * net.append(new nn.Linear(8, 2))
 * console.log(net.length, net(ones([3, 4])).shape) // => 3 [ 3, 2 ]
 * const named = new nn.Sequential({ up: new nn.Linear(4, 8), act: new nn.Tanh() })
 * console.log(Object.keys(named.stateDict())) // => [ 'up.weight', 'up.bias' ]
 * ```
 */
export class Sequential extends Module {
  [index: number]: Module

  constructor(...modules: Module[] | [named: Record<string, Module>]) {
    super()
    const [first] = modules
    const named = modules.length === 1 && typeof first === 'object' && first !== null
    const entries = Object.entries(named ? first : modules)
    for (const [name, module] of entries) {
      requireModule('Sequential', named ? `'${name}'` : `argument ${name}`, module)
      this.registerModule(name, module)
    }
  }

  /** Number of modules. */
  override get length(): number {
    return [...this.children()].length
  }

  /** The module at a place; negative ones count from the back. @throws {ValueError} */
  at(index: number): Module {
    const all = [...this]
    return all[placeOf('Sequential.at', index, all.length)] as Module
  }

  /** The modules from `start` up to `end`, as a Sequential that shares them. */
  slice(start?: number, end?: number): Sequential {
    return new Sequential(...[...this].slice(start, end))
  }

  /** Adds a module at the end. */
  append(module: Module): this {
    requireModule('Sequential', 'the argument', module)
    this.registerModule(String(this.length), module)
    return this
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<Module>): this {
    for (const module of listOf('Sequential', 'modules', modules)) this.append(module)
    return this
  }

  /** Adds a module before place `index`; for modules named 0, 1, …. */
  insert(index: number, module: Module): this {
    requireModule('Sequential', 'the argument', module)
    const all = [...this]
    const at = index === all.length ? index : placeOf('Sequential.insert', index, all.length)
    all.splice(at, 0, module)
    setItems(this, all, all.length - 1)
    return this
  }

  *[Symbol.iterator](): Generator<Module> {
    yield* this.children() as Generator<Module>
  }

  override forward(input: Tensor): Tensor {
    let output = input
    // Was the output made here, and is nobody else able to refer to it?
    let own = false
    for (const child of this.children()) {
      const module = child as unknown as Module
      const before = output
      const discreet = isDiscreet(module)
      output = module(before)
      if (output === before) {
        own = own && discreet
      } else {
        if (own && discreet) discard(before)
        own = discreet
      }
    }
    return output
  }
}

function noForward(name: string): never {
  throw new ValueError(
    name,
    [],
    'a container has no forward of its own',
    'call its items in the forward of your module',
  )
}

/**
 * A list of modules, found by everything that looks for submodules. Calling it throws: its owner's
 * `forward` says what happens.
 *
 * @throws {ValueError} if something other than a module is given.
 * @see torch.nn.ModuleList
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const list = new nn.ModuleList([new nn.Linear(2, 3), new nn.Linear(3, 1)])
 * list.append(new nn.Linear(1, 1))
 * console.log(list.length, [...list.parameters()].length) // => 3 6
 * ```
 */
export class ModuleList<M extends AnyModule = Module> extends Module<never, never> {
  [index: number]: M

  constructor(modules: Iterable<M> = []) {
    super()
    this.extend(modules)
  }

  /** Number of modules. */
  override get length(): number {
    return items(this, isModule).length
  }

  /** The module at a place; negative ones count from the back. @throws {ValueError} */
  at(index: number): M {
    return this[placeOf('ModuleList.at', index, this.length)] as M
  }

  append(module: M): this {
    requireModule('ModuleList', 'the argument', module)
    this[this.length] = module
    return this
  }

  extend(modules: Iterable<M>): this {
    for (const module of listOf('ModuleList', 'modules', modules)) this.append(module)
    return this
  }

  insert(index: number, module: M): this {
    requireModule('ModuleList', 'the argument', module)
    const all = [...this]
    all.splice(index, 0, module)
    setItems(this, all, all.length - 1)
    return this
  }

  /** Takes the module at a place out; by default the last one. */
  pop(index = -1): M {
    const all = [...this]
    const [out] = all.splice(placeOf('ModuleList.pop', index, all.length), 1)
    setItems(this, all, all.length + 1)
    return out as M
  }

  *[Symbol.iterator](): Generator<M> {
    yield* items(this, isModule) as unknown[] as M[]
  }

  override forward(): never {
    return noForward('ModuleList')
  }
}

/**
 * Modules by name, found by everything that looks for submodules.
 *
 * @throws {ValueError} if something other than a module is given.
 * @see torch.nn.ModuleDict
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const heads = new nn.ModuleDict({ age: new nn.Linear(8, 1), sex: new nn.Linear(8, 2) })
 * console.log([...heads.keys()], heads.get('sex').extraRepr())
 * // => [ 'age', 'sex' ] inFeatures=8, outFeatures=2, bias=true
 * ```
 */
export class ModuleDict<M extends Module = Module> extends Module<never, never> {
  constructor(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]> = {}) {
    super()
    this.update(modules)
  }

  get size(): number {
    return [...this.children()].length
  }

  has(name: string): boolean {
    return (this as unknown as Record<string, unknown>)[name] instanceof Module
  }

  /** @throws {ValueError} if there is none of this name. */
  get(name: string): M {
    if (this.has(name)) return (this as unknown as Record<string, M>)[name] as M
    throw new ValueError(
      'ModuleDict.get',
      [],
      `there is no module ${show(name)}`,
      `there are: ${[...this.keys()].join(', ') || 'none'}`,
    )
  }

  set(name: string, module: M): this {
    requireName('ModuleDict', name, false)
    requireModule('ModuleDict', show(name), module)
    if (!this.has(name) && name in this) {
      throw new ValueError(
        'ModuleDict',
        [],
        `'${name}' is a name that every module has`,
        'choose another name',
      )
    }
    this.registerModule(name, module)
    return this
  }

  delete(name: string): boolean {
    return this.has(name) && delete (this as unknown as Record<string, unknown>)[name]
  }

  update(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]>): this {
    for (const [name, module] of entriesOf('ModuleDict', 'modules', modules)) this.set(name, module)
    return this
  }

  *keys(): Generator<string> {
    for (const [name] of this.namedChildren()) yield name
  }

  *values(): Generator<M> {
    yield* this.children() as Generator<M>
  }

  *entries(): Generator<[string, M]> {
    yield* this.namedChildren() as Generator<[string, M]>
  }

  *[Symbol.iterator](): Generator<[string, M]> {
    yield* this.entries()
  }

  override forward(): never {
    return noForward('ModuleDict')
  }
}

const isParameter = (value: unknown): value is Parameter => value instanceof Parameter

/** Tensors become parameters, as in PyTorch. */
function parameterOf(op: string, value: unknown): Parameter {
  if (value instanceof Parameter) return value
  if (value instanceof TensorClass) return new Parameter(value)
  throw new ValueError(op, [], 'an item is not a tensor', 'pass parameters or tensors')
}

function describe(parameter: Parameter): string {
  return `Parameter containing: [${parameter.dtype} of size ${parameter.shape.join('x')}]`
}

/**
 * A list of parameters; tensors become parameters.
 *
 * @throws {ValueError} if something other than a tensor is given.
 * @see torch.nn.ParameterList
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const list = new nn.ParameterList([zeros([2]), zeros([3])])
 * console.log(list.length, Object.keys(list.stateDict())) // => 2 [ '0', '1' ]
 * ```
 */
export class ParameterList extends Module<never, never> {
  [index: number]: Parameter

  constructor(parameters: Iterable<Tensor> = []) {
    super()
    this.extend(parameters)
  }

  /** Number of parameters. */
  override get length(): number {
    return items(this, isParameter).length
  }

  /** The parameter at a place; negative ones count from the back. @throws {ValueError} */
  at(index: number): Parameter {
    return this[placeOf('ParameterList.at', index, this.length)] as Parameter
  }

  append(parameter: Tensor): this {
    this[this.length] = parameterOf('ParameterList', parameter)
    return this
  }

  extend(parameters: Iterable<Tensor>): this {
    for (const parameter of listOf('ParameterList', 'parameters', parameters)) {
      this.append(parameter)
    }
    return this
  }

  *[Symbol.iterator](): Generator<Parameter> {
    yield* items(this, isParameter)
  }

  override toString(): string {
    const lines = [...this].map((one, i) => `  (${i}): ${describe(one)}`)
    return lines.length === 0 ? 'ParameterList()' : `ParameterList(\n${lines.join('\n')}\n)`
  }

  override forward(): never {
    return noForward('ParameterList')
  }
}

/**
 * Parameters by name; tensors become parameters.
 *
 * @throws {ValueError} if something other than a tensor is given.
 * @see torch.nn.ParameterDict
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const dict = new nn.ParameterDict({ left: zeros([2]), right: zeros([3]) })
 * console.log(Object.keys(dict.stateDict())) // => [ 'left', 'right' ]
 * ```
 */
export class ParameterDict extends Module<never, never> {
  constructor(
    parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]> = {},
  ) {
    super()
    for (const [name, parameter] of entriesOf('ParameterDict', 'parameters', parameters)) {
      this.set(name, parameter)
    }
  }

  get size(): number {
    return [...this.keys()].length
  }

  has(name: string): boolean {
    return (this as unknown as Record<string, unknown>)[name] instanceof Parameter
  }

  /** @throws {ValueError} if there is none of this name. */
  get(name: string): Parameter {
    if (this.has(name)) return (this as unknown as Record<string, Parameter>)[name] as Parameter
    throw new ValueError(
      'ParameterDict.get',
      [],
      `there is no parameter ${show(name)}`,
      `there are: ${[...this.keys()].join(', ') || 'none'}`,
    )
  }

  set(name: string, parameter: Tensor): this {
    requireName('ParameterDict', name, typeof name === 'string' && !this.has(name) && name in this)
    this.registerParameter(name, parameterOf('ParameterDict', parameter))
    return this
  }

  delete(name: string): boolean {
    return this.has(name) && delete (this as unknown as Record<string, unknown>)[name]
  }

  *keys(): Generator<string> {
    for (const [name] of this.entries()) yield name
  }

  *values(): Generator<Parameter> {
    for (const [, parameter] of this.entries()) yield parameter
  }

  *entries(): Generator<[string, Parameter]> {
    yield* this.namedParameters('', false)
  }

  *[Symbol.iterator](): Generator<[string, Parameter]> {
    yield* this.entries()
  }

  override toString(): string {
    const lines = [...this].map(([name, one]) => `  (${name}): ${describe(one)}`)
    return lines.length === 0 ? 'ParameterDict()' : `ParameterDict(\n${lines.join('\n')}\n)`
  }

  override forward(): never {
    return noForward('ParameterDict')
  }
}
