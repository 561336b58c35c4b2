/** Activations that bend or jump in one place. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import { isNamed, parameters } from '../arguments.ts'
import { isFloatingCode } from '../dtype.ts'
import { inPlace, operandOf, requireTensor, unary } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { inPlaceOf } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { formatShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { refuseBool, requireFloating, requireHeld } from './rules.ts'
import { where } from './ternary.ts'

interface EluParams {
  /** Factors of e^(scale·x) - 1 below 0, and of x above. */
  below: number
  above: number
  scale: number
}

const eluOp = defineOp<'input', EluParams>('elu', ['input'], {
  derivative: {
    // The exponent is kept at 0 where x is positive: 0 · ∞ would not be 0.
    input: needs(['input'], (grad, { input }, { params: { below, above, scale } }) => {
      const x = input as Tensor
      const curve = x
        .clampMax(0)
        .mul(scale)
        .exp()
        .mul(below * scale)
      return where(x.le(0), grad.mul(curve), grad.mul(above))
    }),
  },
})

function readAlpha(op: string, input: Tensor, given: readonly unknown[], fallback: number): number {
  requireTensor(op, 'input', input)
  requireFloating(op, { input })
  const [alpha = fallback] = parameters<[number]>(op, ['alpha'])(given)
  if (typeof alpha === 'number') return alpha
  throw new ValueError(op, { input }, `alpha must be a number, not ${show(alpha)}`, '{ alpha: 1 }')
}

function eluNumbers({ below, above, scale }: EluParams): number[] {
  return [below, above, scale]
}

export interface EluOptions {
  /** Height of the curve below 0. Default 1. */
  alpha?: number
}

/**
 * x where x > 0, alpha · (e^x - 1) elsewhere: the exponential linear unit.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see Clevert, Unterthiner, Hochreiter 2015, https://arxiv.org/abs/1511.07289;
 * torch.nn.functional.elu
 */
export function elu(input: Tensor, alpha?: number | EluOptions): Tensor {
  const params = { below: readAlpha('elu', input, [alpha], 1), above: 1, scale: 1 }
  return unary(eluOp, input, 'same', eluNumbers(params), params)
}

function celuParams(op: string, input: Tensor, given: unknown): EluParams {
  const alpha = readAlpha(op, input, [given], 1)
  if (alpha === 0) {
    throw new ValueError(op, { input, alpha }, 'alpha must not be 0', 'leave it out for 1')
  }
  return { below: alpha, above: 1, scale: 1 / alpha }
}

/**
 * x where x > 0, alpha · (e^(x/alpha) - 1) elsewhere: {@link elu} with a continuous slope.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} if alpha is 0.
 * @see Barron 2017, https://arxiv.org/abs/1704.07483; torch.celu
 */
export function celu(input: Tensor, alpha?: number | EluOptions): Tensor {
  const params = celuParams('celu', input, alpha)
  return unary(eluOp, input, 'same', eluNumbers(params), params)
}

/** {@link celu}, writing into the tensor. @see torch.celu_ */
export function celu_(input: Tensor, alpha?: number | EluOptions): Tensor {
  const params = celuParams('celu_', input, alpha)
  return inPlace(eluOp, input, [], 'same', eluNumbers(params), params)
}

const SELU_SCALE = 1.0507009873554805
const SELU: EluParams = {
  below: 1.6732632423543772 * SELU_SCALE,
  above: SELU_SCALE,
  scale: 1,
}

/**
 * {@link elu} with the factors that keep mean 0 and variance 1 from layer to layer.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see Klambauer, Unterthiner, Mayr, Hochreiter 2017, https://arxiv.org/abs/1706.02515; torch.selu
 */
export function selu(input: Tensor): Tensor {
  requireTensor('selu', 'input', input)
  requireFloating('selu', { input })
  return unary(eluOp, input, 'same', eluNumbers(SELU), SELU)
}

/** {@link selu}, writing into the tensor. @see torch.selu_ */
export function selu_(input: Tensor): Tensor {
  requireTensor('selu_', 'input', input)
  requireFloating('selu_', { input })
  return inPlace(eluOp, input, [], 'same', eluNumbers(SELU), SELU)
}

export interface ThresholdOptions {
  /** What x must exceed to stay. */
  threshold: number
  /** What takes the place of x elsewhere. */
  value: number
}

/** The parameters of {@link threshold}, by position or by name. */
export type ThresholdArguments =
  | [threshold: number, value: number | Pick<ThresholdOptions, 'value'>]
  | [options: ThresholdOptions]

/**
 * x where x > threshold, `value` elsewhere. NaN stays.
 *
 * Shapes: input `[*]` -> same. Dtype: kept; of `value` the whole part counts for integers.
 *
 * @throws {DTypeError} for bool.
 * @see torch.threshold
 */
export function threshold(input: Tensor, ...given: ThresholdArguments): Tensor {
  requireTensor('threshold', 'input', input)
  refuseBool('threshold', input)
  const read = parameters<[number, number]>('threshold', ['threshold', 'value'])
  const [bound, value] = read(given)
  for (const [name, number] of Object.entries({ threshold: bound, value })) {
    if (typeof number === 'number') continue
    throw new ValueError(
      'threshold',
      { input },
      `${name} must be a number, not ${show(number)}`,
      'threshold(x, 0, 0)',
    )
  }
  requireHeld('threshold', input._dtype, [bound, value])
  const replacement = value as number
  const low = input.le(bound as number)
  return where(low, isFloatingCode(input._dtype) ? replacement : Math.trunc(replacement), input)
}

/** {@link threshold}, writing into the tensor. @see torch.threshold_ */
export const threshold_: typeof threshold = inPlaceOf('threshold_', threshold)

export interface HardshrinkOptions {
  /** Half the width of what becomes 0. Default 0.5. */
  lambd?: number
}

/**
 * 0 where |x| ≤ lambd, x elsewhere.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.hardshrink
 */
export function hardshrink(input: Tensor, lambd?: number | HardshrinkOptions): Tensor {
  requireTensor('hardshrink', 'input', input)
  requireFloating('hardshrink', { input })
  const [width = 0.5] = parameters<[number]>('hardshrink', ['lambd'])([lambd])
  if (typeof width !== 'number') {
    throw new ValueError(
      'hardshrink',
      { input },
      `lambd must be a number, not ${show(width)}`,
      '{ lambd: 0.5 }',
    )
  }
  return where(input.ge(-width).logicalAnd(input.le(width)), 0, input)
}

type WeightTensor = Tensor | { weight: Tensor }

/**
 * x where x > 0, weight · x elsewhere.
 *
 * Shapes: input `[N, C, *]` -> same; weight `[C]` or a single number, `[1]` or `[]`. Dtype: floating,
 * the same of both, kept.
 *
 * @throws {ShapeError} if there is another number of weights. @throws {DTypeError} for other dtypes.
 * @see He, Zhang, Ren, Sun 2015, https://arxiv.org/abs/1502.01852; torch.prelu
 */
export function prelu(input: Tensor, weight: WeightTensor): Tensor {
  if (autocasting.on) return inAutocast('prelu', prelu, [input, weight])
  requireTensor('prelu', 'input', input)
  const slope = isNamed(weight) ? operandOf('prelu', 'weight', weight) : weight
  requireTensor('prelu', 'weight', slope)
  requireFloating('prelu', { input })
  if (slope._dtype !== input._dtype) {
    throw new DTypeError(
      'prelu',
      { input, weight: slope },
      `input and weight must be of one dtype, not ${input.dtype} and ${slope.dtype}`,
      `convert the weight with .to('${input.dtype}')`,
    )
  }
  return where(input.gt(0), input, input.mul(alongChannels(input, slope)))
}

/** The weight with the axes of the input, so that it broadcasts along axis 1. */
function alongChannels(input: Tensor, weight: Tensor): Tensor {
  const count = weight.numel()
  const channels = input.ndim > 1 ? (input.shape[1] as number) : 1
  if (weight.ndim > 1 || (count !== 1 && (input.ndim === 0 || count !== channels))) {
    throw new ShapeError(
      'prelu',
      { input, weight },
      `the weight ${formatShape(weight.shape)} must be a single number or have one for each of ${channels} channels`,
      `use a weight of shape [1] or [${channels}]`,
    )
  }
  if (count === 1 || input.ndim < 2) return input.ndim === 0 ? weight.reshape([]) : weight
  return weight.reshape([count, ...input.shape.slice(2).map(() => 1)])
}

export interface ThresholdMethods {
  /** See {@link hardshrink}. */
  hardshrink(lambd?: number | HardshrinkOptions): Tensor
  /** See {@link prelu}. */
  prelu(weight: WeightTensor): Tensor
}

export const thresholdMethods: MethodTable<ThresholdMethods> = { hardshrink, prelu }
