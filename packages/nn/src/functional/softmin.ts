/** Softmax of what is small. */
import type { DType, Tensor } from '@flambeau/core'
import { neg, softmax } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'

/** What {@link softmin} takes by name. */
export interface SoftminOptions {
  /** The axis along which the results add up to 1. */
  dim: number
  /** PyTorch's; it has no meaning here. */
  _stacklevel?: number
  /** Convert the negated input to this dtype first. Default: its own. */
  dtype?: DType | null
}

const readSoftmin = parameters<[number, number, DType | null]>('softmin', [
  'dim',
  '_stacklevel',
  'dtype',
])

/**
 * The softmax of -x: exp(-x) divided by its sum along an axis.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, or converted by `dtype`.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} if the dtype is not floating.
 * @see torch.nn.functional.softmin
 */
export function softmin(
  input: Tensor,
  ...given: Arguments<SoftminOptions, ['dim', '_stacklevel', 'dtype']>
): Tensor {
  const [dim, , dtype] = readSoftmin(given)
  return softmax(neg(input), dim as number, dtype)
}
