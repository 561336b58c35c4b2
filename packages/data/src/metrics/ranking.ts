/** Metrics of how well scores put the right samples first: exact, over all samples seen. */
import type { TensorData } from '@flambeau/core'
import { fromTypedArray, IndexError, ShapeError } from '@flambeau/core'
import { choiceOf } from '../checked.ts'
import type { Average, ClassificationOptions, ScoreOf, TaskInfo } from './labels.ts'
import { readTask, refuseNaN, requireLabels, requireScores } from './labels.ts'
import { input, Metric, numbersOf } from './metric.ts'
import { Numbers } from './numbers.ts'

/** What {@link AUROC} and {@link AveragePrecision} take. */
export interface RankingOptions<A extends Average = Average> extends Omit<
  ClassificationOptions,
  'threshold'
> {
  /**
   * How the classes' values (each against the rest) become one: `'macro'`, `'weighted'` by how often a
   * class is there, `'micro'` (labels only) over all places, `'none'`: an array. Default `'macro'`.
   */
  average?: A
}

/** Keeps all scores and targets: sample by sample, the scores of all classes and the target. */
abstract class Ranking<A extends Average> extends Metric<ScoreOf<A>, [TensorData, TensorData]> {
  protected readonly info: TaskInfo
  readonly average: A

  constructor(op: string, options: RankingOptions<A>) {
    super({ scores: new Numbers(), targets: new Numbers() })
    this.info = readTask(op, options)
    const known: readonly Average[] =
      this.info.task === 'multiclass'
        ? ['macro', 'weighted', 'none']
        : ['macro', 'micro', 'weighted', 'none']
    this.average = choiceOf(op, 'average', options.average ?? 'macro', known) as A
  }

  /**
   * Takes a batch. Shapes: scores and targets of one shape (binary), scores `[N, C, …]` and targets
   * `[N, …]` (multiclass), or both `[N, numLabels, …]` (multilabel).
   *
   * @throws {ShapeError} if the shapes do not fit. @throws {IndexError} for classes that do not exist.
   * @throws {ValueError} for NaN.
   */
  override update(predsData: TensorData, targetData: TensorData): void {
    const { op, task, classes, ignoreIndex } = this.info
    const preds = input(predsData)
    const target = input(targetData)
    refuseNaN(op, preds)
    if (task === 'multiclass') requireScores(op, preds, target, classes)
    else if (task === 'multilabel') requireLabels(op, preds, target, classes)
    else if (preds.ndim !== target.ndim || preds.shape.some((size, i) => size !== target.shape[i]))
      throw new ShapeError(
        op,
        { preds, target },
        'preds must have the shape of target in a binary task',
        'pass { numClasses } for more than two classes',
      )
    const width = task === 'binary' ? 1 : classes
    const rows = numbersOf(task === 'binary' ? preds : preds.movedim(1, -1))
    const truths = numbersOf(task === 'multilabel' ? target.movedim(1, -1) : target)
    const most = task === 'multiclass' ? classes : 2
    const labels = task === 'multilabel'
    const kept: number[] = []
    for (let i = 0; i < truths.length; i++) {
      const truth = truths[i] as number
      const ignored = truth === ignoreIndex
      if (!ignored && !(Number.isInteger(truth) && truth >= 0 && truth < most))
        throw new IndexError(
          op,
          {},
          `target has the class ${truth}, there are 0 to ${most - 1}`,
          'check numClasses, or name it as ignoreIndex',
        )
      if (!ignored) kept.push(i)
    }
    const { scores, targets } = this.state as Record<'scores' | 'targets', Numbers>
    if (labels) {
      scores.push(rows)
      // -1: no target. The others of the row may have one.
      targets.push(truths.map((truth) => (truth === ignoreIndex ? -1 : truth)))
    } else if (kept.length === truths.length) {
      scores.push(rows)
      targets.push(truths)
    } else {
      for (const i of kept) scores.push(rows.subarray(i * width, (i + 1) * width))
      targets.push(kept.map((i) => truths[i] as number))
    }
  }

  /** The value of scores, and whether each is of a sample that is right. NaN if it has none. */
  protected abstract score(scores: Float64Array, positive: Uint8Array): number

  /** A number, or one number per class with `average: 'none'`. NaN for what never had both kinds. */
  override compute(): ScoreOf<A> {
    return this.#compute() as ScoreOf<A>
  }

  #compute(): number | number[] {
    const { task, classes } = this.info
    const scores = (this.state['scores'] as Numbers).view()
    const targets = (this.state['targets'] as Numbers).view()
    if (task === 'binary') {
      const score = this.score(scores, Uint8Array.from(targets))
      return this.average === 'none' ? [score] : score
    }
    const width = classes
    const labels = task === 'multilabel'
    if (this.average === 'micro') {
      const kept = [...targets.keys()].filter((i) => targets[i] !== -1)
      const positive = Uint8Array.from(kept, (i) => Number(targets[i] === 1))
      return this.score(
        Float64Array.from(kept, (i) => scores[i] as number),
        positive,
      )
    }
    const samples = scores.length / width
    const values: number[] = []
    const weights: number[] = []
    for (let c = 0; c < classes; c++) {
      const column = new Float64Array(samples)
      const positive = new Uint8Array(samples)
      let [count, there] = [0, 0]
      for (let i = 0; i < samples; i++) {
        const truth = targets[labels ? i * width + c : i] as number
        if (truth === -1) continue
        column[count] = scores[i * width + c] as number
        positive[count] = Number(labels ? truth === 1 : truth === c)
        there += positive[count++] as number
      }
      values.push(this.score(column.subarray(0, count), positive.subarray(0, count)))
      weights.push(there)
    }
    if (this.average === 'none') return values
    let [sum, total] = [0, 0]
    for (const [c, value] of values.entries()) {
      const weight = this.average === 'macro' ? 1 : (weights[c] as number)
      if (Number.isNaN(value) || weight === 0) continue
      sum += weight * value
      total += weight
    }
    return sum / total
  }
}

/** Goes through samples by falling score, equal scores at once: how many right and wrong ones there are. */
function steps(
  scores: Float64Array,
  positive: Uint8Array,
  visit: (right: number, wrong: number) => void,
): void {
  if (scores.length === 0) return
  const [sorted, order] = fromTypedArray(scores).sort(0, true)
  const falling = sorted.toArray()
  const places = order.toArray()
  let at = 0
  while (at < falling.length) {
    const score = falling[at]
    let [right, wrong] = [0, 0]
    for (; at < falling.length && falling[at] === score; at++) {
      if (positive[places[at] as number] === 1) right++
      else wrong++
    }
    visit(right, wrong)
  }
}

/**
 * The area under the ROC curve: how likely a right sample scores above a wrong one, equal scores counted
 * half. Exact, not by thresholds: all scores are kept. Several classes are each taken against the rest.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.AUROC; sklearn.metrics.roc_auc_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { AUROC } from '@flambeau/data'
 * const metric = new AUROC()
 * metric.update(tensor([0.1, 0.4]), tensor([0, 0]))
 * metric.update(tensor([0.35, 0.8]), tensor([1, 1]))
 * console.log(metric.compute()) // => 0.75
 * ```
 */
export class AUROC<A extends Average = 'macro'> extends Ranking<A> {
  constructor(options: RankingOptions<A> = {}) {
    super('AUROC', options)
  }

  protected override score(scores: Float64Array, positive: Uint8Array): number {
    let [right, wrong, area] = [0, 0, 0]
    steps(scores, positive, (more, less) => {
      area += less * (right + more / 2)
      right += more
      wrong += less
    })
    return area / (right * wrong)
  }
}

/**
 * The area under the precision-recall curve as a sum of steps: Σ (Rₙ − Rₙ₋₁) Pₙ, equal scores one step.
 * Exact: all scores are kept. Several classes are each taken against the rest.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.AveragePrecision; sklearn.metrics.average_precision_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { AveragePrecision } from '@flambeau/data'
 * const metric = new AveragePrecision()
 * metric.update(tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1]))
 * console.log(metric.compute().toFixed(4)) // => 0.8333
 * ```
 */
export class AveragePrecision<A extends Average = 'macro'> extends Ranking<A> {
  constructor(options: RankingOptions<A> = {}) {
    super('AveragePrecision', options)
  }

  protected override score(scores: Float64Array, positive: Uint8Array): number {
    let [right, wrong, area] = [0, 0, 0]
    steps(scores, positive, (more, less) => {
      right += more
      wrong += less
      area += more * (right / (right + wrong))
    })
    return area / right
  }
}
