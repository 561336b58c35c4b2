import { requireInstance, requireNumber } from '@flambeau/core/internal'
import type { Optimizer } from '@flambeau/optim'
import { LambdaLR, Optimizer as OptimizerClass } from '@flambeau/optim'
import type { Callback, Schedule } from './options.ts'

/** Parts of the options of `fit`, see {@link warmCosine}. */
export interface WarmCosine {
  readonly scheduler: Schedule
  readonly schedule: 'step'
  /** Goes into `callbacks`. */
  readonly callback: Callback
}

/**
 * A learning rate that rises for a twentieth of the steps, then falls along half a cosine. A run that
 * is resumed goes on at the place where it was, with the rate and the number of steps that it is given now.
 *
 * @param lr The largest rate, of all groups; that of the optimizer is not looked at.
 * @param steps Of the whole training.
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * import { SGD } from '@flambeau/optim'
 * import { warmCosine } from '@flambeau/trainer'
 * const optimizer = new SGD(new nn.Linear(1, 1).parameters(), { lr: 1 })
 * const { scheduler } = warmCosine(optimizer, 0.1, 100)
 * const rates = Array.from({ length: 100 }, () => {
 *   scheduler.step()
 *   return optimizer.paramGroups[0]?.lr ?? 0
 * })
 * console.log(rates.indexOf(Math.max(...rates)), rates[49]?.toFixed(3)) // => 4 0.050
 * ```
 */
export function warmCosine(optimizer: Optimizer, lr: number, steps: number): WarmCosine {
  requireInstance('warmCosine', 'optimizer', optimizer, OptimizerClass, 'new SGD(…)')
  requireNumber('warmCosine', 'lr', lr)
  requireNumber('warmCosine', 'steps', steps)
  const rateAt = (step: number): number => {
    const done = Math.min(step / Math.max(steps, 1), 1)
    return lr * (done < 0.05 ? (done + 0.005) / 0.055 : (1 + Math.cos(Math.PI * done)) / 2 + 1e-3)
  }
  // Rates are told by the function alone: a checkpoint keeps what they are multiplied by, which is 1.
  for (const group of optimizer.paramGroups) Object.assign(group, { lr: 1, initialLr: 1 })
  const scheduler = new LambdaLR(optimizer, rateAt)
  return {
    scheduler,
    schedule: 'step',
    callback: { onEpochStart: () => scheduler.step(scheduler.lastEpoch) },
  }
}
