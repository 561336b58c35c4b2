/** Diffusion: the process that turns images into noise, and its way back by DDPM and DDIM. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { full, linspace, ones, randint, randn, randnLike, ValueError } from '@flambeau/core'
import {
  requireCount,
  requireFunction,
  requireNumber,
  requireNumberList,
  requireOptions,
  requireTensor,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** Predicts the noise in noisy images at given steps, for given classes or none. */
export type Denoiser = (x: Tensor, t: Tensor, label: Tensor | null) => Tensor

export interface DiffusionOptions {
  /** Number of steps. Default 1000. */
  readonly steps?: number
  /** Variance of the first step's noise. Default 1e-4. */
  readonly betaStart?: number
  /** Variance of the last step's noise. Default 0.02. */
  readonly betaEnd?: number
  /** How the variance grows: `linear`, or so that the image fades by a `cosine`. Default linear. */
  readonly schedule?: 'linear' | 'cosine'
}

export interface SampleOptions {
  /** Classes of the images: int64 `[N]`. Default none. */
  readonly label?: Tensor | null
  /** How much the class counts: 1 as it was learnt, more for clearer images. Default 1. */
  readonly guidance?: number
  /** DDIM: steps to take, evenly spread. Default 50. */
  readonly steps?: number
  /** DDIM: noise added back on the way, 0 for none and 1 for DDPM's. Default 0. */
  readonly eta?: number
  /** Where clean images lie, such as `[-1, 1]`: what is foreseen outside is brought back. Default none. */
  readonly clip?: readonly [low: number, high: number]
  /** Told of each step, with the images so far. */
  readonly onStep?: (x: Tensor, t: number) => void
}

/** √ᾱ x₀ + √(1 - ᾱ) ε: a share `kept` of the image's variance is left. */
function mix(x0: Tensor, noise: Tensor, kept: Tensor): Tensor {
  return kept.sqrt().mul(x0).add(kept.neg().add(1).sqrt().mul(noise))
}

/** {@link mix}, solved for x₀. */
function startOf(x: Tensor, noise: Tensor, kept: Tensor): Tensor {
  return x.sub(kept.neg().add(1).sqrt().mul(noise)).div(kept.sqrt())
}

/**
 * The process of diffusion with `betas`: forward, `x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε`, and back with a
 * network that predicts ε.
 *
 * Its tensors `betas`, `alphas` and `alphasBar` have the shape `[steps]`.
 *
 * @throws {ValueError} for no steps, or betas outside (0, 1).
 * @see Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239; Song, Meng and Ermon 2020 (DDIM),
 * https://arxiv.org/abs/2010.02502; Ho and Salimans 2022 (guidance), https://arxiv.org/abs/2207.12598
 *
 * @example
 * ```ts
 * import { randn, tensor } from '@flambeau/core'
 * import { Diffusion } from '@flambeau/vision-models'
 * const diffusion = new Diffusion({ steps: 100 })
 * const x0 = randn([2, 1, 8, 8])
 * const { x, noise } = diffusion.addNoise(x0, tensor([10, 90]))
 * const back = diffusion.predictStart(x, tensor([10, 90]), noise)
 * console.log(back.sub(x0).abs().max().item() < 1e-4) // => true
 * ```
 */
export class Diffusion extends nn.Module<[x0: Tensor, denoiser: Denoiser, label?: Tensor | null]> {
  readonly steps: number
  betas!: Tensor
  alphas!: Tensor
  alphasBar!: Tensor

  constructor(options: DiffusionOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { steps = 1000, betaStart = 1e-4, betaEnd = 0.02, schedule = 'linear' } = options
    requireCount('Diffusion', 'steps', steps, 1)
    requireNumber('Diffusion', 'betaStart', betaStart)
    requireNumber('Diffusion', 'betaEnd', betaEnd)
    if (!(betaStart > 0 && betaStart < 1 && betaEnd > 0 && betaEnd < 1)) {
      throw new ValueError(
        'Diffusion',
        [],
        `betas from ${betaStart} to ${betaEnd} are not variances in (0, 1)`,
        'see betaStart and betaEnd',
      )
    }
    this.steps = steps
    const betas = schedule === 'cosine' ? cosineBetas(steps) : linspace(betaStart, betaEnd, steps)
    this.registerBuffer('betas', betas)
    this.registerBuffer('alphas', betas.neg().add(1))
    this.registerBuffer('alphasBar', this.alphas.cumprod(0))
  }

  /** ᾱ of each example's step, shaped for its images. */
  private kept(t: Tensor, x: Tensor): Tensor {
    requireTensor('Diffusion', 't', t)
    requireTensor('Diffusion', 'x', x)
    const shape = [-1, ...Array.from({ length: x.ndim - 1 }, () => 1)]
    return this.alphasBar.indexSelect(0, t).reshape(shape)
  }

  /**
   * Images after `t` steps of noise.
   *
   * @param x0 `[N, …]`. @param t int64 `[N]`, from 0. @param noise Standard normal, shape of x0;
   * drawn if left out.
   */
  addNoise(x0: Tensor, t: Tensor, noise: Tensor = randnLike(x0)): { x: Tensor; noise: Tensor } {
    return { x: mix(x0, noise, this.kept(t, x0)), noise }
  }

  /** The clean images that noisy ones and their noise tell of: addNoise, solved for x0. */
  predictStart(x: Tensor, t: Tensor, noise: Tensor): Tensor {
    return startOf(x, noise, this.kept(t, x))
  }

  /**
   * The loss of one training step: the squared error of the noise that `denoiser` sees in `x0` at
   * steps drawn at random.
   */
  override forward(x0: Tensor, denoiser: Denoiser, label: Tensor | null = null): Tensor {
    requireTensor('Diffusion', 'x0', x0)
    requireFunction('Diffusion', 'denoiser', denoiser)
    const t = randint(0, this.steps, [x0.shape[0] as number], { device: x0.device })
    const { x, noise } = this.addNoise(x0, t)
    return F.mseLoss(denoiser(x, t, label), noise)
  }

  /** The noise that the denoiser sees, the class counting `guidance` times. */
  private noiseIn(x: Tensor, t: number, denoiser: Denoiser, options: SampleOptions): Tensor {
    const steps = full([x.shape[0] as number], t, { dtype: 'int64', device: x.device })
    requireOptions('Diffusion', options)
    const { label = null, guidance = 1, clip } = options
    if (label !== null) requireTensor('Diffusion', 'label', label)
    if (clip !== undefined) requireNumberList('Diffusion', 'clip', clip, 2)
    let noise = denoiser(x, steps, guidance === 0 ? null : label)
    if (label !== null && guidance !== 0 && guidance !== 1) {
      const plain = denoiser(x, steps, null)
      noise = plain.add(noise.sub(plain).mul(guidance))
    }
    if (clip === undefined) return noise
    const kept = this.alphasBar.select(0, t)
    const start = startOf(x, noise, kept).clamp({ min: clip[0], max: clip[1] })
    return x.sub(kept.sqrt().mul(start)).div(kept.neg().add(1).sqrt())
  }

  /**
   * Images from noise, by all steps of DDPM.
   *
   * @param shape `[N, …]`.
   */
  sample(denoiser: Denoiser, shape: readonly number[], options: SampleOptions = {}): Tensor {
    requireFunction('Diffusion.sample', 'denoiser', denoiser)
    requireOptions('Diffusion.sample', options)
    return noGrad(() => {
      let x = randn(shape, { device: this.betas.device })
      for (let t = this.steps - 1; t >= 0; t--) {
        const noise = this.noiseIn(x, t, denoiser, options)
        const beta = this.betas.select(0, t)
        const left = this.alphasBar.select(0, t).neg().add(1)
        const mean = x.sub(beta.div(left.sqrt()).mul(noise)).div(this.alphas.select(0, t).sqrt())
        x = t > 0 ? mean.add(beta.sqrt().mul(randnLike(x))) : mean
        options.onStep?.(x, t)
      }
      return x
    })
  }

  /**
   * Images from noise, by few steps of DDIM, the same for the same noise if `eta` is 0.
   *
   * @param start Noise `[N, …]`.
   * @throws {ValueError} for more steps than the process has, or none.
   */
  sampleDDIM(denoiser: Denoiser, start: Tensor, options: SampleOptions = {}): Tensor {
    requireFunction('sampleDDIM', 'denoiser', denoiser)
    requireTensor('sampleDDIM', 'start', start)
    requireOptions('sampleDDIM', options)
    const { steps = Math.min(50, this.steps), eta = 0 } = options
    requireNumber('sampleDDIM', 'eta', eta)
    requireCount('sampleDDIM', 'steps', steps, 1)
    if (steps > this.steps) {
      const rule = `${steps} steps of a process of ${this.steps}`
      throw new ValueError('sampleDDIM', { start }, rule, 'take at most as many')
    }
    return noGrad(() => {
      let x = start
      for (let i = steps - 1; i >= 0; i--) {
        const t = Math.floor((i * this.steps) / steps)
        const noise = this.noiseIn(x, t, denoiser, options)
        const kept = this.alphasBar.select(0, t)
        const next =
          i > 0
            ? this.alphasBar.select(0, Math.floor(((i - 1) * this.steps) / steps))
            : ones([], { device: x.device })
        const x0 = startOf(x, noise, kept)
        const share = next.neg().add(1)
        const sigma = share.div(kept.neg().add(1)).mul(kept.div(next).neg().add(1)).sqrt().mul(eta)
        x = next
          .sqrt()
          .mul(x0)
          .add(share.sub(sigma.square()).clamp({ min: 0 }).sqrt().mul(noise))
        if (eta > 0 && i > 0) x = x.add(sigma.mul(randnLike(x)))
        options.onStep?.(x, t)
      }
      return x
    })
  }
}

/** Nichol and Dhariwal 2021: the image fades by a squared cosine. https://arxiv.org/abs/2102.09672 */
function cosineBetas(steps: number): Tensor {
  const angle = linspace(0, 1, steps + 1, { dtype: 'float64' })
    .add(0.008)
    .div(1.008)
  const kept = angle
    .mul(Math.PI / 2)
    .cos()
    .square()
  const betas = kept
    .narrow(0, 1, steps)
    .div(kept.narrow(0, 0, steps))
    .neg()
    .add(1)
  return betas.clamp({ max: 0.999 }).float()
}

/**
 * Diffusion as it is taught: linear betas, the formula forward, and a way back that predicts x_0 and
 * mixes it with the predicted noise for the step before.
 *
 * Shapes: x0 `[N, …]`, t a step from 0 to samplingSteps - 1.
 *
 * @throws {ValueError} for no steps.
 * @see Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { SimpleDiffusion } from '@flambeau/vision-models'
 * const diffusion = new SimpleDiffusion(100)
 * const x0 = randn([2, 1, 8, 8])
 * const { x, noise } = diffusion.forwardDiffusion(x0, 50)
 * const back = diffusion.reverseDiffusion(x, 50, () => noise)
 * console.log(back.shape) // => [ 2, 1, 8, 8 ]
 * ```
 */
export class SimpleDiffusion {
  readonly samplingSteps: number
  readonly betas: Tensor
  readonly alphas: Tensor
  readonly alphasBar: Tensor

  constructor(samplingSteps: number = 1000, betaStart: number = 1e-4, betaEnd: number = 0.02) {
    requireCount('SimpleDiffusion', 'samplingSteps', samplingSteps, 1)
    this.samplingSteps = samplingSteps
    this.betas = linspace(betaStart, betaEnd, samplingSteps)
    this.alphas = this.betas.neg().add(1)
    this.alphasBar = this.alphas.cumprod(0)
  }

  /** Images after `t` steps, and the noise that was added. */
  forwardDiffusion(x0: Tensor, t: number): { x: Tensor; noise: Tensor } {
    const noise = randnLike(x0)
    return { x: mix(x0, noise, this.alphasBar.select(0, t)), noise }
  }

  /** One step back: the denoiser's view of x_0, noised as much as the step before is. */
  reverseDiffusion(x: Tensor, t: number, denoiser: (x: Tensor, t: number) => Tensor): Tensor {
    requireFunction('SimpleDiffusion', 'denoiser', denoiser)
    const noise = denoiser(x, t)
    const kept = this.alphasBar.select(0, t)
    const x0 = startOf(x, noise, kept)
    if (t === 0) return x0
    return mix(x0, noise, this.alphasBar.select(0, t - 1))
  }
}

/**
 * Class labels of which some are hidden, so that a network learns with and without them: -1 where
 * hidden.
 *
 * @param label int64 `[N]`. @param p Probability of hiding one.
 * @throws {ValueError} unless `label` is a tensor and `p` is in [0, 1].
 * @see Ho and Salimans 2022, https://arxiv.org/abs/2207.12598
 */
export function hideLabels(label: Tensor, p: number): Tensor {
  requireTensor('hideLabels', 'label', label)
  requireNumber('hideLabels', 'p', p)
  const hidden = full(label.shape, p, { device: label.device }).bernoulli().bool()
  return label.maskedFill(hidden, -1)
}
