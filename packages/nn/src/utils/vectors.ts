/** All parameters as one vector, and back. */
import type { Tensor } from '@flambeau/core'
import { cat, ShapeError, ValueError } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import { tensorsOf } from './tensor-list.ts'

/**
 * The elements of all parameters one after the other, differentiable.
 *
 * Shapes: any -> `[n]`.
 *
 * @throws {ValueError} if there are none.
 * @see torch.nn.utils.parameters_to_vector
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { utils } from '@flambeau/nn'
 * console.log(utils.parametersToVector([ones([2, 3]), ones([4])]).shape) // => [ 10 ]
 * ```
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  const parts = tensorsOf('parametersToVector', parameters).map((one) => one.reshape(-1))
  if (parts.length > 0) return cat(parts)
  throw new ValueError('parametersToVector', [], 'there are no parameters', 'pass some')
}

/**
 * Makes the parameters views of a vector's parts.
 *
 * @throws {ShapeError} if the vector has not as many elements as the parameters together.
 * @see torch.nn.utils.vector_to_parameters
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const layer = new nn.Linear(2, 1)
 * nn.utils.vectorToParameters(arange(3, { dtype: 'float32' }), layer.parameters())
 * console.log(layer.weight.tolist(), layer.bias?.tolist()) // => [ [ 0, 1 ] ] [ 2 ]
 * ```
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  requireTensor('vectorToParameters', 'vector', vector)
  const list = tensorsOf('vectorToParameters', parameters)
  const total = list.reduce((sum, one) => sum + one.numel(), 0)
  if (vector.ndim !== 1 || vector.numel() !== total) {
    throw new ShapeError(
      'vectorToParameters',
      { vector },
      `the parameters have ${total} elements together`,
      'pass what parametersToVector gave',
    )
  }
  let at = 0
  for (const one of list) {
    const n = one.numel()
    one.data = vector
      .detach()
      .narrow(0, at, n)
      .view([...one.shape])
    at += n
  }
}
