/** Parameters whose shape is known at the first call. */
import type { Tensor } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { empty } from '@flambeau/core'
import type { Parameter } from '../parameter.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'

const pending = new WeakSet<Parameter>()

/** A parameter without elements, which {@link materialize} gives a shape; it stays the same object. */
export function uninitialized(options: FactoryOptions): Parameter {
  const parameter = newParameter([0], options)
  pending.add(parameter)
  return parameter
}

/** Does this parameter wait for its shape? */
export function isUninitialized(parameter: Tensor | null): boolean {
  return parameter !== null && pending.has(parameter as Parameter)
}

/** Gives an uninitialised parameter its shape; true if it was one. Its values are unspecified. */
export function materialize(parameter: Parameter | null, shape: readonly number[]): boolean {
  if (parameter === null || !pending.has(parameter)) return false
  noGrad(() => {
    parameter.data = empty([...shape], { dtype: parameter.dtype as 'float32' })
  })
  pending.delete(parameter)
  return true
}
