import type { Tensor } from '@flambeau/core'
import { maxPool2d } from '@flambeau/core'
import { Module } from '../module.ts'
import type { Pair } from './conv.ts'
import { wholeNumbers } from '../functional/inputs.ts'

export interface MaxPool2dOptions {
  /** Default: the kernel's size. */
  stride?: Pair
  /** Positions of -∞ added on each side; at most half the kernel. Default 0. */
  padding?: Pair
  /** Distance between the window's elements. Default 1. */
  dilation?: Pair
  /** Let the last window reach over the edge. Default false. */
  ceilMode?: boolean
}

/**
 * The largest element of each window.
 *
 * Shapes: x `[N, C, H, W]` or `[C, H, W]` -> same rank, H' = floor((H + 2 · padding - dilation ·
 * (kernel - 1) - 1) / stride + 1).
 *
 * @throws {ValueError} for sizes that are not whole numbers ≥ 1.
 * @see torch.nn.MaxPool2d
 */
export class MaxPool2d extends Module {
  readonly kernelSize: [number, number]
  readonly stride: [number, number]
  readonly padding: [number, number]
  readonly dilation: [number, number]
  readonly ceilMode: boolean

  constructor(kernelSize: Pair, options: MaxPool2dOptions = {}) {
    super()
    this.kernelSize = wholeNumbers('MaxPool2d', 'kernelSize', kernelSize, 2, 1) as [number, number]
    this.stride = wholeNumbers('MaxPool2d', 'stride', options.stride ?? kernelSize, 2, 1) as [
      number,
      number,
    ]
    this.padding = wholeNumbers('MaxPool2d', 'padding', options.padding ?? 0, 2, 0) as [
      number,
      number,
    ]
    this.dilation = wholeNumbers('MaxPool2d', 'dilation', options.dilation ?? 1, 2, 1) as [
      number,
      number,
    ]
    this.ceilMode = options.ceilMode ?? false
  }

  override forward(input: Tensor): Tensor {
    const { stride, padding, dilation, ceilMode } = this
    return maxPool2d(input, this.kernelSize, { stride, padding, dilation, ceilMode })
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this
    return `kernelSize=[${kernelSize.join(', ')}], stride=[${stride.join(', ')}], padding=[${padding.join(', ')}], dilation=[${dilation.join(', ')}], ceilMode=${ceilMode}`
  }
}
