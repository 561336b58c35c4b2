/** Losses of scores of classes. */
import type { LossReduction, Tensor } from '@flambeau/core'
import { nllLoss } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import {
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
} from '../functional/class-losses.ts'
import type { Flag, ReductionSettings } from './base.ts'
import { Loss, WeightedLoss } from './base.ts'

const NAMES_MULTI_LABEL_MARGIN = ['sizeAverage', 'reduce', 'reduction'] as const
const readMultiLabelMarginLoss = parameters<[Flag, Flag, LossReduction]>(
  'MultiLabelMarginLoss',
  NAMES_MULTI_LABEL_MARGIN,
)

/**
 * Hinge loss of several labels a row, which end at the first -1: Σ max(0, 1 - right + wrong) / C.
 *
 * Shapes: input and target `[N, C]` or `[C]` -> `[]`, or `[N]` or `[]` with `reduction: 'none'`.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that
 * is no class.
 * @see torch.nn.MultiLabelMarginLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MultiLabelMarginLoss } from '@flambeau/nn'
 * const loss = new MultiLabelMarginLoss()
 * console.log(loss(tensor([0.5, 0.25]), tensor([1, -1])).item()) // => 0.625
 * ```
 */
export class MultiLabelMarginLoss extends Loss {
  constructor(...given: Arguments<ReductionSettings, typeof NAMES_MULTI_LABEL_MARGIN>) {
    const read = readMultiLabelMarginLoss(given)
    super('MultiLabelMarginLoss', read[2], read[0], read[1])
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return multilabelMarginLoss(input, target, { reduction: this.reduction })
  }
}

export interface MultiLabelSoftMarginLossOptions extends ReductionSettings {
  /** A factor for each class. Default null. */
  weight?: Tensor | null
}

const NAMES_MULTI_LABEL_SOFT_MARGIN = ['weight', 'sizeAverage', 'reduce', 'reduction'] as const
const readMultiLabelSoftMarginLoss = parameters<[Tensor | null, Flag, Flag, LossReduction]>(
  'MultiLabelSoftMarginLoss',
  NAMES_MULTI_LABEL_SOFT_MARGIN,
)

/**
 * The mean over the classes of -(target · log σ(input) + (1 - target) · log σ(-input)).
 *
 * Shapes: input and target `[N, C]` -> `[]`, or `[N]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.MultiLabelSoftMarginLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MultiLabelSoftMarginLoss } from '@flambeau/nn'
 * const loss = new MultiLabelSoftMarginLoss()
 * console.log(loss(tensor([[0.5, 0]]), tensor([[1, 0]]))) // => tensor(0.5836)
 * ```
 */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  constructor(
    ...given: Arguments<MultiLabelSoftMarginLossOptions, typeof NAMES_MULTI_LABEL_SOFT_MARGIN>
  ) {
    const read = readMultiLabelSoftMarginLoss(given)
    super('MultiLabelSoftMarginLoss', read[0], read[3], read[1], read[2])
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return multilabelSoftMarginLoss(input, target, {
      weight: this.weight,
      reduction: this.reduction,
    })
  }
}

export interface MultiMarginLossOptions extends ReductionSettings {
  /** A factor for each class, `[C]`. Default null. */
  weight?: Tensor | null
  /** 1 or 2. Default 1. */
  p?: number
  /** By how much the right score should be the largest. Default 1. */
  margin?: number
}

const NAMES_MULTI_MARGIN = ['p', 'margin', 'weight', 'sizeAverage', 'reduce', 'reduction'] as const
const readMultiMarginLoss = parameters<[number, number, Tensor | null, Flag, Flag, LossReduction]>(
  'MultiMarginLoss',
  NAMES_MULTI_MARGIN,
)

/**
 * Hinge loss of one label a row: Σ max(0, margin - right + wrong)^p / C.
 *
 * Shapes: input `[N, C]` or `[C]`, target `[N]` or `[]` -> `[]`, or target's shape with
 * `reduction: 'none'`.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that
 * is no class.
 * @see torch.nn.MultiMarginLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MultiMarginLoss } from '@flambeau/nn'
 * console.log(new MultiMarginLoss()(tensor([[0.5, 0.25]]), tensor([1])).item()) // => 0.625
 * ```
 */
export class MultiMarginLoss extends WeightedLoss {
  readonly p: number
  readonly margin: number

  constructor(...given: Arguments<MultiMarginLossOptions, typeof NAMES_MULTI_MARGIN>) {
    const read = readMultiMarginLoss(given)
    super('MultiMarginLoss', read[2], read[5], read[3], read[4])
    this.p = read[0] ?? 1
    this.margin = read[1] ?? 1
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { p, margin, weight, reduction } = this
    return multiMarginLoss(input, target, { p, margin, weight, reduction })
  }
}

export interface NLLLossOptions extends ReductionSettings {
  /** A factor for each class, `[C]`. Default null. */
  weight?: Tensor | null
  /** Targets with this label do not count. Default -100. */
  ignoreIndex?: number
}

const NAMES_NLLLOSS = ['weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction'] as const
const readNLLLoss = parameters<[Tensor | null, Flag, number, Flag, LossReduction]>(
  'NLLLoss',
  NAMES_NLLLOSS,
)

/**
 * Negative log-likelihood: -weight[target] · input[target], the input being log-probabilities.
 *
 * Shapes: input `[N, C]`, `[C]` or `[N, C, d1, …]`; target `[N]`, `[]` or `[N, d1, …]` -> `[]`, or
 * target's shape with `reduction: 'none'`.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that
 * is no class.
 * @see torch.nn.NLLLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { NLLLoss } from '@flambeau/nn'
 * console.log(new NLLLoss()(tensor([[-0.5, -1.5]]), tensor([1])).item()) // => 1.5
 * ```
 */
export class NLLLoss extends WeightedLoss {
  readonly ignoreIndex: number

  constructor(...given: Arguments<NLLLossOptions, typeof NAMES_NLLLOSS>) {
    const read = readNLLLoss(given)
    super('NLLLoss', read[0], read[4], read[1], read[3])
    this.ignoreIndex = read[2] ?? -100
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction } = this
    return nllLoss(input, target, { weight, ignoreIndex, reduction })
  }
}
