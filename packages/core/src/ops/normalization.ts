/** Normalisation of rows (layer and RMS norm) and of channels (batch, instance and group norm). */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DTypeCode } from '../dtype.ts'
import { FLOAT32, FLOAT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { Describable } from '../errors.ts'
import type { Shape } from '../shape.ts'
import { formatShape, numElements, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import {
  movesWith,
  normalizeAndMove,
  normalizeChannels,
  normalizeChannelsBy,
  normalizeRows,
  updateRunning,
} from './norm-records.ts'

type Optional = Tensor | null | undefined
type Inputs = Record<string, Describable>

/** Throws unless `input` is a floating tensor. */
function requireFloating(op: string, input: Tensor): void {
  requireTensor(op, 'input', input)
  if (isFloatingCode(input._dtype)) return
  throw new DTypeError(op, { input }, 'input must be floating', "convert: input.to('float32')")
}

/**
 * Checks an optional operand: its shape, and that its dtype is the input's, or float32 beside a
 * narrow one.
 */
function operand(
  op: string,
  name: string,
  value: Optional,
  shape: Shape,
  rule: string,
  inputs: Inputs,
): Tensor | null {
  if (value === null || value === undefined) return null
  requireTensor(op, name, value)
  const input = inputs['input'] as Tensor
  if (!sameShape(value._shape, shape)) {
    throw new ShapeError(
      op,
      { ...inputs, [name]: value },
      `${name} must be ${formatShape(shape)}, ${rule}, not ${formatShape(value._shape)}`,
      'reshape it, or leave it out',
    )
  }
  const narrow = input._dtype !== FLOAT64 && value._dtype === FLOAT32
  if (value._dtype !== input._dtype && !narrow) {
    throw new DTypeError(
      op,
      { ...inputs, [name]: value },
      `${name} must be ${input.dtype} as the input is${input._dtype > FLOAT64 ? ', or float32' : ''}`,
      `convert: ${name}.to('${input.dtype}')`,
    )
  }
  return value
}

function requireNumber(op: string, name: string, value: unknown, inputs: Inputs): number {
  if (typeof value === 'number') return value
  throw new ValueError(op, inputs, `${name} is a number, not ${show(value)}`, `pass ${name}: 1e-5`)
}

// --- rows ---

/** The sizes of a row, after checking that the input ends in them. */
function rowShape(op: string, input: Tensor, normalizedShape: number | readonly number[]): Shape {
  const row = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape
  if (!Array.isArray(row) || row.length === 0 || !row.every((size) => Number.isInteger(size))) {
    throw new ValueError(
      op,
      { input },
      `normalizedShape is a list of at least one size, not ${show(normalizedShape)}`,
      'pass the sizes of the last axes: [x.shape.at(-1)]',
    )
  }
  const tail = input._shape.slice(Math.max(0, input.ndim - row.length))
  if (!sameShape(tail, row as Shape)) {
    throw new ShapeError(
      op,
      { input },
      `input must end in normalizedShape ${formatShape(row as Shape)}, but ends in ${formatShape(tail)}`,
      'pass the sizes of the axes to normalise, which come last',
    )
  }
  return row as Shape
}

export interface LayerNormOptions {
  /** The sizes of the last axes, over which statistics are taken. */
  normalizedShape: number | readonly number[]
  /** A factor for each element of a row, `normalizedShape`. Default null: none. */
  weight?: Tensor | null
  /** A summand for each element of a row, `normalizedShape`. Default null: none. */
  bias?: Tensor | null
  /** Added to the variance, so that rows without any do not divide by 0. Default 1e-5. */
  eps?: number
  /** Taken for PyTorch's sake; without meaning here. */
  cudnnEnable?: boolean
}

const LAYER_NAMES = ['normalizedShape', 'weight', 'bias', 'eps', 'cudnnEnable'] as const

const readLayerNorm = parameters<
  [number | readonly number[], Tensor | null, Tensor | null, number, boolean]
>('layerNorm', LAYER_NAMES)

/**
 * Layer normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, mean and biased variance
 * being those of each row of the last axes.
 *
 * Shapes: input `[*, ...normalizedShape]` -> same; weight and bias `normalizedShape`.
 * Dtype: floating, kept; weight and bias alike, or float32 beside narrow inputs. Statistics are
 * summed in double, of narrow inputs in float32 at least.
 *
 * @throws {ShapeError} if input does not end in normalizedShape, or weight or bias have another shape.
 * @throws {DTypeError} if a dtype is not floating, or does not fit the input's.
 * @throws {ValueError} if normalizedShape is empty.
 * @see torch.layer_norm; Ba, Kiros, Hinton 2016, https://arxiv.org/abs/1607.06450
 *
 * @example
 * ```ts
 * import { layerNorm, tensor } from '@flambeau/core'
 * console.log(layerNorm(tensor([[1, 2, 3]], { dtype: 'float32' }), [3])) // tensor([[-1.2247,  0.0000,  1.2247]])
 * ```
 */
export function layerNorm(
  input: Tensor,
  ...given: Arguments<LayerNormOptions, typeof LAYER_NAMES>
): Tensor {
  const op = 'layerNorm'
  requireFloating(op, input)
  const [normalizedShape, w, b, eps = 1e-5] = readLayerNorm(given)
  const row = rowShape(op, input, normalizedShape as number)
  const weight = operand(op, 'weight', w, row, 'one factor for each element of a row', { input })
  const bias = operand(op, 'bias', b, row, 'one summand for each element of a row', { input })
  requireNumber(op, 'eps', eps, { input })
  return normalizeRows(input, weight, bias, { axes: row.length, eps, centred: true })
}

export interface RmsNormOptions {
  /** The sizes of the last axes, over which the mean of the squares is taken. */
  normalizedShape: number | readonly number[]
  /** A factor for each element of a row, `normalizedShape`. Default null: none. */
  weight?: Tensor | null
  /** Added to the mean of the squares. Default null: the dtype's epsilon, of narrow ones float32's. */
  eps?: number | null
}

const RMS_NAMES = ['normalizedShape', 'weight', 'eps'] as const

const readRmsNorm = parameters<[number | readonly number[], Tensor | null, number | null]>(
  'rmsNorm',
  RMS_NAMES,
)

/**
 * Root-mean-square normalisation: x / sqrt(mean(x²) + eps) · weight, the mean being that of each row
 * of the last axes.
 *
 * Shapes: input `[*, ...normalizedShape]` -> same; weight `normalizedShape`.
 * Dtype: as of {@link layerNorm}; a weight of another floating dtype is converted.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link layerNorm}.
 * @see torch.rms_norm; Zhang, Sennrich 2019, https://arxiv.org/abs/1910.07467
 */
export function rmsNorm(
  input: Tensor,
  ...given: Arguments<RmsNormOptions, typeof RMS_NAMES>
): Tensor {
  const op = 'rmsNorm'
  requireFloating(op, input)
  const [normalizedShape, w, givenEps] = readRmsNorm(given)
  const row = rowShape(op, input, normalizedShape as number)
  let weight = w ?? null
  if (weight !== null) {
    requireFloating(op, weight)
    weight = castCode(weight, input._dtype)
    operand(op, 'weight', weight, row, 'one factor for each element of a row', { input })
  }
  const eps = givenEps ?? (input._dtype === FLOAT64 ? 2 ** -52 : 2 ** -23)
  requireNumber(op, 'eps', eps, { input })
  return normalizeRows(input, weight, null, { axes: row.length, eps, centred: false })
}

// --- channels ---

/** The number of channels. @throws {ShapeError} if there is no axis for them. */
function channelsOf(op: string, input: Tensor): number {
  requireFloating(op, input)
  if (input.ndim >= 2) return input._shape[1] as number
  throw new ShapeError(
    op,
    { input },
    `input must be [N, C, …], but has ${input.ndim} ${input.ndim === 1 ? 'axis' : 'axes'}`,
    'add the batch axis with unsqueeze(0)',
  )
}

/** What the normalisations of channels take beside their input, checked. */
interface ChannelOperands {
  weight: Tensor | null
  bias: Tensor | null
  runningMean: Tensor | null
  runningVar: Tensor | null
}

function channelOperands(
  op: string,
  input: Tensor,
  channels: number,
  given: { [K in keyof ChannelOperands]?: Optional },
): ChannelOperands {
  const check = (name: keyof ChannelOperands): Tensor | null =>
    operand(op, name, given[name], [channels], 'one number for each channel', { input })
  return {
    weight: check('weight'),
    bias: check('bias'),
    runningMean: check('runningMean'),
    runningVar: check('runningVar'),
  }
}

/** Running statistics of which one is missing are an error where they are needed. */
function bothRunning(
  op: string,
  input: Tensor,
  { runningMean, runningVar }: ChannelOperands,
  needed: boolean,
  flag: string,
): [Tensor, Tensor] | null {
  if (runningMean !== null && runningVar !== null) return [runningMean, runningVar]
  if (!needed && runningMean === null && runningVar === null) return null
  throw new ValueError(
    op,
    { input, runningMean, runningVar },
    needed
      ? `runningMean and runningVar are needed unless ${flag} is true`
      : 'runningMean and runningVar come together',
    'pass both',
  )
}

/** Statistics as they were kept, in place of the input's own. */
function normalizeByRunning(
  input: Tensor,
  { weight, bias }: ChannelOperands,
  [mean, variance]: readonly [Tensor, Tensor],
  eps: number,
): Tensor {
  const code: DTypeCode = input._dtype === FLOAT64 ? FLOAT64 : FLOAT32
  if (mean._dtype === code && variance._dtype === code) {
    return normalizeChannelsBy(input, weight, bias, mean.detach(), variance.detach(), eps)
  }
  // Narrow statistics: a factor and a summand that are narrow too, as PyTorch has them.
  const shape = input._shape.map((_, axis) => (axis === 1 ? -1 : 1))
  let scale = castCode(variance.detach(), code).add(eps).rsqrt()
  if (weight !== null) scale = scale.mul(castCode(weight, code))
  let shift = castCode(mean.detach(), code).mul(scale).neg()
  if (bias !== null) shift = shift.add(castCode(bias, code))
  const [factor, summand] = [scale, shift].map((x) =>
    castCode(castCode(x, mean._dtype), code).reshape(shape),
  ) as [Tensor, Tensor]
  return castCode(summand.addcmul(castCode(input, code), factor), input._dtype)
}

/**
 * Batch normalisation with all arguments read. `batches`, where it is given, counts the training calls.
 * @internal
 */
export function normalizeBatch(
  op: string,
  input: Tensor,
  given: { [K in keyof ChannelOperands]?: Optional },
  training: boolean,
  momentum: number,
  eps: number,
  batches: Tensor | null = null,
): Tensor {
  requireFloating(op, input)
  if (input.numel() === 0 && input.ndim === 1) return input.clone()
  const channels = channelsOf(op, input)
  const operands = channelOperands(op, input, channels, given)
  requireNumber(op, 'momentum', momentum, { input })
  requireNumber(op, 'eps', eps, { input })
  const running = bothRunning(op, input, operands, !training, 'training')
  if (!training) return normalizeByRunning(input, operands, running as [Tensor, Tensor], eps)
  const { weight, bias } = operands
  const count = input.numel() / channels
  if (running !== null && input.numel() > 0) {
    const [mean, variance] = running
    const moved = { mean, variance, batches, momentum, correction: count / (count - 1) }
    if (movesWith(input, moved)) return normalizeAndMove(input, weight, bias, eps, moved)
  }
  const wants = running !== null && input.numel() > 0
  const [output, statistics] = normalizeChannels(input, weight, bias, { groups: 0, eps }, wants)
  if (statistics !== null && running !== null) moveRunning(running, statistics, momentum, count)
  batches?.add_(1)
  return output
}

/** Statistics `[3, channels]` of `count` elements each go into the running ones. */
function moveRunning(
  running: readonly [Tensor, Tensor],
  statistics: Tensor,
  momentum: number,
  count: number,
): void {
  const [mean, variance] = running
  const correction = count / (count - 1)
  if (mean._dtype === statistics._dtype && variance._dtype === statistics._dtype) {
    updateRunning(mean, variance, statistics, momentum, correction)
  } else {
    const wide = [mean, variance].map((x) => castCode(x, statistics._dtype)) as [Tensor, Tensor]
    // What already has the dtype was not copied, and is changed where it is.
    updateRunning(wide[0], wide[1], statistics, momentum, correction)
    running.forEach((x, i) => {
      if (x !== wide[i]) x.copy_(wide[i] as Tensor)
    })
  }
  statistics.dispose()
}

export interface BatchNormOptions {
  /** A factor for each channel, `[C]`. Default null: none. */
  weight?: Tensor | null
  /** A summand for each channel, `[C]`. Default null: none. */
  bias?: Tensor | null
  /** The mean of each channel so far, `[C]`; changed in place while training. */
  runningMean?: Tensor | null
  /** The variance of each channel so far, `[C]`; changed in place while training. */
  runningVar?: Tensor | null
  /** Use the batch's own statistics, and move the running ones towards them. Default false. */
  training?: boolean
  /** The share of the new statistics in the running ones. Default 0.1. */
  momentum?: number
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Taken for PyTorch's sake; without meaning here. */
  cudnnEnabled?: boolean
}

const BATCH_NAMES = [
  'weight',
  'bias',
  'runningMean',
  'runningVar',
  'training',
  'momentum',
  'eps',
  'cudnnEnabled',
] as const

type ChannelParameters = [Optional, Optional, Optional, Optional, boolean, number, number, boolean]

const readBatchNorm = parameters<ChannelParameters>('batchNorm', BATCH_NAMES)

/**
 * Batch normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, mean and biased variance
 * being those of each channel over the batch and all pixels; or the running ones unless `training`.
 *
 * The order of the arguments is that of torch.batch_norm, not of nn.functional.batch_norm.
 *
 * Shapes: input `[N, C, *]` -> same; everything else `[C]`.
 * Dtype: floating, kept; the others alike, or float32 beside narrow inputs.
 *
 * @throws {ShapeError} if input has no channels, or another operand is not `[C]`.
 * @throws {DTypeError} if a dtype is not floating, or does not fit the input's.
 * @throws {ValueError} if running statistics are missing.
 * @see torch.batch_norm; Ioffe, Szegedy 2015, https://arxiv.org/abs/1502.03167
 */
export function batchNorm(
  input: Tensor,
  ...given: Arguments<BatchNormOptions, typeof BATCH_NAMES>
): Tensor {
  const read = readBatchNorm(given)
  const [weight, bias, runningMean, runningVar, training = false, momentum = 0.1, eps = 1e-5] = read
  const operands = { weight, bias, runningMean, runningVar }
  return normalizeBatch('batchNorm', input, operands, training, momentum, eps)
}

/** Instance normalisation with all arguments read. @internal */
export function normalizeInstances(
  op: string,
  input: Tensor,
  given: { [K in keyof ChannelOperands]?: Optional },
  useInputStats: boolean,
  momentum: number,
  eps: number,
): Tensor {
  const channels = channelsOf(op, input)
  const operands = channelOperands(op, input, channels, given)
  requireNumber(op, 'momentum', momentum, { input })
  requireNumber(op, 'eps', eps, { input })
  const running = bothRunning(op, input, operands, !useInputStats, 'useInputStats')
  if (!useInputStats) return normalizeByRunning(input, operands, running as [Tensor, Tensor], eps)
  const { weight, bias } = operands
  const n = input._shape[0] as number
  const wants = running !== null && input.numel() > 0
  const params = { groups: channels, eps }
  const [output, statistics] = normalizeChannels(input, weight, bias, params, wants)
  if (statistics !== null && running !== null) {
    const mean = statistics.reshape([3, n, channels]).mean(1)
    statistics.dispose()
    moveRunning(running, mean, momentum, numElements(input._shape.slice(2)))
  }
  return output
}

export interface InstanceNormOptions extends Omit<BatchNormOptions, 'training'> {
  /** Use the input's own statistics, and move the running ones towards them. Default true. */
  useInputStats?: boolean
}

const INSTANCE_NAMES = [
  'weight',
  'bias',
  'runningMean',
  'runningVar',
  'useInputStats',
  'momentum',
  'eps',
  'cudnnEnabled',
] as const

const readInstanceNorm = parameters<ChannelParameters>('instanceNorm', INSTANCE_NAMES)

/**
 * Instance normalisation: as {@link batchNorm}, but with the statistics of each channel of each
 * image. Running statistics move towards their mean over the batch.
 *
 * Shapes: input `[N, C, *]` -> same; everything else `[C]`. Dtype: as of {@link batchNorm}.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link batchNorm}.
 * @see torch.instance_norm; Ulyanov, Vedaldi, Lempitsky 2016, https://arxiv.org/abs/1607.08022
 */
export function instanceNorm(
  input: Tensor,
  ...given: Arguments<InstanceNormOptions, typeof INSTANCE_NAMES>
): Tensor {
  const read = readInstanceNorm(given)
  const [weight, bias, runningMean, runningVar, stats = true, momentum = 0.1, eps = 1e-5] = read
  const operands = { weight, bias, runningMean, runningVar }
  return normalizeInstances('instanceNorm', input, operands, stats, momentum, eps)
}

export interface GroupNormOptions {
  /** Groups of neighbouring channels that share statistics. */
  numGroups: number
  /** A factor for each channel, `[C]`. Default null: none. */
  weight?: Tensor | null
  /** A summand for each channel, `[C]`. Default null: none. */
  bias?: Tensor | null
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Taken for PyTorch's sake; without meaning here. */
  cudnnEnabled?: boolean
}

const GROUP_NAMES = ['numGroups', 'weight', 'bias', 'eps', 'cudnnEnabled'] as const

const readGroupNorm = parameters<[number, Optional, Optional, number, boolean]>(
  'groupNorm',
  GROUP_NAMES,
)

/**
 * Group normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, mean and biased variance
 * being those of each group of channels of each image.
 *
 * Shapes: input `[N, C, *]` -> same; weight and bias `[C]`. Dtype: as of {@link batchNorm}.
 *
 * @throws {ShapeError} if input has no channels, numGroups does not divide them, or weight or bias
 * are not `[C]`. @throws {DTypeError} as {@link batchNorm}. @throws {ValueError} if numGroups < 1.
 * @see torch.group_norm; Wu, He 2018, https://arxiv.org/abs/1803.08494
 */
export function groupNorm(
  input: Tensor,
  ...given: Arguments<GroupNormOptions, typeof GROUP_NAMES>
): Tensor {
  const op = 'groupNorm'
  const channels = channelsOf(op, input)
  const [numGroups, w, b, eps = 1e-5] = readGroupNorm(given)
  const groups = numGroups as number
  if (!Number.isInteger(groups) || groups < 1) {
    throw new ValueError(
      op,
      { input },
      `numGroups is a whole number ≥ 1, not ${show(groups)}`,
      'pass 1 for layer norm over channels, the number of channels for instance norm',
    )
  }
  if (channels % groups !== 0) {
    throw new ShapeError(
      op,
      { input },
      `numGroups (${groups}) must divide the channels (${channels})`,
      `choose a divisor of ${channels}`,
    )
  }
  requireNumber(op, 'eps', eps, { input })
  const { weight, bias } = channelOperands(op, input, channels, { weight: w, bias: b })
  return normalizeChannels(input, weight, bias, { groups, eps }, false)[0]
}
