/** How alike vectors are: the cosine of their angle, and the norm of their difference. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { defaultFloatCode, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import { broadcastShapes, normalizeAxis } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

export interface CosineSimilarityOptions {
  x2: Tensor
  /** The axis of the vectors. Default 1. */
  dim?: number
  /** Norms below this count as this. Default 1e-8. */
  eps?: number
}

const COSINE_NAMES = ['x2', 'dim', 'eps'] as const

const readCosine = parameters<[Tensor, number, number]>('cosineSimilarity', COSINE_NAMES)

/** x over its norm along an axis, but over `eps` where that is smaller; the norm's slope stays. */
function normalized(x: Tensor, axis: number, eps: number): Tensor {
  const norm = x.norm(2, axis, true)
  const missing = norm.detach().neg().add(eps).clampMin(0)
  return x.div(norm.add(missing))
}

/**
 * The cosine of the angle between vectors: Σ x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)).
 *
 * Shapes: x1 and x2 broadcast; the axis `dim` of the result goes. Dtype: their common dtype, which
 * must be floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {IndexError} if there is no such axis.
 * @throws {DTypeError} if both are integers.
 * @see torch.cosine_similarity
 *
 * @example
 * ```ts
 * import { cosineSimilarity, tensor } from '@flambeau/core'
 * const x = tensor([[1, 0], [3, 4]], { dtype: 'float32' })
 * console.log(cosineSimilarity(x, tensor([[1, 1], [3, 4]], { dtype: 'float32' }))) // tensor([0.7071, 1.0000])
 * ```
 */
export function cosineSimilarity(
  x1: Tensor,
  ...given: Arguments<CosineSimilarityOptions, typeof COSINE_NAMES>
): Tensor {
  const op = 'cosineSimilarity'
  const [other, dim = 1, eps = 1e-8] = readCosine(given)
  const x2 = other as Tensor
  requireTensor(op, 'x1', x1)
  requireTensor(op, 'x2', x2)
  const dtype = promote(x1._dtype, x2._dtype)
  if (!isFloatingCode(dtype)) {
    throw new DTypeError(op, { x1, x2 }, 'one of both must be floating', "x1.to('float32')")
  }
  const shape = broadcastShapes(op, x1._shape, x2._shape, { x1, x2 })
  const axis = normalizeAxis(op, dim, shape.length, x1)
  const [a, b] = [x1, x2].map((x) => normalized(castCode(x, dtype).expand(shape), axis, eps)) as [
    Tensor,
    Tensor,
  ]
  return a.mul(b).sum(axis)
}

export interface PairwiseDistanceOptions {
  x2: Tensor
  /** The p of the norm. Default 2. */
  p?: number
  /** Added to each difference. Default 1e-6. */
  eps?: number
  /** Keep the last axis with size 1. Default false. */
  keepdim?: boolean
}

const DISTANCE_NAMES = ['x2', 'p', 'eps', 'keepdim'] as const

const readDistance = parameters<[Tensor, number, number, boolean]>(
  'pairwiseDistance',
  DISTANCE_NAMES,
)

/**
 * The p-norm of x1 - x2 + eps along the last axis.
 *
 * Shapes: x1 and x2 broadcast to `[*, D]` -> `[*]`, or `[*, 1]` with keepdim. Dtype: their common
 * dtype, integers as the default dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast, or have no axis.
 * @see torch.pairwise_distance
 */
export function pairwiseDistance(
  x1: Tensor,
  ...given: Arguments<PairwiseDistanceOptions, typeof DISTANCE_NAMES>
): Tensor {
  const op = 'pairwiseDistance'
  const [x2, p = 2, eps = 1e-6, keepdim = false] = readDistance(given)
  requireTensor(op, 'x1', x1)
  requireTensor(op, 'x2', x2 as Tensor)
  const shape = broadcastShapes(op, x1._shape, (x2 as Tensor)._shape, { x1, x2: x2 as Tensor })
  if (shape.length === 0) {
    throw new ShapeError(op, { x1, x2 }, 'x1 and x2 have no axis', 'add one with unsqueeze()')
  }
  const difference = x1.sub(x2 as Tensor)
  const dtype = isFloatingCode(difference._dtype) ? difference._dtype : defaultFloatCode()
  return castCode(difference, dtype).add(eps).norm(p, -1, keepdim)
}
