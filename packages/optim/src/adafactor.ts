import type { Arguments } from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import { finfo, ValueError, zeros, zerosLike } from '@flambeau/core'
import { outsideScopes, show } from '@flambeau/core/internal'
import type { ParamGroup, Params, StepItem, Switches } from './optimizer.ts'
import { Optimizer, requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface AdafactorOptions {
  /** Largest relative step. Default 1e-2. */
  lr?: number
  /** Power by which the running means of squares forget less and less, ≤ 0. Default -0.8. */
  beta2Decay?: number
  /** Smallest mean square (null: the dtype's eps), and smallest size of a parameter. Default [null, 1e-3]. */
  eps?: readonly [number | null, number]
  /** Largest root mean square of a change, ≥ 1. Default 1. */
  d?: number
  /** Shrinks the parameters by lr · weightDecay at each step. Default 0. */
  weightDecay?: number
  /** Go up instead of down. Default false. */
  maximize?: boolean
}

type Full = Required<AdafactorOptions>

const NAMES = ['lr', 'beta2Decay', 'eps', 'd', 'weightDecay', 'foreach', 'maximize'] as const
type AdafactorArguments = Arguments<
  AdafactorOptions & Pick<Implementation, 'foreach'>,
  typeof NAMES
>
const read = optionReader<AdafactorOptions>('Adafactor', NAMES)

/**
 * Adafactor: of a matrix's mean squared gradients only the means of rows and columns are kept, so
 * that the state is far smaller than the parameters; steps are relative to the parameters' size.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Shazeer, Stern 2018, https://arxiv.org/abs/1804.04235; torch.optim.Adafactor
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Adafactor } from '@flambeau/optim'
 * const x = ones([2, 3], { requiresGrad: true })
 * const optimizer = new Adafactor([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.at(0, 0).item().toFixed(3)) // => 0.900
 * ```
 */
export class Adafactor extends Optimizer<Full> {
  constructor(params: Params<AdafactorOptions>, ...given: AdafactorArguments) {
    super(params as Params<Full>, {
      lr: 1e-2,
      beta2Decay: -0.8,
      eps: [null, 1e-3],
      d: 1,
      weightDecay: 0,
      maximize: false,
      ...read(given),
    })
  }

  protected override switches(): Switches {
    return { foreach: null }
  }

  protected override checkOptions(options: Full): void {
    const rule = (holds: boolean, text: string): void => {
      if (!holds) throw new ValueError('Adafactor', [], text, 'check the options')
    }
    requireRange('Adafactor', 'lr', options.lr)
    requireRange('Adafactor', 'weightDecay', options.weightDecay)
    rule(options.beta2Decay <= 0, `beta2Decay must be ≤ 0, not ${show(options.beta2Decay)}`)
    rule(options.d >= 1, `d must be ≥ 1, not ${show(options.d)}`)
    const [eps1, eps2] = options.eps ?? []
    rule(eps1 === null || eps1 >= 0, `eps[0] must be null or ≥ 0, not ${show(eps1)}`)
    rule(eps2 >= 0, `eps[1] must be ≥ 0, not ${show(eps2)}`)
  }

  protected override fits(key: string, value: Tensor, param: Tensor): boolean {
    const axis = key === 'row_var' ? param.ndim - 1 : key === 'col_var' ? param.ndim - 2 : -1
    if (axis < 0) return super.fits(key, value, param)
    return value.shape.join() === without(param, axis).join()
  }

  protected override stepGroup(group: ParamGroup & Full, items: readonly StepItem[]): void {
    for (const item of items) step(group, item)
  }
}

function without(param: Tensor, axis: number): number[] {
  return param.shape.map((size, i) => (i === axis ? 1 : size))
}

/** Root of the mean square. */
function size(x: Tensor): number {
  return x.norm().item() / Math.sqrt(x.numel())
}

function step(group: Full, { param, grad: given, state }: StepItem): void {
  const grad = group.maximize ? given.neg() : given
  const matrix = grad.ndim > 1
  if (!('step' in state)) {
    state['step'] = 0
    outsideScopes(() => {
      if (matrix) {
        state['row_var'] = zeros(without(param, param.ndim - 1), {
          dtype: param.dtype,
          device: param.device,
        })
        state['col_var'] = zeros(without(param, param.ndim - 2), {
          dtype: param.dtype,
          device: param.device,
        })
      } else {
        state['variance'] = zerosLike(param)
      }
    })
  }
  const count = (state['step'] as number) + 1
  state['step'] = count
  const share = count ** group.beta2Decay
  const least = group.eps[0] ?? finfo(param.dtype).eps
  const rate = Math.max(group.eps[1], size(param)) * Math.min(group.lr, 1 / Math.sqrt(count))
  if (group.weightDecay !== 0) param.mul_(1 - group.lr * group.weightDecay)
  let squares: Tensor
  if (matrix) {
    const rows = state['row_var'] as Tensor
    const columns = state['col_var'] as Tensor
    const squared = grad.square()
    rows.lerp_(squared.mean(-1, { keepdim: true }), share)
    columns.lerp_(squared.mean(-2, { keepdim: true }), share)
    squares = rows.matmul(columns).div(rows.mean(-2, { keepdim: true }).clamp({ min: least }))
  } else {
    const variance = state['variance'] as Tensor
    variance.lerp_(grad.square(), share)
    squares = variance
  }
  const change = squares
    .clamp({ min: least * least })
    .rsqrt()
    .mul(grad)
  const excess = Math.max(1, size(change) / group.d)
  param.sub_(change.mul(rate / excess))
}
