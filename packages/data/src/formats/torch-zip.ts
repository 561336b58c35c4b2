/**
 * The container of PyTorch's files since 1.6: a zip archive with a pickle (`data.pkl`) and the bytes
 * of each storage (`data/0`, `data/1`, …).
 */
import { configure, Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js'
import { plainBytes } from './raw-tensor.ts'

// Threads would not pay: the entries are not compressed.
configure({ useWebWorkers: false })

/** The parts of a file, without the name of the folder that PyTorch puts them in. */
export interface TorchArchive {
  pickle: Uint8Array
  /** Bytes of storages by key. */
  storages: Map<string, Uint8Array>
  byteorder: string
}

/** Deflate yields at most this many bytes from one; anything above is a lie or an attack. */
const MOST_EXPANSION = 1032

/** Is this a zip archive, by its first bytes? */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4
}

/**
 * Reads an archive; every part's checksum is compared.
 *
 * @throws {Error} where the archive is broken, its parts overlap, or there is no pickle.
 */
export async function readTorchZip(bytes: Uint8Array): Promise<TorchArchive> {
  const reader = new ZipReader(new Uint8ArrayReader(plainBytes(bytes)), {
    checkSignature: true,
    checkOverlappingEntry: true,
  })
  const entries = (await reader.getEntries()).filter((entry) => !entry.directory)
  let total = 0
  for (const entry of entries) {
    total += entry.uncompressedSize
    if (
      entry.uncompressedSize > entry.compressedSize * MOST_EXPANSION + 64 ||
      total > bytes.length * MOST_EXPANSION
    )
      throw new Error(`'${entry.filename}' claims more bytes than it can hold`)
    if (entry.encrypted) throw new Error(`'${entry.filename}' is encrypted`)
  }
  const main = entries.find((entry) => /^[^/]+\/data\.pkl$/.test(entry.filename))
  if (main === undefined) throw new Error('the archive has no data.pkl')
  const folder = main.filename.slice(0, -'data.pkl'.length)
  const contents = async (entry: (typeof entries)[number]): Promise<Uint8Array> => {
    if (entry.getData === undefined) throw new Error(`'${entry.filename}' has no contents`)
    return entry.getData(new Uint8ArrayWriter())
  }
  const archive: TorchArchive = {
    pickle: await contents(main),
    storages: new Map(),
    byteorder: 'little',
  }
  for (const entry of entries) {
    if (!entry.filename.startsWith(folder)) continue
    const name = entry.filename.slice(folder.length)
    if (name === 'byteorder')
      archive.byteorder = Buffer.from(await contents(entry)).toString('latin1')
    if (!name.startsWith('data/')) continue
    const key = name.slice('data/'.length)
    if (archive.storages.has(key)) throw new Error(`there are two storages '${key}'`)
    archive.storages.set(key, await contents(entry))
  }
  await reader.close()
  return archive
}

/** The bytes of an archive; the same parts give the same bytes. */
export async function writeTorchZip({
  pickle,
  storages,
  byteorder,
}: TorchArchive): Promise<Uint8Array> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), {
    level: 0,
    dataDescriptor: false,
    extendedTimestamp: false,
    keepOrder: true,
    // The first day that zip archives can name.
    lastModDate: new Date(1980, 0, 1),
  })
  const add = (name: string, data: Uint8Array): Promise<unknown> =>
    writer.add(`archive/${name}`, new Uint8ArrayReader(plainBytes(data)))
  await add('data.pkl', pickle)
  await add('byteorder', Buffer.from(byteorder))
  for (const [key, data] of storages) await add(`data/${key}`, data)
  await add('version', Buffer.from('3\n'))
  return writer.close()
}
