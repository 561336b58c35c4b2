/** Distances, and parts of a tensor brought within a norm. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { requireTensor } from '../elementwise.ts'
import { IndexError, ValueError } from '../errors.ts'
import { inPlaceOf } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import { internally } from '../scope.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { norm } from './reduce.ts'
import { asFloating, oneAxis } from './reduce-axes.ts'
import { where } from './ternary.ts'

export interface DistOptions {
  other: Tensor
  /** The power of the norm. Default 2. */
  p?: number
}

const readDist = parameters<[Tensor, number]>('dist', ['other', 'p'])

/**
 * The p-norm of `input - other`.
 *
 * Shapes: input and other broadcast -> `[]`. Dtype: floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if both are integers.
 * @see torch.dist
 */
export function dist(input: Tensor, ...given: Arguments<DistOptions, ['other', 'p']>): Tensor {
  const [other, p = 2] = readDist(given)
  requireTensor('dist', 'input', input)
  requireTensor('dist', 'other', other)
  return internally(() => norm(asFloating('dist', input.sub(other)), p))
}

export interface RenormOptions {
  /** The power of the norm, above 0. */
  p: number
  /** The axis whose slices are brought within it. */
  dim: number
  /** The largest norm that a slice may have. */
  maxnorm: number
}

type RenormArguments = Arguments<RenormOptions, ['p', 'dim', 'maxnorm']>
const RENORM_NAMES: readonly string[] = ['p', 'dim', 'maxnorm']

function brought(op: string, input: Tensor, given: readonly unknown[]): Tensor {
  const [p, dim, maxnorm] = parameters<[number, number, number]>(op, RENORM_NAMES)(given)
  requireTensor(op, 'input', input)
  asFloating(op, input)
  if (input.ndim < 2) {
    throw new IndexError(
      op,
      { input },
      `slices have norms where there are two axes or more, not ${input.ndim}`,
      'unsqueeze the input',
    )
  }
  if (typeof p !== 'number' || !(p > 0)) {
    throw new ValueError(op, { input }, `p is above 0, not ${show(p)}`, `${op}(x, 2, 0, 1)`)
  }
  if (typeof maxnorm !== 'number' || !(maxnorm >= 0)) {
    throw new ValueError(
      op,
      { input },
      `maxnorm is 0 or more, not ${show(maxnorm)}`,
      `${op}(x, 2, 0, 1)`,
    )
  }
  const axis = oneAxis(op, input, dim)
  const others = input.shape.map((_, i) => i).filter((i) => i !== axis)
  const norms = norm(input, p, others, true)
  const scale = where(norms.gt(maxnorm), norms.add(1e-7).reciprocal().mul(maxnorm), 1)
  return input.mul(scale)
}

/**
 * The input with each slice along the axis `dim` scaled down to the p-norm `maxnorm` where its norm
 * is larger.
 *
 * Shapes: input `[*]` with two axes or more -> same. Dtype: floating.
 *
 * @throws {IndexError} if there is no such axis, or fewer than two. @throws {ValueError} unless p is
 * above and maxnorm not below 0. @throws {DTypeError} if the input is not floating.
 * @see torch.renorm
 */
export function renorm(input: Tensor, ...given: RenormArguments): Tensor {
  return internally(() => brought('renorm', input, given))
}

export interface RenormMethods {
  /** See {@link dist}. */
  dist(...given: Arguments<DistOptions, ['other', 'p']>): Tensor
  /** See {@link renorm}. */
  renorm(...given: RenormArguments): Tensor
  /** {@link renorm}, writing into this tensor. */
  renorm_(...given: RenormArguments): Tensor
}

export const renormMethods: MethodTable<RenormMethods> = {
  dist,
  renorm,
  renorm_: inPlaceOf('renorm_', (self: Tensor, ...given: RenormArguments) =>
    brought('renorm_', self, given),
  ),
}
