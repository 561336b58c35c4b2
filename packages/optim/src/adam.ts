import type { Tensor } from '@flambeau/core'
import { zerosLike } from '@flambeau/core'
import { adamStep, outsideScopes } from '@flambeau/core/internal'
import type { ParamGroup, Params, StepItem } from './optimizer.ts'
import { Optimizer, requireRange } from './optimizer.ts'

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
}

/**
 * Adam: steps of size lr along the mean gradient over the root of the mean squared gradient, both
 * corrected for their start at zero. All parameters are changed in one native call.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Kingma, Ba 2014, https://arxiv.org/abs/1412.6980; torch.optim.Adam
 */
export class Adam extends Optimizer<Required<AdamOptions>> {
  constructor(params: Params<AdamOptions>, options: AdamOptions = {}) {
    super(params as Params<Required<AdamOptions>>, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      amsgrad: false,
      maximize: false,
      ...options,
    })
  }

  protected override checkOptions(options: Required<AdamOptions>): void {
    requireRange('Adam', 'lr', options.lr)
    requireRange('Adam', 'eps', options.eps)
    requireRange('Adam', 'betas[0]', options.betas?.[0], 1)
    requireRange('Adam', 'betas[1]', options.betas?.[1], 1)
    requireRange('Adam', 'weightDecay', options.weightDecay)
  }

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
          decoupled: false,
          amsgrad: group.amsgrad,
          maximize: group.maximize,
          step: step + 1,
        },
      )
      for (const item of part) item.state['step'] = step + 1
    }
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
