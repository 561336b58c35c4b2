/** Losses of scores of classes, and of distances. */
import { autocasting, inAutocast, requireFunction, show } from '@flambeau/core/internal'
import type { LossReduction, Tensor } from '@flambeau/core'
import {
  arange,
  crossEntropy,
  DTypeError,
  IndexError,
  linear,
  minimum,
  pairwiseDistance,
  ShapeError,
  ValueError,
  zerosLike,
} from '@flambeau/core'
import type { Arguments, LegacyReduction } from '@flambeau/core/internal'
import { legacyReduction, parameters } from '@flambeau/core/internal'
import { logsigmoid } from './activation.ts'
import { requireFloating, requireTensor } from './inputs.ts'
import { reduced } from './loss-inputs.ts'

type Flag = boolean | null

interface Labelled extends LegacyReduction {
  /** What the input should be. */
  target: Tensor
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

/** Scores as rows, and whether there was one row only. @throws {ShapeError} for other ranks. */
function rowsOf(op: string, input: Tensor): Tensor {
  requireFloating(op, input)
  const classes = input.shape.at(-1) ?? 1
  if (input.ndim <= 2 && classes > 0) {
    return input.ndim === 2 ? input : input.reshape(1, classes)
  }
  throw new ShapeError(op, { input }, 'scores must be [N, C] or [C], with classes', 'reshape them')
}

/** @throws {DTypeError} for labels that are not int64, @throws {IndexError} for ones out of range. */
function requireLabels(op: string, input: Tensor, target: Tensor, least: number): void {
  requireTensor(op, 'target', target)
  if (target.dtype !== 'int64') {
    throw new DTypeError(op, { input, target }, 'labels must be int64', ".to('int64')")
  }
  const classes = input.shape.at(-1) ?? 1
  const wrong = target.lt(least).logicalOr(target.ge(classes))
  if (wrong.any().item()) {
    const label = String(target.maskedSelect(wrong).select(0, 0).item())
    throw new IndexError(
      op,
      { input, target },
      `label ${label} is not among the ${classes} classes`,
      `labels are from ${least} to ${classes - 1}`,
    )
  }
}

const MULTI = ['target', 'p', 'margin', 'weight', 'sizeAverage', 'reduce', 'reduction'] as const
const readMulti = parameters<[Tensor, number, number, Tensor | null, Flag, Flag, LossReduction]>(
  'multiMarginLoss',
  MULTI,
)

export interface MultiMarginLossOptions extends Labelled {
  /** 1 or 2: the power of what is missing. Default 1. */
  p?: number
  /** By how much the right score should be the largest. Default 1. */
  margin?: number
  /** A factor for each class, `[C]`. Default null. */
  weight?: Tensor | null
}

/**
 * Σ max(0, margin - input[target] + input[i])^p / C over the classes i that are not the target.
 *
 * Shapes: input `[N, C]` or `[C]`, target `[N]` or `[]` -> `[]`, or target's shape with
 * `reduction: 'none'`. Dtype: input floating, target int64.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that
 * is no class. @throws {ValueError} for another p or reduction.
 * @see torch.nn.functional.multi_margin_loss
 */
export function multiMarginLoss(
  input: Tensor,
  ...given: Arguments<MultiMarginLossOptions, typeof MULTI>
): Tensor {
  if (autocasting.on) return inAutocast('multiMarginLoss', multiMarginLoss, [input, ...given])
  const op = 'multiMarginLoss'
  const read = readMulti(given)
  const [wanted, p = 1, margin = 1, weight = null, sizeAverage, reduce, reduction] = read
  const target = wanted as Tensor
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  const rows = rowsOf(op, input)
  if (p !== 1 && p !== 2)
    throw new ValueError(op, { input, p }, `p is 1 or 2, not ${show(p)}`, 'p: 1')
  requireLabels(op, input, target, 0)
  const [count, classes] = rows.shape as unknown as [number, number]
  const fits = input.ndim === 2 ? target.ndim === 1 : target.ndim <= 1
  if (!fits || target.numel() !== count) {
    throw new ShapeError(op, { input, target }, `target must be [${count}]`, 'a label for each row')
  }
  if (weight !== null && (weight.ndim !== 1 || weight.shape[0] !== classes)) {
    throw new ShapeError(op, { input, weight }, `weight must be [${classes}]`, 'one for each class')
  }
  const labels = target.reshape(count, 1)
  const right = rows.gather(1, labels)
  let missing = rows.sub(right).add(margin).clamp(0)
  if (p === 2) missing = missing.square()
  if (weight !== null)
    missing = missing.mul(weight.indexSelect(0, target.reshape(count)).unsqueeze(1))
  const others = arange(classes, { device: input.device }).ne(labels)
  const loss = missing.mul(others.to(rows.dtype)).sum(1).div(classes)
  return reduced(input.ndim < 2 && target.ndim === 0 ? loss.squeeze(0) : loss, kind)
}

const MULTILABEL = ['target', 'sizeAverage', 'reduce', 'reduction'] as const
const readMultilabel = parameters<[Tensor, Flag, Flag, LossReduction]>(
  'multilabelMarginLoss',
  MULTILABEL,
)

/**
 * Σ max(0, 1 - input[j] + input[i]) / C over the labels j of a row, which end at its first -1, and
 * the classes i that are none of them.
 *
 * Shapes: input and target `[N, C]` or `[C]` -> `[]`, or `[N]` or `[]` with `reduction: 'none'`.
 * Dtype: input floating, target int64.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that
 * is no class. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.multilabel_margin_loss
 */
export function multilabelMarginLoss(
  input: Tensor,
  ...given: Arguments<Labelled, typeof MULTILABEL>
): Tensor {
  if (autocasting.on)
    return inAutocast('multilabelMarginLoss', multilabelMarginLoss, [input, ...given])
  const op = 'multilabelMarginLoss'
  const [wanted, sizeAverage, reduce, reduction] = readMultilabel(given)
  const target = wanted as Tensor
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  const rows = rowsOf(op, input)
  requireLabels(op, input, target, -1)
  if (target.shape.join() !== input.shape.join()) {
    throw new ShapeError(
      op,
      { input, target },
      'target must have the shape of input',
      'pad with -1',
    )
  }
  const [count, classes] = rows.shape as unknown as [number, number]
  const all = target.reshape(count, classes)
  // A label counts as long as none before it is -1.
  const counts = all.lt(0).to('int64').cumsum(1).eq(0)
  const labels = all.clamp(0)
  const isLabel = zerosLike(rows.detach()).scatterAdd(1, labels, counts.to(rows.dtype)).gt(0)
  const right = rows.gather(1, labels).unsqueeze(2)
  const missing = rows.unsqueeze(1).sub(right).add(1).clamp(0)
  const pairs = counts.unsqueeze(2).logicalAnd(isLabel.logicalNot().unsqueeze(1))
  const loss = missing.mul(pairs.to(rows.dtype)).sum([1, 2]).div(classes)
  return reduced(input.ndim < 2 ? loss.squeeze(0) : loss, kind)
}

const SOFT = ['target', 'weight', 'sizeAverage', 'reduce', 'reduction'] as const
const readSoft = parameters<[Tensor, Tensor | null, Flag, Flag, LossReduction]>(
  'multilabelSoftMarginLoss',
  SOFT,
)

export interface MultilabelSoftMarginLossOptions extends Labelled {
  /** A factor for each class; broadcasts. Default null. */
  weight?: Tensor | null
}

/**
 * The mean over the classes of -(target · log σ(input) + (1 - target) · log σ(-input)).
 *
 * Shapes: input and target `[*, C]` -> `[]`, or `[*]` with `reduction: 'none'`. Dtype: floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.multilabel_soft_margin_loss
 */
export function multilabelSoftMarginLoss(
  input: Tensor,
  ...given: Arguments<MultilabelSoftMarginLossOptions, typeof SOFT>
): Tensor {
  const op = 'multilabelSoftMarginLoss'
  const [wanted, weight = null, sizeAverage, reduce, reduction] = readSoft(given)
  const target = wanted as Tensor
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  requireFloating(op, input)
  requireTensor(op, 'target', target)
  if (input.ndim === 0) {
    throw new ShapeError(op, { input }, 'scores must have an axis of classes', 'unsqueeze(0)')
  }
  const yes = target.mul(logsigmoid(input))
  const no = target.neg().add(1).mul(logsigmoid(input.neg()))
  const each = yes.add(no).neg()
  const loss = (weight === null ? each : each.mul(weight)).sum(input.ndim - 1)
  return reduced(loss.div(input.shape.at(-1) as number), kind)
}

/** A distance of the rows of two tensors. */
export type DistanceFunction = (first: Tensor, second: Tensor) => Tensor

export interface TripletMarginWithDistanceLossOptions {
  /** What is like the anchor. */
  positive: Tensor
  /** What is not. */
  negative: Tensor
  /** Default null: {@link pairwiseDistance}. */
  distanceFunction?: DistanceFunction | null
  /** How much nearer the positive should be; above 0. Default 1. */
  margin?: number
  /** Take the distance of positive and negative where it is smaller. Default false. */
  swap?: boolean
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

const TRIPLET = ['positive', 'negative', 'distanceFunction', 'margin', 'swap', 'reduction'] as const
const readTriplet = parameters<
  [Tensor, Tensor, DistanceFunction | null, number, boolean, LossReduction]
>('tripletMarginWithDistanceLoss', TRIPLET)

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)) for a distance d of one's own.
 *
 * Shapes: all `[N, *]` -> `[]`, or the shape of d's results with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the ranks differ.
 * @throws {ValueError} for another reduction, or a margin that is not above 0.
 * @see torch.nn.functional.triplet_margin_with_distance_loss
 */
export function tripletMarginWithDistanceLoss(
  anchor: Tensor,
  ...given: Arguments<TripletMarginWithDistanceLossOptions, typeof TRIPLET>
): Tensor {
  const op = 'tripletMarginWithDistanceLoss'
  const [near, far, own = null, margin = 1, swap = false, reduction] = readTriplet(given)
  const [positive, negative] = [near as Tensor, far as Tensor]
  const kind = legacyReduction(op, null, null, reduction)
  for (const [name, value] of Object.entries({ anchor, positive, negative })) {
    requireTensor(op, name, value)
  }
  if (!(margin > 0)) {
    throw new ValueError(
      op,
      { anchor, margin },
      `margin must be above 0, not ${show(margin)}`,
      'margin: 1',
    )
  }
  if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim) {
    throw new ShapeError(
      op,
      { anchor, positive, negative },
      'all must have the same number of axes',
      'add axes with unsqueeze()',
    )
  }
  if (own !== null) requireFunction(op, 'distanceFunction', own)
  const distance = own ?? ((a: Tensor, b: Tensor): Tensor => pairwiseDistance(a, b))
  const alike = distance(anchor, positive)
  let unlike = distance(anchor, negative)
  if (swap) unlike = minimum(unlike, distance(positive, negative))
  return reduced(alike.add(margin).sub(unlike).clamp(0), kind)
}

export interface LinearCrossEntropyOptions {
  /** The map to scores, `[C, D]` or `[C, …, D]`. */
  linearWeight: Tensor
  /** Labels or probabilities, as of crossEntropy. */
  target: Tensor
  /** `[C]` or `[C, …]`. Default null. */
  linearBias?: Tensor | null
  /** A factor for each class, `[C]`. Default null. */
  weight?: Tensor | null
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
  /** A label that does not count. Default null: -100. */
  ignoreIndex?: number | null
  /** Share of the target that is spread over all classes. Default 0. */
  labelSmoothing?: number
  /** Taken for PyTorch's sake: how it splits the work. Default null. */
  options?: object | null
}

const LINEAR = [
  'linearWeight',
  'target',
  'linearBias',
  'weight',
  'reduction',
  'ignoreIndex',
  'labelSmoothing',
  'options',
] as const
const readLinear = parameters<
  [
    Tensor,
    Tensor,
    Tensor | null,
    Tensor | null,
    LossReduction,
    number | null,
    number,
    object | null,
  ]
>('linearCrossEntropy', LINEAR)

/**
 * The cross-entropy of the scores linear(input, linearWeight, linearBias).
 *
 * Shapes: input `[N, D]` or `[D]`, linearWeight `[C, …, D]`, target of the scores' `[N, C, …]` or
 * less the axis C -> `[]`, or the latter with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {IndexError} for a label that is no class.
 * @throws {ValueError} for another reduction, or an ignoreIndex with probabilities.
 * @see torch.nn.functional.linear_cross_entropy
 */
export function linearCrossEntropy(
  input: Tensor,
  ...given: Arguments<LinearCrossEntropyOptions, typeof LINEAR>
): Tensor {
  const op = 'linearCrossEntropy'
  const [table, wanted, bias = null, weight = null, reduction = 'mean', ignore, smoothing] =
    readLinear(given)
  const linearWeight = table as Tensor
  const target = wanted as Tensor
  for (const [name, value] of Object.entries({ input, linearWeight, target })) {
    requireTensor(op, name, value)
  }
  const fail = (rule: string, fix: string): never => {
    throw new ShapeError(op, { input, linearWeight, linearBias: bias, target }, rule, fix)
  }
  if (input.ndim < 1 || input.ndim > 2) fail('input must be [N, D] or [D]', 'reshape it')
  if (linearWeight.ndim < 2) fail('linearWeight must be [C, …, D]', 'reshape it')
  const [classes = 0, ...inner] = linearWeight.shape
  const width = inner.pop() as number
  if (input.shape.at(-1) !== width) fail(`input must end in ${width}`, 'as linearWeight does')
  const outer = [classes, ...inner]
  if (bias !== null && bias.shape.join() !== outer.join()) {
    fail(`linearBias must be [${outer.join(', ')}]`, 'linearWeight less its last axis')
  }
  if (inner.length > 0 && input.ndim === 1) {
    fail('with several scores for each class the input must be [N, D]', 'unsqueeze(0)')
  }
  const shape = [...input.shape.slice(0, -1), ...outer]
  const ignored = ignore ?? null
  if (ignored !== null && target.shape.join() === shape.join()) {
    throw new ValueError(op, { input, target }, 'probabilities have no ignoreIndex', 'leave it out')
  }
  const flat = linear(input, linearWeight.reshape(-1, width), bias?.flatten() ?? null)
  return crossEntropy(flat.reshape(shape), target, {
    weight,
    reduction,
    ignoreIndex: ignored ?? -100,
    labelSmoothing: smoothing ?? 0,
  })
}
