/** What sources of image files share. */
import { readdirSync } from 'node:fs'
import { ValueError } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import type { SampleContext } from '../dataset.ts'
import { checkSample } from '../dataset.ts'
import { FormatError } from '../formats/errors.ts'
import type { ImageSample } from '../transforms/scene.ts'
import type { Transform } from '../transforms/transform.ts'
import { Transform as TransformClass } from '../transforms/transform.ts'

/**
 * What happens with a file that is missing or corrupt: its error is thrown, or (`skip`) the sample after
 * it stands in for it and a warning names the file, so that an epoch keeps its length.
 */
export type ErrorPolicy = 'throw' | 'skip'

/** Options of all sources of images. */
export interface ImageSourceOptions<T = Transform> {
  /** Applied to each sample with random numbers of its own. Default: none. */
  transform?: T | null
  /** Default `throw`. */
  onError?: ErrorPolicy
  /** Let the decoder halve images up to three times, down to at least this size. Default: full size. */
  shrinkTo?: readonly [height: number, width: number]
}

/** The endings of images that are read. */
export const IMAGE_ENDINGS: readonly string[] = ['.jpg', '.jpeg', '.png', '.gif', '.webp']

export function hasEnding(name: string, endings: readonly string[]): boolean {
  const lower = name.toLowerCase()
  return endings.some((ending) => lower.endsWith(ending.toLowerCase()))
}

export function checkSourceOptions(op: string, options: ImageSourceOptions<unknown>): void {
  requireOptions(op, options)
  const { transform, onError = 'throw' } = options
  if (transform !== undefined && transform !== null && !(transform instanceof TransformClass)) {
    throw new ValueError(
      op,
      [],
      'transform must be a Transform',
      '{ transform: new Compose([…]) }; functions: new Lambda((image) => …)',
    )
  }
  if (onError === 'throw' || onError === 'skip') return
  throw new ValueError(op, [], `onError must be 'throw' or 'skip'`, "{ onError: 'skip' }")
}

/** Names in a folder, in the same order everywhere. @throws {FormatError} if it cannot be read. */
export function namesIn(format: string, folder: string, kind: 'files' | 'folders'): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => (kind === 'files' ? !entry.isDirectory() : entry.isDirectory()))
      .map((entry) => entry.name)
      .toSorted()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FormatError(
      {
        format,
        path: folder,
        reason: code === 'ENOENT' ? 'the folder does not exist' : `it cannot be read (${code})`,
        fix: 'check the path of the data',
      },
      { cause: error },
    )
  }
}

/** Some of a list, for messages. */
export function some(list: readonly string[], most = 5): string {
  const shown = list.slice(0, most).join(', ')
  return list.length > most ? `${shown} and ${list.length - most} more` : shown
}

const warned = new Set<string>()

/** Reads sample `index`, or by policy the first readable one after it. */
export async function readByPolicy<T>(
  dataset: string,
  index: number,
  length: number,
  onError: ErrorPolicy,
  read: (index: number) => Promise<T>,
): Promise<T> {
  const first = checkSample(dataset, index, length)
  let failure: FormatError | undefined
  for (let i = 0; i < length; i++) {
    try {
      return await read((first + i) % length)
    } catch (error) {
      if (onError === 'throw' || !(error instanceof FormatError)) throw error
      failure ??= error
      if (!warned.has(error.message)) {
        warned.add(error.message)
        process.emitWarning(`${dataset} skips a sample: ${error.message}`, 'FlambeauWarning')
      }
    }
  }
  throw failure as FormatError
}

/** The transformed sample. */
export function transformed<S extends ImageSample>(
  transform: Transform | null | undefined,
  sample: S,
  context: SampleContext | undefined,
): S {
  if (transform === undefined || transform === null) return sample
  return transform.apply(sample, transform.isRandom ? context?.generator : null)
}
