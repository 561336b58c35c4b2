import { FormatError } from '../formats/errors.ts'
import type { FormatErrorInfo } from '../formats/errors.ts'

/** What a {@link TableError} says beyond a {@link FormatError}. */
export interface TableErrorInfo extends FormatErrorInfo {
  /** From 1. */
  line?: number | undefined
  /** The column's name. */
  column?: string | undefined
}

/**
 * A table or text is not what it should be: in which line and column, why, and what to do about it.
 *
 * @example
 * ```ts
 * import { parseCsv, TableError } from '@flambeau/data'
 * try {
 *   parseCsv('age\n31\nold', { dtypes: 'int32' })
 * } catch (error) {
 *   if (error instanceof TableError) console.log(error.line, error.column) // => 3 age
 * }
 * ```
 */
export class TableError extends FormatError {
  readonly line: number | undefined
  readonly column: string | undefined

  constructor(info: TableErrorInfo, options?: ErrorOptions) {
    const places = [
      info.line === undefined ? '' : `line ${info.line}`,
      info.column === undefined ? '' : `column '${info.column}'`,
    ].filter((place) => place !== '')
    const where = places.length === 0 ? '' : `${places.join(', ')}: `
    super({ ...info, reason: where + info.reason }, options)
    this.line = info.line
    this.column = info.column
  }
}
