/** Sums and means that leave out NaN, and both extremes at once. */
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { dtypeCode, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, needs, run } from '../op.ts'
import { internally } from '../scope.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { amax, amin } from './compare-reduce.ts'
import type { SumOptions } from './reduce.ts'
import { sum } from './reduce.ts'
import type { AxisOptions, Dims, Reduced } from './reduce-axes.ts'
import { asFloating, flag, oneAxis, reduction, spread } from './reduce-axes.ts'

const SUM_NAMES: readonly string[] = ['dim', 'keepdim', 'dtype']
const readNansum = parameters<[Dims, boolean, DType | null]>('nansum', SUM_NAMES)
const readNanmean = parameters<[Dims, boolean, DType | null]>('nanmean', SUM_NAMES)

const nansumOp = defineOp<'input', Reduced>('nansum', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }, { params }) => {
      const x = input as Tensor
      return spread(grad, params, x.shape).mul(x.eq(x))
    }),
  },
})

function sumOfNumbers(
  op: string,
  input: Tensor,
  dim: Dims | undefined,
  keepdim: boolean | undefined,
  dtype: DType | null | undefined,
): Tensor {
  requireTensor(op, 'input', input)
  const x = dtype === undefined || dtype === null ? input : castCode(input, dtypeCode(dtype))
  const reduced = reduction(op, x, dim, keepdim)
  if (!isFloatingCode(x._dtype)) return sum(x, dim, keepdim, dtype)
  return run(nansumOp, [x], reduced.shape, x._dtype, reduced.axes, reduced)
}

/**
 * Sum over the axes `dim` (default: all) of the elements that are not NaN.
 *
 * Shapes and dtype: as for {@link sum}.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if an axis is named twice.
 * @see torch.nansum
 */
export function nansum(
  input: Tensor,
  dim?: Dims | SumOptions,
  keepdim?: boolean | SumOptions,
  dtype?: DType | null | SumOptions,
): Tensor {
  const given = readNansum([dim, keepdim, dtype])
  return sumOfNumbers('nansum', input, given[0], given[1], given[2])
}

/**
 * Mean over the axes `dim` (default: all) of the elements that are not NaN; NaN where all are.
 *
 * Shapes and dtype: as for {@link mean}.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @see torch.nanmean
 */
export function nanmean(
  input: Tensor,
  dim?: Dims | SumOptions,
  keepdim?: boolean | SumOptions,
  dtype?: DType | null | SumOptions,
): Tensor {
  const [axes, keep, type] = readNanmean([dim, keepdim, dtype])
  requireTensor('nanmean', 'input', input)
  asFloating('nanmean', input)
  return internally(() => {
    const x = asFloating('nanmean', input, type)
    const numbers = sum(x.isnan().logicalNot(), axes, keep)
    return sumOfNumbers('nanmean', x, axes, keep, null).div(numbers)
  })
}

const readAminmax = parameters<[number | null, boolean]>('aminmax', ['dim', 'keepdim'])

/**
 * The smallest and the largest element, over all axes or along `dim`; NaN where there is one. Equal
 * ones share the gradient.
 *
 * Shapes: input `[d0, d1, …]` -> min and max without the reduced axes, which `keepdim` keeps with
 * size 1.
 *
 * @throws {IndexError} if there is no such axis. @throws {ShapeError} if there are no elements.
 * @see torch.aminmax
 */
export function aminmax(
  input: Tensor,
  dim?: number | null | AxisOptions,
  keepdim?: boolean | AxisOptions,
): NamedResult<readonly ['min', 'max']> {
  const given = readAminmax([dim, keepdim])
  requireTensor('aminmax', 'input', input)
  const only = given[0] ?? null
  const axis = only === null ? null : oneAxis('aminmax', input, only)
  const keep = flag('aminmax', 'keepdim', given[1], false)
  return namedResult(['min', 'max'], [amin(input, axis, keep), amax(input, axis, keep)])
}

export interface NanReduceMethods {
  /** See {@link nansum}. */
  nansum(
    dim?: Dims | SumOptions,
    keepdim?: boolean | SumOptions,
    dtype?: DType | null | SumOptions,
  ): Tensor
  /** See {@link nanmean}. */
  nanmean(
    dim?: Dims | SumOptions,
    keepdim?: boolean | SumOptions,
    dtype?: DType | null | SumOptions,
  ): Tensor
  /** See {@link aminmax}. */
  aminmax(
    dim?: number | null | AxisOptions,
    keepdim?: boolean | AxisOptions,
  ): NamedResult<readonly ['min', 'max']>
}

export const nanReduceMethods: MethodTable<NanReduceMethods> = { nansum, nanmean, aminmax }
