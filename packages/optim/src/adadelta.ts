import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params } from './optimizer.ts'
import { requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface AdadeltaOptions extends CommonOptions {
  /** Factor of the change. Default 1. */
  lr?: number
  /** Decay of the running means of squares. Default 0.9. */
  rho?: number
  /** Added under both roots. Default 1e-6. */
  eps?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
}

const NAMES = [
  'lr',
  'rho',
  'eps',
  'weightDecay',
  'foreach',
  'capturable',
  'maximize',
  'differentiable',
] as const
type AdadeltaArguments = Arguments<
  AdadeltaOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<AdadeltaOptions>('Adadelta', NAMES)

/**
 * Adadelta: the gradient times the root mean square of recent changes over that of recent
 * gradients.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Zeiler 2012, https://arxiv.org/abs/1212.5701; torch.optim.Adadelta
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Adadelta } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new Adadelta([x])
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item() < 1) // => true
 * ```
 */
export class Adadelta extends ElementwiseOptimizer<AdadeltaOptions> {
  constructor(params: Params<AdadeltaOptions>, ...given: AdadeltaArguments) {
    super(params as Params<Full<AdadeltaOptions>>, {
      lr: 1,
      rho: 0.9,
      eps: 1e-6,
      weightDecay: 0,
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<AdadeltaOptions>): void {
    requireRange('Adadelta', 'lr', options.lr)
    requireRange('Adadelta', 'rho', options.rho, 1 + Number.EPSILON)
    requireRange('Adadelta', 'eps', options.eps)
    requireRange('Adadelta', 'weightDecay', options.weightDecay)
  }

  protected override ruleOf(): StepRule {
    return 'adadelta'
  }

  protected override stateOf(): [string, number][] {
    return [
      ['square_avg', 0],
      ['acc_delta', 0],
    ]
  }

  protected override numbersOf(group: Full<AdadeltaOptions>): number[] {
    return [group.lr, group.rho, group.eps]
  }
}
