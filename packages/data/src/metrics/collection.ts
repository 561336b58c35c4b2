import { ValueError } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import type { MetricStateDict } from './metric.ts'
import { Metric } from './metric.ts'

/** Any metric. */
export type AnyMetric = Metric<unknown>

/** What {@link MetricCollection.compute} gives: each metric's value under its name. */
export type CollectionValues<M extends Record<string, AnyMetric>> = {
  [K in keyof M]: ReturnType<M[K]['compute']>
}

/**
 * Several metrics of the same predictions and targets, updated together.
 *
 * @throws {ValueError} if one of them is no metric.
 * @see torchmetrics.MetricCollection
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Accuracy, F1Score, MetricCollection } from '@flambeau/data'
 * const metrics = new MetricCollection({
 *   accuracy: new Accuracy({ numClasses: 2 }),
 *   f1: new F1Score({ numClasses: 2, average: 'none' }),
 * })
 * metrics.update(tensor([0, 1, 1, 1]), tensor([0, 1, 1, 0]))
 * console.log(metrics.compute().accuracy) // => 0.75
 * ```
 */
export class MetricCollection<M extends Record<string, AnyMetric>> {
  readonly metrics: Readonly<M>

  constructor(metrics: M) {
    requireOptions('MetricCollection', metrics)
    for (const [name, metric] of Object.entries(metrics)) {
      if (metric instanceof Metric) continue
      throw new ValueError('MetricCollection', [], `'${name}' is no metric`, 'new Accuracy(…)')
    }
    this.metrics = { ...metrics }
  }

  /** Gives a batch to every metric. */
  update(...inputs: M[keyof M] extends Metric<unknown, infer I> ? I : never): void {
    const given = inputs as readonly unknown[] as never[]
    for (const metric of Object.values(this.metrics)) metric.update(...given)
  }

  /** Every metric's value, by name. */
  compute(): CollectionValues<M> {
    const entries = Object.entries(this.metrics).map(([name, metric]) => [name, metric.compute()])
    return Object.fromEntries(entries) as CollectionValues<M>
  }

  /** Makes every metric forget. */
  reset(): void {
    for (const metric of Object.values(this.metrics)) metric.reset()
  }

  /** The states of all metrics, by name. */
  stateDict(): Record<string, MetricStateDict> {
    return Object.fromEntries(
      Object.entries(this.metrics).map(([name, metric]) => [name, metric.stateDict()]),
    )
  }

  /** Continues from saved states. @throws {ValueError} if they are not of these metrics. */
  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    for (const [name, metric] of Object.entries(this.metrics)) {
      const one = state[name]
      if (typeof one !== 'object' || one === null) {
        throw new ValueError(
          'MetricCollection.loadStateDict',
          [],
          `the state of '${name}' is missing`,
          'load what stateDict() gave',
        )
      }
      metric.loadStateDict(one)
    }
  }
}
