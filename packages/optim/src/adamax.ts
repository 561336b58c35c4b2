import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import { requireAdamOptions } from './adam.ts'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface AdamaxOptions extends CommonOptions {
  /** Learning rate. Default 2e-3. */
  lr?: number
  /** Decay of the running mean of gradients and of their largest size. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Added to the size of each gradient. Default 1e-8. */
  eps?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
}

const NAMES = [
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'foreach',
  'maximize',
  'differentiable',
  'capturable',
] as const
type AdamaxArguments = Arguments<
  AdamaxOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<AdamaxOptions>('Adamax', NAMES)

/**
 * Adamax: Adam with the largest recent gradient in place of the root mean square.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Kingma, Ba 2014, https://arxiv.org/abs/1412.6980, section 7; torch.optim.Adamax
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Adamax } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new Adamax([x], { lr: 0.25 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item().toFixed(3)) // => 0.750
 * ```
 */
export class Adamax extends ElementwiseOptimizer<AdamaxOptions> {
  constructor(params: Params<AdamaxOptions>, ...given: AdamaxArguments) {
    super(params as Params<Full<AdamaxOptions>>, {
      lr: 2e-3,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<AdamaxOptions>): void {
    requireAdamOptions('Adamax', options)
  }

  protected override ruleOf(): StepRule {
    return 'adamax'
  }

  protected override stateOf(): [string, number][] {
    return [
      ['exp_avg', 0],
      ['exp_inf', 0],
    ]
  }

  protected override numbersOf(group: Full<AdamaxOptions>, step: number): number[] {
    const [beta1, beta2] = group.betas
    return [group.lr / (1 - beta1 ** step), beta1, beta2, group.eps]
  }
}
