import { readFileSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import { arange, manualSeed, randn, tensor, ValueError, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as V from './index.ts'

/** Sixteen images, 28 × 28 in [0, 1]: bars at four places, two of them upright. */
function bars(): Tensor {
  const x = zeros([16, 1, 28, 28])
  for (let i = 0; i < 16; i++) {
    const from = 4 + 6 * (i % 4)
    const rows = i % 8 < 4 ? `${from}:${from + 4}` : ':'
    const columns = i % 8 < 4 ? ':' : `${from}:${from + 4}`
    x.at(i, 0, rows, columns).fill_(1)
  }
  return x
}

function fit(parameters: Iterable<Tensor>, lr: number, steps: number, loss: () => Tensor): number {
  const optimizer = new Adam(parameters, { lr })
  let last = Number.NaN
  for (let step = 0; step < steps; step++) {
    const value = loss()
    optimizer.zeroGrad()
    value.backward()
    optimizer.step()
    last = value.item()
  }
  return last
}

describe('auto-encoders', () => {
  it('draw what they saw, and clean what was noisy', () => {
    manualSeed(0)
    const x = bars()
    const net = new V.AutoEncoder({ hidden: [64], latent: 8 })
    fit(net.parameters(), 0.01, 120, () => net(V.addNoise(x, 0.2)).sub(x).square().mean())
    const error = noGrad(() => net(V.addNoise(x, 0.2)).sub(x).square().mean().item())
    expect(error).toBeLessThan(0.02)
  })

  it('have codes near the standard normal if they are variational', () => {
    manualSeed(0)
    const x = bars()
    const net = new V.VAE({ hidden: [64], latent: 4 })
    const first = V.vaeLoss(net(x), x).item()
    const last = fit(net.parameters(), 0.01, 150, () => V.vaeLoss(net(x), x))
    expect(last).toBeLessThan(first / 4)
    expect(net.eval().sample(5).shape).toEqual([5, 784])
    const { mean, logVar } = net(x)
    expect(net(x).reconstruction.sub(x).abs().mean().item()).toBeLessThan(0.1)
    expect(mean.shape).toEqual(logVar.shape)
  })

  it('pay for codes that are not standard normal what the formula says', () => {
    const output = {
      reconstruction: tensor([[0.5]]),
      mean: tensor([[3]]).float(),
      logVar: zeros([1, 1]),
    }
    const paid = V.vaeLoss(output, tensor([[1]]).float()).item()
    expect(paid).toBeCloseTo(Math.log(2) + 9 / 2, 5)
  })
})

describe('adversarial networks', () => {
  it.each([
    ['linear', () => [new V.GANGenerator({ latent: 8 }), new V.GANDiscriminator()] as const, 28],
    [
      'convolutional',
      () => {
        const size = { channels: 1, imageSize: 32, features: 8 } as const
        return [
          new V.DCGANGenerator({ ...size, latent: 8 }),
          new V.DCGANDiscriminator(size),
        ] as const
      },
      32,
    ],
  ] as const)('of %s layers move towards the mean of the data', (_, build, size) => {
    manualSeed(0)
    const [generator, discriminator] = build()
    const rate = { lr: 2e-3, betas: [0.5, 0.999] as [number, number] }
    const training = {
      generator,
      discriminator,
      generatorOptimizer: new Adam(generator.parameters(), rate),
      discriminatorOptimizer: new Adam(discriminator.parameters(), rate),
      latent: 8,
    }
    // Dark images with a bright right half.
    const real = arange(size)
      .ge(size / 2)
      .float()
      .mul(1.6)
      .sub(0.8)
      .expand(16, 1, size, size)
    const distance = (): number =>
      noGrad(() =>
        generator(randn([32, 8]))
          .mean(0)
          .sub(real.select(0, 0))
          .abs()
          .mean()
          .item(),
      )
    const before = distance()
    for (let step = 0; step < 80; step++) {
      const losses = V.ganStep(training, real.add(randn(real.shape).mul(0.05)))
      expect(Number.isFinite(losses.generatorLoss + losses.discriminatorLoss)).toBe(true)
    }
    expect(distance()).toBeLessThan(0.85 * before)
  })
})

describe('diffusion', () => {
  it('adds noise by the closed formula, which one step at a time gives too', () => {
    const d = new V.Diffusion({ steps: 50 })
    let kept = 1
    for (const beta of d.betas.tolist() as number[]) kept *= 1 - beta
    expect(d.alphasBar.select(0, 49).item()).toBeCloseTo(kept, 5)
    const x0 = tensor([[2], [2]]).float()
    const { x } = d.addNoise(x0, tensor([0, 49]), zeros([2, 1]))
    expect(x.select(0, 0).item()).toBeCloseTo(2 * Math.sqrt(1 - 1e-4), 5)
    expect(x.select(0, 1).item()).toBeCloseTo(2 * Math.sqrt(kept), 5)
  })

  it.each(['ddpm', 'ddim', 'ddim with noise'])(
    'finds a point again by %s, if the noise is known',
    (how) => {
      manualSeed(0)
      const d = new V.Diffusion({ steps: 100, betaEnd: 0.1 })
      const goal = tensor([1.5, -0.5])
      // All images are one point, so the noise follows from what is seen.
      const denoiser: V.Denoiser = (x, t) => {
        const kept = d.alphasBar.indexSelect(0, t).unsqueeze(1)
        return x.sub(kept.sqrt().mul(goal)).div(kept.neg().add(1).sqrt())
      }
      const seen: number[] = []
      const options = {
        steps: 10,
        eta: how === 'ddim' ? 0 : 0.5,
        onStep: (_: Tensor, t: number) => seen.push(t),
      }
      const found =
        how === 'ddpm'
          ? d.sample(denoiser, [64, 2], options)
          : d.sampleDDIM(denoiser, randn([64, 2]), options)
      expect(found.sub(goal).abs().max().item()).toBeLessThan(0.01)
      expect(seen).toHaveLength(how === 'ddpm' ? 100 : 10)
      expect(seen.at(-1)).toBe(0)
    },
  )

  it('follows the class as much as guidance says', () => {
    const d = new V.Diffusion({ steps: 10 })
    const denoiser: V.Denoiser = (x, _, label) => x.mul(label === null ? 1 : 0)
    const start = randn([4, 2])
    const label = zeros([4], { dtype: 'int64' })
    const plain = d.sampleDDIM(denoiser, start, { steps: 1 })
    const guided = d.sampleDDIM(denoiser, start, { steps: 1, label })
    const both = d.sampleDDIM(denoiser, start, { steps: 1, label, guidance: 0.5 })
    expect(both.sub(plain.add(guided).div(2)).abs().max().item()).toBeLessThan(1e-5)
  })

  it('keeps what is foreseen where clean images lie', () => {
    manualSeed(0)
    const d = new V.Diffusion({ steps: 20 })
    const denoiser: V.Denoiser = (x) => x.mul(-3)
    const clip = [-1, 1] as const
    expect(
      d
        .sampleDDIM(denoiser, randn([8, 3]), { clip })
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1.001)
    expect(d.sample(denoiser, [8, 3], { clip }).abs().max().item()).toBeLessThan(1.001)
    expect(d.sample(denoiser, [8, 3]).abs().max().item()).toBeGreaterThan(1.1)
  })

  it('learns the noise of pictures, with classes that may be hidden', () => {
    manualSeed(0)
    const net = new V.DiffusionUNet({ width: 8, numClasses: 2 })
    const d = new V.Diffusion({ steps: 50, schedule: 'cosine' })
    const x = bars().mul(2).sub(1)
    const label = arange(16, { dtype: 'int64' }).remainder(2)
    const hidden = V.hideLabels(label, 0.5)
    expect(hidden.eq(-1).logicalOr(hidden.eq(label)).all().item()).toBe(true)
    const denoiser: V.Denoiser = (noisy, t, classes) => net(noisy, t, classes)
    const first = d(x, denoiser, label).item()
    const last = fit(net.parameters(), 3e-3, 60, () => d(x, denoiser, V.hideLabels(label, 0.2)))
    expect(last).toBeLessThan(first / 3)
  })

  it('goes back one step at a time as it is taught', () => {
    manualSeed(0)
    const d = new V.SimpleDiffusion(100)
    const x0 = randn([2, 3])
    const { x, noise } = d.forwardDiffusion(x0, 99)
    let back = x
    for (let t = 99; t >= 0; t--) back = d.reverseDiffusion(back, t, () => noise)
    expect(back.sub(x0).abs().max().item()).toBeLessThan(1e-3)
  })

  it('refuses schedules and steps that are none', () => {
    expect(() => new V.Diffusion({ steps: 0 })).toThrow(ValueError)
    expect(() => new V.Diffusion({ betaEnd: 1.5 })).toThrow(/variances in \(0, 1\)/)
    const d = new V.Diffusion({ steps: 10 })
    expect(() => d.sampleDDIM((x) => x, randn([1, 2]), { steps: 11 })).toThrow(/11 steps/)
    expect(() => new V.DiffusionUNet({ width: 8 })(randn([1, 1, 30, 30]), tensor([1]))).toThrow(
      /4 divides/,
    )
  })
})

it('has the U-Net of the benchmark: the same numbers as in PyTorch from the same weights', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../goldens/diffusion_unet.json', import.meta.url), 'utf8'),
  ) as { keys: string[]; output: number[] }
  const net = new V.DiffusionUNet({ width: 16, groups: 4, multipliers: [1, 2] })
  expect(Object.keys(net.stateDict()).sort()).toEqual(golden.keys.sort())
  // Its weights come in another order there: set them by name.
  const state = net.stateDict()
  manualSeed(0)
  for (const name of Object.keys(state).sort()) {
    const t = state[name] as Tensor
    if (name !== 'freq') t.copy_(randn(t.shape).mul(0.1))
  }
  const y = noGrad(() => net(randn([2, 1, 8, 8]), tensor([3, 500])))
  for (const [i, value] of (y.flatten().tolist() as number[]).entries()) {
    expect(value).toBeCloseTo(golden.output[i] as number, 4)
  }
})
