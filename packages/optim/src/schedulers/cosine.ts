/** Schedules along half a cosine. */
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCount, show } from '@flambeau/core/internal'
import type { ParamGroup } from '../optimizer.ts'
import type { AnyOptimizer } from './scheduler.ts'
import { LRScheduler } from './scheduler.ts'

export interface CosineAnnealingLROptions {
  /** Steps from the initial learning rate to the lowest. */
  TMax: number
  /** The lowest learning rate. Default 0. */
  etaMin?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

const readCosine = parameters<[number, number, number]>('CosineAnnealingLR', [
  'TMax',
  'etaMin',
  'lastEpoch',
])

/**
 * lr = etaMin + (initial lr - etaMin) · (1 + cos(π · steps / TMax)) / 2, computed from the learning
 * rate before, so that it goes with other schedulers.
 *
 * @throws {ValueError} unless TMax is a whole number ≥ 1.
 * @see Loshchilov, Hutter 2016, https://arxiv.org/abs/1608.03983; torch.optim.lr_scheduler.CosineAnnealingLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { CosineAnnealingLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new CosineAnnealingLR(optimizer, 10, { etaMin: 0.1 })
 * for (let epoch = 0; epoch < 10; epoch++) scheduler.step()
 * console.log(scheduler.getLastLr().map((lr) => lr.toFixed(3))) // => [ '0.100' ]
 * ```
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly TMax: number
  readonly etaMin: number
  protected readonly saved: readonly string[] = ['TMax', 'etaMin']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<CosineAnnealingLROptions, ['TMax', 'etaMin', 'lastEpoch']>
  ) {
    super(optimizer)
    const [TMax, etaMin = 0, lastEpoch] = readCosine(given)
    requireCount('CosineAnnealingLR', 'TMax', TMax, 1)
    this.TMax = TMax
    this.etaMin = etaMin
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup, i: number): number {
    const { lastEpoch, TMax, etaMin } = this
    if (this.isInitial) return group.lr
    if (this.stepCount === 1 && lastEpoch > 0) return this.closedForm(group, i)
    if ((lastEpoch - 1 - TMax) % (2 * TMax) === 0) {
      // From the lowest point the ratio below would be 0 / 0.
      const height = (this.baseLrs[i] as number) - etaMin
      return group.lr + (height * (1 - Math.cos(Math.PI / TMax))) / 2
    }
    const now = 1 + Math.cos((Math.PI * lastEpoch) / TMax)
    const before = 1 + Math.cos((Math.PI * (lastEpoch - 1)) / TMax)
    return (now / before) * (group.lr - etaMin) + etaMin
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    const height = (this.baseLrs[i] as number) - this.etaMin
    return this.etaMin + (height * (1 + Math.cos((Math.PI * this.lastEpoch) / this.TMax))) / 2
  }
}

export interface CosineAnnealingWarmRestartsOptions {
  /** Steps until the first restart. */
  T0: number
  /** Factor by which each period is longer than the one before. Default 1. */
  TMult?: number
  /** The lowest learning rate. Default 0. */
  etaMin?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

const readRestarts = parameters<[number, number, number, number]>('CosineAnnealingWarmRestarts', [
  'T0',
  'TMult',
  'etaMin',
  'lastEpoch',
])

/**
 * Half cosines from the initial learning rate to the lowest, over and over; each takes `TMult`
 * times as many steps as the one before. `step(epoch)` takes fractions of an epoch too.
 *
 * @throws {ValueError} unless T0 and TMult are whole numbers ≥ 1.
 * @see Loshchilov, Hutter 2016, https://arxiv.org/abs/1608.03983; torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { CosineAnnealingWarmRestarts, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new CosineAnnealingWarmRestarts(optimizer, 2)
 * for (let epoch = 0; epoch < 2; epoch++) scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 1 ]
 * ```
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly T0: number
  readonly TMult: number
  readonly etaMin: number
  /** Length of the period now. */
  Ti: number
  /** Steps taken in it. */
  TCur: number
  protected readonly saved: readonly string[] = ['T0', 'Ti', 'TMult', 'etaMin', 'TCur']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<CosineAnnealingWarmRestartsOptions, ['T0', 'TMult', 'etaMin', 'lastEpoch']>
  ) {
    super(optimizer)
    const [T0, TMult = 1, etaMin = 0, lastEpoch = -1] = readRestarts(given)
    requireCount('CosineAnnealingWarmRestarts', 'T0', T0, 1)
    requireCount('CosineAnnealingWarmRestarts', 'TMult', TMult, 1)
    this.T0 = T0
    this.Ti = T0
    this.TMult = TMult
    this.etaMin = etaMin
    this.TCur = lastEpoch
    this.start(lastEpoch)
  }

  protected rateOf(_group: ParamGroup, i: number): number {
    const height = (this.baseLrs[i] as number) - this.etaMin
    return this.etaMin + (height * (1 + Math.cos((Math.PI * this.TCur) / this.Ti))) / 2
  }

  override step(epoch?: number): void {
    let at = epoch
    if (at === undefined && this.lastEpoch < 0) at = 0
    if (at === undefined) {
      at = this.lastEpoch + 1
      this.TCur += 1
      if (this.TCur >= this.Ti) {
        this.TCur %= this.Ti
        this.Ti *= this.TMult
      }
    } else {
      this.#jump(at)
    }
    this.lastEpoch = Math.floor(at)
    this.setRates(this.optimizer.paramGroups.map((group, i) => this.rateOf(group, i)))
  }

  #jump(epoch: number): void {
    if (!(typeof epoch === 'number' && epoch >= 0)) {
      throw new ValueError(
        'CosineAnnealingWarmRestarts.step',
        [],
        `the epoch must be a number ≥ 0, not ${show(epoch)}`,
        'leave it out to go on by one',
      )
    }
    const { T0, TMult } = this
    if (epoch < T0) {
      this.Ti = T0
      this.TCur = epoch
    } else if (TMult === 1) {
      this.TCur = epoch % T0
    } else {
      const restarts = Math.trunc(Math.log((epoch / T0) * (TMult - 1) + 1) / Math.log(TMult))
      this.TCur = epoch - (T0 * (TMult ** restarts - 1)) / (TMult - 1)
      this.Ti = T0 * TMult ** restarts
    }
  }
}
