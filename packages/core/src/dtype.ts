import { DTypeError } from './errors.ts'
import { show } from './show.ts'

/**
 * Element types. `bool` is stored as one byte, 0 or 1. `float16` and `bfloat16` are stored in two
 * bytes and computed in float32.
 */
export type DType =
  | 'float32'
  | 'float64'
  | 'int64'
  | 'int32'
  | 'uint8'
  | 'bool'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'

/** The code of a dtype: its place in {@link DTYPES}, and what native code knows it by. */
export type DTypeCode = number

/** All dtypes, in the order of their codes. */
export const DTYPES: readonly DType[] = [
  'float32',
  'float64',
  'int64',
  'int32',
  'uint8',
  'bool',
  'float16',
  'bfloat16',
  'int8',
  'int16',
]

export const FLOAT32 = 0
export const FLOAT64 = 1
export const INT64 = 2
export const INT32 = 3
export const UINT8 = 4
export const BOOL = 5
export const FLOAT16 = 6
export const BFLOAT16 = 7
export const INT8 = 8
export const INT16 = 9

const CODES: Record<string, DTypeCode> = Object.assign(
  Object.create(null),
  Object.fromEntries(DTYPES.map((name, code) => [name, code])),
)

const BYTES: readonly number[] = [4, 8, 8, 4, 1, 1, 2, 2, 1, 2]

/** The code of a dtype's name; undefined for anything else. @internal */
export function codeOf(value: unknown): DTypeCode | undefined {
  return typeof value === 'string' ? CODES[value] : undefined
}

/** The code of a dtype's name. @throws {DTypeError} for a name that is not a dtype. */
export function dtypeCode(dtype: DType): DTypeCode {
  const code = codeOf(dtype)
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

/** Is it one of the floating dtypes? */
export function isFloatingCode(code: DTypeCode): boolean {
  return code <= FLOAT64 || code === FLOAT16 || code === BFLOAT16
}

/** Has the dtype negative numbers? */
export function isSignedCode(code: DTypeCode): boolean {
  return code !== UINT8 && code !== BOOL
}

const CATEGORIES: readonly (0 | 1 | 2)[] = [2, 2, 1, 1, 1, 0, 2, 2, 1, 1]

/** 0 for bool, 1 for integers, 2 for floating types: what decides a mixed operation's result. */
export function category(code: DTypeCode): 0 | 1 | 2 {
  return CATEGORIES[code] ?? 2
}

// Of one category the type with more bytes is the common one, but for two pairs neither of which
// holds the other.
const PROMOTED: readonly DTypeCode[] = DTYPES.flatMap((_a, a) =>
  DTYPES.map((_b, b) => {
    if (category(a) !== category(b)) return category(a) > category(b) ? a : b
    if (a !== b && itemBytes(a) === itemBytes(b)) return isFloatingCode(a) ? FLOAT32 : INT16
    return itemBytes(a) >= itemBytes(b) ? a : b
  }),
)

/** The common dtype of two operands that both count fully. @see torch.promote_types */
export function promote(a: DTypeCode, b: DTypeCode): DTypeCode {
  return a === b ? a : (PROMOTED[a * DTYPES.length + b] as DTypeCode)
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
      "use 'float32', 'float64', 'float16' or 'bfloat16'",
    )
  }
  defaultFloat = code
}

/**
 * Sets the dtype of floating results by the name of a tensor type, such as `'torch.DoubleTensor'`, or
 * of a dtype.
 *
 * @throws {DTypeError} for anything else, and if the dtype is not floating.
 * @see torch.set_default_tensor_type, which PyTorch deprecates; use {@link setDefaultDtype}.
 */
export function setDefaultTensorType(t: string): void {
  setDefaultDtype((typeof t === 'string' ? (TENSOR_TYPES[t] ?? t) : t) as DType)
}

const TENSOR_TYPES: Record<string, DType> = Object.assign(Object.create(null), {
  'torch.FloatTensor': 'float32',
  'torch.DoubleTensor': 'float64',
  'torch.HalfTensor': 'float16',
  'torch.BFloat16Tensor': 'bfloat16',
})

/** The category a plain number counts as: whole numbers as integers, others as floating. */
export function numberCategory(value: number): 1 | 2 {
  return Number.isInteger(value) ? 1 : 2
}
