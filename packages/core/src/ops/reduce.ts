/** Sums along axes, and what is made like them: means, products, spreads, norms, counts. */
import type { DType, DTypeCode } from '../dtype.ts'
import {
  BOOL,
  defaultFloatCode,
  dtypeCode,
  dtypeName,
  INT64,
  isFloatingCode,
  UINT8,
} from '../dtype.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import type { BackwardInfo } from '../op.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { shareAmongTies } from './compare-reduce.ts'
import { productsOfOthers } from './cumulative.ts'
import type { Dims, Reduction, ReduceOptions } from './reduce-axes.ts'
import {
  isOptions,
  oneAxis,
  reducedCount,
  reduction,
  requireElements,
  restore,
  spread,
} from './reduce-axes.ts'
import { where } from './ternary.ts'

export interface SumOptions extends ReduceOptions {
  /** Convert the input to this dtype first. */
  dtype?: DType
}

type Reduced = Pick<Reduction, 'axes' | 'keepdim'>
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
  const reduced = reduction('sum', input, dim, options)
  const dtype = reduced.options?.dtype
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
  const reduced = reduction('mean', input, dim, options)
  const x = asFloating('mean', input, reduced.options?.dtype)
  return run(meanOp, [x], reduced.shape, x._dtype, reduced.axes, reduced)
}

/** The input in `dtype` (or its own), which must be floating. */
function asFloating(op: string, input: Tensor, dtype: DType | undefined): Tensor {
  const code: DTypeCode = dtype === undefined ? input._dtype : dtypeCode(dtype)
  if (!isFloatingCode(code)) {
    throw new DTypeError(
      op,
      { input },
      `the result of ${op} is a fraction, which ${dtypeName(code)} cannot hold`,
      `convert the input first: x.float().${op}(…)`,
    )
  }
  return castCode(input, code)
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
  const reduced = reduction('prod', input, axis, options)
  const dtype = reduced.options?.dtype
  const x = dtype === undefined ? input : castCode(input, dtypeCode(dtype))
  const out = dtype !== undefined || isFloatingCode(x._dtype) ? x._dtype : INT64
  return run(prodOp, [x], reduced.shape, out, reduced.axes, reduced)
}

export interface VarOptions extends ReduceOptions {
  /** Subtracted from the number of elements in the divisor. Default 1 (Bessel's correction). */
  correction?: number
}

interface Spread extends Reduced {
  correction: number
}

/** 2 · (x - mean) / max(0, n - correction): the gradient of the variance. */
function varianceSlope(x: Tensor, params: Spread): Tensor {
  const { axes, correction } = params
  const divisor = Math.max(0, reducedCount(x.shape, axes) - correction)
  return x.sub(x.mean(axes, { keepdim: true })).mul(2 / divisor)
}

/** What reaches the variance through its root; 0 where that is 0. */
function throughRoot(grad: Tensor, std: Tensor): Tensor {
  const flat = std.eq(0)
  return where(flat, 0, grad.div(where(flat, 1, std).mul(2)))
}

const varOp = defineOp<'input', Spread>('var', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }, { params }) => {
      const x = input as Tensor
      return restore(grad, params, x.shape).mul(varianceSlope(x, params))
    }),
  },
})
const stdOp = defineOp<'input', Spread>('std', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }, { params }) => {
      const x = input as Tensor
      const slope = throughRoot(grad, out as Tensor)
      return restore(slope, params, x.shape).mul(varianceSlope(x, params))
    }),
  },
})

/** The gradient of both a spread and a mean. */
function spreadAndMean(
  spreadGrad: Tensor | null,
  meanGrad: Tensor | null,
  x: Tensor,
  params: Spread,
): readonly (Tensor | null)[] {
  const ofSpread = spreadGrad && restore(spreadGrad, params, x.shape).mul(varianceSlope(x, params))
  const ofMean =
    meanGrad && spread(meanGrad.div(reducedCount(x.shape, params.axes)), params, x.shape)
  return [ofSpread && ofMean ? ofSpread.add(ofMean) : (ofSpread ?? ofMean)]
}
const varMeanOp = defineOp<'input', Spread>('varMean', ['input'], {
  outputs: 2,
  derivative: {
    needs: ['input'],
    formula: ([ofVar = null, ofMean = null], { input }, { params }) =>
      spreadAndMean(ofVar, ofMean, input as Tensor, params),
  },
})
const stdMeanOp = defineOp<'input', Spread>('stdMean', ['input'], {
  outputs: 2,
  derivative: {
    needs: ['input', 'out0'],
    formula: ([ofStd = null, ofMean = null], { input, out0 }, { params }) =>
      spreadAndMean(ofStd && throughRoot(ofStd, out0 as Tensor), ofMean, input as Tensor, params),
  },
})

/** The arguments of the four functions of spread. */
function spreadOf(
  op: string,
  input: Tensor,
  dim: Dims | VarOptions | undefined,
  options: VarOptions | undefined,
): { params: Spread; numbers: number[]; shape: Shape } {
  const { axes, keepdim, shape, options: given } = reduction(op, input, dim, options)
  asFloating(op, input, undefined)
  const correction = given?.correction ?? 1
  if (typeof correction !== 'number' || Number.isNaN(correction)) {
    throw new ValueError(
      op,
      { input },
      `the correction is a number, not ${String(correction)}`,
      '0 divides by n, 1 by n - 1',
    )
  }
  return { params: { axes, keepdim, correction }, numbers: [correction, ...axes], shape }
}

/**
 * Variance over the axes `dim`: one, several, or all of them (the default):
 * Σ (x - mean)² / max(0, n - correction).
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1; NaN of
 * a single element under the default correction. Dtype: floating; computed in float64 around the
 * mean, so that a large mean costs no digits.
 *
 * Exported as `var`, too, for `import { var as variance }`; the method is `x.var()`.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @see torch.var
 */
export function variance(input: Tensor, dim?: Dims | VarOptions, options?: VarOptions): Tensor {
  const { params, numbers, shape } = spreadOf('var', input, dim, options)
  return run(varOp, [input], shape, input._dtype, numbers, params)
}
export { variance as var }

/**
 * Standard deviation over the axes `dim`: the root of the {@link variance}. Its gradient is 0 where
 * it is 0.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @see torch.std
 */
export function std(input: Tensor, dim?: Dims | VarOptions, options?: VarOptions): Tensor {
  const { params, numbers, shape } = spreadOf('std', input, dim, options)
  return run(stdOp, [input], shape, input._dtype, numbers, params)
}

/**
 * The {@link variance} and the {@link mean} over the same axes, in one pass.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @see torch.var_mean
 */
export function varMean(
  input: Tensor,
  dim?: Dims | VarOptions,
  options?: VarOptions,
): NamedResult<readonly ['var', 'mean']> {
  const { params, numbers, shape } = spreadOf('varMean', input, dim, options)
  const spec = { shape, dtype: input._dtype }
  return namedResult(['var', 'mean'], runMany(varMeanOp, [input], [spec, spec], numbers, params))
}

/**
 * The standard deviation ({@link std}) and the {@link mean} over the same axes, in one pass.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @see torch.std_mean
 */
export function stdMean(
  input: Tensor,
  dim?: Dims | VarOptions,
  options?: VarOptions,
): NamedResult<readonly ['std', 'mean']> {
  const { params, numbers, shape } = spreadOf('stdMean', input, dim, options)
  const spec = { shape, dtype: input._dtype }
  return namedResult(['std', 'mean'], runMany(stdMeanOp, [input], [spec, spec], numbers, params))
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
  const reduced = reduction('norm', input, dim, options)
  const { axes, keepdim, shape } = reduced
  asFloating('norm', input, undefined)
  const x = asFloating('norm', input, reduced.options?.dtype)
  const power = p === 'fro' ? 2 : p
  if (typeof power !== 'number' || Number.isNaN(power)) {
    throw new ValueError(
      'norm',
      { input },
      `p is a number or 'fro', not ${String(p)}`,
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
  const reduced = reduction('logsumexp', input, dim, options)
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
  const { axes, shape } = reduction(op.name, input, dim, options)
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

export interface ReduceMethods {
  /** See {@link sum}. */
  sum(dim?: Dims | SumOptions, options?: SumOptions): Tensor
  /** See {@link mean}. */
  mean(dim?: Dims | SumOptions, options?: SumOptions): Tensor
  /** See {@link prod}. */
  prod(dim?: number | null | SumOptions, options?: SumOptions): Tensor
  /** See {@link variance}. */
  var(dim?: Dims | VarOptions, options?: VarOptions): Tensor
  /** See {@link std}. */
  std(dim?: Dims | VarOptions, options?: VarOptions): Tensor
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
  sum,
  mean,
  prod,
  var: variance,
  std,
  norm,
  logsumexp,
  all,
  any,
  countNonzero,
}
