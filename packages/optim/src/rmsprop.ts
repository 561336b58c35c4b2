import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params } from './optimizer.ts'
import { requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface RMSpropOptions extends CommonOptions {
  /** Learning rate. Default 1e-2. */
  lr?: number
  /** Decay of the running mean of squares. Default 0.99. */
  alpha?: number
  /** Added to the denominator. Default 1e-8. */
  eps?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
  /** Share of the last step that is taken again. Default 0. */
  momentum?: number
  /** Divide by the deviation from the mean gradient instead of by the gradient's size. Default false. */
  centered?: boolean
}

const NAMES = [
  'lr',
  'alpha',
  'eps',
  'weightDecay',
  'momentum',
  'centered',
  'capturable',
  'foreach',
  'maximize',
  'differentiable',
] as const
type RMSpropArguments = Arguments<
  RMSpropOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<RMSpropOptions>('RMSprop', NAMES)

/**
 * RMSprop: steps of size lr along the gradient over the root of its running mean square.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Hinton, Neural Networks for Machine Learning, lecture 6; torch.optim.RMSprop
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { RMSprop } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new RMSprop([x], { lr: 0.01 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item().toFixed(3)) // => 0.900
 * ```
 */
export class RMSprop extends ElementwiseOptimizer<RMSpropOptions> {
  constructor(params: Params<RMSpropOptions>, ...given: RMSpropArguments) {
    super(params as Params<Full<RMSpropOptions>>, {
      lr: 1e-2,
      alpha: 0.99,
      eps: 1e-8,
      weightDecay: 0,
      momentum: 0,
      centered: false,
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<RMSpropOptions>): void {
    for (const name of ['lr', 'eps', 'momentum', 'weightDecay', 'alpha'] as const)
      requireRange('RMSprop', name, options[name])
  }

  protected override ruleOf(): StepRule {
    return 'rmsprop'
  }

  protected override stateOf({ momentum, centered }: Full<RMSpropOptions>): [string, number][] {
    const state: [string, number][] = [['square_avg', 0]]
    if (momentum > 0) state.push(['momentum_buffer', 0])
    if (centered) state.push(['grad_avg', 0])
    return state
  }

  protected override numbersOf(group: Full<RMSpropOptions>): number[] {
    return [group.lr, group.alpha, group.eps, group.momentum, Number(group.centered)]
  }
}
