/**
 * The container of PyTorch's files since 1.6: a zip archive with a pickle (`data.pkl`) and the bytes
 * of each storage (`data/0`, `data/1`, …).
 */
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

/**
 * Reads an archive; every part's checksum is compared.
 *
 * @throws {Error} where the archive is broken, its parts overlap, or there is no pickle.
 */
export async function readTorchZip(bytes: Uint8Array): Promise<TorchArchive> {
  return withZip(bytes, defaultMaxBytes(bytes.length), async (parts) => {
    const main = [...parts.values()].find(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
    if (main === undefined) {
      if ([...parts.keys()].some((name) => /^[^/]+\/constants\.pkl$/.test(name)))
        throw new Error('the archive is a TorchScript program')
      throw new Error('the archive has no data.pkl')
    }
    if (main.sizeBytes > MOST_PICKLE_BYTES)
      throw new Error(`the pickle has ${main.sizeBytes} bytes; ${MOST_PICKLE_BYTES} are allowed`)
    const folder = main.name.slice(0, -'data.pkl'.length)
    const archive: TorchArchive = {
      pickle: await main.read(),
      storages: new Map(),
      byteorder: 'little',
    }
    for (const part of parts.values()) {
      if (!part.name.startsWith(folder)) continue
      const name = part.name.slice(folder.length)
      if (name === 'byteorder' && part.sizeBytes <= 16)
        archive.byteorder = Buffer.from(await part.read()).toString('latin1')
      else if (name.startsWith('data/'))
        archive.storages.set(name.slice('data/'.length), await part.read())
    }
    return archive
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
