import type { Arguments } from '@flambeau/core/internal'
import { ValueError } from '@flambeau/core'
import type { StepRule } from '@flambeau/core/internal'
import type { CommonOptions, Full } from './elementwise.ts'
import { ElementwiseOptimizer } from './elementwise.ts'
import type { Params } from './optimizer.ts'
import { requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface RpropOptions extends Omit<CommonOptions, 'weightDecay'> {
  /** The first step size. Default 1e-2. */
  lr?: number
  /** Factors of the step size after the gradient's sign changed, and where it did not. Default [0.5, 1.2]. */
  etas?: readonly [number, number]
  /** The smallest and the largest step size. Default [1e-6, 50]. */
  stepSizes?: readonly [number, number]
}

const NAMES = [
  'lr',
  'etas',
  'stepSizes',
  'capturable',
  'foreach',
  'maximize',
  'differentiable',
] as const
type RpropArguments = Arguments<
  RpropOptions & Pick<Implementation, 'foreach' | 'capturable' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<RpropOptions>('Rprop', NAMES)

/**
 * Resilient backpropagation: steps against the gradient's sign, each element with a step size of its
 * own that grows while the sign stays and shrinks when it changes. For whole data sets, not batches.
 *
 * @throws {ValueError} for options outside of their range.
 * @see Riedmiller, Braun 1993, https://doi.org/10.1109/ICNN.1993.298623; torch.optim.Rprop
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { Rprop } from '@flambeau/optim'
 * const x = tensor([1, -1], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new Rprop([x], { lr: 0.25 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.tolist()) // => [ 0.75, -0.75 ]
 * ```
 */
export class Rprop extends ElementwiseOptimizer<RpropOptions> {
  constructor(params: Params<RpropOptions>, ...given: RpropArguments) {
    super(params as Params<Full<RpropOptions>>, {
      lr: 1e-2,
      etas: [0.5, 1.2],
      stepSizes: [1e-6, 50],
      maximize: false,
      ...read(given),
    })
  }

  protected override checkOptions(options: Full<RpropOptions>): void {
    requireRange('Rprop', 'lr', options.lr)
    const [down, up] = options.etas ?? []
    if (typeof down === 'number' && typeof up === 'number' && down > 0 && down < 1 && up > 1) return
    throw new ValueError(
      'Rprop',
      [],
      `etas must be below and above 1, not [${String(down)}, ${String(up)}]`,
      '{ etas: [0.5, 1.2] }',
    )
  }

  protected override ruleOf(): StepRule {
    return 'rprop'
  }

  protected override stateOf(group: Full<RpropOptions>): [string, number][] {
    return [
      ['prev', 0],
      ['step_size', group.lr],
    ]
  }

  protected override numbersOf(group: Full<RpropOptions>): number[] {
    return [...group.etas, ...group.stepSizes]
  }
}
