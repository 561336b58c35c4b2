/** Lines of text files, read when they are asked for. */
import * as fs from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, ValueError } from '@flambeau/core'
import { requireOptions, requireTensor, show } from '@flambeau/core/internal'
import type { WorkerRecipe } from '../dataset.ts'
import { checkSample, Dataset } from '../dataset.ts'
import { unreadable } from '../formats/read-file.ts'
import { recipeOf } from '../loader/recipe.ts'
import { Numbers } from '../metrics/numbers.ts'
import { TableError } from './errors.ts'
import { requirePath } from '../formats/arguments.ts'

/** What {@link TextLineDataset} takes. */
export interface TextLineOptions {
  /** Of the bytes: a name that TextDecoder knows, such as `'latin1'` or `'utf-16le'`. Default `'utf-8'`. */
  encoding?: string
  /** Leaves out lines without any character. Default false. */
  skipEmpty?: boolean
  /** Bytes of the longest line that is read. Default 16 MiB. */
  maxLineBytes?: number
  /** Where lines begin and end, as {@link TextLineDataset.lineIndex} gives it: the file is not scanned. */
  lineIndex?: Tensor
}

const CHUNK_BYTES = 2 ** 20

/**
 * The lines of a text file, without their ends (`\n` or `\r\n`). Only where lines begin is kept in memory,
 * 8 bytes a line; a line is read when it is asked for. Lines do not change with the file: open it anew.
 *
 * @throws {FormatError} if the file cannot be read. @throws {ValueError} for an unknown encoding.
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs'
 * import { DataLoader, TextLineDataset } from '@flambeau/data'
 * writeFileSync('lines.txt', 'first\nsecond\r\nthird')
 * const lines = new TextLineDataset('lines.txt')
 * console.log(lines.length, lines.getItem(1)) // => 3 second
 * for await (const batch of new DataLoader(lines, { batchSize: 2 })) console.log(batch)
 * // [ 'first', 'second' ]
 * // [ 'third' ]
 * lines.close()
 * ```
 */
export class TextLineDataset extends Dataset<string> {
  readonly path: string
  readonly encoding: string
  override readonly length: number
  readonly #options: TextLineOptions
  readonly #maxLineBytes: number
  readonly #decoder: InstanceType<typeof TextDecoder>
  /** Where lines begin, and behind the last one its end: `[length + 1]`, or pairs with `skipEmpty`. */
  readonly #places: Float64Array
  #descriptor: number | null = null

  constructor(path: string, options: TextLineOptions = {}) {
    super()
    requirePath('TextLineDataset', path)
    requireOptions('TextLineDataset', options)
    const {
      encoding = 'utf-8',
      skipEmpty = false,
      maxLineBytes = 16 * 2 ** 20,
      lineIndex,
    } = options
    try {
      this.#decoder = new TextDecoder(encoding, { fatal: true })
    } catch {
      throw new ValueError(
        'TextLineDataset',
        [],
        `there is no encoding ${show(encoding)}`,
        "for example 'utf-8', 'latin1', 'utf-16le'",
      )
    }
    if (!Number.isSafeInteger(maxLineBytes) || maxLineBytes < 1)
      throw new ValueError(
        'TextLineDataset',
        [],
        'maxLineBytes must be a whole number ≥ 1',
        '2 ** 20',
      )
    if (lineIndex !== undefined) requireTensor('TextLineDataset', 'lineIndex', lineIndex)
    this.path = path
    this.encoding = encoding
    this.#options = { encoding, skipEmpty, maxLineBytes }
    this.#maxLineBytes = maxLineBytes
    this.#places =
      lineIndex === undefined
        ? this.#scan(this.#decoder.encoding.startsWith('utf-16') ? 2 : 1, skipEmpty)
        : Float64Array.from(lineIndex.toArray())
    this.length = this.#places.length / 2
  }

  /** Where the lines begin and end in bytes, `[2 · length]`, for `options.lineIndex` of another instance. */
  lineIndex(): Tensor {
    return fromTypedArray(this.#places)
  }

  /** A line. @throws {IndexError} if there is none such. @throws {TableError} if it cannot be decoded. */
  override getItem(index: number): string {
    const at = checkSample('TextLineDataset', index, this.length)
    const start = this.#places[2 * at] as number
    const sizeBytes = (this.#places[2 * at + 1] as number) - start
    if (sizeBytes > this.#maxLineBytes) {
      throw this.#broken(at, `the line has ${sizeBytes} bytes`, 'pass a larger { maxLineBytes }')
    }
    const bytes = new Uint8Array(sizeBytes)
    const got = this.#read(bytes, start)
    if (got < sizeBytes)
      throw this.#broken(at, 'the file was cut after it was opened', 'open it anew')
    try {
      return this.#decoder.decode(bytes)
    } catch {
      const fix = "name the file's encoding, for example { encoding: 'latin1' }"
      throw this.#broken(at, `the bytes are not ${this.encoding}`, fix)
    }
  }

  override toWorker(): WorkerRecipe {
    const options: TextLineOptions = { ...this.#options, lineIndex: this.lineIndex() }
    return recipeOf(this, TextLineDataset, import.meta.url, [this.path, options])
  }

  /** Closes the file; it is opened again when a line is asked for. */
  close(): void {
    if (this.#descriptor !== null) fs.closeSync(this.#descriptor)
    this.#descriptor = null
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #broken(at: number, reason: string, fix: string): TableError {
    const { path } = this
    const offset = this.#places[2 * at]
    return new TableError({ format: 'text', path, offset, line: at + 1, reason, fix })
  }

  /** Reads from `position` on, as much as there is. */
  #read(into: Uint8Array, position: number): number {
    let done = 0
    try {
      this.#descriptor ??= fs.openSync(this.path, 'r')
      while (done < into.length) {
        const got = fs.readSync(this.#descriptor, into, done, into.length - done, position + done)
        if (got === 0) break
        done += got
      }
    } catch (error) {
      throw unreadable('text', this.path, error)
    }
    return done
  }

  /** Finds the lines; `unit` is the size of a line feed in bytes. */
  #scan(unit: 1 | 2, skipEmpty: boolean): Float64Array {
    const places = new Numbers()
    const chunk = new Uint8Array(CHUNK_BYTES)
    const big = this.#decoder.encoding === 'utf-16be'
    // The bytes of a line feed and a carriage return, in this encoding.
    const is = (bytes: Uint8Array, at: number, code: number): boolean =>
      unit === 1
        ? bytes[at] === code
        : bytes[at + (big ? 1 : 0)] === code && bytes[at + (big ? 0 : 1)] === 0
    let [position, start] = [0, 0]
    let returned = false
    const add = (end: number): void => {
      if (!skipEmpty || end > start) places.push([start, end])
    }
    for (;;) {
      const got = this.#read(chunk, position)
      const bytes = chunk.subarray(0, got)
      for (let at = 0; at < got;) {
        const next = bytes.indexOf(0x0a, at)
        if (next < 0) break
        const feed = unit === 2 && big ? next - 1 : next
        at = next + 1
        if (unit === 2 && (feed % 2 !== 0 || !is(bytes, feed, 0x0a))) continue
        const back = feed >= unit ? is(bytes, feed - unit, 0x0d) : returned
        add(position + feed - (back && position + feed > start ? unit : 0))
        start = position + feed + unit
        at = feed + unit
      }
      returned = got >= unit && is(bytes, got - unit, 0x0d)
      position += got
      if (got < chunk.length) break
    }
    if (start < position) add(position)
    return places.toArray()
  }
}
