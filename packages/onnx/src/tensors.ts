/** Elements of tensors as bytes, little-endian. */
import { CODE, itemBytes, onnxType } from './dtypes.ts'
import type { OnnxTensor } from './proto/messages.ts'
import type { Elements } from './trace/values.ts'

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The 16 bits of the nearest float16; ties go to even. */
export function toHalf(value: number): number {
  float[0] = value
  const word = bits[0] as number
  const sign = (word >>> 16) & 0x8000
  const rest = word & 0x7fffffff
  if (rest > 0x7f800000) return sign | 0x7e00
  if (rest >= 0x477ff000) return sign | 0x7c00
  if (rest < 0x38800000) {
    // Below the smallest normal number, in steps of 2^-24.
    return sign | roundEven(Math.abs(value) * 2 ** 24)
  }
  const shifted = rest - 0x38000000
  const kept = shifted >>> 13
  const cut = shifted & 0x1fff
  return sign | (kept + (cut > 0x1000 || (cut === 0x1000 && (kept & 1) === 1) ? 1 : 0))
}

function roundEven(value: number): number {
  const low = Math.floor(value)
  const cut = value - low
  return cut > 0.5 || (cut === 0.5 && low % 2 === 1) ? low + 1 : low
}

/** The number that 16 bits of float16 stand for. */
export function fromHalf(half: number): number {
  const sign = (half & 0x8000) === 0 ? 1 : -1
  const exponent = (half >>> 10) & 31
  const mantissa = half & 1023
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  if (exponent === 0) return sign * mantissa * 2 ** -24
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}

/** The 16 bits of the nearest bfloat16; ties go to even. */
export function toBrain(value: number): number {
  float[0] = value
  const word = bits[0] as number
  if ((word & 0x7fffffff) > 0x7f800000) return 0x7fc0
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff
}

/** The number that 16 bits of bfloat16 stand for. */
export function fromBrain(half: number): number {
  bits[0] = half << 16
  return float[0] as number
}

type Numbers = new (elements: ArrayLike<number>) => NodeJS.TypedArray

const ARRAYS: Readonly<Record<number, Numbers>> = {
  [CODE.float32]: Float32Array,
  [CODE.float64]: Float64Array,
  [CODE.int32]: Int32Array,
  [CODE.uint8]: Uint8Array,
  [CODE.bool]: Uint8Array,
  [CODE.int8]: Int8Array,
  [CODE.int16]: Int16Array,
}

/** Elements as the bytes of their dtype. */
function rawBytes(elements: Elements, dtype: number): Uint8Array {
  let array: NodeJS.TypedArray
  if (dtype === CODE.int64) {
    array =
      elements instanceof BigInt64Array
        ? elements
        : BigInt64Array.from(elements, (one) => BigInt(one))
  } else {
    const numbers =
      elements instanceof BigInt64Array ? Float64Array.from(elements, Number) : elements
    if (dtype === CODE.float16) array = Uint16Array.from(numbers, toHalf)
    else if (dtype === CODE.bfloat16) array = Uint16Array.from(numbers, toBrain)
    else array = new (ARRAYS[dtype] as Numbers)(numbers)
  }
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** One element. */
export function single(value: number, dtype: number): Elements {
  if (dtype === CODE.int64) return BigInt64Array.of(BigInt(Math.trunc(value)))
  return Float64Array.of(value)
}

/** A tensor as ONNX stores it. */
export function tensorOf(
  name: string,
  elements: Elements,
  shape: readonly number[],
  dtype: number,
): OnnxTensor {
  const rawData = rawBytes(elements, dtype)
  const count = shape.reduce((product, size) => product * size, 1)
  if (rawData.length !== count * itemBytes(dtype))
    throw new RangeError(`${name}: ${elements.length}`)
  return { name, dims: shape.map(BigInt), dataType: onnxType(dtype), rawData }
}
