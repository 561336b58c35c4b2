/** The limits of dtypes, and what may become what. */
import type { DType } from './dtype.ts'
import { category, dtypeCode, dtypeName, getDefaultDtype } from './dtype.ts'
import { DTypeError } from './errors.ts'

/** Limits of a floating dtype. */
export interface FInfo {
  readonly dtype: DType
  /** Bits of a number. */
  readonly bits: number
  /** The difference between 1 and the next larger number. */
  readonly eps: number
  /** The largest finite number. */
  readonly max: number
  /** The lowest finite number, -max. */
  readonly min: number
  /** The smallest positive number with full precision. */
  readonly tiny: number
  /** The same as `tiny`. */
  readonly smallestNormal: number
  /** The power of ten that is about `eps`: the last decimal digit to rely on near 1. */
  readonly resolution: number
}

/** Limits of an integer dtype; those of int64 are no numbers, which would round them. */
export interface IInfo<Limit extends number | bigint = number | bigint> {
  readonly dtype: DType
  /** Bits of a number. */
  readonly bits: number
  readonly max: Limit
  readonly min: Limit
}

function floating(
  dtype: DType,
  bits: number,
  fractionBits: number,
  largestExponent: number,
  resolution: number,
): FInfo {
  const eps = 2 ** -fractionBits
  const max = (2 - eps) * 2 ** largestExponent
  const tiny = 2 ** (1 - largestExponent)
  return { dtype, bits, eps, max, min: -max, tiny, smallestNormal: tiny, resolution }
}

const FLOATS: Partial<Record<DType, FInfo>> = {
  float32: floating('float32', 32, 23, 127, 1e-6),
  float64: floating('float64', 64, 52, 1023, 1e-15),
  float16: floating('float16', 16, 10, 15, 1e-3),
  bfloat16: floating('bfloat16', 16, 7, 127, 1e-2),
}

const INTEGERS: Partial<Record<DType, IInfo>> = {
  int64: { dtype: 'int64', bits: 64, max: 2n ** 63n - 1n, min: -(2n ** 63n) },
  int32: { dtype: 'int32', bits: 32, max: 2 ** 31 - 1, min: -(2 ** 31) },
  int16: { dtype: 'int16', bits: 16, max: 2 ** 15 - 1, min: -(2 ** 15) },
  int8: { dtype: 'int8', bits: 8, max: 127, min: -128 },
  uint8: { dtype: 'uint8', bits: 8, max: 255, min: 0 },
}

/**
 * Limits of a floating dtype, the default one if none is given.
 *
 * @throws {DTypeError} for a dtype that is not floating.
 * @see torch.finfo
 */
export function finfo(dtype: DType = getDefaultDtype()): FInfo {
  const info = FLOATS[dtypeName(dtypeCode(dtype))]
  if (info !== undefined) return info
  throw new DTypeError(
    'finfo',
    [],
    `${dtype} is not a floating dtype`,
    `use iinfo('${dtype}') for integers`,
  )
}

/**
 * Limits of an integer dtype. Those of int64 are BigInts: 2^63 - 1 is not a JavaScript number.
 *
 * @throws {DTypeError} for a dtype that is not an integer one.
 * @see torch.iinfo
 */
export function iinfo(dtype: 'int64'): IInfo<bigint>
export function iinfo(dtype: 'int32' | 'int16' | 'int8' | 'uint8'): IInfo<number>
export function iinfo(dtype: DType): IInfo
export function iinfo(dtype: DType): IInfo {
  const info = INTEGERS[dtypeName(dtypeCode(dtype))]
  if (info !== undefined) return info
  throw new DTypeError(
    'iinfo',
    [],
    `${dtype} is not an integer dtype`,
    `use finfo('${dtype}') for floating dtypes`,
  )
}

/**
 * May a result of dtype `from` be written into a tensor of dtype `to`? Not floating numbers into
 * integers, nor numbers into bools. (The conversion by `to()` is possible always.)
 *
 * @throws {DTypeError} for a name that is not a dtype.
 * @see torch.can_cast
 */
export function canCast(from: DType, to: DType): boolean {
  return category(dtypeCode(from)) <= category(dtypeCode(to))
}
