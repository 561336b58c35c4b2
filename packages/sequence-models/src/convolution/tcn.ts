import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireCounts, requireNumberList, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** A convolution that sees the present and the past only, with length and direction of weights apart. */
class CausalConv extends nn.Module {
  readonly left: number
  conv: nn.Conv1d

  constructor(inChannels: number, outChannels: number, kernelSize: number, dilation: number) {
    super()
    this.left = (kernelSize - 1) * dilation
    this.conv = new nn.Conv1d(inChannels, outChannels, kernelSize, { dilation })
    nn.utils.weightNorm(this.conv)
  }

  override forward(x: Tensor): Tensor {
    return this.conv(F.pad(x, [this.left, 0]))
  }
}

/** Two causal convolutions of one dilation, and a shortcut. */
class TemporalBlock extends nn.Module {
  readonly conv1: CausalConv
  readonly conv2: CausalConv
  dropout: nn.Dropout
  downsample: nn.Conv1d | null

  constructor(
    [inChannels, outChannels]: readonly [number, number],
    kernelSize: number,
    dilation: number,
    dropout: number,
  ) {
    super()
    this.conv1 = new CausalConv(inChannels, outChannels, kernelSize, dilation)
    this.conv2 = new CausalConv(outChannels, outChannels, kernelSize, dilation)
    this.dropout = new nn.Dropout(dropout)
    this.downsample = inChannels === outChannels ? null : new nn.Conv1d(inChannels, outChannels, 1)
  }

  override forward(x: Tensor): Tensor {
    let y = this.dropout(this.conv1(x).relu())
    y = this.dropout(this.conv2(y).relu())
    return y.add(this.downsample === null ? x : this.downsample(x)).relu()
  }
}

export interface TCNOptions {
  readonly inChannels: number
  /** The channels of each block; block i has dilation 2^i. */
  readonly channels: readonly number[]
  /** Default 2. */
  readonly kernelSize?: number
  /** After each convolution, while training. Default 0.2. */
  readonly dropout?: number
}

/**
 * A temporal convolutional network: blocks of causal convolutions, weight-normalised, with dilations
 * 1, 2, 4, … and shortcuts. An output depends on `receptiveField` steps up to its own, and on none
 * after it.
 *
 * Shapes: `[N, inChannels, T]` -> `[N, channels.at(-1), T]`.
 *
 * @throws {ShapeError} for other shapes, or no step. @throws {ValueError} for sizes that cannot be.
 * @see Bai, Kolter and Koltun 2018, https://arxiv.org/abs/1803.01271
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { TCN } from '@flambeau/sequence-models'
 * const net = new TCN({ inChannels: 3, channels: [8, 8, 8], kernelSize: 3 })
 * console.log(net(randn([2, 3, 50])).shape, net.receptiveField) // => [ 2, 8, 50 ] 29
 * ```
 */
export class TCN extends nn.Module {
  readonly inChannels: number
  /** How many steps an output depends on. */
  readonly receptiveField: number
  network: nn.Sequential

  constructor(options: TCNOptions) {
    super()
    requireOptions('TCN', options, ['inChannels', 'channels'])
    const { inChannels, channels, kernelSize = 2, dropout = 0.2 } = options
    requireCounts('TCN', { inChannels, kernelSize }, 1)
    requireNumberList('TCN', 'channels', channels)
    if (channels.length === 0) {
      throw new ValueError('TCN', { channels }, 'there must be a block', 'pass [32, 32, 32]')
    }
    for (const width of channels) requireCounts('TCN', { channels: width }, 1)
    this.inChannels = inChannels
    this.receptiveField = 1 + 2 * (kernelSize - 1) * (2 ** channels.length - 1)
    const blocks = channels.map((width, i) => {
      const before = i === 0 ? inChannels : (channels[i - 1] as number)
      return new TemporalBlock([before, width], kernelSize, 2 ** i, dropout)
    })
    this.network = new nn.Sequential(...blocks)
  }

  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 || x.shape[1] !== this.inChannels || x.shape[2] === 0) {
      const rule = `x must be [N, ${this.inChannels}, T] with at least one step`
      throw new ShapeError('TCN', { x }, rule, 'transpose(1, 2) of [N, T, channels]')
    }
    return this.network(x)
  }
}
