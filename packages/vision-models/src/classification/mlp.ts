import type { Tensor } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

export interface PerceptronOptions {
  /** Numbers in one example. Default 784. */
  readonly inFeatures?: number
  /** Default 10. */
  readonly numClasses?: number
}

/**
 * One linear layer over all pixels: the perceptron, with one output for each class.
 *
 * Shapes: `[N, …]` with inFeatures numbers an example -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} if an example has another number of elements.
 * @see Rosenblatt 1958, https://doi.org/10.1037/h0042519
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Perceptron } from '@flambeau/vision-models'
 * console.log(new Perceptron()(ones([2, 1, 28, 28])).shape) // => [ 2, 10 ]
 * ```
 */
export class Perceptron extends nn.Module {
  linear: nn.Linear

  constructor(options: PerceptronOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    this.linear = new nn.Linear(options.inFeatures ?? 784, options.numClasses ?? 10)
  }

  override forward(x: Tensor): Tensor {
    requireTensor('Perceptron', 'x', x)
    return this.linear(x.flatten(1))
  }
}

export interface MLPOptions extends PerceptronOptions {
  /** Widths of the hidden layers. Default `[512, 256]`. */
  readonly hidden?: readonly number[]
  /** Probability of zeroing after each hidden layer. Default 0. */
  readonly dropout?: number
}

/**
 * Linear layers with ReLU between them: the multi-layer perceptron.
 *
 * Shapes: `[N, …]` with inFeatures numbers an example -> logits `[N, numClasses]`.
 *
 * @throws {ShapeError} if an example has another number of elements. @throws {ValueError} for widths
 * that are not positive whole numbers, or a dropout outside [0, 1].
 * @see Rumelhart, Hinton and Williams 1986, https://doi.org/10.1038/323533a0
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { MLP } from '@flambeau/vision-models'
 * const net = new MLP({ hidden: [64], dropout: 0.2 })
 * console.log(net(ones([2, 1, 28, 28])).shape) // => [ 2, 10 ]
 * ```
 */
export class MLP extends nn.Module {
  layers: nn.Sequential

  constructor(options: MLPOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { inFeatures = 784, numClasses = 10, hidden = [512, 256], dropout = 0 } = options
    this.layers = new nn.Sequential()
    let width = inFeatures
    requireNumberList('MLP', 'hidden', hidden)
    for (const next of hidden) {
      this.layers.extend([new nn.Linear(width, next), new nn.ReLU()])
      if (dropout !== 0) this.layers.append(new nn.Dropout(dropout))
      width = next
    }
    this.layers.append(new nn.Linear(width, numClasses))
  }

  override forward(x: Tensor): Tensor {
    requireTensor('MLP', 'x', x)
    return this.layers(x.flatten(1))
  }
}
