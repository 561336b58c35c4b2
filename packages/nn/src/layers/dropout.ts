import type { Tensor } from '@flambeau/core'
import { dropout, ValueError } from '@flambeau/core'
import { Module } from '../module.ts'

/**
 * While training, sets each element to zero with probability `p` and multiplies the others with
 * 1 / (1 - p); otherwise gives back its input.
 *
 * Shapes: `[*]` -> same.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1.
 * @see Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html; torch.nn.Dropout
 */
export class Dropout extends Module {
  readonly p: number

  constructor(p = 0.5) {
    super()
    if (!(p >= 0 && p <= 1)) {
      throw new ValueError(
        'Dropout',
        { p },
        `p is a probability, not ${p}`,
        'use a number from 0 to 1',
      )
    }
    this.p = p
  }

  override forward(input: Tensor): Tensor {
    return dropout(input, this.p, this.training)
  }

  override extraRepr(): string {
    return `p=${this.p}`
  }
}
