/** Tensors of ONNX files as flambeau's. */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { fromTypedArray, ShapeError, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { CODE, codeOfOnnx, dtypeName, itemBytes, onnxTypeName } from '../dtypes.ts'
import type { OnnxTensor } from '../proto/messages.ts'
import { fromBrain, fromHalf } from '../tensors.ts'

const OP = 'importOnnx'
/** No tensor of a file has more elements: sizes beyond it are damage. */
const MOST = 2 ** 40

/** Where the bytes of tensors outside of the file are: its folder; null where it is no file. */
export type Folder = string | null

function shapeOf(tensor: OnnxTensor, what: string): { shape: number[]; count: number } {
  const shape = tensor.dims.map(Number)
  const count = shape.reduce((product, size) => product * size, 1)
  if (shape.length <= 16 && shape.every((size) => size >= 0) && count <= MOST)
    return { shape, count }
  throw new ShapeError(
    OP,
    [],
    `${what} has the shape [${shape.join(', ')}], which cannot be`,
    'the file is damaged',
  )
}

/** Reads a part of a file that lies in the folder of the model. */
function readExternal(tensor: OnnxTensor, folder: Folder, what: string): Uint8Array {
  const fields = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? '']))
  const location = fields.get('location') ?? ''
  const fail = (rule: string, fix: string): ValueError =>
    new ValueError(OP, [], `${what} is stored in '${location}': ${rule}`, fix)
  if (folder === null) {
    throw fail('there is no folder to look in', 'import from a path in place of bytes')
  }
  const parts = location.split(/[\\/]/)
  if (location === '' || isAbsolute(location) || parts.includes('..')) {
    throw fail('that does not lie beside the model', 'store tensors in the folder of the model')
  }
  let path: string
  try {
    path = realpathSync(join(folder, location))
  } catch {
    throw fail('there is no such file', 'copy it beside the model')
  }
  const inside = relative(realpathSync(folder), path)
  if (inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw fail('that link leads out of the folder', 'store tensors in the folder of the model')
  }
  const [offset, length] = ['offset', 'length'].map((key) => Number(fields.get(key) ?? Number.NaN))
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const start = Number.isNaN(offset) ? 0 : (offset as number)
    const count = Number.isNaN(length) ? size - start : (length as number)
    if (![start, count].every((n) => Number.isSafeInteger(n) && n >= 0) || start + count > size) {
      throw fail(`bytes ${start} to ${start + count} of ${size}`, 'the file was cut off')
    }
    const { shape } = shapeOf(tensor, what)
    const code = codeOfOnnx(tensor.dataType ?? 0)
    const wanted = shape.reduce((a, b) => a * b, 1) * (code === null ? 0 : itemBytes(code))
    if (count !== wanted) throw fail(`${count} bytes, its shape needs ${wanted}`, 'export it anew')
    const bytes = new Uint8Array(count)
    for (let at = 0; at < count;) {
      const read = readSync(file, bytes, at, count - at, start + at)
      if (read === 0) throw fail('it ended early', 'the file was cut off')
      at += read
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

type Source = Parameters<typeof fromTypedArray>[0]

/** Numbers of raw bytes, copied to where they are aligned. */
function fromRaw(bytes: Uint8Array, code: number): Source {
  const { buffer } = new Uint8Array(bytes)
  switch (code) {
    case CODE.float32:
      return new Float32Array(buffer)
    case CODE.float64:
      return new Float64Array(buffer)
    case CODE.int64:
      return new BigInt64Array(buffer)
    case CODE.int32:
      return new Int32Array(buffer)
    case CODE.int16:
      return new Int16Array(buffer)
    case CODE.int8:
      return new Int8Array(buffer)
    case CODE.float16:
      return Float32Array.from(new Uint16Array(buffer), fromHalf)
    case CODE.bfloat16:
      return Float32Array.from(new Uint16Array(buffer), fromBrain)
    default:
      return new Uint8Array(buffer)
  }
}

/** Numbers of the lists that are used in place of raw bytes. */
function fromLists(tensor: OnnxTensor, code: number): Source {
  const words = tensor.int32Data ?? []
  switch (code) {
    case CODE.float32:
      return Float32Array.from(tensor.floatData ?? [])
    case CODE.float64:
      return Float64Array.from(tensor.doubleData ?? [])
    case CODE.int64:
      return BigInt64Array.from(tensor.int64Data ?? [])
    case CODE.int32:
      return Int32Array.from(words)
    case CODE.int16:
      return Int16Array.from(words)
    case CODE.int8:
      return Int8Array.from(words)
    case CODE.float16:
      return Float32Array.from(words, fromHalf)
    case CODE.bfloat16:
      return Float32Array.from(words, fromBrain)
    default:
      return Uint8Array.from(words)
  }
}

/**
 * The tensor.
 *
 * @throws {ValueError} for an element type without a dtype, or bytes that do not fit the shape.
 * @throws {ShapeError} for sizes that cannot be.
 */
export function readTensor(tensor: OnnxTensor, folder: Folder, what: string): Tensor {
  const type = tensor.dataType ?? 0
  const code = codeOfOnnx(type)
  if (code === null) {
    const rule = `${what} is ${onnxTypeName(type)}, which flambeau has no dtype for`
    throw new ValueError(OP, [], rule, 'convert the model, for example to float32')
  }
  const { shape, count } = shapeOf(tensor, what)
  const raw = tensor.dataLocation === 1 ? readExternal(tensor, folder, what) : tensor.rawData
  let array: Source
  if (raw !== undefined && (raw.length > 0 || count === 0)) {
    if (raw.length !== count * itemBytes(code)) {
      const rule = `${what} has ${raw.length} bytes, its shape [${shape.join(', ')}] needs ${count * itemBytes(code)}`
      throw new ValueError(OP, [], rule, 'the file is damaged')
    }
    array = fromRaw(raw, code)
  } else {
    array = fromLists(tensor, code)
  }
  if (array.length !== count) {
    const rule = `${what} has ${array.length} elements, its shape [${shape.join(', ')}] needs ${count}`
    throw new ValueError(OP, [], rule, 'the file is damaged')
  }
  return fromTypedArray(array, shape, { dtype: dtypeName(code) })
}

/** The folder of a file. */
export function folderOf(path: string): string {
  return dirname(path)
}
