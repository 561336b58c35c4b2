/** Zip archives from anywhere: read within bounds, written so that the same parts give the same bytes. */
import type { FileEntry } from '@zip.js/zip.js'
import {
  configure,
  Reader,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from '@zip.js/zip.js'
import { readSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { plainBytes } from './raw-tensor.ts'

// Threads would not pay: what we read is small, or not compressed.
configure({ useWebWorkers: false })

/** Deflate yields at most this many bytes from one; anything above is a lie. */
const MOST_EXPANSION = 1032
/** No archive of ours has more parts. */
const MOST_ENTRIES = 100_000
const MEBIBYTE = 2 ** 20

/** Is this a zip archive, by its first bytes? An empty one too. */
export function isZip(bytes: Uint8Array): boolean {
  const [p, k, a, b] = bytes
  return p === 0x50 && k === 0x4b && ((a === 3 && b === 4) || (a === 5 && b === 6))
}

/** An open file: archives may be larger than an array can be. */
export interface OpenFile {
  descriptor: number
  sizeBytes: number
}

/** Reads bytes in memory, without copies. */
class MemoryReader extends Reader<Uint8Array> {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    super(bytes)
    this.#bytes = bytes
    this.size = bytes.length
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#bytes.subarray(index, index + length) as Uint8Array<ArrayBuffer>
  }
}

/** Reads an open file from anywhere. */
class FileReader extends Reader<OpenFile> {
  readonly #file: OpenFile

  constructor(file: OpenFile) {
    super(file)
    this.#file = file
    this.size = file.sizeBytes
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const wanted = Math.max(0, Math.min(length, this.#file.sizeBytes - index))
    const out = new Uint8Array(wanted)
    let done = 0
    while (done < wanted) {
      const got = readSync(this.#file.descriptor, out, done, wanted - done, index + done)
      if (got === 0) throw new Error('the file was cut while it was read')
      done += got
    }
    return out
  }
}

/** A file in an archive. */
export interface ZipPart {
  name: string
  sizeBytes: number
  /** The contents; their checksum is compared. @throws {Error} if they are damaged. */
  read: () => Promise<Uint8Array>
}

/**
 * How many bytes the parts of an archive may have together, unless the caller says: 256 MiB, or a
 * hundred times the archive if that is more.
 */
export function defaultMaxBytes(archiveBytes: number): number {
  return Math.max(256 * MEBIBYTE, 100 * archiveBytes)
}

/**
 * Reads the directory of an archive and hands its files to `use`. Nothing is unpacked before all sizes
 * are known to lie within `maxBytes` and to be possible, and no further than the directory says.
 *
 * @throws {Error} where the archive is broken, its parts overlap or are encrypted, a name comes twice, or
 *   the parts have more than `maxBytes` bytes.
 */
export async function withZip<T>(
  archive: Uint8Array | OpenFile,
  maxBytes: number,
  use: (parts: Map<string, ZipPart>) => Promise<T>,
): Promise<T> {
  const inMemory = archive instanceof Uint8Array
  const archiveBytes = inMemory ? archive.length : archive.sizeBytes
  const source = inMemory ? new MemoryReader(plainBytes(archive)) : new FileReader(archive)
  const reader = new ZipReader(source, {
    checkSignature: true,
    checkOverlappingEntry: true,
  })
  try {
    const parts = new Map<string, ZipPart>()
    let total = 0
    /** Where the parts begin; sorted before any is read. */
    const starts: number[] = []
    for await (const entry of reader.getEntriesGenerator()) {
      if (parts.size >= MOST_ENTRIES)
        throw new Error(`the archive has more than ${MOST_ENTRIES} parts`)
      if (entry.directory) continue
      const { filename: name, uncompressedSize: sizeBytes, compressedSize } = entry
      if (entry.encrypted) throw new Error(`'${name}' is encrypted`)
      if (parts.has(name)) throw new Error(`'${name}' is there twice`)
      if (sizeBytes > compressedSize * MOST_EXPANSION + 64 || compressedSize > archiveBytes)
        throw new Error(`'${name}' claims more bytes than it can hold`)
      total += sizeBytes
      if (total > maxBytes)
        throw new Error(
          `the archive of ${archiveBytes} bytes unpacks to more than ${maxBytes} (maxBytes)`,
        )
      starts.push(entry.offset)
      parts.set(name, { name, sizeBytes, read: () => contents(entry, source, starts) })
    }
    starts.sort((a, b) => a - b)
    return await use(parts)
  } finally {
    await reader.close()
  }
}

/** Bytes 14 to 26 of a part's own header: checksum, size as it lies there, size. */
const LOCAL_HEADER_BYTES = 30
const UNKNOWN = 0xff_ff_ff_ff

/**
 * A file that is not packed, read at once: most of PyTorch's are large and stored so. Undefined where the
 * general way must be taken.
 *
 * @throws {Error} if its header says other than the directory, or its bytes are those of another part too.
 */
async function stored(
  { filename, uncompressedSize, compressedSize, compressionMethod, offset, signature }: FileEntry,
  source: MemoryReader | FileReader,
  starts: readonly number[],
): Promise<Uint8Array | undefined> {
  // Node.js has it from 20.15 on.
  const crc32 = (zlib as { crc32?: (data: Uint8Array) => number }).crc32
  if (compressionMethod !== 0 || crc32 === undefined) return undefined
  const header = await source.readUint8Array(offset, LOCAL_HEADER_BYTES)
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (header.length < LOCAL_HEADER_BYTES || view.getUint32(0, true) !== 0x04_03_4b_50)
    throw new Error(`'${filename}' is not where the directory says`)
  // With bit 3, checksum and sizes follow the contents.
  const follows = (view.getUint16(6, true) & 8) !== 0
  const agrees = (at: number, wanted: number): boolean =>
    follows || view.getUint32(at, true) === UNKNOWN || view.getUint32(at, true) === wanted
  const same = view.getUint16(8, true) === 0 && (follows || view.getUint32(14, true) === signature)
  if (
    !same ||
    !agrees(18, compressedSize) ||
    !agrees(22, uncompressedSize) ||
    compressedSize !== uncompressedSize
  )
    throw new Error(`'${filename}' says other than the directory about itself`)
  const start = offset + LOCAL_HEADER_BYTES + view.getUint16(26, true) + view.getUint16(28, true)
  const end = start + uncompressedSize
  const next = starts[starts.findLastIndex((one) => one <= offset) + 1] ?? source.size
  const alone = starts[starts.indexOf(offset) + 1] !== offset
  if (!alone || end > next) throw new Error(`'${filename}' overlaps what comes after it`)
  const data = await source.readUint8Array(start, uncompressedSize)
  if (data.length !== uncompressedSize || crc32(data) !== signature)
    throw new Error(`'${filename}' is damaged: its checksum differs`)
  return data
}

/** Unpacks a file, no further than its size. */
async function contents(
  entry: FileEntry,
  source: MemoryReader | FileReader,
  starts: readonly number[],
): Promise<Uint8Array> {
  const whole = await stored(entry, source, starts)
  if (whole !== undefined) return whole
  const { filename, uncompressedSize } = entry
  const out = new Uint8Array(uncompressedSize)
  let used = 0
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      if (chunk.length > uncompressedSize - used)
        throw new Error(
          `'${filename}' unpacks to more than the ${uncompressedSize} bytes it claims`,
        )
      out.set(chunk, used)
      used += chunk.length
    },
  })
  await entry.getData(sink)
  if (used !== uncompressedSize)
    throw new Error(`'${filename}' has ${used} bytes, not the ${uncompressedSize} it claims`)
  return out
}

/** The bytes of an archive; the same parts give the same bytes. Packed by deflate if `compressed`. */
export async function writeZip(
  parts: Iterable<readonly [name: string, data: Uint8Array]>,
  { compressed = false }: { compressed?: boolean } = {},
): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    level: compressed ? 6 : 0,
    dataDescriptor: false,
    extendedTimestamp: false,
    keepOrder: true,
    // The first day that zip archives can name.
    lastModDate: new Date(1980, 0, 1),
  })
  for (const [name, data] of parts) await writer.add(name, new Uint8ArrayReader(plainBytes(data)))
  return writer.close()
}
