import { readFileSync } from 'node:fs'
import { FormatError } from './errors.ts'
import { requirePath } from './arguments.ts'

/** A file that cannot be read, as a typed error. */
export function unreadable(format: string, path: string, error: unknown): FormatError {
  const { code, message } = error as NodeJS.ErrnoException
  const reason =
    code === 'ENOENT'
      ? 'the file does not exist'
      : `the file cannot be read (${code ?? String(message)})`
  return new FormatError(
    { format, path, reason, fix: 'check the path and its permissions' },
    { cause: error },
  )
}

/** The bytes of a whole file. @throws {FormatError} if it cannot be read. */
export function readFileOf(format: string, path: string): Uint8Array {
  requirePath(format, path)
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(format, path, error)
  }
}
