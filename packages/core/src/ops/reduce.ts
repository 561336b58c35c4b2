/** Sums along axes, and what is made like them: means, products, norms, counts. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType, DTypeCode } from '../dtype.ts'
import { BOOL, defaultFloatCode, dtypeCode, INT64, isFloatingCode, UINT8 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { BackwardInfo } from '../op.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType, IfKnown, Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { shareAmongTies } from './compare-reduce.ts'
import { productsOfOthers } from './cumulative.ts'
import type { AxisOptions, Dims, Reduced, ReduceOptions } from './reduce-axes.ts'
import {
  asFloating,
  oneAxis,
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
  dtype?: DType | null
}

export interface ProdOptions extends AxisOptions {
  /** Convert the input to this dtype first. */
  dtype?: DType | null
}

export interface NormOptions extends SumOptions {
  /** The power; `'fro'` and null are 2. Default 'fro'. */
  p?: number | 'fro' | null
}

const SUM_NAMES: readonly string[] = ['dim', 'keepdim', 'dtype']
type SumArguments = [Dims, boolean, DType | null]

/** The input of a sum, in `dtype` if that is given, and the dtype of the result. */
function summed(
  op: string,
  input: Tensor,
  dtype: DType | null | undefined,
): { x: Tensor; out: DTypeCode } {
  requireTensor(op, 'input', input)
  if (dtype !== undefined && dtype !== null) {
    const out = dtypeCode(dtype)
    return { x: castCode(input, out), out }
  }
  return { x: input, out: isFloatingCode(input._dtype) ? input._dtype : INT64 }
}

type Info = BackwardInfo<Reduced>

const shapeOf = (info: Pick<Info, 'shapes'>): Shape => info.shapes[0] as Shape

const sumOp = defineOp<'input', Reduced>('sum', ['input'], {
  derivative: { input: (grad, _saved, info) => spread(grad, info.params, shapeOf(info)) },
})

const readSum = parameters<SumArguments>('sum', SUM_NAMES)

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
export function sum(
  input: Tensor,
  dim?: Dims | SumOptions,
  keepdim?: boolean | SumOptions,
  dtype?: DType | null | SumOptions,
): Tensor {
  const given = readSum([dim, keepdim, dtype])
  const { x, out } = summed('sum', input, given[2])
  const reduced = reduction('sum', x, given[0], given[1])
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

const readMean = parameters<SumArguments>('mean', SUM_NAMES)

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
export function mean(
  input: Tensor,
  dim?: Dims | SumOptions,
  keepdim?: boolean | SumOptions,
  dtype?: DType | null | SumOptions,
): Tensor {
  const given = readMean([dim, keepdim, dtype])
  const reduced = reduction('mean', input, given[0], given[1])
  const x = asFloating('mean', input, given[2])
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

const readProd = parameters<[number | null, boolean, DType | null]>('prod', SUM_NAMES)

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
  dim?: number | null | ProdOptions,
  keepdim?: boolean | ProdOptions,
  dtype?: DType | null | ProdOptions,
): Tensor {
  if (autocasting.on) return inAutocast('prod', prod, [input, dim, keepdim, dtype])
  const given = readProd([dim, keepdim, dtype])
  const { x, out } = summed('prod', input, given[2])
  const axis = given[0] ?? null
  const reduced = reduction('prod', x, axis === null ? null : oneAxis('prod', x, axis), given[1])
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

const readNorm = parameters<[number | 'fro' | null, Dims, boolean, DType | null]>('norm', [
  'p',
  ...SUM_NAMES,
])

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
  p?: number | 'fro' | null | NormOptions,
  dim?: Dims | NormOptions,
  keepdim?: boolean | NormOptions,
  dtype?: DType | null | NormOptions,
): Tensor {
  const given = readNorm([p, dim, keepdim, dtype])
  const reduced = reduction('norm', input, given[1], given[2])
  const { axes, keepdim: keep, shape } = reduced
  asFloating('norm', input)
  const x = asFloating('norm', input, given[3])
  const order = given[0] ?? 'fro'
  const power = order === 'fro' ? 2 : order
  if (typeof power !== 'number' || Number.isNaN(power)) {
    throw new ValueError(
      'norm',
      { input },
      `p is a number or 'fro', not ${show(order)}`,
      'norm(x, 2), norm(x, Infinity)',
    )
  }
  if (power < 0 || power === Number.POSITIVE_INFINITY) requireElements('norm', input, axes)
  return run(normOp, [x], shape, x._dtype, [power, ...axes], { axes, keepdim: keep, p: power })
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

const DIM_NAMES: readonly string[] = ['dim', 'keepdim']
const readLogsumexp = parameters<[Dims, boolean]>('logsumexp', DIM_NAMES)

/**
 * log Σ exp(x) over the axes `dim`, without overflow.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes, which `keepdim` keeps with size 1; of
 * nothing it is -Infinity. Dtype: floating; integers and bools give the default floating dtype.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.logsumexp
 */
export function logsumexp(
  input: Tensor,
  dim: Dims | ReduceOptions,
  keepdim?: boolean | ReduceOptions,
): Tensor {
  const given = readLogsumexp([dim, keepdim])
  if (given[0] === undefined) {
    throw new ValueError(
      'logsumexp',
      [],
      'dim is missing',
      'logsumexp(x, 0) or logsumexp(x, [0, 1])',
    )
  }
  const reduced = reduction('logsumexp', input, given[0], given[1])
  const x = isFloatingCode(input._dtype) ? input : castCode(input, defaultFloatCode())
  return run(logsumexpOp, [x], reduced.shape, x._dtype, reduced.axes, reduced)
}

const allOp = defineOp('all', ['input'], { derivative: { input: 'non-differentiable' } })
const anyOp = defineOp('any', ['input'], { derivative: { input: 'non-differentiable' } })

const readAll = parameters<[Dims, boolean]>('all', DIM_NAMES)
const readAny = parameters<[Dims, boolean]>('any', DIM_NAMES)

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
export function all<D extends DType = AnyDType>(
  input: Tensor<D>,
  dim?: Dims | ReduceOptions,
  keepdim?: boolean | ReduceOptions,
): Tensor<TruthOf<D>> {
  return truth(allOp, input, readAll([dim, keepdim]))
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
export function any<D extends DType = AnyDType>(
  input: Tensor<D>,
  dim?: Dims | ReduceOptions,
  keepdim?: boolean | ReduceOptions,
): Tensor<TruthOf<D>> {
  return truth(anyOp, input, readAny([dim, keepdim]))
}

function truth(op: typeof allOp, input: Tensor, [dim, keepdim]: Given<[Dims, boolean]>): Tensor {
  const { axes, shape } = reduction(op.name, input, dim, keepdim)
  const dtype = input._dtype === UINT8 ? UINT8 : BOOL
  const none = Array.isArray(dim) && dim.length === 0
  return none ? run(op, [input], input._shape, dtype) : run(op, [input], shape, dtype, axes)
}

const countNonzeroOp = defineOp('countNonzero', ['input'], {
  derivative: { input: 'non-differentiable' },
})

const readCountNonzero = parameters<[Dims]>('countNonzero', ['dim'])

/**
 * How many elements along the axes `dim` (default: along all) are not zero.
 *
 * Shapes: input `[d0, d1, …]` -> without the reduced axes. Dtype: int64.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.count_nonzero
 */
export function countNonzero(input: Tensor, dim?: Dims | { dim?: Dims }): Tensor {
  const { axes, shape } = reduction('countNonzero', input, readCountNonzero([dim])[0], false)
  return run(countNonzeroOp, [input], shape, INT64, axes)
}

/** What `all` and `any` give: bool, or uint8 for uint8. */
export type TruthOf<D> = IfKnown<D, D extends 'uint8' ? 'uint8' : 'bool', 'bool'>

export interface ReduceMethods<D extends DType = AnyDType> extends VarianceMethods {
  /** See {@link sum}. */
  sum(
    dim?: Dims | SumOptions,
    keepdim?: boolean | SumOptions,
    dtype?: DType | null | SumOptions,
  ): Tensor
  /** See {@link mean}. */
  mean(
    dim?: Dims | SumOptions,
    keepdim?: boolean | SumOptions,
    dtype?: DType | null | SumOptions,
  ): Tensor
  /** See {@link prod}. */
  prod(
    dim?: number | null | ProdOptions,
    keepdim?: boolean | ProdOptions,
    dtype?: DType | null | ProdOptions,
  ): Tensor
  /** See {@link logsumexp}. */
  logsumexp(dim: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor
  /** See {@link all}. */
  all(dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor<TruthOf<D>>
  /** See {@link any}. */
  any(dim?: Dims | ReduceOptions, keepdim?: boolean | ReduceOptions): Tensor<TruthOf<D>>
  /** See {@link countNonzero}. */
  countNonzero(dim?: Dims | { dim?: Dims }): Tensor
}

export const reduceMethods: MethodTable<ReduceMethods> = {
  ...varianceMethods,
  sum,
  mean,
  prod,
  logsumexp,
  all,
  any,
  countNonzero,
}
