import type { Tensor } from '@flambeau/core'
import { arange, cat, ShapeError } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** Two normalised 3 × 3 convolutions beside a shortcut; the time is added between them. */
class TimedResBlock extends nn.Module<[x: Tensor, time: Tensor]> {
  n1: nn.GroupNorm
  c1: nn.Conv2d
  t: nn.Linear
  n2: nn.GroupNorm
  c2: nn.Conv2d
  skip: nn.Module

  constructor(inChannels: number, outChannels: number, timeDim: number, groups: number) {
    super()
    this.n1 = new nn.GroupNorm(groups, inChannels)
    this.c1 = new nn.Conv2d(inChannels, outChannels, 3, { padding: 1 })
    this.t = new nn.Linear(timeDim, outChannels)
    this.n2 = new nn.GroupNorm(groups, outChannels)
    this.c2 = new nn.Conv2d(outChannels, outChannels, 3, { padding: 1 })
    this.skip =
      inChannels === outChannels ? new nn.Identity() : new nn.Conv2d(inChannels, outChannels, 1)
  }

  override forward(x: Tensor, time: Tensor): Tensor {
    const moved = this.t(F.silu(time)).unsqueeze(2).unsqueeze(3)
    const y = this.c1(F.silu(this.n1(x))).add(moved)
    return this.c2(F.silu(this.n2(y))).add(this.skip(x))
  }
}

/** Attention between all places of a map, beside a shortcut. */
class MapAttention extends nn.Module {
  n: nn.GroupNorm
  qkv: nn.Conv2d
  o: nn.Conv2d
  readonly heads: number

  constructor(channels: number, groups: number, heads: number) {
    super()
    this.n = new nn.GroupNorm(groups, channels)
    this.qkv = new nn.Conv2d(channels, 3 * channels, 1)
    this.o = new nn.Conv2d(channels, channels, 1)
    this.heads = heads
  }

  override forward(x: Tensor): Tensor {
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const split = [batch, 3, this.heads, channels / this.heads, height * width]
    const qkv = this.qkv(this.n(x)).reshape(split).transpose(3, 4).unbind(1)
    const [q, k, v] = qkv as [Tensor, Tensor, Tensor]
    const seen = F.scaledDotProductAttention(q, k, v).transpose(2, 3)
    return x.add(this.o(seen.reshape([batch, channels, height, width])))
  }
}

export interface DiffusionUNetOptions {
  /** Default 1. */
  readonly channels?: number
  /** Channels at full size. Default 64. */
  readonly width?: number
  /** Channels at each size, in widths; each is half as large as the one before. Default `[1, 2, 4]`. */
  readonly multipliers?: readonly number[]
  /** Width of the vector that tells the time. Default 4 · width. */
  readonly timeDim?: number
  /** Of the group norms. Default 8. */
  readonly groups?: number
  /** Of the attention at the smallest size. Default 4. */
  readonly heads?: number
  /** Number of classes to draw on request; 0 for none. Default 0. */
  readonly numClasses?: number
}

/**
 * The U-Net of DDPM: predicts the noise in images at given steps, and for given classes. One
 * residual block at each size each way, attention at the smallest.
 *
 * Shapes: x `[N, channels, H, W]` with sides that halve evenly at each size, t int64 `[N]`, label
 * int64 `[N]` with -1 for none, or null -> the noise, shape of x.
 *
 * @throws {ShapeError} for images of other channels, or sides that do not halve evenly.
 * @see Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239
 *
 * @example
 * ```ts
 * import { randn, tensor } from '@flambeau/core'
 * import { DiffusionUNet } from '@flambeau/vision-models'
 * const net = new DiffusionUNet({ width: 8, numClasses: 10 })
 * const noise = net(randn([2, 1, 28, 28]), tensor([3, 500]), tensor([7, -1]))
 * console.log(noise.shape) // => [ 2, 1, 28, 28 ]
 * ```
 */
export class DiffusionUNet extends nn.Module<[x: Tensor, t: Tensor, label?: Tensor | null]> {
  t1: nn.Linear
  t2: nn.Linear
  label: nn.Embedding | null
  inp: nn.Conv2d
  down: nn.ModuleList<TimedResBlock>
  pool: nn.ModuleList
  up: nn.ModuleList<TimedResBlock>
  upc: nn.ModuleList
  attn_d: nn.Module
  readonly m1: TimedResBlock
  ma: nn.Module
  readonly m2: TimedResBlock
  attn_u: nn.Module
  norm: nn.GroupNorm
  out: nn.Conv2d
  freq!: Tensor

  constructor(options: DiffusionUNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { channels = 1, width = 64, multipliers = [1, 2, 4], groups = 8, heads = 4 } = options
    const { timeDim = 4 * width, numClasses = 0 } = options
    requireNumberList('DiffusionUNet', 'multipliers', multipliers)
    const widths = multipliers.map((m) => width * m)
    const block = (from: number, to: number): TimedResBlock =>
      new TimedResBlock(from, to, timeDim, groups)
    this.t1 = new nn.Linear(width, timeDim)
    this.t2 = new nn.Linear(timeDim, timeDim)
    // The class after the last stands for none.
    this.label = numClasses > 0 ? new nn.Embedding(numClasses + 1, timeDim) : null
    this.inp = new nn.Conv2d(channels, width, 3, { padding: 1 })
    this.down = new nn.ModuleList()
    this.pool = new nn.ModuleList()
    this.up = new nn.ModuleList()
    this.upc = new nn.ModuleList()
    let now = width
    widths.forEach((next, i) => {
      this.down.append(block(now, next))
      now = next
      if (i + 1 < widths.length) {
        this.pool.append(new nn.Conv2d(now, now, 3, { stride: 2, padding: 1 }))
      }
    })
    const last = now
    this.attn_d = new MapAttention(last, groups, heads)
    this.m1 = block(last, last)
    this.ma = new MapAttention(last, groups, heads)
    this.m2 = block(last, last)
    for (let i = widths.length - 1; i >= 0; i--) {
      const next = widths[i] as number
      this.up.append(block(now + next, next))
      now = next
      if (i > 0) this.upc.append(new nn.Conv2d(now, now, 3, { padding: 1 }))
    }
    this.attn_u = new MapAttention(last, groups, heads)
    this.norm = new nn.GroupNorm(groups, now)
    this.out = new nn.Conv2d(now, channels, 3, { padding: 1 })
    const half = Math.floor(width / 2)
    this.registerBuffer('freq', arange(half).mul(-Math.log(10000)).div(half).exp())
  }

  private timeOf(t: Tensor, label: Tensor | null): Tensor {
    const angle = t.unsqueeze(1).to(this.freq.dtype).mul(this.freq)
    const time = this.t2(F.silu(this.t1(cat([angle.sin(), angle.cos()], 1))))
    if (this.label === null) return time
    const none = this.label.numEmbeddings - 1
    const classes = label === null ? t.mul(0).add(none) : label.where(label.ge(0), none)
    return time.add(this.label(classes))
  }

  override forward(x: Tensor, t: Tensor, label: Tensor | null = null): Tensor {
    const factor = 2 ** this.pool.length
    requireTensor('DiffusionUNet', 'x', x)
    requireTensor('DiffusionUNet', 't', t)
    if (label !== null) requireTensor('DiffusionUNet', 'label', label)
    if (x.ndim !== 4 || x.shape.slice(2).some((size) => size % factor !== 0)) {
      throw new ShapeError(
        'DiffusionUNet',
        { x },
        `images must be [N, C, H, W] with sides that ${factor} divides`,
        'pad or resize them',
      )
    }
    const time = this.timeOf(t, label)
    const pools = [...this.pool]
    const downs = [...this.down]
    const skips: Tensor[] = []
    let y = this.inp(x)
    downs.forEach((block, i) => {
      y = block(y, time)
      if (i === downs.length - 1) y = this.attn_d(y)
      skips.push(y)
      const pool = pools[i]
      if (pool !== undefined) y = pool(y)
    })
    y = this.m2(this.ma(this.m1(y, time)), time)
    const convolutions = [...this.upc]
    const ups = [...this.up]
    ups.forEach((block, i) => {
      y = block(cat([y, skips.pop() as Tensor], 1), time)
      if (i === 0) y = this.attn_u(y)
      const convolution = convolutions[i]
      if (convolution !== undefined) {
        y = convolution(F.interpolate(y, { scaleFactor: 2, mode: 'nearest' }))
      }
    })
    return this.out(F.silu(this.norm(y)))
  }
}
