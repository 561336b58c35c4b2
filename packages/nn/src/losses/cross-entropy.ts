import type { Tensor } from '@flambeau/core'
import { crossEntropy, ValueError } from '@flambeau/core'
import { Module } from '../module.ts'

/** What a loss does with its elements. */
export type Reduction = 'none' | 'mean' | 'sum'

/** @internal */
export function checkReduction(op: string, reduction: string): Reduction {
  if (reduction === 'none' || reduction === 'mean' || reduction === 'sum') return reduction
  throw new ValueError(
    op,
    [],
    `reduction is 'none', 'mean' or 'sum', not '${reduction}'`,
    "{ reduction: 'mean' }",
  )
}

export interface CrossEntropyLossOptions {
  /** Factor of each class. */
  weight?: Tensor | null
  /** Targets with this label do not count. Default -100. */
  ignoreIndex?: number
  /** Default `'mean'`: over the targets that count, weighted. */
  reduction?: Reduction
  /** Share of the target that is spread over all classes. Default 0. */
  labelSmoothing?: number
}

/**
 * Softmax and negative log-likelihood in one: -log softmax(input)[target].
 *
 * Shapes: input logits `[N, C]`, `[C]` or `[N, C, d1, …]`; target int64 `[N]`, `[]` or `[N, d1, …]`
 * with labels in [0, C), or probabilities of the input's shape -> `[]`, or the target's shape with
 * `reduction: 'none'`.
 *
 * @throws {IndexError} for a label outside of [0, C).
 * @see torch.nn.CrossEntropyLoss
 */
export class CrossEntropyLoss extends Module<[input: Tensor, target: Tensor]> {
  weight: Tensor | null = null
  readonly ignoreIndex: number
  readonly reduction: Reduction
  readonly labelSmoothing: number

  constructor(options: CrossEntropyLossOptions = {}) {
    super()
    const { weight = null, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = options
    this.registerBuffer('weight', weight)
    this.ignoreIndex = ignoreIndex
    this.reduction = checkReduction('CrossEntropyLoss', reduction)
    this.labelSmoothing = labelSmoothing
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { weight, ignoreIndex, reduction, labelSmoothing } = this
    return crossEntropy(input, target, { weight, ignoreIndex, reduction, labelSmoothing })
  }
}
