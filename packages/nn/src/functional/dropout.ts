/** Dropout of whole channels, and of SELU networks, in nn.functional's terms. */
import type { Tensor } from '@flambeau/core'
import * as core from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireTensor } from '@flambeau/core/internal'

export interface DropoutOptions {
  /** The share of channels, or elements, to drop. Default 0.5. */
  p?: number
  /** Nothing happens unless it is true. */
  training?: boolean
  /** Write into the input. Default false. */
  inplace?: boolean
}

const NAMES = ['p', 'training', 'inplace'] as const

/** Ways to give the arguments after the input. */
export type DropoutArguments = Arguments<DropoutOptions, typeof NAMES>

type Dropout = (input: Tensor, p: number, training: boolean, inplace: boolean) => Tensor

function dropping(op: string, fn: Dropout, input: Tensor, given: unknown[], on: boolean): Tensor {
  const read = parameters<[number, boolean, boolean]>(op, NAMES)(given)
  requireTensor(op, 'input', input)
  const [p = 0.5, training = on, inplace = false] = read
  return fn(input, p, training, inplace)
}

/** Drops channels; an input lacks its batch axis unless it has `batched` axes. */
const channels =
  (batched: number): Dropout =>
  (input, p, training, inplace) => {
    if (input.ndim === batched) return core.featureDropout(input, p, training, inplace)
    const dropped = core.featureDropout(input.unsqueeze(0), p, training, inplace)
    return inplace ? input : dropped.squeeze(0)
  }

/**
 * Zeroes whole channels with probability `p` and divides the others by 1 - p.
 *
 * Shapes: input `[N, C, L]` or `[C, L]` -> same. Dtype: floating, kept.
 *
 * @throws {ShapeError} for other ranks. @throws {ValueError} if p is outside of [0, 1].
 * @throws {DTypeError} if input is not floating.
 * @see torch.nn.functional.dropout1d
 */
export function dropout1d(input: Tensor, ...given: DropoutArguments): Tensor {
  requireTensor('dropout1d', 'input', input)
  if (input.ndim !== 2 && input.ndim !== 3) {
    throw new ShapeError(
      'dropout1d',
      { input },
      `input must be [N, C, L] or [C, L], but has ${input.ndim} axes`,
      'dropout2d() and dropout3d() are for more of them',
    )
  }
  return dropping('dropout1d', channels(3), input, given, true)
}

/**
 * Zeroes whole channels with probability `p` and divides the others by 1 - p.
 *
 * Shapes: input `[N, C, *]` -> same: an image without batch axis is taken for a batch of lines.
 * Dtype: floating, kept.
 *
 * @throws {ShapeError} if the input has fewer than 2 axes. @throws {ValueError, DTypeError} as
 * {@link dropout1d}.
 * @see torch.nn.functional.dropout2d
 */
export function dropout2d(input: Tensor, ...given: DropoutArguments): Tensor {
  return dropping('dropout2d', core.featureDropout, input, given, true)
}

/**
 * Zeroes whole channels with probability `p` and divides the others by 1 - p.
 *
 * Shapes: input `[N, C, D, H, W]` or `[C, D, H, W]` -> same. Dtype: floating, kept.
 *
 * @throws {ShapeError, ValueError, DTypeError} as {@link dropout2d}.
 * @see torch.nn.functional.dropout3d
 */
export function dropout3d(input: Tensor, ...given: DropoutArguments): Tensor {
  return dropping('dropout3d', channels(5), input, given, true)
}

/**
 * Dropout that keeps mean 0 and variance 1, for networks with SELU; unlike the others, it does
 * nothing unless `training` is given. See core's alphaDropout.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} if p is outside of [0, 1]. @throws {DTypeError} if input is not floating.
 * @see torch.nn.functional.alpha_dropout
 */
export function alphaDropout(input: Tensor, ...given: DropoutArguments): Tensor {
  return dropping('alphaDropout', core.alphaDropout, input, given, false)
}

/**
 * {@link alphaDropout} of whole channels.
 *
 * Shapes: input `[N, C, *]` -> same. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the input has fewer than 2 axes. @throws {ValueError, DTypeError} as
 * {@link alphaDropout}.
 * @see torch.nn.functional.feature_alpha_dropout
 */
export function featureAlphaDropout(input: Tensor, ...given: DropoutArguments): Tensor {
  return dropping('featureAlphaDropout', core.featureAlphaDropout, input, given, false)
}
