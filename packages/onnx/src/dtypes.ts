/** Element types of flambeau and of ONNX. */
import { dtypeName } from '@flambeau/core/internal'

export { dtypeName }

/** The codes of the dtypes that are named here. */
export const CODE = {
  float32: 0,
  float64: 1,
  int64: 2,
  int32: 3,
  uint8: 4,
  bool: 5,
  float16: 6,
  bfloat16: 7,
  int8: 8,
  int16: 9,
} as const

/** ONNX's numbers of flambeau's dtypes, in the order of their codes. */
const ONNX: readonly number[] = [1, 11, 7, 6, 2, 9, 10, 16, 3, 5]

/** The number that ONNX has for a dtype's code. @see TensorProto.DataType */
export function onnxType(code: number): number {
  return ONNX[code] as number
}

/** The code of ONNX's number; null where flambeau has no such dtype. */
export function codeOfOnnx(type: number): number | null {
  const code = ONNX.indexOf(type)
  return code < 0 ? null : code
}

/** ONNX's names of element types that flambeau has no dtype for. */
const OTHER: Readonly<Record<number, string>> = {
  0: 'undefined',
  4: 'uint16',
  8: 'string',
  12: 'uint32',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  17: 'float8e4m3fn',
  18: 'float8e4m3fnuz',
  19: 'float8e5m2',
  20: 'float8e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4e2m1',
}

/** What messages call an element type of ONNX. */
export function onnxTypeName(type: number): string {
  const code = codeOfOnnx(type)
  return code === null ? (OTHER[type] ?? `type ${type}`) : dtypeName(code)
}

/** Bytes of one element. */
export function itemBytes(code: number): number {
  return [4, 8, 8, 4, 1, 1, 2, 2, 1, 2][code] as number
}

/** Is it a floating dtype's code? */
export function isFloating(code: number): boolean {
  return code === 0 || code === 1 || code === 6 || code === 7
}
