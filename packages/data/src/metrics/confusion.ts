/** Which class was taken for which, and the overlap of segmentations, which is made of that. */
import type { Tensor, TensorData } from '@flambeau/core'
import { fromTypedArray } from '@flambeau/core'
import { booleanOf, choiceOf } from '../checked.ts'
import type { ClassificationOptions, ScoreOf, TaskInfo } from './labels.ts'
import { readPairs, readTask } from './labels.ts'
import { Metric } from './metric.ts'

/** Counts pairs of target and prediction; `[labels, 2, 2]` of labels, else `[C, C]`, row-major. */
abstract class Confusion<Result> extends Metric<Result, [TensorData, TensorData]> {
  protected readonly info: TaskInfo

  constructor(op: string, options: ClassificationOptions) {
    const info = readTask(op, options)
    super({
      counts: new Float64Array(info.task === 'multilabel' ? info.classes * 4 : info.classes ** 2),
    })
    this.info = info
  }

  /**
   * Takes a batch of predictions and targets; see the option `task` for their shapes.
   *
   * @throws {ShapeError} if the shapes do not fit. @throws {IndexError} for classes that do not exist.
   * @throws {ValueError} for NaN.
   */
  override update(preds: TensorData, target: TensorData): void {
    const pairs = readPairs(this.info, preds, target)
    const counts = this.counts
    const size = this.info.task === 'multilabel' ? 2 : this.info.classes
    for (let i = 0; i < pairs.target.length; i++) {
      const start = pairs.label === null ? 0 : 4 * (pairs.label[i] as number)
      const at = start + (pairs.target[i] as number) * size + (pairs.predicted[i] as number)
      counts[at] = (counts[at] as number) + 1
    }
  }

  protected get counts(): Float64Array {
    return this.state['counts'] as Float64Array
  }
}

/** How a {@link ConfusionMatrix} is divided. */
export type Normalization = 'true' | 'pred' | 'all' | 'none'

/** What {@link ConfusionMatrix} takes. */
export interface ConfusionMatrixOptions extends ClassificationOptions {
  /** Divide by the row (`'true'`), the column (`'pred'`) or the whole (`'all'`). Default `'none'`. */
  normalize?: Normalization
}

/**
 * Counts of targets (rows) taken for predictions (columns).
 *
 * Result: int64 `[C, C]`, `[2, 2]` for two classes, `[numLabels, 2, 2]` for labels; normalised float64,
 * with 0 where nothing can be divided.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.ConfusionMatrix; sklearn.metrics.confusion_matrix
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ConfusionMatrix } from '@flambeau/data'
 * const metric = new ConfusionMatrix({ numClasses: 2 })
 * metric.update(tensor([0, 1, 1]), tensor([0, 0, 1]))
 * console.log(metric.compute().tolist()) // => [ [ 1, 1 ], [ 0, 1 ] ]
 * ```
 */
export class ConfusionMatrix extends Confusion<Tensor> {
  readonly normalize: Normalization

  constructor(options: ConfusionMatrixOptions = {}) {
    super('ConfusionMatrix', options)
    const { normalize = 'none' } = options
    this.normalize = choiceOf('ConfusionMatrix', 'normalize', normalize, [
      'none',
      'true',
      'pred',
      'all',
    ])
  }

  override compute(): Tensor {
    const { task, classes } = this.info
    const shape = task === 'multilabel' ? [classes, 2, 2] : [classes, classes]
    const counts = fromTypedArray(this.counts, shape)
    if (this.normalize === 'none') return counts.to('int64')
    const dim = this.normalize === 'true' ? [-1] : this.normalize === 'pred' ? [-2] : [-2, -1]
    return counts.div(counts.sum(dim, true)).nanToNum({ nan: 0 })
  }
}

/** How the overlaps of classes become one. */
export type OverlapAverage = 'micro' | 'macro' | 'none'

/** What {@link IoU} and {@link Dice} take. */
export interface OverlapOptions<
  A extends OverlapAverage = OverlapAverage,
> extends ClassificationOptions {
  /** `'macro'`: the mean of the classes. `'micro'`: of all places. `'none'`: an array. Default `'macro'`. */
  average?: A
  /** Also counts class 0, in multiclass tasks. Default true. */
  includeBackground?: boolean
}

abstract class Overlap<A extends OverlapAverage> extends Confusion<ScoreOf<A>> {
  readonly average: A
  readonly includeBackground: boolean

  constructor(op: string, options: OverlapOptions<A>) {
    super(op, options)
    const { average = 'macro', includeBackground = true } = options
    this.average = choiceOf<OverlapAverage>(op, 'average', average, ['macro', 'micro', 'none']) as A
    this.includeBackground = booleanOf(op, 'includeBackground', includeBackground)
  }

  /** The value of counts: in both, only predicted or only there. */
  protected abstract score(both: number, predicted: number, there: number): number

  /**
   * A number, or one number per class with `average: 'none'`. Classes that are neither predicted nor
   * there have no value: NaN, and no part in the mean. Binary tasks have the value of class 1.
   */
  override compute(): ScoreOf<A> {
    return this.#compute() as ScoreOf<A>
  }

  #compute(): number | number[] {
    const { task, classes } = this.info
    const counts = this.counts
    const all: [both: number, predicted: number, there: number][] = []
    if (task === 'multilabel') {
      for (let i = 0; i < classes; i++)
        all.push([counts[4 * i + 3]!, counts[4 * i + 1]!, counts[4 * i + 2]!])
    } else {
      const first = task === 'binary' || !this.includeBackground ? 1 : 0
      for (let c = first; c < classes; c++) {
        let [predicted, there] = [0, 0]
        for (let other = 0; other < classes; other++) {
          if (other === c) continue
          predicted += counts[other * classes + c]!
          there += counts[c * classes + other]!
        }
        all.push([counts[c * classes + c]!, predicted, there])
      }
    }
    if (this.average === 'micro') {
      const sum = (part: 0 | 1 | 2): number => all.reduce((total, one) => total + one[part], 0)
      return this.score(sum(0), sum(1), sum(2))
    }
    const scores = all.map((one) => this.score(...one))
    if (this.average === 'none') return scores
    const present = scores.filter((score) => !Number.isNaN(score))
    return present.reduce((a, b) => a + b, 0) / present.length
  }
}

/**
 * Intersection over union of segmentations or classes (Jaccard index): TP / (TP + FP + FN), over all
 * batches' places together. Macro is the mean IoU.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.JaccardIndex; sklearn.metrics.jaccard_score
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { IoU } from '@flambeau/data'
 * const metric = new IoU({ numClasses: 3, average: 'none', ignoreIndex: 255 })
 * metric.update(tensor([[0, 1], [1, 1]]), tensor([[0, 1], [0, 255]]))
 * console.log(metric.compute()) // => [ 0.5, 0.5, NaN ]
 * ```
 */
export class IoU<A extends OverlapAverage = 'macro'> extends Overlap<A> {
  constructor(options: OverlapOptions<A> = {}) {
    super('IoU', options)
  }

  protected override score(both: number, predicted: number, there: number): number {
    return both / (both + predicted + there)
  }
}

/**
 * The Dice coefficient of segmentations: 2 TP / (2 TP + FP + FN), over all batches' places together.
 *
 * @throws {ValueError} for options that do not fit.
 * @see torchmetrics.segmentation.DiceScore
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Dice } from '@flambeau/data'
 * const metric = new Dice({ threshold: 0 }) // one mask, logits
 * metric.update(tensor([[2.5, -1], [0.3, -4]]), tensor([[1, 0], [0, 0]]))
 * console.log(metric.compute().toFixed(4)) // => 0.6667
 * ```
 */
export class Dice<A extends OverlapAverage = 'macro'> extends Overlap<A> {
  constructor(options: OverlapOptions<A> = {}) {
    super('Dice', options)
  }

  protected override score(both: number, predicted: number, there: number): number {
    return (2 * both) / (2 * both + predicted + there)
  }
}
