/** Activations that core does not have, and in-place forms of those that it has. */
import type { GeluOptions, SoftplusOptions, Tensor } from '@flambeau/core'
import * as core from '@flambeau/core'
import { DTypeError, empty, IndexError, ShapeError, ValueError, where } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import { placed, requireFloating, requireNumbers, requireTensor, widened } from './inputs.ts'

export type { GeluOptions, SoftplusOptions }

export interface InplaceOptions {
  /** Write the result into the input. Default false. */
  inplace?: boolean
}

const INPLACE = ['inplace'] as const

/** The arguments of a function that takes nothing but `inplace`. */
export type InplaceArguments = Arguments<InplaceOptions, typeof INPLACE>

type Unary = (input: Tensor) => Tensor

function plain(
  op: string,
  fn: Unary,
  fnInPlace?: Unary,
): (input: Tensor, ...given: InplaceArguments) => Tensor {
  const read = parameters<[boolean]>(op, INPLACE)
  return (input, ...given) => {
    const [inplace = false] = read(given)
    return inplace && fnInPlace !== undefined ? fnInPlace(input) : placed(op, input, inplace, fn)
  }
}

/** Checks that the input is floating, and computes in float32 at least. */
const floating =
  (op: string, fn: Unary): Unary =>
  (input) => {
    requireFloating(op, input)
    return widened(input, fn)
  }

/** max(x, 0). Shapes: `[*]` -> same. Dtype: kept. @throws {DTypeError} for bool. @see torch.nn.functional.relu */
export const relu: (input: Tensor, ...given: InplaceArguments) => Tensor = plain(
  'relu',
  core.relu,
  core.relu_,
)

/** x · sigmoid(x). Shapes: `[*]` -> same. Dtype: floating, kept. @throws {DTypeError} for others. @see torch.nn.functional.silu */
export const silu: (input: Tensor, ...given: InplaceArguments) => Tensor = plain('silu', core.silu)

/** ELU that keeps mean 0 and variance 1; see core's. Shapes: `[*]` -> same. Dtype: floating, kept. @throws {DTypeError} for others. @see torch.nn.functional.selu */
export const selu: (input: Tensor, ...given: InplaceArguments) => Tensor = plain(
  'selu',
  core.selu,
  core.selu_,
)

/**
 * x · tanh(log(1 + e^x)).
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see Misra 2019, https://arxiv.org/abs/1908.08681; torch.nn.functional.mish
 */
export const mish: (input: Tensor, ...given: InplaceArguments) => Tensor = plain(
  'mish',
  floating('mish', (x) => x.mul(core.softplus(x, 1, EXACT).tanh())),
)

// Beyond it, log(1 + e^x) is x in float64 too.
const EXACT = 40

/**
 * 0 up to -3, 1 from 3, x / 6 + 1/2 between.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.functional.hardsigmoid
 */
export const hardsigmoid: (input: Tensor, ...given: InplaceArguments) => Tensor = plain(
  'hardsigmoid',
  floating('hardsigmoid', (x) => where(x.le(-3), 0, where(x.ge(3), 1, x.add(3).div(6)))),
)

/**
 * 0 up to -3, x from 3, x · (x + 3) / 6 between.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see Howard et al. 2019, https://arxiv.org/abs/1905.02244; torch.nn.functional.hardswish
 */
export const hardswish: (input: Tensor, ...given: InplaceArguments) => Tensor = plain(
  'hardswish',
  floating('hardswish', (x) => where(x.le(-3), 0, where(x.ge(3), x, x.mul(x.add(3)).div(6)))),
)

function clipped(op: string, input: Tensor, low: number, high: number): Tensor {
  requireTensor(op, 'input', input)
  requireNumbers(op, input, { minVal: low, maxVal: high })
  if (input.dtype === 'bool') {
    throw new DTypeError(op, { input }, 'is not defined for bool', "convert with .to('uint8')")
  }
  if (low > high) {
    throw new ValueError(
      op,
      { input },
      `minVal (${low}) must be at most maxVal (${high})`,
      'swap them',
    )
  }
  if (input.isFloatingPoint()) {
    // At the limits the gradient is 0, unlike that of clamp.
    return where(input.le(low), low, where(input.ge(high), high, input))
  }
  if (low < 0 && input.dtype === 'uint8') {
    throw new ValueError(
      op,
      { input },
      `uint8 has no limit below 0, such as ${low}`,
      "convert with .to('int32')",
    )
  }
  return input.clamp(Math.trunc(low), Math.trunc(high))
}

/**
 * x within [0, 6], the limits beyond.
 *
 * Shapes: `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.functional.relu6
 */
export const relu6: (input: Tensor, ...given: InplaceArguments) => Tensor = plain('relu6', (x) =>
  clipped('relu6', x, 0, 6),
)

export interface HardtanhOptions extends InplaceOptions {
  /** The lower limit. Default -1. */
  minVal?: number
  /** The upper limit. Default 1. */
  maxVal?: number
}

const HARDTANH = ['minVal', 'maxVal', 'inplace'] as const
const readHardtanh = parameters<[number, number, boolean]>('hardtanh', HARDTANH)

/** Ways to give the arguments of {@link hardtanh}. */
export type HardtanhArguments = Arguments<HardtanhOptions, typeof HARDTANH>

/**
 * x within [minVal, maxVal], the limits beyond.
 *
 * Shapes: `[*]` -> same. Dtype: kept; of the limits the whole part counts for integers.
 *
 * @throws {DTypeError} for bool. @throws {ValueError} unless minVal ≤ maxVal.
 * @see torch.nn.functional.hardtanh
 */
export function hardtanh(input: Tensor, ...given: HardtanhArguments): Tensor {
  const [low = -1, high = 1, inplace] = readHardtanh(given)
  return placed('hardtanh', input, inplace, (x) => clipped('hardtanh', x, low, high))
}

/** {@link hardtanh}, writing into the input. @see torch.nn.functional.hardtanh_ */
export function hardtanh_(
  input: Tensor,
  ...given: Arguments<Omit<HardtanhOptions, 'inplace'>, ['minVal', 'maxVal']>
): Tensor {
  const [low = -1, high = 1] = readHardtanh(given)
  return placed('hardtanh_', input, true, (x) => clipped('hardtanh_', x, low, high))
}

export interface LeakyReluOptions extends InplaceOptions {
  /** The slope below 0. Default 0.01. */
  negativeSlope?: number
}

const LEAKY = ['negativeSlope', 'inplace'] as const
const readLeaky = parameters<[number, boolean]>('leakyRelu', LEAKY)

/** Ways to give the arguments of {@link leakyRelu}. */
export type LeakyReluArguments = Arguments<LeakyReluOptions, typeof LEAKY>

function leaky(op: string, input: Tensor, slope: number, inplace: boolean | undefined): Tensor {
  requireFloating(op, input)
  requireNumbers(op, input, { negativeSlope: slope })
  return placed(op, input, inplace, (x) => where(x.gt(0), x, x.mul(slope)))
}

/**
 * x where x > 0, negativeSlope · x elsewhere.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.functional.leaky_relu
 */
export function leakyRelu(input: Tensor, ...given: LeakyReluArguments): Tensor {
  const [slope = 0.01, inplace] = readLeaky(given)
  return leaky('leakyRelu', input, slope, inplace)
}

/** {@link leakyRelu}, writing into the input. @see torch.nn.functional.leaky_relu_ */
export function leakyRelu_(
  input: Tensor,
  ...given: Arguments<Omit<LeakyReluOptions, 'inplace'>, ['negativeSlope']>
): Tensor {
  const [slope = 0.01] = readLeaky(given)
  return leaky('leakyRelu_', input, slope, true)
}

export interface AlphaOptions extends InplaceOptions {
  /** How far the curve goes down. Default 1. */
  alpha?: number
}

const ALPHA = ['alpha', 'inplace'] as const
const readAlpha = parameters<[number, boolean]>('elu', ALPHA)

/** Ways to give the arguments of {@link elu} and {@link celu}. */
export type AlphaArguments = Arguments<AlphaOptions, typeof ALPHA>

/**
 * x where x > 0, alpha · (e^x - 1) elsewhere; see core's elu.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.functional.elu
 */
export function elu(input: Tensor, ...given: AlphaArguments): Tensor {
  const [alpha = 1, inplace] = readAlpha(given)
  return placed('elu', input, inplace, (x) => core.elu(x, alpha))
}

/** {@link elu}, writing into the input. @see torch.nn.functional.elu_ */
export function elu_(input: Tensor, alpha?: number | { alpha?: number }): Tensor {
  const [read = 1] = readAlpha([alpha])
  return placed('elu_', input, true, (x) => core.elu(x, read))
}

/**
 * x where x > 0, alpha · (e^(x / alpha) - 1) elsewhere; see core's celu.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} if alpha is 0.
 * @see torch.nn.functional.celu
 */
export function celu(input: Tensor, ...given: AlphaArguments): Tensor {
  const [alpha = 1, inplace] = readAlpha(given)
  return placed('celu', input, inplace, (x) => core.celu(x, alpha))
}

export interface ThresholdOptions extends InplaceOptions {
  /** What x must exceed to stay. */
  threshold: number
  /** What takes the place of x elsewhere. */
  value: number
}

const THRESHOLD = ['threshold', 'value', 'inplace'] as const
const readThreshold = parameters<[number, number, boolean]>('threshold', THRESHOLD)

/** Ways to give the arguments of {@link threshold}. */
export type ThresholdArguments = Arguments<ThresholdOptions, typeof THRESHOLD>

/**
 * x where x > threshold, `value` elsewhere; see core's threshold.
 *
 * Shapes: `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool. @throws {ValueError} unless both are numbers.
 * @see torch.nn.functional.threshold
 */
export function threshold(input: Tensor, ...given: ThresholdArguments): Tensor {
  const [bound, value, inplace] = readThreshold(given)
  return placed('threshold', input, inplace, (x) =>
    core.threshold(x, bound as number, value as number),
  )
}

/**
 * log(sigmoid(x)).
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.functional.logsigmoid
 */
export function logsigmoid(input: Tensor): Tensor {
  return floating('logsigmoid', (x) => core.softplus(x.neg(), 1, EXACT).neg())(input)
}

/**
 * x / (1 + |x|).
 *
 * Shapes: `[*]` -> same. Dtype: kept; integers become the default dtype.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.functional.softsign
 */
export function softsign(input: Tensor): Tensor {
  requireTensor('softsign', 'input', input)
  return widened(input, (x) => x.div(x.abs().add(1)))
}

/**
 * x - tanh(x).
 *
 * Shapes: `[*]` -> same. Dtype: kept; integers become the default dtype.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.functional.tanhshrink
 */
export function tanhshrink(input: Tensor): Tensor {
  requireTensor('tanhshrink', 'input', input)
  return widened(input, (x) => x.sub(x.tanh()))
}

/**
 * x less `lambd` towards 0, and 0 within [-lambd, lambd].
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} unless lambd ≥ 0.
 * @see torch.nn.functional.softshrink
 */
export function softshrink(input: Tensor, lambd?: number | { lambd?: number }): Tensor {
  const op = 'softshrink'
  requireFloating(op, input)
  const [width = 0.5] = parameters<[number]>(op, ['lambd'])([lambd])
  if (!(width >= 0)) {
    throw new ValueError(
      op,
      { input },
      `lambd must be at least 0, not ${show(width)}`,
      '{ lambd: 0.5 }',
    )
  }
  // x · 0 keeps NaN.
  const small = where(input.lt(-width), input.add(width), input.mul(0))
  return where(input.gt(width), input.sub(width), small)
}

/**
 * The first half of an axis times the sigmoid of the second.
 *
 * Shapes: `[*, 2·n, *]` -> `[*, n, *]`. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the axis has an odd size, or the input has no axes.
 * @throws {DTypeError} for other dtypes. @throws {IndexError} if there is no such axis.
 * @see Dauphin et al. 2016, https://arxiv.org/abs/1612.08083; torch.nn.functional.glu
 */
export function glu(input: Tensor, dim?: number | { dim?: number }): Tensor {
  const op = 'glu'
  requireFloating(op, input)
  const [axis = -1] = parameters<[number]>(op, ['dim'])([dim])
  if (input.ndim === 0) {
    throw new ShapeError(op, { input }, 'a number has no halves', 'use an input with an axis')
  }
  if (!Number.isInteger(axis) || axis < -input.ndim || axis >= input.ndim) {
    throw new IndexError(
      op,
      { input },
      `there is no axis ${axis}`,
      `use -${input.ndim} to ${input.ndim - 1}`,
    )
  }
  const size = input.shape.at(axis) as number
  if (size % 2 !== 0) {
    throw new ShapeError(
      op,
      { input },
      `axis ${axis} must be even, not ${size}`,
      'choose another axis',
    )
  }
  const gate = input.narrow(axis, size / 2, size / 2)
  return input.narrow(axis, 0, size / 2).mul(gate.sigmoid())
}

export interface RReluOptions extends InplaceOptions {
  /** The least slope below 0. Default 1/8. */
  lower?: number
  /** The largest. Default 1/3. */
  upper?: number
  /** Draw slopes; otherwise all are (lower + upper) / 2. Default false. */
  training?: boolean
}

const RRELU = ['lower', 'upper', 'training', 'inplace'] as const

/** Ways to give the arguments of {@link rrelu}. */
export type RReluArguments = Arguments<RReluOptions, typeof RRELU>

/**
 * x where x > 0, elsewhere x with a slope drawn from [lower, upper) while training.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} unless lower ≤ upper.
 * @see Xu et al. 2015, https://arxiv.org/abs/1505.00853; torch.nn.functional.rrelu
 */
export function rrelu(input: Tensor, ...given: RReluArguments): Tensor {
  const op = 'rrelu'
  const read = parameters<[number, number, boolean, boolean]>(op, RRELU)(given)
  const [lower = 1 / 8, upper = 1 / 3, training = false, inplace] = read
  requireFloating(op, input)
  requireNumbers(op, input, { lower, upper })
  if (!(lower <= upper)) {
    throw new ValueError(
      op,
      { input },
      `lower (${lower}) must be at most upper (${upper})`,
      'swap them',
    )
  }
  if (!training) return leaky(op, input, (lower + upper) / 2, inplace)
  const negative = input.detach().le(0)
  const slopes = empty([negative.sum().item()], {
    dtype: 'float64',
    device: negative.device,
  }).uniform_(lower, upper)
  const factors = core.onesLike(input.detach()).maskedScatter(negative, slopes.to(input.dtype))
  return placed(op, input, inplace, (x) => x.mul(factors))
}

export interface GumbelSoftmaxOptions {
  /** The temperature. Default 1. */
  tau?: number
  /** Round to one-hot vectors; gradients stay those of the soft ones. Default false. */
  hard?: boolean
  /** Taken for PyTorch's sake; without meaning here. */
  eps?: number
  /** The axis along which results add up to 1. Default -1. */
  dim?: number
}

const GUMBEL = ['tau', 'hard', 'eps', 'dim'] as const

/**
 * Samples of a categorical distribution as soft or one-hot vectors.
 *
 * Shapes: logits `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {IndexError} if there is no such axis.
 * @see Jang, Gu, Poole 2016, https://arxiv.org/abs/1611.01144; torch.nn.functional.gumbel_softmax
 */
export function gumbelSoftmax(
  logits: Tensor,
  ...given: Arguments<GumbelSoftmaxOptions, typeof GUMBEL>
): Tensor {
  const op = 'gumbelSoftmax'
  const read = parameters<[number, boolean, number, number]>(op, GUMBEL)(given)
  const [tau = 1, hard = false, , dim = -1] = read
  requireFloating(op, logits)
  const noise = core.emptyLike(logits.detach()).exponential_().log().neg()
  const soft = core.softmax(logits.add(noise).div(tau), dim)
  if (!hard) return soft
  const largest = soft.detach().argmax(dim, true)
  const picked = core.zerosLike(soft.detach()).scatter(dim, largest, 1)
  return picked.sub(soft.detach()).add(soft)
}
