import { FlambeauError } from '@flambeau/core'

/** What a {@link FormatError} says: which format, where, why, and what to do about it. */
export interface FormatErrorInfo {
  /** The format's name as its users write it: `safetensors`, `IDX`. */
  format: string
  /** The file that was read; `undefined` when the bytes were still to be written. */
  path?: string | undefined
  /** Position in bytes from the start of the (decompressed) file; `undefined` when there is none. */
  offset?: number | undefined
  /** The rule that was broken, with the numbers in it. */
  reason: string
  fix: string
}

/**
 * A file is not what its format demands: truncated, corrupt, or of a kind that cannot be read here.
 *
 * The message has the parts of every error of flambeau: the format and the broken rule, the place,
 * and the fix. The same parts are fields, for programs.
 *
 * @example
 * ```ts
 * import { FormatError, parseNpy } from '@flambeau/data'
 * try {
 *   parseNpy(new TextEncoder().encode('no array'), { path: 'x.npy' })
 * } catch (error) {
 *   if (error instanceof FormatError) console.log(error.format, error.offset, error.path) // => npy 0 x.npy
 * }
 * ```
 */
export class FormatError extends FlambeauError {
  override readonly code: string = 'ERR_FORMAT'
  readonly format: string
  readonly path: string | undefined
  readonly offset: number | undefined
  /** The same as `rule`. */
  readonly reason: string

  constructor(info: FormatErrorInfo, options?: ErrorOptions) {
    const at = info.offset === undefined ? '' : `at byte ${info.offset}`
    const place =
      info.path === undefined
        ? { name: 'place', description: at }
        : { name: 'file', description: at === '' ? info.path : `${info.path}   ${at}` }
    super(info.format, place.description === '' ? [] : [place], info.reason, info.fix, options)
    this.format = info.format
    this.path = info.path
    this.offset = info.offset
    this.reason = info.reason
  }
}

/** What a {@link FileWriteError} says. */
export interface FileWriteErrorInfo {
  path: string
  /** The step that failed, as a phrase: `cannot write the temporary file`. */
  reason: string
  /** The system's error code (`ENOSPC`, `EACCES` ...); `undefined` when no system call failed. */
  errno?: string | undefined
  fix: string
}

/**
 * A file could not be written. Whatever stood at `path` before is still there, whole, unless
 * `reason` says that the new file already took its place.
 *
 * @example
 * ```ts
 * import { FileWriteError, writeFileAtomic } from '@flambeau/data'
 * try {
 *   writeFileAtomic('no/such/folder/x.bin', [])
 * } catch (error) {
 *   if (error instanceof FileWriteError) console.log(error.errno) // => ENOENT
 * }
 * ```
 */
export class FileWriteError extends FlambeauError {
  override readonly code: string = 'ERR_FILE_WRITE'
  readonly path: string
  /** The same as `rule`. */
  readonly reason: string
  readonly errno: string | undefined

  constructor(info: FileWriteErrorInfo, options?: ErrorOptions) {
    const file = { name: 'file', description: info.path }
    super('writeFileAtomic', [file], info.reason, info.fix, options)
    this.path = info.path
    this.reason = info.reason
    this.errno = info.errno
  }
}
