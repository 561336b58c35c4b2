import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import { requireAdamOptions } from './adam.ts'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface RAdamOptions extends CommonOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number
  /** Decay of the running means of gradients and of their squares. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
  /** Weight decay shrinks the parameter instead of adding to the gradient. Default false. */
  decoupledWeightDecay?: boolean
}

const NAMES = [
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'decoupledWeightDecay',
  'foreach',
  'maximize',
  'capturable',
  'differentiable',
] as const
type RAdamArguments = Arguments<
  RAdamOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<RAdamOptions>('RAdam', NAMES)

/**
 * RAdam: Adam that only divides by the root mean square once enough gradients were seen to know it.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Liu et al. 2019, https://arxiv.org/abs/1908.03265; torch.optim.RAdam
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { RAdam } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new RAdam([x], { lr: 0.1 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item().toFixed(3)) // => 0.800
 * ```
 */
export class RAdam extends ElementwiseOptimizer<RAdamOptions> {
  constructor(params: Params<RAdamOptions>, ...given: RAdamArguments) {
    super(params as Params<Full<RAdamOptions>>, {
      lr: 1e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<RAdamOptions>): void {
    requireAdamOptions('RAdam', options)
  }

  protected override ruleOf(): StepRule {
    return 'radam'
  }

  protected override stateOf(): [string, number][] {
    return [
      ['exp_avg', 0],
      ['exp_avg_sq', 0],
    ]
  }

  protected override decayOf(group: Full<RAdamOptions>): number {
    return group.decoupledWeightDecay ? 0 : group.weightDecay
  }

  protected override numbersOf(group: Full<RAdamOptions>, step: number): number[] {
    const [beta1, beta2] = group.betas
    const correction2 = 1 - beta2 ** step
    // How many gradients the mean of squares stands for, in the end and now.
    const most = 2 / (1 - beta2) - 1
    const now = most - (2 * step * beta2 ** step) / correction2
    const known = ((now - 4) * (now - 2) * most) / ((most - 4) * (most - 2) * now)
    const adapt = now > 5 ? Math.sqrt(correction2) * Math.sqrt(known) : 0
    const shrink = group.decoupledWeightDecay ? 1 - group.lr * group.weightDecay : 1
    return [group.lr / (1 - beta1 ** step), beta1, beta2, group.eps, adapt, shrink]
  }
}
