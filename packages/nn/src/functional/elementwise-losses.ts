/** Losses of pairs of elements. */
import { autocasting, inAutocast, show } from '@flambeau/core/internal'
import type { LossReduction, Tensor } from '@flambeau/core'
import { broadcastTensors, fullLike, ShapeError, ValueError, where, xlogy } from '@flambeau/core'
import type { Arguments, LegacyReduction } from '@flambeau/core/internal'
import { legacyReduction, parameters } from '@flambeau/core/internal'
import { requireFloating, requireTensor, widened } from './inputs.ts'
import { reduced, requireSameShape } from './loss-inputs.ts'

type Flag = boolean | null

interface Compared extends LegacyReduction {
  /** What the input should be. */
  target: Tensor
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

interface Weighted {
  /** A factor for each element. Default null. */
  weight?: Tensor | null
}

function difference(op: string, input: Tensor, target: Tensor): Tensor {
  requireTensor(op, 'input', input)
  requireTensor(op, 'target', target)
  return input.sub(target)
}

function weighted(op: string, input: Tensor, loss: Tensor, weight: Tensor | null): Tensor {
  if (weight === null) return loss
  requireSameShape(op, { input, weight })
  return loss.mul(weight)
}

const L1 = ['target', 'sizeAverage', 'reduce', 'reduction', 'weight'] as const
const readL1 = parameters<[Tensor, Flag, Flag, LossReduction, Tensor | null]>('l1Loss', L1)

/**
 * |input - target|.
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.l1_loss
 */
export function l1Loss(input: Tensor, ...given: Arguments<Compared & Weighted, typeof L1>): Tensor {
  if (autocasting.on) return inAutocast('l1Loss', l1Loss, [input, ...given])
  const [target, sizeAverage, reduce, reduction, weight = null] = readL1(given)
  const kind = legacyReduction('l1Loss', sizeAverage, reduce, reduction)
  const loss = difference('l1Loss', input, target as Tensor).abs()
  return reduced(weighted('l1Loss', input, loss, weight), kind)
}

const SMOOTH = ['target', 'sizeAverage', 'reduce', 'reduction', 'beta'] as const
const readSmooth = parameters<[Tensor, Flag, Flag, LossReduction, number]>('smoothL1Loss', SMOOTH)

/**
 * With d = |input - target|: d² / (2 · beta) where d is below beta, and d - beta / 2 elsewhere.
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @throws {ValueError} for another reduction, or a negative beta.
 * @see torch.nn.functional.smooth_l1_loss
 */
export function smoothL1Loss(
  input: Tensor,
  ...given: Arguments<Compared & { beta?: number }, typeof SMOOTH>
): Tensor {
  if (autocasting.on) return inAutocast('smoothL1Loss', smoothL1Loss, [input, ...given])
  const op = 'smoothL1Loss'
  const [target, sizeAverage, reduce, reduction, beta = 1] = readSmooth(given)
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  if (!(beta >= 0)) {
    throw new ValueError(op, { input, beta }, `beta must be ≥ 0, not ${show(beta)}`, 'beta: 1')
  }
  if (beta === 0) return l1Loss(input, target as Tensor, { reduction: kind })
  return widenedPair(op, input, target as Tensor, (a, b) => {
    const gap = difference(op, a, b)
    const far = gap.abs()
    const loss = where(far.lt(beta), gap.square().mul(0.5 / beta), far.sub(beta / 2))
    return reduced(loss, kind)
  })
}

const HUBER = ['target', 'reduction', 'delta', 'weight'] as const
const readHuber = parameters<[Tensor, LossReduction, number, Tensor | null]>('huberLoss', HUBER)

export interface HuberLossOptions extends Weighted {
  /** What the input should be. */
  target: Tensor
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
  /** Where the loss becomes linear; above 0. Default 1. */
  delta?: number
}

/**
 * With d = |input - target|: d² / 2 where d is at most delta, and delta · (d - delta / 2) elsewhere.
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit.
 * @throws {ValueError} for another reduction, or a delta that is not above 0.
 * @see torch.nn.functional.huber_loss
 */
export function huberLoss(
  input: Tensor,
  ...given: Arguments<HuberLossOptions, typeof HUBER>
): Tensor {
  if (autocasting.on) return inAutocast('huberLoss', huberLoss, [input, ...given])
  const op = 'huberLoss'
  const [target, reduction, delta = 1, weight = null] = readHuber(given)
  const kind = legacyReduction(op, null, null, reduction)
  if (!(delta > 0)) {
    throw new ValueError(
      op,
      { input, delta },
      `delta must be above 0, not ${show(delta)}`,
      'delta: 1',
    )
  }
  return widenedPair(op, input, target as Tensor, (a, b) => {
    const gap = difference(op, a, b)
    const far = gap.abs()
    const loss = where(far.le(delta), gap.square().mul(0.5), far.sub(delta / 2).mul(delta))
    return reduced(weighted(op, input, loss, weight), kind)
  })
}

/** `fn` of both in float32 where the input has 16 bits. */
function widenedPair(
  op: string,
  input: Tensor,
  target: Tensor,
  fn: (input: Tensor, target: Tensor) => Tensor,
): Tensor {
  requireTensor(op, 'input', input)
  requireTensor(op, 'target', target)
  return widened(input, (wide) => fn(wide, wide === input ? target : target.to(wide.dtype)))
}

const BCE = ['target', 'weight', 'sizeAverage', 'reduce', 'reduction'] as const
const readBce = parameters<[Tensor, Tensor | null, Flag, Flag, LossReduction]>(
  'binaryCrossEntropy',
  BCE,
)

/**
 * -(target · log(input) + (1 - target) · log(1 - input)), the logarithms at least -100.
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`; weight broadcasts.
 * Dtype: floating.
 *
 * @throws {ShapeError} if input and target differ in shape. @throws {DTypeError} if input is not
 * floating. @throws {ValueError} for another reduction, or inputs outside of [0, 1].
 * @see torch.nn.functional.binary_cross_entropy
 */
export function binaryCrossEntropy(
  input: Tensor,
  ...given: Arguments<Compared & Weighted, typeof BCE>
): Tensor {
  if (autocasting.on) return inAutocast('binaryCrossEntropy', binaryCrossEntropy, [input, ...given])
  const op = 'binaryCrossEntropy'
  const [wanted, weight = null, sizeAverage, reduce, reduction] = readBce(given)
  const target = wanted as Tensor
  requireFloating(op, input)
  requireTensor(op, 'target', target)
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  requireSameShape(op, { input, target })
  return widenedPair(op, input, target, (p, yes) => {
    const fixed = p.detach()
    const spread = fixed.neg().add(1).mul(fixed)
    const least = spread.numel() === 0 ? 0 : spread.min().item()
    if (!(least >= 0)) {
      throw new ValueError(
        op,
        { input },
        'inputs must be probabilities, from 0 to 1',
        'apply sigmoid(), or use binaryCrossEntropyWithLogits',
      )
    }
    const loss = least < LEAST_SPREAD ? edgeEntropy(p, yes, spread) : entropy(p, yes)
    return reduced(weight === null ? loss : loss.mul(weight), kind)
  })
}

/** PyTorch divides by p · (1 - p) in the derivative, and by no less than this. */
const LEAST_SPREAD = 1e-12

function entropy(p: Tensor, yes: Tensor): Tensor {
  const sure = p.log().clamp(-100)
  const not = p.neg().log1p().clamp(-100)
  return not.sub(sure).mul(yes).sub(not)
}

/**
 * The entropy where some probabilities are 0 or 1, as a sigmoid gives them far out. The logarithms have
 * no derivative there (theirs would make 0 / 0 of it): a parabola has it in their place,
 * (p - yes) / LEAST_SPREAD.
 */
function edgeEntropy(p: Tensor, yes: Tensor, spread: Tensor): Tensor {
  const inside = spread.ge(LEAST_SPREAD)
  const value = entropy(p.detach(), yes)
  const parabola = p.mul(p.div(2).sub(yes.detach())).div(LEAST_SPREAD)
  const edge = value.add(parabola.sub(parabola.detach()))
  return where(inside, entropy(where(inside, p, 0.5), yes), edge)
}

/** What {@link klDiv} does with its elements; 'batchmean' divides the sum by the first size. */
export type KlReduction = LossReduction | 'batchmean'

const KL = ['target', 'sizeAverage', 'reduce', 'reduction', 'logTarget'] as const
const readKl = parameters<[Tensor, Flag, Flag, KlReduction, boolean]>('klDiv', KL)

export interface KlDivOptions extends LegacyReduction {
  /** The true distribution: probabilities, or their logarithms with `logTarget`. */
  target: Tensor
  /** All losses, their mean or sum, or the sum over the first size. Default 'mean'. */
  reduction?: KlReduction
  /** Is the target a logarithm? Default false. */
  logTarget?: boolean
}

/**
 * Divergence of distributions: target · (log(target) - input), the input being log-probabilities.
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.kl_div
 */
export function klDiv(input: Tensor, ...given: Arguments<KlDivOptions, typeof KL>): Tensor {
  if (autocasting.on) return inAutocast('klDiv', klDiv, [input, ...given])
  const op = 'klDiv'
  const [wanted, sizeAverage, reduce, reduction = 'mean', logTarget = false] = readKl(given)
  const target = wanted as Tensor
  requireTensor(op, 'input', input)
  requireTensor(op, 'target', target)
  const batch = reduction === 'batchmean'
  const kind = legacyReduction(op, sizeAverage, reduce, batch ? 'sum' : reduction)
  const loss = logTarget
    ? target.exp().mul(target.sub(input))
    : xlogy(target, target).sub(target.mul(input))
  const out = reduced(loss, kind)
  return batch && input.ndim > 0 ? out.div(input.shape[0] as number) : out
}

const POISSON = ['target', 'logInput', 'full', 'sizeAverage', 'eps', 'reduce', 'reduction'] as const
const readPoisson = parameters<[Tensor, boolean, boolean, Flag, number, Flag, LossReduction]>(
  'poissonNllLoss',
  POISSON,
)

export interface PoissonNllLossOptions extends Compared {
  /** Is the input the logarithm of the rate? Default true. */
  logInput?: boolean
  /** Add Stirling's approximation of log(target!) where target is above 1. Default false. */
  full?: boolean
  /** Added to a rate that is not a logarithm, before its own is taken. Default 1e-8. */
  eps?: number
}

/**
 * Negative log-likelihood of counts: exp(input) - target · input, or with `logInput: false`
 * input - target · log(input + eps).
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.poisson_nll_loss
 */
export function poissonNllLoss(
  input: Tensor,
  ...given: Arguments<PoissonNllLossOptions, typeof POISSON>
): Tensor {
  if (autocasting.on) return inAutocast('poissonNllLoss', poissonNllLoss, [input, ...given])
  const op = 'poissonNllLoss'
  const read = readPoisson(given)
  const [wanted, logInput = true, full = false, sizeAverage, eps = 1e-8, reduce] = read
  const target = wanted as Tensor
  requireTensor(op, 'input', input)
  requireTensor(op, 'target', target)
  const kind = legacyReduction(op, sizeAverage, reduce, read[6])
  let loss = logInput
    ? input.exp().sub(target.mul(input))
    : input.sub(target.mul(input.add(eps).log()))
  if (full) {
    const term = target
      .mul(target.log())
      .sub(target)
      .add(
        target
          .mul(2 * Math.PI)
          .log()
          .mul(0.5),
      )
    loss = loss.add(term.maskedFill(target.le(1), 0))
  }
  return reduced(loss, kind)
}

const GAUSS = ['target', 'var', 'full', 'eps', 'reduction'] as const
const readGauss = parameters<[Tensor, Tensor | number, boolean, number, LossReduction]>(
  'gaussianNllLoss',
  GAUSS,
)

export interface GaussianNllLossOptions {
  /** What was seen. */
  target: Tensor
  /** The variance: one, one for each element, or one for each row. */
  var: Tensor | number
  /** Add log(2π) / 2. Default false. */
  full?: boolean
  /** The least variance. Default 1e-6. */
  eps?: number
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

/**
 * Negative log-likelihood of normal distributions: (log(var) + (input - target)² / var) / 2.
 *
 * Shapes: input and target `[*]`; var the same, or 1 or nothing in place of one axis -> `[]`, or
 * `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit.
 * @throws {ValueError} for another reduction, or negative variances.
 * @see torch.nn.functional.gaussian_nll_loss
 */
export function gaussianNllLoss(
  input: Tensor,
  ...given: Arguments<GaussianNllLossOptions, typeof GAUSS>
): Tensor {
  const op = 'gaussianNllLoss'
  const [target, spread, full = false, eps = 1e-6, reduction] = readGauss(given)
  const kind = legacyReduction(op, null, null, reduction)
  const error = difference(op, input, target as Tensor).square()
  let variance = typeof spread === 'number' ? fullLike(input.detach(), spread) : (spread as Tensor)
  requireTensor(op, 'var', variance)
  if (variance.detach().lt(0).any().item()) {
    throw new ValueError(op, { input, var: variance }, 'variances are never negative', 'exp() it')
  }
  if (variance.shape.join() !== input.shape.join()) {
    if (variance.shape.join() === input.shape.slice(0, -1).join() && input.ndim > 0) {
      variance = variance.unsqueeze(-1)
    } else {
      const wrong = variance.shape.filter((size, axis) => size !== input.shape[axis])
      if (variance.ndim !== input.ndim || wrong.reduce((a, b) => a + b, 0) !== 1) {
        throw new ShapeError(
          op,
          { input, var: variance },
          "var must have input's shape, but for one axis that may be 1 or missing at the end",
          'expand or reshape it',
        )
      }
    }
  }
  // The bound changes the value only: gradients pass it.
  const bounded = variance.add(variance.detach().clamp(eps).sub(variance.detach()))
  const loss = bounded.log().add(error.div(bounded)).mul(0.5)
  return reduced(full ? loss.add(0.5 * Math.log(2 * Math.PI)) : loss, kind)
}

const SOFT = ['target', 'sizeAverage', 'reduce', 'reduction'] as const
const readSoft = parameters<[Tensor, Flag, Flag, LossReduction]>('softMarginLoss', SOFT)

/**
 * log(1 + exp(-target · input)), for targets 1 and -1.
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.functional.soft_margin_loss
 */
export function softMarginLoss(input: Tensor, ...given: Arguments<Compared, typeof SOFT>): Tensor {
  if (autocasting.on) return inAutocast('softMarginLoss', softMarginLoss, [input, ...given])
  const op = 'softMarginLoss'
  const [target, sizeAverage, reduce, reduction] = readSoft(given)
  const kind = legacyReduction(op, sizeAverage, reduce, reduction)
  return widenedPair(op, input, target as Tensor, (x, y) => {
    const [a, b] = broadcastTensors(x, y) as unknown as [Tensor, Tensor]
    return reduced(a.mul(b).neg().exp().log1p(), kind)
  })
}
