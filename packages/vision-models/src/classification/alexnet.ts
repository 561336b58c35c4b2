import type { Tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

export interface AlexNetOptions {
  /** Default 1000. */
  readonly numClasses?: number
  /** Before the first two linear layers. Default 0.5. */
  readonly dropout?: number
}

/**
 * AlexNet in the form of one tower, with torchvision's state-dict keys.
 *
 * Shapes: `[N, 3, H, W]`, 63 pixels a side or more (224 in the paper) -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see torchvision.models.alexnet; Krizhevsky 2014, https://arxiv.org/abs/1404.5997
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AlexNet } from '@flambeau/vision-models'
 * const net = new AlexNet({ numClasses: 10 })
 * console.log(net(ones([1, 3, 224, 224])).shape) // => [ 1, 10 ]
 * ```
 */
export class AlexNet extends nn.Module {
  features: nn.Sequential
  avgpool: nn.AdaptiveAvgPool2d
  classifier: nn.Sequential

  constructor(options: AlexNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 1000, dropout = 0.5 } = options
    this.features = new nn.Sequential(
      new nn.Conv2d(3, 64, 11, { stride: 4, padding: 2 }),
      new nn.ReLU(true),
      new nn.MaxPool2d(3, 2),
      new nn.Conv2d(64, 192, 5, { padding: 2 }),
      new nn.ReLU(true),
      new nn.MaxPool2d(3, 2),
      new nn.Conv2d(192, 384, 3, { padding: 1 }),
      new nn.ReLU(true),
      new nn.Conv2d(384, 256, 3, { padding: 1 }),
      new nn.ReLU(true),
      new nn.Conv2d(256, 256, 3, { padding: 1 }),
      new nn.ReLU(true),
      new nn.MaxPool2d(3, 2),
    )
    this.avgpool = new nn.AdaptiveAvgPool2d([6, 6])
    this.classifier = new nn.Sequential(
      new nn.Dropout(dropout),
      new nn.Linear(256 * 6 * 6, 4096),
      new nn.ReLU(true),
      new nn.Dropout(dropout),
      new nn.Linear(4096, 4096),
      new nn.ReLU(true),
      new nn.Linear(4096, numClasses),
    )
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.avgpool(this.features(x)).flatten(1))
  }
}

export interface AlexNetGrayOptions extends AlexNetOptions {
  /** Default 10. */
  readonly numClasses?: number
}

/**
 * AlexNet as it is drawn in lectures: one input channel, 96-256-384-384-384 channels.
 *
 * Shapes: `[N, 1, 224, 224]` -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels or sizes.
 * @see Krizhevsky, Sutskever and Hinton 2012, https://doi.org/10.1145/3065386
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { AlexNetGray } from '@flambeau/vision-models'
 * console.log(new AlexNetGray()(ones([1, 1, 224, 224])).shape) // => [ 1, 10 ]
 * ```
 */
export class AlexNetGray extends nn.Module {
  features: nn.Sequential
  classifier: nn.Sequential

  constructor(options: AlexNetGrayOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 10, dropout = 0.5 } = options
    this.features = new nn.Sequential(
      new nn.Conv2d(1, 96, 11, { stride: 4, padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(3, 2),
      new nn.Conv2d(96, 256, 5, { padding: 2 }),
      new nn.ReLU(),
      new nn.MaxPool2d(3, 2),
      new nn.Conv2d(256, 384, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.Conv2d(384, 384, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.Conv2d(384, 384, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(3, 2),
    )
    this.classifier = new nn.Sequential(
      new nn.Linear(384 * 5 * 5, 4096),
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
