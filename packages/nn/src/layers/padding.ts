/** Layers that pad. */
import type { Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { wholeNumbers } from '../functional/inputs.ts'
import type { PadMode } from '../functional/padding.ts'
import { pad } from '../functional/padding.ts'
import { Module } from '../module.ts'
import { describe } from './describe.ts'

/** One number for all sides, or two for each axis, the last axis first. */
export type Padding = number | readonly number[]

export interface PaddingOptions {
  /** Positions to add before and after, for the last axis first, or everywhere. */
  padding: Padding
}

export interface ConstantPadOptions extends PaddingOptions {
  /** What new positions hold. */
  value: number
}

type PaddingArguments = Arguments<PaddingOptions, ['padding']>
type ConstantArguments = Arguments<ConstantPadOptions, ['padding', 'value']>

/** The settings of a layer that pads `axes` axes. */
abstract class PadLayer extends Module {
  readonly padding: readonly number[]

  constructor(op: string, axes: number, padding: Padding | undefined) {
    super()
    this.padding = wholeNumbers(op, 'padding', padding, 2 * axes, Number.MIN_SAFE_INTEGER)
  }

  protected padded(input: Tensor, mode: PadMode, value: number | null = null): Tensor {
    return pad(input, this.padding, mode, value)
  }

  override extraRepr(): string {
    return `[${this.padding.join(', ')}]`
  }
}

const readPadding = parameters<[Padding]>('padding', ['padding'])
const readConstant = parameters<[Padding, number]>('padding', ['padding', 'value'])

abstract class ConstantPad extends PadLayer {
  readonly value: number

  constructor(op: string, axes: number, given: ConstantArguments) {
    const [padding, value] = readConstant(given)
    super(op, axes, padding)
    this.value = value ?? 0
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'constant', this.value)
  }

  override extraRepr(): string {
    return describe({ padding: this.padding, value: this.value })
  }
}

/**
 * Pads by a value: the last axis, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[*, L]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 2 of them.
 * @throws {ShapeError} if the input does not have these axes.
 * @see torch.nn.ConstantPad1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ConstantPad1d } from '@flambeau/nn'
 * console.log(new ConstantPad1d([2, 1], 9)(tensor([[1, 2, 3]])))
 * // => tensor([[9, 9, 1, 2, 3, 9]])
 * ```
 */
export class ConstantPad1d extends ConstantPad {
  constructor(...given: ConstantArguments) {
    super('ConstantPad1d', 1, given)
  }
}

/**
 * Pads by a value: height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[*, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 4 of them.
 * @throws {ShapeError} if the input does not have these axes.
 * @see torch.nn.ConstantPad2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ConstantPad2d } from '@flambeau/nn'
 * console.log(new ConstantPad2d([1, 1, 0, 0], 9)(tensor([[[1, 2], [3, 4]]])))
 * // => tensor([[[9, 1, 2, 9],
 * //             [9, 3, 4, 9]]])
 * ```
 */
export class ConstantPad2d extends ConstantPad {
  constructor(...given: ConstantArguments) {
    super('ConstantPad2d', 2, given)
  }
}

/**
 * Pads by a value: depth, height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[*, D, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 6 of them.
 * @throws {ShapeError} if the input does not have these axes.
 * @see torch.nn.ConstantPad3d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ConstantPad3d } from '@flambeau/nn'
 * console.log(new ConstantPad3d([1, 0, 0, 0, 0, 0], 9)(tensor([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])).shape)
 * // => [ 1, 2, 2, 3 ]
 * ```
 */
export class ConstantPad3d extends ConstantPad {
  constructor(...given: ConstantArguments) {
    super('ConstantPad3d', 3, given)
  }
}

/**
 * Pads by zeros: the last axis, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[*, L]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 2 of them.
 * @throws {ShapeError} if the input does not have these axes.
 * @see torch.nn.ZeroPad1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ZeroPad1d } from '@flambeau/nn'
 * console.log(new ZeroPad1d([2, 1])(tensor([[1, 2, 3]]))) // => tensor([[0, 0, 1, 2, 3, 0]])
 * ```
 */
export class ZeroPad1d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ZeroPad1d', 1, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'constant')
  }
}

/**
 * Pads by zeros: height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[*, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 4 of them.
 * @throws {ShapeError} if the input does not have these axes.
 * @see torch.nn.ZeroPad2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ZeroPad2d } from '@flambeau/nn'
 * console.log(new ZeroPad2d([1, 1, 0, 0])(tensor([[[1, 2], [3, 4]]])))
 * // => tensor([[[0, 1, 2, 0],
 * //             [0, 3, 4, 0]]])
 * ```
 */
export class ZeroPad2d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ZeroPad2d', 2, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'constant')
  }
}

/**
 * Pads by zeros: depth, height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[*, D, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 6 of them.
 * @throws {ShapeError} if the input does not have these axes.
 * @see torch.nn.ZeroPad3d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ZeroPad3d } from '@flambeau/nn'
 * console.log(new ZeroPad3d([1, 0, 0, 0, 0, 0])(tensor([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])).shape)
 * // => [ 1, 2, 2, 3 ]
 * ```
 */
export class ZeroPad3d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ZeroPad3d', 3, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'constant')
  }
}

/**
 * Pads by the input mirrored at its edge, which is not repeated: the last axis, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 2 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.ReflectionPad1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReflectionPad1d } from '@flambeau/nn'
 * console.log(new ReflectionPad1d([2, 1])(tensor([[1, 2, 3]]))) // => tensor([[3, 2, 1, 2, 3, 2]])
 * ```
 */
export class ReflectionPad1d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ReflectionPad1d', 1, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'reflect')
  }
}

/**
 * Pads by the input mirrored at its edge, which is not repeated: height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 4 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.ReflectionPad2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReflectionPad2d } from '@flambeau/nn'
 * console.log(new ReflectionPad2d([1, 1, 0, 0])(tensor([[[1, 2], [3, 4]]])))
 * // => tensor([[[2, 1, 2, 1],
 * //             [4, 3, 4, 3]]])
 * ```
 */
export class ReflectionPad2d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ReflectionPad2d', 2, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'reflect')
  }
}

/**
 * Pads by the input mirrored at its edge, which is not repeated: depth, height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 6 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.ReflectionPad3d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReflectionPad3d } from '@flambeau/nn'
 * console.log(new ReflectionPad3d([1, 0, 0, 0, 0, 0])(tensor([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])).shape)
 * // => [ 1, 2, 2, 3 ]
 * ```
 */
export class ReflectionPad3d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ReflectionPad3d', 3, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'reflect')
  }
}

/**
 * Pads by the edge of the input: the last axis, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 2 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.ReplicationPad1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReplicationPad1d } from '@flambeau/nn'
 * console.log(new ReplicationPad1d([2, 1])(tensor([[1, 2, 3]])))
 * // => tensor([[1, 1, 1, 2, 3, 3]])
 * ```
 */
export class ReplicationPad1d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ReplicationPad1d', 1, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'replicate')
  }
}

/**
 * Pads by the edge of the input: height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 4 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.ReplicationPad2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReplicationPad2d } from '@flambeau/nn'
 * console.log(new ReplicationPad2d([1, 1, 0, 0])(tensor([[[1, 2], [3, 4]]])))
 * // => tensor([[[1, 1, 2, 2],
 * //             [3, 3, 4, 4]]])
 * ```
 */
export class ReplicationPad2d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ReplicationPad2d', 2, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'replicate')
  }
}

/**
 * Pads by the edge of the input: depth, height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 6 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.ReplicationPad3d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReplicationPad3d } from '@flambeau/nn'
 * console.log(new ReplicationPad3d([1, 0, 0, 0, 0, 0])(tensor([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])).shape)
 * // => [ 1, 2, 2, 3 ]
 * ```
 */
export class ReplicationPad3d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('ReplicationPad3d', 3, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'replicate')
  }
}

/**
 * Pads by the other end of the input: the last axis, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 2 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.CircularPad1d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CircularPad1d } from '@flambeau/nn'
 * console.log(new CircularPad1d([2, 1])(tensor([[1, 2, 3]]))) // => tensor([[2, 3, 1, 2, 3, 1]])
 * ```
 */
export class CircularPad1d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('CircularPad1d', 1, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'circular')
  }
}

/**
 * Pads by the other end of the input: height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 4 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.CircularPad2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CircularPad2d } from '@flambeau/nn'
 * console.log(new CircularPad2d([1, 1, 0, 0])(tensor([[[1, 2], [3, 4]]])))
 * // => tensor([[[2, 1, 2, 1],
 * //             [4, 3, 4, 3]]])
 * ```
 */
export class CircularPad2d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('CircularPad2d', 2, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'circular')
  }
}

/**
 * Pads by the other end of the input: depth, height and width, by two numbers each, the last axis first. Negative ones
 * take away.
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> same rank, each axis longer by its two numbers. Dtype: kept.
 *
 * @throws {ValueError} if there is not one whole number, or 6 of them.
 * @throws {ShapeError} if the input does not have these axes, or is too small.
 * @see torch.nn.CircularPad3d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CircularPad3d } from '@flambeau/nn'
 * console.log(new CircularPad3d([1, 0, 0, 0, 0, 0])(tensor([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])).shape)
 * // => [ 1, 2, 2, 3 ]
 * ```
 */
export class CircularPad3d extends PadLayer {
  constructor(...given: PaddingArguments) {
    super('CircularPad3d', 3, readPadding(given)[0])
  }

  override forward(input: Tensor): Tensor {
    return this.padded(input, 'circular')
  }
}
