/** Buffers and state dicts of modules. */
import { ShapeError, Tensor, ValueError } from '@flambeau/core'
import { requireTensor, show } from '@flambeau/core/internal'
import { noGrad } from '@flambeau/autograd'
import type { AnyModule } from './module.ts'
import type { RemovableHandle } from './module-hooks.ts'
import { isUninitialized, materialize } from './layers/lazy.ts'
import { Parameter } from './parameter.ts'

/** Tensors by their PyTorch name, for example `fc1.weight`. */
export type StateDict = Record<string, Tensor>

export interface StateDictOptions {
  /** Put before every name. Default ''. */
  prefix?: string
  /** Give the parameters themselves instead of detached tensors. Default false. */
  keepVars?: boolean
}

export interface LoadOptions {
  /** Names must match exactly. Default true. */
  strict?: boolean
  /** Put the tensors in the place of the module's instead of copying. Default false. */
  assign?: boolean
}

/** What {@link Module.loadStateDict} could not match. */
export interface LoadReport {
  /** Names that the module has and the dictionary lacks. */
  missingKeys: string[]
  /** Names that the dictionary has and the module lacks. */
  unexpectedKeys: string[]
}

/** Called with a module, a dictionary of the whole state, and what the module's names begin with. */
export type StateDictHook = (module: AnyModule, stateDict: StateDict, prefix: string) => void
/** The same before loading: changes what is loaded. */
export type LoadStateDictPreHook = StateDictHook
/** Called with a module and what could not be matched, which it may change. */
export type LoadStateDictPostHook = (module: AnyModule, report: LoadReport) => void

interface StateHooks {
  before: Set<StateDictHook>
  after: Set<StateDictHook>
  loading: Set<LoadStateDictPreHook>
  loaded: Set<LoadStateDictPostHook>
}

const stateHooks = new WeakMap<object, StateHooks>()

/** Adds a hook of one kind. @throws {ValueError} unless it is a function. */
export function stateHook<K extends keyof StateHooks>(
  op: string,
  module: object,
  kind: K,
  hook: StateHooks[K] extends Set<infer Hook> ? Hook : never,
): RemovableHandle {
  if (typeof hook !== 'function') {
    throw new ValueError(op, [], 'a hook is a function', '(module, …) => …')
  }
  let hooks = stateHooks.get(module)
  if (hooks === undefined) {
    hooks = { before: new Set(), after: new Set(), loading: new Set(), loaded: new Set() }
    stateHooks.set(module, hooks)
  }
  const list = hooks[kind] as Set<unknown>
  // One function may be added twice: the handle takes off its own.
  const own = (...args: never[]): void => (hook as (...args: never[]) => void)(...args)
  list.add(own)
  return {
    remove() {
      list.delete(own)
    },
  }
}

/** Calls the hooks of all modules around {@link Module.stateDict}. */
export function callStateHooks(
  root: AnyModule,
  kind: 'before' | 'after',
  stateDict: StateDict,
  prefix: string,
): void {
  for (const [below, module] of prefixesOf(root)) {
    for (const hook of stateHooks.get(module)?.[kind] ?? []) {
      hook(module, stateDict, prefix + below)
    }
  }
}

/** The tensors to load, after all hooks. */
function prepared(root: AnyModule, stateDict: Readonly<StateDict>): Readonly<StateDict> {
  let own: StateDict | null = null
  for (const [prefix, module] of prefixesOf(root)) {
    for (const hook of stateHooks.get(module)?.loading ?? []) {
      own ??= { ...stateDict }
      hook(module, own, prefix)
    }
  }
  return own ?? stateDict
}

/**
 * A module and all below it with dotted names, each once; with duplicates, as often as it is there
 * (but not inside of itself).
 */
export function* modulesBelow(
  module: AnyModule,
  path: string,
  seen: Set<object>,
  removeDuplicate = true,
): Generator<[string, AnyModule]> {
  if (seen.has(module)) return
  seen.add(module)
  yield [path, module]
  for (const [name, child] of module.namedChildren()) {
    yield* modulesBelow(child, path === '' ? name : `${path}.${name}`, seen, removeDuplicate)
  }
  if (!removeDuplicate) seen.delete(module)
}

const buffers = new WeakMap<object, Map<string, { persistent: boolean }>>()

/** The names of a module's own buffers. */
export function buffersOf(module: object): Map<string, { persistent: boolean }> {
  let found = buffers.get(module)
  if (found === undefined) buffers.set(module, (found = new Map()))
  return found
}

/** The last part of the name of an extra state. */
const EXTRA = '_extra_state'
type ExtraState = Pick<AnyModule, 'getExtraState' | 'setExtraState'>

interface Place {
  module: Record<string, unknown>
  key: string
  tensor: Tensor
}

/** Modules with what the names of their state begin with. */
function* prefixesOf(root: AnyModule): Generator<[prefix: string, module: AnyModule]> {
  for (const [path, module] of modulesBelow(root, '', new Set(), false)) {
    yield [path === '' ? '' : `${path}.`, module]
  }
}

/** Where a module's own parameters and persistent buffers are. */
function* placesIn(prefix: string, owner: AnyModule): Generator<[string, Place]> {
  const module = owner as unknown as Record<string, unknown>
  for (const key of Object.keys(owner)) {
    const tensor = module[key]
    if (tensor instanceof Parameter) yield [prefix + key, { module, key, tensor }]
  }
  for (const [key, { persistent }] of buffersOf(owner)) {
    const tensor = module[key]
    if (persistent && tensor instanceof Tensor) yield [prefix + key, { module, key, tensor }]
  }
}

/**
 * Parameters, persistent buffers and extra states by dotted name, module by module.
 *
 * @param base What the classes of modules without an extra state inherit.
 */
export function* stateOf(root: AnyModule, base: ExtraState): Generator<[string, Tensor]> {
  for (const [prefix, module] of prefixesOf(root)) {
    for (const [name, { tensor }] of placesIn(prefix, module)) yield [name, tensor]
    if (module.getExtraState === base.getExtraState) continue
    const state = module.getExtraState()
    requireTensor('stateDict', prefix + EXTRA, state)
    yield [prefix + EXTRA, state]
  }
}

function callLoadedHooks(root: AnyModule, report: LoadReport): void {
  for (const [, module] of modulesBelow(root, '', new Set())) {
    for (const hook of stateHooks.get(module)?.loaded ?? []) hook(module, report)
  }
}

/** @throws {ValueError} unless `value` is an object of tensors by name. */
function requireStateDict(value: unknown): void {
  if (typeof value === 'object' && value !== null && !(value instanceof Tensor)) return
  throw new ValueError(
    'loadStateDict',
    [],
    `the state dict must be an object of tensors by name, not ${show(value)}`,
    'pass what stateDict() or a loader of files returned',
  )
}

/** The tensors to load by name, after all hooks. @throws {ValueError} for what is no tensor. */
function tensorsOf(root: AnyModule, stateDict: Readonly<StateDict>): Map<string, Tensor> {
  requireStateDict(stateDict)
  const given = new Map(Object.entries(prepared(root, stateDict)))
  for (const [name, value] of given) {
    if (value instanceof Tensor) continue
    throw new ValueError('loadStateDict', [], `'${name}' is not a tensor`, 'pass a state dict')
  }
  return given
}

function mismatch({ missingKeys, unexpectedKeys }: LoadReport): ValueError {
  const parts = [
    ...(missingKeys.length > 0 ? [`missing: ${missingKeys.join(', ')}`] : []),
    ...(unexpectedKeys.length > 0 ? [`unexpected: ${unexpectedKeys.join(', ')}`] : []),
  ]
  return new ValueError(
    'loadStateDict',
    [],
    `the names do not match the module's; ${parts.join('; ')}`,
    'load the state of the same architecture, or pass { strict: false }',
  )
}

/** @throws {ShapeError} if a tensor differs in shape from the one in whose place it is loaded. */
function requireShapes(own: ReadonlyMap<string, Place>, given: ReadonlyMap<string, Tensor>): void {
  const lines: string[] = []
  for (const [name, { tensor }] of own) {
    const other = given.get(name)
    if (other === undefined || isUninitialized(tensor)) continue
    const [here, there] = [tensor.shape.join(', '), other.shape.join(', ')]
    if (here !== there) lines.push(`${name} is [${here}] here and [${there}] in the dictionary`)
  }
  if (lines.length === 0) return
  const fix = 'build the module with the sizes that were saved'
  throw new ShapeError('loadStateDict', [], lines.join('; '), fix)
}

/** See {@link Module.loadStateDict} and {@link stateOf}. */
export function loadState(
  root: AnyModule,
  base: ExtraState,
  stateDict: Readonly<StateDict>,
  { strict = true, assign = false }: LoadOptions,
): LoadReport {
  const own = new Map<string, Place>()
  const extra = new Map<string, AnyModule>()
  for (const [prefix, module] of prefixesOf(root)) {
    for (const [name, place] of placesIn(prefix, module)) own.set(name, place)
    if (module.setExtraState !== base.setExtraState) extra.set(prefix + EXTRA, module)
  }
  const given = tensorsOf(root, stateDict)
  const report = {
    missingKeys: [...own.keys(), ...extra.keys()].filter((name) => !given.has(name)),
    unexpectedKeys: [...given.keys()].filter((name) => !own.has(name) && !extra.has(name)),
  }
  const differs = (): boolean => report.missingKeys.length + report.unexpectedKeys.length > 0
  // Hooks may say that a difference is none.
  const early = strict && differs()
  if (early) callLoadedHooks(root, report)
  if (strict && differs()) throw mismatch(report)
  requireShapes(own, given)
  noGrad(() => {
    for (const [name, { module, key, tensor }] of own) {
      const other = given.get(name)
      if (other === undefined) continue
      materialize(tensor, other.shape)
      if (!assign) tensor.copy_(other)
      else if (tensor instanceof Parameter) module[key] = new Parameter(other, tensor.requiresGrad)
      else module[key] = other
    }
  })
  for (const [name, module] of extra) {
    const state = given.get(name)
    if (state !== undefined) module.setExtraState(state)
  }
  if (!early) callLoadedHooks(root, report)
  return report
}
