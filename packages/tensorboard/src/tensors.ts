/** Tensors as event files hold them. */
import type { DType, Tensor } from '@flambeau/core'
import { frombuffer, tensor as tensorOf, zeros } from '@flambeau/core'
import type { TensorProto } from './messages.ts'
import { DT } from './messages.ts'

const types: Readonly<Record<DType, number>> = {
  float32: DT.float,
  float64: DT.double,
  float16: DT.half,
  bfloat16: DT.bfloat16,
  uint8: DT.uint8,
  int8: DT.int8,
  int16: DT.int16,
  int32: DT.int32,
  int64: DT.int64,
  bool: DT.bool,
}

/** A tensor with its bytes. */
export function toProto(tensor: Tensor): TensorProto {
  const flat = tensor.detach().reshape(tensor.numel())
  const bytes = tensor.dtype === 'bool' ? flat.to('uint8') : flat.contiguous().view('uint8')
  return {
    dtype: types[tensor.dtype],
    tensorShape: { dim: tensor.shape.map((size) => ({ size })) },
    tensorContent: new Uint8Array(bytes.toArray() as Uint8Array),
  }
}

/** The tensor in a message; null if it has no dtype that is known, or other than the elements of its shape. */
export function fromProto(proto: TensorProto): Tensor | null {
  const found = Object.entries(types).find(([, number]) => number === proto.dtype)
  if (found === undefined) return null
  const dtype = found[0] as DType
  const shape = (proto.tensorShape?.dim ?? []).map(({ size = 0 }) => size)
  const count = shape.reduce((product, size) => product * size, 1)
  const { tensorContent, halfVal = [] } = proto
  if (count === 0) return zeros(shape, { dtype })
  if (tensorContent !== undefined && tensorContent.length > 0) {
    const raw = frombuffer(tensorContent, { dtype: dtype === 'bool' ? 'uint8' : dtype })
    return raw.numel() === count ? raw.reshape(shape).to(dtype) : null
  }
  if (halfVal.length > 0) {
    const raw = frombuffer(Uint16Array.from(halfVal), { dtype })
    return raw.numel() === count ? raw.reshape(shape) : null
  }
  const lists = [proto.floatVal, proto.doubleVal, proto.intVal, proto.int64Val, proto.boolVal]
  const list = lists.find((one) => one !== undefined && one.length > 0)?.map(Number)
  if (list === undefined || list.length !== count) return null
  return tensorOf(list, { dtype }).reshape(shape)
}
