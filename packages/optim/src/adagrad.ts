import type { Arguments } from '@flambeau/core/internal'
import type { StepRule } from '@flambeau/core/internal'
import { internally } from '@flambeau/core/internal'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params, Switches } from './optimizer.ts'
import { requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface AdagradOptions extends CommonOptions {
  /** Learning rate. Default 1e-2. */
  lr?: number
  /** The learning rate of step t is lr / (1 + (t - 1) · lrDecay). Default 0. */
  lrDecay?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
  /** What the sums of squares start with. Default 0. */
  initialAccumulatorValue?: number
  /** Added to the denominator. Default 1e-10. */
  eps?: number
}

const NAMES = [
  'lr',
  'lrDecay',
  'weightDecay',
  'initialAccumulatorValue',
  'eps',
  'foreach',
  'maximize',
  'differentiable',
  'fused',
] as const
type AdagradArguments = Arguments<
  AdagradOptions & Pick<Implementation, 'foreach' | 'fused' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<AdagradOptions>('Adagrad', NAMES)

/**
 * Adagrad: steps along the gradient over the root of the sum of its squares so far.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Duchi, Hazan, Singer 2011, https://jmlr.org/papers/v12/duchi11a.html; torch.optim.Adagrad
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Adagrad } from '@flambeau/optim'
 * const x = tensor([1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new Adagrad([x], { lr: 0.25 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.item().toFixed(3)) // => 0.750
 * ```
 */
export class Adagrad extends ElementwiseOptimizer<AdagradOptions> {
  constructor(params: Params<AdagradOptions>, ...given: AdagradArguments) {
    super(params as Params<Full<AdagradOptions>>, {
      lr: 1e-2,
      lrDecay: 0,
      weightDecay: 0,
      initialAccumulatorValue: 0,
      eps: 1e-10,
      maximize: false,
      ...read(given),
    })
    // The sums are there from the start, as in PyTorch.
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const state = {}
        internally(() => this.prepare(group, param, state))
        this.state.set(param, state)
      }
    }
  }

  protected override switches(): Switches {
    return { foreach: null, differentiable: false, fused: null }
  }

  protected override checkOptions(options: Full<AdagradOptions>): void {
    for (const name of ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps'] as const)
      requireRange('Adagrad', name, options[name])
  }

  protected override ruleOf(): StepRule {
    return 'adagrad'
  }

  protected override stateOf(group: Full<AdagradOptions>): [string, number][] {
    return [['sum', group.initialAccumulatorValue]]
  }

  protected override numbersOf(group: Full<AdagradOptions>, step: number): number[] {
    return [group.lr / (1 + (step - 1) * group.lrDecay), group.eps]
  }
}
