/** Drawing digits with a trained network. */
import type { Tensor } from '@flambeau/core'
import { arange, cat, full, Generator, randn } from '@flambeau/core'
import type { Denoiser, Diffusion, DiffusionUNet } from '@flambeau/vision-models'

export interface DrawOptions {
  /** `ddim` takes few steps, `ddpm` all of them. */
  readonly method: 'ddim' | 'ddpm'
  /** Of DDIM. */
  readonly steps: number
  /** How much the class counts. */
  readonly guidance: number
  readonly seed: number
  /** Told of each step, with the images so far. */
  readonly onStep?: (x: Tensor, t: number) => void
}

/** Digits 0 to 9, `each` of every one, in order: labels `[10 · each]`. */
export function everyDigit(each: number): Tensor {
  return arange(10, { dtype: 'int64' }).repeatInterleave(each)
}

/** Images `[N, 1, 28, 28]`, about in [-1, 1], of the digits that `labels` says. */
export function draw(
  net: DiffusionUNet,
  diffusion: Diffusion,
  labels: Tensor,
  options: DrawOptions,
): Tensor {
  const denoiser: Denoiser = (x, t, label) => net(x, t, label)
  const wasTraining = net.training
  net.eval()
  const generator = new Generator().manualSeed(options.seed)
  const parts = labels.split(100).map((label) => {
    const { guidance, steps, onStep } = options
    const clip = [-1, 1] as const
    const settings = { label, guidance, steps, clip, ...(onStep === undefined ? {} : { onStep }) }
    const shape = [label.numel(), 1, 28, 28]
    if (options.method === 'ddpm') return diffusion.sample(denoiser, shape, settings)
    return diffusion.sampleDDIM(denoiser, randn(shape, { generator }), settings)
  })
  net.train(wasTraining)
  return cat(parts)
}

/** Images in a grid of `columns`, with a border of one pixel: `[1, H, W]`. */
export function mosaic(images: Tensor, columns: number): Tensor {
  const [count, , height, width] = images.shape as [number, number, number, number]
  const rows = Math.ceil(count / columns)
  const out = full([1, rows * (height + 1) + 1, columns * (width + 1) + 1], -1)
  for (let i = 0; i < count; i++) {
    const top = Math.floor(i / columns) * (height + 1) + 1
    const left = (i % columns) * (width + 1) + 1
    out.narrow(1, top, height).narrow(2, left, width).copy_(images.select(0, i))
  }
  return out
}
