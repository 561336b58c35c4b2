/**
 * The container of PyTorch's files since 1.6: a zip archive with a pickle (`data.pkl`) and the bytes
 * of each storage (`data/0`, `data/1`, …).
 */
import type { OpenFile } from './zip.ts'
import { defaultMaxBytes, withZip, writeZip } from './zip.ts'

/** The parts of a file, without the name of the folder that PyTorch puts them in. */
export interface TorchArchive {
  pickle: Uint8Array
  /** Bytes of storages by key. */
  storages: Map<string, Uint8Array>
  byteorder: string
}

/** Far beyond the pickle of any model; what a pickle unpacks to grows with it. */
const MOST_PICKLE_BYTES = 64 * 2 ** 20

/** An archive, whose storages are read one by one. */
export interface OpenTorchArchive {
  pickle: Uint8Array
  byteorder: string
  /** The bytes of a storage. @throws {Error} if there is none, or its checksum differs. */
  storage: (key: string) => Promise<Uint8Array>
}

/**
 * Reads an archive; the checksum of every part that is read is compared.
 *
 * @throws {Error} where the archive is broken, its parts overlap, or there is no pickle.
 */
export async function withTorchZip<T>(
  source: Uint8Array | OpenFile,
  use: (archive: OpenTorchArchive) => Promise<T>,
): Promise<T> {
  const sizeBytes = source instanceof Uint8Array ? source.length : source.sizeBytes
  return withZip(source, defaultMaxBytes(sizeBytes), async (parts) => {
    const main = [...parts.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
    if (main === undefined) {
      if ([...parts.keys()].some((name) => /^[^/]+\/constants\.pkl$/.test(name)))
        throw new Error('the archive is a TorchScript program')
      throw new Error('the archive has no data.pkl')
    }
    if (main.sizeBytes > MOST_PICKLE_BYTES)
      throw new Error(`the pickle has ${main.sizeBytes} bytes; ${MOST_PICKLE_BYTES} are allowed`)
    const folder = main.name.slice(0, -'data.pkl'.length)
    const order = parts.get(`${folder}byteorder`)
    const little = order === undefined || order.sizeBytes > 16
    return use({
      pickle: await main.read(),
      byteorder: little ? 'little' : Buffer.from(await order.read()).toString('latin1'),
      storage: async (key) => {
        const part = parts.get(`${folder}data/${key}`)
        if (part === undefined) throw new Error(`storage '${key}' is not in the archive`)
        return part.read()
      },
    })
  })
}

/** The bytes of an archive; the same parts give the same bytes. */
export async function writeTorchZip({
  pickle,
  storages,
  byteorder,
}: TorchArchive): Promise<Uint8Array> {
  return writeZip([
    ['archive/data.pkl', pickle],
    ['archive/byteorder', Buffer.from(byteorder)],
    ...[...storages].map(([key, data]): [string, Uint8Array] => [`archive/data/${key}`, data]),
    ['archive/version', Buffer.from('3\n')],
  ])
}
