/** Diffusion: data become noise step by step, and a network learns the way back. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import {
  cat,
  cumprod,
  full,
  linspace,
  manualSeed,
  rand,
  randint,
  randn,
  randnLike,
  stack,
  sub,
} from '@flambeau/core'
import { MNIST } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { imageGrid, scatter } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

/** Mended: no module, as nothing in it learns, and the names of its fields agree. */
class SimpleDiffusion {
  betas: Tensor
  alphas: Tensor
  alphasBar: Tensor

  constructor(samplingSteps = 1000, betaStart = 1e-4, betaEnd = 0.02) {
    this.betas = linspace(betaStart, betaEnd, samplingSteps)
    this.alphas = sub(1, this.betas)
    this.alphasBar = cumprod(this.alphas, 0)
  }

  /** How much of the data and how much noise there is at steps t, for rows of data. */
  shares(t: Tensor): [data: Tensor, noise: Tensor] {
    const kept = this.alphasBar.at(t).unsqueeze(-1)
    return [kept.sqrt(), sub(1, kept).sqrt()]
  }

  /** x₀ -> x_t and the noise in it. */
  forwardDiffusion(x0: Tensor, t: Tensor): [xt: Tensor, noise: Tensor] {
    const noise = randnLike(x0)
    const [data, share] = this.shares(t)
    return [data.mul(x0).add(share.mul(noise)), noise]
  }

  /** x_t -> x_{t-1}, by the noise that `denoiser` sees in it. */
  reverseDiffusion(xt: Tensor, t: Tensor, denoiser: (x: Tensor, t: Tensor) => Tensor): Tensor {
    const noise = denoiser(xt, t)
    const [data, share] = this.shares(t)
    const x0 = xt.sub(share.mul(noise)).div(data)
    // Mended: with the shares of step t, as in the note, this would be x_t again.
    const [dataBefore, shareBefore] = this.shares(t.sub(1))
    return dataBefore.mul(x0).add(shareBefore.mul(noise))
  }
}

manualSeed(0)
const numSteps = budget(1000, 200)
const diffusion = new SimpleDiffusion(numSteps, 0.1 / numSteps, 20 / numSteps)

// Forward: a digit fades.
const digit = new MNIST({ train: false }).getItem(0)[0].flatten().mul(2).sub(1)
const times = linspace(0, numSteps - 1, 8).long()
const faded = times.unbind().map((t) => diffusion.forwardDiffusion(digit, t)[0].view(1, 28, 28))
imageGrid(stack(faded), { range: [-1, 1], columns: 8 }).save(outFile('forward.png'))
console.log('left of the digit at last:', diffusion.alphasBar.at(-1).sqrt())

// And back: points of a ring, out of nothing but noise.
const ring = (count: number): Tensor => {
  const angle = rand(count).mul(2 * Math.PI)
  return stack([angle.cos(), angle.sin()], 1)
}
const net = new nn.Sequential(
  new nn.Linear(3, 128),
  new nn.SiLU(),
  new nn.Linear(128, 128),
  new nn.SiLU(),
  new nn.Linear(128, 2),
)
const denoiser = (x: Tensor, t: Tensor): Tensor => net(cat([x, t.div(numSteps).unsqueeze(1)], 1))
const optimizer = new Adam(net.parameters(), { lr: 0.002 })
for (let step = 1; step <= budget(4000, 800); step++) {
  const t = randint(0, numSteps, [256])
  const [xt, noise] = diffusion.forwardDiffusion(ring(256), t)
  const loss = nn.functional.mseLoss(denoiser(xt, t), noise)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
  if (step % budget(1000, 400) === 0) console.log(`step ${step}: loss ${loss.item().toFixed(4)}`)
}

let x = randn(500, 2)
noGrad(() => {
  for (let step = numSteps - 1; step > 0; step--) {
    x = diffusion.reverseDiffusion(x, full([500], step), denoiser)
  }
})
const radius = x.norm(2, 1)
console.log(
  'radius of the samples:',
  radius.mean().item().toFixed(2),
  '±',
  radius.std().item().toFixed(2),
)
scatter(x, { title: 'Out of noise' }).save(outFile('ring.png'))
