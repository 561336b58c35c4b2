import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** A convolution without bias, batch norm and ReLU. */
class ConvNorm extends nn.Module {
  conv: nn.Conv2d
  bn: nn.BatchNorm2d

  constructor(inChannels: number, outChannels: number, size: number, stride = 1) {
    super()
    const padding = Math.floor(size / 2)
    this.conv = new nn.Conv2d(inChannels, outChannels, size, { stride, padding, bias: false })
    this.bn = new nn.BatchNorm2d(outChannels, { eps: 0.001 })
  }

  override forward(x: Tensor): Tensor {
    return F.relu(this.bn(this.conv(x)), true)
  }
}

/** Channels of an {@link Inception} block's paths. */
export interface InceptionWidths {
  readonly ch1x1: number
  readonly ch3x3red: number
  readonly ch3x3: number
  readonly ch5x5red: number
  readonly ch5x5: number
  readonly poolProj: number
}

/**
 * Four paths side by side, joined along the channels: 1 × 1; 1 × 1 and 3 × 3; 1 × 1 and a second
 * 3 × 3 (which torchvision has where the paper says 5 × 5, and so its weights need it); pooling and
 * 1 × 1.
 *
 * Shapes: `[N, inChannels, H, W]` -> `[N, ch1x1 + ch3x3 + ch5x5 + poolProj, H, W]`.
 *
 * @throws {ShapeError} for other channels.
 * @see torchvision.models.googlenet.Inception
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Inception } from '@flambeau/vision-models'
 * const widths = { ch1x1: 4, ch3x3red: 2, ch3x3: 8, ch5x5red: 2, ch5x5: 4, poolProj: 4 }
 * console.log(new Inception(16, widths)(ones([1, 16, 7, 7])).shape) // => [ 1, 20, 7, 7 ]
 * ```
 */
export class Inception extends nn.Module {
  branch1: nn.Module
  branch2: nn.Sequential
  branch3: nn.Sequential
  branch4: nn.Sequential

  constructor(inChannels: number, widths: InceptionWidths) {
    super()
    requireOptions('Inception', widths, ['ch1x1'])
    this.branch1 = new ConvNorm(inChannels, widths.ch1x1, 1)
    this.branch2 = new nn.Sequential(
      new ConvNorm(inChannels, widths.ch3x3red, 1),
      new ConvNorm(widths.ch3x3red, widths.ch3x3, 3),
    )
    this.branch3 = new nn.Sequential(
      new ConvNorm(inChannels, widths.ch5x5red, 1),
      new ConvNorm(widths.ch5x5red, widths.ch5x5, 3),
    )
    this.branch4 = new nn.Sequential(
      new nn.MaxPool2d(3, { stride: 1, padding: 1, ceilMode: true }),
      new ConvNorm(inChannels, widths.poolProj, 1),
    )
  }

  override forward(x: Tensor): Tensor {
    return cat([this.branch1(x), this.branch2(x), this.branch3(x), this.branch4(x)], 1)
  }
}

/** A classifier in the middle of the network, which is there for its gradients while training. */
class AuxiliaryHead extends nn.Module {
  readonly conv: ConvNorm
  fc1: nn.Linear
  fc2: nn.Linear
  dropout: nn.Dropout

  constructor(inChannels: number, numClasses: number, dropout: number) {
    super()
    this.conv = new ConvNorm(inChannels, 128, 1)
    this.fc1 = new nn.Linear(2048, 1024)
    this.fc2 = new nn.Linear(1024, numClasses)
    this.dropout = new nn.Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv(F.adaptiveAvgPool2d(x, [4, 4])).flatten(1)
    return this.fc2(this.dropout(F.relu(this.fc1(y), true)))
  }
}

export interface GoogLeNetOptions {
  /** Default 1000. */
  readonly numClasses?: number
  /** Have the two auxiliary heads. Default true. */
  readonly auxLogits?: boolean
  /** Before the last linear layer. Default 0.2. */
  readonly dropout?: number
  /** Inside the auxiliary heads. Default 0.7. */
  readonly dropoutAux?: number
  /** Default 3. */
  readonly inChannels?: number
}

/** What GoogLeNet gives: the logits, and those of the auxiliary heads while training. */
export interface GoogLeNetOutput {
  readonly logits: Tensor
  readonly auxLogits1: Tensor | null
  readonly auxLogits2: Tensor | null
}

const widths = (...w: [number, number, number, number, number, number]): InceptionWidths => ({
  ch1x1: w[0],
  ch3x3red: w[1],
  ch3x3: w[2],
  ch5x5red: w[3],
  ch5x5: w[4],
  poolProj: w[5],
})

/**
 * GoogLeNet (Inception v1) with batch norm, with torchvision's state-dict keys and initial weights.
 * `forward` gives the logits; `withAuxiliary` those of all heads, for the loss: the auxiliary ones
 * count 0.3 each in the paper.
 *
 * Shapes: `[N, inChannels, H, W]`, 15 pixels a side or more (224 in the paper) -> logits
 * `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see torchvision.models.googlenet; Szegedy et al. 2014, https://arxiv.org/abs/1409.4842
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { GoogLeNet } from '@flambeau/vision-models'
 * const net = new GoogLeNet({ numClasses: 10 })
 * const { logits, auxLogits2 } = net.withAuxiliary(ones([2, 3, 64, 64]))
 * console.log(logits.shape, auxLogits2?.shape) // => [ 2, 10 ] [ 2, 10 ]
 * ```
 */
export class GoogLeNet extends nn.Module {
  conv1: nn.Module
  maxpool1: nn.MaxPool2d
  conv2: nn.Module
  conv3: nn.Module
  maxpool2: nn.MaxPool2d
  readonly inception3a: Inception
  readonly inception3b: Inception
  maxpool3: nn.MaxPool2d
  readonly inception4a: Inception
  readonly inception4b: Inception
  readonly inception4c: Inception
  readonly inception4d: Inception
  readonly inception4e: Inception
  maxpool4: nn.MaxPool2d
  readonly inception5a: Inception
  readonly inception5b: Inception
  aux1: nn.Module | null
  aux2: nn.Module | null
  avgpool: nn.AdaptiveAvgPool2d
  dropout: nn.Dropout
  fc: nn.Linear

  constructor(options: GoogLeNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 1000, auxLogits = true, dropout = 0.2, dropoutAux = 0.7 } = options
    this.conv1 = new ConvNorm(options.inChannels ?? 3, 64, 7, 2)
    this.maxpool1 = new nn.MaxPool2d(3, { stride: 2, ceilMode: true })
    this.conv2 = new ConvNorm(64, 64, 1)
    this.conv3 = new ConvNorm(64, 192, 3)
    this.maxpool2 = new nn.MaxPool2d(3, { stride: 2, ceilMode: true })
    this.inception3a = new Inception(192, widths(64, 96, 128, 16, 32, 32))
    this.inception3b = new Inception(256, widths(128, 128, 192, 32, 96, 64))
    this.maxpool3 = new nn.MaxPool2d(3, { stride: 2, ceilMode: true })
    this.inception4a = new Inception(480, widths(192, 96, 208, 16, 48, 64))
    this.inception4b = new Inception(512, widths(160, 112, 224, 24, 64, 64))
    this.inception4c = new Inception(512, widths(128, 128, 256, 24, 64, 64))
    this.inception4d = new Inception(512, widths(112, 144, 288, 32, 64, 64))
    this.inception4e = new Inception(528, widths(256, 160, 320, 32, 128, 128))
    this.maxpool4 = new nn.MaxPool2d(2, { stride: 2, ceilMode: true })
    this.inception5a = new Inception(832, widths(256, 160, 320, 32, 128, 128))
    this.inception5b = new Inception(832, widths(384, 192, 384, 48, 128, 128))
    this.aux1 = auxLogits ? new AuxiliaryHead(512, numClasses, dropoutAux) : null
    this.aux2 = auxLogits ? new AuxiliaryHead(528, numClasses, dropoutAux) : null
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1])
    this.dropout = new nn.Dropout(dropout)
    this.fc = new nn.Linear(1024, numClasses)
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d || module instanceof nn.Linear) {
        nn.init.truncNormal_(module.weight, 0, 0.01, -2, 2)
      }
    }
  }

  override forward(x: Tensor): Tensor {
    return this.withAuxiliary(x).logits
  }

  /** The logits of all heads; the auxiliary ones are null in evaluation. */
  withAuxiliary(x: Tensor): GoogLeNetOutput {
    const heads = this.training
    let y = this.conv3(this.conv2(this.maxpool1(this.conv1(x))))
    y = this.inception3b(this.inception3a(this.maxpool2(y)))
    y = this.inception4a(this.maxpool3(y))
    const auxLogits1 = heads && this.aux1 !== null ? this.aux1(y) : null
    y = this.inception4d(this.inception4c(this.inception4b(y)))
    const auxLogits2 = heads && this.aux2 !== null ? this.aux2(y) : null
    y = this.inception5b(this.inception5a(this.maxpool4(this.inception4e(y))))
    return { logits: this.fc(this.dropout(this.avgpool(y).flatten(1))), auxLogits1, auxLogits2 }
  }
}
