/** Accuracy, precision, recall and F-scores: all are made of counts of hits and misses. */
import type { Tensor, TensorData } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireOptions, show } from '@flambeau/core/internal'
import { choiceOf, countOf } from '../checked.ts'
import type { Average, ClassificationOptions, ScoreOf, TaskInfo } from './labels.ts'
import { readPairs, readTask, refuseNaN, requireScores } from './labels.ts'
import { input, Metric, numbersOf } from './metric.ts'

/** What {@link Precision}, {@link Recall} and {@link F1Score} take. */
export interface AveragedOptions<A extends Average = Average> extends ClassificationOptions {
  /**
   * `'micro'`: over all places at once. `'macro'`: the mean of the classes' values; classes that are
   * neither predicted nor there are left out. `'weighted'`: the mean, weighted by how often a class is
   * there. `'none'`: an array, one value per class. Default `'macro'`; no matter in binary tasks.
   */
  average?: A
  /** The value where nothing can be divided by, e.g. the precision of a class never predicted. Default 0. */
  zeroDivision?: number
}

/** Counts of one class, or sums over classes. */
interface Counts {
  tp: number
  fp: number
  fn: number
  tn: number
}

const AVERAGES: readonly Average[] = ['micro', 'macro', 'weighted', 'none']

/** Counts true and false positives and negatives of each class (of class 1 in binary tasks). */
abstract class StatScores<A extends Average> extends Metric<ScoreOf<A>, [TensorData, TensorData]> {
  protected readonly info: TaskInfo
  readonly average: A
  readonly zeroDivision: number

  constructor(op: string, options: AveragedOptions<A>, average: Average) {
    const info = readTask(op, options)
    const size = info.task === 'binary' ? 1 : info.classes
    const zero = (): Float64Array => new Float64Array(size)
    super({ tp: zero(), fp: zero(), fn: zero(), tn: zero() })
    this.info = info
    this.average = choiceOf(op, 'average', options.average ?? average, AVERAGES) as A
    this.zeroDivision = options.zeroDivision ?? 0
  }

  /**
   * Takes a batch of predictions and targets; see the option `task` for their shapes.
   *
   * @throws {ShapeError} if the shapes do not fit. @throws {IndexError} for classes that do not exist.
   * @throws {ValueError} for NaN.
   */
  override update(preds: TensorData, target: TensorData): void {
    const { predicted, target: truth, label } = readPairs(this.info, preds, target)
    const { tp, fp, fn, tn } = this.state as Record<keyof Counts, Float64Array>
    const multiclass = this.info.task === 'multiclass'
    for (let i = 0; i < truth.length; i++) {
      const guess = predicted[i] as number
      const right = truth[i] as number
      if (multiclass) {
        if (guess === right) (tp[right] as number)++
        else {
          ;(fp[guess] as number)++
          ;(fn[right] as number)++
        }
        continue
      }
      const at = label === null ? 0 : (label[i] as number)
      const counts = right === 1 ? (guess === 1 ? tp : fn) : guess === 1 ? fp : tn
      ;(counts[at] as number)++
    }
  }

  /** The value of one class, or of all classes' counts together. */
  protected abstract score(counts: Counts): number

  /** `part / whole`, or `zeroDivision`. */
  protected divide(part: number, whole: number): number {
    return whole === 0 ? this.zeroDivision : part / whole
  }

  /** A number, or an array of one number per class with `average: 'none'`. NaN before any sample. */
  override compute(): ScoreOf<A> {
    return this.#compute() as ScoreOf<A>
  }

  #compute(): number | number[] {
    const arrays = this.state as Record<keyof Counts, Float64Array>
    const counts: Counts[] = Array.from(arrays.tp, (tp, i) => ({
      tp,
      fp: arrays.fp[i] as number,
      fn: arrays.fn[i] as number,
      tn: arrays.tn[i] as number,
    }))
    const { task } = this.info
    const scores = (): number[] => counts.map((one) => this.score(one))
    const total = counts.reduce((a, b) => ({
      tp: a.tp + b.tp,
      fp: a.fp + b.fp,
      fn: a.fn + b.fn,
      tn: a.tn + b.tn,
    }))
    const empty = total.tp + total.fp + total.fn + total.tn === 0
    if (this.average === 'none') return empty ? counts.map(() => Number.NaN) : scores()
    if (empty) return Number.NaN
    if (task === 'binary' || this.average === 'micro') return this.score(total)
    const weights = counts.map(({ tp, fp, fn }) => {
      if (this.average === 'weighted') return tp + fn
      return task === 'multiclass' && tp + fp + fn === 0 ? 0 : 1
    })
    const all = weights.reduce((a, b) => a + b, 0)
    if (all === 0) return this.zeroDivision
    return scores().reduce((sum, score, i) => sum + score * (weights[i] as number), 0) / all
  }
}

/**
 * How many of those predicted are right: TP / (TP + FP).
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.Precision; sklearn.metrics.precision_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Precision } from '@flambeau/data'
 * const metric = new Precision({ numClasses: 3, average: 'none' })
 * metric.update(tensor([0, 2, 2, 1]), tensor([0, 2, 1, 1]))
 * console.log(metric.compute()) // => [ 1, 1, 0.5 ]
 * ```
 */
export class Precision<A extends Average = 'macro'> extends StatScores<A> {
  constructor(options: AveragedOptions<A> = {}) {
    super('Precision', options, 'macro')
  }

  protected override score({ tp, fp }: Counts): number {
    return this.divide(tp, tp + fp)
  }
}

/**
 * How many of those that are there are found: TP / (TP + FN).
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.Recall; sklearn.metrics.recall_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Recall } from '@flambeau/data'
 * const metric = new Recall() // two classes
 * metric.update(tensor([0.9, 0.2, 0.6, 0.4]), tensor([1, 1, 1, 0]))
 * metric.update(tensor([0.7]), tensor([1]))
 * console.log(metric.compute()) // => 0.75
 * ```
 */
export class Recall<A extends Average = 'macro'> extends StatScores<A> {
  constructor(options: AveragedOptions<A> = {}) {
    super('Recall', options, 'macro')
  }

  protected override score({ tp, fn }: Counts): number {
    return this.divide(tp, tp + fn)
  }
}

/** What {@link FBetaScore} takes. */
export interface FBetaOptions<A extends Average = Average> extends AveragedOptions<A> {
  /** How many times more recall counts than precision. Default 1. */
  beta?: number
}

/**
 * The weighted harmonic mean of precision and recall: (1 + β²) TP / ((1 + β²) TP + β² FN + FP).
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.FBetaScore; sklearn.metrics.fbeta_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { FBetaScore } from '@flambeau/data'
 * const metric = new FBetaScore({ beta: 2 })
 * metric.update(tensor([1, 1, 0, 0]), tensor([1, 0, 0, 0]))
 * console.log(metric.compute().toFixed(4)) // => 0.8333
 * ```
 */
export class FBetaScore<A extends Average = 'macro'> extends StatScores<A> {
  readonly beta: number

  constructor(options: FBetaOptions<A> = {}) {
    super('FBetaScore', options, 'macro')
    const { beta = 1 } = options
    if (!(beta > 0 && beta < Number.POSITIVE_INFINITY))
      throw new ValueError(
        'FBetaScore',
        [],
        `beta must be above 0, not ${show(beta)}`,
        '{ beta: 2 }',
      )
    this.beta = beta
  }

  protected override score({ tp, fp, fn }: Counts): number {
    const b = this.beta ** 2
    return this.divide((1 + b) * tp, (1 + b) * tp + b * fn + fp)
  }
}

/**
 * The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.F1Score; sklearn.metrics.f1_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { F1Score } from '@flambeau/data'
 * const metric = new F1Score({ numLabels: 2, average: 'micro' })
 * metric.update(tensor([[0.9, 0.2], [0.8, 0.6]]), tensor([[1, 0], [0, 1]]))
 * console.log(metric.compute()) // => 0.8
 * ```
 */
export class F1Score<A extends Average = 'macro'> extends FBetaScore<A> {
  constructor(options: AveragedOptions<A> = {}) {
    super({ ...options, beta: 1 })
  }
}

/** What {@link Accuracy} takes. */
export interface AccuracyOptions<A extends Average = Average> extends AveragedOptions<A> {
  /** A prediction is right if the target is among the `topK` highest scores. Default 1. */
  topK?: number
}

/**
 * How many predictions are right. With `average: 'micro'` (the default) of all; otherwise per class, how
 * many of it were found (per label, how many places are right).
 *
 * Without `numClasses`, the scores' axis 1 says how many classes there are. NaN before any sample.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.Accuracy
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Accuracy } from '@flambeau/data'
 * const metric = new Accuracy()
 * metric.update(tensor([[0.1, 0.9], [0.8, 0.2]]), tensor([1, 1])) // scores
 * metric.update(tensor([3, 4]), tensor([3, 4])) // classes
 * console.log(metric.compute()) // => 0.75
 * ```
 */
export class Accuracy<A extends Average = 'micro'> extends StatScores<A> {
  readonly topK: number
  readonly #open: boolean

  constructor(options: AccuracyOptions<A> = {}) {
    requireOptions('Accuracy', options)
    const { topK = 1, task, numClasses, numLabels, average = 'micro' } = options
    const open = task !== 'binary' && numClasses === undefined && numLabels === undefined
    if (open && average !== 'micro')
      throw new ValueError(
        'Accuracy',
        [],
        `average '${average}' needs the number of classes`,
        '{ numClasses: 10 }',
      )
    // Counts of all classes together fit the two-class form.
    super('Accuracy', open ? { ...options, task: 'binary' } : options, 'micro')
    this.topK = countOf('Accuracy', 'topK', topK, 1)
    this.#open = open
    if (topK > 1 && this.info.task !== 'multiclass' && !open)
      throw new ValueError(
        'Accuracy',
        [],
        'topK is for many classes',
        'leave it out, or pass { numClasses }',
      )
    if (numClasses !== undefined && topK > numClasses)
      throw new ValueError(
        'Accuracy',
        [],
        `topK (${topK}) must not exceed numClasses (${numClasses})`,
        'use a smaller one',
      )
  }

  override update(predsData: TensorData, targetData: TensorData): void {
    const preds = input(predsData)
    const target = input(targetData)
    if (this.topK > 1) return this.#updateTop(preds, target)
    const scored = preds.ndim === target.ndim + 1
    if (!this.#open || (!scored && preds.isFloatingPoint())) return super.update(preds, target)
    const classes = scored ? (preds.shape[1] ?? 1) : 2 ** 31 - 1
    const info: TaskInfo = { ...this.info, task: 'multiclass', classes }
    const { predicted, target: truth } = readPairs(info, preds, target)
    const { tp, fp } = this.state as Record<keyof Counts, Float64Array>
    let right = 0
    for (let i = 0; i < truth.length; i++) right += Number(predicted[i] === truth[i])
    tp[0] = (tp[0] as number) + right
    fp[0] = (fp[0] as number) + truth.length - right
  }

  #updateTop(preds: Tensor, target: Tensor): void {
    const { op, ignoreIndex } = this.info
    refuseNaN(op, preds)
    const classes = this.#open ? (preds.shape[1] ?? 0) : this.info.classes
    requireScores(op, preds, target, classes)
    if (this.topK > classes)
      throw new ShapeError(
        op,
        { preds },
        `axis 1 of preds (${classes}) must be at least topK (${this.topK})`,
        'use a smaller topK',
      )
    const best = numbersOf(preds.topk(this.topK, 1)[1].movedim(1, -1))
    const { tp, fp, fn } = this.state as Record<keyof Counts, Float64Array>
    // Checks the targets, and leaves out those to be ignored, in the same order.
    const info: TaskInfo = { ...this.info, task: 'multiclass', classes }
    const truths = numbersOf(target)
    const kept = readPairs({ ...info }, preds.argmax(1), target)
    let at = 0
    for (let i = 0; i < truths.length; i++) {
      if (truths[i] === ignoreIndex) continue
      const truth = truths[i] as number
      const place = this.#open ? 0 : truth
      const hit = best.subarray(i * this.topK, (i + 1) * this.topK).includes(truth)
      const guess = kept.predicted[at++] as number
      if (hit) tp[place] = (tp[place] as number) + 1
      else if (this.#open) fp[0] = (fp[0] as number) + 1
      else {
        fp[guess] = (fp[guess] as number) + 1
        fn[truth] = (fn[truth] as number) + 1
      }
    }
  }

  protected override score({ tp, fp, fn, tn }: Counts): number {
    if (this.info.task !== 'multiclass') return this.divide(tp + tn, tp + fp + fn + tn)
    return this.divide(tp, tp + fn)
  }
}

/**
 * How many targets are among the `k` highest scores: {@link Accuracy} with `topK`.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.Accuracy with top_k
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { TopKAccuracy } from '@flambeau/data'
 * const metric = new TopKAccuracy({ k: 2 })
 * metric.update(tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), tensor([1, 0]))
 * console.log(metric.compute()) // => 0.5
 * ```
 */
export class TopKAccuracy<A extends Average = 'micro'> extends Accuracy<A> {
  constructor(options: Omit<AccuracyOptions<A>, 'topK'> & { k?: number } = {}) {
    requireOptions('TopKAccuracy', options)
    const { k = 5, ...others } = options
    super({ ...others, topK: countOf('TopKAccuracy', 'k', k, 1) })
  }
}
