/** Pooling by p-norms. */
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { avgPool1d, avgPool2d, avgPool3d, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from './inputs.ts'

export interface LpPoolOptions<S> {
  /** The order p of the norm. */
  normType: number
  /** The size of a window. */
  kernelSize: S
  /** Distance between windows. Default (and null): the window's size. */
  stride?: S | null
  /** Round the number of windows up. Default false. */
  ceilMode?: boolean
}

const NAMES = ['normType', 'kernelSize', 'stride', 'ceilMode'] as const

/** Ways to give the arguments of a p-norm pooling. */
export type LpPoolArguments<S> = Arguments<LpPoolOptions<S>, typeof NAMES>

type Numbers = number | readonly number[]

const averages = [avgPool1d, avgPool2d, avgPool3d] as unknown as ((
  input: Tensor,
  kernelSize: Numbers,
  stride: Numbers | null,
  padding: number,
  ceilMode: boolean,
) => Tensor)[]

function pool(op: string, dims: 1 | 2 | 3, input: Tensor, given: readonly unknown[]): Tensor {
  requireTensor(op, 'input', input)
  const read = parameters<[number, Numbers, Numbers | null, boolean]>(op, NAMES)(given)
  const [p, kernelSize, stride = null, ceilMode = false] = read
  if (typeof p !== 'number' || p === 0) {
    throw new ValueError(
      op,
      { input },
      `normType must be a number other than 0, not ${show(p)}`,
      'use 2',
    )
  }
  const count = wholeNumbers(op, 'kernelSize', kernelSize, dims, 1, { input })
  const average = averages[dims - 1] as (typeof averages)[number]
  const mean = average(input.pow(p), kernelSize as Numbers, stride, 0, ceilMode)
  const size = count.reduce((a, b) => a * b, 1)
  // Of negative sums there is no root: they become those of their size, as 0 does.
  return mean
    .sign()
    .mul(mean.abs().relu())
    .mul(size)
    .pow(1 / p)
}

/**
 * The p-norm of each window along one axis: (Σ x^p)^(1/p).
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> `[N, C, L']` or `[C, L']`. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the window exceeds the input. @throws {DTypeError} for other dtypes.
 * @throws {ValueError} for settings outside of their range.
 * @see torch.nn.functional.lp_pool1d
 */
export function lpPool1d(input: Tensor, ...given: LpPoolArguments<Single>): Tensor {
  return pool('lpPool1d', 1, input, given)
}

/**
 * The p-norm of each window over height and width: (Σ x^p)^(1/p).
 *
 * Shapes: input `[N, C, H, W]` or `[C, H, W]` -> `[N, C, H', W']` or `[C, H', W']`. Dtype: floating,
 * kept.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link lpPool1d}.
 * @see torch.nn.functional.lp_pool2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.lpPool2d(ones([1, 2, 2]), 2, 2)) // => tensor([[[2.]]])
 * ```
 */
export function lpPool2d(input: Tensor, ...given: LpPoolArguments<Pair>): Tensor {
  return pool('lpPool2d', 2, input, given)
}

/**
 * The p-norm of each window over depth, height and width: (Σ x^p)^(1/p).
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> same rank. Dtype: floating, kept.
 *
 * @throws {ShapeError, DTypeError, ValueError} as {@link lpPool1d}.
 * @see torch.nn.functional.lp_pool3d
 */
export function lpPool3d(input: Tensor, ...given: LpPoolArguments<Triple>): Tensor {
  return pool('lpPool3d', 3, input, given)
}
