import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { ResNetDepth } from '../classification/resnet.ts'
import { ResNet } from '../classification/resnet.ts'

const F = nn.functional

/** A convolution without bias, batch norm and ReLU. */
function convNorm(inChannels: number, outChannels: number, size: number): nn.Sequential {
  const padding = Math.floor(size / 2)
  return new nn.Sequential(
    new nn.Conv2d(inChannels, outChannels, size, { padding, bias: false }),
    new nn.BatchNorm2d(outChannels),
    new nn.ReLU(true),
  )
}

/** Beside the input: its means over 1, 4, 9 and 36 regions, scaled back up. */
class PyramidPooling extends nn.Module {
  readonly bins: readonly number[]
  stages: nn.ModuleList

  constructor(channels: number, bins: readonly number[]) {
    super()
    this.bins = bins
    const width = Math.max(1, Math.floor(channels / bins.length))
    this.stages = new nn.ModuleList(bins.map(() => convNorm(channels, width, 1)))
  }

  override forward(x: Tensor): Tensor {
    const size = x.shape.slice(2) as [number, number]
    const parts = [x]
    let i = 0
    for (const stage of this.stages) {
      const bin = this.bins[i++] as number
      const pooled = stage(F.adaptiveAvgPool2d(x, [bin, bin]))
      parts.push(F.interpolate(pooled, { size, mode: 'bilinear' }))
    }
    return cat(parts, 1)
  }
}

export interface PSPNetOptions {
  /** Default 21. */
  readonly numClasses?: number
  /** Default 3. */
  readonly inChannels?: number
  /** Of the ResNet below. Default 50. */
  readonly depth?: ResNetDepth
  /** Sides of the pooled maps. Default `[1, 2, 3, 6]`. */
  readonly bins?: readonly number[]
  /** Before the last convolution. Default 0.1. */
  readonly dropout?: number
}

/**
 * PSPNet: a ResNet whose last two stages keep their size by dilation, and a pyramid of means over
 * ever larger regions, which tells each pixel what the scene is.
 *
 * Shapes: `[N, inChannels, H, W]`, 48 pixels a side or more with the default bins -> logits
 * `[N, numClasses, H, W]`.
 *
 * @throws {ShapeError} for images of other channels.
 * @see Zhao et al. 2016, https://arxiv.org/abs/1612.01105
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { PSPNet } from '@flambeau/vision-models'
 * const net = new PSPNet({ depth: 18, numClasses: 3 })
 * console.log(net.eval()(ones([1, 3, 64, 80])).shape) // => [ 1, 3, 64, 80 ]
 * ```
 */
export class PSPNet extends nn.Module {
  readonly backbone: ResNet
  pyramid: nn.Module
  head: nn.Sequential

  constructor(options: PSPNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 21, inChannels = 3, depth = 50, dropout = 0.1 } = options
    const { bins = [1, 2, 3, 6] } = options
    this.backbone = new ResNet(depth, {
      inChannels,
      replaceStrideWithDilation: [false, true, true],
    })
    const channels = this.backbone.fc.inFeatures
    // The classifier of images is not asked.
    this.backbone.registerModule('fc', null)
    this.pyramid = new PyramidPooling(channels, bins)
    const joined = channels + bins.length * Math.max(1, Math.floor(channels / bins.length))
    const width = Math.floor(channels / 4)
    this.head = convNorm(joined, width, 3).extend([
      new nn.Dropout2d(dropout),
      new nn.Conv2d(width, numClasses, 1),
    ])
  }

  override forward(x: Tensor): Tensor {
    requireTensor('PSPNet', 'x', x)
    const size = x.shape.slice(2) as [number, number]
    const logits = this.head(this.pyramid(this.backbone.stages(x)[3]))
    return F.interpolate(logits, { size, mode: 'bilinear' })
  }
}
