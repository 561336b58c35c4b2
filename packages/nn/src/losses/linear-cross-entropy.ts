import type { LossReduction, Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, requireList, show } from '@flambeau/core/internal'
import { linearCrossEntropy } from '../functional/class-losses.ts'
import { describe } from '../layers/describe.ts'
import type { FactoryOptions } from '../layers/factory.ts'
import { Linear } from '../layers/linear.ts'
import { WeightedLoss } from './base.ts'

export interface LinearCrossEntropyLossOptions extends FactoryOptions {
  /** The size of the input's last axis. */
  inFeatures: number
  /** How many classes there are. */
  numClasses: number
  /** Sizes of further axes of the scores. Default []. */
  outFeatures?: readonly number[]
  /** Add a bias. Default false. */
  bias?: boolean
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
  /** A factor for each class, `[C]`. Default null. */
  weight?: Tensor | null
  /** A label that does not count. Default null: -100. */
  ignoreIndex?: number | null
  /** Share of the target that is spread over all classes. Default 0. */
  labelSmoothing?: number
  /** Taken for PyTorch's sake: how it splits the work. Default null. */
  options?: object | null
}

const NAMES = [
  'inFeatures',
  'numClasses',
  'outFeatures',
  'bias',
  'device',
  'dtype',
  'reduction',
  'weight',
  'ignoreIndex',
  'labelSmoothing',
  'options',
] as const

const read = parameters<
  [
    number,
    number,
    number[],
    boolean,
    FactoryOptions['device'],
    FactoryOptions['dtype'],
    LossReduction,
    Tensor | null,
    number | null,
    number,
    object | null,
  ]
>('LinearCrossEntropyLoss', NAMES)

/**
 * A linear layer to scores of classes and their cross-entropy in one.
 *
 * Shapes: input `[N, D]` or `[D]`, target `[N, …outFeatures]` with labels, or `[N, C, …]` with
 * probabilities -> `[]`, or `[N, …]` with `reduction: 'none'`; linear.weight `[C · …, D]`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {IndexError} for a label that is no class.
 * @throws {ValueError} for sizes that are no whole numbers, or a labelSmoothing outside of [0, 1].
 * @see torch.nn.LinearCrossEntropyLoss
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { LinearCrossEntropyLoss } from '@flambeau/nn'
 * const loss = new LinearCrossEntropyLoss(4, 3)
 * console.log(loss(ones([2, 4]), tensor([0, 2])).shape) // => []
 * ```
 */
export class LinearCrossEntropyLoss extends WeightedLoss {
  readonly numClasses: number
  readonly outFeatures: readonly number[]
  readonly ignoreIndex: number | null
  readonly labelSmoothing: number
  readonly linear: Linear

  constructor(...given: Arguments<LinearCrossEntropyLossOptions, typeof NAMES>) {
    const op = 'LinearCrossEntropyLoss'
    const [inFeatures, numClasses, out = [], bias = false, device, dtype, ...rest] = read(given)
    const [reduction, weight = null, ignoreIndex = null, labelSmoothing = 0] = rest
    super(op, weight, reduction)
    requireCounts(op, { inFeatures, numClasses }, 0)
    requireList(op, 'outFeatures', out, 'a list of sizes')
    requireCounts(op, Object.fromEntries(out.map((size, i) => [`outFeatures[${i}]`, size])), 0)
    this.numClasses = numClasses as number
    this.outFeatures = out
    this.ignoreIndex = ignoreIndex
    this.labelSmoothing = labelSmoothing
    if (weight !== null && weight.shape.join() !== String(this.numClasses)) {
      throw new ShapeError(op, { weight }, `weight must be [${this.numClasses}]`, 'one for a class')
    }
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
      throw new ValueError(
        op,
        { labelSmoothing },
        `labelSmoothing is from 0 to 1, not ${show(labelSmoothing)}`,
        'labelSmoothing: 0.1',
      )
    }
    const outFeatures = out.reduce((a, b) => a * b, this.numClasses)
    this.linear = new Linear({
      inFeatures: inFeatures as number,
      outFeatures,
      bias,
      device: device ?? null,
      dtype: dtype ?? null,
    })
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const outer = [this.numClasses, ...this.outFeatures]
    const { bias, weight, inFeatures } = this.linear
    return linearCrossEntropy(input, weight.reshape([...outer, inFeatures]), target, {
      linearBias: bias === null ? null : bias.reshape(outer),
      weight: this.weight,
      reduction: this.reduction,
      ignoreIndex: this.ignoreIndex,
      labelSmoothing: this.labelSmoothing,
    })
  }

  override extraRepr(): string {
    const { linear, numClasses, outFeatures, reduction, ignoreIndex, labelSmoothing } = this
    return describe({
      inFeatures: linear.inFeatures,
      numClasses,
      outFeatures,
      bias: linear.bias !== null,
      reduction,
      ignoreIndex,
      labelSmoothing,
    })
  }
}
