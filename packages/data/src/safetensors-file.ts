/** Safetensors files opened without reading their tensors. */
import * as fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { DType, Tensor } from '@flambeau/core'
import { empty, fromTypedArray, IndexError, ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import { FormatError } from './formats/errors.ts'
import type { JsonNode } from './formats/json.ts'
import { JsonSyntaxError, parseJson } from './formats/json.ts'
import { unreadable } from './formats/read-file.ts'
import type { SafetensorsPlace } from './formats/safetensors.ts'
import {
  checkSafetensorsBools,
  parseSafetensorsHeader,
  SAFETENSORS_START_BYTES,
  safetensorsHeaderEnd,
} from './formats/safetensors.ts'
import { ELEMENT_BYTES } from './formats/tensor-bytes.ts'
import { requirePath } from './formats/arguments.ts'

/** What is known of a tensor before it is read. */
export interface TensorInfo {
  dtype: DType
  shape: readonly number[]
  sizeBytes: number
}

/** A part of an axis: `[start, end)`, from the back if negative; null for all of it. */
export type AxisRange = readonly [start: number, end: number] | null

/** Bytes read at once: they pass through the cache on their way into the tensor. */
const CHUNK_BYTES = 4 * 2 ** 20
/** Shorter runs are not worth a call of their own: what lies between them is read as well. */
const RUN_BYTES = 16 * 2 ** 10
/** An index of more bytes is none. */
const MOST_INDEX_BYTES = 100_000_000

/** One file, open. */
interface Shard {
  path: string
  descriptor: number
}

interface Place extends SafetensorsPlace {
  shard: Shard
}

/**
 * A safetensors file, or several of one model by their index, of which only the headers were read. Every
 * tensor is read when it is asked for, straight into its own memory: a model larger than the memory can
 * be taken part by part. Made by {@link openSafetensors}.
 *
 * @see https://github.com/huggingface/safetensors; Python's safe_open
 *
 * @example
 * ```ts
 * import { arange, ones } from '@flambeau/core'
 * import { openSafetensors, saveSafetensors } from '@flambeau/data'
 * saveSafetensors('model.safetensors', { bias: ones([3]), weight: arange(12).view(3, 4) })
 * const file = openSafetensors('model.safetensors')
 * console.log(file.keys(), file.info('bias').shape) // => [ 'weight', 'bias' ] [ 3 ]
 * console.log(file.get('bias').tolist()) // => [ 1, 1, 1 ]
 * console.log(file.slice('weight', [[1, 2], [0, 2]]).tolist()) // => [ [ 4, 5 ] ]
 * file.close()
 * ```
 */
export class SafetensorsFile {
  readonly path: string
  /** The free texts of the file, or of all files together. */
  readonly metadata: Record<string, string>
  readonly #places: ReadonlyMap<string, Place>
  readonly #shards: readonly Shard[]
  #open = true

  /** @internal */
  constructor(
    path: string,
    places: ReadonlyMap<string, Place>,
    shards: readonly Shard[],
    metadata: Record<string, string>,
  ) {
    this.path = path
    this.metadata = metadata
    this.#places = places
    this.#shards = shards
  }

  /** Names of the tensors, in the order of their data. */
  keys(): string[] {
    return [...this.#places.keys()]
  }

  /** Is there a tensor of this name? */
  has(name: string): boolean {
    return this.#places.has(name)
  }

  /** Dtype and shape of a tensor, which is not read. @throws {IndexError} if there is none. */
  info(name: string): TensorInfo {
    const { dtype, shape, sizeBytes } = this.#place('info', name)
    return { dtype, shape: [...shape], sizeBytes }
  }

  /**
   * Reads a tensor.
   *
   * @throws {IndexError} if there is none of this name. @throws {FormatError} if it cannot be read.
   * @throws {ValueError} once the file is closed.
   */
  get(name: string): Tensor {
    const place = this.#place('get', name)
    const { dtype, shape, start, sizeBytes } = place
    return this.#read(place, start, sizeBytes, dtype).reshape(shape)
  }

  /**
   * Reads a part of a tensor: `[start, end)` of each axis, from the first on; axes that are left out or
   * null are read whole. No more bytes are read than are needed, except small gaps.
   *
   * @throws {IndexError} if there is no such tensor, or for more ranges than axes. Ends beyond an axis
   *   are cut, as in Python. @throws {FormatError} if it cannot be read.
   */
  slice(name: string, ranges: readonly AxisRange[]): Tensor {
    const place = this.#place('slice', name)
    const { shape, dtype } = place
    if (ranges.length > shape.length) {
      throw new IndexError(
        'SafetensorsFile.slice',
        { shape },
        `${ranges.length} ranges are given for ${shape.length} axes`,
        'leave some out',
      )
    }
    const cuts = shape.map((size, axis) => cut(ranges[axis] ?? null, size))
    const result = cuts.map(([start, end]) => end - start)
    if (result.includes(0)) return empty(result, { dtype })
    // All axes behind this one are read whole: its elements lie side by side.
    const last = cuts.findLastIndex(
      ([start, end], axis) => start > 0 || end < (shape[axis] as number),
    )
    if (last < 0) return this.get(name)
    const block = shape.slice(last + 1).reduce((a, b) => a * b, ELEMENT_BYTES[dtype])
    const [from, to] = cuts[last] as readonly [number, number]
    if (last > 0 && (to - from) * block < RUN_BYTES) {
      // Read wider along the last cut axis, then cut in memory.
      const wide = this.slice(name, ranges.slice(0, last))
      return wide.narrow(last, from, to - from).contiguous()
    }
    const runs = runStarts(shape.slice(0, last), cuts.slice(0, last))
    const stride = (shape[last] as number) * block
    const parts = runs.map((run) =>
      this.#read(place, place.start + run * stride + from * block, (to - from) * block, dtype),
    )
    if (parts.length === 1) return (parts[0] as Tensor).reshape(result)
    const out = empty([parts.length, (parts[0] as Tensor).numel()], { dtype })
    for (const [i, part] of parts.entries()) {
      out.select(0, i).copy_(part)
      part.dispose()
    }
    return out.reshape(result)
  }

  /** Reads all tensors. @throws {FormatError} if they cannot be read. */
  load(): Record<string, Tensor> {
    const out = Object.create(null) as Record<string, Tensor>
    for (const name of this.#places.keys()) out[name] = this.get(name)
    return out
  }

  /** Closes the file. Tensors that were read stay. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const { descriptor } of this.#shards) fs.closeSync(descriptor)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #place(method: string, name: string): Place {
    const op = `SafetensorsFile.${method}`
    const place = this.#places.get(name)
    if (place === undefined) {
      throw new IndexError(
        op,
        [],
        `there is no tensor ${JSON.stringify(name)} in ${this.path}`,
        `there are ${[...this.#places.keys()].slice(0, 8).join(', ')}${this.#places.size > 8 ? ' …' : ''}`,
      )
    }
    if (!this.#open) throw new ValueError(op, [], `${this.path} was closed`, 'read before close()')
    return place
  }

  /** Bytes of the file as a tensor with one axis. */
  #read(place: Place, start: number, sizeBytes: number, dtype: DType): Tensor {
    const { path, descriptor } = place.shard
    if (sizeBytes === 0) return empty([0], { dtype })
    const out = empty([sizeBytes], { dtype: 'uint8' })
    const chunk = chunkBuffer()
    for (let done = 0; done < sizeBytes;) {
      const wanted = Math.min(chunk.length, sizeBytes - done)
      const got = readFully(path, descriptor, chunk, wanted, start + done)
      if (got < wanted) {
        throw new FormatError({
          format: 'safetensors',
          path,
          offset: start + done + got,
          reason: `tensor ${JSON.stringify(place.name)} ends here: the file was cut while open`,
          fix: 'write the file under another name and rename it',
        })
      }
      const bytes = chunk.subarray(0, wanted)
      if (dtype === 'bool') checkSafetensorsBools(place.name, bytes, start + done, { path })
      const part = fromTypedArray(bytes)
      out.narrow(0, done, wanted).copy_(part)
      part.dispose()
      done += wanted
    }
    return dtype === 'bool' ? out.to('bool') : out.view(dtype)
  }
}

let shared: Uint8Array | null = null

/** One buffer for all reads of this thread; what was read is copied before the next read. */
function chunkBuffer(): Uint8Array {
  return (shared ??= new Uint8Array(CHUNK_BYTES))
}

/** Reads `wanted` bytes, or up to the end of the file. */
function readFully(
  path: string,
  descriptor: number,
  into: Uint8Array,
  wanted: number,
  position: number,
): number {
  let done = 0
  while (done < wanted) {
    let got: number
    try {
      got = fs.readSync(descriptor, into, done, wanted - done, position + done)
    } catch (error) {
      throw unreadable('safetensors', path, error)
    }
    if (got === 0) break
    done += got
  }
  return done
}

/** A range as Python's slices have it. @throws {ValueError} unless both are whole numbers. */
function cut(range: AxisRange, size: number): readonly [number, number] {
  if (range === null) return [0, size]
  const [start, end] = range
  if (!Number.isInteger(start) || !Number.isInteger(end)) {
    throw new ValueError(
      'SafetensorsFile.slice',
      [],
      `a range must be two whole numbers, not ${show(start)} and ${String(end)}`,
      "file.slice('weight', [[0, 10]])",
    )
  }
  const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size)
  return [place(start), Math.max(place(start), place(end))]
}

/** Row-major places of all combinations of indices within `cuts` of a shape. */
function runStarts(
  shape: readonly number[],
  cuts: readonly (readonly [number, number])[],
): number[] {
  let starts = [0]
  for (const [axis, [from, to]] of cuts.entries()) {
    const size = shape[axis] as number
    starts = starts.flatMap((start) =>
      Array.from({ length: to - from }, (_, i) => start * size + from + i),
    )
  }
  return starts
}

function openShard(path: string): {
  shard: Shard
  places: Place[]
  metadata: Record<string, string>
} {
  let descriptor: number
  let sizeBytes: number
  try {
    descriptor = fs.openSync(path, 'r')
  } catch (error) {
    throw unreadable('safetensors', path, error)
  }
  try {
    const stat = fs.fstatSync(descriptor)
    if (!stat.isFile()) {
      throw new FormatError({
        format: 'safetensors',
        path,
        reason: `the file cannot be read (${stat.isDirectory() ? 'EISDIR' : 'it is no regular file'})`,
        fix: 'pass the path of a file',
      })
    }
    sizeBytes = stat.size
    const start = new Uint8Array(Math.min(SAFETENSORS_START_BYTES, sizeBytes))
    const got = readFully(path, descriptor, start, start.length, 0)
    const end = safetensorsHeaderEnd(start.subarray(0, got), sizeBytes, { path })
    const header = new Uint8Array(end)
    const whole = header.subarray(0, readFully(path, descriptor, header, end, 0))
    const { places, metadata } = parseSafetensorsHeader(whole, sizeBytes, { path })
    const shard: Shard = { path, descriptor }
    return { shard, places: places.map((place) => ({ ...place, shard })), metadata }
  } catch (error) {
    fs.closeSync(descriptor)
    throw error
  }
}

/**
 * Opens a safetensors file, or the index of a model in several files (`….safetensors.index.json`). Names,
 * shapes, dtypes and texts are known at once; tensors are read when asked for.
 *
 * @throws {FormatError} if a file is missing or damaged, or the index names files outside of its folder,
 *   or tensors that are not there.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { openSafetensors, saveSafetensors } from '@flambeau/data'
 * saveSafetensors('x.safetensors', { x: rand([100, 8]) })
 * const file = openSafetensors('x.safetensors')
 * console.log(file.slice('x', [[10, 20]]).shape) // => [ 10, 8 ]
 * file.close()
 * ```
 */
export function openSafetensors(path: string): SafetensorsFile {
  requirePath('openSafetensors', path)
  if (path.endsWith('.json')) return openIndex(path)
  const { shard, places, metadata } = openShard(path)
  return new SafetensorsFile(path, new Map(places.map((one) => [one.name, one])), [shard], metadata)
}

function openIndex(path: string): SafetensorsFile {
  const files = readIndex(path)
  const shards: Shard[] = []
  const found = new Map<string, Place>()
  const metadata = Object.create(null) as Record<string, string>
  try {
    for (const [file, names] of files) {
      const opened = openShard(join(dirname(path), file))
      shards.push(opened.shard)
      Object.assign(metadata, opened.metadata)
      const here = new Map(opened.places.map((place) => [place.name, place]))
      for (const name of names) {
        const place = here.get(name)
        if (place === undefined)
          throw brokenIndex(path, `tensor ${JSON.stringify(name)} is not in ${file}`)
        found.set(name, place)
      }
    }
  } catch (error) {
    for (const { descriptor } of shards) fs.closeSync(descriptor)
    throw error
  }
  return new SafetensorsFile(path, found, shards, metadata)
}

function brokenIndex(path: string, reason: string, offset?: number): FormatError {
  const fix = 'copy or save the index and its files again'
  return new FormatError({ format: 'safetensors index', path, offset, reason, fix })
}

/** Names of the tensors of each file. */
function readIndex(path: string): Map<string, string[]> {
  let bytes: Uint8Array
  try {
    if (fs.statSync(path).size > MOST_INDEX_BYTES)
      throw brokenIndex(path, `it has more than ${MOST_INDEX_BYTES} bytes`)
    bytes = fs.readFileSync(path)
  } catch (error) {
    throw error instanceof FormatError ? error : unreadable('safetensors index', path, error)
  }
  let root: JsonNode
  try {
    root = parseJson(bytes)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw brokenIndex(path, `it is not JSON: ${error.message}`, error.offset)
  }
  const map =
    root.kind === 'object' && root.members.find(({ name }) => name === 'weight_map')?.value
  if (!map || map.kind !== 'object') throw brokenIndex(path, 'it has no weight_map')
  const files = new Map<string, string[]>()
  const names = new Set<string>()
  for (const { name, value, offset } of map.members) {
    const file = value.kind === 'string' ? value.text : ''
    if (file === '' || file === '.' || file === '..' || /[/\\\0]/.test(file))
      throw brokenIndex(
        path,
        `the file of ${JSON.stringify(name)} is no name within the folder`,
        offset,
      )
    if (names.has(name)) throw brokenIndex(path, `${JSON.stringify(name)} comes twice`, offset)
    names.add(name)
    const list = files.get(file)
    if (list === undefined) files.set(file, [name])
    else list.push(name)
  }
  return files
}
