import type { LossReduction, Tensor } from '@flambeau/core'
import { crossEntropy } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { Flag, ReductionSettings } from './base.ts'
import { WeightedLoss } from './base.ts'

/** What a loss does with its elements. */
export type Reduction = LossReduction

export interface CrossEntropyLossOptions extends ReductionSettings {
  /** Factor of each class. Default null. */
  weight?: Tensor | null
  /** Targets with this label do not count. Default -100. */
  ignoreIndex?: number
  /** Share of the target that is spread over all classes. Default 0. */
  labelSmoothing?: number
}

const NAMES = [
  'weight',
  'sizeAverage',
  'ignoreIndex',
  'reduce',
  'reduction',
  'labelSmoothing',
] as const
const read = parameters<[Tensor | null, Flag, number, Flag, LossReduction, number]>(
  'CrossEntropyLoss',
  NAMES,
)

/**
 * Softmax and negative log-likelihood in one: -log softmax(input)[target].
 *
 * Shapes: input logits `[N, C]`, `[C]` or `[N, C, d1, …]`; target int64 `[N]`, `[]` or `[N, d1, …]`
 * with labels in [0, C), or probabilities of the input's shape -> `[]`, or the target's shape with
 * `reduction: 'none'`; the mean is over the targets that count, weighted.
 *
 * @throws {IndexError} for a label outside of [0, C). @throws {ValueError} for another reduction.
 * @see torch.nn.CrossEntropyLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CrossEntropyLoss } from '@flambeau/nn'
 * const loss = new CrossEntropyLoss({ labelSmoothing: 0.1 })
 * console.log(loss(tensor([[0, 0]]).float(), tensor([1]))) // => tensor(0.6931)
 * ```
 */
export class CrossEntropyLoss extends WeightedLoss {
  readonly ignoreIndex: number
  readonly labelSmoothing: number

  constructor(...given: Arguments<CrossEntropyLossOptions, typeof NAMES>) {
    const [weight, sizeAverage, ignoreIndex = -100, reduce, reduction, smoothing = 0] = read(given)
    super('CrossEntropyLoss', weight, reduction, sizeAverage, reduce)
    this.ignoreIndex = ignoreIndex
    this.labelSmoothing = smoothing
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this
    return crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing })
  }
}
