/** Losses in nn.functional's order of arguments, where it is not torch's. */
import type { Lengths, LossReduction, Tensor } from '@flambeau/core'
import {
  binaryCrossEntropyWithLogits as bceWithLogits,
  cosineEmbeddingLoss as cosineEmbedding,
  ctcLoss as temporal,
  hingeEmbeddingLoss as hingeEmbedding,
  marginRankingLoss as marginRanking,
  ShapeError,
  tripletMarginLoss as tripletMargin,
  ValueError,
} from '@flambeau/core'
import type { Arguments, LegacyReduction } from '@flambeau/core/internal'
import { legacyReduction, parameters, show } from '@flambeau/core/internal'

type Flag = boolean | null

interface Reduced extends LegacyReduction {
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

export interface BinaryCrossEntropyWithLogitsOptions extends Reduced {
  /** The probability of yes, of the input's shape. */
  target: Tensor
  /** A factor for each element; broadcasts. Default null. */
  weight?: Tensor | null
  /** A factor for the part of yes; broadcasts. Default null. */
  posWeight?: Tensor | null
}

const BCE_NAMES = ['target', 'weight', 'sizeAverage', 'reduce', 'reduction', 'posWeight'] as const

const readBce = parameters<[Tensor, Tensor | null, Flag, Flag, LossReduction, Tensor | null]>(
  'binaryCrossEntropyWithLogits',
  BCE_NAMES,
)

/**
 * Cross-entropy of a sigmoid of scores; see core's binaryCrossEntropyWithLogits.
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`. Dtype: input floating.
 *
 * @throws {ShapeError} if input and target differ in shape. @throws {DTypeError} if input is not
 * floating. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.binary_cross_entropy_with_logits
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  ...given: Arguments<BinaryCrossEntropyWithLogitsOptions, typeof BCE_NAMES>
): Tensor {
  const op = 'binaryCrossEntropyWithLogits'
  const [wanted, weight = null, sizeAverage, reduce, reduction, posWeight = null] = readBce(given)
  const target = wanted as Tensor
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  const loss = bceWithLogits(input, target, weight, posWeight, kind)
  if (target.shape.join() !== input.shape.join()) {
    throw new ShapeError(
      op,
      { input, target },
      'input and target must have the same shape',
      'expand or reshape the target',
    )
  }
  return loss
}

export interface HingeEmbeddingLossOptions extends Reduced {
  /** 1 for pairs that are alike, -1 for others. */
  target: Tensor
  /** How far is far enough. Default 1. */
  margin?: number
}

const HINGE_NAMES = ['target', 'margin', 'sizeAverage', 'reduce', 'reduction'] as const

const readHinge = parameters<[Tensor, number, Flag, Flag, LossReduction]>(
  'hingeEmbeddingLoss',
  HINGE_NAMES,
)

/**
 * For distances of pairs: the distance where target is 1, max(0, margin - distance) where it is -1;
 * see core's hingeEmbeddingLoss.
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.hinge_embedding_loss
 */
export function hingeEmbeddingLoss(
  input: Tensor,
  ...given: Arguments<HingeEmbeddingLossOptions, typeof HINGE_NAMES>
): Tensor {
  const [target, margin = 1, sizeAverage, reduce, reduction] = readHinge(given)
  const kind = legacyReduction('hingeEmbeddingLoss', sizeAverage, reduce, reduction)
  return hingeEmbedding(input, target as Tensor, margin, kind)
}

export interface MarginRankingLossOptions extends Reduced {
  input2: Tensor
  /** 1 where input1 should be the larger one, -1 where input2. */
  target: Tensor
  /** By how much. Default 0. */
  margin?: number
}

const PAIR_NAMES = ['input2', 'target', 'margin', 'sizeAverage', 'reduce', 'reduction'] as const

type PairParameters = [Tensor, Tensor, number, Flag, Flag, LossReduction]

const readRanking = parameters<PairParameters>('marginRankingLoss', PAIR_NAMES)

/**
 * max(0, margin - target · (input1 - input2)); see core's marginRankingLoss.
 *
 * Shapes: all of one rank, which broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the ranks differ or the shapes do not broadcast.
 * @throws {ValueError} for another reduction.
 * @see torch.nn.functional.margin_ranking_loss
 */
export function marginRankingLoss(
  input1: Tensor,
  ...given: Arguments<MarginRankingLossOptions, typeof PAIR_NAMES>
): Tensor {
  const op = 'marginRankingLoss'
  const [other, labels, margin = 0, sizeAverage, reduce, reduction] = readRanking(given)
  const input2 = other as Tensor
  const target = labels as Tensor
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  const loss = marginRanking(input1, input2, target, margin, kind)
  if (input1.ndim !== input2.ndim || input1.ndim !== target.ndim) {
    throw new ShapeError(
      op,
      { input1, input2, target },
      'all must have the same number of axes',
      'add axes with unsqueeze()',
    )
  }
  return loss
}

export interface CosineEmbeddingLossOptions extends Reduced {
  input2: Tensor
  /** 1 for pairs that are alike, -1 for others. */
  target: Tensor
  /** What cosines of others may be. Default 0. */
  margin?: number
}

const readCosine = parameters<PairParameters>('cosineEmbeddingLoss', PAIR_NAMES)

/**
 * 1 - cos where target is 1, max(0, cos - margin) where it is -1; see core's cosineEmbeddingLoss.
 *
 * Shapes: input1 and input2 `[N, D]` with target `[N]`, or `[D]` with target `[]` -> `[]`, or
 * target's shape with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.cosine_embedding_loss
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  ...given: Arguments<CosineEmbeddingLossOptions, typeof PAIR_NAMES>
): Tensor {
  const [input2, target, margin = 0, sizeAverage, reduce, reduction] = readCosine(given)
  const kind = legacyReduction('cosineEmbeddingLoss', sizeAverage, reduce, reduction)
  return cosineEmbedding(input1, input2 as Tensor, target as Tensor, margin, kind)
}

export interface TripletMarginLossOptions extends Reduced {
  /** What is like the anchor. */
  positive: Tensor
  /** What is not. */
  negative: Tensor
  /** How much nearer the positive should be; above 0. Default 1. */
  margin?: number
  /** The p of the distances. Default 2. */
  p?: number
  /** Added to each difference. Default 1e-6. */
  eps?: number
  /** Take the distance of positive and negative where it is smaller. Default false. */
  swap?: boolean
}

const TRIPLET_NAMES = [
  'positive',
  'negative',
  'margin',
  'p',
  'eps',
  'swap',
  'sizeAverage',
  'reduce',
  'reduction',
] as const

const readTriplet = parameters<
  [Tensor, Tensor, number, number, number, boolean, Flag, Flag, LossReduction]
>('tripletMarginLoss', TRIPLET_NAMES)

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)); see core's tripletMarginLoss.
 *
 * Shapes: all `[*, D]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the ranks differ or the shapes do not broadcast.
 * @throws {ValueError} for another reduction, or a margin that is not above 0.
 * @see torch.nn.functional.triplet_margin_loss
 */
export function tripletMarginLoss(
  anchor: Tensor,
  ...given: Arguments<TripletMarginLossOptions, typeof TRIPLET_NAMES>
): Tensor {
  const op = 'tripletMarginLoss'
  const read = readTriplet(given)
  const [positive, negative, margin = 1, p = 2, eps = 1e-6, swap = false] = read
  const kind = legacyReduction(op, read[6], read[7], read[8])
  if (!(margin > 0)) {
    throw new ValueError(
      op,
      { anchor, margin },
      `margin must be above 0, not ${show(margin)}`,
      'margin: 1',
    )
  }
  return tripletMargin(anchor, positive as Tensor, negative as Tensor, margin, p, eps, swap, kind)
}

export interface CtcLossOptions {
  /** Class numbers, `[N, S]`, or those of all sequences in a row. */
  targets: Tensor
  /** How many steps of each sequence count, `[N]`. */
  inputLengths: Lengths
  /** How many labels each target has, `[N]`. */
  targetLengths: Lengths
  /** The class that stands for no label. Default 0. */
  blank?: number
  /** The mean is that of the losses over the lengths of their targets. Default 'mean'. */
  reduction?: LossReduction
  /** Make infinite losses 0, and their gradients too. Default false. */
  zeroInfinity?: boolean
}

const CTC_NAMES = [
  'targets',
  'inputLengths',
  'targetLengths',
  'blank',
  'reduction',
  'zeroInfinity',
] as const

const readCtc = parameters<[Tensor, Lengths, Lengths, number, LossReduction, boolean]>(
  'ctcLoss',
  CTC_NAMES,
)

/**
 * -log of the probability that the classes of a sequence, repetitions merged and blanks taken out,
 * are the target; see core's ctcLoss.
 *
 * Shapes: logProbs `[T, N, C]` or `[T, C]`, targets `[N, S]`, `[S]` or all in a row, lengths `[N]` or
 * `[]` -> `[]`, or `[N]` with `reduction: 'none'`.
 *
 * @throws {ShapeError, DTypeError, IndexError, ValueError} as core's.
 * @see torch.nn.functional.ctc_loss
 */
export function ctcLoss(
  logProbs: Tensor,
  ...given: Arguments<CtcLossOptions, typeof CTC_NAMES>
): Tensor {
  const [targets, input, target, blank, reduction = 'mean', zeroInfinity] = readCtc(given)
  return temporal(
    logProbs,
    targets as Tensor,
    input as Lengths,
    target as Lengths,
    blank ?? 0,
    reduction,
    zeroInfinity ?? false,
  )
}
