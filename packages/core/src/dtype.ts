import { DTypeError } from './errors.ts'
import { show } from './show.ts'

/** Element types. `bool` is stored as one byte, 0 or 1. */
export type DType = 'float32' | 'float64' | 'int64' | 'int32' | 'uint8' | 'bool'

/** The code of a dtype: its place in {@link DTYPES}, and what native code knows it by. */
export type DTypeCode = number

/** All dtypes, in the order of their codes. */
export const DTYPES: readonly DType[] = ['float32', 'float64', 'int64', 'int32', 'uint8', 'bool']

export const FLOAT32 = 0
export const FLOAT64 = 1
export const INT64 = 2
export const INT32 = 3
export const UINT8 = 4
export const BOOL = 5

const CODES: Record<string, DTypeCode> = Object.assign(Object.create(null), {
  float32: FLOAT32,
  float64: FLOAT64,
  int64: INT64,
  int32: INT32,
  uint8: UINT8,
  bool: BOOL,
})

const BYTES: readonly number[] = [4, 8, 8, 4, 1, 1]

/** The code of a dtype's name. @throws {DTypeError} for a name that is not a dtype. */
export function dtypeCode(dtype: DType): DTypeCode {
  const code = typeof dtype === 'string' ? CODES[dtype] : undefined
  if (code === undefined) {
    throw new DTypeError(
      'dtype',
      [],
      `${show(dtype)} is not a dtype`,
      `use one of ${DTYPES.join(', ')}`,
    )
  }
  return code
}

/** The name of a code. */
export function dtypeName(code: DTypeCode): DType {
  return DTYPES[code] ?? 'float32'
}

/** Bytes of one element. */
export function itemBytes(code: DTypeCode): number {
  return BYTES[code] ?? 8
}

export function isFloatingCode(code: DTypeCode): boolean {
  return code <= FLOAT64
}

/** 0 for bool, 1 for integers, 2 for floating types: what decides a mixed operation's result. */
export function category(code: DTypeCode): 0 | 1 | 2 {
  return code === BOOL ? 0 : code <= FLOAT64 ? 2 : 1
}

// Within a category the wider type wins; int64 is wider than int32, which is wider than uint8.
const WIDTH: readonly number[] = [1, 2, 3, 2, 1, 0]

/** The common dtype of two operands that both count fully. @see torch.promote_types */
export function promote(a: DTypeCode, b: DTypeCode): DTypeCode {
  if (a === b) return a
  const ca = category(a)
  const cb = category(b)
  if (ca !== cb) return ca > cb ? a : b
  return (WIDTH[a] ?? 0) >= (WIDTH[b] ?? 0) ? a : b
}

/**
 * The common dtype of two dtypes.
 *
 * @see torch.promote_types
 * @throws {DTypeError} for a name that is not a dtype.
 */
export function promoteTypes(a: DType, b: DType): DType {
  return dtypeName(promote(dtypeCode(a), dtypeCode(b)))
}

let defaultFloat: DTypeCode = FLOAT32

/** The dtype of floating results that nothing else decides. @see torch.get_default_dtype */
export function getDefaultDtype(): DType {
  return dtypeName(defaultFloat)
}

/** @internal */
export function defaultFloatCode(): DTypeCode {
  return defaultFloat
}

/**
 * Sets the dtype of floating results that nothing else decides.
 *
 * @throws {DTypeError} if `dtype` is not floating.
 * @see torch.set_default_dtype
 */
export function setDefaultDtype(dtype: DType): void {
  const code = dtypeCode(dtype)
  if (!isFloatingCode(code)) {
    throw new DTypeError(
      'setDefaultDtype',
      [],
      `the default dtype must be floating, not ${dtype}`,
      `use 'float32' or 'float64'`,
    )
  }
  defaultFloat = code
}

/** The category a plain number counts as: whole numbers as integers, others as floating. */
export function numberCategory(value: number): 1 | 2 {
  return Number.isInteger(value) ? 1 : 2
}
