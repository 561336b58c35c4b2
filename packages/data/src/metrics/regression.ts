/** Metrics of predicted numbers. */
import type { TensorData } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import { choiceOf, countOf } from '../checked.ts'
import type { ScoreOf } from './labels.ts'
import type { NumberArray } from './metric.ts'
import { input, Metric, numbersOf } from './metric.ts'

/** Numbers of two tensors of one shape. */
function readBoth(op: string, predsData: TensorData, targetData: TensorData, outputs: number) {
  const preds = input(predsData)
  const target = input(targetData)
  const same = preds.ndim === target.ndim && preds.shape.every((n, i) => n === target.shape[i])
  if (!same || (outputs > 1 && preds.shape.at(-1) !== outputs)) {
    throw new ShapeError(
      op,
      { preds, target },
      same
        ? `the last axis (${preds.shape.at(-1)}) must hold the ${outputs} outputs`
        : 'preds must have the shape of target',
      'reshape one of them',
    )
  }
  return [numbersOf(preds), numbersOf(target)] as [preds: NumberArray, target: NumberArray]
}

/**
 * The mean of |prediction − target| over all elements. NaN before any.
 *
 * @see torchmetrics.MeanAbsoluteError
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MeanAbsoluteError } from '@flambeau/data'
 * const metric = new MeanAbsoluteError()
 * metric.update(tensor([2.5, 0]), tensor([3, -1]))
 * console.log(metric.compute()) // => 0.75
 * ```
 */
export class MeanAbsoluteError extends Metric<number, [TensorData, TensorData]> {
  constructor() {
    super({ sum: 0, count: 0 })
  }

  /** Takes predictions and targets of one shape. @throws {ShapeError} if the shapes differ. */
  override update(preds: TensorData, target: TensorData): void {
    const [a, b] = readBoth('MeanAbsoluteError', preds, target, 1)
    let sum = 0
    for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number))
    this.state['sum'] = (this.state['sum'] as number) + sum
    this.state['count'] = (this.state['count'] as number) + a.length
  }

  override compute(): number {
    return (this.state['sum'] as number) / (this.state['count'] as number)
  }
}

/**
 * The mean of (prediction − target)² over all elements, or its root (RMSE) with `squared: false`. NaN
 * before any.
 *
 * @see torchmetrics.MeanSquaredError
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MeanSquaredError } from '@flambeau/data'
 * const metric = new MeanSquaredError({ squared: false })
 * metric.update(tensor([3, 0]), tensor([0, 4]))
 * console.log(metric.compute().toFixed(4)) // => 3.5355
 * ```
 */
export class MeanSquaredError extends Metric<number, [TensorData, TensorData]> {
  readonly squared: boolean

  constructor(options: { squared?: boolean } = {}) {
    super({ sum: 0, count: 0 })
    requireOptions('MeanSquaredError', options)
    const { squared = true } = options
    this.squared = squared
  }

  /** Takes predictions and targets of one shape. @throws {ShapeError} if the shapes differ. */
  override update(preds: TensorData, target: TensorData): void {
    const [a, b] = readBoth('MeanSquaredError', preds, target, 1)
    let sum = 0
    for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
    this.state['sum'] = (this.state['sum'] as number) + sum
    this.state['count'] = (this.state['count'] as number) + a.length
  }

  override compute(): number {
    const mean = (this.state['sum'] as number) / (this.state['count'] as number)
    return this.squared ? mean : Math.sqrt(mean)
  }
}

/** How the R² of several outputs become one. */
export type MultiOutput = 'uniformAverage' | 'rawValues' | 'varianceWeighted'

/** What {@link R2Score} takes. */
export interface R2Options<M extends MultiOutput = MultiOutput> {
  /** Values along the last axis that are judged apart. Default 1: all elements together. */
  numOutputs?: number
  /** Their mean, the values themselves, or the mean weighted by the targets' variance. Default the mean. */
  multioutput?: M
}

/**
 * The share of the targets' variance that predictions explain: 1 − Σ(target − prediction)² / Σ(target −
 * mean)². Where all targets are equal: 1 if all predictions are right, else 0. NaN before two samples.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.R2Score; sklearn.metrics.r2_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { R2Score } from '@flambeau/data'
 * const metric = new R2Score()
 * metric.update(tensor([2.5, 0, 2, 8]), tensor([3, -0.5, 2, 7]))
 * console.log(metric.compute().toFixed(4)) // => 0.9486
 * ```
 */
export class R2Score<M extends MultiOutput = 'uniformAverage'> extends Metric<
  ScoreOf<M>,
  [TensorData, TensorData]
> {
  readonly numOutputs: number
  readonly multioutput: M

  constructor(options: R2Options<M> = {}) {
    requireOptions('R2Score', options)
    const numOutputs = countOf('R2Score', 'numOutputs', options.numOutputs ?? 1, 1)
    const zero = (): Float64Array => new Float64Array(numOutputs)
    super({ count: 0, mean: zero(), spread: zero(), residual: zero() })
    this.numOutputs = numOutputs
    this.multioutput = choiceOf<MultiOutput>(
      'R2Score',
      'multioutput',
      options.multioutput ?? 'uniformAverage',
      ['uniformAverage', 'rawValues', 'varianceWeighted'],
    ) as M
  }

  /** Takes predictions and targets of one shape. @throws {ShapeError} if the shapes do not fit. */
  override update(preds: TensorData, target: TensorData): void {
    const outputs = this.numOutputs
    const [a, b] = readBoth('R2Score', preds, target, outputs)
    const { mean, spread, residual } = this.state as Record<string, Float64Array>
    let count = this.state['count'] as number
    for (let i = 0; i < a.length; i++) {
      const o = i % outputs
      if (o === 0) count++
      const value = b[i] as number
      // Sums of differences to the mean so far: squares of large targets would cancel badly.
      const difference = value - mean![o]!
      mean![o]! += difference / count
      spread![o]! += difference * (value - mean![o]!)
      residual![o]! += (value - (a[i] as number)) ** 2
    }
    this.state['count'] = count
  }

  override compute(): ScoreOf<M> {
    return this.#compute() as ScoreOf<M>
  }

  #compute(): number | number[] {
    const { count, spread, residual } = this.state as {
      count: number
      spread: Float64Array
      residual: Float64Array
    }
    const scores = Array.from(spread, (total, o) => {
      if (count < 2) return Number.NaN
      const left = residual[o] as number
      if (total === 0) return left === 0 ? 1 : 0
      return 1 - left / total
    })
    if (this.multioutput === 'rawValues') return scores
    const total = spread.reduce((a, b) => a + b, 0)
    const even = this.multioutput === 'uniformAverage' || total === 0
    return scores.reduce((sum, score, o) => {
      const weight = even ? 1 / scores.length : (spread[o] as number) / total
      return sum + score * weight
    }, 0)
  }
}
