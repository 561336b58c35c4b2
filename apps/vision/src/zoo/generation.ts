/** Does a generator learn to draw digits that a classifier takes for digits? */
import { existsSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { arange, cat, manualSeed, randn } from '@flambeau/core'
import { DataLoader, loadSafetensors, MNIST, saveSafetensors, Subset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam, AdamW } from '@flambeau/optim'
import { DivergedError, fit, warmCosine } from '@flambeau/trainer'
import {
  addNoise,
  AutoEncoder,
  DCGANDiscriminator,
  DCGANGenerator,
  Diffusion,
  DiffusionUNet,
  GANDiscriminator,
  GANGenerator,
  ganStep,
  hideLabels,
  SimpleCNN,
  VAE,
  vaeLoss,
} from '@flambeau/vision-models'
import type { Denoiser } from '@flambeau/vision-models'
import type { Result } from './result.ts'
import { timed } from './result.ts'

const F = nn.functional
/** How many are drawn and judged. */
const DRAWN = 500

const countOf = (model: nn.Module<never, unknown>): number =>
  [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)

/** Batches of images `[N, 1, 28, 28]` in [0, 1] with their classes. */
export type Images = DataLoader<[Tensor, Tensor | number], [Tensor, Tensor]>

/** What a generator learns from. */
export interface Material {
  readonly images: Images
  /** Other images, for those that draw what they are shown. */
  readonly shown: Tensor
  readonly classes: number
  readonly epochs: number
  readonly lr: number
}

/** A trained generator, and what it drew. */
export interface Made {
  readonly networks: Readonly<Record<string, nn.Module<never, unknown>>>
  /** `[N, 1, 28, 28]` in [0, 1]. */
  readonly drawn: Tensor
}

export interface GeneratorPlan {
  readonly images: number
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly goal: number
  readonly make: (material: Material) => Promise<Made>
}

/** Trains an auto-encoder; what it draws of images, given them with so much noise on them. */
async function autoEncoder({ images, shown, epochs, lr }: Material, noise: number): Promise<Made> {
  const model = new AutoEncoder({ latent: 16 })
  const given = (x: Tensor): Tensor => (noise > 0 ? addNoise(x, noise) : x)
  await fit(model, images, {
    optimizer: new AdamW(model.parameters(), { lr }),
    forward: ([x]: [Tensor, Tensor]) => F.binaryCrossEntropy(model(given(x)), x),
    epochs,
  })
  return { networks: { model }, drawn: noGrad(() => model(given(shown))) }
}

async function vae({ images, epochs, lr }: Material): Promise<Made> {
  const model = new VAE({ latent: 10 })
  await fit(model, images, {
    optimizer: new AdamW(model.parameters(), { lr }),
    forward: ([x]: [Tensor, Tensor]) => vaeLoss(model(x), x),
    epochs,
  })
  const drawn = noGrad(() => model.sample(DRAWN)).view(DRAWN, 1, 28, 28)
  return { networks: { model }, drawn }
}

/** Both sides of a GAN; `fitting` brings real images to the size and range of the generator. */
async function adversaries(
  { images, epochs, lr }: Material,
  sides: { generator: nn.Module; discriminator: nn.Module; latent: number },
  fitting: (x: Tensor) => Tensor,
): Promise<Made> {
  const { generator, discriminator, latent } = sides
  const rate = { lr, betas: [0.5, 0.999] as [number, number] }
  const training = {
    generator,
    discriminator,
    latent,
    generatorOptimizer: new Adam(generator.parameters(), rate),
    discriminatorOptimizer: new Adam(discriminator.parameters(), rate),
  }
  let step = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const [x] of images) {
      const losses = ganStep(training, fitting(x.mul(2).sub(1)))
      step++
      const bad = Object.values(losses).find((loss) => !Number.isFinite(loss))
      if (bad !== undefined) throw new DivergedError(step, bad, 'try a smaller learning rate')
    }
  }
  generator.eval()
  const whole = noGrad(() => generator(randn([DRAWN, latent])))
  const border = ((whole.shape[3] as number) - 28) / 2
  const drawn = whole.narrow(2, border, 28).narrow(3, border, 28).add(1).div(2)
  return { networks: { generator, discriminator }, drawn }
}

async function diffusion({ images, classes, epochs, lr }: Material): Promise<Made> {
  const model = new DiffusionUNet({ width: 16, numClasses: classes, multipliers: [1, 2, 4] })
  const process = new Diffusion({ steps: 200, schedule: 'cosine' })
  const denoiser: Denoiser = (x, t, label) => model(x, t, label)
  const optimizer = new AdamW(model.parameters(), { lr })
  const { callback, ...rate } = warmCosine(optimizer, lr, epochs * images.length)
  await fit(model, images, {
    optimizer,
    ...rate,
    callbacks: [callback],
    forward: ([x, y]: [Tensor, Tensor]) => process(x.mul(2).sub(1), denoiser, hideLabels(y, 0.1)),
    epochs,
    clipGradNorm: 1,
  })
  model.eval()
  const labels = arange(DRAWN, { dtype: 'int64' })
    .mul(classes)
    .div(DRAWN, { roundingMode: 'floor' })
  const parts = labels.split(100).map((label) =>
    noGrad(() =>
      process.sampleDDIM(denoiser, randn([label.numel(), 1, 28, 28]), {
        label,
        guidance: 3,
        steps: 20,
        clip: [-1, 1],
      }),
    ),
  )
  return { networks: { model }, drawn: cat(parts).add(1).div(2) }
}

/** Generators with what they learn from and must reach. */
export const GENERATORS: Readonly<Record<string, GeneratorPlan>> = {
  autoencoder: {
    images: 20000,
    epochs: 5,
    batchSize: 64,
    lr: 2e-3,
    goal: 5,
    make: (material) => autoEncoder(material, 0),
  },
  denoising_autoencoder: {
    images: 20000,
    epochs: 5,
    batchSize: 64,
    lr: 2e-3,
    goal: 5,
    make: (material) => autoEncoder(material, 0.3),
  },
  vae: { images: 20000, epochs: 6, batchSize: 64, lr: 2e-3, goal: 4, make: vae },
  gan: {
    images: 20000,
    epochs: 20,
    batchSize: 64,
    lr: 5e-4,
    goal: 4,
    make: (material) => {
      const [generator, discriminator] = [new GANGenerator(), new GANDiscriminator()]
      return adversaries(material, { generator, discriminator, latent: 64 }, (x) => x)
    },
  },
  dcgan: {
    images: 20000,
    epochs: 4,
    batchSize: 64,
    lr: 5e-4,
    goal: 4,
    make: (material) => {
      const small = { channels: 1, imageSize: 32, features: 16 } as const
      const generator = new DCGANGenerator({ latent: 64, ...small })
      const discriminator = new DCGANDiscriminator(small)
      return adversaries(material, { generator, discriminator, latent: 64 }, (x) =>
        F.pad(x, [2, 2, 2, 2], 'constant', -1),
      )
    },
  },
  ddpm: { images: 10000, epochs: 3, batchSize: 32, lr: 2e-3, goal: 4, make: diffusion },
}

/** A classifier that has seen real digits, kept at `path`. */
export async function judgeAt(path: string, say: (text: string) => void): Promise<nn.Module> {
  manualSeed(0)
  const net = new SimpleCNN({ dropoutRate: 0.25 })
  if (existsSync(path)) net.loadStateDict(loadSafetensors(path).tensors)
  else {
    say('training the judge of generated digits, once')
    await fit(net, digitsOf(20000, 128), {
      optimizer: new AdamW(net.parameters(), { lr: 2e-3 }),
      loss: F.crossEntropy,
      epochs: 3,
    })
    saveSafetensors(path, net.stateDict())
  }
  return net.eval()
}

function digitsOf(count: number, batchSize: number): Images {
  const part = Array.from({ length: count }, (_, i) => i)
  return new DataLoader(new Subset(new MNIST(), part), { batchSize, shuffle: true, dropLast: true })
}

/**
 * The inception score by a classifier of digits: e to the mean divergence of an image's odds from the mean
 * odds, 1 to 10.
 *
 * @see Salimans et al. 2016, https://arxiv.org/abs/1606.03498
 */
export function scoreOf(odds: Tensor): number {
  const mean = odds.mean(0, true)
  const safe = (x: Tensor): Tensor => x.clamp({ min: 1e-12 }).log()
  return Math.exp(
    odds
      .mul(safe(odds).sub(safe(mean)))
      .sum(1)
      .mean()
      .item(),
  )
}

/** The score of images `[N, 1, 28, 28]` by a judge. */
export function judgedBy(judge: nn.Module, drawn: Tensor): number {
  return scoreOf(noGrad(() => judge(drawn.clamp(0, 1)).softmax(1)))
}

/** The result of one generator. */
export async function provesToGenerate(
  name: string,
  seed: number,
  judgePath: string,
  say: (text: string) => void,
): Promise<Result> {
  const { images, epochs, batchSize, lr, goal, make } = GENERATORS[name] as GeneratorPlan
  const judge = await judgeAt(judgePath, say)
  return timed(async () => {
    manualSeed(seed)
    const test = new MNIST({ train: false }).images.narrow(0, 0, DRAWN)
    const shown = test.unsqueeze(1).float().div(255)
    const material = { images: digitsOf(images, batchSize), shown, classes: 10, epochs, lr }
    const { networks, drawn } = await make(material)
    const parameters = Object.values(networks).reduce((sum, one) => sum + countOf(one), 0)
    return {
      name,
      kind: 'generation',
      parameters,
      input: '1 × 28 × 28',
      training: `${images} digits, ${epochs} epochs`,
      overfitSteps: null,
      value: judgedBy(judge, drawn),
      goal,
    } as const
  })
}
