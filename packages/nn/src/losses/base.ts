/** What modules of losses have in common. */
import type { LossReduction, Tensor } from '@flambeau/core'
import type { LegacyReduction } from '@flambeau/core/internal'
import { legacyReduction } from '@flambeau/core/internal'
import { Module } from '../module.ts'

/** A setting of old: null unless given. */
export type Flag = boolean | null

/** What losses that know the old flags are made with. */
export interface ReductionSettings extends LegacyReduction {
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

/** A loss of an input and a target. */
export abstract class Loss<
  Args extends unknown[] = [input: Tensor, target: Tensor],
> extends Module<Args> {
  readonly reduction: LossReduction

  constructor(op: string, reduction: LossReduction | undefined, sizeAverage?: Flag, reduce?: Flag) {
    super()
    this.reduction = legacyReduction(op, sizeAverage, reduce, reduction ?? 'mean')
  }
}

/** A loss whose elements or classes have factors, which are a buffer. */
export abstract class WeightedLoss<
  Args extends unknown[] = [input: Tensor, target: Tensor],
> extends Loss<Args> {
  declare weight: Tensor | null

  constructor(
    op: string,
    weight: Tensor | null | undefined,
    reduction: LossReduction | undefined,
    sizeAverage?: Flag,
    reduce?: Flag,
  ) {
    super(op, reduction, sizeAverage, reduce)
    this.registerBuffer('weight', weight ?? null)
  }
}
