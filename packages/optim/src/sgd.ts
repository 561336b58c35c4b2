import type { Arguments } from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import { ValueError, zerosLike } from '@flambeau/core'
import type { SgdStepOptions } from '@flambeau/core/internal'
import { outsideScopes, sgdStep } from '@flambeau/core/internal'
import type { ParamGroup, Params, StepItem, Switches } from './optimizer.ts'
import { Optimizer, requireRange } from './optimizer.ts'
import type { Implementation } from './options.ts'
import { optionReader } from './options.ts'

export interface SGDOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number
  /** Share of the last step that is taken again. Default 0. */
  momentum?: number
  /** Reduces what a new gradient adds to the momentum. Default 0. */
  dampening?: number
  /** Factor of an L2 penalty. Default 0. */
  weightDecay?: number
  /** Nesterov's momentum. Default false. */
  nesterov?: boolean
  /** Go up instead of down. Default false. */
  maximize?: boolean
}

const NAMES = [
  'lr',
  'momentum',
  'dampening',
  'weightDecay',
  'nesterov',
  'maximize',
  'foreach',
  'differentiable',
  'fused',
] as const
type SGDArguments = Arguments<
  SGDOptions & Pick<Implementation, 'foreach' | 'fused' | 'differentiable'>,
  typeof NAMES
>
const read = optionReader<SGDOptions>('SGD', NAMES)

/**
 * Stochastic gradient descent: p ← p - lr · b with b ← momentum · b + (1 - dampening) · g, where g
 * is the gradient plus weightDecay · p. All parameters are changed in one native call.
 *
 * @throws {ValueError} for options outside of their range, or Nesterov without momentum.
 * @see torch.optim.SGD
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { SGD } from '@flambeau/optim'
 * const x = tensor([4], { dtype: 'float32', requiresGrad: true })
 * const optimizer = new SGD([x], { lr: 0.25, momentum: 0.5 })
 * for (let step = 0; step < 2; step++) {
 *   optimizer.zeroGrad()
 *   x.square().sum().backward()
 *   optimizer.step()
 * }
 * console.log(x.item()) // => 0
 * ```
 */
export class SGD extends Optimizer<Required<SGDOptions>> {
  constructor(params: Params<SGDOptions>, ...given: SGDArguments) {
    super(params as Params<Required<SGDOptions>>, {
      lr: 1e-3,
      momentum: 0,
      dampening: 0,
      weightDecay: 0,
      nesterov: false,
      maximize: false,
      ...read(given),
    })
  }

  protected override switches(): Switches {
    return { foreach: null, differentiable: false, fused: null }
  }

  protected override checkOptions(options: Required<SGDOptions>): void {
    requireRange('SGD', 'lr', options.lr)
    requireRange('SGD', 'momentum', options.momentum)
    requireRange('SGD', 'weightDecay', options.weightDecay)
    if (options.nesterov && (options.momentum <= 0 || options.dampening !== 0)) {
      throw new ValueError(
        'SGD',
        [],
        'nesterov needs a momentum and no dampening',
        '{ momentum: 0.9, nesterov: true }',
      )
    }
  }

  protected override requireReplays(): void {}

  protected override stepGroup(
    group: ParamGroup & Required<SGDOptions>,
    items: readonly StepItem[],
  ): void {
    if (group.momentum === 0) {
      sgdStep(
        items.map((item) => item.param),
        items.map((item) => item.grad),
        [],
        stepOptions(group, false),
      )
      return
    }
    // Buffers start as the first gradient, so parameters that are new need a call of their own.
    const isNew = (item: StepItem): boolean => !('momentum_buffer' in item.state)
    const fresh = items.filter(isNew)
    const moving = items.filter((item) => !isNew(item))
    for (const { param, state } of fresh) {
      state['momentum_buffer'] = outsideScopes(() => zerosLike(param))
    }
    for (const part of [fresh, moving]) {
      if (part.length === 0) continue
      sgdStep(
        part.map((item) => item.param),
        part.map((item) => item.grad),
        part.map((item) => item.state['momentum_buffer'] as Tensor),
        stepOptions(group, part === fresh),
      )
    }
  }
}

/** Field by field: spreading the group would make a hidden class at each step. */
function stepOptions(group: Required<SGDOptions>, first: boolean): SgdStepOptions {
  return {
    lr: group.lr,
    momentum: group.momentum,
    dampening: group.dampening,
    weightDecay: group.weightDecay,
    nesterov: group.nesterov,
    maximize: group.maximize,
    first,
  }
}
