import { ValueError } from '@flambeau/core'
import {
  requireCount,
  requireNumber,
  requireOneOf,
  requireOptions,
  show,
} from '@flambeau/core/internal'

export interface EarlyStoppingOptions {
  /** How many epochs without a better value to wait for. Default 5. */
  readonly patience?: number
  /** By how much a value must be better to count. Default 0. */
  readonly minDelta?: number
  /** Are small values good, or large ones? Default `min`. */
  readonly mode?: 'min' | 'max'
}

/**
 * Says when a value has not become better for too long.
 *
 * @throws {ValueError} for a patience that is not a whole number from 0 up, or a negative minDelta.
 *
 * @example
 * ```ts
 * import { EarlyStopping } from '@flambeau/trainer'
 * const stopping = new EarlyStopping({ patience: 1 })
 * console.log([0.5, 0.4, 0.45, 0.41].map((loss) => stopping.update(loss)))
 * // => [ false, false, false, true ]
 * console.log(stopping.best) // => 0.4
 * ```
 */
export class EarlyStopping {
  readonly patience: number
  readonly minDelta: number
  readonly mode: 'min' | 'max'
  /** The best value so far; null before the first. */
  best: number | null = null
  /** Values since the best one. */
  waited = 0

  constructor(options: EarlyStoppingOptions = {}) {
    requireOptions('EarlyStopping', options)
    const { patience = 5, minDelta = 0, mode = 'min' } = options
    const fail = (rule: string): ValueError =>
      new ValueError('EarlyStopping', [], rule, '{ patience: 5, minDelta: 0 }')
    if (!Number.isInteger(patience) || patience < 0) throw fail(`patience is ${show(patience)}`)
    if (typeof minDelta !== 'number' || !(minDelta >= 0)) {
      throw fail(`minDelta is ${show(minDelta)}`)
    }
    requireOneOf('EarlyStopping', 'mode', mode, ['min', 'max'])
    this.patience = patience
    this.minDelta = minDelta
    this.mode = mode
  }

  /** Is `value` better than the best so far? NaN never is. */
  isBetter(value: number): boolean {
    requireNumber('EarlyStopping', 'the value', value)
    if (Number.isNaN(value)) return false
    if (this.best === null) return true
    const gain = this.mode === 'min' ? this.best - value : value - this.best
    return gain > this.minDelta
  }

  /** Takes the value of an epoch; true if it is time to stop. */
  update(value: number): boolean {
    if (this.isBetter(value)) {
      this.best = value
      this.waited = 0
      return false
    }
    this.waited++
    return this.waited > this.patience
  }

  stateDict(): { best: number | null; waited: number } {
    return { best: this.best, waited: this.waited }
  }

  loadStateDict(state: { best: number | null; waited: number }): void {
    const op = 'EarlyStopping.loadStateDict'
    requireOptions(op, state, ['best', 'waited'])
    if (state.best !== null) requireNumber(op, 'best', state.best)
    requireCount(op, 'waited', state.waited)
    this.best = state.best
    this.waited = state.waited
  }
}
