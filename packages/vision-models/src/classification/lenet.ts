import type { Tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

export interface LeNetOptions {
  /** Default 10. */
  readonly numClasses?: number
  /** Nonlinearity between layers: `sigmoid` as in 1998's spirit, or `relu`. Default `sigmoid`. */
  readonly activation?: 'sigmoid' | 'relu'
}

/**
 * LeNet-5: two convolutions with average pooling, three linear layers.
 *
 * Shapes: `[N, 1, 28, 28]` -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} for images of other channels or sizes.
 * @see LeCun et al. 1998, https://doi.org/10.1109/5.726791
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LeNet5 } from '@flambeau/vision-models'
 * console.log(new LeNet5()(ones([2, 1, 28, 28])).shape) // => [ 2, 10 ]
 * ```
 */
export class LeNet5 extends nn.Module {
  features: nn.Sequential
  classifier: nn.Sequential

  constructor(options: LeNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 10, activation = 'sigmoid' } = options
    const act = (): nn.Module => (activation === 'relu' ? new nn.ReLU() : new nn.Sigmoid())
    this.features = new nn.Sequential(
      new nn.Conv2d(1, 6, 5, { padding: 2 }),
      act(),
      new nn.AvgPool2d(2),
      new nn.Conv2d(6, 16, 5),
      act(),
      new nn.AvgPool2d(2),
    )
    this.classifier = new nn.Sequential(
      new nn.Linear(16 * 5 * 5, 120),
      act(),
      new nn.Linear(120, 84),
      act(),
      new nn.Linear(84, numClasses),
    )
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x).flatten(1))
  }
}
