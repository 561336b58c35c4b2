/** Losses of distributions. */
import type { LossReduction, Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { poissonNllLoss, gaussianNllLoss } from '../functional/elementwise-losses.ts'
import type { Flag, ReductionSettings } from './base.ts'
import { Loss } from './base.ts'

export interface PoissonNLLLossOptions extends ReductionSettings {
  /** Is the input the logarithm of the rate? Default true. */
  logInput?: boolean
  /** Add Stirling's approximation of log(target!). Default false. */
  full?: boolean
  /** Added to a rate before its logarithm is taken. Default 1e-8. */
  eps?: number
}

const NAMES_POISSON_NLLLOSS = [
  'logInput',
  'full',
  'sizeAverage',
  'eps',
  'reduce',
  'reduction',
] as const
const readPoissonNLLLoss = parameters<[boolean, boolean, Flag, number, Flag, LossReduction]>(
  'PoissonNLLLoss',
  NAMES_POISSON_NLLLOSS,
)

/**
 * Negative log-likelihood of counts: exp(input) - target · input.
 *
 * Shapes: input and target `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.PoissonNLLLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { PoissonNLLLoss } from '@flambeau/nn'
 * console.log(new PoissonNLLLoss()(tensor([0.5]), tensor([2]))) // => tensor(0.6487)
 * ```
 */
export class PoissonNLLLoss extends Loss {
  readonly logInput: boolean
  readonly full: boolean
  readonly eps: number

  constructor(...given: Arguments<PoissonNLLLossOptions, typeof NAMES_POISSON_NLLLOSS>) {
    const read = readPoissonNLLLoss(given)
    super('PoissonNLLLoss', read[5], read[2], read[4])
    this.logInput = read[0] ?? true
    this.full = read[1] ?? false
    this.eps = read[3] ?? 1e-8
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this
    return poissonNllLoss(input, target, { logInput, full, eps, reduction })
  }
}

export interface GaussianNLLLossOptions {
  /** Add log(2π) / 2. Default false. */
  full?: boolean
  /** The least variance. Default 1e-6. */
  eps?: number
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

const NAMES_GAUSSIAN_NLLLOSS = ['full', 'eps', 'reduction'] as const
const readGaussianNLLLoss = parameters<[boolean, number, LossReduction]>(
  'GaussianNLLLoss',
  NAMES_GAUSSIAN_NLLLOSS,
)

/**
 * Negative log-likelihood of normal distributions: (log(var) + (input - target)² / var) / 2.
 *
 * Shapes: input and target `[*]`, variance `[*]`, or 1 or nothing in place of one axis -> `[]`, or
 * `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for negative variances.
 * @see torch.nn.GaussianNLLLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { GaussianNLLLoss } from '@flambeau/nn'
 * console.log(new GaussianNLLLoss()(tensor([0.5]), tensor([2.5]), tensor([0.5])))
 * // => tensor(3.6534)
 * ```
 */
export class GaussianNLLLoss extends Loss<
  [input: Tensor, target: Tensor, variance: Tensor | number]
> {
  readonly full: boolean
  readonly eps: number

  constructor(...given: Arguments<GaussianNLLLossOptions, typeof NAMES_GAUSSIAN_NLLLOSS>) {
    const read = readGaussianNLLLoss(given)
    super('GaussianNLLLoss', read[2])
    this.full = read[0] ?? false
    this.eps = read[1] ?? 1e-6
  }

  override forward(input: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    const { full, eps, reduction } = this
    return gaussianNllLoss(input, target, { var: variance, full, eps, reduction })
  }
}
