/** Rows of fields, one after another, as csv-parse reads them. */
import { isUtf8 } from 'node:buffer'
import type { Options } from 'csv-parse/sync'
import { CsvError, parse } from 'csv-parse/sync'
import { ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import { TableError } from './errors.ts'

/** How a table is written. */
export interface CsvFormat {
  /** Between fields. Default: a tab for paths ending in `.tsv` or `.tab`, else a comma. */
  delimiter?: string
  /** Around fields that hold delimiters or line ends; doubled inside. Null: none. Default `'"'`. */
  quote?: string | null
  /** Lines that begin with it are left out. Default: none. */
  comment?: string | null
  /** Lines before the table. Default 0. */
  skipLines?: number
  /** Of the bytes: a name that TextDecoder knows. Default `'utf-8'`. */
  encoding?: string
}

/** A row longer than this is none: more likely a quote that is never closed. */
const MOST_ROW_CHARACTERS = 4 * 2 ** 20

/** Where the rows come from, for messages. */
export interface CsvSource {
  path?: string | undefined
  /** `CSV`, or `TSV`. */
  format: string
}

/** The text of bytes in an encoding. @throws {TableError} where they are none in it. */
export function decodeText(
  bytes: Uint8Array,
  encoding: string,
  source: CsvSource,
): Uint8Array | string {
  const fix = "name the file's encoding, for example { encoding: 'windows-1252' }"
  if (/^utf-?8$/i.test(encoding)) {
    if (isUtf8(bytes)) return bytes
    let line = 1
    for (let start = 0; start < bytes.length; line++) {
      const end = bytes.indexOf(0x0a, start)
      const stop = end < 0 ? bytes.length : end
      if (!isUtf8(bytes.subarray(start, stop))) break
      start = stop + 1
    }
    throw new TableError({ ...source, line, reason: 'the bytes are not UTF-8', fix })
  }
  let decoder: InstanceType<typeof TextDecoder>
  try {
    decoder = new TextDecoder(encoding, { fatal: true })
  } catch (error) {
    throw new ValueError(
      source.format,
      [],
      `there is no encoding ${show(encoding)}`,
      `${fix} (${String(error)})`,
    )
  }
  try {
    return decoder.decode(bytes)
  } catch (error) {
    throw new TableError(
      { ...source, reason: `the bytes are not ${encoding}`, fix },
      { cause: error },
    )
  }
}

/** @throws {ValueError} for formats that cannot be. */
function checkFormat({ delimiter, quote, comment, skipLines = 0 }: CsvFormat, op: string): void {
  const fail = (rule: string): never => {
    throw new ValueError(op, [], rule, "{ delimiter: ';', quote: '\"' }")
  }
  if (typeof delimiter !== 'string' || delimiter === '') fail('delimiter must be a text')
  if (quote !== null && quote !== undefined && quote.length !== 1)
    fail('quote must be one character, or null')
  if (comment === '') fail('comment must not be empty')
  if (!Number.isSafeInteger(skipLines) || skipLines < 0)
    fail('skipLines must be a whole number ≥ 0')
}

/**
 * Calls `visit` with the fields and the line of each row; lines without any character are left out.
 *
 * @throws {TableError} for rows of different lengths, misplaced and unclosed quotes, and rows of more than
 *   4 million characters.
 */
export function visitRows(
  text: Uint8Array | string,
  format: CsvFormat,
  source: CsvSource,
  visit: (fields: readonly string[], line: number) => void,
): void {
  checkFormat(format, source.format)
  const options: Options = {
    bom: true,
    delimiter: format.delimiter,
    quote: format.quote === undefined ? '"' : (format.quote ?? false),
    escape: format.quote ?? '"',
    comment: format.comment ?? null,
    comment_no_infix: true,
    from_line: (format.skipLines ?? 0) + 1,
    max_record_size: MOST_ROW_CHARACTERS,
    skip_empty_lines: true,
    on_record: (fields, { lines }) => {
      visit(fields, lines)
      return null
    },
  }
  try {
    parse(
      typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength),
      options,
    )
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw broken(error, source)
  }
}

function broken(error: CsvError, source: CsvSource): TableError {
  const details = error as unknown as { lines?: number; record?: unknown[]; column?: unknown }
  const [reason, fix] = REASONS[error.code] ?? [
    error.message.split('\n')[0] ?? 'the table is broken',
    'check delimiter and quote',
  ]
  const wanted = /expect (\d+), got (\d+)/.exec(error.message)
  const counts = wanted === null ? '' : ` (${wanted[2]} instead of ${wanted[1]})`
  return new TableError(
    { ...source, line: details.lines, reason: reason + counts, fix },
    { cause: error },
  )
}

const REASONS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: [
    'the row has another number of fields than those before',
    'check the delimiter, and quote fields that hold it',
  ],
  CSV_QUOTE_NOT_CLOSED: ['a quote is never closed', 'close it, or pass { quote: null }'],
  INVALID_OPENING_QUOTE: [
    'a quote stands within a field',
    'quote the whole field and double the quotes in it, or pass { quote: null }',
  ],
  CSV_INVALID_CLOSING_QUOTE: [
    'something follows a closing quote',
    'double the quotes within fields, or pass { quote: null }',
  ],
  CSV_MAX_RECORD_SIZE: [
    `the row has more than ${MOST_ROW_CHARACTERS} characters`,
    'look for a quote that is not closed',
  ],
}
