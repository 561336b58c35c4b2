/** Layers whose outputs are distributions along an axis. */
import type { Tensor } from '@flambeau/core'
import { logSoftmax, ShapeError, softmax } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireTensor } from '@flambeau/core/internal'
import { softmin } from '../functional/softmin.ts'
import { Module } from '../module.ts'
import { describe } from './describe.ts'

abstract class AlongAxis extends Module {
  readonly dim: number | null

  constructor(...given: Arguments<{ dim?: number | null }, ['dim']>) {
    super()
    this.dim = parameters<[number | null]>('dim', ['dim'])(given)[0] ?? null
  }

  /** The axis; where none was given, that of the channels. */
  protected axisOf(input: Tensor): number {
    requireTensor(this.constructor.name, 'input', input)
    if (this.dim !== null) return this.dim
    return input.ndim === 0 || input.ndim === 1 || input.ndim === 3 ? 0 : 1
  }

  override extraRepr(): string {
    return describe({ dim: this.dim })
  }
}

/**
 * e^x divided by its sum along an axis. Without `dim`: along axis 1, or 0 of inputs with 0, 1 or 3
 * axes.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} for other dtypes.
 * @see torch.nn.Softmax
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Softmax } from '@flambeau/nn'
 * console.log(new Softmax(-1)(tensor([1.0, 2.5]))) // => tensor([0.1824, 0.8176])
 * ```
 */
export class Softmax extends AlongAxis {
  override forward(input: Tensor): Tensor {
    return softmax(input, this.axisOf(input))
  }
}

/**
 * The logarithm of {@link Softmax}.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} for other dtypes.
 * @see torch.nn.LogSoftmax
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { LogSoftmax } from '@flambeau/nn'
 * console.log(new LogSoftmax(-1)(tensor([1.0, 2.5]))) // => tensor([-1.7014, -0.2014])
 * ```
 */
export class LogSoftmax extends AlongAxis {
  override forward(input: Tensor): Tensor {
    return logSoftmax(input, this.axisOf(input))
  }
}

/**
 * {@link Softmax} of -x.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} for other dtypes.
 * @see torch.nn.Softmin
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Softmin } from '@flambeau/nn'
 * console.log(new Softmin(-1)(tensor([1.0, 2.5]))) // => tensor([0.8176, 0.1824])
 * ```
 */
export class Softmin extends AlongAxis {
  override forward(input: Tensor): Tensor {
    return softmin(input, this.axisOf(input))
  }
}

/**
 * {@link Softmax} over the channels of each pixel.
 *
 * Shapes: `[N, C, H, W]` or `[C, H, W]` -> same. Dtype: floating, kept.
 *
 * @throws {ShapeError} for other ranks. @throws {DTypeError} for other dtypes.
 * @see torch.nn.Softmax2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Softmax2d } from '@flambeau/nn'
 * console.log(new Softmax2d()(tensor([[[1.0]], [[2.5]]])).flatten())
 * // => tensor([0.1824, 0.8176])
 * ```
 */
export class Softmax2d extends Module {
  override forward(input: Tensor): Tensor {
    requireTensor('Softmax2d', 'input', input)
    if (input.ndim !== 3 && input.ndim !== 4) {
      throw new ShapeError(
        'Softmax2d',
        { input },
        `input must be [N, C, H, W] or [C, H, W], but has ${input.ndim} axes`,
        'use Softmax with a dim',
      )
    }
    return softmax(input, -3)
  }
}
