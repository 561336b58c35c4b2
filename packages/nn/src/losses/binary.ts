/** Losses of probabilities of yes and no. */
import type { LossReduction, Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { binaryCrossEntropy, softMarginLoss } from '../functional/elementwise-losses.ts'
import { binaryCrossEntropyWithLogits } from '../functional/losses.ts'
import type { Flag, ReductionSettings } from './base.ts'
import { Loss, WeightedLoss } from './base.ts'

export interface BCELossOptions extends ReductionSettings {
  /** A factor for each element; broadcasts. Default null. */
  weight?: Tensor | null
}

const NAMES_BCELOSS = ['weight', 'sizeAverage', 'reduce', 'reduction'] as const
const readBCELoss = parameters<[Tensor | null, Flag, Flag, LossReduction]>('BCELoss', NAMES_BCELOSS)

/**
 * Cross-entropy of probabilities: -(target · log(input) + (1 - target) · log(1 - input)).
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes differ. @throws {ValueError} for inputs outside of [0, 1].
 * @see torch.nn.BCELoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { BCELoss } from '@flambeau/nn'
 * console.log(new BCELoss()(tensor([0.5]), tensor([1.0], { dtype: 'float32' }))) // => tensor(0.6931)
 * ```
 */
export class BCELoss extends WeightedLoss {
  constructor(...given: Arguments<BCELossOptions, typeof NAMES_BCELOSS>) {
    const read = readBCELoss(given)
    super('BCELoss', read[0], read[3], read[1], read[2])
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { weight: this.weight, reduction: this.reduction })
  }
}

export interface BCEWithLogitsLossOptions extends ReductionSettings {
  /** A factor for each element; broadcasts. Default null. */
  weight?: Tensor | null
  /** A factor for the part of yes; broadcasts. Default null. */
  posWeight?: Tensor | null
}

const NAMES_BCEWITH_LOGITS = ['weight', 'sizeAverage', 'reduce', 'reduction', 'posWeight'] as const
const readBCEWithLogitsLoss = parameters<[Tensor | null, Flag, Flag, LossReduction, Tensor | null]>(
  'BCEWithLogitsLoss',
  NAMES_BCEWITH_LOGITS,
)

/**
 * Cross-entropy of the sigmoids of scores, without overflow.
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes differ. @throws {DTypeError} unless input is floating.
 * @see torch.nn.BCEWithLogitsLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { BCEWithLogitsLoss } from '@flambeau/nn'
 * const loss = new BCEWithLogitsLoss()
 * console.log(loss(tensor([0.5]), tensor([1], { dtype: 'float32' }))) // => tensor(0.4741)
 * ```
 */
export class BCEWithLogitsLoss extends WeightedLoss {
  declare pos_weight: Tensor | null

  constructor(...given: Arguments<BCEWithLogitsLossOptions, typeof NAMES_BCEWITH_LOGITS>) {
    const read = readBCEWithLogitsLoss(given)
    super('BCEWithLogitsLoss', read[0], read[3], read[1], read[2])
    this.registerBuffer('pos_weight', read[4] ?? null)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, {
      target,
      weight: this.weight,
      reduction: this.reduction,
      posWeight: this.pos_weight,
    })
  }
}

const NAMES_SOFT_MARGIN = ['sizeAverage', 'reduce', 'reduction'] as const
const readSoftMarginLoss = parameters<[Flag, Flag, LossReduction]>(
  'SoftMarginLoss',
  NAMES_SOFT_MARGIN,
)

/**
 * log(1 + exp(-target · input)), for targets 1 and -1.
 *
 * Shapes: input and target `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.SoftMarginLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SoftMarginLoss } from '@flambeau/nn'
 * console.log(new SoftMarginLoss()(tensor([0.5]), tensor([1], { dtype: 'float32' })))
 * // => tensor(0.4741)
 * ```
 */
export class SoftMarginLoss extends Loss {
  constructor(...given: Arguments<ReductionSettings, typeof NAMES_SOFT_MARGIN>) {
    const read = readSoftMarginLoss(given)
    super('SoftMarginLoss', read[2], read[0], read[1])
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return softMarginLoss(input, target, { reduction: this.reduction })
  }
}
