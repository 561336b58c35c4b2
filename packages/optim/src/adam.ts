import type { Arguments } from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import { zerosLike } from '@flambeau/core'
import { adamStep, outsideScopes } from '@flambeau/core/internal'
import type { ParamGroup, Params, StepItem, Switches } from './optimizer.ts'
import { Optimizer, requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface AdamOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number
  /** Decay of the running means of gradients and of their squares. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
  /** Divide by the largest mean square so far. Default false. */
  amsgrad?: boolean
  /** Go up instead of down. Default false. */
  maximize?: boolean
  /** Weight decay shrinks the parameter instead of adding to the gradient. Default false. */
  decoupledWeightDecay?: boolean
}

/** @throws {ValueError} for options of Adam's kind outside of their range. @internal */
export function requireAdamOptions(
  optimizer: string,
  options: { lr: number; eps: number; betas: readonly [number, number]; weightDecay: number },
): void {
  requireRange(optimizer, 'lr', options.lr)
  requireRange(optimizer, 'eps', options.eps)
  requireRange(optimizer, 'betas[0]', options.betas?.[0], 1)
  requireRange(optimizer, 'betas[1]', options.betas?.[1], 1)
  requireRange(optimizer, 'weightDecay', options.weightDecay)
}

const NAMES = [
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'amsgrad',
  'foreach',
  'maximize',
  'capturable',
  'differentiable',
  'fused',
  'decoupledWeightDecay',
] as const
type AdamArguments = Arguments<AdamOptions & Implementation, typeof NAMES>
const read = optionReader<AdamOptions>('Adam', NAMES)

/**
 * Adam: steps of size lr along the mean gradient over the root of the mean squared gradient, both
 * corrected for their start at zero. All parameters are changed in one native call.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Kingma, Ba 2014, https://arxiv.org/abs/1412.6980; torch.optim.Adam
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Adam } from '@flambeau/optim'
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new Adam([{ params: [x], lr: 0.1 }])
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(Array.from(x.toArray(), (v) => v.toFixed(3))) // => [ '0.900', '1.900' ]
 * ```
 */
export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Params<AdamOptions>, ...given: AdamArguments) {
    super(params as Params<Required<AdamOptions>>, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      amsgrad: false,
      maximize: false,
      decoupledWeightDecay: false,
      ...read(given),
    })
  }

  protected override switches(): Switches {
    return { foreach: null, capturable: false, differentiable: false, fused: null }
  }

  protected override checkOptions(options: Required<AdamOptions>): void {
    requireAdamOptions(this.constructor.name, options)
  }

  protected override requireReplays(): void {}

  protected override stepGroup(
    group: ParamGroup & Required<AdamOptions>,
    items: readonly StepItem[],
  ): void {
    for (const { param, state } of items) {
      if ('step' in state) continue
      state['step'] = 0
      for (const key of ['exp_avg', 'exp_avg_sq', ...(group.amsgrad ? ['max_exp_avg_sq'] : [])]) {
        state[key] = outsideScopes(() => zerosLike(param))
      }
    }
    // One call for all parameters that have taken as many steps; usually that is all of them.
    for (const [step, part] of groupBySteps(items)) {
      const states = (key: string): Tensor[] => part.map((item) => item.state[key] as Tensor)
      adamStep(
        part.map((item) => item.param),
        part.map((item) => item.grad),
        states('exp_avg'),
        states('exp_avg_sq'),
        group.amsgrad ? states('max_exp_avg_sq') : [],
        {
          // Field by field: spreading the group would make a hidden class at each step.
          lr: group.lr,
          betas: group.betas,
          eps: group.eps,
          weightDecay: group.weightDecay,
          decoupled: group.decoupledWeightDecay,
          amsgrad: group.amsgrad,
          maximize: group.maximize,
          step: step + 1,
        },
      )
      for (const item of part) item.state['step'] = step + 1
    }
  }
}

export type AdamWOptions = Omit<AdamOptions, 'decoupledWeightDecay'>

const ADAMW_NAMES = [
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'amsgrad',
  'maximize',
  'foreach',
  'capturable',
  'differentiable',
  'fused',
] as const
type AdamWArguments = Arguments<AdamWOptions & Implementation, typeof ADAMW_NAMES>
const readAdamW = optionReader<AdamWOptions>('AdamW', ADAMW_NAMES)

/**
 * Adam whose weight decay (default 1e-2) shrinks the parameters by lr · weightDecay at each step,
 * apart from the gradient.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Loshchilov, Hutter 2017, https://arxiv.org/abs/1711.05101; torch.optim.AdamW
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { AdamW } from '@flambeau/optim'
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new AdamW([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(Array.from(x.toArray(), (v) => v.toFixed(3))) // => [ '0.899', '1.898' ]
 * ```
 */
export class AdamW extends Adam {
  constructor(params: Params<AdamWOptions>, ...given: AdamWArguments) {
    super(params, { weightDecay: 1e-2, ...readAdamW(given), decoupledWeightDecay: true })
  }
}

function groupBySteps(items: readonly StepItem[]): Map<number, StepItem[]> {
  const groups = new Map<number, StepItem[]>()
  for (const item of items) {
    const step = item.state['step'] as number
    const group = groups.get(step)
    if (group === undefined) groups.set(step, [item])
    else group.push(item)
  }
  return groups
}
