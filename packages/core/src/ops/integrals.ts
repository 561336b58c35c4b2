/** Integrals of sampled functions. */
import type { Arguments, Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { BOOL } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { internally } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { differ, part, realAxis, sizeOf } from './neighbours.ts'

export interface TrapezoidOptions {
  /** Where the function was sampled: `[s]`, or of a shape that broadcasts with y. */
  x?: Tensor | null
  /** The distance of neighbours, in place of x. Default 1. */
  dx?: number | Tensor | null
  /** The axis along which to integrate. Default -1. */
  dim?: number
}

type TrapezoidArguments = Arguments<TrapezoidOptions, ['x', 'dx', 'dim']>
const readerOf = (
  op: string,
): ((given: readonly unknown[]) => Given<[Tensor | null, number | Tensor | null, number]>) =>
  parameters(op, ['x', 'dx', 'dim'])

interface Sampled {
  y: Tensor
  axis: number
  /** The distances of neighbours. */
  steps: Tensor | number
}

/** The arguments of an integral: values, axis, and the distances of neighbours. */
function sampled(
  op: string,
  y: Tensor,
  x: Tensor | null,
  dx: number | Tensor | null,
  dim: number,
): Sampled {
  requireTensor(op, 'y', y)
  const axis = realAxis(op, y, dim)
  if (y._dtype === BOOL || x?._dtype === BOOL) {
    throw new DTypeError(op, { y, x }, 'bools are not integrated', 'convert them: y.float()')
  }
  if (x === null) {
    if (dx !== null && typeof dx !== 'number') requireTensor(op, 'dx', dx)
    return { y, axis, steps: dx ?? 1 }
  }
  requireTensor(op, 'x', x)
  if (dx !== null) {
    throw new ValueError(op, { y, x }, 'x and dx say the same', `give one of them to ${op}`)
  }
  return { y, axis, steps: distances(op, y, x, axis) }
}

/** The distances of neighbouring places x, in a shape that broadcasts with y. */
function distances(op: string, y: Tensor, x: Tensor, axis: number): Tensor {
  if (x.ndim === 1) {
    if (x.numel() !== sizeOf(y, axis)) {
      throw new ShapeError(
        op,
        { y, x },
        `x has ${x.numel()} places for the ${sizeOf(y, axis)} values along axis ${axis}`,
        'give x one place for each value',
      )
    }
    return differ(x, 0).reshape(y.shape.map((_, i) => (i === axis ? -1 : 1)))
  }
  const lead = Math.max(0, y.ndim - x.ndim)
  const aligned = x.reshape([...Array.from({ length: lead }, () => 1), ...x.shape])
  return differ(aligned, axis)
}

/**
 * The integral of a function along an axis by the trapezoidal rule, from its values `y` at places
 * `x`, or `dx` apart.
 *
 * Shapes: y `[…, s, …]`, x `[s]` or broadcastable with y -> y without the axis; 0 for less than two
 * values. Dtype: floating; integers give the default dtype.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if x does not fit.
 * @throws {ValueError} if both x and dx are given. @throws {DTypeError} for bools.
 * @see torch.trapezoid
 */
export function trapezoid(y: Tensor, ...given: TrapezoidArguments): Tensor {
  return integral('trapezoid', y, given)
}

/**
 * The older name of {@link trapezoid}.
 *
 * @see torch.trapz
 */
export function trapz(y: Tensor, ...given: TrapezoidArguments): Tensor {
  return integral('trapz', y, given)
}

const readers = {
  trapezoid: readerOf('trapezoid'),
  trapz: readerOf('trapz'),
  cumulativeTrapezoid: readerOf('cumulativeTrapezoid'),
}

/** Sums of neighbours times their distance: twice the areas between them. */
function areas({ y, axis, steps }: Sampled): Tensor {
  if (sizeOf(y, axis) === 0) return y.mul(steps)
  return part(y, axis, 0, 1)
    .add(part(y, axis, 1, 0))
    .mul(steps)
}

function integral(op: 'trapezoid' | 'trapz', y: Tensor, given: readonly unknown[]): Tensor {
  const [x = null, dx = null, dim = -1] = readers[op](given)
  return internally(() => {
    const values = sampled(op, y, x, dx, dim)
    return areas(values).sum(values.axis).div(2)
  })
}

/**
 * The integral up to each place: as {@link trapezoid}, for the values up to there.
 *
 * Shapes: y `[…, s, …]`, x `[s]` or broadcastable with y -> `[…, s - 1, …]`.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if x does not fit.
 * @throws {ValueError} if both x and dx are given. @throws {DTypeError} for bools.
 * @see torch.cumulative_trapezoid
 */
export function cumulativeTrapezoid(y: Tensor, ...given: TrapezoidArguments): Tensor {
  const [x = null, dx = null, dim = -1] = readers.cumulativeTrapezoid(given)
  return internally(() => {
    const values = sampled('cumulativeTrapezoid', y, x, dx, dim)
    return areas(values).cumsum(values.axis).div(2)
  })
}
