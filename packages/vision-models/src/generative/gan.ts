/** Generative adversarial networks: of linear layers, and convolutional (DCGAN). */
import type { Tensor } from '@flambeau/core'
import { onesLike, randn, zerosLike } from '@flambeau/core'
import { requireCount, requireCounts, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

export interface GANOptions {
  /** Width of the noise that an image is made of. Default 64. */
  readonly latent?: number
  /** Default 1. */
  readonly channels?: number
  /** Pixels a side. Default 28. */
  readonly imageSize?: number
  /** Width of the hidden layers. Default 256. */
  readonly hidden?: number
}

/**
 * The generator of the first GAN: linear layers from noise to an image in (-1, 1).
 *
 * Shapes: `[N, latent]` -> `[N, channels, imageSize, imageSize]`.
 *
 * @throws {ShapeError} for noise of another width.
 * @see Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { GANGenerator } from '@flambeau/vision-models'
 * console.log(new GANGenerator()(randn([2, 64])).shape) // => [ 2, 1, 28, 28 ]
 * ```
 */
export class GANGenerator extends nn.Module {
  layers: nn.Sequential

  constructor(options: GANOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { latent = 64, channels = 1, imageSize = 28, hidden = 256 } = options
    requireCounts(new.target.name, { latent, channels, imageSize, hidden }, 1)
    this.layers = new nn.Sequential(
      new nn.Linear(latent, hidden),
      new nn.LeakyReLU(0.2),
      new nn.Linear(hidden, 2 * hidden),
      new nn.LeakyReLU(0.2),
      new nn.Linear(2 * hidden, channels * imageSize ** 2),
      new nn.Tanh(),
      new nn.Unflatten(1, [channels, imageSize, imageSize]),
    )
  }

  override forward(noise: Tensor): Tensor {
    return this.layers(noise)
  }
}

/**
 * The discriminator of the first GAN: linear layers from an image to one logit.
 *
 * Shapes: `[N, channels, imageSize, imageSize]` -> logits `[N]`, above 0 for real.
 *
 * @throws {ShapeError} for images of other channels or sizes.
 * @see Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { GANDiscriminator } from '@flambeau/vision-models'
 * console.log(new GANDiscriminator()(randn([2, 1, 28, 28])).shape) // => [ 2 ]
 * ```
 */
export class GANDiscriminator extends nn.Module {
  layers: nn.Sequential

  constructor(options: Omit<GANOptions, 'latent'> = {}) {
    super()
    requireOptions(new.target.name, options)
    const { channels = 1, imageSize = 28, hidden = 256 } = options
    requireCounts(new.target.name, { channels, imageSize, hidden }, 1)
    this.layers = new nn.Sequential(
      new nn.Flatten(),
      new nn.Linear(channels * imageSize ** 2, 2 * hidden),
      new nn.LeakyReLU(0.2),
      new nn.Dropout(0.3),
      new nn.Linear(2 * hidden, hidden),
      new nn.LeakyReLU(0.2),
      new nn.Dropout(0.3),
      new nn.Linear(hidden, 1),
    )
  }

  override forward(x: Tensor): Tensor {
    return this.layers(x).squeeze(1)
  }
}

/** DCGAN's initial weights: convolutions around 0, norms around 1, both with std 0.02. */
function draw(model: nn.Module): void {
  for (const module of model.modules()) {
    if (module instanceof nn.Conv2d || module instanceof nn.ConvTranspose2d) {
      nn.init.normal_(module.weight, 0, 0.02)
    } else if (module instanceof nn.BatchNorm2d) {
      nn.init.normal_(module.weight as nn.Parameter, 1, 0.02)
      nn.init.zeros_(module.bias as nn.Parameter)
    }
  }
}

export interface DCGANOptions {
  /** Width of the noise that an image is made of. Default 100. */
  readonly latent?: number
  /** Default 3. */
  readonly channels?: number
  /** Pixels a side: 32 or 64. Default 64. */
  readonly imageSize?: 32 | 64
  /** Channels at the largest size but one. Default 64. */
  readonly features?: number
}

/**
 * The generator of DCGAN: transposed convolutions from noise to an image in (-1, 1).
 *
 * Shapes: `[N, latent]` -> `[N, channels, imageSize, imageSize]`.
 *
 * @throws {ShapeError} for noise of another width.
 * @see Radford, Metz and Chintala 2015, https://arxiv.org/abs/1511.06434
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { DCGANGenerator } from '@flambeau/vision-models'
 * const net = new DCGANGenerator({ channels: 1, imageSize: 32, features: 8 })
 * console.log(net(randn([2, 100])).shape) // => [ 2, 1, 32, 32 ]
 * ```
 */
export class DCGANGenerator extends nn.Module {
  main: nn.Sequential

  constructor(options: DCGANOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { latent = 100, channels = 3, imageSize = 64, features = 64 } = options
    requireCounts(new.target.name, { latent, channels, imageSize, features }, 1)
    const up = { stride: 2, padding: 1, bias: false }
    let width = features * (imageSize / 8)
    this.main = new nn.Sequential(
      new nn.ConvTranspose2d(latent, width, 4, { bias: false }),
      new nn.BatchNorm2d(width),
      new nn.ReLU(true),
    )
    for (; width > features; width /= 2) {
      this.main.extend([
        new nn.ConvTranspose2d(width, width / 2, 4, up),
        new nn.BatchNorm2d(width / 2),
        new nn.ReLU(true),
      ])
    }
    this.main.extend([new nn.ConvTranspose2d(features, channels, 4, up), new nn.Tanh()])
    draw(this)
  }

  override forward(noise: Tensor): Tensor {
    requireTensor('DCGANGenerator', 'noise', noise)
    return this.main(noise.unsqueeze(2).unsqueeze(3))
  }
}

/**
 * The discriminator of DCGAN: strided convolutions from an image to one logit.
 *
 * Shapes: `[N, channels, imageSize, imageSize]` -> logits `[N]`, above 0 for real.
 *
 * @throws {ShapeError} for images of other channels or sizes.
 * @see Radford, Metz and Chintala 2015, https://arxiv.org/abs/1511.06434
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { DCGANDiscriminator } from '@flambeau/vision-models'
 * const net = new DCGANDiscriminator({ channels: 1, imageSize: 32, features: 8 })
 * console.log(net(randn([2, 1, 32, 32])).shape) // => [ 2 ]
 * ```
 */
export class DCGANDiscriminator extends nn.Module {
  main: nn.Sequential

  constructor(options: Omit<DCGANOptions, 'latent'> = {}) {
    super()
    requireOptions(new.target.name, options)
    const { channels = 3, imageSize = 64, features = 64 } = options
    requireCounts(new.target.name, { channels, imageSize, features }, 1)
    requireCount(new.target.name, 'features', features, 1)
    const down = { stride: 2, padding: 1, bias: false }
    const last = features * (imageSize / 8)
    this.main = new nn.Sequential(
      new nn.Conv2d(channels, features, 4, down),
      new nn.LeakyReLU(0.2, true),
    )
    for (let width = features; width < last; width *= 2) {
      this.main.extend([
        new nn.Conv2d(width, width * 2, 4, down),
        new nn.BatchNorm2d(width * 2),
        new nn.LeakyReLU(0.2, true),
      ])
    }
    this.main.append(new nn.Conv2d(last, 1, 4, { bias: false }))
    draw(this)
  }

  override forward(x: Tensor): Tensor {
    return this.main(x).flatten()
  }
}

/** What {@link ganStep} needs of an optimizer. */
export interface StepTaker {
  zeroGrad(): void
  step(): unknown
}

/** Both sides of a GAN with their optimizers. */
export interface GANTraining {
  generator: nn.Module
  discriminator: nn.Module
  readonly generatorOptimizer: StepTaker
  readonly discriminatorOptimizer: StepTaker
  /** Width of the noise. */
  readonly latent: number
}

/**
 * One step of both sides: the discriminator learns to tell `real` from generated images, then the
 * generator learns to be taken for real (the non-saturating loss).
 *
 * @param real Images in [-1, 1]: `[N, channels, H, W]`.
 * @returns Both losses, before the step.
 * @see Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { Adam } from '@flambeau/optim'
 * import { GANDiscriminator, GANGenerator, ganStep } from '@flambeau/vision-models'
 * const [generator, discriminator] = [new GANGenerator(), new GANDiscriminator()]
 * const rate = { lr: 2e-4, betas: [0.5, 0.999] as [number, number] }
 * const { generatorLoss } = ganStep(
 *   {
 *     generator,
 *     discriminator,
 *     generatorOptimizer: new Adam(generator.parameters(), rate),
 *     discriminatorOptimizer: new Adam(discriminator.parameters(), rate),
 *     latent: 64,
 *   },
 *   rand([8, 1, 28, 28]).mul(2).sub(1),
 * )
 * console.log(generatorLoss > 0) // => true
 * ```
 */
export function ganStep(
  training: GANTraining,
  real: Tensor,
): { generatorLoss: number; discriminatorLoss: number } {
  requireOptions('ganStep', training, [
    'generator',
    'discriminator',
    'generatorOptimizer',
    'discriminatorOptimizer',
  ])
  requireTensor('ganStep', 'real', real)
  const { generator, discriminator, generatorOptimizer, discriminatorOptimizer } = training
  const fake = generator(randn([real.shape[0] as number, training.latent], { device: real.device }))

  discriminatorOptimizer.zeroGrad()
  const [onReal, onFake] = [discriminator(real), discriminator(fake.detach())]
  const lossOfD = F.binaryCrossEntropyWithLogits(onReal, onesLike(onReal)).add(
    F.binaryCrossEntropyWithLogits(onFake, zerosLike(onFake)),
  )
  lossOfD.backward()
  discriminatorOptimizer.step()

  generatorOptimizer.zeroGrad()
  const judged = discriminator(fake)
  const lossOfG = F.binaryCrossEntropyWithLogits(judged, onesLike(judged))
  lossOfG.backward()
  generatorOptimizer.step()
  return { generatorLoss: lossOfG.item(), discriminatorLoss: lossOfD.item() }
}
