/** Does a generator learn to draw digits that a classifier takes for digits? */
import { existsSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { arange, cat, manualSeed, randn } from '@flambeau/core'
import { DataLoader, loadSafetensors, MNIST, saveSafetensors, Subset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam, AdamW } from '@flambeau/optim'
import { fit } from '@flambeau/trainer'
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

type Digits = DataLoader<[Tensor, Tensor], [Tensor, Tensor]>

interface Made {
  readonly parameters: number
  /** `[DRAWN, 1, 28, 28]` in [0, 1]. */
  readonly drawn: Tensor
}

interface Plan {
  readonly images: number
  readonly epochs: number
  readonly goal: number
  readonly make: (digits: Digits, epochs: number) => Promise<Made>
}

const countOf = (model: nn.Module<never, unknown>): number =>
  [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)

/** Trains an auto-encoder; what it draws of test digits, given them with so much noise on them. */
async function autoEncoder(digits: Digits, epochs: number, noise: number): Promise<Made> {
  const model = new AutoEncoder({ latent: 16 })
  await fit(model, digits, {
    optimizer: new AdamW(model.parameters(), { lr: 2e-3 }),
    forward: ([x]: [Tensor, Tensor]) =>
      F.binaryCrossEntropy(model(noise > 0 ? addNoise(x, noise) : x), x),
    epochs,
  })
  const test = new MNIST({ train: false }).images.narrow(0, 0, DRAWN).unsqueeze(1).float().div(255)
  const drawn = noGrad(() => model(noise > 0 ? addNoise(test, noise) : test))
  return { parameters: countOf(model), drawn }
}

async function vae(digits: Digits, epochs: number): Promise<Made> {
  const model = new VAE({ latent: 10 })
  await fit(model, digits, {
    optimizer: new AdamW(model.parameters(), { lr: 2e-3 }),
    forward: ([x]: [Tensor, Tensor]) => vaeLoss(model(x), x),
    epochs,
  })
  const drawn = noGrad(() => model.sample(DRAWN)).view(DRAWN, 1, 28, 28)
  return { parameters: countOf(model), drawn }
}

/** Both sides of a GAN; `fitting` brings real digits to the size and range of the generator. */
async function adversaries(
  sides: { generator: nn.Module; discriminator: nn.Module; latent: number; lr: number },
  digits: Digits,
  epochs: number,
  fitting: (x: Tensor) => Tensor,
): Promise<Made> {
  const { generator, discriminator, latent, lr } = sides
  const rate = { lr, betas: [0.5, 0.999] as [number, number] }
  const training = {
    generator,
    discriminator,
    latent,
    generatorOptimizer: new Adam(generator.parameters(), rate),
    discriminatorOptimizer: new Adam(discriminator.parameters(), rate),
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const [x] of digits) ganStep(training, fitting(x.mul(2).sub(1)))
  }
  generator.eval()
  const whole = noGrad(() => generator(randn([DRAWN, latent])))
  const border = ((whole.shape[3] as number) - 28) / 2
  const drawn = whole.narrow(2, border, 28).narrow(3, border, 28).add(1).div(2)
  return { parameters: countOf(generator) + countOf(discriminator), drawn }
}

async function diffusion(digits: Digits, epochs: number): Promise<Made> {
  const net = new DiffusionUNet({ width: 16, numClasses: 10, multipliers: [1, 2, 4] })
  const process = new Diffusion({ steps: 200, schedule: 'cosine' })
  const denoiser: Denoiser = (x, t, label) => net(x, t, label)
  await fit(net, digits, {
    optimizer: new AdamW(net.parameters(), { lr: 2e-3 }),
    forward: ([x, y]: [Tensor, Tensor]) => process(x.mul(2).sub(1), denoiser, hideLabels(y, 0.1)),
    epochs,
    clipGradNorm: 1,
  })
  net.eval()
  const labels = arange(10, { dtype: 'int64' }).repeatInterleave(DRAWN / 10)
  const parts = labels.split(100).map((label) =>
    noGrad(() =>
      process.sampleDDIM(denoiser, randn([label.numel(), 1, 28, 28]), {
        label,
        guidance: 2,
        steps: 20,
        clip: [-1, 1],
      }),
    ),
  )
  return { parameters: countOf(net), drawn: cat(parts).add(1).div(2) }
}

/** Generators with what they learn from and must reach. */
export const GENERATORS: Readonly<Record<string, Plan>> = {
  autoencoder: {
    images: 20000,
    epochs: 5,
    goal: 5,
    make: (digits, epochs) => autoEncoder(digits, epochs, 0),
  },
  denoising_autoencoder: {
    images: 20000,
    epochs: 5,
    goal: 5,
    make: (digits, epochs) => autoEncoder(digits, epochs, 0.3),
  },
  vae: { images: 20000, epochs: 6, goal: 4, make: vae },
  gan: {
    images: 20000,
    epochs: 20,
    goal: 4,
    make: (digits, epochs) =>
      adversaries(
        {
          generator: new GANGenerator(),
          discriminator: new GANDiscriminator(),
          latent: 64,
          lr: 5e-4,
        },
        digits,
        epochs,
        (x) => x,
      ),
  },
  dcgan: {
    images: 20000,
    epochs: 4,
    goal: 4,
    make: (digits, epochs) =>
      adversaries(
        {
          generator: new DCGANGenerator({ latent: 64, channels: 1, imageSize: 32, features: 16 }),
          discriminator: new DCGANDiscriminator({ channels: 1, imageSize: 32, features: 16 }),
          latent: 64,
          lr: 5e-4,
        },
        digits,
        epochs,
        (x) => F.pad(x, [2, 2, 2, 2], 'constant', -1),
      ),
  },
  ddpm: { images: 5000, epochs: 4, goal: 4, make: diffusion },
}

/** A classifier that has seen real digits, kept at `path`. */
async function judgeAt(path: string, say: (text: string) => void): Promise<nn.Module> {
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

function digitsOf(count: number, batchSize: number): Digits {
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

/** The result of one generator. */
export async function provesToGenerate(
  name: string,
  seed: number,
  judgePath: string,
  say: (text: string) => void,
): Promise<Result> {
  const { images, epochs, goal, make } = GENERATORS[name] as Plan
  const judge = await judgeAt(judgePath, say)
  return timed(async () => {
    manualSeed(seed)
    const { parameters, drawn } = await make(digitsOf(images, 64), epochs)
    const value = scoreOf(noGrad(() => judge(drawn.clamp(0, 1)).softmax(1)))
    return {
      name,
      kind: 'generation',
      parameters,
      input: '1 × 28 × 28',
      training: `${images} digits, ${epochs} epochs`,
      overfitSteps: null,
      value,
      goal,
    } as const
  })
}
