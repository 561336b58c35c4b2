import type { Tensor } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { arange, zeros } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { vggFeatures } from '../classification/vgg.ts'

/** How many pixels one number of the coarsest map stands for when it is scaled up at the end. */
export type FCNStride = 32 | 16 | 8

export interface FCNOptions {
  /** Default 21, as Pascal VOC with its background. */
  readonly numClasses?: number
  /** Default 3. */
  readonly inChannels?: number
  /** Width of the two convolutions which take the place of VGG's linear layers. Default 4096. */
  readonly headWidth?: number
  /** After each of the two. Default 0.5. */
  readonly dropout?: number
}

/** Makes a transposed convolution scale up bilinearly, each channel by itself. */
function bilinear_(layer: nn.ConvTranspose2d): nn.ConvTranspose2d {
  const [channels, , size] = layer.weight.shape as [number, number, number]
  const factor = Math.floor((size + 1) / 2)
  const center = size % 2 === 1 ? factor - 1 : factor - 0.5
  const line = arange(size).sub(center).abs().div(factor).neg().add(1)
  const kernel = line.unsqueeze(1).mul(line)
  const weight = zeros(layer.weight.shape)
  for (let c = 0; c < channels; c++) weight.setAt([c, c], kernel)
  noGrad(() => layer.weight.copy_(weight))
  return layer
}

/** Scales logits up by `factor`, learnt from bilinear interpolation on. */
function upscale(classes: number, factor: number): nn.ConvTranspose2d {
  const options = { stride: factor, padding: factor / 2, bias: false }
  return bilinear_(new nn.ConvTranspose2d(classes, classes, 2 * factor, options))
}

/**
 * A fully convolutional network on VGG-16: FCN-32s, -16s or -8s, where the finer ones add the
 * predictions of earlier layers.
 *
 * Shapes: `[N, inChannels, H, W]`, 32 pixels a side or more -> logits `[N, numClasses, H, W]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see Long, Shelhamer and Darrell 2014, https://arxiv.org/abs/1411.4038
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { FCN } from '@flambeau/vision-models'
 * const net = new FCN(8, { numClasses: 4, headWidth: 64 })
 * console.log(net(ones([1, 3, 40, 56])).shape) // => [ 1, 4, 40, 56 ]
 * ```
 */
export class FCN extends nn.Module {
  readonly stride: FCNStride
  stage3: nn.Sequential
  stage4: nn.Sequential
  stage5: nn.Sequential
  head: nn.Sequential
  readonly score3: nn.Conv2d | null = null
  readonly score4: nn.Conv2d | null = null
  readonly up5: nn.ConvTranspose2d | null = null
  readonly up4: nn.ConvTranspose2d | null = null

  constructor(stride: FCNStride, options: FCNOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 21, inChannels = 3, headWidth = 4096, dropout = 0.5 } = options
    this.stride = stride
    // VGG-16's layers up to the third, fourth and fifth pooling.
    const vgg = vggFeatures(16, inChannels, false)
    for (const module of vgg) {
      if (!(module instanceof nn.Conv2d)) continue
      nn.init.kaimingNormal_(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      nn.init.zeros_(module.bias as nn.Parameter)
    }
    this.stage3 = vgg.slice(0, 17)
    this.stage4 = vgg.slice(17, 24)
    this.stage5 = vgg.slice(24, 31)
    this.head = new nn.Sequential(
      new nn.Conv2d(512, headWidth, 7, { padding: 3 }),
      new nn.ReLU(true),
      new nn.Dropout2d(dropout),
      new nn.Conv2d(headWidth, headWidth, 1),
      new nn.ReLU(true),
      new nn.Dropout2d(dropout),
      new nn.Conv2d(headWidth, numClasses, 1),
    )
    if (stride <= 16) {
      this.score4 = new nn.Conv2d(512, numClasses, 1)
      this.up5 = upscale(numClasses, 2)
    }
    if (stride === 8) {
      this.score3 = new nn.Conv2d(256, numClasses, 1)
      this.up4 = upscale(numClasses, 2)
    }
  }

  override forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(2) as [number, number]
    const c3 = this.stage3(x)
    const c4 = this.stage4(c3)
    let scores = this.head(this.stage5(c4))
    if (this.up5 !== null && this.score4 !== null) {
      scores = this.up5(scores, c4.shape.slice(2)).add(this.score4(c4))
    }
    if (this.up4 !== null && this.score3 !== null) {
      scores = this.up4(scores, c3.shape.slice(2)).add(this.score3(c3))
    }
    return nn.functional.interpolate(scores, { size: [height, width], mode: 'bilinear' })
  }
}
