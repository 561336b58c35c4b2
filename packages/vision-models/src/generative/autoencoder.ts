/** Auto-encoders: plain (also for denoising) and variational. */
import type { Tensor } from '@flambeau/core'
import { randn, randnLike } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

export interface AutoEncoderOptions {
  /** Numbers in one example. Default 784. */
  readonly inFeatures?: number
  /** Widths between the example and the code. Default `[256, 64]`. */
  readonly hidden?: readonly number[]
  /** Width of the code. Default 16. */
  readonly latent?: number
}

/** Linear layers with ReLU between them. */
function stack(widths: readonly number[]): nn.Sequential {
  const layers = new nn.Sequential()
  for (let i = 1; i < widths.length; i++) {
    if (i > 1) layers.append(new nn.ReLU())
    layers.append(new nn.Linear(widths[i - 1] as number, widths[i] as number))
  }
  return layers
}

/**
 * Squeezes an image through a narrow code and draws it again. Trained to draw the clean image from
 * a noisy one, it is the denoising auto-encoder ({@link addNoise}).
 *
 * Shapes: `[N, …]` with inFeatures numbers in [0, 1] an example -> the same shape, in (0, 1).
 *
 * @throws {ShapeError} if an example has another number of elements.
 * @see Hinton and Salakhutdinov 2006, https://doi.org/10.1126/science.1127647
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { addNoise, AutoEncoder } from '@flambeau/vision-models'
 * const net = new AutoEncoder({ latent: 8 })
 * const x = rand([2, 1, 28, 28])
 * console.log(net.encode(x).shape, net(addNoise(x, 0.3)).shape) // => [ 2, 8 ] [ 2, 1, 28, 28 ]
 * ```
 */
export class AutoEncoder extends nn.Module {
  encoder: nn.Sequential
  decoder: nn.Sequential

  constructor(options: AutoEncoderOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { inFeatures = 784, hidden = [256, 64], latent = 16 } = options
    requireNumberList('AutoEncoder', 'hidden', hidden)
    const widths = [inFeatures, ...hidden, latent]
    this.encoder = stack(widths)
    this.decoder = stack(widths.toReversed())
  }

  /** The codes: `[N, latent]`. */
  encode(x: Tensor): Tensor {
    requireTensor('AutoEncoder', 'x', x)
    return this.encoder(x.flatten(1))
  }

  override forward(x: Tensor): Tensor {
    return this.decoder(this.encode(x)).sigmoid().reshape(x.shape)
  }
}

/**
 * Images with Gaussian noise on them, kept in [0, 1]: what a denoising auto-encoder is shown.
 *
 * @param std Standard deviation of the noise.
 * @returns The shape and dtype of `x`.
 * @see Vincent et al. 2008, https://doi.org/10.1145/1390156.1390294
 */
export function addNoise(x: Tensor, std: number): Tensor {
  requireTensor('addNoise', 'x', x)
  return x.add(randnLike(x).mul(std)).clamp(0, 1)
}

/** What a {@link VAE} gives: the image drawn again, and the distribution of its code. */
export interface VAEOutput {
  readonly reconstruction: Tensor
  readonly mean: Tensor
  readonly logVar: Tensor
}

/**
 * The variational auto-encoder: a code is a normal distribution, so that codes drawn at random give
 * images too.
 *
 * Shapes: `[N, …]` with inFeatures numbers in [0, 1] an example -> a reconstruction of the same shape
 * in (0, 1), mean and logVar `[N, latent]`.
 *
 * @throws {ShapeError} if an example has another number of elements.
 * @see Kingma and Welling 2013, https://arxiv.org/abs/1312.6114
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { VAE, vaeLoss } from '@flambeau/vision-models'
 * const net = new VAE({ latent: 2 })
 * const x = rand([4, 1, 28, 28])
 * vaeLoss(net(x), x).backward()
 * console.log(net.sample(3).shape) // => [ 3, 784 ]
 * ```
 */
export class VAE extends nn.Module<[x: Tensor], VAEOutput> {
  encoder: nn.Sequential
  mean: nn.Linear
  logVar: nn.Linear
  decoder: nn.Sequential
  readonly latent: number

  constructor(options: AutoEncoderOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { inFeatures = 784, hidden = [256, 64], latent = 16 } = options
    requireNumberList('VAE', 'hidden', hidden)
    const widths = [inFeatures, ...hidden]
    const last = widths.at(-1) as number
    this.encoder = stack(widths)
    this.mean = new nn.Linear(last, latent)
    this.logVar = new nn.Linear(last, latent)
    this.decoder = stack([latent, ...widths.toReversed()])
    this.latent = latent
  }

  override forward(x: Tensor): VAEOutput {
    requireTensor('VAE', 'x', x)
    const seen = this.encoder(x.flatten(1)).relu()
    const [mean, logVar] = [this.mean(seen), this.logVar(seen)]
    // The draw is moved out of the network, so that gradients reach mean and variance.
    const code = this.training ? mean.add(randnLike(mean).mul(logVar.mul(0.5).exp())) : mean
    return { reconstruction: this.decode(code).reshape(x.shape), mean, logVar }
  }

  /** Images for codes: `[N, latent]` -> `[N, inFeatures]`, in (0, 1). */
  decode(code: Tensor): Tensor {
    return this.decoder(code).sigmoid()
  }

  /** Images for `count` codes drawn at random: `[count, inFeatures]`. */
  sample(count: number): Tensor {
    return this.decode(randn([count, this.latent]))
  }
}

/**
 * What a VAE minimises: the binary cross entropy of its images and, `beta` times, the distance of
 * its codes' distribution from the standard normal, both as sums over an example, averaged over the
 * batch.
 *
 * @param beta Weight of the distance. Default 1.
 * @returns A scalar.
 * @throws {ShapeError} if `x` does not have the reconstruction's shape.
 */
export function vaeLoss(output: VAEOutput, x: Tensor, beta: number = 1): Tensor {
  requireOptions('vaeLoss', output, ['reconstruction', 'mean', 'logVar'])
  const { reconstruction, mean, logVar } = output
  const drawn = F.binaryCrossEntropy(reconstruction, x, { reduction: 'sum' })
  const distance = mean.square().add(logVar.exp()).sub(logVar).sub(1).sum().mul(0.5)
  return drawn.add(distance.mul(beta)).div(x.shape[0] as number)
}
