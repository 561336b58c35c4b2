import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { discard, requireIterable, requireNumber, show } from '@flambeau/core/internal'
import type { AnyModule } from '../module.ts'
import { Module } from '../module.ts'
import {
  entriesOf,
  insertItem,
  items,
  noForward,
  placeOf,
  requireName,
  setItems,
} from './container-items.ts'
import { callChildren, requireApart } from '../module-cycles.ts'
import { isDiscreet } from './discreet.ts'
import { NamedContainer } from './named-container.ts'

function requireModule(op: string, name: string, value: unknown): asserts value is Module {
  if (value instanceof Module) return
  throw new ValueError(op, [], `${name} is not a module`, `new ${op}(…) takes modules`)
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

  /** The modules from `start` up to `end`, as a Sequential that shares them. @throws {ValueError} */
  slice(start?: number, end?: number): Sequential {
    if (start !== undefined) requireNumber('Sequential.slice', 'start', start)
    if (end !== undefined) requireNumber('Sequential.slice', 'end', end)
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
    requireIterable('Sequential', 'modules', modules)
    for (const module of modules) this.append(module)
    return this
  }

  /** Adds a module before place `index`; for modules named 0, 1, …. @throws {ValueError} */
  insert(index: number, module: Module): this {
    requireModule('Sequential', 'the argument', module)
    requireApart('Sequential', this, module)
    insertItem('Sequential.insert', this, [...this], index, module)
    return this
  }

  /** Takes the module at a place out, by default the last one; those behind it move up. @throws {ValueError} */
  pop(index = -1): Module {
    const names = [...this.namedChildren()].map(([name]) => name)
    const at = placeOf('Sequential.pop', index, names.length)
    const all = [...this]
    const [out] = all.splice(at, 1)
    if (names.every((name, i) => name === String(i))) {
      setItems(this, all, names.length)
    } else {
      delete (this as unknown as Record<string, unknown>)[names[at] as string]
    }
    return out as Module
  }

  *[Symbol.iterator](): Generator<Module> {
    yield* this.children() as Generator<Module>
  }

  override forward(input: Tensor): Tensor {
    return callChildren('Sequential', this, () => pass(this.children(), input))
  }
}

/** The output of modules, each of which gets that of the one before. */
function pass(modules: Iterable<AnyModule>, input: Tensor): Tensor {
  let output = input
  // Was the output made here, and is nobody else able to refer to it?
  let own = false
  for (const child of modules) {
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
    requireApart('ModuleList', this, module)
    this[this.length] = module
    return this
  }

  extend(modules: Iterable<M>): this {
    requireIterable('ModuleList', 'modules', modules)
    for (const module of modules) this.append(module)
    return this
  }

  /** Adds a module before place `index`. @throws {ValueError} */
  insert(index: number, module: M): this {
    requireModule('ModuleList', 'the argument', module)
    requireApart('ModuleList', this, module)
    insertItem('ModuleList.insert', this, [...this], index, module)
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
export class ModuleDict<M extends AnyModule = Module> extends NamedContainer<M> {
  constructor(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]> = {}) {
    super()
    this.update(modules)
  }

  /** @internal */
  get _names(): readonly [container: string, item: string] {
    return ['ModuleDict', 'module']
  }

  /** @internal */
  _holds(value: unknown): value is M {
    return value instanceof Module
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

  update(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]>): this {
    for (const [name, module] of entriesOf('ModuleDict', 'modules', modules)) this.set(name, module)
    return this
  }
}
