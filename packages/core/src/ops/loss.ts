/** Losses, each in one pass over the scores. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { onesLike } from '../creation.ts'
import { BOOL, INT64, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { SavedInputs } from '../op.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, formatShape, sameShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import type { LegacyReduction, LossReduction } from './loss-rule.ts'
import { legacyReduction, REDUCTIONS } from './loss-rule.ts'
import { logSoftmax, softmax, softmaxGrad } from './softmax.ts'

export interface NllLossOptions extends LegacyReduction {
  /** A factor per class, `[C]`. */
  weight?: Tensor | null
  /** Targets with this label do not count, neither for the sum nor for the mean. Default -100. */
  ignoreIndex?: number
  /** Default `'mean'`: the sum divided by the weights of the targets that count. */
  reduction?: LossReduction
}

export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of each target that is spread over all classes. Default 0. */
  labelSmoothing?: number
}

/** What the kernels of classification losses take, in their order. */
interface ClassParams {
  reduction: LossReduction
  numbers: readonly number[]
}

export type { LossReduction } from './loss-rule.ts'

interface Target {
  /** What should come out. */
  target: Tensor
}

type Flag = boolean | null
type ClassParameters = [Tensor, Tensor | null, Flag, number, Flag, LossReduction, number]

const NLL_NAMES = ['target', 'weight', 'sizeAverage', 'ignoreIndex', 'reduce', 'reduction'] as const
const CROSS_ENTROPY_NAMES = [
  'target',
  'weight',
  'sizeAverage',
  'ignoreIndex',
  'reduce',
  'reduction',
  'labelSmoothing',
] as const

const readNllLoss = parameters<ClassParameters>('nllLoss', NLL_NAMES)
const readCrossEntropy = parameters<ClassParameters>('crossEntropy', CROSS_ENTROPY_NAMES)

/** The axis of the classes: the first of `[C]`, the second of `[N, C, …]`. */
function classAxis(rank: number): number {
  return rank === 1 ? 0 : 1
}

/** Labels and weights after all checks; labels as int64, weights in the scores' dtype. */
interface Checked {
  target: Tensor
  weight: Tensor | null
  rows: Shape
}

function requireScores(op: string, input: Tensor, target: Tensor): void {
  requireTensor(op, 'input', input)
  requireTensor(op, 'target', target)
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(op, { input }, 'input must be floating', "convert: input.to('float32')")
  }
  if (input.ndim === 0 || input._shape[classAxis(input.ndim)] === 0) {
    throw new ShapeError(
      op,
      { input },
      'input must have the shape [C], [N, C] or [N, C, d1, …] with at least one class',
      'add an axis with unsqueeze()',
    )
  }
}

function requireWeight(op: string, input: Tensor, weight: Tensor | null): Tensor | null {
  if (weight === null) return null
  requireTensor(op, 'weight', weight)
  const classes = input._shape[classAxis(input.ndim)] as number
  if (weight.ndim !== 1 || weight._shape[0] !== classes) {
    throw new ShapeError(
      op,
      { input, weight },
      `weight must have the shape [${classes}], one factor per class`,
      'the classes are the axis 1 of input (axis 0 if it has one axis)',
    )
  }
  return castCode(weight, input._dtype)
}

function checkLabels(
  op: string,
  input: Tensor,
  target: Tensor,
  givenWeight: Tensor | null,
  ignoreIndex: number,
): Checked {
  const axis = classAxis(input.ndim)
  const rows = input._shape.filter((_, i) => i !== axis)
  if (isFloatingCode(target._dtype) || target._dtype === BOOL) {
    throw new DTypeError(
      op,
      { input, target },
      `labels must be integers, not ${target.dtype}`,
      "convert: target.to('int64')",
    )
  }
  if (!sameShape(target._shape, rows)) {
    throw new ShapeError(
      op,
      { input, target },
      `target must have the shape ${formatShape(rows)}, one label per row of scores`,
      sameShape(target._shape, input._shape)
        ? 'labels are class numbers; one-hot targets are labels after target.argmax(1)'
        : 'the classes are the axis 1 of input (axis 0 if it has one axis)',
    )
  }
  if (!Number.isSafeInteger(ignoreIndex)) {
    throw new ValueError(
      op,
      [{ name: 'ignoreIndex', description: show(ignoreIndex) }],
      'ignoreIndex must be a whole number',
      '{ ignoreIndex: -100 }',
    )
  }
  const weight = requireWeight(op, input, givenWeight)
  return { target: castCode(target, INT64), weight, rows }
}

// --- cross-entropy ---

// The second output is [3, rows…]: the largest score, the log of the sum of all relative to it, and
// the factor of the softmax in the gradient.
const crossEntropyOp = defineOp<'input' | 'target' | 'weight', ClassParams>(
  'crossEntropy',
  ['input', 'target', 'weight'],
  {
    kernel: 'cross_entropy',
    outputs: 2,
    derivative: {
      input: needs(['input', 'target', 'weight', 'out1'], (grad, saved, { params }) =>
        crossEntropyGrad(grad, saved, saved['out1'] as Tensor, params),
      ),
      target: 'non-differentiable',
      weight: 'non-differentiable',
    },
  },
)

const crossEntropyGradOp = defineOp<
  'grad' | 'input' | 'target' | 'weight' | 'statistics',
  ClassParams
>('crossEntropyGrad', ['grad', 'input', 'target', 'weight', 'statistics'], {
  kernel: 'cross_entropy_grad',
  derivative: {
    // Linear in grad: v times the gradient for grad = 1, summed over what one element of grad gave.
    grad: needs(['grad', 'input', 'target', 'weight', 'statistics'], (v, saved, { params }) => {
      const one = onesLike(saved['grad'] as Tensor)
      const each = v.mul(crossEntropyGrad(one, saved, saved['statistics'] as Tensor, params))
      return params.reduction === 'none' ? each.sum(classAxis(v.ndim)) : each
    }),
    // grad · factor · (softmax - constants)
    input: needs(['grad', 'input', 'statistics'], (v, { grad, input, statistics }, { params }) => {
      const axis = classAxis(v.ndim)
      const perRow = (x: Tensor): Tensor => x.unsqueeze(axis)
      const factor = perRow((statistics as Tensor).detach().select(0, 2))
      const g = grad as Tensor
      return softmaxGrad(v, softmax(input as Tensor, axis), axis)
        .mul(factor)
        .mul(params.reduction === 'none' ? perRow(g) : g)
    }),
    target: 'non-differentiable',
    weight: 'non-differentiable',
    statistics: 'non-differentiable',
  },
})

function crossEntropyGrad(
  grad: Tensor,
  saved: SavedInputs,
  statistics: Tensor,
  params: ClassParams,
): Tensor {
  const input = saved['input'] as Tensor
  const inputs = [grad, input, ...labelsOf(saved), statistics]
  return run(crossEntropyGradOp, inputs, input._shape, input._dtype, params.numbers, params)
}

/**
 * Softmax and negative log-likelihood in one: -log softmax(input)[target].
 *
 * Shapes: input `[C]`, `[N, C]` or `[N, C, d1, …]`; target with the labels `[]`, `[N]` or
 * `[N, d1, …]` -> `[]`, or the target's shape with `reduction: 'none'`. Floating targets of the
 * input's shape are probabilities of the classes. A mean over nothing is NaN.
 * Dtype: input floating; labels integers.
 *
 * @throws {ShapeError, DTypeError} if the shapes or dtypes do not fit. @throws {IndexError} for a
 * label outside of [0, C) that is not `ignoreIndex`. @throws {ValueError} for bad options.
 * @see torch.nn.functional.cross_entropy
 *
 * @example
 * ```ts
 * import { crossEntropy, tensor } from '@flambeau/core'
 * const logits = tensor([[2, 1, 0], [0, 0, 0]], { dtype: 'float32' })
 * console.log(crossEntropy(logits, tensor([0, 2], { dtype: 'int64' }))) // tensor(0.7531)
 * ```
 */
export function crossEntropy(
  input: Tensor,
  ...given: Arguments<Target & CrossEntropyOptions, typeof CROSS_ENTROPY_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('crossEntropy', crossEntropy, [input, ...given])
  const op = 'crossEntropy'
  const read = readCrossEntropy(given)
  const [labels, givenWeight = null, sizeAverage, ignore, reduce, kind, smoothing = 0] = read
  const target = labels as Tensor
  requireScores(op, input, target)
  const reduction = legacyReduction(op, sizeAverage, reduce, kind)
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new ValueError(
      op,
      [{ name: 'labelSmoothing', description: show(smoothing) }],
      'labelSmoothing must lie in [0, 1]',
      'it is the share of a target that is spread over all classes',
    )
  }
  if (isFloatingCode(target._dtype) && sameShape(target._shape, input._shape))
    return softCrossEntropy(input, target, givenWeight, ignore ?? -100, smoothing, reduction)
  const ignoreIndex = ignore ?? -100
  const checked = checkLabels(op, input, target, givenWeight, ignoreIndex)
  const numbers = [REDUCTIONS.indexOf(reduction), ignoreIndex, smoothing]
  const { weight, rows } = checked
  const [loss, statistics] = runMany(
    crossEntropyOp,
    [input, checked.target, weight],
    [
      { shape: reduction === 'none' ? rows : [], dtype: input._dtype },
      { shape: [3, ...rows], dtype: input._dtype },
    ],
    numbers,
    { reduction, numbers },
  )
  // If the gradient will need them, the graph keeps them.
  statistics?.dispose()
  return loss as Tensor
}

/** Cross-entropy against probabilities. */
function softCrossEntropy(
  input: Tensor,
  target: Tensor,
  givenWeight: Tensor | null,
  ignoreIndex: number,
  smoothing: number,
  reduction: LossReduction,
): Tensor {
  if (ignoreIndex >= 0) {
    throw new ValueError(
      'crossEntropy',
      { input, target },
      'ignoreIndex is for labels, but the targets are probabilities',
      'leave ignoreIndex out',
    )
  }
  const weight = requireWeight('crossEntropy', input, givenWeight)
  const axis = classAxis(input.ndim)
  const classes = input._shape[axis] as number
  const share = castCode(target, input._dtype)
  const smooth = smoothing > 0 ? share.mul(1 - smoothing).add(smoothing / classes) : share
  let each = logSoftmax(input, axis).mul(smooth)
  if (weight !== null) {
    const sizes = input._shape.map((_, i) => (i === axis ? classes : 1))
    each = each.mul(weight.reshape(sizes))
  }
  if (reduction === 'none') return each.sum(axis).neg()
  const sum = each.sum()
  return reduction === 'sum' ? sum.neg() : sum.mul(-classes / input.numel())
}

// --- negative log-likelihood ---

const nllLossOp = defineOp<'input' | 'target' | 'weight', ClassParams>(
  'nllLoss',
  ['input', 'target', 'weight'],
  {
    kernel: 'nll_loss',
    derivative: {
      input: needs(['target', 'weight'], (grad, saved, { params, shapes }) =>
        nllLossGrad(grad, saved, shapes[0] as Shape, params),
      ),
      target: 'non-differentiable',
      weight: 'non-differentiable',
    },
  },
)

const nllLossGradOp = defineOp<'grad' | 'target' | 'weight', ClassParams>(
  'nllLossGrad',
  ['grad', 'target', 'weight'],
  {
    kernel: 'nll_loss_grad',
    derivative: {
      // The loss is linear in its input, so it is the adjoint of its own gradient.
      grad: needs(['target', 'weight'], (v, saved, { params, shapes }) =>
        rawNllLoss(v, labelsOf(saved), shapes[0] as Shape, params),
      ),
      target: 'non-differentiable',
      weight: 'non-differentiable',
    },
  },
)

/** Labels and weights as they were saved. */
function labelsOf(saved: SavedInputs): [target: Tensor, weight: Tensor | null] {
  return [saved['target'] as Tensor, (saved['weight'] as Tensor | null | undefined) ?? null]
}

function rawNllLoss(
  input: Tensor,
  labels: [Tensor, Tensor | null],
  shape: Shape,
  params: ClassParams,
): Tensor {
  return run(nllLossOp, [input, ...labels], shape, input._dtype, params.numbers, params)
}

function nllLossGrad(grad: Tensor, saved: SavedInputs, shape: Shape, params: ClassParams): Tensor {
  const inputs = [grad, ...labelsOf(saved)]
  return run(nllLossGradOp, inputs, shape, grad._dtype, params.numbers, params)
}

/**
 * Negative log-likelihood: -input[target], input being log-probabilities (see logSoftmax).
 *
 * Shapes: input `[C]`, `[N, C]` or `[N, C, d1, …]`; target `[]`, `[N]` or `[N, d1, …]` -> `[]`, or
 * the target's shape with `reduction: 'none'`. A mean over nothing is NaN.
 * Dtype: input floating; labels integers.
 *
 * @throws {ShapeError, DTypeError} if the shapes or dtypes do not fit. @throws {IndexError} for a
 * label outside of [0, C) that is not `ignoreIndex`. @throws {ValueError} for bad options.
 * @see torch.nn.functional.nll_loss
 */
export function nllLoss(
  input: Tensor,
  ...given: Arguments<Target & NllLossOptions, typeof NLL_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('nllLoss', nllLoss, [input, ...given])
  const op = 'nllLoss'
  const [target, weight = null, sizeAverage, ignoreIndex = -100, reduce, kind] = readNllLoss(given)
  requireScores(op, input, target as Tensor)
  const reduction = legacyReduction(op, sizeAverage, reduce, kind)
  const numbers = [REDUCTIONS.indexOf(reduction), ignoreIndex]
  const checked = checkLabels(op, input, target as Tensor, weight, ignoreIndex)
  const shape = reduction === 'none' ? checked.rows : []
  return rawNllLoss(input, [checked.target, checked.weight], shape, { reduction, numbers })
}

// --- mean squared error ---

interface MseParams {
  reduction: LossReduction
}

const mseLossOp = defineOp<'input' | 'target', MseParams>('mseLoss', ['input', 'target'], {
  kernel: 'mse_loss',
  derivative: {
    input: needs(['input', 'target'], (grad, { input, target }, { params }) =>
      mseLossGrad(grad, input as Tensor, target as Tensor, params),
    ),
    target: needs(['input', 'target'], (grad, { input, target }, { params }) =>
      mseLossGrad(grad, target as Tensor, input as Tensor, params),
    ),
  },
})

const mseLossGradOp = defineOp<'grad' | 'input' | 'target', MseParams>(
  'mseLossGrad',
  ['grad', 'input', 'target'],
  {
    kernel: 'mse_loss_grad',
    derivative: {
      grad: needs(['input', 'target'], (v, { input, target }, { params }) =>
        v.mul((input as Tensor).sub(target as Tensor)).mul(slope(v, params)),
      ),
      input: needs(['grad'], (v, { grad }, { params }) =>
        v.mul(grad as Tensor).mul(slope(v, params)),
      ),
      target: needs(['grad'], (v, { grad }, { params }) =>
        v.mul(grad as Tensor).mul(-slope(v, params)),
      ),
    },
  },
)

/** The derivative of the loss by half of one difference. */
function slope(x: Tensor, { reduction }: MseParams): number {
  return reduction === 'mean' ? 2 / x.numel() : 2
}

function mseLossGrad(grad: Tensor, input: Tensor, target: Tensor, params: MseParams): Tensor {
  const numbers = [REDUCTIONS.indexOf(params.reduction)]
  return run(mseLossGradOp, [grad, input, target], input._shape, input._dtype, numbers, params)
}

export interface MseLossOptions extends LegacyReduction {
  /** Default `'mean'`. */
  reduction?: LossReduction
  /** A factor for each element, of the shape of input; the mean is over their sum. Default null. */
  weight?: Tensor | null
}

const MSE_NAMES = ['target', 'sizeAverage', 'reduce', 'reduction', 'weight'] as const

const readMseLoss = parameters<[Tensor, Flag, Flag, LossReduction, Tensor | null]>(
  'mseLoss',
  MSE_NAMES,
)

/**
 * Mean squared error: the mean of (input - target)².
 *
 * Shapes: input and target broadcast to `[*]` -> `[]`, or `[*]` with `reduction: 'none'`. A mean
 * over nothing is NaN. Dtype: their common dtype, which must be floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if both are integers.
 * @throws {ValueError} for another reduction.
 * @see torch.nn.functional.mse_loss
 */
export function mseLoss(
  input: Tensor,
  ...given: Arguments<Target & MseLossOptions, typeof MSE_NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('mseLoss', mseLoss, [input, ...given])
  const [other, sizeAverage, reduce, kind, weight = null] = readMseLoss(given)
  const target = other as Tensor
  requireTensor('mseLoss', 'input', input)
  requireTensor('mseLoss', 'target', target)
  const reduction = legacyReduction('mseLoss', sizeAverage, reduce, kind)
  if (weight !== null) return weightedMse(input, target, weight, reduction)
  const numbers = [REDUCTIONS.indexOf(reduction)]
  const dtype = promote(input._dtype, target._dtype)
  if (!isFloatingCode(dtype)) {
    throw new DTypeError(
      'mseLoss',
      { input, target },
      'input or target must be floating',
      "convert: input.to('float32')",
    )
  }
  const shape = broadcastShapes('mseLoss', input._shape, target._shape, { input, target })
  const [a, b] = [input, target].map((one) => {
    const x = castCode(one, dtype)
    return sameShape(x._shape, shape) ? x : x.expand(shape)
  }) as [Tensor, Tensor]
  return run(mseLossOp, [a, b], reduction === 'none' ? shape : [], dtype, numbers, { reduction })
}

/** The mean is over the sum of the weights. */
function weightedMse(
  input: Tensor,
  target: Tensor,
  weight: Tensor,
  reduction: LossReduction,
): Tensor {
  requireTensor('mseLoss', 'weight', weight)
  if (!sameShape(weight._shape, input._shape)) {
    throw new ShapeError(
      'mseLoss',
      { input, target, weight },
      `weight must be ${formatShape(input._shape)} as the input is, not ${formatShape(weight._shape)}`,
      'expand it',
    )
  }
  const each = input.sub(target).square().mul(weight)
  if (reduction === 'none') return each
  return reduction === 'sum' ? each.sum() : each.sum().div(weight.sum())
}
