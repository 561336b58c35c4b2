/** Means of values, for losses and timings. */
import type { TensorData } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireOptions, show } from '@flambeau/core/internal'
import { countOf } from '../checked.ts'
import { input, Metric, numbersOf } from './metric.ts'
import { Numbers } from './numbers.ts'

/**
 * The mean of all values, each with a weight: for example of batches' losses, by their sizes. NaN before
 * any value.
 *
 * @see torchmetrics.MeanMetric
 *
 * @example
 * ```ts
 * import { MeanMetric } from '@flambeau/data'
 * const loss = new MeanMetric()
 * loss.update(1.5, 64) // a batch of 64
 * loss.update(3, 32)
 * console.log(loss.compute()) // => 2
 * ```
 */
export class MeanMetric extends Metric<
  number,
  [value: TensorData | number, weight?: TensorData | number]
> {
  constructor() {
    super({ sum: 0, weight: 0 })
  }

  /**
   * Takes values, with one weight for all or one for each. Default 1.
   *
   * @throws {ShapeError} if there are neither as many weights as values, nor one.
   * @throws {ValueError} for weights below 0.
   */
  override update(value: TensorData | number, weight: TensorData | number = 1): void {
    const values = typeof value === 'number' ? [value] : numbersOf(input(value))
    const weights = typeof weight === 'number' ? [weight] : numbersOf(input(weight))
    if (weights.length !== 1 && weights.length !== values.length) {
      throw new ShapeError(
        'MeanMetric',
        [],
        `${weights.length} weights do not fit ${values.length} values`,
        'pass one weight, or one for each value',
      )
    }
    const { state } = this
    for (let i = 0; i < values.length; i++) {
      const one = (weights.length === 1 ? weights[0] : weights[i]) as number
      if (!(one >= 0))
        throw new ValueError('MeanMetric', [], `a weight is ${one}`, 'weights are ≥ 0')
      state['sum'] = (state['sum'] as number) + (values[i] as number) * one
      state['weight'] = (state['weight'] as number) + one
    }
  }

  override compute(): number {
    return (this.state['sum'] as number) / (this.state['weight'] as number)
  }
}

/** What {@link RunningAverage} takes. */
export interface RunningAverageOptions {
  /** The mean of so many last values. Default 5, unless `momentum` is given. */
  window?: number
  /** Instead of a window: each value makes the average `momentum · average + (1 − momentum) · value`. */
  momentum?: number
}

/**
 * The mean of the last values, or one in which older values count less and less: for progress bars.
 * A tensor counts as its mean. NaN before any value.
 *
 * @throws {ValueError} for a window that is no whole number ≥ 1, or a momentum outside of [0, 1).
 * @see torchmetrics.RunningMean; ignite.metrics.RunningAverage
 *
 * @example
 * ```ts
 * import { RunningAverage } from '@flambeau/data'
 * const speed = new RunningAverage({ window: 2 })
 * for (const images of [100, 200, 300]) speed.update(images)
 * console.log(speed.compute()) // => 250
 * ```
 */
export class RunningAverage extends Metric<number, [value: TensorData | number]> {
  readonly window: number | null
  readonly momentum: number | null

  constructor(options: RunningAverageOptions = {}) {
    super({ values: new Numbers() })
    requireOptions('RunningAverage', options)
    const { window, momentum } = options
    if (momentum !== undefined && (window !== undefined || !(momentum >= 0 && momentum < 1))) {
      throw new ValueError(
        'RunningAverage',
        [],
        window === undefined
          ? `momentum must be from 0 up to below 1, not ${show(momentum)}`
          : 'window and momentum exclude each other',
        'pass { window: 5 } or { momentum: 0.98 }',
      )
    }
    this.momentum = momentum ?? null
    this.window =
      momentum === undefined ? countOf('RunningAverage', 'window', window ?? 5, 1) : null
  }

  /** Takes a value, or the mean of a tensor's elements. */
  override update(value: TensorData | number): void {
    const data = typeof value === 'number' ? [value] : [...numbersOf(input(value))]
    if (data.length === 0) return
    const next = data.reduce((a, b) => a + b, 0) / data.length
    const seen = [...(this.state['values'] as Numbers).view()]
    const kept =
      this.momentum !== null && seen.length > 0
        ? [this.momentum * (seen[0] as number) + (1 - this.momentum) * next]
        : [...seen, next].slice(-(this.window ?? 1))
    this.state['values'] = new Numbers(kept)
  }

  override compute(): number {
    const values = (this.state['values'] as Numbers).view()
    return values.reduce((a, b) => a + b, 0) / values.length
  }
}
