/** Convolutions, and their forms that take the channels from the first input. */
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { conv1d, conv2d, conv3d } from '@flambeau/core'
import type { Arguments, Given } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { ConvOptions, Sizes } from './conv.ts'
import { ConvNd } from './conv.ts'

const NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'paddingMode',
  'device',
  'dtype',
] as const
const LAZY_NAMES = NAMES.slice(1) as unknown as LazyNames

type LazyNames = typeof NAMES extends readonly [unknown, ...infer Rest] ? Rest : never

type ConvArguments<S extends Sizes> = Arguments<ConvOptions<S>, typeof NAMES>
type LazyConvArguments<S extends Sizes> = Arguments<Omit<ConvOptions<S>, 'inChannels'>, LazyNames>

/** The arguments by name. */
function settingsOf(
  op: string,
  names: readonly string[],
  given: unknown[],
): Partial<ConvOptions<Sizes>> {
  const read: Given<unknown[]> = parameters(op, names)(given)
  return Object.fromEntries(names.map((name, i) => [name, read[i]]))
}

/**
 * Cross-correlation along one axis with learnt kernels.
 *
 * Shapes: x `[N, C, L]` or `[C, L]` -> `[N, outChannels, L']` or the same without N, with
 * L' = floor((L + 2 · padding - dilation · (kernel - 1) - 1) / stride + 1); weight
 * `[outChannels, inChannels / groups, kL]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.Conv1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Conv1d } from '@flambeau/nn'
 * console.log(new Conv1d(2, 4, 3, { stride: 2, padding: 1 })(ones([1, 2, 8])).shape)
 * // => [ 1, 4, 4 ]
 * ```
 */
export class Conv1d extends ConvNd {
  constructor(...given: ConvArguments<Single>) {
    super('Conv1d', 1, false, settingsOf('Conv1d', NAMES, given))
  }

  override forward(input: Tensor): Tensor {
    const { x, padding } = this.padded(input)
    const [stride, dilation] = [this.stride, this.dilation] as unknown as [Single, Single]
    return conv1d(x, this.weight, this.bias, stride, padding as Single, dilation, this.groups)
  }
}

/**
 * {@link Conv1d} that takes `inChannels` from its first input and
 * then becomes one.
 *
 * Shapes: as of Conv1d.
 *
 * @throws {ValueError, ShapeError} as {@link Conv1d}.
 * @see torch.nn.LazyConv1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyConv1d } from '@flambeau/nn'
 * console.log(new LazyConv1d(4, 3)(ones([1, 2, 8])).shape) // => [ 1, 4, 6 ]
 * ```
 */
export class LazyConv1d extends Conv1d {
  constructor(...given: LazyConvArguments<Single>) {
    const settings = settingsOf('LazyConv1d', LAZY_NAMES, given)
    super({ ...settings, inChannels: 0, bias: false } as ConvOptions<Single>)
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input)
    Object.setPrototypeOf(this, Conv1d.prototype)
    return this.forward(input)
  }
}

/**
 * Cross-correlation of images with learnt kernels.
 *
 * Shapes: x `[N, C, H, W]` or `[C, H, W]` -> `[N, outChannels, H', W']` or the same without N, with
 * H' = floor((H + 2 · padding - dilation · (kernel - 1) - 1) / stride + 1); weight
 * `[outChannels, inChannels / groups, kH, kW]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.Conv2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Conv2d } from '@flambeau/nn'
 * console.log(new Conv2d(2, 4, 3, { stride: 2, padding: 1 })(ones([1, 2, 8, 8])).shape)
 * // => [ 1, 4, 4, 4 ]
 * ```
 */
export class Conv2d extends ConvNd {
  constructor(...given: ConvArguments<Pair>) {
    super('Conv2d', 2, false, settingsOf('Conv2d', NAMES, given))
  }

  override forward(input: Tensor): Tensor {
    const { x, padding } = this.padded(input)
    const [stride, dilation] = [this.stride, this.dilation] as unknown as [Pair, Pair]
    return conv2d(x, this.weight, this.bias, stride, padding as Pair, dilation, this.groups)
  }
}

/**
 * {@link Conv2d} that takes `inChannels` from its first input and
 * then becomes one.
 *
 * Shapes: as of Conv2d.
 *
 * @throws {ValueError, ShapeError} as {@link Conv2d}.
 * @see torch.nn.LazyConv2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyConv2d } from '@flambeau/nn'
 * console.log(new LazyConv2d(4, 3)(ones([1, 2, 8, 8])).shape) // => [ 1, 4, 6, 6 ]
 * ```
 */
export class LazyConv2d extends Conv2d {
  constructor(...given: LazyConvArguments<Pair>) {
    const settings = settingsOf('LazyConv2d', LAZY_NAMES, given)
    super({ ...settings, inChannels: 0, bias: false } as ConvOptions<Pair>)
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input)
    Object.setPrototypeOf(this, Conv2d.prototype)
    return this.forward(input)
  }
}

/**
 * Cross-correlation of volumes with learnt kernels.
 *
 * Shapes: x `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, outChannels, D', H', W']` or the same without N, with
 * D' = floor((D + 2 · padding - dilation · (kernel - 1) - 1) / stride + 1); weight
 * `[outChannels, inChannels / groups, kD, kH, kW]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.Conv3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Conv3d } from '@flambeau/nn'
 * console.log(new Conv3d(2, 4, 3, { stride: 2, padding: 1 })(ones([1, 2, 4, 8, 8])).shape)
 * // => [ 1, 4, 2, 4, 4 ]
 * ```
 */
export class Conv3d extends ConvNd {
  constructor(...given: ConvArguments<Triple>) {
    super('Conv3d', 3, false, settingsOf('Conv3d', NAMES, given))
  }

  override forward(input: Tensor): Tensor {
    const { x, padding } = this.padded(input)
    const [stride, dilation] = [this.stride, this.dilation] as unknown as [Triple, Triple]
    return conv3d(x, this.weight, this.bias, stride, padding as Triple, dilation, this.groups)
  }
}

/**
 * {@link Conv3d} that takes `inChannels` from its first input and
 * then becomes one.
 *
 * Shapes: as of Conv3d.
 *
 * @throws {ValueError, ShapeError} as {@link Conv3d}.
 * @see torch.nn.LazyConv3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyConv3d } from '@flambeau/nn'
 * console.log(new LazyConv3d(4, 3)(ones([1, 2, 4, 8, 8])).shape) // => [ 1, 4, 2, 6, 6 ]
 * ```
 */
export class LazyConv3d extends Conv3d {
  constructor(...given: LazyConvArguments<Triple>) {
    const settings = settingsOf('LazyConv3d', LAZY_NAMES, given)
    super({ ...settings, inChannels: 0, bias: false } as ConvOptions<Triple>)
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input)
    Object.setPrototypeOf(this, Conv3d.prototype)
    return this.forward(input)
  }
}
