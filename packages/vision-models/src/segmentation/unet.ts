import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireNumberList, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** Twice: 3 × 3 convolution without bias, batch norm, ReLU. */
class DoubleConv extends nn.Module {
  conv: nn.Sequential

  constructor(inChannels: number, outChannels: number) {
    super()
    const size = { padding: 1, bias: false }
    this.conv = new nn.Sequential(
      new nn.Conv2d(inChannels, outChannels, 3, size),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(true),
      new nn.Conv2d(outChannels, outChannels, 3, size),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(true),
    )
  }

  override forward(x: Tensor): Tensor {
    return this.conv(x)
  }
}

export interface UNetOptions {
  /** Default 3. */
  readonly inChannels?: number
  /** Maps of logits: 1 for a mask, the number of classes otherwise. Default 1. */
  readonly outChannels?: number
  /** Channels on the way down. Default `[64, 128, 256, 512]`. */
  readonly features?: readonly number[]
}

/**
 * U-Net: convolutions down to a bottleneck of twice the last width, and up again, where each level
 * sees what the way down saw at its size. Images whose sides are not multiples of 2 at each level
 * are resized to the skip connection's on the way up.
 *
 * Shapes: `[N, inChannels, H, W]` with sides of at least 2 for each level -> logits
 * `[N, outChannels, H, W]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see Ronneberger, Fischer and Brox 2015, https://arxiv.org/abs/1505.04597
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { UNet } from '@flambeau/vision-models'
 * const net = new UNet({ features: [8, 16] })
 * console.log(net(ones([1, 3, 21, 30])).shape) // => [ 1, 1, 21, 30 ]
 * ```
 */
export class UNet extends nn.Module {
  downs: nn.ModuleList
  ups: nn.ModuleList
  pool: nn.MaxPool2d
  bottleneck: nn.Module
  final_conv: nn.Conv2d

  constructor(options: UNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { inChannels = 3, outChannels = 1, features = [64, 128, 256, 512] } = options
    this.downs = new nn.ModuleList()
    this.ups = new nn.ModuleList()
    this.pool = new nn.MaxPool2d(2, 2)
    let channels = inChannels
    requireNumberList('UNet', 'features', features)
    for (const feature of features) {
      this.downs.append(new DoubleConv(channels, feature))
      channels = feature
    }
    for (const feature of features.toReversed()) {
      this.ups.append(new nn.ConvTranspose2d(feature * 2, feature, 2, { stride: 2 }))
      this.ups.append(new DoubleConv(feature * 2, feature))
    }
    this.bottleneck = new DoubleConv(channels, channels * 2)
    this.final_conv = new nn.Conv2d(features[0] ?? inChannels, outChannels, 1)
  }

  override forward(x: Tensor): Tensor {
    const skips: Tensor[] = []
    let y = x
    for (const down of this.downs) {
      const seen = down(y)
      skips.push(seen)
      y = this.pool(seen)
    }
    y = this.bottleneck(y)
    const ups = [...this.ups]
    for (let i = 0; i < ups.length; i += 2) {
      const skip = skips.pop() as Tensor
      y = (ups[i] as nn.Module)(y)
      const [height, width] = skip.shape.slice(2) as [number, number]
      if (y.shape[2] !== height || y.shape[3] !== width) {
        y = F.interpolate(y, { size: [height, width], mode: 'bilinear' })
      }
      y = (ups[i + 1] as nn.Module)(cat([skip, y], 1))
    }
    return this.final_conv(y)
  }
}
