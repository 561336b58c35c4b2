/** `grad`, of tensors and of functions. */
import type { Tensor } from '@flambeau/core'
import type { GradTransformArguments } from './grad-transform.ts'
import { gradFunction } from './grad-transform.ts'
import type { GradArguments } from './gradients.ts'
import { grad as gradOfTensors } from './gradients.ts'

/**
 * The gradients of `outputs` (sum of products with `gradOutputs`) with respect to `inputs`, without
 * touching any `grad`.
 *
 * Of a function with an output of one element, `grad(fn)` is the function that computes the gradient
 * of `fn` by its first argument, or by those that `argnums` names. Arguments may be arrays and objects
 * of tensors; the gradient has their structure. `vmap(grad(fn))` gives the gradient of each sample.
 *
 * @throws {AutogradError} if an input does not require a gradient, or is not used and neither
 * `allowUnused` nor `materializeGrads` is set.
 * @throws {ShapeError} if the function's output has several elements.
 * @see torch.autograd.grad, torch.func.grad
 *
 * @example
 * ```ts
 * import { tensor, type Tensor } from '@flambeau/core'
 * import { grad } from '@flambeau/autograd'
 * const x = tensor([3], { dtype: 'float32', requiresGrad: true })
 * const [dx] = grad(x.mul(x), [x])
 * console.log(dx) // => tensor([6.])
 * const cube = (x: Tensor) => x.pow(3).sum()
 * console.log(grad(grad(cube))(tensor(2, { dtype: 'float32' }))) // => tensor(12.)
 * ```
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  ...given: GradArguments
): (Tensor | null)[]
export function grad<A extends unknown[], G = A[0]>(
  fn: (...args: A) => unknown,
  ...given: GradTransformArguments
): (...args: A) => G
export function grad(first: unknown, ...given: readonly unknown[]): unknown {
  if (typeof first === 'function') {
    return gradFunction(
      first as (...args: unknown[]) => unknown,
      given as unknown as GradTransformArguments,
    )
  }
  const [inputs, ...rest] = given
  return gradOfTensors(first as Tensor, inputs as Tensor, ...(rest as GradArguments))
}
