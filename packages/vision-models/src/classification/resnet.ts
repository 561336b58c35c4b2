import type { Tensor } from '@flambeau/core'
import { requireCount, requireOneOf, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** Depths of ResNet: the number of layers with weights. */
export type ResNetDepth = 18 | 34 | 50 | 101 | 152

export interface ResNetOptions {
  /** Default 1000. */
  readonly numClasses?: number
  /** Default 3. */
  readonly inChannels?: number
  /**
   * `imagenet` begins with a 7 × 7 convolution of stride 2 and a pooling, `cifar` with a 3 × 3
   * convolution that keeps the size. Default `imagenet`.
   */
  readonly stem?: 'imagenet' | 'cifar'
  /** For each of the last three stages, keep the size and look as far by dilation. Default none. */
  readonly replaceStrideWithDilation?: readonly [boolean, boolean, boolean]
  /** Start each block as the identity, by zeros in its last norm's weights. Default false. */
  readonly zeroInitResidual?: boolean
}

/** The path beside a block where shapes change, or null. */
function shortcut(inChannels: number, outChannels: number, stride: number): nn.Sequential | null {
  if (stride === 1 && inChannels === outChannels) return null
  return new nn.Sequential(
    new nn.Conv2d(inChannels, outChannels, 1, { stride, bias: false }),
    new nn.BatchNorm2d(outChannels),
  )
}

/**
 * The residual block of ResNet-18 and -34: two 3 × 3 convolutions beside a shortcut.
 *
 * Shapes: `[N, inChannels, H, W]` -> `[N, outChannels, ⌈H / stride⌉, ⌈W / stride⌉]`.
 *
 * @throws {ShapeError} for other channels.
 * @see torchvision.models.resnet.BasicBlock; He et al. 2015, https://arxiv.org/abs/1512.03385
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { BasicBlock } from '@flambeau/vision-models'
 * console.log(new BasicBlock(8, 16, 2)(ones([1, 8, 6, 6])).shape) // => [ 1, 16, 3, 3 ]
 * ```
 */
export class BasicBlock extends nn.Module {
  static readonly expansion: number = 1
  conv1: nn.Conv2d
  bn1: nn.BatchNorm2d
  conv2: nn.Conv2d
  bn2: nn.BatchNorm2d
  downsample: nn.Sequential | null

  constructor(inChannels: number, outChannels: number, stride = 1, dilation = 1) {
    super()
    const wide = { padding: dilation, dilation, bias: false }
    this.conv1 = new nn.Conv2d(inChannels, outChannels, 3, { ...wide, stride })
    this.bn1 = new nn.BatchNorm2d(outChannels)
    this.conv2 = new nn.Conv2d(outChannels, outChannels, 3, wide)
    this.bn2 = new nn.BatchNorm2d(outChannels)
    this.downsample = shortcut(inChannels, outChannels, stride)
  }

  override forward(x: Tensor): Tensor {
    const y = F.relu(this.bn1(this.conv1(x)), true)
    const identity = this.downsample === null ? x : this.downsample(x)
    return F.relu(this.bn2(this.conv2(y)).add_(identity), true)
  }
}

/**
 * The residual block of the deeper ResNets: 1 × 1, 3 × 3 and 1 × 1 convolutions, four times as wide
 * at the end. The stride is that of the 3 × 3 convolution.
 *
 * Shapes: `[N, inChannels, H, W]` -> `[N, 4 · width, ⌈H / stride⌉, ⌈W / stride⌉]`.
 *
 * @throws {ShapeError} for other channels.
 * @see torchvision.models.resnet.Bottleneck; He et al. 2015, https://arxiv.org/abs/1512.03385
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Bottleneck } from '@flambeau/vision-models'
 * console.log(new Bottleneck(8, 4)(ones([1, 8, 6, 6])).shape) // => [ 1, 16, 6, 6 ]
 * ```
 */
export class Bottleneck extends nn.Module {
  static readonly expansion: number = 4
  conv1: nn.Conv2d
  bn1: nn.BatchNorm2d
  conv2: nn.Conv2d
  bn2: nn.BatchNorm2d
  conv3: nn.Conv2d
  bn3: nn.BatchNorm2d
  downsample: nn.Sequential | null

  constructor(inChannels: number, width: number, stride = 1, dilation = 1) {
    super()
    requireCount('Bottleneck', 'width', width, 1)
    const outChannels = width * Bottleneck.expansion
    this.conv1 = new nn.Conv2d(inChannels, width, 1, { bias: false })
    this.bn1 = new nn.BatchNorm2d(width)
    const wide = { stride, padding: dilation, dilation, bias: false }
    this.conv2 = new nn.Conv2d(width, width, 3, wide)
    this.bn2 = new nn.BatchNorm2d(width)
    this.conv3 = new nn.Conv2d(width, outChannels, 1, { bias: false })
    this.bn3 = new nn.BatchNorm2d(outChannels)
    this.downsample = shortcut(inChannels, outChannels, stride)
  }

  override forward(x: Tensor): Tensor {
    let y = F.relu(this.bn1(this.conv1(x)), true)
    y = F.relu(this.bn2(this.conv2(y)), true)
    const identity = this.downsample === null ? x : this.downsample(x)
    return F.relu(this.bn3(this.conv3(y)).add_(identity), true)
  }
}

/** For each depth, its block and how many there are at each resolution. */
const DEPTHS = {
  18: { Block: BasicBlock, counts: [2, 2, 2, 2] },
  34: { Block: BasicBlock, counts: [3, 4, 6, 3] },
  50: { Block: Bottleneck, counts: [3, 4, 6, 3] },
  101: { Block: Bottleneck, counts: [3, 4, 23, 3] },
  152: { Block: Bottleneck, counts: [3, 8, 36, 3] },
} as const

/**
 * ResNet with 18, 34, 50, 101 or 152 layers, with torchvision's state-dict keys and initial weights.
 *
 * Shapes: `[N, inChannels, H, W]` -> logits `[N, numClasses]`; any size from 32 pixels on.
 *
 * @throws {ShapeError} for images of other channels.
 * @see torchvision.models.resnet18; He et al. 2015, https://arxiv.org/abs/1512.03385
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ResNet } from '@flambeau/vision-models'
 * const net = new ResNet(18, { numClasses: 10, stem: 'cifar' })
 * console.log(net(ones([2, 3, 32, 32])).shape) // => [ 2, 10 ]
 * ```
 */
export class ResNet extends nn.Module {
  conv1: nn.Conv2d
  bn1: nn.BatchNorm2d
  relu: nn.ReLU
  maxpool: nn.Module
  layer1: nn.Sequential
  layer2: nn.Sequential
  layer3: nn.Sequential
  layer4: nn.Sequential
  avgpool: nn.AdaptiveAvgPool2d
  fc: nn.Linear

  constructor(depth: ResNetDepth, options: ResNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 1000, inChannels = 3, stem = 'imagenet', zeroInitResidual } = options
    requireOneOf('ResNet', 'depth', depth, Object.keys(DEPTHS).map(Number))
    const { Block, counts } = DEPTHS[depth]
    const large = stem === 'imagenet'
    this.conv1 = large
      ? new nn.Conv2d(inChannels, 64, 7, { stride: 2, padding: 3, bias: false })
      : new nn.Conv2d(inChannels, 64, 3, { padding: 1, bias: false })
    this.bn1 = new nn.BatchNorm2d(64)
    this.relu = new nn.ReLU(true)
    this.maxpool = large ? new nn.MaxPool2d(3, { stride: 2, padding: 1 }) : new nn.Identity()
    let channels = 64
    let dilation = 1
    const stage = (index: number): nn.Sequential => {
      const layer = new nn.Sequential()
      const width = 64 * 2 ** index
      const dilate = options.replaceStrideWithDilation?.[index - 1] ?? false
      const before = dilation
      if (dilate) dilation *= 2
      const stride = dilate || index === 0 ? 1 : 2
      for (let i = 0; i < (counts[index] as number); i++) {
        layer.append(new Block(channels, width, ...(i === 0 ? [stride, before] : [1, dilation])))
        channels = width * Block.expansion
      }
      return layer
    }
    this.layer1 = stage(0)
    this.layer2 = stage(1)
    this.layer3 = stage(2)
    this.layer4 = stage(3)
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1])
    this.fc = new nn.Linear(channels, numClasses)
    this.draw(zeroInitResidual ?? false)
  }

  private draw(zeroInitResidual: boolean): void {
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d) {
        nn.init.kaimingNormal_(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      }
    }
    if (!zeroInitResidual) return
    for (const module of this.modules()) {
      if (module instanceof Bottleneck) nn.init.zeros_(module.bn3.weight as nn.Parameter)
      else if (module instanceof BasicBlock) nn.init.zeros_(module.bn2.weight as nn.Parameter)
    }
  }

  /** The feature maps of the four stages: strides 4, 8, 16 and 32 (1, 2, 4, 8 with the small stem). */
  stages(x: Tensor): [Tensor, Tensor, Tensor, Tensor] {
    const c2 = this.layer1(this.maxpool(this.relu(this.bn1(this.conv1(x)))))
    const c3 = this.layer2(c2)
    const c4 = this.layer3(c3)
    return [c2, c3, c4, this.layer4(c4)]
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.avgpool(this.stages(x)[3]).flatten(1))
  }
}
