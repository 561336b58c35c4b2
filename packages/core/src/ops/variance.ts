/** Variance and standard deviation, alone or together with the mean. */
import type { Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims, Reduced, ReduceOptions } from './reduce-axes.ts'
import { asFloating, reducedCount, reduction, restore, spread } from './reduce-axes.ts'
import { where } from './ternary.ts'

export interface VarOptions extends ReduceOptions {
  /** Subtracted from the number of elements in the divisor. Default 1 (Bessel's correction). */
  correction?: number | null
  /** The same in two steps: true for a correction of 1, false for 0. */
  unbiased?: boolean
}

/** `x.std(1, { correction: 0 })`, `x.std(1, false)`, or `x.std(false)` for all axes. */
type SpreadDim = Dims | boolean | VarOptions
type SpreadArguments = [Dims | boolean, boolean | number, boolean, number | null]

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

const SPREAD_NAMES: readonly string[] = ['dim', 'unbiased', 'keepdim', 'correction']
const readVar = parameters<SpreadArguments>('var', SPREAD_NAMES)
const readStd = parameters<SpreadArguments>('std', SPREAD_NAMES)
const readVarMean = parameters<SpreadArguments>('varMean', SPREAD_NAMES)
const readStdMean = parameters<SpreadArguments>('stdMean', SPREAD_NAMES)

/** The correction that the arguments name; `unbiased` may be a number in its place. */
function correctionOf(
  op: string,
  input: Tensor,
  unbiased: boolean | number | undefined,
  correction: number | null | undefined,
): number {
  if (unbiased !== undefined && correction !== undefined) {
    throw new ValueError(
      op,
      { input },
      "'unbiased' and 'correction' say the same",
      `use one of them: ${op}(x, 0, { correction: 0 })`,
    )
  }
  if (typeof unbiased === 'boolean') return unbiased ? 1 : 0
  const number = unbiased ?? correction ?? 1
  if (typeof number !== 'number' || Number.isNaN(number)) {
    throw new ValueError(
      op,
      { input },
      `the correction is a number, not ${show(number)}`,
      '0 divides by n, 1 by n - 1',
    )
  }
  return number
}

/** The arguments of the four functions of spread. */
function spreadOf(
  op: string,
  input: Tensor,
  given: Given<SpreadArguments>,
): { params: Spread; numbers: number[]; shape: Shape } {
  // A switch in place of the axes: over all of them.
  const alone = typeof given[0] === 'boolean'
  if (alone && given[1] !== undefined) {
    throw new ValueError(
      op,
      { input },
      `axes are a number or a list of numbers, not ${show(given[0])}`,
      `${op}(x, 0) or ${op}(x, [0, 1])`,
    )
  }
  const dim = alone ? null : given[0]
  const { axes, keepdim, shape } = reduction(op, input, dim, given[2])
  asFloating(op, input)
  const unbiased = alone ? given[0] : given[1]
  const correction = correctionOf(op, input, unbiased, given[3])
  return { params: { axes, keepdim, correction }, numbers: [correction, ...axes], shape }
}

/**
 * Variance over the axes `dim`: one, several, or all of them (the default):
 * Σ (x - mean)² / max(0, n - correction). `unbiased` is the correction as true (1) or false (0), and
 * may stand alone: `x.var(false)`.
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
export function variance(
  input: Tensor,
  dim?: SpreadDim,
  unbiased?: boolean | number | VarOptions,
  keepdim?: boolean | VarOptions,
  correction?: number | null | VarOptions,
): Tensor {
  const { params, numbers, shape } = spreadOf(
    'var',
    input,
    readVar([dim, unbiased, keepdim, correction]),
  )
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
export function std(
  input: Tensor,
  dim?: SpreadDim,
  unbiased?: boolean | number | VarOptions,
  keepdim?: boolean | VarOptions,
  correction?: number | null | VarOptions,
): Tensor {
  const { params, numbers, shape } = spreadOf(
    'std',
    input,
    readStd([dim, unbiased, keepdim, correction]),
  )
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
  dim?: SpreadDim,
  unbiased?: boolean | number | VarOptions,
  keepdim?: boolean | VarOptions,
  correction?: number | null | VarOptions,
): NamedResult<readonly ['var', 'mean']> {
  const { params, numbers, shape } = spreadOf(
    'varMean',
    input,
    readVarMean([dim, unbiased, keepdim, correction]),
  )
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
  dim?: SpreadDim,
  unbiased?: boolean | number | VarOptions,
  keepdim?: boolean | VarOptions,
  correction?: number | null | VarOptions,
): NamedResult<readonly ['std', 'mean']> {
  const { params, numbers, shape } = spreadOf(
    'stdMean',
    input,
    readStdMean([dim, unbiased, keepdim, correction]),
  )
  const spec = { shape, dtype: input._dtype }
  return namedResult(['std', 'mean'], runMany(stdMeanOp, [input], [spec, spec], numbers, params))
}

export interface VarianceMethods {
  /** See {@link variance}. */
  var(
    dim?: SpreadDim,
    unbiased?: boolean | number | VarOptions,
    keepdim?: boolean | VarOptions,
    correction?: number | null | VarOptions,
  ): Tensor
  /** See {@link std}. */
  std(
    dim?: SpreadDim,
    unbiased?: boolean | number | VarOptions,
    keepdim?: boolean | VarOptions,
    correction?: number | null | VarOptions,
  ): Tensor
}

export const varianceMethods: MethodTable<VarianceMethods> = { var: variance, std }
