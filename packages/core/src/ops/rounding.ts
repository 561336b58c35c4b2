/** Rounding, and what it takes away. */
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { inPlace, requireTensor, unary } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp } from '../op.ts'
import { show } from '../show.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import { flat, refuseBool, requireFloating } from './rules.ts'

const floorOp = defineOp('floor', ['input'], flat)

/**
 * The largest whole number ≤ x. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.floor
 */
export function floor(input: Tensor): Tensor {
  refuseBool('floor', input)
  return unary(floorOp, input, 'same')
}

/** {@link floor}, writing into the tensor. @see torch.floor_ */
export function floor_(input: Tensor): Tensor {
  refuseBool('floor_', input)
  return inPlace(floorOp, input, [], 'same')
}

const ceilOp = defineOp('ceil', ['input'], flat)

/**
 * The smallest whole number ≥ x. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.ceil
 */
export function ceil(input: Tensor): Tensor {
  refuseBool('ceil', input)
  return unary(ceilOp, input, 'same')
}

/** {@link ceil}, writing into the tensor. @see torch.ceil_ */
export function ceil_(input: Tensor): Tensor {
  refuseBool('ceil_', input)
  return inPlace(ceilOp, input, [], 'same')
}

const truncOp = defineOp('trunc', ['input'], flat)

/**
 * The whole part of x: rounded towards 0. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.trunc
 */
export function trunc(input: Tensor): Tensor {
  refuseBool('trunc', input)
  return unary(truncOp, input, 'same')
}

/** {@link trunc}, writing into the tensor. @see torch.trunc_ */
export function trunc_(input: Tensor): Tensor {
  refuseBool('trunc_', input)
  return inPlace(truncOp, input, [], 'same')
}

/** {@link trunc}. @see torch.fix */
export const fix: typeof trunc = trunc

/** {@link trunc_}. @see torch.fix_ */
export const fix_: typeof trunc_ = trunc_

const roundOp = defineOp('round', ['input'], flat)
const roundDecimalsOp = defineOp('roundDecimals', ['input'], flat)

export interface RoundOptions {
  /** Digits after the point that stay; negative ones count before it. Default 0. */
  decimals?: number
}

/** The digits of {@link round}, by position or by name. */
export type Decimals = number | RoundOptions

/** The kernel's numbers, null where no decimals are asked for. */
function readDecimals(op: string, input: Tensor, given: Decimals | undefined): number[] | null {
  requireTensor(op, 'input', input)
  refuseBool(op, input)
  if (given === undefined) return null
  const [decimals = 0] = parameters<[number]>(op, ['decimals'])([given])
  if (typeof decimals !== 'number' || !Number.isInteger(decimals)) {
    throw new ValueError(
      op,
      { input },
      `decimals must be a whole number, not ${show(decimals)}`,
      '{ decimals: 2 }',
    )
  }
  if (decimals === 0) return null
  requireFloating(op, { input })
  return [10 ** Math.abs(decimals), decimals < 0 ? 1 : 0]
}

/**
 * The nearest whole number, of two equally near ones the even one; or the nearest number with that
 * many decimals. The gradient is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool, and for integers if decimals are given.
 * @throws {ValueError} unless decimals is whole.
 * @see torch.round
 */
export function round(input: Tensor, decimals?: Decimals): Tensor {
  const numbers = readDecimals('round', input, decimals)
  return numbers === null
    ? unary(roundOp, input, 'same')
    : unary(roundDecimalsOp, input, 'same', numbers)
}

/** {@link round}, writing into the tensor. @see torch.round_ */
export function round_(input: Tensor, decimals?: Decimals): Tensor {
  const numbers = readDecimals('round_', input, decimals)
  return numbers === null
    ? inPlace(roundOp, input, [], 'same')
    : inPlace(roundDecimalsOp, input, [], 'same', numbers)
}

const fracOp = defineOp('frac', ['input'], { derivative: { input: (grad) => grad } })

/**
 * x less its whole part, with the sign of x.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.frac
 */
export function frac(input: Tensor): Tensor {
  requireTensor('frac', 'input', input)
  requireFloating('frac', { input })
  return unary(fracOp, input, 'same')
}

/** {@link frac}, writing into the tensor. @see torch.frac_ */
export function frac_(input: Tensor): Tensor {
  requireTensor('frac_', 'input', input)
  requireFloating('frac_', { input })
  return inPlace(fracOp, input, [], 'same')
}

export interface RoundingMethods<D extends DType = AnyDType> {
  /** See {@link floor}. */
  floor(): Tensor<D>
  /** {@link floor}, writing into this tensor. */
  floor_(): Tensor<D>
  /** See {@link ceil}. */
  ceil(): Tensor<D>
  /** {@link ceil}, writing into this tensor. */
  ceil_(): Tensor<D>
  /** See {@link trunc}. */
  trunc(): Tensor<D>
  /** {@link trunc}, writing into this tensor. */
  trunc_(): Tensor<D>
  /** See {@link trunc}. */
  fix(): Tensor<D>
  /** {@link trunc}, writing into this tensor. */
  fix_(): Tensor<D>
  /** See {@link round}. */
  round(decimals?: Decimals): Tensor<D>
  /** {@link round}, writing into this tensor. */
  round_(decimals?: Decimals): Tensor<D>
  /** See {@link frac}. */
  frac(): Tensor<D>
  /** {@link frac}, writing into this tensor. */
  frac_(): Tensor<D>
}

export const roundingMethods: MethodTable<RoundingMethods> = {
  floor,
  floor_,
  ceil,
  ceil_,
  trunc,
  trunc_,
  fix,
  fix_,
  round,
  round_,
  frac,
  frac_,
}
