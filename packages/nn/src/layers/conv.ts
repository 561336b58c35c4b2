import type { DType, Tensor } from '@flambeau/core'
import { conv2d, empty, ValueError } from '@flambeau/core'
import { resetAffine } from '../init.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'

/** One number for both axes, or height and width. */
export type Pair = number | readonly [number, number]

/** @internal */
export function pair(op: string, name: string, value: Pair, least: number): [number, number] {
  const both = typeof value === 'number' ? [value, value] : [...value]
  if (both.length === 2 && both.every((one) => Number.isInteger(one) && one >= least)) {
    return both as [number, number]
  }
  throw new ValueError(
    op,
    [{ name, description: String(value) }],
    `${name} must be one or two whole numbers ≥ ${least}`,
    `${name}: 3 or ${name}: [3, 5]`,
  )
}

export interface Conv2dOptions {
  /** Default 1. */
  stride?: Pair
  /** Zeros added on each side; `'same'` keeps the size (stride 1), `'valid'` adds none. Default 0. */
  padding?: Pair | 'same' | 'valid'
  /** Distance between the kernel's elements. Default 1. */
  dilation?: Pair
  /** Groups of channels that do not see each other. Default 1. */
  groups?: number
  /** Add a bias. Default true. */
  bias?: boolean
  /** Default: the default dtype. */
  dtype?: DType
}

/**
 * 2-D cross-correlation with learnt kernels.
 *
 * Shapes: x `[N, inChannels, H, W]` -> `[N, outChannels, H', W']` with
 * H' = floor((H + 2 · padding - dilation · (kernel - 1) - 1) / stride + 1); weight
 * `[outChannels, inChannels / groups, kH, kW]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.Conv2d
 */
export class Conv2d extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: [number, number]
  readonly stride: [number, number]
  readonly padding: [number, number] | 'same' | 'valid'
  readonly dilation: [number, number]
  readonly groups: number
  weight: Parameter
  bias: Parameter | null

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    options: Conv2dOptions = {},
  ) {
    super()
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, dtype } = options
    for (const [name, value] of Object.entries({ inChannels, outChannels, groups })) {
      if (Number.isInteger(value) && value >= 1) continue
      throw new ValueError(
        'Conv2d',
        { inChannels, outChannels, groups },
        `${name} must be a whole number ≥ 1, not ${value}`,
        'new Conv2d(3, 16, 3)',
      )
    }
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ValueError(
        'Conv2d',
        { inChannels, outChannels, groups },
        'groups must divide inChannels and outChannels',
        'choose another number of groups',
      )
    }
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pair('Conv2d', 'kernelSize', kernelSize, 1)
    this.stride = pair('Conv2d', 'stride', stride, 1)
    this.padding = typeof padding === 'string' ? padding : pair('Conv2d', 'padding', padding, 0)
    this.dilation = pair('Conv2d', 'dilation', dilation, 1)
    this.groups = groups
    this.weight = new Parameter(
      empty([outChannels, inChannels / groups, ...this.kernelSize], { dtype }),
    )
    this.bias = bias ? new Parameter(empty([outChannels], { dtype })) : null
    this.resetParameters()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    resetAffine(this.weight, this.bias)
  }

  override forward(input: Tensor): Tensor {
    const { stride, padding, dilation, groups } = this
    return conv2d(input, this.weight, this.bias, { stride, padding, dilation, groups })
  }

  override extraRepr(): string {
    const list = (value: readonly number[] | string): string =>
      typeof value === 'string' ? `'${value}'` : `[${value.join(', ')}]`
    const parts = [
      `${this.inChannels}, ${this.outChannels}`,
      `kernelSize=${list(this.kernelSize)}`,
      `stride=${list(this.stride)}`,
    ]
    if (typeof this.padding === 'string' || this.padding.some((one) => one !== 0)) {
      parts.push(`padding=${list(this.padding)}`)
    }
    if (this.dilation.some((one) => one !== 1)) parts.push(`dilation=${list(this.dilation)}`)
    if (this.groups !== 1) parts.push(`groups=${this.groups}`)
    if (this.bias === null) parts.push('bias=false')
    return parts.join(', ')
  }
}
