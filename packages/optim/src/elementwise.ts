/** Optimizers that change each element by itself: one native call for all parameters. */
import type { Tensor } from '@flambeau/core'
import { fullLike } from '@flambeau/core'
import type { StepRule } from '@flambeau/core/internal'
import { optimStep, outsideScopes } from '@flambeau/core/internal'
import type { ParamGroup, ParamState, StepItem, Switches } from './optimizer.ts'
import { Optimizer } from './optimizer.ts'

/** Options that all of them have. */
export interface CommonOptions {
  /** Learning rate. */
  lr?: number
  /** Factor of an L2 penalty. */
  weightDecay?: number
  /** Go up instead of down. Default false. */
  maximize?: boolean
}

/** Options as a group holds them. */
export type Full<Options> = Required<Options> & { lr: number }

/**
 * An optimizer whose step is one of the rules of native/simd/optim.cc. A subclass names the rule,
 * its state tensors and, for each step, its numbers.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import type { CommonOptions } from '@flambeau/optim'
 * import { ElementwiseOptimizer } from '@flambeau/optim'
 * class Plain extends ElementwiseOptimizer<CommonOptions> {
 *   protected checkOptions() {}
 *   protected ruleOf() {
 *     return 'adagrad' as const
 *   }
 *   protected stateOf() {
 *     return [['sum', 0]] as const
 *   }
 *   protected numbersOf({ lr }: { lr: number }) {
 *     return [lr, 1e-10]
 *   }
 * }
 * const x = tensor([3, 5], { dtype: 'float32', requiresGrad: true })
 * const optimizer = new Plain([x], { lr: 0.5, weightDecay: 0, maximize: false })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.tolist()) // => [ 2.5, 4.5 ]
 * ```
 */
export abstract class ElementwiseOptimizer<Options extends CommonOptions> extends Optimizer<
  Full<Options>
> {
  protected abstract ruleOf(): StepRule

  protected override switches(): Switches {
    return { foreach: null, capturable: false, differentiable: false }
  }

  /** The state tensors and what they hold at the start, in the rule's order. */
  protected abstract stateOf(
    group: Full<Options>,
  ): readonly (readonly [name: string, start: number])[]

  /** The rule's numbers for step `step` (from 1), after the gradient's factor and weight decay. */
  protected abstract numbersOf(group: Full<Options>, step: number, state: ParamState): number[]

  /** Numbers that differ between parameters beside their count of steps; kept in the state. */
  protected ownNumbers(_group: Full<Options>): Record<string, number> {
    return NONE
  }

  /** What {@link ownNumbers} are after step `step`. */
  protected advance(_group: Full<Options>, _step: number, _state: ParamState): void {}

  /** Weight decay that is added to the gradient. */
  protected decayOf(group: Full<Options>): number {
    return group.weightDecay ?? 0
  }

  protected override requireReplays(): void {}

  protected override stepGroup(
    group: ParamGroup & Full<Options>,
    items: readonly StepItem[],
  ): void {
    const kinds = this.stateOf(group)
    const own = Object.keys(this.ownNumbers(group))
    for (const { param, state } of items) this.prepare(group, param, state)
    for (const part of alike(items, own)) {
      const state = (part[0] as StepItem).state
      const step = (state['step'] as number) + 1
      const roles = [part.map((item) => item.param), part.map((item) => item.grad)]
      for (const [name] of kinds) roles.push(part.map((item) => item.state[name] as Tensor))
      const numbers = this.numbersOf(group, step, state)
      optimStep(this.ruleOf(), roles, [
        group.maximize === true ? -1 : 1,
        this.decayOf(group),
        ...numbers,
      ])
      for (const item of part) {
        this.advance(group, step, item.state)
        item.state['step'] = step
      }
    }
  }

  /** Makes the state of a parameter that has none. */
  protected prepare(group: Full<Options>, param: Tensor, state: ParamState): void {
    if ('step' in state) return
    state['step'] = 0
    for (const [name, value] of Object.entries(this.ownNumbers(group))) state[name] = value
    for (const [name, start] of this.stateOf(group)) {
      state[name] = outsideScopes(() => fullLike(param, start))
    }
  }
}

const NONE: Record<string, number> = {}

/** Parameters that have taken as many steps and have the same numbers; usually all of them. */
function alike(items: readonly StepItem[], own: readonly string[]): StepItem[][] {
  const first = items[0]
  if (first === undefined) return []
  const same = ({ state }: StepItem): boolean =>
    state['step'] === first.state['step'] && own.every((name) => state[name] === first.state[name])
  if (items.every(same)) return [items as StepItem[]]
  const parts = new Map<string, StepItem[]>()
  for (const item of items) {
    const key = ['step', ...own].map((name) => String(item.state[name] as number)).join()
    const part = parts.get(key)
    if (part === undefined) parts.set(key, [item])
    else part.push(item)
  }
  return [...parts.values()]
}
