/** Norms and limits of the gradients of many parameters at once. */
import { stack, Tensor, tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireNumber } from '@flambeau/core/internal'
import { tensorsOf } from './tensor-list.ts'

type Many = Iterable<Tensor> | Tensor

export interface TotalNormOptions {
  /** Order of the norm; Infinity for the largest. Default 2. */
  normType?: number
  /** Throw where the norm is not finite. Default false. */
  errorIfNonfinite?: boolean
  /** Accepted for PyTorch's sake: all tensors are done at once anyway. */
  foreach?: boolean | null
}

/** What {@link clipGradNorm_} takes by name. */
export interface ClipNormOptions extends TotalNormOptions {
  /** The largest norm that is left as it is. */
  maxNorm: number
}

/** What {@link clipGradValue_} takes by name. */
export interface ClipValueOptions {
  /** The largest size of an element. */
  clipValue: number
  /** Accepted for PyTorch's sake: all tensors are done at once anyway. */
  foreach?: boolean | null
}

/** What {@link clipGradsWithNorm_} takes by name. */
export interface ClipWithNormOptions {
  /** The largest norm that is left as it is. */
  maxNorm: number
  /** What {@link getTotalNorm} gave. */
  totalNorm: Tensor | number
  /** Accepted for PyTorch's sake: all tensors are done at once anyway. */
  foreach?: boolean | null
}

type Foreach = boolean | null

const TOTAL = ['normType', 'errorIfNonfinite', 'foreach'] as const
const CLIP_NORM = ['maxNorm', 'normType', 'errorIfNonfinite', 'foreach'] as const
const CLIP_VALUE = ['clipValue', 'foreach'] as const
const CLIP_WITH = ['maxNorm', 'totalNorm', 'foreach'] as const
const readTotal = parameters<[number, boolean, Foreach]>('getTotalNorm', TOTAL)
const readClipNorm = parameters<[number, number, boolean, Foreach]>('clipGradNorm_', CLIP_NORM)
const readClipValue = parameters<[number, Foreach]>('clipGradValue_', CLIP_VALUE)
const readClipWith = parameters<[number, Tensor | number, Foreach]>('clipGradsWithNorm_', CLIP_WITH)

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
export function getTotalNorm(
  tensors: Many,
  ...given: Arguments<TotalNormOptions, typeof TOTAL>
): Tensor {
  const [normType = 2, errorIfNonfinite = false] = readTotal(given)
  requireNumber('getTotalNorm', 'normType', normType)
  const list = tensorsOf('getTotalNorm', tensors)
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
  ...given: Arguments<ClipNormOptions, typeof CLIP_NORM>
): Tensor {
  const op = 'clipGradNorm_'
  const [maxNorm, normType = 2, errorIfNonfinite = false] = readClipNorm(given)
  requireNumber(op, 'maxNorm', maxNorm)
  const grads = gradsOf(op, parameters)
  const total = getTotalNorm(grads, normType, errorIfNonfinite)
  scaleTo(grads, maxNorm, total)
  return total
}

function scaleTo(grads: readonly Tensor[], maxNorm: number, total: Tensor | number): void {
  if (total instanceof Tensor && total.device !== 'cpu') {
    // On a device the factor stays there: nobody waits for it, and a graph can hold it.
    noGrad(() => {
      const factor = total.add(1e-6).reciprocal().mul(maxNorm).clamp({ max: 1 })
      for (const grad of grads) grad.mul_(factor)
    })
    return
  }
  const norm = typeof total === 'number' ? total : total.item()
  const factor = Math.min(1, maxNorm / (norm + 1e-6))
  // NaN goes into the gradients, as in PyTorch.
  if (factor >= 1) return
  noGrad(() => {
    for (const grad of grads) grad.mul_(factor)
  })
}

/**
 * Scales all gradients by one factor as if their norm taken together were `totalNorm`, so that it is
 * at most `maxNorm`.
 *
 * @throws {ValueError} unless both are numbers.
 * @see torch.nn.utils.clip_grads_with_norm_
 */
export function clipGradsWithNorm_(
  parameters: Many,
  ...given: Arguments<ClipWithNormOptions, typeof CLIP_WITH>
): void {
  const op = 'clipGradsWithNorm_'
  const [maxNorm, total] = readClipWith(given)
  requireNumber(op, 'maxNorm', maxNorm)
  if (!(total instanceof Tensor)) requireNumber(op, 'totalNorm', total)
  scaleTo(gradsOf(op, parameters), maxNorm, total)
}

/**
 * Limits every element of the gradients to [-clipValue, clipValue].
 *
 * @throws {ValueError} unless clipValue is a number.
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
export function clipGradValue_(
  parameters: Many,
  ...given: Arguments<ClipValueOptions, typeof CLIP_VALUE>
): void {
  const [clipValue] = readClipValue(given)
  requireNumber('clipGradValue_', 'clipValue', clipValue)
  noGrad(() => {
    for (const grad of gradsOf('clipGradValue_', parameters)) grad.clamp_(-clipValue, clipValue)
  })
}

function gradsOf(op: string, parameters: Many): Tensor[] {
  return tensorsOf(op, parameters).flatMap((one) => (one.grad === null ? [] : [one.grad]))
}
