import type { DType, Tensor } from '@flambeau/core'
import { empty, linear, ValueError } from '@flambeau/core'
import { resetAffine } from '../init.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

export interface LinearOptions {
  /** Add a bias. Default true. */
  bias?: boolean
  /** Default: the default dtype. */
  dtype?: DType
}

/**
 * Affine map of the last axis: y = x · weightᵀ + bias.
 *
 * Shapes: x `[*, inFeatures]` -> `[*, outFeatures]`; weight `[outFeatures, inFeatures]`; bias
 * `[outFeatures]`. Initialised uniformly within 1 / sqrt(inFeatures).
 *
 * @throws {ValueError} unless the sizes are whole numbers ≥ 0.
 * @throws {ShapeError} if x does not end in inFeatures.
 * @see torch.nn.Linear
 */
export class Linear extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  weight: Parameter
  bias: Parameter | null

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    for (const [name, value] of Object.entries({ inFeatures, outFeatures })) {
      if (Number.isInteger(value) && value >= 0) continue
      throw new ValueError(
        'Linear',
        { inFeatures, outFeatures },
        `${name} must be a whole number ≥ 0, not ${value}`,
        'new Linear(784, 10)',
      )
    }
    const { bias = true, dtype } = options
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.weight = new Parameter(empty([outFeatures, inFeatures], { dtype }))
    this.bias = bias ? new Parameter(empty([outFeatures], { dtype })) : null
    this.resetParameters()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    resetAffine(this.weight, this.bias)
  }

  override forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias)
  }

  override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`
  }
}
