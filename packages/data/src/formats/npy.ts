/** NumPy's `.npy` files: a header with dtype, order and shape, and the elements. */
import type { DType } from '@flambeau/core'
import { DTypeError, Tensor } from '@flambeau/core'
import { FormatError } from './errors.ts'
import { LiteralError, parseLiteral } from './python-literal.ts'
import type { PythonLiteral } from './python-literal.ts'
import { byteSize, describeShape, plainBytes } from './raw-tensor.ts'
import { bytesOfTensor, ELEMENT_BYTES, swapBytes, tensorOfBytes } from './tensor-bytes.ts'
import { requireBytes } from './arguments.ts'

const MAGIC = Buffer.from('\x93NUMPY', 'latin1')
/** Headers of plain arrays have about 120 bytes; only structured dtypes make longer ones. */
const MOST_HEADER_BYTES = 2 ** 16
/** NumPy arrays have at most 64 axes, tensors 16. */
const MOST_AXES = 16

/** By kind and size, as in `'<f4'`. */
const DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['f4', 'float32'],
  ['f8', 'float64'],
  ['f2', 'float16'],
  ['i8', 'int64'],
  ['i4', 'int32'],
  ['i2', 'int16'],
  ['i1', 'int8'],
  ['u1', 'uint8'],
  ['b1', 'bool'],
])
const CODES: ReadonlyMap<DType, string> = new Map([...DTYPES].map(([code, name]) => [name, code]))

/** What NumPy calls dtypes that tensors here do not have, by their first letter. */
const OTHERS: Readonly<Record<string, (bytes: number) => string>> = {
  u: (bytes) => `uint${bytes * 8}`,
  f: (bytes) => `float${bytes * 8}`,
  c: (bytes) => `complex${bytes * 8}`,
  O: () => 'object (pickled Python values, which are never read)',
  S: () => 'bytes',
  U: () => 'str',
  V: () => 'void',
  M: () => 'datetime64',
  m: () => 'timedelta64',
}

/** Throws a FormatError. */
type Fail = (reason: string, offset?: number, fix?: string) => never

function failIn(path: string | undefined): Fail {
  return (reason, offset, fix = 'the file is damaged or incomplete: copy or save it again') => {
    throw new FormatError({ format: 'npy', path, offset, reason, fix })
  }
}

interface Header {
  dtype: DType
  swapped: boolean
  fortran: boolean
  shape: number[]
  /** Where the elements begin. */
  end: number
  sizeBytes: number
}

function readHeader(bytes: Uint8Array, fail: Fail): Header {
  if (!MAGIC.equals(bytes.subarray(0, 6))) {
    return fail(
      bytes.length < 6
        ? `the file ends after ${bytes.length} bytes, the first 6 say what it is`
        : "the file does not begin with '\\x93NUMPY'",
      0,
      'this is not an npy file: check the path',
    )
  }
  const [major = 0, minor = 0] = bytes.subarray(6, 8)
  const lengthBytes = major === 1 ? 2 : 4
  if (bytes.length < 8 + lengthBytes) return fail('the file ends within its header', bytes.length)
  if (major < 1 || major > 3 || minor !== 0)
    return fail(`version ${major}.${minor} is not known; 1.0, 2.0 and 3.0 are`, 6)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = 8 + lengthBytes
  if (length > MOST_HEADER_BYTES)
    return fail(`the header has ${length} bytes; ${MOST_HEADER_BYTES} are allowed`, 8)
  if (start + length > bytes.length)
    return fail(`the header has ${length} bytes, the file ends after ${bytes.length}`, 8)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length)
  const fields = fieldsOf(text.toString(major === 3 ? 'utf8' : 'latin1'), start, fail)
  const { dtype, swapped } = dtypeOf(fields.get('descr'), start, fail)
  const fortran = fields.get('fortran_order')
  if (typeof fortran !== 'boolean') return fail("'fortran_order' must be True or False", start)
  const shape = fields.get('shape')
  const whole = (size: PythonLiteral): size is number =>
    Number.isSafeInteger(size) && Number(size) >= 0
  if (!Array.isArray(shape) || !shape.every(whole))
    return fail("'shape' must be a tuple of whole numbers ≥ 0", start)
  if (shape.length > MOST_AXES)
    return fail(`the array has ${shape.length} axes, tensors at most ${MOST_AXES}`, start)
  const sizeBytes = byteSize(shape, ELEMENT_BYTES[dtype])
  if (sizeBytes === undefined)
    return fail(`${describeShape(dtype, shape)} takes an impossible number of bytes`, start)
  return { dtype, swapped, fortran, shape, end: start + length, sizeBytes }
}

function fieldsOf(text: string, start: number, fail: Fail): Map<string, PythonLiteral> {
  let value: PythonLiteral
  try {
    value = parseLiteral(text)
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error
    return fail(`the header is no Python dict: ${error.message}`, start + error.offset)
  }
  const names =
    value instanceof Map ? [...value.keys()].sort((a, b) => (a < b ? -1 : 1)).join() : ''
  if (names !== 'descr,fortran_order,shape')
    return fail(
      "the header must have 'descr', 'fortran_order' and 'shape', and nothing else",
      start,
    )
  return value as Map<string, PythonLiteral>
}

function dtypeOf(
  descr: PythonLiteral | undefined,
  start: number,
  fail: Fail,
): { dtype: DType; swapped: boolean } {
  const fix = `save it as one of ${[...DTYPES.values()].join(', ')}: array.astype('float32')`
  if (Array.isArray(descr)) return fail('structured dtypes are not supported', start, fix)
  if (typeof descr !== 'string') return fail("'descr' must be a text", start)
  const [, order = '', kind = '', size = ''] =
    /^([<>|=]?)([a-zA-Z])(\d{0,9})(?:\[.*\])?$/.exec(descr) ?? []
  const dtype = DTYPES.get(kind + size)
  if (dtype !== undefined && !(order === '|' && ELEMENT_BYTES[dtype] > 1))
    return { dtype, swapped: order === '>' }
  const name = OTHERS[kind]?.(Number(size))
  const shown = JSON.stringify(descr.slice(0, 24))
  if (name === undefined) return fail(`${shown} is not a dtype of NumPy`, start)
  return fail(`the dtype ${name} (${shown}) is not supported`, start, fix)
}

/**
 * Reads the bytes of an npy file.
 *
 * @throws {FormatError} as {@link loadNpy} does.
 */
export function parseNpy(file: Uint8Array, options: { path?: string } = {}): Tensor {
  requireBytes('parseNpy', file)
  const fail = failIn(options?.path)
  const bytes = plainBytes(file)
  const { dtype, swapped, fortran, shape, end, sizeBytes } = readHeader(bytes, fail)
  const rest = bytes.length - end
  if (rest !== sizeBytes) {
    fail(
      `${describeShape(dtype, shape)} takes ${sizeBytes} bytes, ${rest} follow the header`,
      rest < sizeBytes ? bytes.length : end + sizeBytes,
    )
  }
  let data = bytes.subarray(end)
  if (swapped) {
    data = data.slice()
    swapBytes(data, ELEMENT_BYTES[dtype])
  }
  if (!fortran || shape.length < 2) return tensorOfBytes(data, dtype, shape)
  const axes = shape.map((_, axis) => shape.length - 1 - axis)
  return tensorOfBytes(data, dtype, shape.toReversed()).permute(axes)
}

/**
 * The bytes of an npy file, those that NumPy itself would write: row-major, version 1.0.
 *
 * @throws {DTypeError} for bfloat16, which NumPy does not have.
 */
export function serializeNpy(tensor: Tensor): Uint8Array {
  const [header, data] = npyChunks('serializeNpy', tensor)
  const out = new Uint8Array(header.length + data.length)
  out.set(header)
  out.set(data, header.length)
  return out
}

/** Header and elements of an npy file. @internal */
export function npyChunks(op: string, tensor: Tensor): [header: Uint8Array, data: Uint8Array] {
  if (!(tensor instanceof Tensor))
    throw new DTypeError(op, [], 'only tensors can be saved', 'pass tensor(…) of the data')
  const code = CODES.get(tensor.dtype)
  if (code === undefined) {
    throw new DTypeError(
      op,
      { tensor },
      `NumPy has no ${tensor.dtype}`,
      "convert it: tensor.to('float32')",
    )
  }
  const { shape } = tensor
  const order = ELEMENT_BYTES[tensor.dtype] === 1 ? '|' : '<'
  const extents = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  let text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${extents}, }`
  // Room for the first axis to grow, as NumPy leaves it.
  if (shape.length > 0) text += ' '.repeat(21 - String(shape[0]).length)
  const start = 10
  const length = Math.ceil((start + text.length + 1) / 64) * 64 - start
  const header = Buffer.alloc(start + length, ' ')
  MAGIC.copy(header)
  header.set([1, 0], 6)
  header.writeUInt16LE(length, 8)
  header.write(text, start, 'latin1')
  header[start + length - 1] = 0x0a
  return [header, bytesOfTensor(tensor)]
}
