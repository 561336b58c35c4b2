import { requireOptions } from '@flambeau/core/internal'
import { constants } from 'node:buffer'
import { gunzipSync, constants as zlib } from 'node:zlib'
import { FormatError } from './errors.ts'
import { byteSize, describeShape, plainBytes } from './raw-tensor.ts'
import type { RawDType, RawTensor } from './raw-tensor.ts'
import { requireBytes } from './arguments.ts'

interface IdxDType {
  name: RawDType
  sizeBytes: number
}

/** By the third byte of the file. */
const dtypes: Readonly<Record<number, IdxDType>> = {
  0x08: { name: 'uint8', sizeBytes: 1 },
  0x09: { name: 'int8', sizeBytes: 1 },
  0x0b: { name: 'int16', sizeBytes: 2 },
  0x0c: { name: 'int32', sizeBytes: 4 },
  0x0d: { name: 'float32', sizeBytes: 4 },
  0x0e: { name: 'float64', sizeBytes: 8 },
}

const magicBytes = 4
const extentBytes = 4

/**
 * Reads a whole IDX file, the format of MNIST: two zero bytes, the dtype, the number of axes, the
 * extents, and the elements, row-major; all numbers big-endian. A file packed with gzip is unpacked.
 *
 * The result's data are little-endian; those of a plain file of uint8 are a view of `file`, not a
 * copy. Sizes are checked before anything is allocated, and gzip is unpacked no further than its
 * contents say they go.
 *
 * @param source.path named in errors; the file is not opened.
 * @throws {FormatError} if the bytes are anything else than one whole IDX file. In a packed file the
 *   offset counts unpacked bytes.
 * @see http://yann.lecun.com/exdb/mnist/
 */
export function parseIdx(file: Uint8Array, source: { path: string }): RawTensor {
  requireBytes('parseIdx', file)
  requireOptions('parseIdx', source, ['path'])
  const bytes = plainBytes(file)
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b
  const fail: Fail = failIn(source.path, packed)

  const header = readHeader(packed ? unpack(bytes.subarray(0, 4096), undefined, fail) : bytes, fail)
  const totalBytes = header.headerBytes + header.dataBytes
  const takes = `${describeShape(header.dtype.name, header.shape)} takes ${totalBytes} bytes`
  if (packed && totalBytes > Math.min(bytes.byteLength * maxDeflateRatio, constants.MAX_LENGTH)) {
    fail(magicBytes, `${takes}, more than ${bytes.byteLength} bytes of gzip can hold`)
  }

  const whole = packed ? plainBytes(unpack(bytes, totalBytes, fail)) : bytes
  if (whole.byteLength < totalBytes) {
    fail(whole.byteLength, `${takes} with its header, the file ends after ${whole.byteLength}`)
  }
  if (whole.byteLength > totalBytes) {
    fail(totalBytes, `${takes} with its header, the file has ${whole.byteLength}`)
  }
  const data = whole.subarray(header.headerBytes)
  return { dtype: header.dtype.name, shape: header.shape, data: littleEndian(data, header.dtype) }
}

/** Throws a FormatError. */
type Fail = (offset: number | undefined, reason: string, fix?: string) => never

function failIn(path: string, packed: boolean): Fail {
  const format = packed ? 'IDX (gzip)' : 'IDX'
  return (offset, reason, fix = 'the file is damaged or incomplete: copy or download it again') => {
    throw new FormatError({ format, path, offset, reason, fix })
  }
}

interface Header {
  dtype: IdxDType
  shape: number[]
  headerBytes: number
  dataBytes: number
}

function readHeader(start: Uint8Array, fail: Fail): Header {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  const have = start.byteLength
  if (have < magicBytes) fail(have, `the file ends after ${have} bytes, the first 4 say what it is`)
  if (view.getUint16(0) !== 0) {
    const found = `0x${view.getUint16(0).toString(16).padStart(4, '0')}`
    const fix = 'this is not an IDX file: pass one such as train-images-idx3-ubyte'
    fail(0, `the first two bytes must be 0, not ${found}`, fix)
  }

  const code = view.getUint8(2)
  const dtype = dtypes[code]
  if (dtype === undefined) {
    const shown = `0x${code.toString(16).padStart(2, '0')}`
    return fail(2, `the dtype code must be 0x08, 0x09, 0x0b, 0x0c, 0x0d or 0x0e, not ${shown}`)
  }

  const axes = view.getUint8(3)
  const headerBytes = magicBytes + axes * extentBytes
  if (have < headerBytes) {
    fail(have, `the header of ${axes} axes takes ${headerBytes} bytes, the file ends after ${have}`)
  }
  const shape = Array.from({ length: axes }, (_, axis) =>
    view.getUint32(magicBytes + axis * extentBytes),
  )
  const dataBytes = byteSize(shape, dtype.sizeBytes)
  if (dataBytes === undefined) {
    const reason = `${describeShape(dtype.name, shape)} takes an impossible number of bytes`
    return fail(magicBytes, reason)
  }
  return { dtype, shape, headerBytes, dataBytes }
}

/** No bytes of deflate unpack to more than this many times their number. */
const maxDeflateRatio = 1032

/** Unpacks up to `totalBytes`; without it, as much as `packed`, a file's start, gives. */
function unpack(packed: Uint8Array, totalBytes: number | undefined, fail: Fail): Uint8Array {
  try {
    return totalBytes === undefined
      ? gunzipSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH })
      : gunzipSync(packed, { maxOutputLength: Math.max(totalBytes, 1) })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      return fail(totalBytes, `the file unpacks to more than the ${totalBytes} bytes it announces`)
    }
    return fail(undefined, `the file cannot be unpacked (${error.message})`)
  }
}

function littleEndian(data: Uint8Array, dtype: IdxDType): Uint8Array {
  if (dtype.sizeBytes === 1) return data
  const copy = Buffer.from(data)
  if (dtype.sizeBytes === 2) return plainBytes(copy.swap16())
  return plainBytes(dtype.sizeBytes === 4 ? copy.swap32() : copy.swap64())
}
