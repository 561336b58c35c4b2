/** Columns of a table, as typed as their fields are. */
import type { DType, Tensor } from '@flambeau/core'
import { fromTypedArray, getDefaultDtype } from '@flambeau/core'
import { Numbers } from '../metrics/numbers.ts'

/** What a column holds: numbers of a dtype, texts, or classes (texts that become numbers). */
export type ColumnType = DType | 'string' | 'category'

/** What is taken for nothing, unless options say. */
export const MISSING: readonly string[] = [
  '',
  'NA',
  'N/A',
  'n/a',
  '<NA>',
  '#N/A',
  'NaN',
  'nan',
  '-NaN',
  '-nan',
  'null',
  'NULL',
  'None',
  'NIL',
]

// Not \d+\.?\d*, which takes the square of a long field's length to fail.
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const INTEGER = /^[+-]?\d+$/
const INFINITE = /^([+-]?)inf(?:inity)?$/i

/** The number that a text is, or undefined. */
function numberOf(text: string): number | undefined {
  if (NUMBER.test(text)) return Number(text)
  const trimmed = text.trim()
  if (trimmed !== text) return trimmed === '' ? undefined : numberOf(trimmed)
  const infinite = INFINITE.exec(text)
  if (infinite === null) return undefined
  return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
}

function booleanOf(text: string): number | undefined {
  if (/^true$/i.test(text)) return 1
  return /^false$/i.test(text) ? 0 : undefined
}

const LIMITS: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int8: [-128, 127],
  uint8: [0, 255],
}

/** Why a field does not fit its column. */
export class FieldError extends Error {
  readonly fix: string
  constructor(reason: string, fix: string) {
    super(reason)
    this.fix = fix
  }
}

/** A field that shows that a column, taken for numbers so far, holds texts. */
export class NotANumber extends Error {}

/** Takes the fields of one column. */
export class ColumnBuilder {
  readonly name: string
  /** What the options say; undefined to find out. */
  readonly #wanted: ColumnType | undefined
  readonly #missing: ReadonlySet<string>
  readonly #fill: number | undefined
  #kind: 'number' | 'bool' | 'string' | undefined
  #whole = true
  #holes = false
  readonly #numbers: Numbers = new Numbers()
  readonly #texts: (string | null)[] = []
  #pending: number[] = []

  constructor(
    name: string,
    wanted: ColumnType | undefined,
    missing: ReadonlySet<string>,
    fill: number | undefined,
  ) {
    this.name = name
    this.#wanted = wanted
    this.#missing = missing
    this.#fill = fill
    if (wanted === 'string' || wanted === 'category') this.#kind = 'string'
    else if (wanted === 'bool') this.#kind = 'bool'
    else if (wanted !== undefined) this.#kind = 'number'
  }

  /** @throws {FieldError} if it does not fit. @throws {NotANumber} where texts follow numbers. */
  push(field: string): void {
    if (this.#missing.has(field)) return this.#hole()
    this.#kind ??=
      booleanOf(field) !== undefined ? 'bool' : numberOf(field) === undefined ? 'string' : 'number'
    if (this.#kind === 'string') {
      this.#texts.push(field)
      return
    }
    const value = this.#kind === 'bool' ? this.#boolean(field) : this.#number(field)
    this.#pending.push(value)
    if (this.#pending.length === 1024) this.#flush()
  }

  #flush(): void {
    this.#numbers.push(this.#pending)
    this.#pending = []
  }

  #hole(): void {
    if (this.#kind === 'string' || this.#kind === undefined) this.#texts.push(null)
    if (this.#kind === 'string') return
    const integer = this.#wanted === 'bool' || LIMITS[this.#wanted as DType] !== undefined
    if (this.#fill === undefined) {
      if (integer) {
        throw new FieldError(
          `the field is empty or missing, which ${this.#wanted} cannot say`,
          'pass { fill: 0 }, or a floating dtype',
        )
      }
      this.#holes = true
    }
    this.#pending.push(this.#fill ?? Number.NaN)
    if (this.#pending.length === 1024) this.#flush()
  }

  #boolean(field: string): number {
    const value =
      booleanOf(field) ??
      (this.#wanted === 'bool' && /^[01]$/.test(field) ? Number(field) : undefined)
    if (value !== undefined) return value
    if (this.#wanted === undefined) throw new NotANumber()
    throw new FieldError(
      `${shown(field)} is neither true nor false`,
      'name another dtype for the column',
    )
  }

  #number(field: string): number {
    const value = numberOf(field)
    if (value === undefined) {
      if (this.#wanted === undefined) throw new NotANumber()
      throw new FieldError(
        `${shown(field)} is not a number`,
        "name it as missing, or the column's dtype as 'string'",
      )
    }
    const limits = LIMITS[this.#wanted as DType]
    if (limits !== undefined) {
      if (!Number.isInteger(value) || value < limits[0] || value > limits[1]) {
        throw new FieldError(
          `${shown(field)} is not a whole number from ${limits[0]} to ${limits[1]}`,
          `name another dtype than ${this.#wanted}`,
        )
      }
    } else if (this.#whole && !(INTEGER.test(field.trim()) && Number.isSafeInteger(value))) {
      this.#whole = false
    }
    return value
  }

  /** The column: a tensor with one axis, or texts. */
  finish(): Column {
    if (this.#kind === 'string') {
      const { name } = this
      if (this.#wanted !== 'category')
        return { name, texts: this.#texts, tensor: null, classes: null }
      const classes = [...new Set(this.#texts.filter((text) => text !== null))].sort((a, b) =>
        a < b ? -1 : 1,
      )
      const places = new Map(classes.map((text, i) => [text, i]))
      // A missing class is −1, as in pandas.
      const codes = Float64Array.from(this.#texts, (text) =>
        text === null ? -1 : (places.get(text) as number),
      )
      return { name, texts: null, tensor: fromTypedArray(codes).to('int64'), classes }
    }
    this.#flush()
    const numbers = fromTypedArray(this.#numbers.view())
    const found: DType =
      this.#kind === 'bool'
        ? this.#holes
          ? getDefaultDtype()
          : 'bool'
        : this.#whole && !this.#holes && this.#kind === 'number'
          ? 'int64'
          : getDefaultDtype()
    const dtype = (this.#wanted as DType | undefined) ?? found
    return { name: this.name, texts: null, tensor: numbers.to(dtype), classes: null }
  }
}

function shown(field: string): string {
  return JSON.stringify(field.length > 40 ? `${field.slice(0, 40)}…` : field)
}

/** A column: numbers, or texts (null where missing). */
export interface Column {
  name: string
  tensor: Tensor | null
  texts: (string | null)[] | null
  /** What the numbers of a category column stand for. */
  classes: string[] | null
}
