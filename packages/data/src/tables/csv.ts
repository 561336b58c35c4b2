/** Tables in CSV and TSV files. */
import type { DType, Tensor } from '@flambeau/core'
import {
  DTypeError,
  getDefaultDtype,
  IndexError,
  ShapeError,
  stack,
  ValueError,
} from '@flambeau/core'
import { requireList, requireOptions, show } from '@flambeau/core/internal'
import { readFileOf } from '../formats/read-file.ts'
import type { Column, ColumnType } from './columns.ts'
import { ColumnBuilder, FieldError, MISSING, NotANumber } from './columns.ts'
import type { CsvFormat, CsvSource } from './csv-rows.ts'
import { decodeText, visitRows } from './csv-rows.ts'
import { TableError } from './errors.ts'
import { requireBytes, requirePath } from '../formats/arguments.ts'

/** What {@link readCsv} takes. */
export interface CsvOptions extends CsvFormat {
  /** The first row holds the columns' names. Default true; without it they are `'0'`, `'1'`, …. */
  header?: boolean
  /** Names of the columns, in place of the first row's. */
  names?: readonly string[]
  /** Columns to be read, in this order. Default: all. */
  columns?: readonly string[]
  /**
   * What columns hold: a dtype, `'string'`, or `'category'` (classes by alphabet, numbered from 0; missing
   * ones −1). Default: bool, int64, the default floating dtype or strings, whichever fits all fields.
   */
  dtypes?: ColumnType | Readonly<Record<string, ColumnType>>
  /** Fields taken for missing: NaN, or null among strings. Default: the empty field, NA, NaN, null …. */
  missing?: readonly string[]
  /** The number in place of missing ones; for all columns, or by name. Default: NaN. */
  fill?: number | Readonly<Record<string, number>>
}

/** A header of more columns is none. */
const MOST_COLUMNS = 65_536

/**
 * A table: columns by name, each a tensor with one axis or an array of texts. Made by {@link readCsv}.
 *
 * @see pandas.DataFrame
 *
 * @example
 * ```ts
 * import { parseCsv } from '@flambeau/data'
 * const table = parseCsv('height,width,name\n1.5,2,a\n,3,b\n')
 * console.log(table.columns, table.length) // => [ 'height', 'width', 'name' ] 2
 * console.log(table.strings('name')) // => [ 'a', 'b' ]
 * console.log(table.tensor(['height', 'width']).tolist()) // => [ [ 1.5, 2 ], [ NaN, 3 ] ]
 * ```
 */
export class Table {
  /** Names of the columns. */
  readonly columns: readonly string[]
  /** Number of rows. */
  readonly length: number
  readonly #columns: ReadonlyMap<string, Column>

  /** @internal */
  constructor(columns: readonly Column[], length: number) {
    this.columns = columns.map(({ name }) => name)
    this.length = length
    this.#columns = new Map(columns.map((column) => [column.name, column]))
  }

  #column(name: string): Column {
    const column = this.#columns.get(name)
    if (column !== undefined) return column
    throw new IndexError('Table', [], `there is no column ${show(name)}`, listed(this.columns))
  }

  /** The dtype of a column, or `'string'`. @throws {IndexError} if there is no such column. */
  dtype(name: string): DType | 'string' {
    return this.#column(name).tensor?.dtype ?? 'string'
  }

  /**
   * A column of numbers, `[rows]`, or several side by side, `[rows, columns]`, of the dtype given or the
   * one that holds all of them. Default: all columns of numbers.
   *
   * @throws {IndexError} if there is no such column. @throws {DTypeError} for a column of texts.
   */
  tensor(names?: string | readonly string[], options: { dtype?: DType } = {}): Tensor {
    const one = (name: string): Tensor => {
      const { tensor } = this.#column(name)
      if (tensor !== null) return tensor
      throw new DTypeError(
        'Table.tensor',
        [],
        `column '${name}' holds texts`,
        `read it with { dtypes: { '${name}': 'category' } }, or leave it out`,
      )
    }
    requireOptions('Table.tensor', options)
    const { dtype } = options
    const as = (tensor: Tensor): Tensor => (dtype === undefined ? tensor : tensor.to(dtype))
    if (typeof names === 'string') return as(one(names))
    if (names !== undefined) requireList('Table.tensor', 'names', names, 'a list of names')
    const chosen = names ?? this.columns.filter((name) => this.#column(name).tensor !== null)
    if (chosen.length === 0)
      throw new ShapeError('Table.tensor', [], 'no column is chosen', listed(this.columns))
    const columns = chosen.map((name) => as(one(name)))
    const kinds = new Set(columns.map((column) => column.dtype))
    const same = kinds.size === 1 ? columns : columns.map((column) => column.to(widest(kinds)))
    return stack(same, 1)
  }

  /** A column as texts; missing ones are null. @throws {IndexError} @throws {DTypeError} for numbers. */
  strings(name: string): readonly (string | null)[] {
    const { texts, classes, tensor } = this.#column(name)
    if (texts !== null) return texts
    if (classes !== null && tensor !== null)
      return Array.from(tensor.toArray(), (code) => classes[code] ?? null)
    throw new DTypeError(
      'Table.strings',
      [],
      `column '${name}' holds numbers`,
      `read it with { dtypes: { '${name}': 'string' } }`,
    )
  }

  /** The classes of a category column, in the order of their numbers. @throws {IndexError, DTypeError} */
  classes(name: string): readonly string[] {
    const { classes } = this.#column(name)
    if (classes !== null) return classes
    throw new DTypeError(
      'Table.classes',
      [],
      `column '${name}' is no category`,
      `read it with { dtypes: { '${name}': 'category' } }`,
    )
  }
}

/** The dtype for columns of several: integers stay integers, anything floating is of the default dtype or wider. */
function widest(kinds: ReadonlySet<DType>): DType {
  if (kinds.has('float64')) return 'float64'
  if ([...kinds].some((kind) => kind.startsWith('float') || kind === 'bfloat16'))
    return getDefaultDtype()
  return 'int64'
}

function listed(columns: readonly string[]): string {
  return `the columns are ${columns.slice(0, 12).join(', ')}${columns.length > 12 ? ' …' : ''}`
}

/**
 * Reads a table from a CSV or TSV file.
 *
 * @throws {TableError} naming line and column, if a field does not fit its column's dtype, rows differ in
 *   length, or quotes are not closed. @throws {FormatError} if the file cannot be read.
 * @throws {ValueError} for options that do not fit.
 * @see pandas.read_csv
 */
export function readCsv(path: string, options: CsvOptions = {}): Table {
  requirePath('readCsv', path)
  const tabs = /\.(tsv|tab)$/i.test(path)
  const source = { path, format: tabs ? 'TSV' : 'CSV' }
  const given = { delimiter: tabs ? '\t' : ',', ...options }
  return readTable(readFileOf(source.format, path), given, source)
}

/**
 * Reads a table from a text, or the bytes of one.
 *
 * @throws {TableError, ValueError} as {@link readCsv} does.
 */
export function parseCsv(data: string | Uint8Array, options: CsvOptions = {}): Table {
  return readTable(data, { delimiter: ',', ...options }, { format: 'CSV' })
}

function readTable(data: string | Uint8Array, options: CsvOptions, source: CsvSource): Table {
  if (typeof data !== 'string') requireBytes('parseCsv', data)
  const text =
    typeof data === 'string' ? data : decodeText(data, options.encoding ?? 'utf-8', source)
  // Columns that looked like numbers and turned out to be texts, in which case all is read again.
  const texts = new Set<string>()
  for (;;) {
    const before = texts.size
    const table = readOnce(text, options, source, texts)
    if (texts.size === before) return table
  }
}

function readOnce(
  text: string | Uint8Array,
  options: CsvOptions,
  source: CsvSource,
  texts: Set<string>,
): Table {
  const missing = new Set(options.missing ?? MISSING)
  let builders: { at: number; builder: ColumnBuilder }[] | null = null
  let width = 0
  let rows = 0
  const found = new Set<string>()
  visitRows(text, options, source, (fields, line) => {
    if (builders === null) {
      const names = namesOf(fields, line, options, source)
      width = names.length
      builders = chosenColumns(names, options, source.format).map(({ name, at }) => ({
        at,
        builder: new ColumnBuilder(
          name,
          typeOf(name, options, texts),
          missing,
          fillOf(name, options),
        ),
      }))
      if (options.header !== false) return
    }
    if (fields.length !== width) {
      const reason = `the row has ${fields.length} fields, there are ${width} columns`
      throw new TableError({ ...source, line, reason, fix: 'check names and delimiter' })
    }
    for (const { at, builder } of builders) {
      try {
        if (!found.has(builder.name)) builder.push(fields[at] as string)
      } catch (error) {
        if (error instanceof NotANumber) found.add(builder.name)
        else if (error instanceof FieldError) {
          const { message: reason, fix } = error
          throw new TableError({ ...source, line, column: builder.name, reason, fix })
        } else throw error
      }
    }
    rows++
  })
  for (const name of found) texts.add(name)
  const made = builders as { builder: ColumnBuilder }[] | null
  if (made === null) {
    if (options.names === undefined)
      throw new TableError({ ...source, reason: 'there is no row', fix: 'check path and comment' })
    return readOnce(
      `${options.names.map(() => 'x').join(options.delimiter)}\n`,
      { ...options, header: true, skipLines: 0, comment: null },
      source,
      texts,
    )
  }
  return new Table(
    made.map(({ builder }) => builder.finish()),
    rows,
  )
}

function namesOf(
  fields: readonly string[],
  line: number,
  { header = true, names }: CsvOptions,
  source: CsvSource,
): readonly string[] {
  const out = names ?? (header ? fields : fields.map((_, i) => String(i)))
  const fail = (reason: string, fix: string): never => {
    throw new TableError({ ...source, line, reason, fix })
  }
  if (out.length !== fields.length)
    fail(`the row has ${fields.length} fields, ${out.length} names are given`, 'name every column')
  if (out.length > MOST_COLUMNS)
    fail(`there are more than ${MOST_COLUMNS} columns`, 'check the delimiter')
  const seen = new Set<string>()
  for (const name of out) {
    if (seen.has(name)) fail(`two columns have the name '${name}'`, 'pass { names: […] }')
    seen.add(name)
  }
  return out
}

function chosenColumns(
  names: readonly string[],
  { columns = names, dtypes, fill }: CsvOptions,
  op: string,
): { name: string; at: number }[] {
  const places = new Map(names.map((name, at) => [name, at]))
  const asked = [dtypes, fill].flatMap((one) => (typeof one === 'object' ? Object.keys(one) : []))
  for (const name of [...columns, ...asked]) {
    if (!places.has(name))
      throw new ValueError(op, [], `there is no column ${show(name)}`, listed(names))
  }
  return [...new Set(columns)].map((name) => ({ name, at: places.get(name) as number }))
}

const TYPES: readonly ColumnType[] = [
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
  'string',
  'category',
]

function typeOf(
  name: string,
  { dtypes }: CsvOptions,
  texts: ReadonlySet<string>,
): ColumnType | undefined {
  const type = typeof dtypes === 'object' ? dtypes[name] : dtypes
  if (type !== undefined && !TYPES.includes(type)) {
    throw new ValueError(
      'readCsv',
      [],
      `${show(type)} is not what a column can hold`,
      `use one of ${TYPES.join(', ')}`,
    )
  }
  return type ?? (texts.has(name) ? 'string' : undefined)
}

function fillOf(name: string, { fill }: CsvOptions): number | undefined {
  return typeof fill === 'object' ? fill[name] : fill
}
