/** Draws digits with a trained network: a grid, and an animation of how they come out of the noise. */
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { manualSeed, setNumThreads, stack, tensor } from '@flambeau/core'
import { FormatError, loadSafetensors, writeAnimation } from '@flambeau/data'
import { imageGrid } from '@flambeau/plot'
import { draw, mosaic } from './drawing.ts'
import { build } from './train.ts'

export interface SampleOptions {
  readonly out: string
  /** The digits to draw, in order. */
  readonly digits: readonly number[]
  readonly method: 'ddim' | 'ddpm'
  readonly steps: number
  readonly guidance: number
  readonly seed: number
  readonly threads?: number
}

export async function sample(options: SampleOptions, say: (text: string) => void): Promise<void> {
  if (options.threads !== undefined) setNumThreads(options.threads)
  const path = join(options.out, 'model.safetensors')
  const { tensors, metadata } = loadSafetensors(path)
  const [width, steps] = [Number(metadata['width']), Number(metadata['steps'])]
  if (!(width > 0 && steps > 0)) {
    throw new FormatError({
      format: 'model',
      path,
      reason: 'it does not say its width and steps',
      fix: 'train one: npm run diffusion',
    })
  }
  manualSeed(options.seed)
  const { net, diffusion } = build(width, steps)
  net.loadStateDict(tensors)

  const labels = tensor([...options.digits], { dtype: 'int64' })
  const columns = Math.min(10, options.digits.length)
  const frames: Tensor[] = []
  const total = options.method === 'ddpm' ? steps : options.steps
  const every = Math.max(1, Math.floor(total / 50))
  let step = 0
  const drawn = draw(net, diffusion, labels, {
    ...options,
    onStep: (x) => {
      step++
      // Digits after the first hundred are drawn after them: the animation shows the first.
      if (step <= total && (step % every === 0 || step === total)) frames.push(mosaic(x, columns))
    },
  })
  const last = frames.at(-1) as Tensor
  const shown = [...frames, ...Array.from({ length: 12 }, () => last)]
  const bytes = stack(shown).clamp(-1, 1).add(1).mul(127.5).round().to('uint8')
  await writeAnimation(join(options.out, 'reverse.gif'), bytes, { fps: 12 })
  imageGrid(drawn.clamp(-1, 1), { columns, range: [-1, 1], invert: true }).save(
    join(options.out, 'samples.png'),
  )
  say(`in ${options.out}: samples.png, reverse.gif`)
}
