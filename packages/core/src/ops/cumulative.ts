/** Running sums and products along an axis. */
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import type { DType } from '../dtype.ts'
import { BOOL, dtypeCode, INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import { inPlaceOf } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import type { Op } from '../op.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { cat } from './joining.ts'
import { oneAxis } from './reduce-axes.ts'
import { narrow } from './slicing.ts'

export interface CumulativeOptions {
  /** The axis along which it runs. */
  dim?: number
  /** Convert the input to this dtype first. */
  dtype?: DType | null
}

interface Direction {
  axis: number
  /** Starts at the end of the axis. */
  backwards: boolean
}

function along(op: Op<Direction>, x: Tensor, axis: number, backwards: boolean): Tensor {
  return run(op, [x], x._shape, x._dtype, [axis, backwards ? 1 : 0], { axis, backwards })
}

/** x moved along an axis by one place, with one value where nothing comes from. */
function shifted(x: Tensor, axis: number, by: 1 | -1, value: number): Tensor {
  const size = x.shape[axis] as number
  if (size === 0) return x
  const edge = fullCode(
    x.shape.map((s, i) => (i === axis ? 1 : s)),
    value,
    x._dtype,
    x,
  )
  return by === 1
    ? cat([edge, narrow(x, axis, 0, size - 1)], axis)
    : cat([narrow(x, axis, 1, size - 1), edge], axis)
}

/**
 * y[i] = b[i] + a[i] · y[i - 1], or backwards y[i] = b[i] + a[i + 1] · y[i + 1]: a[i] lies between
 * the places i - 1 and i. The gradient of each is a recurrence in the other direction, so that
 * products have derivatives of any order without a division, also where elements are zero.
 */
const recurrenceOp: Op<Direction> = defineOp<'a' | 'b', Direction>('recurrence', ['a', 'b'], {
  derivative: {
    needs: ['a', 'out'],
    formula: ([grad], { a, out }, { params: { axis, backwards }, needed }) => {
      if (!grad) return [null, null]
      const y = out as Tensor
      const flow = recurrence(a as Tensor, grad, axis, !backwards)
      const between = (): Tensor =>
        backwards ? shifted(flow, axis, 1, 0).mul(y) : flow.mul(shifted(y, axis, 1, 0))
      return [needed[0] ? between() : null, flow]
    },
  },
})

/** The recurrence above, for other derivatives. @internal */
export function recurrence(a: Tensor, b: Tensor, axis: number, backwards: boolean): Tensor {
  const params = { axis, backwards }
  return run(recurrenceOp, [a, b], b._shape, b._dtype, [axis, backwards ? 1 : 0], params)
}

const cumsumOp: Op<Direction> = defineOp<'input', Direction>('cumsum', ['input'], {
  derivative: {
    input: (grad, _saved, { params: { axis, backwards } }) =>
      along(cumsumOp, grad, axis, !backwards),
  },
})

const cumprodOp = defineOp<'input', Direction>('cumprod', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }, { params: { axis, backwards } }) => {
      const x = input as Tensor
      const y = out as Tensor
      return backwards
        ? recurrence(shifted(x, axis, 1, 0), grad, axis, false).mul(shifted(y, axis, -1, 1))
        : recurrence(x, grad, axis, true).mul(shifted(y, axis, 1, 1))
    }),
  },
})

/** For each element the product of all others along the axis. @internal */
export function productsOfOthers(x: Tensor, axis: number): Tensor {
  const before = shifted(along(cumprodOp, x, axis, false), axis, 1, 1)
  const after = shifted(along(cumprodOp, x, axis, true), axis, -1, 1)
  return before.mul(after)
}

const NAMES: readonly string[] = ['dim', 'dtype']
const readCumsum = parameters<[number, DType | null]>('cumsum', NAMES)
const readCumprod = parameters<[number, DType | null]>('cumprod', NAMES)

function cumulative(
  op: Op<Direction>,
  input: Tensor,
  dim: number | undefined,
  dtype: DType | null | undefined,
): Tensor {
  requireTensor(op.name, 'input', input)
  const axis = oneAxis(op.name, input, dim)
  const code =
    dtype !== undefined && dtype !== null
      ? dtypeCode(dtype)
      : isFloatingCode(input._dtype)
        ? input._dtype
        : INT64
  if (code === BOOL) {
    throw new DTypeError(
      op.name,
      { input },
      'bools are not added up in bool',
      'leave dtype out: bools and integers give int64',
    )
  }
  const x = castCode(input, code)
  if (x.ndim > 0) return along(op, x, axis, false)
  return along(op, x.reshape(1), 0, false).reshape([])
}

/**
 * Running sum along an axis: y[i] = x[0] + … + x[i].
 *
 * Shapes: input `[*]` -> same. Dtype: floating ones stay and are added in float64; integers and
 * bools give int64 (which wraps); or `dtype`, to which the input is converted first.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} for the dtype bool.
 * @see torch.cumsum
 */
export function cumsum(
  input: Tensor,
  dim: number | CumulativeOptions,
  dtype?: DType | null | CumulativeOptions,
): Tensor {
  const given = readCumsum([dim, dtype])
  return cumulative(cumsumOp, input, given[0], given[1])
}

/**
 * Running product along an axis: y[i] = x[0] · … · x[i]. Its gradient is right also where elements
 * are zero.
 *
 * Shapes and dtype: as for {@link cumsum}.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} for the dtype bool.
 * @see torch.cumprod
 */
export function cumprod(
  input: Tensor,
  dim: number | CumulativeOptions,
  dtype?: DType | null | CumulativeOptions,
): Tensor {
  const given = readCumprod([dim, dtype])
  return cumulative(cumprodOp, input, given[0], given[1])
}

export interface CumulativeMethods {
  /** See {@link cumsum}. */
  cumsum(dim: number | CumulativeOptions, dtype?: DType | null | CumulativeOptions): Tensor
  /** Writes the running sum into this tensor. See {@link cumsum}. */
  cumsum_(dim: number | CumulativeOptions, dtype?: DType | null | CumulativeOptions): Tensor
  /** See {@link cumprod}. */
  cumprod(dim: number | CumulativeOptions, dtype?: DType | null | CumulativeOptions): Tensor
  /** Writes the running product into this tensor. See {@link cumprod}. */
  cumprod_(dim: number | CumulativeOptions, dtype?: DType | null | CumulativeOptions): Tensor
}

/**
 * The in-place form of a running `fn`. The result has the dtype of the tensor, in which it is also
 * computed: `dtype` may only name that again.
 */
function inPlace(name: string, fn: typeof cumsum): typeof cumsum {
  const read = parameters<[number, DType | null]>(name, NAMES)
  const write = inPlaceOf(name, (self, dim: number | undefined) =>
    fn(self, dim as number, self.dtype),
  )
  return (self, ...args) => {
    const [dim, dtype = null] = read(args)
    requireTensor(name, 'input', self)
    if (dtype !== null && dtypeCode(dtype) !== self._dtype) {
      throw new DTypeError(
        name,
        { input: self },
        `the result is stored in ${self.dtype}, not in ${dtype}`,
        'leave dtype out, or use the form without underscore',
      )
    }
    return write(self, dim)
  }
}

export const cumulativeMethods: MethodTable<CumulativeMethods> = {
  cumsum,
  cumsum_: inPlace('cumsum_', cumsum),
  cumprod,
  cumprod_: inPlace('cumprod_', cumprod),
}
