import type { Tensor } from '@flambeau/core'
import { mseLoss } from '@flambeau/core'
import { Module } from '../module.ts'
import type { Reduction } from './cross-entropy.ts'
import { checkReduction } from './cross-entropy.ts'

/**
 * Mean squared error: the mean of (input - target)².
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.nn.MSELoss
 */
export class MSELoss extends Module<[input: Tensor, target: Tensor]> {
  readonly reduction: Reduction

  constructor(options: { reduction?: Reduction } = {}) {
    super()
    this.reduction = checkReduction('MSELoss', options.reduction ?? 'mean')
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, { reduction: this.reduction })
  }
}
