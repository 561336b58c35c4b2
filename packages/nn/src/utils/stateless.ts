/** Calls of modules with other tensors than their own. @see torch.nn.utils.stateless */
import { Tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireOptions } from '@flambeau/core/internal'
import type { AnyModule, Module } from '../module.ts'
import { requireModule } from '../module.ts'
import { buffersOf } from '../module-state.ts'
import { Parameter } from '../parameter.ts'

/** Tensors by dotted name, or several such dictionaries. */
export type TensorsByName = Record<string, Tensor> | readonly Record<string, Tensor>[]

export interface FunctionalCallOptions {
  /** Use a tensor wherever the module has the one of its name, also under other names. Default true. */
  tieWeights?: boolean
  /** Throw unless all parameters and buffers are given. Default false. */
  strict?: boolean
}

const NAMES = ['tieWeights', 'strict'] as const

interface Place {
  name: string
  owner: AnyModule
  key: string
  own: Tensor
}

/** All parameters and buffers, also those that are there twice. */
function placesOf(root: AnyModule, prefix = '', path: readonly object[] = []): Place[] {
  if (path.includes(root)) return []
  const fields = root as unknown as Record<string, unknown>
  const keys = Object.keys(root).filter((key) => fields[key] instanceof Parameter)
  const here = [...keys, ...buffersOf(root).keys()].flatMap((key): Place[] => {
    const own = fields[key]
    return own instanceof Tensor ? [{ name: prefix + key, owner: root, key, own }] : []
  })
  const below = [...root.namedChildren()].flatMap(([name, child]) =>
    placesOf(child, `${prefix}${name}.`, [...path, root]),
  )
  return [...here, ...below]
}

function merged(given: TensorsByName): Record<string, Tensor> {
  const op = 'functionalCall'
  const out: Record<string, Tensor> = {}
  for (const one of [given].flat() as Record<string, unknown>[]) {
    requireOptions(op, one)
    for (const [name, tensor] of Object.entries(one)) {
      if (!(tensor instanceof Tensor)) {
        throw new ValueError(op, [], `'${name}' is not a tensor`, 'give tensors by their names')
      }
      if (name in out) throw new ValueError(op, [], `'${name}' is given twice`, 'give it once')
      out[name] = tensor
    }
  }
  return out
}

function requireNames(places: readonly Place[], given: object, strict: boolean): void {
  const known = new Set(places.map(({ name }) => name))
  const other = Object.keys(given).filter((name) => !known.has(name))
  const missing = strict ? [...known].filter((name) => !(name in given)) : []
  if (other.length + missing.length === 0) return
  const parts = [
    ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
    ...(other.length > 0 ? [`unexpected: ${other.join(', ')}`] : []),
  ]
  throw new ValueError(
    'functionalCall',
    [],
    `the names do not match the module's; ${parts.join('; ')}`,
    'see namedParameters() and namedBuffers()',
  )
}

/**
 * Calls a module with these tensors in the place of its parameters and buffers, by name; the module
 * is as before afterwards. What the call puts in their place, for example new statistics, is written
 * into the dictionary. `args` are the call's arguments, or the only one.
 *
 * @throws {ValueError} for names that the module has not, or with `strict` if some are missing.
 * @see torch.func.functional_call
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const { functionalCall } = nn.utils.stateless
 * const layer = new nn.Linear(2, 1)
 * const given = { weight: ones([1, 2]), bias: ones([1]) }
 * console.log(functionalCall(layer, given, [ones([1, 2])]).item()) // => 3
 * ```
 */
export function functionalCall<Args extends unknown[], Output>(
  module: Module<Args, Output>,
  parametersAndBuffers: TensorsByName,
  args: Args | Args[0],
  ...given: Arguments<FunctionalCallOptions, typeof NAMES>
): Output {
  const [tie = true, strict = false] = parameters<[boolean, boolean]>(
    'functionalCall',
    NAMES,
  )(given)
  requireModule('functionalCall', module)
  const tensors = merged(parametersAndBuffers)
  const places = placesOf(module)
  requireNames(places, tensors, strict)
  const named = places.filter(({ name }) => name in tensors)
  const byOwn = new Map(named.map(({ name, own }) => [own, name]))
  const changes = places.flatMap((place) => {
    const source = place.name in tensors ? place.name : tie ? byOwn.get(place.own) : undefined
    return source === undefined ? [] : [{ ...place, source }]
  })
  const field = (owner: AnyModule): Record<string, unknown> =>
    owner as unknown as Record<string, unknown>
  try {
    for (const { owner, key, source } of changes) field(owner)[key] = tensors[source]
    return module(...((Array.isArray(args) ? args : [args]) as Args))
  } finally {
    for (const { owner, key, own, source, name } of changes) {
      const after = field(owner)[key]
      const target = [parametersAndBuffers].flat().find((one) => source in one)
      if (after instanceof Tensor && name === source && target !== undefined) target[source] = after
      field(owner)[key] = own
    }
  }
}
