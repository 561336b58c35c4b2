import type { Tensor } from '@flambeau/core'
import { Module } from '../module.ts'

/**
 * Merges axes `startDim` to `endDim` into one; by default all but the first.
 *
 * Shapes: `[N, d1, d2, …]` -> `[N, d1 · d2 · …]`.
 *
 * @see torch.nn.Flatten
 */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  constructor(startDim = 1, endDim = -1) {
    super()
    this.startDim = startDim
    this.endDim = endDim
  }

  override forward(input: Tensor): Tensor {
    return input.flatten(this.startDim, this.endDim)
  }

  override extraRepr(): string {
    return `startDim=${this.startDim}, endDim=${this.endDim}`
  }
}
