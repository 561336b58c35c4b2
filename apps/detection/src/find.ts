/** Finds digits in pictures with a trained detector. */
import { existsSync, mkdirSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { setNumThreads } from '@flambeau/core'
import { FormatError, loadSafetensors, readImage } from '@flambeau/data'
import type { Detection } from '@flambeau/vision-models'
import { drawFound } from './judge.ts'
import type { ModelName } from './models.ts'
import { recipes } from './models.ts'

export interface FindOptions {
  readonly model: ModelName
  readonly out: string
  /** Only what it is at least so sure of. */
  readonly sure: number
  readonly threads?: number
}

/** Some pictures could not be read; those that could are done. */
export class FindError extends Error {
  override readonly name: string = 'FindError'
}

/**
 * Draws what is found in pictures. Unreadable ones are named in the end; the others are done first.
 *
 * @throws {FindError} if some could not be read. @throws {FormatError} for a file of another model.
 */
export async function find(
  pictures: readonly string[],
  options: FindOptions,
  say: (text: string) => void,
): Promise<void> {
  const { model: name, out, sure } = options
  if (options.threads !== undefined) setNumThreads(options.threads)
  const path = join(out, name, 'model.safetensors')
  const fix = `train one: npm run detect -- --model ${name}`
  if (!existsSync(path)) {
    throw new FormatError({ format: 'model', path, reason: 'there is no trained model', fix })
  }
  const { tensors, metadata } = loadSafetensors(path)
  const size = Number(metadata['size'])
  if (metadata['model'] !== name || !(size > 0)) {
    const reason = `it is not a model of ${name}`
    throw new FormatError({ format: 'model', path, reason, fix })
  }
  const net = recipes[name].build(size)
  net.loadStateDict(tensors)
  net.eval()
  const folder = join(out, name, 'found')
  mkdirSync(folder, { recursive: true })
  const failures: string[] = []
  for (const picture of pictures) {
    try {
      const image = await readImage(picture, { mode: 'rgb' })
      const [found] = net.detect([image.float().div(255)]) as [Detection]
      const drawn = join(folder, `${basename(picture, extname(picture))}.png`)
      const count = drawFound(image, found, sure, drawn)
      const digits = (found.labels.tolist() as number[]).slice(0, count).map((label) => label - 1)
      say(`${picture}: ${digits.join(' ') || 'nothing'} -> ${drawn}`)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      failures.push(error.message)
    }
  }
  if (failures.length === 0) return
  const done = pictures.length - failures.length
  throw new FindError(`${done} of ${pictures.length} pictures done\n${failures.join('\n')}`)
}
