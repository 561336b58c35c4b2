/** Running extremes, and the running log Σ exp, along an axis. */
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import { INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { namedResult } from '../named-result.ts'
import type { Op, OpDefinition } from '../op.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { recurrence } from './cumulative.ts'
import { cat } from './joining.ts'
import { oneAxis } from './reduce-axes.ts'
import type { ValuesAndIndices } from './taken.ts'
import { where } from './ternary.ts'

interface AxisParams {
  axis: number
}

/** The axis to go along, by name. */
export interface RunningOptions {
  dim?: number
}

// An element may be the extreme of several places.
const ofExtremes: OpDefinition<'input', AxisParams> = {
  outputs: 2,
  derivative: {
    needs: ['out1'],
    formula: ([grad], { out1 }, { params, shapes }) => {
      const shape = shapes[0] as Shape
      if (!grad || shape.length === 0) return [grad ?? null]
      const zeros = fullCode(shape, 0, grad._dtype, grad)
      return [zeros.scatterAdd(params.axis, out1 as Tensor, grad)]
    },
  },
}
const cummaxOp = defineOp<'input', AxisParams>('cummax', ['input'], ofExtremes)
const cumminOp = defineOp<'input', AxisParams>('cummin', ['input'], ofExtremes)

const readCummax = parameters<[number]>('cummax', ['dim'])
const readCummin = parameters<[number]>('cummin', ['dim'])
const readLogcumsumexp = parameters<[number]>('logcumsumexp', ['dim'])

function runningExtreme(op: Op<AxisParams>, input: Tensor, dim: unknown): ValuesAndIndices {
  requireTensor(op.name, 'input', input)
  const axis = oneAxis(op.name, input, dim)
  if (input.ndim === 0) return input.max(0)
  const shape = input._shape
  const specs = [
    { shape, dtype: input._dtype },
    { shape, dtype: INT64 },
  ]
  return namedResult(['values', 'indices'], runMany(op, [input], specs, [axis], { axis }))
}

/**
 * The largest element so far along an axis, and where it is: the last of equal ones. From a NaN on,
 * NaN.
 *
 * Shapes: input `[*]` -> values and indices (int64) of the same shape. The gradient goes to the
 * elements that were taken.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.cummax
 */
export function cummax(input: Tensor, dim: number | RunningOptions): ValuesAndIndices {
  return runningExtreme(cummaxOp, input, readCummax([dim])[0])
}

/**
 * The smallest element so far along an axis, and where it is: the last of equal ones. From a NaN
 * on, NaN.
 *
 * Shapes: input `[*]` -> values and indices (int64) of the same shape. The gradient goes to the
 * elements that were taken.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.cummin
 */
export function cummin(input: Tensor, dim: number | RunningOptions): ValuesAndIndices {
  return runningExtreme(cumminOp, input, readCummin([dim])[0])
}

/** y moved forward by one place; the first element stays, too. */
function delayed(y: Tensor, axis: number): Tensor {
  const size = y.shape[axis] as number
  return cat([y.narrow(axis, 0, Math.min(1, size)), y.narrow(axis, 0, Math.max(0, size - 1))], axis)
}

const logcumsumexpOp: Op<AxisParams> = defineOp<'input', AxisParams>('logcumsumexp', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }, { params: { axis } }) => {
      const x = input as Tensor
      const y = out as Tensor
      // grad x[i] = Σ_{j ≥ i} grad[j] · exp(x[i] - y[j]) = exp(x[i] - y[i]) · r[i] with
      // r[i] = grad[i] + exp(y[i] - y[i + 1]) · r[i + 1]: no exponent is positive.
      const factors = where(y.eq(Number.NEGATIVE_INFINITY), 0, delayed(y, axis).sub(y)).exp()
      const none = x.eq(Number.NEGATIVE_INFINITY)
      const share = where(none, 0, where(none, 0, x.sub(y)).exp())
      return recurrence(factors, grad, axis, true).mul(share)
    }),
  },
})

/**
 * The running log Σ exp along an axis, without overflow: y[i] = log(exp(x[0]) + … + exp(x[i])).
 *
 * Shapes: input `[*]` -> same. Dtype: floating, computed in float64.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} if the input is not floating.
 * @see torch.logcumsumexp
 */
export function logcumsumexp(input: Tensor, dim: number | RunningOptions): Tensor {
  requireTensor('logcumsumexp', 'input', input)
  const axis = oneAxis('logcumsumexp', input, readLogcumsumexp([dim])[0])
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(
      'logcumsumexp',
      { input },
      `is for floating dtypes, not ${input.dtype}`,
      'convert the input first: x.float().logcumsumexp(…)',
    )
  }
  if (input.ndim === 0) return input.clone()
  return run(logcumsumexpOp, [input], input._shape, input._dtype, [axis], { axis })
}

export interface RunningMethods {
  /** See {@link cummax}. */
  cummax(dim: number | RunningOptions): ValuesAndIndices
  /** See {@link cummin}. */
  cummin(dim: number | RunningOptions): ValuesAndIndices
  /** See {@link logcumsumexp}. */
  logcumsumexp(dim: number | RunningOptions): Tensor
}

export const runningMethods: MethodTable<RunningMethods> = { cummax, cummin, logcumsumexp }
