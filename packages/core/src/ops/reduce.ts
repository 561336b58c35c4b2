/** Sums along axes, and what is made like them: means, products, norms, counts. */
import type { DType } from '../dtype.ts'
import { BOOL, defaultFloatCode, dtypeCode, INT64, isFloatingCode, UINT8 } from '../dtype.ts'
import { ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { MethodTable } from '../methods.ts'
import type { BackwardInfo } from '../op.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { shareAmongTies } from './compare-reduce.ts'
import { productsOfOthers } from './cumulative.ts'
import type { Dims, Reduced, ReduceOptions } from './reduce-axes.ts'
import {
  asFloating,
  isOptions,
  oneAxis,
  optionsOf,
  reducedCount,
  reduction,
  requireElements,
  restore,
  spread,
} from './reduce-axes.ts'
import { where } from './ternary.ts'
import type { VarianceMethods } from './variance.ts'
import { varianceMethods } from './variance.ts'

export interface SumOptions extends ReduceOptions {
  /** Convert the input to this dtype first. */
  dtype?: DType
}

type Info = BackwardInfo<Reduced>

const shapeOf = (info: Pick<Info, 'shapes'>): Shape => info.shapes[0] as Shape

const sumOp = defineOp<'input', Reduced>('sum', ['input'], {
  derivative: { input: (grad, _saved, info) => spread(grad, info.params, shapeOf(info)) },
})

/**
 * Sum over the axes `dim`: one, several, or all of them (the default).
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1; an
 * empty sum is 0. Dtype: floating ones stay and are summed in float64; integers and bools give
 * int64 (which wraps); or `dtype`, to which the input is converted first.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if an axis is named twice.
 * @see torch.sum
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * const x = tensor([[1, 2], [3, 4]])
 * console.log(x.sum().item(), x.sum(0).tolist(), x.sum(1, { keepdim: true }).tolist())
 * // 10 [ 4, 6 ] [ [ 3 ], [ 7 ] ]
 * ```
 */
export function sum(input: Tensor, dim?: Dims | SumOptions, options?: SumOptions): Tensor {
  const given = optionsOf('sum', dim, options)
  const reduced = reduction('sum', input, dim, given)
  const dtype = given?.dtype
  const x = dtype === undefined ? input : castCode(input, dtypeCode(dtype))
  const out = dtype !== undefined || isFloatingCode(x._dtype) ? x._dtype : INT64
  return run(sumOp, [x], reduced.shape, out, reduced.axes, reduced)
}

const meanOp = defineOp<'input', Reduced>('mean', ['input'], {
  derivative: {
    input: (grad, _saved, info) => {
      const shape = shapeOf(info)
      const count = reducedCount(shape, info.params.axes)
      return spread(grad.div(count), info.params, shape)
    },
  },
})

/**
 * Mean over the axes `dim`: one, several, or all of them (the default).
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1; a mean
 * of nothing is NaN. Dtype: that of the input, which must be floating, summed in float64; or
 * `dtype`, to which the input is converted first.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @see torch.mean
 */
export function mean(input: Tensor, dim?: Dims | SumOptions, options?: SumOptions): Tensor {
  const given = optionsOf('mean', dim, options)
  const reduced = reduction('mean', input, dim, given)
  const x = asFloating('mean', input, given?.dtype)
  return run(meanOp, [x], reduced.shape, x._dtype, reduced.axes, reduced)
}

const prodOp = defineOp<'input', Reduced>('prod', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }, info) => {
      const x = input as Tensor
      const { axes } = info.params
      const others =
        axes.length === x.ndim
          ? productsOfOthers(x.reshape(-1), 0).reshape(x.shape)
          : productsOfOthers(x, axes[0] as number)
      return restore(grad, info.params, x.shape).mul(others)
    }),
  },
})

/**
 * Product over the axis `dim`, or over all (the default). Its gradient is right also where elements
 * are zero.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axis, which `keepdim` keeps with size 1; an
 * empty product is 1. Dtype: as for {@link sum}.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if `dim` is a list.
 * @see torch.prod
 */
export function prod(
  input: Tensor,
  dim?: number | null | SumOptions,
  options?: SumOptions,
): Tensor {
  const axis =
    dim === undefined || dim === null || isOptions(dim) ? dim : oneAxis('prod', input, dim)
  const given = optionsOf('prod', dim, options)
  const reduced = reduction('prod', input, axis, given)
  const dtype = given?.dtype
  const x = dtype === undefined ? input : castCode(input, dtypeCode(dtype))
  const out = dtype !== undefined || isFloatingCode(x._dtype) ? x._dtype : INT64
  return run(prodOp, [x], reduced.shape, out, reduced.axes, reduced)
}

interface NormParams extends Reduced {
  p: number
}

/** The gradient of a norm; 0 where the norm is 0. */
function normGrad(grad: Tensor, x: Tensor, norm: Tensor, params: NormParams): Tensor | null {
  const { p } = params
  if (p === 0) return null
  if (p === 1) return grad.mul(x.sign())
  if (Math.abs(p) === Number.POSITIVE_INFINITY)
    return shareAmongTies(grad, x.abs(), norm, params.axes).mul(x.sign())
  const none = norm.eq(0)
  const some = where(none, 1, norm)
  if (p === 2) return x.mul(where(none, 0, grad.div(some)))
  const zero = x.eq(0)
  const powers = where(zero, 0, where(zero, 1, x.abs()).pow(p - 1))
  return x
    .sign()
    .mul(powers)
    .mul(where(none, 0, grad.mul(some.pow(1 - p))))
}

const normOp = defineOp<'input', NormParams>('norm', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }, { params }) => {
      const x = input as Tensor
      return normGrad(
        restore(grad, params, x.shape),
        x,
        restore(out as Tensor, params, x.shape),
        params,
      )
    }),
  },
})

/**
 * The p-norm over the axes `dim` (default: all), their elements taken as one vector:
 * (Σ |x|^p)^(1/p). `p` may be any number: ±Infinity gives the largest or smallest |x|, 0 counts
 * what is not zero, and `'fro'` is 2. The gradient is 0 where the norm is 0.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1. Dtype:
 * floating, summed in float64; or `dtype`, to which the input is converted first.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @throws {ShapeError} if p is negative or infinite and there are no elements.
 * @see torch.norm
 */
export function norm(
  input: Tensor,
  p: number | 'fro' = 2,
  dim?: Dims | SumOptions,
  options?: SumOptions,
): Tensor {
  const given = optionsOf('norm', dim, options)
  const reduced = reduction('norm', input, dim, given)
  const { axes, keepdim, shape } = reduced
  asFloating('norm', input, undefined)
  const x = asFloating('norm', input, given?.dtype)
  const power = p === 'fro' ? 2 : p
  if (typeof power !== 'number' || Number.isNaN(power)) {
    throw new ValueError(
      'norm',
      { input },
      `p is a number or 'fro', not ${show(p)}`,
      'norm(x, 2), norm(x, Infinity)',
    )
  }
  if (power < 0 || power === Number.POSITIVE_INFINITY) requireElements('norm', input, axes)
  return run(normOp, [x], shape, x._dtype, [power, ...axes], { axes, keepdim, p: power })
}

const logsumexpOp = defineOp<'input', Reduced>('logsumexp', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }, { params }) => {
      const x = input as Tensor
      const share = x.sub(restore(out as Tensor, params, x.shape)).exp()
      return restore(grad, params, x.shape).mul(share)
    }),
  },
})

/**
 * log Σ exp(x) over the axes `dim`, without overflow.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1; of
 * nothing it is -Infinity. Dtype: floating; integers and bools give the default floating dtype.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.logsumexp
 */
export function logsumexp(input: Tensor, dim: Dims, options?: ReduceOptions): Tensor {
  const reduced = reduction('logsumexp', input, dim, optionsOf('logsumexp', dim, options))
  const x = isFloatingCode(input._dtype) ? input : castCode(input, defaultFloatCode())
  return run(logsumexpOp, [x], reduced.shape, x._dtype, reduced.axes, reduced)
}

const allOp = defineOp('all', ['input'], { derivative: { input: 'non-differentiable' } })
const anyOp = defineOp('any', ['input'], { derivative: { input: 'non-differentiable' } })

/**
 * Are all elements along the axes `dim` (default: along all) other than zero? NaN is; of nothing,
 * all are.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1. An
 * empty list of axes reduces none, as in PyTorch. Dtype: bool (uint8 for uint8).
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.all
 */
export function all(input: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  return truth(allOp, input, dim, options)
}

/**
 * Is any element along the axes `dim` (default: along all) other than zero? NaN is; of nothing, none
 * is.
 *
 * Shapes and dtype: as for {@link all}.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.any
 */
export function any(input: Tensor, dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor {
  return truth(anyOp, input, dim, options)
}

function truth(
  op: typeof allOp,
  input: Tensor,
  dim: Dims | ReduceOptions | undefined,
  options: ReduceOptions | undefined,
): Tensor {
  const { axes, shape } = reduction(op.name, input, dim, optionsOf(op.name, dim, options))
  const dtype = input._dtype === UINT8 ? UINT8 : BOOL
  const none = Array.isArray(dim) && dim.length === 0
  return none ? run(op, [input], input._shape, dtype) : run(op, [input], shape, dtype, axes)
}

const countNonzeroOp = defineOp('countNonzero', ['input'], {
  derivative: { input: 'non-differentiable' },
})

/**
 * How many elements along the axes `dim` (default: along all) are not zero.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes. Dtype: int64.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.count_nonzero
 */
export function countNonzero(input: Tensor, dim?: Dims): Tensor {
  const { axes, shape } = reduction('countNonzero', input, dim, undefined)
  return run(countNonzeroOp, [input], shape, INT64, axes)
}

export interface ReduceMethods extends VarianceMethods {
  /** See {@link sum}. */
  sum(dim?: Dims | SumOptions, options?: SumOptions): Tensor
  /** See {@link mean}. */
  mean(dim?: Dims | SumOptions, options?: SumOptions): Tensor
  /** See {@link prod}. */
  prod(dim?: number | null | SumOptions, options?: SumOptions): Tensor
  /** See {@link norm}. */
  norm(p?: number | 'fro', dim?: Dims | SumOptions, options?: SumOptions): Tensor
  /** See {@link logsumexp}. */
  logsumexp(dim: Dims, options?: ReduceOptions): Tensor
  /** See {@link all}. */
  all(dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor
  /** See {@link any}. */
  any(dim?: Dims | ReduceOptions, options?: ReduceOptions): Tensor
  /** See {@link countNonzero}. */
  countNonzero(dim?: Dims): Tensor
}

export const reduceMethods: MethodTable<ReduceMethods> = {
  ...varianceMethods,
  sum,
  mean,
  prod,
  norm,
  logsumexp,
  all,
  any,
  countNonzero,
}
