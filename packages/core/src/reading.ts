/** Elements of tensors as JavaScript's numbers and arrays. */
import { getHeapStatistics } from 'node:v8'
import type { DTypeCode } from './dtype.ts'
import { DeviceError, IndexError, OutOfMemoryError, PrecisionError, ValueError } from './errors.ts'
import { commands, native } from './native.ts'
import type { Tensor } from './tensor.ts'

type Numbers = ReturnType<Tensor['toArray']>
type ArrayType<A> = new (length: number) => A

/** What holds the elements of a dtype as numbers, by code. */
const ARRAYS: readonly ArrayType<Numbers>[] = [
  Float32Array,
  Float64Array,
  Float64Array,
  Int32Array,
  Uint8Array,
  Uint8Array,
  Float32Array,
  Float32Array,
  Int8Array,
  Int16Array,
]

/** The typed array that holds the elements of a dtype as numbers; of int64 a Float64Array. @internal */
export function numbersOf(dtype: DTypeCode): ArrayType<Numbers> {
  return ARRAYS[dtype] as ArrayType<Numbers>
}

/**
 * A copy of the elements in row-major order.
 *
 * @throws {PrecisionError} if an int64 does not fit into a number.
 * @throws {OutOfMemoryError} if the copy does not fit into the memory limit. @internal
 */
export function elementsOf<A extends Numbers | BigInt64Array>(
  op: string,
  tensor: Tensor,
  type: ArrayType<A>,
): A {
  const array = newArray(op, tensor, type)
  reading(op, tensor, () => native.read(tensor._id, array))
  return array
}

/** A typed array for a copy of the elements. Views may have far more of them than memory. */
function newArray<A>(op: string, tensor: Tensor, type: ArrayType<A>): A {
  const length = tensor.numel()
  if (length < 1 << 20) return new type(length)
  native.memoryStats()
  const room = (commands[9] as number) - (commands[0] as number)
  try {
    if (length * 8 <= room) return new type(length)
  } catch {
    // Too long for an array, or for the machine.
  }
  throw new OutOfMemoryError(
    op,
    { input: tensor },
    `an array of ${length} elements does not fit into the memory limit`,
    'copy a part: select, narrow or slice the tensor first',
  )
}

/** @throws {OutOfMemoryError} if nested arrays of all elements are too much for JavaScript. */
export function requireHeapFor(op: string, tensor: Tensor): void {
  // Beside an axis of size 0 the arrays around it still count.
  const cells = tensor._shape.reduce((total, size) => total * Math.max(size, 1), 1)
  if (cells < 1 << 20) return
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  // About 32 bytes each while the arrays grow; longer ones than 2^25 become hash tables.
  if (cells * 32 <= limit - used && tensor._shape.every((size) => size <= 1 << 25)) return
  throw new OutOfMemoryError(
    op,
    { input: tensor },
    `nested arrays of ${cells} elements do not fit into JavaScript's heap`,
    'use toArray(), or select a part first',
  )
}

/** Runs `body`, which reads elements: waiting for a device may bring up what it found in earlier calls. */
export function reading<T>(op: string, tensor: Tensor, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw readingError(op, tensor, error as { code?: string; message: string })
  }
}

function readingError(
  op: string,
  input: Tensor,
  error: { code?: string; message: string },
): unknown {
  const { code, message } = error
  switch (code) {
    case 'ERR_PRECISION':
      return new PrecisionError(
        op,
        { input },
        `the integer ${message} cannot be held exactly by a JavaScript number`,
        'use toBigIntArray()',
      )
    case 'ERR_INDEX':
      return new IndexError(op, { input }, message, 'check the indices or labels')
    case 'ERR_VALUE':
      return new ValueError(op, { input }, message)
    case 'ERR_DEVICE':
      return new DeviceError(op, { input }, message)
    default:
      return error
  }
}
