import type { Tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

export interface SimpleCNNOptions {
  /** Default 10. */
  readonly numClasses?: number
  /** Before each of the first two linear layers. Default 0.5. */
  readonly dropoutRate?: number
  /** Default 1. */
  readonly inChannels?: number
}

/**
 * Three convolutions with pooling, then three linear layers: a first network for 28 × 28 digits.
 *
 * Shapes: `[N, inChannels, 28, 28]` (24 to 31 pixels a side) -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels or sizes.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { SimpleCNN } from '@flambeau/vision-models'
 * console.log(new SimpleCNN()(ones([2, 1, 28, 28])).shape) // => [ 2, 10 ]
 * ```
 */
export class SimpleCNN extends nn.Module {
  conv1: nn.Conv2d
  conv2: nn.Conv2d
  conv3: nn.Conv2d
  dropout: nn.Dropout
  fc1: nn.Linear
  fc2: nn.Linear
  fc3: nn.Linear

  constructor(options: SimpleCNNOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 10, dropoutRate = 0.5, inChannels = 1 } = options
    this.conv1 = new nn.Conv2d(inChannels, 16, 3, { padding: 1 })
    this.conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 })
    this.conv3 = new nn.Conv2d(32, 64, 3, { padding: 1 })
    this.dropout = new nn.Dropout(dropoutRate)
    this.fc1 = new nn.Linear(64 * 3 * 3, 128)
    this.fc2 = new nn.Linear(128, 64)
    this.fc3 = new nn.Linear(64, numClasses)
  }

  override forward(x: Tensor): Tensor {
    let y = F.maxPool2d(F.relu(this.conv1(x)), 2)
    y = F.maxPool2d(F.relu(this.conv2(y)), 2)
    y = F.maxPool2d(F.relu(this.conv3(y)), 2)
    y = this.dropout(y.flatten(1))
    y = this.dropout(F.relu(this.fc1(y)))
    return this.fc3(F.relu(this.fc2(y)))
  }
}
