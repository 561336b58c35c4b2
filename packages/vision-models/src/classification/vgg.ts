import type { Tensor } from '@flambeau/core'
import { requireOneOf, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/** Depths of VGG: the number of layers with weights. */
export type VGGDepth = 11 | 13 | 16 | 19

/** For each depth, the number of convolutions at each of the five resolutions. */
const CONVOLUTIONS: Record<VGGDepth, readonly number[]> = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
}
const CHANNELS = [64, 128, 256, 512, 512]

export interface VGGOptions {
  /** Default 1000. */
  readonly numClasses?: number
  /** After the first two linear layers. Default 0.5. */
  readonly dropout?: number
  /** Normalise after each convolution. Default false. */
  readonly batchNorm?: boolean
  /** Default 3. */
  readonly inChannels?: number
}

/** The convolutional part of VGG: 3 × 3 convolutions, halved five times. @internal */
export function vggFeatures(
  depth: VGGDepth,
  inChannels: number,
  batchNorm: boolean,
): nn.Sequential {
  const layers = new nn.Sequential()
  let channels = inChannels
  requireOneOf('VGG', 'depth', depth, Object.keys(CONVOLUTIONS).map(Number))
  CONVOLUTIONS[depth].forEach((count, stage) => {
    const width = CHANNELS[stage] as number
    for (let i = 0; i < count; i++) {
      layers.append(new nn.Conv2d(channels, width, 3, { padding: 1 }))
      if (batchNorm) layers.append(new nn.BatchNorm2d(width))
      layers.append(new nn.ReLU(true))
      channels = width
    }
    layers.append(new nn.MaxPool2d(2, 2))
  })
  return layers
}

/**
 * VGG with 11, 13, 16 or 19 layers, with torchvision's state-dict keys and initial weights.
 *
 * Shapes: `[N, inChannels, H, W]`, 32 pixels a side or more -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see torchvision.models.vgg16; Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { VGG } from '@flambeau/vision-models'
 * const net = new VGG(11, { numClasses: 10, batchNorm: true })
 * console.log(net(ones([2, 3, 32, 32])).shape) // => [ 2, 10 ]
 * ```
 */
export class VGG extends nn.Module {
  features: nn.Sequential
  avgpool: nn.AdaptiveAvgPool2d
  classifier: nn.Sequential

  constructor(depth: VGGDepth, options: VGGOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 1000, dropout = 0.5, batchNorm = false, inChannels = 3 } = options
    this.features = vggFeatures(depth, inChannels, batchNorm)
    this.avgpool = new nn.AdaptiveAvgPool2d([7, 7])
    this.classifier = new nn.Sequential(
      new nn.Linear(512 * 7 * 7, 4096),
      new nn.ReLU(true),
      new nn.Dropout(dropout),
      new nn.Linear(4096, 4096),
      new nn.ReLU(true),
      new nn.Dropout(dropout),
      new nn.Linear(4096, numClasses),
    )
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d) {
        nn.init.kaimingNormal_(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
        nn.init.zeros_(module.bias as nn.Parameter)
      } else if (module instanceof nn.Linear) {
        nn.init.normal_(module.weight, 0, 0.01)
        nn.init.zeros_(module.bias as nn.Parameter)
      }
    }
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.avgpool(this.features(x)).flatten(1))
  }
}

/**
 * VGG-11 as it is drawn in lectures: one input channel, ten classes, PyTorch's default initial
 * weights, which need a small learning rate.
 *
 * Shapes: `[N, 1, 224, 224]` -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels or sizes.
 * @see Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { VGGGray } from '@flambeau/vision-models'
 * console.log(new VGGGray({ imageSize: 32 })(ones([2, 1, 32, 32])).shape) // => [ 2, 10 ]
 * ```
 */
export class VGGGray extends nn.Module {
  features: nn.Sequential
  classifier: nn.Sequential

  constructor(options: { numClasses?: number; dropout?: number; imageSize?: number } = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 10, dropout = 0.5, imageSize = 224 } = options
    const side = Math.floor(imageSize / 32)
    this.features = vggFeatures(11, 1, false)
    this.classifier = new nn.Sequential(
      new nn.Linear(512 * side * side, 4096),
      new nn.ReLU(),
      new nn.Dropout(dropout),
      new nn.Linear(4096, 4096),
      new nn.ReLU(),
      new nn.Dropout(dropout),
      new nn.Linear(4096, numClasses),
    )
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x).flatten(1))
  }
}
