/** Writes into parts of tensors, as operations that make new ones. */
import { arange, full, Tensor } from '@flambeau/core'
import type { Op, OpCall } from '@flambeau/core/internal'
import { operations, run } from '@flambeau/core/internal'
import { CODE } from '../dtypes.ts'

/** The place of each element in row-major order, in the tensor's shape. */
export function placesOf(tensor: Tensor): Tensor {
  return arange(tensor.numel(), { dtype: 'int64' }).reshape(tensor.shape)
}

/** A copy with elements written, or added, at places. */
export function scattered(base: Tensor, places: Tensor, values: Tensor, add: boolean): Tensor {
  const flat = base.clone().reshape([-1])
  const [index, source] = [places.reshape([-1]), values.reshape([-1])]
  const out = add ? flat.scatterAdd(0, index, source) : flat.scatter(0, index, source)
  return out.reshape(base.shape)
}

/** What a write into a window of basic indexing gives. */
export function writtenWindow(call: OpCall, target: Tensor): Tensor {
  const [add, ...tokens] = call.numbers
  const { shape } = call.params as { shape: readonly number[] }
  const at = operations().get('at') as Op
  const places = run(at, [placesOf(target)], shape, CODE.int64, tokens, { tokens, shape })
  const [, value] = call.inputs
  const values =
    value instanceof Tensor
      ? value.expand(shape)
      : full(shape, value as number, { dtype: target.dtype as 'float32' })
  return scattered(target, places, values, add === 1)
}
