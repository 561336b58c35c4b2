import type { LossReduction, Tensor } from '@flambeau/core'
import { mseLoss } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { Flag, ReductionSettings } from './base.ts'
import { Loss } from './base.ts'

const NAMES = ['sizeAverage', 'reduce', 'reduction'] as const
const read = parameters<[Flag, Flag, LossReduction]>('MSELoss', NAMES)

/**
 * Mean squared error: the mean of (input - target)².
 *
 * Shapes: input and target `[*]` -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.nn.MSELoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MSELoss } from '@flambeau/nn'
 * console.log(new MSELoss()(tensor([1.5, 4]), tensor([2, 2])).item()) // => 2.125
 * ```
 */
export class MSELoss extends Loss {
  constructor(...given: Arguments<ReductionSettings, typeof NAMES>) {
    const [sizeAverage, reduce, reduction] = read(given)
    super('MSELoss', reduction, sizeAverage, reduce)
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, { reduction: this.reduction })
  }
}
