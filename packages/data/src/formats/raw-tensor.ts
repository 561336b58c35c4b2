/** The element types that tensors have here. */
export type RawDType =
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

/** A tensor as a file holds it: row-major, little-endian, one byte (0 or 1) per bool. */
export interface RawTensor {
  dtype: RawDType
  shape: number[]
  data: Uint8Array
}

/**
 * Bytes that the elements of a shape take; 0 if an extent is 0. `undefined` if an extent is not a
 * whole number from 0 up, or the extents other than 0 multiply to more than a safe integer.
 */
export function byteSize(shape: readonly number[], elementBytes: number): number | undefined {
  let size = elementBytes
  let empty = false
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) return undefined
    if (extent === 0) empty = true
    else size *= extent
    // A product beyond the safe integers is rounded, but never back to within them.
    if (size > Number.MAX_SAFE_INTEGER) return undefined
  }
  return empty ? 0 : size
}

/** `float32 [2, 3]`, for messages; of a shape beyond reason only the number of axes. */
export function describeShape(dtype: string, shape: readonly number[]): string {
  return shape.length > 16 ? `${dtype} of ${shape.length} axes` : `${dtype} [${shape.join(', ')}]`
}

/**
 * The same memory as a plain Uint8Array. What files are read into is a Buffer, whose `slice` gives a
 * view where that of every other array gives a copy.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
