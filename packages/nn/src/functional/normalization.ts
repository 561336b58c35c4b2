/** Normalisation in nn.functional's order of arguments, which is not torch's. */
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { normalizeBatch, normalizeInstances, parameters } from '@flambeau/core/internal'

type Optional = Tensor | null | undefined

/** Throws where statistics would be over a single value. */
function requireSeveral(op: string, input: Tensor, firstAxis: number, what: string): void {
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
