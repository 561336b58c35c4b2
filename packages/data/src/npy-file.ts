/** Files of NumPy, read and written: one array (`.npy`), or several by name (`.npz`). */
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import { writeFileAtomic } from './formats/atomic-write.ts'
import { FormatError } from './formats/errors.ts'
import { npyChunks, parseNpy, serializeNpy } from './formats/npy.ts'
import { readFileOf } from './formats/read-file.ts'
import { defaultMaxBytes, withZip, writeZip } from './formats/zip.ts'
import { requireBytes } from './formats/arguments.ts'

/**
 * Reads a `.npy` file: what `numpy.save` or {@link saveNpy} wrote. All dtypes of tensors but bfloat16;
 * Fortran order becomes strides; big-endian elements are converted. Nothing is ever unpickled.
 *
 * @throws {FormatError} if the file is missing, damaged, or of another dtype (objects, structured
 *   dtypes, texts, complex numbers …), which is named.
 * @see numpy.load
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { loadNpy, saveNpy } from '@flambeau/data'
 * saveNpy('x.npy', arange(6).view(2, 3))
 * console.log(loadNpy('x.npy').tolist()) // => [ [ 0, 1, 2 ], [ 3, 4, 5 ] ]
 * ```
 */
export function loadNpy(path: string): Tensor {
  return parseNpy(readFileOf('npy', path), { path })
}

/**
 * Writes a `.npy` file that NumPy reads, all or nothing: a process that dies while saving leaves the
 * previous file whole.
 *
 * @throws {DTypeError} for bfloat16, which NumPy does not have.
 * @throws {FileWriteError} if the file cannot be written.
 * @see numpy.save
 */
export function saveNpy(path: string, tensor: Tensor): void {
  writeFileAtomic(path, npyChunks('saveNpy', tensor))
}

/** What {@link loadNpz} takes. */
export interface NpzOptions {
  /**
   * How many bytes the arrays may have together, unpacked. Default: a hundred times the file, but at
   * least 256 MiB: zeros pack a thousandfold, and so do attacks.
   */
  maxBytes?: number
}

/**
 * Reads a `.npz` file: what `numpy.savez`, `numpy.savez_compressed` or {@link saveNpz} wrote. Tensors by
 * name, in the file's order.
 *
 * @throws {FormatError} as {@link loadNpy}, or if the arrays have more than `maxBytes` bytes.
 * @see numpy.load
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { loadNpz, saveNpz } from '@flambeau/data'
 * await saveNpz('data.npz', { x: ones([2, 3]), y: ones([2]) }, { compressed: true })
 * const { x } = await loadNpz('data.npz')
 * console.log(x?.shape) // => [ 2, 3 ]
 * ```
 */
export async function loadNpz(
  path: string,
  options: NpzOptions = {},
): Promise<Record<string, Tensor>> {
  return parseNpz(readFileOf('npz', path), { ...options, path })
}

/**
 * Reads the bytes of an npz file.
 *
 * @throws {FormatError} as {@link loadNpz} does.
 */
export async function parseNpz(
  bytes: Uint8Array,
  options: NpzOptions & { path?: string } = {},
): Promise<Record<string, Tensor>> {
  requireBytes('parseNpz', bytes)
  requireOptions('parseNpz', options)
  const { path, maxBytes = defaultMaxBytes(bytes.length) } = options
  try {
    return await withZip(bytes, maxBytes, async (parts) => {
      const out = Object.create(null) as Record<string, Tensor>
      for (const part of parts.values()) {
        const inside = path === undefined ? part.name : `${path}/${part.name}`
        if (!part.name.endsWith('.npy')) throw new Error(`'${part.name}' is no npy file`)
        out[part.name.slice(0, -'.npy'.length)] = parseNpy(await part.read(), { path: inside })
      }
      return out
    })
  } catch (error) {
    if (error instanceof FormatError) throw error
    throw new FormatError(
      {
        format: 'npz',
        path,
        reason: (error as Error).message.split('\n')[0] ?? 'the archive is broken',
        fix: /maxBytes/.test((error as Error).message)
          ? 'if you trust the file, pass a larger { maxBytes }'
          : 'load a file that numpy.savez or saveNpz wrote',
      },
      { cause: error },
    )
  }
}

/** What {@link saveNpz} takes. */
export interface SaveNpzOptions {
  /** Packs the arrays by deflate, as `numpy.savez_compressed` does. Default false. */
  compressed?: boolean
}

/**
 * The bytes of an npz file; the same tensors give the same bytes.
 *
 * @throws {DTypeError, ValueError} as {@link saveNpz} does.
 */
export async function serializeNpz(
  tensors: Readonly<Record<string, Tensor>>,
  options: SaveNpzOptions = {},
): Promise<Uint8Array> {
  requireOptions('saveNpz', tensors)
  requireOptions('saveNpz', options)
  const parts = Object.entries(tensors).map(([name, tensor]): [string, Uint8Array] => {
    if (name === '' || /^\/|\\|(^|\/)\.{1,2}(\/|$)|\0/.test(name)) {
      throw new ValueError(
        'saveNpz',
        [],
        `${JSON.stringify(name)} cannot be the name of a part`,
        'use letters and digits',
      )
    }
    return [`${name}.npy`, serializeNpy(tensor)]
  })
  return writeZip(parts, options)
}

/**
 * Writes tensors by name to a `.npz` file that NumPy reads, all or nothing.
 *
 * @throws {DTypeError} for bfloat16. @throws {ValueError} for names that no archive can have.
 * @throws {FileWriteError} if the file cannot be written.
 * @see numpy.savez, numpy.savez_compressed
 */
export async function saveNpz(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  options: SaveNpzOptions = {},
): Promise<void> {
  writeFileAtomic(path, [await serializeNpz(tensors, options)])
}
