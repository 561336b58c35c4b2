import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const F = nn.functional

/**
 * The residual unit as it is taught: two 3 × 3 convolutions with batch norm, and beside them the input
 * itself, through a 1 × 1 convolution where the number of channels changes.
 *
 * Shapes: `[N, inChannels, H, W]` -> `[N, outChannels, ⌈H / stride⌉, ⌈W / stride⌉]`.
 *
 * @throws {ShapeError} for other channels.
 * @see He et al. 2015, https://arxiv.org/abs/1512.03385; the blocks of ResNet are `BasicBlock` and
 * `Bottleneck`
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ResBlock } from '@flambeau/vision-models'
 * console.log(new ResBlock(8, 16)(ones([1, 8, 6, 6])).shape) // => [ 1, 16, 6, 6 ]
 * ```
 */
export class ResBlock extends nn.Module {
  conv1: nn.Conv2d
  bn1: nn.BatchNorm2d
  conv2: nn.Conv2d
  bn2: nn.BatchNorm2d
  extra: nn.Sequential

  constructor(inChannels: number, outChannels: number, stride: number = 1) {
    super()
    this.conv1 = new nn.Conv2d(inChannels, outChannels, 3, { stride, padding: 1 })
    this.bn1 = new nn.BatchNorm2d(outChannels)
    this.conv2 = new nn.Conv2d(outChannels, outChannels, 3, { padding: 1 })
    this.bn2 = new nn.BatchNorm2d(outChannels)
    this.extra = new nn.Sequential()
    if (inChannels !== outChannels || stride !== 1) {
      this.extra.append(new nn.Conv2d(inChannels, outChannels, 1, { stride }))
      this.extra.append(new nn.BatchNorm2d(outChannels))
    }
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(F.relu(this.bn1(this.conv1(x)))))
    return this.extra(x).add(y)
  }
}
