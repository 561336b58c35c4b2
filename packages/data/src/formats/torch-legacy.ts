/**
 * The container of PyTorch's files before 1.6: five pickles one after the other (a magic number, the
 * version, facts about the system, the value, the storages' keys), then each storage's elements.
 */
import type { PickleOptions, PickleValue } from './pickle/unpickler.ts'
import { PickleError, unpickle } from './pickle/unpickler.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
const VERSION = 1001

/** Does the file begin as such files do? */
export function isLegacy(bytes: Uint8Array): boolean {
  try {
    return unpickle(bytes, { findGlobal: () => undefined }).value === MAGIC
  } catch {
    return false
  }
}

/**
 * Reads such a file.
 *
 * `storageBytes` says how long an element of a storage is; `fill` gets each storage's bytes after
 * the value was read.
 */
export function readLegacy(
  bytes: Uint8Array,
  options: PickleOptions,
  storages: {
    elementBytes: (key: string) => number | undefined
    fill: (key: string, data: Uint8Array) => void
  },
): PickleValue {
  const plain: PickleOptions = { findGlobal: () => undefined }
  const magic = unpickle(bytes, plain)
  const version = unpickle(bytes, plain, magic.end)
  if (version.value !== VERSION)
    throw new PickleError(`version ${String(version.value)} is not known`, magic.end)
  const system = unpickle(bytes, plain, version.end)
  if ((system.value as { little_endian?: unknown } | null)?.little_endian !== true)
    throw new PickleError('the file is of a big-endian machine', version.end)
  const value = unpickle(bytes, options, system.end)
  const keys = unpickle(bytes, plain, value.end)
  let at = keys.end
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const key of Array.isArray(keys.value) ? (keys.value as unknown[]) : []) {
    if (typeof key !== 'string' && typeof key !== 'number')
      throw new PickleError('the key of a storage is no text', keys.end)
    const size = storages.elementBytes(String(key))
    if (size === undefined) throw new PickleError(`nothing refers to storage '${key}'`, at)
    if (bytes.length - at < 8) throw new PickleError('the file ends before its storages', at)
    const length = Number(view.getBigInt64(at, true)) * size
    at += 8
    if (!(length >= 0 && length <= bytes.length - at))
      throw new PickleError(`a storage of ${length} bytes goes beyond the end of the file`, at)
    storages.fill(String(key), bytes.slice(at, at + length))
    at += length
  }
  return value.value
}
