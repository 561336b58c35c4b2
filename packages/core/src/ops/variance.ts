/** Variance and standard deviation, alone or together with the mean. */
import { ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims, Reduced, ReduceOptions } from './reduce-axes.ts'
import { asFloating, optionsOf, reducedCount, reduction, restore, spread } from './reduce-axes.ts'
import { where } from './ternary.ts'

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
  const given = optionsOf(op, dim, options)
  const { axes, keepdim, shape } = reduction(op, input, dim, given)
  asFloating(op, input, undefined)
  const correction = given?.correction ?? 1
  if (typeof correction !== 'number' || Number.isNaN(correction)) {
    throw new ValueError(
      op,
      { input },
      `the correction is a number, not ${show(correction)}`,
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

export interface VarianceMethods {
  /** See {@link variance}. */
  var(dim?: Dims | VarOptions, options?: VarOptions): Tensor
  /** See {@link std}. */
  std(dim?: Dims | VarOptions, options?: VarOptions): Tensor
}

export const varianceMethods: MethodTable<VarianceMethods> = { var: variance, std }
