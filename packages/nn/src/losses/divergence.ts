/** Losses of whole distributions and sequences. */
import type { Lengths, LossReduction, Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import type { Arguments, LegacyReduction } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import type { KlReduction } from '../functional/elementwise-losses.ts'
import { klDiv } from '../functional/elementwise-losses.ts'
import { ctcLoss } from '../functional/losses.ts'
import { Module } from '../module.ts'
import type { Flag } from './base.ts'
import { Loss } from './base.ts'

export interface KLDivLossOptions extends LegacyReduction {
  /** All losses, their mean or sum, or the sum over the first size. Default 'mean'. */
  reduction?: KlReduction
  /** Is the target a logarithm? Default false. */
  logTarget?: boolean
}

const KL = ['sizeAverage', 'reduce', 'reduction', 'logTarget'] as const
const readKl = parameters<[Flag, Flag, KlReduction, boolean]>('KLDivLoss', KL)

const KL_REDUCTIONS: readonly string[] = ['none', 'mean', 'sum', 'batchmean']

/**
 * Divergence of distributions: target · (log(target) - input), the input being log-probabilities.
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`; 'batchmean' is the
 * divergence itself.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.KLDivLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { KLDivLoss } from '@flambeau/nn'
 * const loss = new KLDivLoss({ reduction: 'batchmean' })
 * console.log(loss(tensor([[-0.5, -1.5]]), tensor([[0.5, 0.5]]))) // => tensor(0.3069)
 * ```
 */
export class KLDivLoss extends Module<[input: Tensor, target: Tensor]> {
  readonly reduction: KlReduction
  readonly logTarget: boolean

  constructor(...given: Arguments<KLDivLossOptions, typeof KL>) {
    super()
    const [sizeAverage, reduce, reduction = 'mean', logTarget = false] = readKl(given)
    if (!KL_REDUCTIONS.includes(reduction)) {
      throw new ValueError(
        'KLDivLoss',
        [],
        `reduction is one of ${KL_REDUCTIONS.join(', ')}, not ${show(reduction)}`,
        "{ reduction: 'batchmean' }",
      )
    }
    const old = (sizeAverage ?? null) !== null || (reduce ?? null) !== null
    const legacy = reduce === false ? 'none' : sizeAverage === false ? 'sum' : 'mean'
    this.reduction = old ? legacy : reduction
    this.logTarget = logTarget
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, { reduction: this.reduction, logTarget: this.logTarget })
  }
}

export interface CTCLossOptions {
  /** The class that stands for no label. Default 0. */
  blank?: number
  /** All losses, the mean of those over their targets' lengths, or the sum. Default 'mean'. */
  reduction?: LossReduction
  /** Make infinite losses 0, and their gradients too. Default false. */
  zeroInfinity?: boolean
}

const CTC = ['blank', 'reduction', 'zeroInfinity'] as const
const readCtc = parameters<[number, LossReduction, boolean]>('CTCLoss', CTC)

/**
 * -log of the probability that the classes of a sequence, repetitions merged and blanks taken out,
 * are the target.
 *
 * Shapes: logProbs `[T, N, C]` or `[T, C]`, targets `[N, S]`, `[S]` or all in a row, lengths `[N]` or
 * `[]` -> `[]`, or `[N]` with `reduction: 'none'`.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that
 * is no class. @throws {ValueError} for lengths, a blank or a reduction outside of their range.
 * @see torch.nn.CTCLoss; Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { CTCLoss } from '@flambeau/nn'
 * const logProbs = zeros([4, 1, 3]).logSoftmax(2)
 * console.log(new CTCLoss()(logProbs, tensor([[1, 2]]), [4], [2])) // => tensor(0.8432)
 * ```
 */
export class CTCLoss extends Loss<
  [logProbs: Tensor, targets: Tensor, inputLengths: Lengths, targetLengths: Lengths]
> {
  readonly blank: number
  readonly zeroInfinity: boolean

  constructor(...given: Arguments<CTCLossOptions, typeof CTC>) {
    const [blank = 0, reduction, zeroInfinity = false] = readCtc(given)
    super('CTCLoss', reduction)
    this.blank = blank
    this.zeroInfinity = zeroInfinity
  }

  override forward(
    logProbs: Tensor,
    targets: Tensor,
    inputLengths: Lengths,
    targetLengths: Lengths,
  ): Tensor {
    const { blank, reduction, zeroInfinity } = this
    const settings = { blank, reduction, zeroInfinity }
    return ctcLoss(logProbs, targets, inputLengths, targetLengths, settings)
  }
}
