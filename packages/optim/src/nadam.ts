import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import { requireAdamOptions } from './adam.ts'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params, ParamState } from './optimizer.ts'
import { requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface NAdamOptions extends CommonOptions {
  /** Learning rate. Default 2e-3. */
  lr?: number
  /** Decay of the running means of gradients and of their squares. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
  /** How fast the momentum grows to beta1. Default 4e-3. */
  momentumDecay?: number
  /** Weight decay shrinks the parameter instead of adding to the gradient. Default false. */
  decoupledWeightDecay?: boolean
}

const NAMES = [
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'momentumDecay',
  'decoupledWeightDecay',
  'foreach',
  'maximize',
  'capturable',
  'differentiable',
] as const
type NAdamArguments = Arguments<
  NAdamOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<NAdamOptions>('NAdam', NAMES)

/**
 * NAdam: Adam with Nesterov's momentum, which looks ahead to the next step.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ; torch.optim.NAdam
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { NAdam } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new NAdam([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item() < 1) // => true
 * ```
 */
export class NAdam extends ElementwiseOptimizer<NAdamOptions> {
  constructor(params: Params<NAdamOptions>, ...given: NAdamArguments) {
    super(params as Params<Full<NAdamOptions>>, {
      lr: 2e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      momentumDecay: 4e-3,
      decoupledWeightDecay: false,
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<NAdamOptions>): void {
    requireAdamOptions('NAdam', options)
    requireRange('NAdam', 'momentumDecay', options.momentumDecay)
  }

  protected override ruleOf(): StepRule {
    return 'nadam'
  }

  protected override stateOf(): [string, number][] {
    return [
      ['exp_avg', 0],
      ['exp_avg_sq', 0],
    ]
  }

  protected override ownNumbers(): Record<string, number> {
    return { mu_product: 1 }
  }

  protected override decayOf(group: Full<NAdamOptions>): number {
    return group.decoupledWeightDecay ? 0 : group.weightDecay
  }

  protected override advance(group: Full<NAdamOptions>, step: number, state: ParamState): void {
    state['mu_product'] = (state['mu_product'] as number) * momentum(group, step)
  }

  protected override numbersOf(
    group: Full<NAdamOptions>,
    step: number,
    state: ParamState,
  ): number[] {
    const [beta1, beta2] = group.betas
    const now = momentum(group, step)
    const next = momentum(group, step + 1)
    const product = (state['mu_product'] as number) * now
    const ofGrad = (group.lr * (1 - now)) / (1 - product)
    const ofMean = (group.lr * next) / (1 - product * next)
    const shrink = group.decoupledWeightDecay ? 1 - group.lr * group.weightDecay : 1
    return [ofGrad, ofMean, beta1, beta2, group.eps, 1 - beta2 ** step, shrink]
  }
}

/** The momentum of a step. */
function momentum({ betas, momentumDecay }: Full<NAdamOptions>, step: number): number {
  return betas[0] * (1 - 0.5 * 0.96 ** (step * momentumDecay))
}
