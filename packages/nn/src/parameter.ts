import { Tensor, ValueError } from '@flambeau/core'
import { liveId, native } from '@flambeau/core/internal'
import '@flambeau/autograd'

/**
 * A tensor that a module learns: found by `parameters()`, stored by `stateDict()`, and a leaf that
 * requires a gradient unless said otherwise. Shares the storage of `data`.
 *
 * @throws {DTypeError} if `data` is not floating and a gradient is required.
 * @see torch.nn.Parameter
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Parameter } from '@flambeau/nn'
 * const weight = new Parameter(ones([2, 3]))
 * console.log(weight.requiresGrad, weight.isLeaf) // => true true
 * ```
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, requiresGrad = true) {
    if (!(data instanceof Tensor)) {
      throw new ValueError(
        'Parameter',
        [],
        'a parameter is made of a tensor',
        'new Parameter(zeros([2, 3]))',
      )
    }
    const source = data.detach()
    super(source.shape, source._dtype)
    const id = liveId('Parameter', source)
    // The parameter takes over the native tensor of `source`, whose wrapper is done.
    native.retain(id)
    source.dispose()
    this._id = native.track(id, this)
    if (requiresGrad) this.requiresGrad = true
  }
}
