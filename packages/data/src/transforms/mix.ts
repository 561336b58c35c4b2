/** Batches whose samples are mixed with each other. */
import type { Generator } from '@flambeau/core'
import { oneHot, ShapeError, Tensor, ValueError } from '@flambeau/core'
import { internally, requireOptions, requireTensors, show } from '@flambeau/core/internal'
import type { Portable, WorkerRecipe } from '../dataset.ts'
import { recipeOf } from '../loader/recipe.ts'
import { Draws } from './random.ts'

/** Options of {@link MixUp} and {@link CutMix}. */
export interface MixOptions {
  /** Needed where labels are whole numbers. */
  numClasses?: number
  /** Of the Beta(alpha, alpha) from which the share of each sample is drawn. Default 1: uniform. */
  alpha?: number
}

/** Images and labels of a batch. */
export type LabelledBatch = readonly [images: Tensor, labels: Tensor]

const module = import.meta.url.replace(/mix(\.[jt]s)$/, 'index$1')

/** What both ways of mixing share. */
abstract class BatchMix implements Portable {
  readonly numClasses: number | null
  readonly alpha: number
  readonly #type: { readonly name: string }

  /** @internal */
  constructor(type: { readonly name: string }, options: MixOptions) {
    requireOptions(type.name, options)
    const { numClasses = null, alpha = 1 } = options
    const whole = numClasses === null || (Number.isInteger(numClasses) && numClasses >= 1)
    if (!whole || !(alpha > 0)) {
      throw new ValueError(
        type.name,
        [],
        `numClasses must be a whole number ≥ 1 and alpha > 0, not ${show(numClasses)} and ${show(alpha)}`,
        '{ numClasses: 10, alpha: 1 }',
      )
    }
    this.#type = type
    this.numClasses = numClasses
    this.alpha = alpha
  }

  #shares(images: Tensor, labels: Tensor): Tensor {
    const op = this.#type.name
    const classes = this.numClasses
    const fits =
      images instanceof Tensor &&
      labels instanceof Tensor &&
      images.ndim === 4 &&
      (labels.ndim === 1 || labels.ndim === 2) &&
      labels.shape[0] === images.shape[0]
    if (!fits) {
      throw new ShapeError(
        op,
        images instanceof Tensor && labels instanceof Tensor ? { images, labels } : {},
        'a batch is [images [N, C, H, W], labels [N] or [N, classes]]',
        'mix batches, not samples: apply it to what the loader gives',
      )
    }
    if (labels.ndim === 2) {
      if (classes === null || labels.shape[1] === classes) return labels.to('float32')
      throw new ShapeError(
        op,
        { labels },
        `labels of ${labels.shape[1]} classes, numClasses is ${classes}`,
        'leave numClasses out for labels that are shares already',
      )
    }
    if (classes !== null) return oneHot(labels.to('int64'), classes).to('float32')
    throw new ValueError(
      op,
      { labels },
      'labels that are numbers of classes need numClasses',
      `new ${op}({ numClasses: 10 })`,
    )
  }

  /**
   * Each sample mixed with the one before it.
   *
   * Shapes: `[images [N, C, H, W], labels [N]]` -> the same with labels `[N, numClasses]`, shares that add
   * up to 1. Dtype: images stay, labels become float32.
   *
   * @throws {ShapeError, ValueError} for other batches.
   */
  apply(batch: LabelledBatch, generator?: Generator | null): [images: Tensor, labels: Tensor] {
    return internally(() => {
      const { name } = this.constructor
      requireTensors(name, 'the batch', batch, 2)
      const [images, labels] = batch
      const shares = this.#shares(images, labels)
      const [mixed, share] = this.mix(images, new Draws(generator))
      return [mixed, shares.mul(share).add(shares.roll(1, 0).mul(1 - share))]
    })
  }

  /** The mixed images, and each sample's own share. @internal */
  abstract mix(images: Tensor, random: Draws): [Tensor, number]

  /** How a worker thread makes it again. */
  toWorker(): WorkerRecipe {
    const numClasses = this.numClasses === null ? {} : { numClasses: this.numClasses }
    return recipeOf(this, this.#type, module, [{ ...numClasses, alpha: this.alpha }])
  }
}

/**
 * Weighted means of images and of labels.
 *
 * Shapes: `[images [N, C, H, W], labels [N] or [N, classes]]`, images floating.
 *
 * @see Zhang et al. 2018, https://arxiv.org/abs/1710.09412; torchvision.transforms.v2.MixUp
 *
 * @example
 * ```ts
 * import { Generator, rand, tensor } from '@flambeau/core'
 * import { MixUp } from '@flambeau/data'
 * const mix = new MixUp({ numClasses: 3 })
 * const batch = [rand([2, 1, 4, 4]), tensor([0, 2])] as const
 * const [images, labels] = mix.apply(batch, new Generator())
 * console.log(images.shape, labels.shape, labels.sum().item()) // => [ 2, 1, 4, 4 ] [ 2, 3 ] 2
 * ```
 */
export class MixUp extends BatchMix {
  constructor(options: MixOptions = {}) {
    super(MixUp, options)
  }

  /** @internal */
  override mix(images: Tensor, random: Draws): [Tensor, number] {
    const share = random.beta(this.alpha, this.alpha)
    const float = images.dtype === 'uint8' ? images.to('float32') : images
    const mixed = float.mul(share).add(float.roll(1, 0).mul(1 - share))
    return [images.dtype === 'uint8' ? mixed.round().to('uint8') : mixed, share]
  }
}

/**
 * A rectangle of each image comes from another one, and as large a share of the label.
 *
 * Shapes: `[images [N, C, H, W], labels [N] or [N, classes]]`.
 *
 * @see Yun et al. 2019, https://arxiv.org/abs/1905.04899; torchvision.transforms.v2.CutMix
 *
 * @example
 * ```ts
 * import { Generator, tensor, zeros } from '@flambeau/core'
 * import { CutMix } from '@flambeau/data'
 * const cut = new CutMix({ numClasses: 3 })
 * const batch = [zeros([2, 1, 8, 8]), tensor([0, 2])] as const
 * console.log(cut.apply(batch, new Generator())[1].sum().item()) // => 2
 * ```
 */
export class CutMix extends BatchMix {
  constructor(options: MixOptions = {}) {
    super(CutMix, options)
  }

  /** @internal */
  override mix(images: Tensor, random: Draws): [Tensor, number] {
    const [, , height = 0, width = 0] = images.shape
    const share = random.beta(this.alpha, this.alpha)
    const [x, y] = [random.integer(0, width), random.integer(0, height)]
    const half = 0.5 * Math.sqrt(1 - share)
    const [wide, high] = [Math.trunc(half * width), Math.trunc(half * height)]
    const [left, right] = [Math.max(0, x - wide), Math.min(width, x + wide)]
    const [top, bottom] = [Math.max(0, y - high), Math.min(height, y + high)]
    const part = (batch: Tensor): Tensor =>
      batch.narrow(2, top, bottom - top).narrow(3, left, right - left)
    const mixed = images.clone()
    part(mixed).copy_(part(images.roll(1, 0)))
    return [mixed, 1 - ((right - left) * (bottom - top)) / (width * height)]
  }
}
