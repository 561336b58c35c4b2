/** Losses that leave examples alone once they are far enough on the right side. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { tensor } from '../creation.ts'
import { defaultFloatCode, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import type { AnyReduction } from './loss-rule.ts'
import { reduceLoss, reductionOf } from './loss-rule.ts'
import { pairwiseDistance } from './similarity.ts'
import { where } from './ternary.ts'

interface Reduced {
  /**
   * `'none'`, `'mean'` or `'sum'`, or PyTorch's 0, 1, 2. Default 'none', as torch's function
   * has it; nn.functional's has 'mean'.
   */
  reduction?: AnyReduction
}

interface Margin extends Reduced {
  /** How far is far enough. */
  margin?: number
}

/** Integers as the default dtype: margins are real numbers, however they are written. */
function floating(x: Tensor): Tensor {
  return isFloatingCode(x._dtype) ? x : castCode(x, defaultFloatCode())
}

/** margin - x, the margin having been rounded to a narrow dtype of x. */
function differenceFrom(margin: number, x: Tensor): Tensor {
  const minuend = floating(x)
  return tensor(margin, { dtype: minuend.dtype, device: minuend.device }).sub(minuend)
}

function requireTensors(op: string, tensors: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(tensors)) requireTensor(op, name, value)
}

export interface HingeEmbeddingLossOptions extends Margin {
  /** 1 for pairs that are alike, -1 for others. */
  target: Tensor
}

const HINGE_NAMES = ['target', 'margin', 'reduction'] as const

const readHinge = parameters<[Tensor, number, AnyReduction]>('hingeEmbeddingLoss', HINGE_NAMES)

/**
 * For distances of pairs: the distance where target is 1, max(0, margin - distance) where it is -1,
 * and both for any other target.
 *
 * Shapes: input and target broadcast to `[*]` -> `[*]`, or `[]` with another reduction. Dtype:
 * that of input. Default margin 1.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.hinge_embedding_loss
 */
export function hingeEmbeddingLoss(
  input: Tensor,
  ...given: Arguments<HingeEmbeddingLossOptions, typeof HINGE_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('hingeEmbeddingLoss', hingeEmbeddingLoss, [input, ...given])
  const op = 'hingeEmbeddingLoss'
  const [target, margin = 1, reduction = 'none'] = readHinge(given)
  requireTensors(op, { input, target })
  const kind = reductionOf(op, reduction)
  const labels = target as Tensor
  const near = where(labels.ne(-1), input, 0)
  const far = where(labels.ne(1), differenceFrom(margin, input).clampMin(0), 0)
  return reduceLoss(far.add(near), kind)
}

export interface MarginRankingLossOptions extends Margin {
  input2: Tensor
  /** 1 where input1 should be the larger one, -1 where input2. */
  target: Tensor
}

const RANKING_NAMES = ['input2', 'target', 'margin', 'reduction'] as const

const readRanking = parameters<[Tensor, Tensor, number, AnyReduction]>(
  'marginRankingLoss',
  RANKING_NAMES,
)

/**
 * max(0, margin - target · (input1 - input2)): the larger of two scores should be the one that
 * target names.
 *
 * Shapes: all broadcast to `[*]` -> `[*]`, or `[]` with another reduction. Default margin 0.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.margin_ranking_loss
 */
export function marginRankingLoss(
  input1: Tensor,
  ...given: Arguments<MarginRankingLossOptions, typeof RANKING_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('marginRankingLoss', marginRankingLoss, [input1, ...given])
  const op = 'marginRankingLoss'
  const [input2, target, margin = 0, reduction = 'none'] = readRanking(given)
  requireTensors(op, { input1, input2, target })
  const kind = reductionOf(op, reduction)
  const difference = input1.sub(input2 as Tensor)
  const loss = floating((target as Tensor).neg().mul(difference))
    .add(margin)
    .clampMin(0)
  return reduceLoss(loss, kind)
}

export interface CosineEmbeddingLossOptions extends Margin {
  input2: Tensor
  /** 1 for pairs that are alike, -1 for others. */
  target: Tensor
}

const COSINE_NAMES = ['input2', 'target', 'margin', 'reduction'] as const

const readCosine = parameters<[Tensor, Tensor, number, AnyReduction]>(
  'cosineEmbeddingLoss',
  COSINE_NAMES,
)

/**
 * 1 - cos where target is 1, max(0, cos - margin) where it is -1, cos being that of the angle
 * between input1 and input2.
 *
 * Shapes: input1 and input2 `[N, D]` with target `[N]`, or `[D]` with target `[]` -> target's
 * shape, or `[]` with another reduction. Default margin 0. Dtype: integers become the default.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for another reduction.
 * @see torch.cosine_embedding_loss
 */
export function cosineEmbeddingLoss(
  input1: Tensor,
  ...given: Arguments<CosineEmbeddingLossOptions, typeof COSINE_NAMES>
): Tensor {
  if (autocasting.on)
    return inAutocast('cosineEmbeddingLoss', cosineEmbeddingLoss, [input1, ...given])
  const op = 'cosineEmbeddingLoss'
  const [second, labels, margin = 0, reduction = 'none'] = readCosine(given)
  requireTensors(op, { input1, input2: second, target: labels })
  const input2 = second as Tensor
  const target = labels as Tensor
  const kind = reductionOf(op, reduction)
  const axis = target.ndim
  if (axis > 1 || input1.ndim !== axis + 1 || input2.ndim !== axis + 1) {
    throw new ShapeError(
      op,
      { input1, input2, target },
      'the inputs are [N, D] with a target [N], or [D] with a target []',
      'target has a number for each pair',
    )
  }
  const tiny = 1e-12
  const square = (x: Tensor): Tensor => x.mul(x).sum(axis).add(tiny)
  const product = input1.mul(input2).sum(axis)
  const cosine = product.div(square(input1).mul(square(input2)).sqrt())
  const near = where(target.eq(1), cosine.neg().add(1), 0)
  const far = where(target.eq(-1), cosine.sub(margin).clampMin(0), 0)
  return reduceLoss(near.add(far), kind)
}

export interface TripletMarginLossOptions extends Margin {
  /** What is like the anchor. */
  positive: Tensor
  /** What is not. */
  negative: Tensor
  /** The p of the distances. Default 2. */
  p?: number
  /** Added to each difference. Default 1e-6. */
  eps?: number
  /** Take the distance of positive and negative where it is smaller. Default false. */
  swap?: boolean
}

const TRIPLET_NAMES = ['positive', 'negative', 'margin', 'p', 'eps', 'swap', 'reduction'] as const

const readTriplet = parameters<[Tensor, Tensor, number, number, number, boolean, AnyReduction]>(
  'tripletMarginLoss',
  TRIPLET_NAMES,
)

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)), d being the p-norm of the difference.
 *
 * Shapes: all `[*, D]`, which broadcast -> `[*]`, or `[]` with another reduction. Default margin 1.
 * Dtype: the common one; integers become the default.
 *
 * @throws {ShapeError} if the ranks differ or the shapes do not broadcast.
 * @throws {ValueError} for another reduction.
 * @see torch.triplet_margin_loss
 */
export function tripletMarginLoss(
  anchor: Tensor,
  ...given: Arguments<TripletMarginLossOptions, typeof TRIPLET_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('tripletMarginLoss', tripletMarginLoss, [anchor, ...given])
  const op = 'tripletMarginLoss'
  const read = readTriplet(given)
  const [like, unlike, margin = 1, p = 2, eps = 1e-6, swap = false, reduction = 'none'] = read
  requireTensors(op, { anchor, positive: like, negative: unlike })
  const positive = like as Tensor
  const negative = unlike as Tensor
  const kind = reductionOf(op, reduction)
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim) {
    throw new ShapeError(
      op,
      { anchor, positive, negative },
      'anchor, positive and negative must have the same number of axes',
      'add axes with unsqueeze()',
    )
  }
  const near = pairwiseDistance(anchor, positive, p, eps)
  let far = pairwiseDistance(anchor, negative, p, eps)
  if (swap) far = far.minimum(pairwiseDistance(positive, negative, p, eps))
  return reduceLoss(near.sub(far).add(margin).clampMin(0), kind)
}
