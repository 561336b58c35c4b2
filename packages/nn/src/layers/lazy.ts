/** Parameters and buffers whose shape is known at the first call, or when a state is loaded. */
import type { Tensor } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { empty } from '@flambeau/core'
import type { Parameter } from '../parameter.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'

const pending = new WeakSet<Tensor>()

/** A parameter without elements, which {@link materialize} gives a shape; it stays the same object. */
export function uninitialized(options: FactoryOptions): Parameter {
  const parameter = newParameter([0], options)
  pending.add(parameter)
  return parameter
}

/** Makes a tensor without elements wait for its shape. */
export function postpone(tensor: Tensor | null): void {
  if (tensor !== null) pending.add(tensor)
}

/** Does this tensor wait for its shape? */
export function isUninitialized(tensor: Tensor): boolean {
  return pending.has(tensor)
}

/** Gives a tensor that waits for it a shape; true if it did wait. Its values are unspecified. */
export function materialize(tensor: Tensor | null, shape: readonly number[]): boolean {
  if (tensor === null || !pending.has(tensor)) return false
  noGrad(() => {
    tensor.data = empty([...shape], {
      dtype: tensor.dtype as 'float32',
      device: tensor.device,
    })
  })
  pending.delete(tensor)
  return true
}
