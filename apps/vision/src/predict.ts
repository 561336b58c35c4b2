/** What a trained network takes pictures for. */
import { noGrad } from '@flambeau/autograd'
import { FormatError, readImage } from '@flambeau/data'
import { loadTrained } from './checkpoint.ts'
import { colourTransform } from './sources.ts'

export interface PredictOptions {
  readonly checkpoint: string
  readonly top: number
  readonly invert: boolean
}

/** Some pictures could not be read; those that could are done. */
export class PredictError extends Error {
  override readonly name: string = 'PredictError'
}

/**
 * Prints the likeliest classes of each picture.
 *
 * @throws {PredictError} in the end, if some could not be read. @throws {FormatError} for a checkpoint of
 * another model.
 */
export async function predict(
  name: string,
  paths: readonly string[],
  options: PredictOptions,
  say: (text: string) => void,
): Promise<void> {
  const { model, classes, view } = loadTrained(options.checkpoint, name)
  const transform = colourTransform(view)
  const failures: string[] = []
  for (const path of paths) {
    try {
      const bytes = await readImage(path, { mode: view.channels === 1 ? 'gray' : 'rgb' })
      const image = options.invert ? bytes.bitwiseNot() : bytes
      const odds = noGrad(() => model(transform.apply(image).unsqueeze(0)).softmax(1).select(0, 0))
      const [values, places] = odds.topk(Math.min(options.top, classes.length))
      const likely = (places.tolist() as number[]).map((place, i) => {
        const share = (values.select(0, i).item() * 100).toFixed(1)
        return `${classes[place]} ${share} %`
      })
      say(`${path}: ${likely.join(', ')}`)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      failures.push(error.message)
    }
  }
  if (failures.length === 0) return
  const done = paths.length - failures.length
  throw new PredictError(`${done} of ${paths.length} pictures done\n${failures.join('\n')}`)
}
