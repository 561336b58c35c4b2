/** Losses of detectors. */
import type { Tensor } from '@flambeau/core'
import { maximum, minimum } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { boxArea, cornersOf } from './boxes.ts'

const F = nn.functional

/** How the losses of single elements are put together. */
export type Reduction = 'none' | 'mean' | 'sum'

function reduce(loss: Tensor, reduction: Reduction): Tensor {
  if (reduction === 'none') return loss
  return reduction === 'sum' ? loss.sum() : loss.mean()
}

/**
 * The focal loss of binary logits: what is sure already counts little, so that many easy negatives do
 * not drown few positives.
 *
 * Shapes: logits and targets of one shape; targets 0 or 1 -> the same, or a scalar.
 *
 * @param alpha Weight of positives; negative for none. Default 0.25. @param gamma Default 2.
 * @see torchvision.ops.sigmoid_focal_loss; Lin et al. 2017, https://arxiv.org/abs/1708.02002
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { sigmoidFocalLoss } from '@flambeau/vision-models'
 * const sure = sigmoidFocalLoss(tensor([5]).float(), tensor([1]).float())
 * console.log(sure.item() < 1e-6) // => true
 * ```
 */
export function sigmoidFocalLoss(
  logits: Tensor,
  targets: Tensor,
  alpha: number = 0.25,
  gamma: number = 2,
  reduction: Reduction = 'none',
): Tensor {
  requireTensor('sigmoidFocalLoss', 'logits', logits)
  requireTensor('sigmoidFocalLoss', 'targets', targets)
  const p = logits.sigmoid()
  const plain = F.binaryCrossEntropyWithLogits(logits, targets, { reduction: 'none' })
  const opposite = targets.neg().add(1)
  const right = p.mul(targets).add(p.neg().add(1).mul(opposite))
  let loss = plain.mul(right.neg().add(1).pow(gamma))
  if (alpha >= 0) loss = loss.mul(targets.mul(alpha).add(opposite.mul(1 - alpha)))
  return reduce(loss, reduction)
}

/**
 * 1 less the generalised intersection over union of boxes with those of the same place.
 *
 * Shapes: `[N, 4]` and `[N, 4]` as x1, y1, x2, y2 -> `[N]`, or a scalar.
 *
 * @param eps Keeps divisions finite. Default 1e-7.
 * @see torchvision.ops.generalized_box_iou_loss; Rezatofighi et al. 2019,
 * https://arxiv.org/abs/1902.09630
 */
export function generalizedBoxIouLoss(
  a: Tensor,
  b: Tensor,
  reduction: Reduction = 'none',
  eps: number = 1e-7,
): Tensor {
  const [ax1, ay1, ax2, ay2] = cornersOf(a)
  const [bx1, by1, bx2, by2] = cornersOf(b)
  const w = minimum(ax2, bx2).sub(maximum(ax1, bx1)).clamp({ min: 0 })
  const h = minimum(ay2, by2).sub(maximum(ay1, by1)).clamp({ min: 0 })
  const intersection = w.mul(h)
  const union = boxArea(a).add(boxArea(b)).sub(intersection)
  const hull = maximum(ax2, bx2)
    .sub(minimum(ax1, bx1))
    .mul(maximum(ay2, by2).sub(minimum(ay1, by1)))
  const iou = intersection.div(union.add(eps))
  const giou = iou.sub(hull.sub(union).div(hull.add(eps)))
  return reduce(giou.neg().add(1), reduction)
}
