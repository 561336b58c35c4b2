/** Errors of the addon, as those of core. */
import { DeviceError, IndexError, NativeError, OutOfMemoryError, ValueError } from '@flambeau/core'
import type { Addon } from './native.ts'
import { addon, unavailable } from './native.ts'

/** The typed error for what the addon threw in a function that the user knows as `op`. */
export function translated(op: string, error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string }
  switch (code) {
    case 'ERR_VALUE':
      return new ValueError(op, [], message)
    case 'ERR_INDEX':
      return new IndexError(op, [], message, 'check the indices or labels')
    case 'ERR_OUT_OF_MEMORY':
      return new OutOfMemoryError(op, [], message, 'use smaller batches, or drop references')
    case 'ERR_DEVICE':
      return new DeviceError(op, [], message)
    case 'ERR_NATIVE':
    case 'ERR_INTERNAL':
      return new NativeError(op, [], message, 'this is a mistake in flambeau: please report it')
    default:
      return error
  }
}

/** Why no GPU can be used, as the error that `op` throws. */
export function absent(op: string): DeviceError {
  return new DeviceError(op, [], unavailable?.rule ?? 'there is no GPU', unavailable?.fix)
}

/**
 * Runs `body` with the addon, and throws typed errors.
 *
 * @throws {DeviceError} where no GPU can be used.
 */
export function withAddon<T>(op: string, body: (addon: Addon) => T): T {
  if (addon === null || unavailable !== null) throw absent(op)
  try {
    return body(addon)
  } catch (error) {
    throw translated(op, error)
  }
}
