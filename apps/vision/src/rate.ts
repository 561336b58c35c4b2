import type { Optimizer } from '@flambeau/optim'
import type { Callback } from '@flambeau/trainer'

/** The rates of a cycle: where it begins, its highest, and where it ends. */
const RATES = ['lr', 'initialLr', 'maxLr', 'minLr'] as const

/**
 * Lets a run that is resumed go on along its cycle with the highest rate that it is given now: the
 * checkpoint has the earlier one, which the loss may have become NaN by.
 */
export function rateGivenNow(optimizer: Optimizer, lr: number): Callback {
  return {
    onEpochStart: () => {
      for (const group of optimizer.paramGroups) {
        const share = lr / (group['maxLr'] as number)
        for (const name of RATES) group[name] = (group[name] as number) * share
      }
    },
  }
}
