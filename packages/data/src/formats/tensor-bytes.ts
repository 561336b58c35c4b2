/** Tensors as bytes and back, in the byte order of files: little-endian. */
import { endianness } from 'node:os'
import type { DType, Tensor } from '@flambeau/core'
import { frombuffer, zeros } from '@flambeau/core'

const BIG_ENDIAN = endianness() === 'BE'

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
}

/** Turns the bytes of each element round, in place. */
export function swapBytes(data: Uint8Array, elementBytes: number): void {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (elementBytes === 2) buffer.swap16()
  else if (elementBytes === 4) buffer.swap32()
  else if (elementBytes === 8) buffer.swap64()
}

/** The elements of a tensor, row-major; a copy. A bool is a byte 0 or 1. */
export function bytesOfTensor(tensor: Tensor): Uint8Array {
  const flat = tensor.detach().reshape(tensor.numel())
  // The bytes themselves: also those of 16-bit floats, which no typed array has.
  const bytes = tensor.dtype === 'bool' ? flat.to('uint8') : flat.contiguous().view('uint8')
  const data = bytes.toArray() as Uint8Array
  if (BIG_ENDIAN) swapBytes(data, ELEMENT_BYTES[tensor.dtype])
  return data
}

/**
 * A tensor of the elements that `data` holds, which are copied. Any byte but 0 is true. The shape must
 * have been compared to the number of bytes.
 *
 * @throws {ShapeError} for more axes than tensors have. @throws {OutOfMemoryError}
 */
export function tensorOfBytes(data: Uint8Array, dtype: DType, shape: readonly number[]): Tensor {
  if (data.byteLength === 0) return zeros(shape, { dtype })
  if (dtype === 'bool') return frombuffer(data, { dtype: 'uint8' }).reshape(shape).to('bool')
  if (!BIG_ENDIAN) return frombuffer(data, { dtype }).reshape(shape)
  const copy = data.slice()
  swapBytes(copy, ELEMENT_BYTES[dtype])
  return frombuffer(copy, { dtype }).reshape(shape)
}
