import { Tensor, ValueError } from '@flambeau/core'
import { requireIterable } from '@flambeau/core/internal'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { entriesOf, items, noForward, placeOf, requireName } from './container-items.ts'
import { NamedContainer } from './named-container.ts'

const isParameter = (value: unknown): value is Parameter => value instanceof Parameter

/** Tensors become parameters, as in PyTorch. */
function parameterOf(op: string, value: unknown): Parameter {
  if (value instanceof Parameter) return value
  if (value instanceof Tensor) return new Parameter(value)
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
    requireIterable('ParameterList', 'parameters', parameters)
    for (const parameter of parameters) {
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
export class ParameterDict extends NamedContainer<Parameter> {
  constructor(
    parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]> = {},
  ) {
    super()
    this.update(parameters)
  }

  /** @internal */
  get _names(): readonly [container: string, item: string] {
    return ['ParameterDict', 'parameter']
  }

  /** @internal */
  _holds(value: unknown): value is Parameter {
    return value instanceof Parameter
  }

  set(name: string, parameter: Tensor): this {
    requireName('ParameterDict', name, typeof name === 'string' && !this.has(name) && name in this)
    this.registerParameter(name, parameterOf('ParameterDict', parameter))
    return this
  }

  /** Takes the last parameter out, with its name. @throws {ValueError} if there is none. */
  popitem(): [string, Parameter] {
    const last = [...this.keys()].at(-1)
    if (last !== undefined) return [last, this.pop(last)]
    throw new ValueError('ParameterDict.popitem', [], 'there are no parameters', 'look at size')
  }

  /** The parameter of a name, which is this one if there was none: null or left out, none is set. */
  setdefault(name: string, parameter?: Tensor | null): Parameter | null {
    if (!this.has(name)) {
      if (parameter === undefined || parameter === null) return null
      this.set(name, parameter)
    }
    return this.get(name)
  }

  /** Sets those of an object, of another dictionary, or of a list of pairs. */
  update(parameters: Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>): this {
    for (const [name, parameter] of entriesOf('ParameterDict', 'parameters', parameters)) {
      this.set(name, parameter)
    }
    return this
  }

  /** Another dictionary of the same parameters. */
  copy(): ParameterDict {
    return new ParameterDict(this)
  }

  override toString(): string {
    const lines = [...this].map(([name, one]) => `  (${name}): ${describe(one)}`)
    return lines.length === 0 ? 'ParameterDict()' : `ParameterDict(\n${lines.join('\n')}\n)`
  }
}
