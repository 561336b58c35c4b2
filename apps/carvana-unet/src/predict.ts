/** Masks of photographs by a trained network. */
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import * as nn from '@flambeau/nn'
import { FormatError, readImage, writeImage } from '@flambeau/data'
import { plainTransform } from './data.ts'
import { loadModel } from './model.ts'
import { covered } from './pictures.ts'

export interface PredictOptions {
  readonly checkpoint: string
  readonly to: string
  readonly threshold: number
}

/** Some pictures could not be read; those that could are done. */
export class PredictError extends Error {
  override readonly name: string = 'PredictError'
}

const ENDINGS = ['.jpg', '.jpeg', '.png', '.gif', '.webp']

/** The pictures that paths name: files, and what lies in folders. @throws {PredictError} for none. */
function picturesAt(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path]
    const found = readdirSync(path)
      .filter((name) => ENDINGS.includes(extname(name).toLowerCase()))
      .filter((name) => !/_mask\.gif$/i.test(name))
      .toSorted()
    if (found.length > 0) return found.map((name) => join(path, name))
    throw new PredictError(`there is no picture in ${path} (${ENDINGS.join(', ')})`)
  })
}

const BLACK_AND_WHITE = [
  [0, 0, 0],
  [255, 255, 255],
] as const

/**
 * Writes for each photograph `NAME_mask.gif`, as Kaggle has it, and `NAME_overlay.jpg`, both in the
 * photograph's own size. Unreadable ones are named; the others are done first.
 *
 * @throws {PredictError} in the end, if some could not be read.
 */
export async function predict(
  paths: readonly string[],
  options: PredictOptions,
  say: (text: string) => void,
): Promise<void> {
  const { net, size } = loadModel(options.checkpoint)
  const pictures = picturesAt(paths)
  mkdirSync(options.to, { recursive: true })
  const transform = plainTransform(size)
  const failures: string[] = []
  for (const path of pictures) {
    try {
      const image = await readImage(path, { mode: 'rgb' })
      const [, height = 1, width = 1] = image.shape
      const mask = noGrad(() => {
        const odds = net(transform.apply(image).unsqueeze(0)).sigmoid()
        const whole = nn.functional.interpolate(odds, { size: [height, width], mode: 'bilinear' })
        return whole.gt(options.threshold).squeeze(0) // [1, H, W]
      })
      const name = basename(path, extname(path))
      const bytes = mask.to('uint8')
      await writeImage(join(options.to, `${name}_mask.gif`), bytes, { palette: BLACK_AND_WHITE })
      const shown = covered(image.float().div(255), mask.select(0, 0).float())
      const overlay = shown.clamp(0, 1).mul(255).round().to('uint8')
      await writeImage(join(options.to, `${name}_overlay.jpg`), overlay, { quality: 90 })
      const share = (100 * mask.float().mean().item()).toFixed(1)
      say(`${path}: ${share} % car -> ${join(options.to, `${name}_mask.gif`)}`)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      failures.push(error.message)
    }
  }
  if (failures.length === 0) return
  const done = pictures.length - failures.length
  throw new PredictError(`${done} of ${pictures.length} pictures done\n${failures.join('\n')}`)
}
