/** The network of a diffusion model. @see Ho et al. 2020, https://arxiv.org/abs/2006.11239 */
import type { Tensor } from '@flambeau/core'
import { arange, cat } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const { interpolate, scaledDotProductAttention, silu } = nn.functional

const channels = 64
const timeWidth = 256
const groups = 8
const widths = [64, 128, 256]

class Residual extends nn.Module<[x: Tensor, time: Tensor]> {
  readonly n1: nn.GroupNorm
  readonly c1: nn.Conv2d
  readonly t: nn.Linear
  readonly n2: nn.GroupNorm
  readonly c2: nn.Conv2d
  readonly skip: nn.Module

  constructor(from: number, to: number) {
    super()
    this.n1 = new nn.GroupNorm(groups, from)
    this.c1 = new nn.Conv2d(from, to, 3, { padding: 1 })
    this.t = new nn.Linear(timeWidth, to)
    this.n2 = new nn.GroupNorm(groups, to)
    this.c2 = new nn.Conv2d(to, to, 3, { padding: 1 })
    this.skip = from === to ? new nn.Identity() : new nn.Conv2d(from, to, 1)
  }

  override forward(x: Tensor, time: Tensor): Tensor {
    const shift = this.t(silu(time)).unsqueeze(2).unsqueeze(3)
    const h = this.c1(silu(this.n1(x))).add(shift)
    return this.c2(silu(this.n2(h))).add(this.skip(x))
  }
}

const heads = 4

class Attention extends nn.Module {
  readonly n: nn.GroupNorm
  readonly qkv: nn.Conv2d
  readonly o: nn.Conv2d

  constructor(width: number) {
    super()
    this.n = new nn.GroupNorm(groups, width)
    this.qkv = new nn.Conv2d(width, 3 * width, 1)
    this.o = new nn.Conv2d(width, width, 1)
  }

  override forward(x: Tensor): Tensor {
    const [n, c, height, width] = x.shape as readonly [number, number, number, number]
    const [q, k, v] = this.qkv(this.n(x))
      .view(n, 3, heads, c / heads, height * width)
      .transpose(3, 4)
      .unbind(1) as [Tensor, Tensor, Tensor]
    const mixed = scaledDotProductAttention(q, k, v)
    return x.add(this.o(mixed.transpose(2, 3).reshape(n, c, height, width)))
  }
}

/**
 * Noisy images [N, 1, 32, 32] and times [N] to the noise. One residual block per level each way,
 * attention at the lowest.
 */
export class DiffusionUNet extends nn.Module<[x: Tensor, time: Tensor]> {
  readonly t1: nn.Linear = new nn.Linear(channels, timeWidth)
  readonly t2: nn.Linear = new nn.Linear(timeWidth, timeWidth)
  readonly inp: nn.Conv2d = new nn.Conv2d(1, channels, 3, { padding: 1 })
  readonly down: nn.ModuleList<Residual> = new nn.ModuleList()
  readonly pool: nn.ModuleList<nn.Conv2d> = new nn.ModuleList()
  readonly up: nn.ModuleList<Residual> = new nn.ModuleList()
  readonly upc: nn.ModuleList<nn.Conv2d> = new nn.ModuleList()
  readonly attnD: Attention
  readonly m1: Residual
  readonly ma: Attention
  readonly m2: Residual
  readonly attnU: Attention
  readonly norm: nn.GroupNorm
  readonly out: nn.Conv2d
  declare readonly freq: Tensor

  constructor() {
    super()
    let c = channels
    widths.forEach((width, i) => {
      this.down.append(new Residual(c, width))
      c = width
      if (i + 1 < widths.length) {
        this.pool.append(new nn.Conv2d(c, c, 3, { stride: 2, padding: 1 }))
      }
    })
    this.attnD = new Attention(c)
    this.m1 = new Residual(c, c)
    this.ma = new Attention(c)
    this.m2 = new Residual(c, c)
    for (let i = widths.length - 1; i >= 0; i--) {
      const width = widths[i] as number
      this.up.append(new Residual(c + width, width))
      c = width
      if (i > 0) this.upc.append(new nn.Conv2d(c, c, 3, { padding: 1 }))
    }
    this.attnU = new Attention(widths.at(-1) as number)
    this.norm = new nn.GroupNorm(groups, c)
    this.out = new nn.Conv2d(c, 1, 3, { padding: 1 })
    const half = channels / 2
    this.registerBuffer('freq', arange(half).mul(-Math.log(10000)).div(half).exp())
  }

  #embedTime(time: Tensor): Tensor {
    const angles = time.unsqueeze(1).to('float32').mul(this.freq)
    return this.t2(silu(this.t1(cat([angles.sin(), angles.cos()], 1))))
  }

  override forward(image: Tensor, time: Tensor): Tensor {
    const t = this.#embedTime(time)
    const [down, pool, up, upc] = [[...this.down], [...this.pool], [...this.up], [...this.upc]]
    const skips: Tensor[] = []
    let x = this.inp(image)
    down.forEach((block, i) => {
      x = block(x, t)
      if (i === down.length - 1) x = this.attnD(x)
      skips.push(x)
      x = pool[i]?.(x) ?? x
    })
    x = this.m2(this.ma(this.m1(x, t)), t)
    up.forEach((block, i) => {
      x = block(cat([x, skips.pop() as Tensor], 1), t)
      if (i === 0) x = this.attnU(x)
      const widen = upc[i]
      if (widen !== undefined) x = widen(interpolate(x, { scaleFactor: 2, mode: 'nearest' }))
    })
    return this.out(silu(this.norm(x)))
  }
}
