/** Distances between rows. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { defineOp, needs, run } from '../op.ts'
import { broadcastShapes } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { requireFloats } from './contractions.ts'
import { triuIndices } from './grids.ts'
import { norm } from './reduce.ts'
import { where } from './ternary.ts'

interface DistanceParams {
  p: number
}

const cdistOp = defineOp<'x1' | 'x2', DistanceParams>('cdist', ['x1', 'x2'], {
  derivative: {
    x1: needs(['x1', 'x2', 'out'], (grad, { x1, x2, out }, { params }) =>
      rowGradient(grad, x1 as Tensor, x2 as Tensor, out as Tensor, params.p),
    ),
    x2: needs(['x1', 'x2', 'out'], (grad, { x1, x2, out }, { params }) =>
      rowGradient(
        grad.transpose(-2, -1),
        x2 as Tensor,
        x1 as Tensor,
        (out as Tensor).transpose(-2, -1),
        params.p,
      ),
    ),
  },
})

/**
 * The gradient of the rows x [.., P, M] from that of their distances [.., P, R] to the rows y
 * [.., R, M]: Σ_j grad_ij · sign(x_i - y_j) · (|x_i - y_j| / distance_ij)^(p - 1), 0 where the
 * distance is 0.
 */
function rowGradient(
  grad: Tensor,
  x: Tensor,
  y: Tensor,
  distance: Tensor,
  p: number,
): Tensor | null {
  if (p === 0) return null
  const none = distance.eq(0)
  if (p === 2) {
    // The weights of x_i - y_j, summed without all those differences.
    const weights = where(none, 0, grad.div(where(none, 1, distance)))
    return x.mul(weights.sum(-1, true)).sub(weights.matmul(y))
  }
  const difference = x.unsqueeze(-2).sub(y.unsqueeze(-3)) // [.., P, R, M]
  const sign = difference.sign()
  const size = difference.abs()
  const far = distance.unsqueeze(-1)
  const weight = grad.unsqueeze(-1)
  if (p === 1) return weight.mul(sign).sum(-2)
  if (p === Number.POSITIVE_INFINITY) {
    const largest = size.eq(far)
    return where(largest, weight.mul(sign), 0).sum(-2)
  }
  const still = size.eq(0)
  const ratio = where(still, 1, size)
    .div(where(far.eq(0), 1, far))
    .pow(p - 1)
  return where(still, 0, weight.mul(sign).mul(ratio)).sum(-2)
}

/** What {@link cdist} takes by name. */
export interface CdistOptions {
  x2: Tensor
  /** The norm: 0 counts differences, Infinity takes the largest. Default 2. */
  p?: number
  /**
   * May Euclidean distances be computed by a matrix product, which is faster and loses digits where
   * rows nearly coincide? By default for more than 25 rows.
   */
  computeMode?: ComputeMode | null
}

/** See {@link CdistOptions.computeMode}. */
export type ComputeMode =
  | 'use_mm_for_euclid_dist_if_necessary'
  | 'use_mm_for_euclid_dist'
  | 'donot_use_mm_for_euclid_dist'

const MODES: readonly string[] = [
  'use_mm_for_euclid_dist_if_necessary',
  'use_mm_for_euclid_dist',
  'donot_use_mm_for_euclid_dist',
]

const readCdist = parameters<[Tensor, number, ComputeMode | null]>('cdist', [
  'x2',
  'p',
  'computeMode',
])

function requirePower(op: string, p: unknown): void {
  if (typeof p === 'number' && p >= 0) return
  throw new ValueError(
    op,
    [],
    `p is a number ≥ 0, not ${show(p)}`,
    'p: 2 is the Euclidean distance',
  )
}

/**
 * The distance of each row of x1 to each row of x2, by the p-norm. The gradient is 0 where the
 * distance is 0.
 *
 * Shapes: x1 `[..., P, M]`, x2 `[..., R, M]` -> `[..., P, R]`; leading axes broadcast. Dtype: floating.
 *
 * @throws {ShapeError} if the rows differ in length or leading axes do not broadcast. @throws
 * {DTypeError} for integers and bool. @throws {ValueError} for a negative p.
 * @see torch.cdist
 */
export function cdist(
  x1: Tensor,
  ...given: Arguments<CdistOptions, ['x2', 'p', 'computeMode']>
): Tensor {
  if (autocasting.on) return inAutocast('cdist', cdist, [x1, ...given])
  const [x2, p = 2, mode] = readCdist(given)
  requireTensor('cdist', 'x1', x1)
  requireTensor('cdist', 'x2', x2)
  requireFloats('cdist', { x1, x2 })
  requirePower('cdist', p)
  const computeMode = mode ?? 'use_mm_for_euclid_dist_if_necessary'
  if (!MODES.includes(computeMode)) {
    throw new ValueError(
      'cdist',
      [],
      `there is no computeMode ${show(computeMode)}`,
      `modes: ${MODES.join(', ')}`,
    )
  }
  for (const [name, x] of [
    ['x1', x1],
    ['x2', x2],
  ] as const) {
    if (x.ndim >= 2) continue
    throw new ShapeError(
      'cdist',
      { x1, x2 },
      `${name} needs two axes, not ${x.ndim}`,
      'unsqueeze(0)',
    )
  }
  const [rows, columns] = x1.shape.slice(-2) as [number, number]
  const [others, length] = x2.shape.slice(-2) as [number, number]
  if (columns !== length) {
    throw new ShapeError(
      'cdist',
      { x1, x2 },
      `x1.shape[-1] (${columns}) must equal x2.shape[-1] (${length})`,
      'rows are points with as many coordinates',
    )
  }
  const batch = broadcastShapes('cdist', x1.shape.slice(0, -2), x2.shape.slice(0, -2), { x1, x2 })
  const common = promote(x1._dtype, x2._dtype)
  const left = castCode(x1, common).expand([...batch, rows, columns])
  const right = castCode(x2, common).expand([...batch, others, columns])
  const byProduct =
    computeMode === MODES[1] || (computeMode === MODES[0] && (rows > 25 || others > 25))
  return run(cdistOp, [left, right], [...batch, rows, others], common, [p, Number(byProduct)], {
    p,
  })
}

/** What {@link pdist} takes by name. */
export interface PdistOptions {
  /** The norm: 0 counts differences, Infinity takes the largest. Default 2. */
  p?: number
}

const readPdist = parameters<[number]>('pdist', ['p'])

/**
 * The distances between all pairs of different rows, each once: (0, 1), (0, 2), …, (N - 2, N - 1).
 *
 * Shapes: input `[N, M]` -> `[N (N - 1) / 2]`. Dtype: floating.
 *
 * @throws {ShapeError} unless the input has two axes. @throws {DTypeError} for integers and bool.
 * @throws {ValueError} for a negative p.
 * @see torch.pdist
 */
export function pdist(input: Tensor, ...given: Arguments<PdistOptions, ['p']>): Tensor {
  const [p = 2] = readPdist(given)
  requireTensor('pdist', 'input', input)
  requireFloats('pdist', { input })
  requirePower('pdist', p)
  if (input.ndim !== 2) {
    throw new ShapeError(
      'pdist',
      { input },
      `input must have the axes [points, coordinates], not ${input.ndim}`,
      'cdist(x, x) takes batches',
    )
  }
  const n = input.shape[0] as number
  const pairs = triuIndices(n, n, 1, { device: input.device }) // [2, n (n - 1) / 2]
  const [first, second] = [pairs.select(0, 0), pairs.select(0, 1)]
  return norm(input.indexSelect(0, first).sub(input.indexSelect(0, second)), p, 1)
}
