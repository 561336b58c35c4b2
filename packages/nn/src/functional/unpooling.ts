/** Max pooling undone: values go back to where they stood, zeros elsewhere. */
import { autocasting, inAutocast } from '@flambeau/core/internal'
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { DTypeError, ShapeError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from './inputs.ts'

export interface MaxUnpoolOptions<S> {
  /** Where the values stood, as max pooling gives it; int64, of the input's shape. */
  indices: Tensor
  /** The size of a window. */
  kernelSize: S
  /** Distance between windows. Default (and null): the window's size. */
  stride?: S | null
  /** Positions that were added at each side. Default 0. */
  padding?: S
  /** The size to come to, of all axes or the last ones. Default null: the smallest one. */
  outputSize?: readonly number[] | null
}

const NAMES = ['indices', 'kernelSize', 'stride', 'padding', 'outputSize'] as const

/** Ways to give the arguments of an unpooling. */
export type MaxUnpoolArguments<S> = Arguments<MaxUnpoolOptions<S>, typeof NAMES>

type Numbers = number | readonly number[]

function sizeOf(
  op: string,
  input: Tensor,
  usual: readonly number[],
  stride: readonly number[],
  wanted: readonly number[] | null,
): readonly number[] {
  if (wanted === null) return usual
  const dims = usual.length
  const size = wanted.length === dims + 2 ? wanted.slice(2) : wanted
  const fits = size.every((n, axis) => {
    const distance = Math.abs(n - (usual[axis] as number))
    return Number.isInteger(n) && distance < (stride[axis] as number)
  })
  if (size.length === dims && fits) return size
  throw new ShapeError(
    op,
    { input },
    `outputSize must be less than a stride from [${usual.join(', ')}], not [${size.join(', ')}]`,
    'pass the size of what was pooled',
  )
}

function unpool(op: string, dims: 1 | 2 | 3, input: Tensor, given: readonly unknown[]): Tensor {
  requireTensor(op, 'input', input)
  const read = parameters<[Tensor, Numbers, Numbers | null, Numbers, readonly number[] | null]>(
    op,
    NAMES,
  )(given)
  const [indices, kernelSize, givenStride, givenPadding = 0, outputSize = null] = read
  requireTensor(op, 'indices', indices)
  const kernel = wholeNumbers(op, 'kernelSize', kernelSize, dims, 1, { input })
  const stride = wholeNumbers(op, 'stride', givenStride ?? kernelSize, dims, 1, { input })
  const padding = wholeNumbers(op, 'padding', givenPadding, dims, 0, { input })
  if (indices.dtype !== 'int64') {
    throw new DTypeError(
      op,
      { input, indices },
      `indices must be int64, not ${indices.dtype}`,
      "convert with .to('int64')",
    )
  }
  if (indices.shape.join() !== input.shape.join()) {
    throw new ShapeError(
      op,
      { input, indices },
      'indices must have the shape of input',
      'pass those of the pooling',
    )
  }
  if (
    (input.ndim !== dims + 1 && input.ndim !== dims + 2) ||
    input.shape.slice(-dims).includes(0)
  ) {
    throw new ShapeError(
      op,
      { input },
      `input must have ${dims + 1} or ${dims + 2} axes, of which only the batch may be empty`,
      'add axes with unsqueeze()',
    )
  }
  const usual = input.shape
    .slice(-dims)
    .map(
      (n, i) =>
        (n - 1) * (stride[i] as number) + (kernel[i] as number) - 2 * (padding[i] as number),
    )
  const size = sizeOf(op, input, usual, stride, outputSize)
  if (size.some((n) => n < 1)) {
    throw new ShapeError(
      op,
      { input },
      `the result would be [${size.join(', ')}]`,
      'use less padding',
    )
  }
  const front = input.shape.slice(0, -dims)
  const flat = input.newZeros([...front, size.reduce((a, b) => a * b, 1)])
  return flat.scatter(-1, indices.flatten(-dims), input.flatten(-dims)).reshape([...front, ...size])
}

/**
 * Values back at where they stood before max pooling along one axis.
 *
 * Shapes: input and indices `[N, C, L]` or `[C, L]` -> same rank, L' = (L - 1) · stride + kernelSize
 * - 2 · padding, or outputSize. Dtype: kept.
 *
 * @throws {ShapeError} for other ranks or sizes. @throws {DTypeError} unless indices are int64.
 * @throws {IndexError} for an index beyond the result. @throws {ValueError} for other settings.
 * @see torch.nn.functional.max_unpool1d
 */
export function maxUnpool1d(input: Tensor, ...given: MaxUnpoolArguments<Single>): Tensor {
  if (autocasting.on) return inAutocast('maxUnpool1d', maxUnpool1d, [input, ...given])
  return unpool('maxUnpool1d', 1, input, given)
}

/**
 * Values back at where they stood before max pooling over height and width.
 *
 * Shapes: input and indices `[N, C, H, W]` or `[C, H, W]` -> same rank, as {@link maxUnpool1d}.
 * Dtype: kept.
 *
 * @throws {ShapeError, DTypeError, IndexError, ValueError} as {@link maxUnpool1d}.
 * @see torch.nn.functional.max_unpool2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.maxUnpool2d(tensor([[[7]]]), tensor([[[2]]]), 2))
 * // => tensor([[[0, 0],
 * //             [7, 0]]])
 * ```
 */
export function maxUnpool2d(input: Tensor, ...given: MaxUnpoolArguments<Pair>): Tensor {
  if (autocasting.on) return inAutocast('maxUnpool2d', maxUnpool2d, [input, ...given])
  return unpool('maxUnpool2d', 2, input, given)
}

/**
 * Values back at where they stood before max pooling over depth, height and width.
 *
 * Shapes: input and indices `[N, C, D, H, W]` or `[C, D, H, W]` -> same rank, as
 * {@link maxUnpool1d}. Dtype: kept.
 *
 * @throws {ShapeError, DTypeError, IndexError, ValueError} as {@link maxUnpool1d}.
 * @see torch.nn.functional.max_unpool3d
 */
export function maxUnpool3d(input: Tensor, ...given: MaxUnpoolArguments<Triple>): Tensor {
  if (autocasting.on) return inAutocast('maxUnpool3d', maxUnpool3d, [input, ...given])
  return unpool('maxUnpool3d', 3, input, given)
}
