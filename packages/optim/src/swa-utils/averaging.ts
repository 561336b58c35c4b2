/** How averages of weights move: functions of all parameters at once, and of one. */
import { isFloatingPoint, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { optimStep, show } from '@flambeau/core/internal'

/** Moves averages towards the current values, in place. All tensors have one dtype. */
export type MultiAvgFn = (
  averaged: readonly Tensor[],
  current: readonly Tensor[],
  numAveraged: number,
) => void

/** The new average of one tensor. */
export type AvgFn = (averaged: Tensor, current: Tensor, numAveraged: number) => Tensor

/** averaged += weight · (current - averaged), for all tensors in one call. */
function move(averaged: readonly Tensor[], current: readonly Tensor[], weight: number): void {
  noGrad(() => {
    const [first] = averaged
    if (first === undefined) return
    if (isFloatingPoint(first)) {
      optimStep('average', [averaged, current], [1, 0, weight])
      return
    }
    // Counters have no fractions to move by: rounded towards zero, as in PyTorch.
    averaged.forEach((one, i) => {
      one.copy_(one.mul(1 - weight).add((current[i] as Tensor).mul(weight)))
    })
  })
}

function requireDecay(name: string, decay: number): void {
  if (typeof decay === 'number' && decay >= 0 && decay <= 1) return
  throw new ValueError(
    name,
    [],
    `decay must be a number in [0, 1], not ${show(decay)}`,
    `${name}(0.999)`,
  )
}

/**
 * A function for {@link AveragedModel} that makes exponential moving averages, of all parameters in
 * one native call: average = decay · average + (1 - decay) · value.
 *
 * @param decay In [0, 1]. Default 0.999.
 * @throws {ValueError} for other decays.
 * @see torch.optim.swa_utils.get_ema_multi_avg_fn
 */
export function getEmaMultiAvgFn(decay = 0.999): MultiAvgFn {
  requireDecay('getEmaMultiAvgFn', decay)
  return (averaged, current) => move(averaged, current, 1 - decay)
}

/**
 * A function for {@link AveragedModel} that makes plain means of all models so far, of all
 * parameters in one native call.
 *
 * @see torch.optim.swa_utils.get_swa_multi_avg_fn
 */
export function getSwaMultiAvgFn(): MultiAvgFn {
  return (averaged, current, numAveraged) => move(averaged, current, 1 / (numAveraged + 1))
}

/**
 * {@link getEmaMultiAvgFn} for one tensor at a time, as an example of a function of one's own.
 *
 * @throws {ValueError} unless `decay` is in [0, 1].
 * @see torch.optim.swa_utils.get_ema_avg_fn
 */
export function getEmaAvgFn(decay = 0.999): AvgFn {
  requireDecay('getEmaAvgFn', decay)
  return (averaged, current) => noGrad(() => averaged.mul(decay).add(current.mul(1 - decay)))
}

/**
 * {@link getSwaMultiAvgFn} for one tensor at a time.
 *
 * @see torch.optim.swa_utils.get_swa_avg_fn
 */
export function getSwaAvgFn(): AvgFn {
  return (averaged, current, numAveraged) =>
    noGrad(() => averaged.add(current.sub(averaged).div(numAveraged + 1)))
}
