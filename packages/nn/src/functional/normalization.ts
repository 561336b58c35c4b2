/** Normalisation in nn.functional's order of arguments, which is not torch's. */
import type { Tensor } from '@flambeau/core'
import { constantPadNd, linalg, ShapeError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { normalizeBatch, normalizeInstances, parameters } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from './inputs.ts'

type Optional = Tensor | null | undefined

/** Throws where statistics would be over a single value. */
function requireSeveral(op: string, input: Tensor, firstAxis: number, what: string): void {
  requireTensor(op, 'input', input)
  const sizes = input.shape.filter((_, axis) => axis !== 1 && axis >= firstAxis)
  if (sizes.reduce((a, b) => a * b, 1) !== 1) return
  throw new ShapeError(
    op,
    { input },
    `there is only one ${what}: its variance is 0 whatever it is`,
    'use a larger batch or input, or running statistics',
  )
}

export interface BatchNormOptions {
  /** The mean of each channel so far, `[C]`, or null; changed in place while training. */
  runningMean: Tensor | null
  /** The variance of each channel so far, `[C]`, or null; changed in place while training. */
  runningVar: Tensor | null
  /** A factor for each channel, `[C]`. Default null: none. */
  weight?: Tensor | null
  /** A summand for each channel, `[C]`. Default null: none. */
  bias?: Tensor | null
  /** Use the batch's own statistics, and move the running ones towards them. Default false. */
  training?: boolean
  /** The share of the new statistics in the running ones. Default 0.1. */
  momentum?: number
  /** Added to the variance. Default 1e-5. */
  eps?: number
}

const BATCH_NAMES = [
  'runningMean',
  'runningVar',
  'weight',
  'bias',
  'training',
  'momentum',
  'eps',
] as const

const readBatchNorm = parameters<[Optional, Optional, Optional, Optional, boolean, number, number]>(
  'batchNorm',
  BATCH_NAMES,
)

/**
 * Batch normalisation: each channel less its mean, over its standard deviation; of the batch while
 * `training`, else the running ones. See core's batchNorm, which takes torch.batch_norm's order.
 *
 * Shapes: input `[N, C, *]` -> same; everything else `[C]`. Dtype: floating, kept.
 *
 * @throws {ShapeError} for a single value per channel while training, or shapes that do not fit.
 * @throws {DTypeError, ValueError} as core's batchNorm.
 * @see torch.nn.functional.batch_norm
 */
export function batchNorm(
  input: Tensor,
  ...given: Arguments<BatchNormOptions, typeof BATCH_NAMES>
): Tensor {
  const read = readBatchNorm(given)
  const [runningMean, runningVar, weight, bias, training = false, momentum = 0.1, eps = 1e-5] = read
  if (training) requireSeveral('batchNorm', input, 0, 'value per channel')
  const operands = { weight, bias, runningMean, runningVar }
  return normalizeBatch('batchNorm', input, operands, training, momentum, eps)
}

/** {@link batchNorm} of a layer that trains, whose `batches` (int64, or null) count its calls. */
export function batchNormCounted(
  input: Tensor,
  operands: Record<'runningMean' | 'runningVar' | 'weight' | 'bias', Optional>,
  momentum: number,
  eps: number,
  batches: Tensor | null,
): Tensor {
  requireSeveral('batchNorm', input, 0, 'value per channel')
  return normalizeBatch('batchNorm', input, operands, true, momentum, eps, batches)
}

export interface InstanceNormOptions {
  /** The mean of each channel so far, `[C]`; moved in place towards the batch's. Default null. */
  runningMean?: Tensor | null
  /** The variance of each channel so far, `[C]`; likewise. Default null. */
  runningVar?: Tensor | null
  /** A factor for each channel, `[C]`. Default null: none. */
  weight?: Tensor | null
  /** A summand for each channel, `[C]`. Default null: none. */
  bias?: Tensor | null
  /** Use the input's own statistics, and move the running ones towards them. Default true. */
  useInputStats?: boolean
  /** The share of the new statistics in the running ones. Default 0.1. */
  momentum?: number
  /** Added to the variance. Default 1e-5. */
  eps?: number
}

const INSTANCE_NAMES = [
  'runningMean',
  'runningVar',
  'weight',
  'bias',
  'useInputStats',
  'momentum',
  'eps',
] as const

const readInstanceNorm = parameters<
  [Optional, Optional, Optional, Optional, boolean, number, number]
>('instanceNorm', INSTANCE_NAMES)

/**
 * Instance normalisation: each channel of each image less its mean, over its standard deviation.
 * See core's instanceNorm, which takes torch.instance_norm's order.
 *
 * Shapes: input `[N, C, *]` -> same; everything else `[C]`. Dtype: floating, kept.
 *
 * @throws {ShapeError} for a single pixel per channel, or shapes that do not fit.
 * @throws {DTypeError, ValueError} as core's instanceNorm.
 * @see torch.nn.functional.instance_norm
 */
export function instanceNorm(
  input: Tensor,
  ...given: Arguments<InstanceNormOptions, typeof INSTANCE_NAMES>
): Tensor {
  const read = readInstanceNorm(given)
  const [runningMean, runningVar, weight, bias, stats = true, momentum = 0.1, eps = 1e-5] = read
  if (stats) requireSeveral('instanceNorm', input, 2, 'pixel per channel')
  const operands = { weight, bias, runningMean, runningVar }
  return normalizeInstances('instanceNorm', input, operands, stats, momentum, eps)
}

export interface LocalResponseNormOptions {
  /** How many neighbouring channels count. */
  size: number
  /** The factor of their mean square. Default 1e-4. */
  alpha?: number
  /** The exponent. Default 0.75. */
  beta?: number
  /** The summand. Default 1. */
  k?: number
}

const LOCAL_NAMES = ['size', 'alpha', 'beta', 'k'] as const
const readLocal = parameters<[number, number, number, number]>('localResponseNorm', LOCAL_NAMES)

/**
 * Local response normalisation: x / (k + alpha · mean(x²))^beta, the mean being that of `size`
 * neighbouring channels, those beyond the first and last counting as 0.
 *
 * Shapes: input `[N, C, *]` -> same, with at least one further axis. Dtype: floating, kept; integers
 * become the default dtype.
 *
 * @throws {ShapeError} for fewer axes. @throws {ValueError} unless size is a whole number ≥ 1.
 * @see Krizhevsky, Sutskever, Hinton 2012; torch.nn.functional.local_response_norm
 */
export function localResponseNorm(
  input: Tensor,
  ...given: Arguments<LocalResponseNormOptions, typeof LOCAL_NAMES>
): Tensor {
  const op = 'localResponseNorm'
  requireTensor(op, 'input', input)
  const [size, alpha = 1e-4, beta = 0.75, k = 1] = readLocal(given)
  wholeNumbers(op, 'size', size, 1, 1, { input })
  if (input.ndim < 3) {
    throw new ShapeError(
      op,
      { input },
      `input must be [N, C, …] with at least 3 axes, but has ${input.ndim}`,
      'add axes with unsqueeze()',
    )
  }
  if (input.numel() === 0) return input.clone()
  const count = size as number
  const before = Math.floor(count / 2)
  const sides = [...input.shape.slice(2).flatMap(() => [0, 0]), before, count - 1 - before]
  const squares = constantPadNd(input.mul(input), sides)
  const channels = input.shape[1] as number
  let sum = squares.narrow(1, 0, channels)
  for (let i = 1; i < count; i++) sum = sum.add(squares.narrow(1, i, channels))
  // The mean of integers is cut, as that of PyTorch's pooling is.
  const mean = sum.div(count, input.isFloatingPoint() ? {} : { roundingMode: 'trunc' })
  return input.div(mean.mul(alpha).add(k).pow(beta))
}

export interface NormalizeOptions {
  /** The order of the norm. Default 2. */
  p?: number
  /** The axis, or axes, along which norms become 1. Default 1. */
  dim?: number | readonly number[]
  /** What the norm is at least. Default 1e-12. */
  eps?: number
  /** Taken for PyTorch's sake: what the result is written into. Default null. */
  out?: Tensor | null
}

const NORMALIZE_NAMES = ['p', 'dim', 'eps', 'out'] as const

const readNormalize = parameters<[number, number | readonly number[], number, Tensor | null]>(
  'normalize',
  NORMALIZE_NAMES,
)

/**
 * Each vector along an axis over its p-norm.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} for other dtypes.
 * @see torch.nn.functional.normalize
 */
export function normalize(
  input: Tensor,
  ...given: Arguments<NormalizeOptions, typeof NORMALIZE_NAMES>
): Tensor {
  requireTensor('normalize', 'input', input)
  const [p = 2, dim = 1, eps = 1e-12, out = null] = readNormalize(given)
  const size = linalg.vectorNorm(input, { ord: p, dim: dim as number, keepdim: true })
  const result = input.div(size.clampMin(eps))
  return out === null ? result : out.copy_(result)
}
