/** What losses share: what becomes of the losses of the elements. */
import { ValueError } from '../errors.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'

/** What becomes of the losses of the elements: all of them, their mean, or their sum. */
export type LossReduction = 'none' | 'mean' | 'sum'

/** By kernel code, and by PyTorch's number. */
export const REDUCTIONS: readonly LossReduction[] = ['none', 'mean', 'sum']

/** A reduction by name, or by PyTorch's number, as torch's own functions take it. */
export type AnyReduction = LossReduction | 0 | 1 | 2

/** A reduction's name. @throws {ValueError} for anything else. @internal */
export function reductionOf(op: string, reduction: AnyReduction): LossReduction {
  const name = typeof reduction === 'number' ? REDUCTIONS[reduction] : reduction
  if (name !== undefined && REDUCTIONS.includes(name)) return name
  throw new ValueError(
    op,
    [{ name: 'reduction', description: show(reduction) }],
    "reduction must be 'none', 'mean' or 'sum'",
    "{ reduction: 'mean' }",
  )
}

/** The two flags that PyTorch had before reductions were named. */
export interface LegacyReduction {
  /** The mean, not the sum, if the losses are reduced. Superseded by `reduction`. */
  sizeAverage?: boolean | null
  /** Reduce the losses at all. Superseded by `reduction`. */
  reduce?: boolean | null
}

/** The reduction, which the old flags overrule where one is given. @internal */
export function legacyReduction(
  op: string,
  sizeAverage: boolean | null | undefined,
  reduce: boolean | null | undefined,
  reduction: AnyReduction = 'mean',
): LossReduction {
  const unset = (sizeAverage ?? null) === null && (reduce ?? null) === null
  if (unset) return reductionOf(op, reduction)
  if (reduce === false) return 'none'
  return sizeAverage === false ? 'sum' : 'mean'
}

/** Reduces the losses of the elements. @internal */
export function reduceLoss(loss: Tensor, reduction: LossReduction): Tensor {
  if (reduction === 'none') return loss
  return reduction === 'mean' ? loss.mean() : loss.sum()
}
