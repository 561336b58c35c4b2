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
  const source = inMemory ? new Uint8ArrayReader(plainBytes(archive)) : new FileReader(archive)
  const reader = new ZipReader(source, {
    checkSignature: true,
    checkOverlappingEntry: true,
  })
  try {
    const parts = new Map<string, ZipPart>()
    let total = 0
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
      parts.set(name, { name, sizeBytes, read: () => contents(entry) })
    }
    return await use(parts)
  } finally {
    await reader.close()
  }
}

/** Unpacks a file, no further than its size. */
async function contents(entry: FileEntry): Promise<Uint8Array> {
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
