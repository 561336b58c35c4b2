/** What losses check and do in common. */
import type { LossReduction, Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'

/** The losses of the elements, their mean, or their sum. */
export function reduced(loss: Tensor, reduction: LossReduction): Tensor {
  if (reduction === 'none') return loss
  return reduction === 'mean' ? loss.mean() : loss.sum()
}

/** @throws {ShapeError} if two tensors differ in shape. */
export function requireSameShape(op: string, tensors: Record<string, Tensor>): void {
  const [first, second] = Object.entries(tensors) as [[string, Tensor], [string, Tensor]]
  if (first[1].shape.join() === second[1].shape.join()) return
  throw new ShapeError(
    op,
    tensors,
    `${first[0]} and ${second[0]} must have the same shape`,
    `expand or reshape ${second[0]}`,
  )
}
