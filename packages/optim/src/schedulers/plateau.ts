/** A schedule that follows a metric. */
import { Tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import type { AnyOptimizer, SchedulerState } from './scheduler.ts'
import { LRScheduler, perGroup } from './scheduler.ts'

export interface ReduceLROnPlateauOptions {
  /** Is a lower or a higher metric better? Default 'min'. */
  mode?: 'min' | 'max'
  /** Factor of a reduction, below 1. Default 0.1. */
  factor?: number
  /** Steps without improvement that are put up with. Default 10. */
  patience?: number
  /** What counts as an improvement. Default 1e-4. */
  threshold?: number
  /** Is the threshold a share of the best metric, or a difference to it? Default 'rel'. */
  thresholdMode?: 'rel' | 'abs'
  /** Steps after a reduction that are not counted. Default 0. */
  cooldown?: number
  /** The lowest learning rate; one for all groups, or one for each. Default 0. */
  minLr?: number | readonly number[]
  /** Smaller changes of the learning rate are not made. Default 1e-8. */
  eps?: number
}

const NAMES = [
  'mode',
  'factor',
  'patience',
  'threshold',
  'thresholdMode',
  'cooldown',
  'minLr',
  'eps',
] as const
const read = parameters<
  [string, number, number, number, string, number, number | number[], number]
>('ReduceLROnPlateau', NAMES)

/**
 * lr ← lr · factor when the metric has not improved for more than `patience` steps.
 *
 * @throws {ValueError} for a factor ≥ 1, or an unknown mode.
 * @see torch.optim.lr_scheduler.ReduceLROnPlateau
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { ReduceLROnPlateau, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new ReduceLROnPlateau(optimizer, 'min', { factor: 0.5, patience: 1 })
 * for (const loss of [1, 1, 1, 1]) scheduler.step(loss)
 * console.log(scheduler.getLastLr()) // => [ 0.5 ]
 * ```
 */
export class ReduceLROnPlateau extends LRScheduler {
  mode: string
  factor: number
  patience: number
  threshold: number
  thresholdMode: string
  cooldown: number
  minLrs: number[]
  eps: number
  best: number
  numBadEpochs = 0
  cooldownCounter = 0
  readonly #defaultMinLr: number | null
  protected readonly saved: readonly string[] = [
    'mode',
    'factor',
    'patience',
    'threshold',
    'thresholdMode',
    'cooldown',
    'minLrs',
    'eps',
    'best',
    'numBadEpochs',
    'cooldownCounter',
  ]

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<ReduceLROnPlateauOptions, typeof NAMES>
  ) {
    super(optimizer)
    const [mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, ...rest] = read(given)
    const [thresholdMode = 'rel', cooldown = 0, minLr = 0, eps = 1e-8] = rest
    const rule = (holds: boolean, text: string): void => {
      if (!holds) throw new ValueError('ReduceLROnPlateau', [], text, 'check the options')
    }
    rule(factor < 1, `factor must be below 1, not ${show(factor)}`)
    rule(mode === 'min' || mode === 'max', `mode must be 'min' or 'max', not ${show(mode)}`)
    rule(
      thresholdMode === 'rel' || thresholdMode === 'abs',
      `thresholdMode must be 'rel' or 'abs', not ${show(thresholdMode)}`,
    )
    this.mode = mode
    this.factor = factor
    this.patience = patience
    this.threshold = threshold
    this.thresholdMode = thresholdMode
    this.cooldown = cooldown
    this.#defaultMinLr = typeof minLr === 'number' ? minLr : null
    this.minLrs = perGroup('ReduceLROnPlateau', 'minLr', optimizer, minLr as number)
    this.eps = eps
    this.best = mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
    this.lastEpoch = 0
    this.lastLr = optimizer.paramGroups.map((group) => group.lr)
  }

  protected rateOf(): number {
    throw new ValueError(
      'ReduceLROnPlateau',
      [],
      'the schedule needs a metric at each step',
      'scheduler.step(validationLoss)',
    )
  }

  /**
   * Takes the metric of an epoch, a number or a tensor of one element.
   *
   * @throws {ValueError} for anything else.
   */
  override step(metrics?: number | Tensor): void {
    const metric: unknown = metrics instanceof Tensor ? metrics.item() : metrics
    if (typeof metric !== 'number') this.rateOf()
    this.lastEpoch++
    if (this.#improves(metric as number)) {
      this.best = metric as number
      this.numBadEpochs = 0
    } else {
      this.numBadEpochs++
    }
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--
      this.numBadEpochs = 0
    }
    if (this.numBadEpochs > this.patience) {
      this.optimizer.paramGroups.forEach((group, i) => {
        const lower = Math.max(group.lr * this.factor, this.minLrs[i] ?? (this.minLrs[0] as number))
        if (group.lr - lower > this.eps) group.lr = lower
      })
      this.cooldownCounter = this.cooldown
      this.numBadEpochs = 0
    }
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr)
  }

  override stateDict(): SchedulerState {
    const state = super.stateDict()
    // Its schedule has no beginning that counts.
    for (const key of ['base_lrs', '_step_count', '_is_initial', '_get_lr_called_within_step'])
      Reflect.deleteProperty(state, key)
    state['default_min_lr'] = this.#defaultMinLr
    state['mode_worse'] = this.mode === 'min' ? Infinity : -Infinity
    return state
  }

  #improves(metric: number): boolean {
    const { best, threshold } = this
    const relative = this.thresholdMode === 'rel'
    if (this.mode === 'min') {
      return metric < (relative ? best * (1 - threshold) : best - threshold)
    }
    return metric > (relative ? best * (1 + threshold) : best + threshold)
  }
}
