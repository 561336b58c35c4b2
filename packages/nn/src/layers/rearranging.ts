/** Layers that arrange elements anew. */
import type { Tensor } from '@flambeau/core'
import { pixelShuffle, pixelUnshuffle, unflatten } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import {
  parameters,
  requireCount,
  requireCounts,
  requireNumberList,
  requireTensor,
} from '@flambeau/core/internal'
import type { Both, FoldOptions, WindowOptions } from '../functional/windows.ts'
import { fold, unfold } from '../functional/windows.ts'
import { Module } from '../module.ts'
import { describe } from './describe.ts'

export interface FlattenSettings {
  /** The first axis to merge. Default 1. */
  startDim?: number
  /** The last one. Default -1. */
  endDim?: number
}

const FLATTEN = ['startDim', 'endDim'] as const

/**
 * Merges axes `startDim` to `endDim` into one; by default all but the first.
 *
 * Shapes: `[N, d1, d2, …]` -> `[N, d1 · d2 · …]`. Dtype: kept.
 *
 * @throws {IndexError} if there are no such axes.
 * @see torch.nn.Flatten
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Flatten } from '@flambeau/nn'
 * console.log(new Flatten()(ones([2, 3, 4])).shape) // => [ 2, 12 ]
 * ```
 */
export class Flatten extends Module {
  readonly startDim: number
  readonly endDim: number

  constructor(...given: Arguments<FlattenSettings, typeof FLATTEN>) {
    super()
    const [startDim = 1, endDim = -1] = parameters<[number, number]>('Flatten', FLATTEN)(given)
    this.startDim = startDim
    this.endDim = endDim
  }

  override forward(input: Tensor): Tensor {
    requireTensor('Flatten', 'input', input)
    return input.flatten(this.startDim, this.endDim)
  }

  override extraRepr(): string {
    return describe({ startDim: this.startDim, endDim: this.endDim })
  }
}

export interface UnflattenSettings {
  /** The axis to take apart. */
  dim: number
  /** The sizes of the axes in its place; -1 for one that follows from the others. */
  unflattenedSize: readonly number[]
}

const UNFLATTEN = ['dim', 'unflattenedSize'] as const

/**
 * Takes an axis apart into several.
 *
 * Shapes: `[*, n, *]` -> `[*, ...unflattenedSize, *]`. Dtype: kept.
 *
 * @throws {ShapeError} if the sizes do not make up the axis. @throws {IndexError} if there is no such axis.
 * @see torch.nn.Unflatten
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Unflatten } from '@flambeau/nn'
 * console.log(new Unflatten(1, [2, 3])(ones([4, 6])).shape) // => [ 4, 2, 3 ]
 * ```
 */
export class Unflatten extends Module {
  readonly dim: number
  readonly unflattenedSize: readonly number[]

  constructor(...given: Arguments<UnflattenSettings, typeof UNFLATTEN>) {
    super()
    const read = parameters<[number, readonly number[]]>('Unflatten', UNFLATTEN)(given)
    const [dim, sizes = []] = read
    requireCounts('Unflatten', { dim }, Number.MIN_SAFE_INTEGER)
    requireNumberList('Unflatten', 'unflattenedSize', sizes)
    sizes.forEach((size, i) => requireCount('Unflatten', `unflattenedSize[${i}]`, size, -1))
    this.dim = dim as number
    this.unflattenedSize = [...sizes]
  }

  override forward(input: Tensor): Tensor {
    return unflatten(input, this.dim, [...this.unflattenedSize])
  }

  override extraRepr(): string {
    return describe({ dim: this.dim, unflattenedSize: this.unflattenedSize })
  }
}

const UNFOLD = ['kernelSize', 'dilation', 'padding', 'stride'] as const
const FOLD = ['outputSize', 'kernelSize', 'dilation', 'padding', 'stride'] as const

/**
 * The windows of each image as columns.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> `[N, C · kH · kW, windows]` or without N. Dtype: kept.
 *
 * @throws {ShapeError} for other ranks, or a window that exceeds the padded input.
 * @see torch.nn.Unfold
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Unfold } from '@flambeau/nn'
 * console.log(new Unfold(2)(ones([1, 3, 4, 4])).shape) // => [ 1, 12, 9 ]
 * ```
 */
export class Unfold extends Module {
  readonly kernelSize: Both
  readonly dilation: Both
  readonly padding: Both
  readonly stride: Both

  constructor(...given: Arguments<WindowOptions, typeof UNFOLD>) {
    super()
    const read = parameters<[Both, Both, Both, Both]>('Unfold', UNFOLD)(given)
    const [kernelSize, dilation = 1, padding = 0, stride = 1] = read
    this.kernelSize = kernelSize as Both
    this.dilation = dilation
    this.padding = padding
    this.stride = stride
  }

  override forward(input: Tensor): Tensor {
    return unfold(input, this.kernelSize, this.dilation, this.padding, this.stride)
  }

  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this
    return describe({ kernelSize, dilation, padding, stride })
  }
}

/**
 * Images whose windows are summed up from columns: what {@link Unfold} takes apart.
 *
 * Shapes: `[N, C · kH · kW, windows]` or without N -> `[N, C, ...outputSize]` or without N. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} if the columns do not make such images.
 * @see torch.nn.Fold
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Fold } from '@flambeau/nn'
 * console.log(new Fold([3, 3], 2)(ones([1, 4, 4])).shape) // => [ 1, 1, 3, 3 ]
 * ```
 */
export class Fold extends Module {
  readonly outputSize: Both
  readonly kernelSize: Both
  readonly dilation: Both
  readonly padding: Both
  readonly stride: Both

  constructor(...given: Arguments<FoldOptions, typeof FOLD>) {
    super()
    const read = parameters<[Both, Both, Both, Both, Both]>('Fold', FOLD)(given)
    const [outputSize, kernelSize, dilation = 1, padding = 0, stride = 1] = read
    this.outputSize = outputSize as Both
    this.kernelSize = kernelSize as Both
    this.dilation = dilation
    this.padding = padding
    this.stride = stride
  }

  override forward(input: Tensor): Tensor {
    const { outputSize, kernelSize, dilation, padding, stride } = this
    return fold(input, outputSize, kernelSize, dilation, padding, stride)
  }

  override extraRepr(): string {
    const { outputSize, kernelSize, dilation, padding, stride } = this
    return describe({ outputSize, kernelSize, dilation, padding, stride })
  }
}

/**
 * Channels become pixels: each r² of them an r × r patch, r being `upscaleFactor`.
 *
 * Shapes: `[*, C · r², H, W]` -> `[*, C, H · r, W · r]`. Dtype: kept.
 *
 * @throws {ShapeError} unless r² divides the channels.
 * @see Shi et al. 2016, https://arxiv.org/abs/1609.05158; torch.nn.PixelShuffle
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { PixelShuffle } from '@flambeau/nn'
 * console.log(new PixelShuffle(2)(ones([1, 8, 3, 3])).shape) // => [ 1, 2, 6, 6 ]
 * ```
 */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number

  constructor(...given: Arguments<{ upscaleFactor: number }, ['upscaleFactor']>) {
    super()
    const [factor] = parameters<[number]>('PixelShuffle', ['upscaleFactor'])(given)
    requireCounts('PixelShuffle', { upscaleFactor: factor }, 1)
    this.upscaleFactor = factor as number
  }

  override forward(input: Tensor): Tensor {
    return pixelShuffle(input, this.upscaleFactor)
  }

  override extraRepr(): string {
    return describe({ upscaleFactor: this.upscaleFactor })
  }
}

/**
 * Pixels become channels: each r × r patch r² of them, r being `downscaleFactor`.
 *
 * Shapes: `[*, C, H · r, W · r]` -> `[*, C · r², H, W]`. Dtype: kept.
 *
 * @throws {ShapeError} unless r divides height and width.
 * @see torch.nn.PixelUnshuffle
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { PixelUnshuffle } from '@flambeau/nn'
 * console.log(new PixelUnshuffle(2)(ones([1, 2, 6, 6])).shape) // => [ 1, 8, 3, 3 ]
 * ```
 */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number

  constructor(...given: Arguments<{ downscaleFactor: number }, ['downscaleFactor']>) {
    super()
    const [factor] = parameters<[number]>('PixelUnshuffle', ['downscaleFactor'])(given)
    requireCounts('PixelUnshuffle', { downscaleFactor: factor }, 1)
    this.downscaleFactor = factor as number
  }

  override forward(input: Tensor): Tensor {
    return pixelUnshuffle(input, this.downscaleFactor)
  }

  override extraRepr(): string {
    return describe({ downscaleFactor: this.downscaleFactor })
  }
}
