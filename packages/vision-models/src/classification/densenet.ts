import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireNumberList, requireOneOf, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** Depths of DenseNet: the number of layers with weights. */
export type DenseNetDepth = 121 | 169 | 201

/** For each depth, the layers in each of the four blocks. */
const LAYERS: Record<DenseNetDepth, readonly number[]> = {
  121: [6, 12, 24, 16],
  169: [6, 12, 32, 32],
  201: [6, 12, 48, 32],
}

export interface DenseNetOptions {
  /** Default 1000. */
  readonly numClasses?: number
  /** Channels that each layer adds. Default 32. */
  readonly growthRate?: number
  /** Layers in each block, in place of those of the depth. */
  readonly blocks?: readonly number[]
  /** Channels of the first convolution. Default 64. */
  readonly numInitFeatures?: number
  /** Width of the 1 × 1 convolution, in growth rates. Default 4. */
  readonly bnSize?: number
  /** After each layer. Default 0. */
  readonly dropRate?: number
  /** Default 3. */
  readonly inChannels?: number
}

/** Norm, ReLU, 1 × 1, norm, ReLU, 3 × 3: gives `growthRate` new channels. */
class DenseLayer extends nn.Module {
  norm1: nn.BatchNorm2d
  conv1: nn.Conv2d
  norm2: nn.BatchNorm2d
  conv2: nn.Conv2d
  readonly dropRate: number

  constructor(inChannels: number, growthRate: number, bnSize: number, dropRate: number) {
    super()
    const width = bnSize * growthRate
    this.norm1 = new nn.BatchNorm2d(inChannels)
    this.conv1 = new nn.Conv2d(inChannels, width, 1, { bias: false })
    this.norm2 = new nn.BatchNorm2d(width)
    this.conv2 = new nn.Conv2d(width, growthRate, 3, { padding: 1, bias: false })
    this.dropRate = dropRate
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv1(F.relu(this.norm1(x), true))
    const out = this.conv2(F.relu(this.norm2(y), true))
    return this.dropRate > 0 ? F.dropout(out, this.dropRate, this.training) : out
  }
}

/** Layers of which each sees what all before it gave. */
class DenseBlock extends nn.Module {
  constructor(count: number, inChannels: number, growth: number, bnSize: number, drop: number) {
    super()
    for (let i = 0; i < count; i++) {
      const layer = new DenseLayer(inChannels + i * growth, growth, bnSize, drop)
      this.registerModule(`denselayer${i + 1}`, layer)
    }
  }

  override forward(x: Tensor): Tensor {
    let seen = x
    for (const layer of this.children() as Iterable<DenseLayer>) seen = cat([seen, layer(seen)], 1)
    return seen
  }
}

/** Between two blocks: half the channels, half the size. */
function transition(inChannels: number): nn.Sequential {
  return new nn.Sequential({
    norm: new nn.BatchNorm2d(inChannels),
    relu: new nn.ReLU(true),
    conv: new nn.Conv2d(inChannels, Math.floor(inChannels / 2), 1, { bias: false }),
    pool: new nn.AvgPool2d(2, 2),
  })
}

/**
 * DenseNet with 121, 169 or 201 layers, with torchvision's state-dict keys and initial weights.
 *
 * Shapes: `[N, inChannels, H, W]`, 29 pixels a side or more -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see torchvision.models.densenet121; Huang et al. 2016, https://arxiv.org/abs/1608.06993
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { DenseNet } from '@flambeau/vision-models'
 * const small = new DenseNet(121, { numClasses: 10, growthRate: 8, blocks: [2, 2, 2, 2] })
 * console.log(small(ones([2, 3, 32, 32])).shape) // => [ 2, 10 ]
 * ```
 */
export class DenseNet extends nn.Module {
  features: nn.Sequential
  classifier: nn.Linear

  constructor(depth: DenseNetDepth, options: DenseNetOptions = {}) {
    super()
    requireOptions('DenseNet', options)
    const { numClasses = 1000, growthRate = 32, bnSize = 4, dropRate = 0 } = options
    if (options.blocks === undefined) {
      requireOneOf('DenseNet', 'depth', depth, Object.keys(LAYERS).map(Number))
    }
    const { blocks = LAYERS[depth], numInitFeatures = 64, inChannels = 3 } = options
    requireNumberList('DenseNet', 'blocks', blocks)
    let channels = numInitFeatures
    const features: Record<string, nn.Module> = {
      conv0: new nn.Conv2d(inChannels, channels, 7, { stride: 2, padding: 3, bias: false }),
      norm0: new nn.BatchNorm2d(channels),
      relu0: new nn.ReLU(true),
      pool0: new nn.MaxPool2d(3, { stride: 2, padding: 1 }),
    }
    blocks.forEach((count, i) => {
      const block = new DenseBlock(count, channels, growthRate, bnSize, dropRate)
      features[`denseblock${i + 1}`] = block
      channels += count * growthRate
      if (i === blocks.length - 1) return
      features[`transition${i + 1}`] = transition(channels)
      channels = Math.floor(channels / 2)
    })
    features['norm5'] = new nn.BatchNorm2d(channels)
    this.features = new nn.Sequential(features)
    this.classifier = new nn.Linear(channels, numClasses)
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d) nn.init.kaimingNormal_(module.weight)
      else if (module instanceof nn.Linear) nn.init.zeros_(module.bias as nn.Parameter)
    }
  }

  override forward(x: Tensor): Tensor {
    const features = F.relu(this.features(x), true)
    return this.classifier(F.adaptiveAvgPool2d(features, [1, 1]).flatten(1))
  }
}
