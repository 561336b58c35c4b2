/** Transposed convolutions, and their forms that take the channels from the first input. */
import type { Pair, Single, Tensor, Triple } from '@flambeau/core'
import { convTranspose1d, convTranspose2d, convTranspose3d } from '@flambeau/core'
import type { Arguments, Given } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { ConvTransposeOptions, OutputSize, Sizes } from './conv.ts'
import { ConvNd } from './conv.ts'

const NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'outputPadding',
  'groups',
  'bias',
  'dilation',
  'paddingMode',
  'device',
  'dtype',
] as const
const LAZY_NAMES = NAMES.slice(1) as unknown as LazyNames

type LazyNames = typeof NAMES extends readonly [unknown, ...infer Rest] ? Rest : never

type ConvTransposeArguments<S extends Sizes> = Arguments<ConvTransposeOptions<S>, typeof NAMES>
type LazyConvTransposeArguments<S extends Sizes> = Arguments<
  Omit<ConvTransposeOptions<S>, 'inChannels'>,
  LazyNames
>

/** The arguments by name. */
function settingsOf(
  op: string,
  names: readonly string[],
  given: unknown[],
): Partial<ConvTransposeOptions<Sizes>> {
  const read: Given<unknown[]> = parameters(op, names)(given)
  return Object.fromEntries(names.map((name, i) => [name, read[i]]))
}

/**
 * The gradient of a convolution along one axis as a layer: strides make the output larger.
 *
 * Shapes: x `[N, C, L]` or `[C, L]` -> `[N, outChannels, L']` or the same without N, with
 * L' = (L - 1) · stride - 2 · padding + dilation · (kernel - 1) + outputPadding + 1; weight
 * `[inChannels, outChannels / groups, kL]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * `forward` also takes an `outputSize`, in place of the outputPadding.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.ConvTranspose1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ConvTranspose1d } from '@flambeau/nn'
 * console.log(new ConvTranspose1d(2, 4, 3, { stride: 2, padding: 1 })(ones([1, 2, 8])).shape)
 * // => [ 1, 4, 15 ]
 * ```
 */
export class ConvTranspose1d extends ConvNd {
  constructor(...given: ConvTransposeArguments<Single>) {
    super('ConvTranspose1d', 1, true, settingsOf('ConvTranspose1d', NAMES, given))
  }

  override forward(input: Tensor, outputSize?: OutputSize): Tensor {
    const { weight, bias, groups } = this
    const outputPadding = this.outputPaddingFor(input, outputSize)
    const numbers = [this.stride, this.padding, outputPadding, this.dilation]
    const [stride, padding, extra, dilation] = numbers as unknown as [
      Single,
      Single,
      Single,
      Single,
    ]
    return convTranspose1d(input, weight, bias, stride, padding, extra, groups, dilation)
  }
}

/**
 * {@link ConvTranspose1d} that takes `inChannels` from its first input and
 * then becomes one.
 *
 * Shapes: as of ConvTranspose1d.
 *
 * @throws {ValueError, ShapeError} as {@link ConvTranspose1d}.
 * @see torch.nn.LazyConvTranspose1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyConvTranspose1d } from '@flambeau/nn'
 * console.log(new LazyConvTranspose1d(4, 3)(ones([1, 2, 8])).shape) // => [ 1, 4, 10 ]
 * ```
 */
export class LazyConvTranspose1d extends ConvTranspose1d {
  constructor(...given: LazyConvTransposeArguments<Single>) {
    const settings = settingsOf('LazyConvTranspose1d', LAZY_NAMES, given)
    super({ ...settings, inChannels: 0, bias: false } as ConvTransposeOptions<Single>)
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor, outputSize?: OutputSize): Tensor {
    this.takeChannels(input)
    Object.setPrototypeOf(this, ConvTranspose1d.prototype)
    return this.forward(input, outputSize)
  }
}

/**
 * The gradient of a convolution of images as a layer: strides make the output larger.
 *
 * Shapes: x `[N, C, H, W]` or `[C, H, W]` -> `[N, outChannels, H', W']` or the same without N, with
 * H' = (H - 1) · stride - 2 · padding + dilation · (kernel - 1) + outputPadding + 1; weight
 * `[inChannels, outChannels / groups, kH, kW]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * `forward` also takes an `outputSize`, in place of the outputPadding.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.ConvTranspose2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ConvTranspose2d } from '@flambeau/nn'
 * console.log(new ConvTranspose2d(2, 4, 3, { stride: 2, padding: 1 })(ones([1, 2, 8, 8])).shape)
 * // => [ 1, 4, 15, 15 ]
 * ```
 */
export class ConvTranspose2d extends ConvNd {
  constructor(...given: ConvTransposeArguments<Pair>) {
    super('ConvTranspose2d', 2, true, settingsOf('ConvTranspose2d', NAMES, given))
  }

  override forward(input: Tensor, outputSize?: OutputSize): Tensor {
    const { weight, bias, groups } = this
    const outputPadding = this.outputPaddingFor(input, outputSize)
    const numbers = [this.stride, this.padding, outputPadding, this.dilation]
    const [stride, padding, extra, dilation] = numbers as unknown as [Pair, Pair, Pair, Pair]
    return convTranspose2d(input, weight, bias, stride, padding, extra, groups, dilation)
  }
}

/**
 * {@link ConvTranspose2d} that takes `inChannels` from its first input and
 * then becomes one.
 *
 * Shapes: as of ConvTranspose2d.
 *
 * @throws {ValueError, ShapeError} as {@link ConvTranspose2d}.
 * @see torch.nn.LazyConvTranspose2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyConvTranspose2d } from '@flambeau/nn'
 * console.log(new LazyConvTranspose2d(4, 3)(ones([1, 2, 8, 8])).shape) // => [ 1, 4, 10, 10 ]
 * ```
 */
export class LazyConvTranspose2d extends ConvTranspose2d {
  constructor(...given: LazyConvTransposeArguments<Pair>) {
    const settings = settingsOf('LazyConvTranspose2d', LAZY_NAMES, given)
    super({ ...settings, inChannels: 0, bias: false } as ConvTransposeOptions<Pair>)
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor, outputSize?: OutputSize): Tensor {
    this.takeChannels(input)
    Object.setPrototypeOf(this, ConvTranspose2d.prototype)
    return this.forward(input, outputSize)
  }
}

/**
 * The gradient of a convolution of volumes as a layer: strides make the output larger.
 *
 * Shapes: x `[N, C, D, H, W]` or `[C, D, H, W]` -> `[N, outChannels, D', H', W']` or the same without N, with
 * D' = (D - 1) · stride - 2 · padding + dilation · (kernel - 1) + outputPadding + 1; weight
 * `[inChannels, outChannels / groups, kD, kH, kW]`; bias `[outChannels]`. Initialised uniformly within
 * 1 / sqrt(fanIn).
 *
 * `forward` also takes an `outputSize`, in place of the outputPadding.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or groups that do not divide the
 * channels. @throws {ShapeError} if x has other channels.
 * @see torch.nn.ConvTranspose3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ConvTranspose3d } from '@flambeau/nn'
 * console.log(new ConvTranspose3d(2, 4, 3, { stride: 2, padding: 1 })(ones([1, 2, 4, 8, 8])).shape)
 * // => [ 1, 4, 7, 15, 15 ]
 * ```
 */
export class ConvTranspose3d extends ConvNd {
  constructor(...given: ConvTransposeArguments<Triple>) {
    super('ConvTranspose3d', 3, true, settingsOf('ConvTranspose3d', NAMES, given))
  }

  override forward(input: Tensor, outputSize?: OutputSize): Tensor {
    const { weight, bias, groups } = this
    const outputPadding = this.outputPaddingFor(input, outputSize)
    const numbers = [this.stride, this.padding, outputPadding, this.dilation]
    const [stride, padding, extra, dilation] = numbers as unknown as [
      Triple,
      Triple,
      Triple,
      Triple,
    ]
    return convTranspose3d(input, weight, bias, stride, padding, extra, groups, dilation)
  }
}

/**
 * {@link ConvTranspose3d} that takes `inChannels` from its first input and
 * then becomes one.
 *
 * Shapes: as of ConvTranspose3d.
 *
 * @throws {ValueError, ShapeError} as {@link ConvTranspose3d}.
 * @see torch.nn.LazyConvTranspose3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyConvTranspose3d } from '@flambeau/nn'
 * console.log(new LazyConvTranspose3d(4, 3)(ones([1, 2, 4, 8, 8])).shape)
 * // => [ 1, 4, 6, 10, 10 ]
 * ```
 */
export class LazyConvTranspose3d extends ConvTranspose3d {
  constructor(...given: LazyConvTransposeArguments<Triple>) {
    const settings = settingsOf('LazyConvTranspose3d', LAZY_NAMES, given)
    super({ ...settings, inChannels: 0, bias: false } as ConvTransposeOptions<Triple>)
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor, outputSize?: OutputSize): Tensor {
    this.takeChannels(input)
    Object.setPrototypeOf(this, ConvTranspose3d.prototype)
    return this.forward(input, outputSize)
  }
}
