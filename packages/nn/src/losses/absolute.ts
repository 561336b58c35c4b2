/** Losses of distances between numbers. */
import type { LossReduction, Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { l1Loss, smoothL1Loss, huberLoss } from '../functional/elementwise-losses.ts'
import type { Flag, ReductionSettings } from './base.ts'
import { Loss } from './base.ts'

const NAMES_L1 = ['sizeAverage', 'reduce', 'reduction'] as const
const readL1Loss = parameters<[Flag, Flag, LossReduction]>('L1Loss', NAMES_L1)

/**
 * Mean absolute error: the mean of |input - target|.
 *
 * Shapes: input and target `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.L1Loss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { L1Loss } from '@flambeau/nn'
 * console.log(new L1Loss()(tensor([1.5, 4]), tensor([2, 2])).item()) // => 1.25
 * ```
 */
export class L1Loss extends Loss {
  constructor(...given: Arguments<ReductionSettings, typeof NAMES_L1>) {
    const read = readL1Loss(given)
    super('L1Loss', read[2], read[0], read[1])
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, { reduction: this.reduction })
  }
}

export interface SmoothL1LossOptions extends ReductionSettings {
  /** Where the loss becomes linear; ≥ 0. Default 1. */
  beta?: number
}

const NAMES_SMOOTH_L1 = ['sizeAverage', 'reduce', 'reduction', 'beta'] as const
const readSmoothL1Loss = parameters<[Flag, Flag, LossReduction, number]>(
  'SmoothL1Loss',
  NAMES_SMOOTH_L1,
)

/**
 * Square error below `beta`, absolute error above: d² / (2 · beta), or d - beta / 2.
 *
 * Shapes: input and target `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.SmoothL1Loss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SmoothL1Loss } from '@flambeau/nn'
 * console.log(new SmoothL1Loss()(tensor([1.0, 4]), tensor([2, 2])).item()) // => 1
 * ```
 */
export class SmoothL1Loss extends Loss {
  readonly beta: number

  constructor(...given: Arguments<SmoothL1LossOptions, typeof NAMES_SMOOTH_L1>) {
    const read = readSmoothL1Loss(given)
    super('SmoothL1Loss', read[2], read[0], read[1])
    this.beta = read[3] ?? 1
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, { reduction: this.reduction, beta: this.beta })
  }
}

export interface HuberLossOptions {
  /** Where the loss becomes linear; above 0. Default 1. */
  delta?: number
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

const NAMES_HUBER = ['reduction', 'delta'] as const
const readHuberLoss = parameters<[LossReduction, number]>('HuberLoss', NAMES_HUBER)

/**
 * Square error below `delta`, absolute error above: d² / 2, or delta · (d - delta / 2).
 *
 * Shapes: input and target `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.HuberLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { HuberLoss } from '@flambeau/nn'
 * console.log(new HuberLoss()(tensor([1, 4]), tensor([2, 2])).item()) // => 1
 * ```
 */
export class HuberLoss extends Loss {
  readonly delta: number

  constructor(...given: Arguments<HuberLossOptions, typeof NAMES_HUBER>) {
    const read = readHuberLoss(given)
    super('HuberLoss', read[0])
    this.delta = read[1] ?? 1
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, { reduction: this.reduction, delta: this.delta })
  }
}
