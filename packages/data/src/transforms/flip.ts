import type { Tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import type { Map2d } from './maps.ts'
import type { Draws } from './random.ts'
import type { Scene } from './scene.ts'
import { checkChance, Transform } from './transform.ts'

function flip(scene: Scene, axis: 1 | 2, map: Map2d): void {
  const turned = (planes: Tensor): Tensor => planes.flip([axis])
  scene.redraw(turned, turned)
  scene.move(map)
}

/** Left becomes right. @internal */
export function mirror(scene: Scene): void {
  flip(scene, 2, [-1, 0, scene.width, 0, 1, 0, 0, 0, 1])
}

/** Options of flips. */
export interface FlipOptions {
  /** How likely it is. Default 0.5. */
  p?: number
}

function chanceOf(op: string, given: FlipOptions | number): number {
  if (typeof given === 'number') return checkChance(op, given)
  requireOptions(op, given)
  return checkChance(op, given.p ?? 0.5)
}

/**
 * Left becomes right, with probability `p`.
 *
 * Shapes: `[C, H, W]` -> same; boxes and points are mirrored at the middle. Dtype: stays.
 *
 * @throws {ValueError} unless `p` is a probability.
 * @see torchvision.transforms.v2.RandomHorizontalFlip
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { HorizontalFlip } from '@flambeau/data'
 * const { image, boxes } = new HorizontalFlip(1).apply({
 *   image: tensor([[1, 2, 3]]),
 *   boxes: tensor([[0, 0, 1, 1]]),
 * })
 * console.log(image.tolist(), boxes.tolist()) // => [ [ 3, 2, 1 ] ] [ [ 2, 0, 3, 1 ] ]
 * ```
 */
export class HorizontalFlip extends Transform {
  override readonly p: number

  constructor(p: number | FlipOptions = 0.5) {
    super(HorizontalFlip, [p])
    this.p = chanceOf('HorizontalFlip', p)
  }

  /** @internal */
  override run(scene: Scene, random: Draws): void {
    if (random.chance(this.p)) this.change(scene)
  }

  /** @internal */
  override change(scene: Scene): void {
    mirror(scene)
  }
}

/**
 * Top becomes bottom, with probability `p`.
 *
 * Shapes: `[C, H, W]` -> same; boxes and points are mirrored at the middle. Dtype: stays.
 *
 * @throws {ValueError} unless `p` is a probability.
 * @see torchvision.transforms.v2.RandomVerticalFlip
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { VerticalFlip } from '@flambeau/data'
 * console.log(new VerticalFlip({ p: 1 }).apply(tensor([[1], [2]])).tolist()) // => [ [ 2 ], [ 1 ] ]
 * ```
 */
export class VerticalFlip extends Transform {
  override readonly p: number

  constructor(p: number | FlipOptions = 0.5) {
    super(VerticalFlip, [p])
    this.p = chanceOf('VerticalFlip', p)
  }

  /** @internal */
  override run(scene: Scene, random: Draws): void {
    if (random.chance(this.p)) this.change(scene)
  }

  /** @internal */
  override change(scene: Scene): void {
    flip(scene, 1, [1, 0, 0, 0, -1, scene.height, 0, 0, 1])
  }
}

/** {@link HorizontalFlip}, under PyTorch's name. */
export const RandomHorizontalFlip: typeof HorizontalFlip = HorizontalFlip
/** {@link VerticalFlip}, under PyTorch's name. */
export const RandomVerticalFlip: typeof VerticalFlip = VerticalFlip
