/** Norms and limits of the gradients of many parameters at once. */
import { stack, Tensor, tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'

type Many = Iterable<Tensor> | Tensor

function listOf(op: string, tensors: Many): Tensor[] {
  const list = tensors instanceof Tensor ? [tensors] : [...tensors]
  for (const item of list) {
    if (item instanceof Tensor) continue
    throw new ValueError(op, [], 'an item is not a tensor', 'pass model.parameters()')
  }
  return list
}

export interface TotalNormOptions {
  /** Order of the norm; Infinity for the largest. Default 2. */
  normType?: number
  /** Throw where the norm is not finite. Default false. */
  errorIfNonfinite?: boolean
}

/**
 * The norm of all tensors taken together, as if they were one vector.
 *
 * Shapes: any -> `[]`; 0 for no tensors.
 *
 * @throws {ValueError} with `errorIfNonfinite` where the norm is infinite or NaN.
 * @see torch.nn.utils.get_total_norm
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { utils } from '@flambeau/nn'
 * console.log(utils.getTotalNorm([tensor([3]), tensor([4])]).item()) // => 5
 * ```
 */
export function getTotalNorm(tensors: Many, options: TotalNormOptions = {}): Tensor {
  const { normType = 2, errorIfNonfinite = false } = options
  const list = listOf('getTotalNorm', tensors)
  if (list.length === 0) return tensor(0)
  return noGrad(() => {
    const floating = list.map((one) => (one.isFloatingPoint() ? one : one.float()))
    const total = stack(floating.map((one) => one.norm(normType))).norm(normType)
    if (errorIfNonfinite && !Number.isFinite(total.item())) {
      throw new ValueError(
        'getTotalNorm',
        [],
        `the norm of order ${normType} is ${total.item()}`,
        'lower the learning rate, or leave errorIfNonfinite out',
      )
    }
    return total
  })
}

/**
 * Scales all gradients by one factor so that their norm taken together is at most `maxNorm`.
 * Returns the norm before.
 *
 * @throws {ValueError} with `errorIfNonfinite` where the norm is infinite or NaN.
 * @see Pascanu, Mikolov, Bengio 2012, https://arxiv.org/abs/1211.5063; torch.nn.utils.clip_grad_norm_
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { utils } from '@flambeau/nn'
 * const x = tensor([3, 4], { dtype: 'float64', requiresGrad: true })
 * x.square().sum().backward()
 * console.log(utils.clipGradNorm_([x], 1).item(), x.grad?.norm().item().toFixed(3)) // => 10 1.000
 * ```
 */
export function clipGradNorm_(
  parameters: Many,
  maxNorm: number,
  options: TotalNormOptions = {},
): Tensor {
  const grads = gradsOf('clipGradNorm_', parameters)
  return noGrad(() => {
    const total = getTotalNorm(grads, options)
    const factor = Math.min(1, maxNorm / (total.item() + 1e-6))
    // NaN goes into the gradients, as in PyTorch.
    if (!(factor >= 1)) for (const grad of grads) grad.mul_(factor)
    return total
  })
}

/**
 * Limits every element of the gradients to [-clipValue, clipValue].
 *
 * @see torch.nn.utils.clip_grad_value_
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { utils } from '@flambeau/nn'
 * const x = tensor([3, -4], { dtype: 'float64', requiresGrad: true })
 * x.square().sum().backward()
 * utils.clipGradValue_([x], 1)
 * console.log(x.grad?.tolist()) // => [ 1, -1 ]
 * ```
 */
export function clipGradValue_(parameters: Many, clipValue: number): void {
  noGrad(() => {
    for (const grad of gradsOf('clipGradValue_', parameters)) grad.clamp_(-clipValue, clipValue)
  })
}

function gradsOf(op: string, parameters: Many): Tensor[] {
  return listOf(op, parameters).flatMap((one) => (one.grad === null ? [] : [one.grad]))
}
