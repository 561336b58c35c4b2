/** Buffers and state dicts of modules. */
import { ShapeError, Tensor, ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
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
  for (const [path, module] of modulesBelow(root, '', new Set(), false)) {
    for (const hook of stateHooks.get(module)?.[kind] ?? []) {
      hook(module, stateDict, path === '' ? prefix : `${prefix}${path}.`)
    }
  }
}

/** The tensors to load, after all hooks. */
function prepared(root: AnyModule, stateDict: Readonly<StateDict>): Readonly<StateDict> {
  let own: StateDict | null = null
  for (const [path, module] of modulesBelow(root, '', new Set(), false)) {
    for (const hook of stateHooks.get(module)?.loading ?? []) {
      own ??= { ...stateDict }
      hook(module, own, path === '' ? '' : `${path}.`)
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

interface Place {
  module: Record<string, unknown>
  key: string
  tensor: Tensor
}

/** Where parameters and persistent buffers are, module by module. */
function* placesOf(root: AnyModule): Generator<[string, Place]> {
  for (const [path, owner] of modulesBelow(root, '', new Set(), false)) {
    const prefix = path === '' ? '' : `${path}.`
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
}

/** Parameters and persistent buffers by dotted name. */
export function* stateOf(root: AnyModule): Generator<[string, Tensor]> {
  for (const [name, { tensor }] of placesOf(root)) yield [name, tensor]
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

/** See {@link Module.loadStateDict}. */
export function loadState(
  root: AnyModule,
  stateDict: Readonly<StateDict>,
  { strict = true, assign = false }: LoadOptions,
): LoadReport {
  requireStateDict(stateDict)
  const own = new Map(placesOf(root))
  const given = new Map(Object.entries(prepared(root, stateDict)))
  for (const [name, value] of given) {
    if (value instanceof Tensor) continue
    throw new ValueError('loadStateDict', [], `'${name}' is not a tensor`, 'pass a state dict')
  }
  const missingKeys = [...own.keys()].filter((name) => !given.has(name))
  const unexpectedKeys = [...given.keys()].filter((name) => !own.has(name))
  const report = { missingKeys, unexpectedKeys }
  const mismatch = (): boolean => report.missingKeys.length + report.unexpectedKeys.length > 0
  // Hooks may say that a difference is none.
  const early = strict && mismatch()
  if (early) callLoadedHooks(root, report)
  if (strict && mismatch()) {
    const parts = [
      ...(report.missingKeys.length > 0 ? [`missing: ${report.missingKeys.join(', ')}`] : []),
      ...(report.unexpectedKeys.length > 0
        ? [`unexpected: ${report.unexpectedKeys.join(', ')}`]
        : []),
    ]
    throw new ValueError(
      'loadStateDict',
      [],
      `the names do not match the module's; ${parts.join('; ')}`,
      'load the state of the same architecture, or pass { strict: false }',
    )
  }
  const misfits = [...own].filter(([name, { tensor }]) => {
    const other = given.get(name)
    if (other === undefined || isUninitialized(tensor)) return false
    return other.shape.join() !== tensor.shape.join()
  })
  if (misfits.length > 0) {
    const lines = misfits.map(
      ([name, { tensor }]) =>
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
    for (const [name, { module, key, tensor }] of own) {
      const other = given.get(name)
      if (other === undefined) continue
      materialize(tensor, other.shape)
      if (!assign) tensor.copy_(other)
      else if (tensor instanceof Parameter) module[key] = new Parameter(other, tensor.requiresGrad)
      else module[key] = other
    }
  })
  if (!early) callLoadedHooks(root, report)
  return report
}
