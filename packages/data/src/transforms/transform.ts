/** What all transforms share. */
import type { Generator, Tensor } from '@flambeau/core'
import { ShapeError, stack, Tensor as TensorClass, ValueError } from '@flambeau/core'
import { internally, show } from '@flambeau/core/internal'
import type { Portable, WorkerRecipe } from '../dataset.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { BoxOptions } from './boxes.ts'
import { Draws } from './random.ts'
import type { ImageSample } from './scene.ts'
import { Scene } from './scene.ts'

/** The module that exports all transforms, in source and in what is built of it. */
const module = import.meta.url.replace(/transform(\.[jt]s)$/, 'index$1')

/**
 * A change of images, and of the masks, boxes and keypoints that belong to them. The same seed of the
 * generator gives the same change.
 *
 * Write your own with {@link Lambda}.
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { HorizontalFlip, Transform } from '@flambeau/data'
 * const flip = new HorizontalFlip(1)
 * console.log(flip instanceof Transform, flip.apply(zeros([3, 4, 6])).shape) // => true [ 3, 4, 6 ]
 * ```
 */
export abstract class Transform implements Portable {
  /** How likely it is to happen at all. */
  readonly p: number = 1
  readonly #type: { readonly name: string }
  readonly #given: readonly unknown[]

  /** @internal */
  constructor(type: { readonly name: string }, given: readonly unknown[]) {
    this.#type = type
    this.#given = given
  }

  /** Does it draw random numbers? */
  get isRandom(): boolean {
    return true
  }

  /** What is to be done with boxes. @internal */
  get boxOptions(): BoxOptions {
    return {}
  }

  /** Does it need [C, H, W], or does it take what a function before it made? @internal */
  get needsPixels(): boolean {
    return true
  }

  /** Changes the scene. @internal */
  abstract change(scene: Scene, random: Draws): void

  /**
   * Changes it, or not, by `p`. No number is drawn where there is no choice.
   *
   * @internal
   */
  run(scene: Scene, random: Draws): void {
    if (this.p >= 1 || random.chance(this.p)) this.change(scene, random)
  }

  /**
   * The transformed image, or sample: an image in gives an image, a sample in gives a sample of the
   * same fields. What is given is not changed.
   *
   * Shapes: images `[C, H, W]` or `[H, W]`; see {@link ImageSample}.
   *
   * @param generator where random numbers come from; default: the default generator.
   * @throws {ShapeError} if parts of the sample do not fit each other.
   */
  apply(image: Tensor, generator?: Generator | null): Tensor
  apply<Sample extends ImageSample>(sample: Sample, generator?: Generator | null): Sample
  apply(input: Tensor | ImageSample, generator?: Generator | null): Tensor | ImageSample {
    const { name } = this.constructor
    const plain = input instanceof TensorClass
    if (!plain && !((input as Partial<ImageSample> | null)?.image instanceof TensorClass)) {
      throw new ValueError(
        name,
        [],
        'an image, or a sample with an image, is expected',
        'transform.apply(image), or transform.apply({ image, mask })',
      )
    }
    return internally(() => {
      const sample = plain ? { image: input } : input
      const scene = new Scene(name, sample, this.boxOptions)
      this.run(scene, new Draws(generator))
      scene.clip()
      scene.sift(this.boxOptions)
      return plain ? scene.result() : scene.sample(this.boxOptions)
    })
  }

  /**
   * The transformed images of a batch, each with random numbers of its own.
   *
   * Shapes: `[N, C, H, W]` or `[N, H, W]` -> what the images become, stacked.
   *
   * @throws {ShapeError} if the results have different sizes.
   */
  applyBatch(images: Tensor, generator?: Generator | null): Tensor {
    if (!(images instanceof TensorClass) || images.ndim < 3 || images.shape[0] === 0) {
      throw new ShapeError(
        this.constructor.name,
        images instanceof TensorClass ? { images } : {},
        'a batch of images is [N, C, H, W] or [N, H, W], with at least one image',
        'use apply() for single images',
      )
    }
    return internally(() => stack(images.unbind(0).map((image) => this.apply(image, generator))))
  }

  /** How a worker thread makes it again. */
  toWorker(): WorkerRecipe {
    return recipeOf(this, this.#type, module, this.#given)
  }
}

/** @internal @throws {ValueError} unless `p` is a probability. */
export function checkChance(op: string, p: number): number {
  if (typeof p === 'number' && p >= 0 && p <= 1) return p
  throw new ValueError(op, [], `p must be from 0 to 1, not ${show(p)}`, '{ p: 0.5 }')
}
