/** Buffers and state dicts of modules. */
import { ShapeError, Tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { AnyModule } from './module.ts'
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

/** Called with a module, the tensors about to be loaded and what its names begin with; may change them. */
export type LoadStateDictPreHook = (module: AnyModule, stateDict: StateDict, prefix: string) => void

const loadHooks = new WeakMap<object, Set<LoadStateDictPreHook>>()

/** Adds a hook before loading; the result takes it off again. */
export function addLoadHook(module: object, hook: LoadStateDictPreHook): () => void {
  const own: LoadStateDictPreHook = (...args) => hook(...args)
  const known = loadHooks.get(module) ?? new Set()
  loadHooks.set(module, known)
  known.add(own)
  return () => known.delete(own)
}

/** The tensors to load, after all hooks. */
function prepared(root: AnyModule, stateDict: Readonly<StateDict>): Readonly<StateDict> {
  let own: StateDict | null = null
  for (const [path, module] of root.namedModules()) {
    for (const hook of loadHooks.get(module) ?? []) {
      own ??= { ...stateDict }
      hook(module, own, path === '' ? '' : `${path}.`)
    }
  }
  return own ?? stateDict
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
  for (const [path, owner] of root.namedModules()) {
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

/** See {@link Module.loadStateDict}. */
export function loadState(
  root: AnyModule,
  stateDict: Readonly<StateDict>,
  { strict = true, assign = false }: LoadOptions,
): LoadReport {
  const own = new Map(placesOf(root))
  const given = new Map(Object.entries(prepared(root, stateDict)))
  for (const [name, value] of given) {
    if (value instanceof Tensor) continue
    throw new ValueError('loadStateDict', [], `'${name}' is not a tensor`, 'pass a state dict')
  }
  const missingKeys = [...own.keys()].filter((name) => !given.has(name))
  const unexpectedKeys = [...given.keys()].filter((name) => !own.has(name))
  if (strict && missingKeys.length + unexpectedKeys.length > 0) {
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
  return { missingKeys, unexpectedKeys }
}
