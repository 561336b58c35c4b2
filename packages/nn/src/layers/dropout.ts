/** Layers that drop elements or channels while training. */
import type { Tensor } from '@flambeau/core'
import { dropout, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import * as F from '../functional/dropout.ts'
import { Module } from '../module.ts'
import { describe } from './describe.ts'

export interface DropoutSettings {
  /** The share to drop. Default 0.5. */
  p?: number
  /** Write the result into the input. Default false. */
  inplace?: boolean
}

const NAMES = ['p', 'inplace'] as const

type DropoutArguments = Arguments<DropoutSettings, typeof NAMES>
const readDropout = parameters<[number, boolean]>('Dropout', NAMES)

type Drop = (input: Tensor, p: number, training: boolean, inplace: boolean) => Tensor

abstract class DropoutLayer extends Module {
  readonly p: number
  readonly inplace: boolean

  constructor(...given: DropoutArguments) {
    super()
    const [p = 0.5, inplace = false] = readDropout(given)
    if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
      throw new ValueError(
        new.target.name,
        { p },
        `p is a probability, not ${show(p)}`,
        'use a number from 0 to 1',
      )
    }
    this.p = p
    this.inplace = inplace
  }

  protected dropped(drop: Drop, input: Tensor): Tensor {
    return drop(input, this.p, this.training, this.inplace)
  }

  override extraRepr(): string {
    return describe({ p: this.p, inplace: this.inplace })
  }
}

/**
 * While training, sets each element to zero with probability `p` and multiplies the others with
 * 1 / (1 - p); otherwise gives back its input.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1. @throws {DTypeError} for other dtypes.
 * @see Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html; torch.nn.Dropout
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Dropout } from '@flambeau/nn'
 * console.log(new Dropout(0.5).eval()(tensor([1, 2.5]))) // => tensor([1.0000, 2.5000])
 * ```
 */
export class Dropout extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return this.dropped(dropout as Drop, input)
  }
}

/**
 * While training, zeroes whole channels with probability `p` and multiplies the others with
 * 1 / (1 - p).
 *
 * Shapes: `[N, C, L]` or `[C, L]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1. @throws {ShapeError} for other ranks.
 * @see torch.nn.Dropout1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Dropout1d } from '@flambeau/nn'
 * console.log(new Dropout1d(0.5).eval()(ones([2, 3])).shape) // => [ 2, 3 ]
 * ```
 */
export class Dropout1d extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return this.dropped(F.dropout1d, input)
  }
}

/**
 * While training, zeroes whole channels with probability `p` and multiplies the others with
 * 1 / (1 - p).
 *
 * Shapes: `[N, C, H, W]` -> same; `[C, H, W]` is taken for a batch of lines. Dtype: floating, kept.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1. @throws {ShapeError} if there are no channels.
 * @see torch.nn.Dropout2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Dropout2d } from '@flambeau/nn'
 * console.log(new Dropout2d(0.5).eval()(ones([1, 2, 3, 3])).shape) // => [ 1, 2, 3, 3 ]
 * ```
 */
export class Dropout2d extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return this.dropped(F.dropout2d, input)
  }
}

/**
 * While training, zeroes whole channels with probability `p` and multiplies the others with
 * 1 / (1 - p).
 *
 * Shapes: `[N, C, D, H, W]` or `[C, D, H, W]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1. @throws {ShapeError} if there are no channels.
 * @see torch.nn.Dropout3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Dropout3d } from '@flambeau/nn'
 * console.log(new Dropout3d(0.5).eval()(ones([1, 2, 3, 3, 3])).shape) // => [ 1, 2, 3, 3, 3 ]
 * ```
 */
export class Dropout3d extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return this.dropped(F.dropout3d, input)
  }
}

/**
 * Dropout that keeps mean 0 and variance 1, for networks with SELU.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1. @throws {DTypeError} for other dtypes.
 * @see Klambauer et al. 2017, https://arxiv.org/abs/1706.02515; torch.nn.AlphaDropout
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { AlphaDropout } from '@flambeau/nn'
 * console.log(new AlphaDropout(0.5).eval()(tensor([1, 2.5]))) // => tensor([1.0000, 2.5000])
 * ```
 */
export class AlphaDropout extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.alphaDropout(input, this.p, this.training)
  }
}

/**
 * {@link AlphaDropout} of whole channels.
 *
 * Shapes: `[N, C, *]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless 0 ≤ p ≤ 1. @throws {ShapeError} if there are no channels.
 * @see torch.nn.FeatureAlphaDropout
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { FeatureAlphaDropout } from '@flambeau/nn'
 * console.log(new FeatureAlphaDropout(0.5).eval()(ones([1, 2, 3])).shape) // => [ 1, 2, 3 ]
 * ```
 */
export class FeatureAlphaDropout extends DropoutLayer {
  override forward(input: Tensor): Tensor {
    return F.featureAlphaDropout(input, this.p, this.training)
  }
}
