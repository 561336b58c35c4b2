/** Layers that arrange axes by their names. */
import type { AxisSizes, Reducer, Tensor } from '@flambeau/core'
import { rearrange, reduce } from '@flambeau/core'
import { requireOptions, requireText } from '@flambeau/core/internal'
import { Module } from '../module.ts'

function repr(parts: readonly string[], sizes: AxisSizes): string {
  const named = Object.entries(sizes).map(([name, size]) => `${name}=${size}`)
  return [...parts.map((part) => `'${part}'`), ...named].join(', ')
}

/**
 * {@link rearrange} as a layer: axes are split, merged and put in another order by their names.
 *
 * Shapes: as the pattern says. Dtype: kept.
 *
 * @throws {ShapeError} when called, if the input does not fit the pattern. @throws {ValueError} then,
 * if there is no such pattern.
 * @see einops.layers.torch.Rearrange
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const patches = new nn.Sequential(
 *   new nn.Rearrange('b c (h p) (w q) -> b (h w) (p q c)', { p: 4, q: 4 }),
 *   new nn.Linear(48, 16),
 * )
 * console.log(patches(ones([2, 3, 8, 8])).shape) // => [ 2, 4, 16 ]
 * ```
 */
export class Rearrange extends Module {
  readonly pattern: string
  readonly sizes: AxisSizes

  constructor(pattern: string, sizes: AxisSizes = {}) {
    super()
    requireText('Rearrange', 'pattern', pattern)
    requireOptions('Rearrange', sizes)
    this.pattern = pattern
    this.sizes = { ...sizes }
  }

  override forward(input: Tensor): Tensor {
    return rearrange(input, this.pattern, this.sizes)
  }

  override extraRepr(): string {
    return repr([this.pattern], this.sizes)
  }
}

/**
 * {@link reduce} as a layer: as {@link Rearrange}, with axes that the right side lacks reduced.
 *
 * Shapes: as the pattern says. Dtype: kept, except where the reduction changes it.
 *
 * @throws {ShapeError} when called, if the input does not fit the pattern. @throws {ValueError} then,
 * if there is no such pattern or reduction.
 * @see einops.layers.torch.Reduce
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const pool = new nn.Reduce('b c (h p) (w q) -> b c h w', 'max', { p: 2, q: 2 })
 * console.log(pool(ones([1, 3, 8, 8])).shape) // => [ 1, 3, 4, 4 ]
 * ```
 */
export class Reduce extends Module {
  readonly pattern: string
  readonly reduction: Reducer
  readonly sizes: AxisSizes

  constructor(pattern: string, reduction: Reducer, sizes: AxisSizes = {}) {
    super()
    requireText('Reduce', 'pattern', pattern)
    requireOptions('Reduce', sizes)
    this.pattern = pattern
    this.reduction = reduction
    this.sizes = { ...sizes }
  }

  override forward(input: Tensor): Tensor {
    return reduce(input, this.pattern, this.reduction, this.sizes)
  }

  override extraRepr(): string {
    const { reduction } = this
    const name = typeof reduction === 'string' ? reduction : reduction.name || 'function'
    return repr([this.pattern, name], this.sizes)
  }
}
