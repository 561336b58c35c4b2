import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params, ParamState } from './optimizer.ts'
import { requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface ASGDOptions extends CommonOptions {
  /** Learning rate. Default 1e-2. */
  lr?: number
  /** Decay of the parameters. Default 1e-4. */
  lambd?: number
  /** Power by which the learning rate falls. Default 0.75. */
  alpha?: number
  /** The step from which on parameters are averaged. Default 1e6. */
  t0?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
}

const NAMES = [
  'lr',
  'lambd',
  'alpha',
  't0',
  'weightDecay',
  'foreach',
  'maximize',
  'differentiable',
  'capturable',
] as const
type ASGDArguments = Arguments<
  ASGDOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<ASGDOptions>('ASGD', NAMES)

/**
 * Averaged stochastic gradient descent: plain steps with a falling learning rate; the state `ax`
 * holds the mean of the parameters since step `t0`.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Polyak, Juditsky 1992, https://doi.org/10.1137/0330046; torch.optim.ASGD
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { ASGD } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new ASGD([x], { lr: 0.1, lambd: 0 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item().toFixed(3)) // => 0.800
 * ```
 */
export class ASGD extends ElementwiseOptimizer<ASGDOptions> {
  constructor(params: Params<ASGDOptions>, ...given: ASGDArguments) {
    super(params as Params<Full<ASGDOptions>>, {
      lr: 1e-2,
      lambd: 1e-4,
      alpha: 0.75,
      t0: 1e6,
      weightDecay: 0,
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<ASGDOptions>): void {
    requireRange('ASGD', 'lr', options.lr)
    requireRange('ASGD', 'weightDecay', options.weightDecay)
  }

  protected override ruleOf(): StepRule {
    return 'asgd'
  }

  protected override stateOf(): [string, number][] {
    return [['ax', 0]]
  }

  protected override ownNumbers(group: Full<ASGDOptions>): Record<string, number> {
    return { eta: group.lr, mu: 1 }
  }

  protected override numbersOf(
    group: Full<ASGDOptions>,
    _step: number,
    state: ParamState,
  ): number[] {
    const eta = state['eta'] as number
    return [eta, 1 - group.lambd * eta, state['mu'] as number]
  }

  protected override advance(group: Full<ASGDOptions>, step: number, state: ParamState): void {
    const { lr, lambd, alpha, t0 } = group
    state['eta'] = lr / (1 + lambd * lr * step) ** alpha
    state['mu'] = 1 / Math.max(1, step - t0)
  }
}
