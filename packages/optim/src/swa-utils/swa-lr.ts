/** The schedule that goes with averaging: down (or up) to a constant rate. */
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import type { ParamGroup } from '../optimizer.ts'
import type { AnyOptimizer } from '../schedulers/scheduler.ts'
import { LRScheduler, perGroup } from '../schedulers/scheduler.ts'

/** How {@link SWALR} gets to its rate: along half a cosine, or a straight line. */
export type AnnealStrategy = 'cos' | 'linear'

export interface SWALROptions {
  /** The learning rate to go to, for all groups or for each. */
  swaLr: number | readonly number[]
  /** Steps until it is reached. Default 10. */
  annealEpochs?: number
  /** Default `'cos'`. */
  annealStrategy?: AnnealStrategy
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

const NAMES = ['swaLr', 'annealEpochs', 'annealStrategy', 'lastEpoch'] as const
const read = parameters<[number | readonly number[], number, AnnealStrategy, number]>(
  'SWALR',
  NAMES,
)

/**
 * Takes the learning rate of each group to `swaLr` within `annealEpochs` steps, and leaves it there:
 * for the phase of training in which weights are averaged.
 *
 * @throws {ValueError} unless annealEpochs is a whole number ≥ 0 and the strategy is known.
 * @see torch.optim.swa_utils.SWALR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { SGD, swaUtils } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new swaUtils.SWALR(optimizer, 0.5, { annealEpochs: 2, annealStrategy: 'linear' })
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.75 ]
 * ```
 */
export class SWALR extends LRScheduler {
  annealEpochs: number
  /** The strategy, under PyTorch's name in state dicts. @internal */
  _annealStrategy: AnnealStrategy
  protected readonly saved: readonly string[] = ['annealEpochs', '_annealStrategy']

  constructor(optimizer: AnyOptimizer, ...given: Arguments<SWALROptions, typeof NAMES>) {
    super(optimizer)
    const [swaLr, annealEpochs = 10, annealStrategy = 'cos', lastEpoch] = read(given)
    const rates = perGroup('SWALR', 'swaLr', optimizer, swaLr as number | readonly number[])
    if (rates.some((rate) => !(typeof rate === 'number' && rate >= 0))) {
      throw new ValueError(
        'SWALR',
        [],
        `swaLr must be a number ≥ 0, or one for each group, not ${show(swaLr)}`,
        'new SWALR(optimizer, 0.05)',
      )
    }
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new ValueError(
        'SWALR',
        [],
        `annealStrategy must be 'cos' or 'linear', not ${show(annealStrategy)}`,
        "{ annealStrategy: 'linear' }",
      )
    }
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0) {
      throw new ValueError(
        'SWALR',
        [],
        `annealEpochs must be a whole number ≥ 0, not ${show(annealEpochs)}`,
        'check the options',
      )
    }
    optimizer.paramGroups.forEach((group, i) => {
      group['swaLr'] = rates[i]
    })
    this.annealEpochs = annealEpochs
    this._annealStrategy = annealStrategy
    this.start(lastEpoch)
  }

  /** How far from the learning rate to `swaLr` after `step` steps: 0 to 1. */
  #share(step: number): number {
    const t = Math.max(0, Math.min(1, step / Math.max(1, this.annealEpochs)))
    return this._annealStrategy === 'linear' ? t : (1 - Math.cos(Math.PI * t)) / 2
  }

  protected rateOf(group: ParamGroup): number {
    const step = this.annealEpochs === 0 ? Math.max(1, this.stepCount - 1) : this.stepCount - 1
    const target = group['swaLr'] as number
    const before = this.#share(step - 1)
    const start = before === 1 ? target : (group.lr - before * target) / (1 - before)
    const now = this.#share(step)
    return target * now + start * (1 - now)
  }
}
