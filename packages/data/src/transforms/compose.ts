/** Transforms made of others. */
import type { Generator, Tensor } from '@flambeau/core'
import { ShapeError, Tensor as TensorClass, ValueError } from '@flambeau/core'
import { outsideScopes, requireNumberList, requireOptions, show } from '@flambeau/core/internal'
import type { BoxOptions } from './boxes.ts'
import { checkBoxOptions } from './boxes.ts'
import type { Draws } from './random.ts'
import type { Scene } from './scene.ts'
import { checkChance, Transform } from './transform.ts'

/** One transform of a list, on what the ones before it made. */
function step(transform: Transform, scene: Scene, random: Draws): void {
  if (transform.needsPixels) scene.requirePixels(transform.constructor.name)
  transform.run(scene, random)
}

/** Options of {@link Compose}. */
export interface ComposeOptions {
  /** The format of boxes, and which of them stay. */
  boxes?: BoxOptions
  /** How likely all of it is. Default 1. */
  p?: number
}

function checkTransforms(op: string, transforms: readonly Transform[]): readonly Transform[] {
  const valid = Array.isArray(transforms) && transforms.every((one) => one instanceof Transform)
  if (valid) return transforms
  throw new ValueError(
    op,
    [],
    'a list of transforms is expected',
    `new ${op}([new HorizontalFlip(), new ToTensor()]); functions: new Lambda((image) => …)`,
  )
}

/**
 * Transforms one after another.
 *
 * Shapes: whatever the transforms take. Boxes are cut off wherever a transform crops; which ones are
 * dropped is decided at the end, by {@link BoxOptions}.
 *
 * @throws {ValueError} for anything but transforms.
 * @see torchvision.transforms.v2.Compose
 *
 * @example
 * ```ts
 * import { Generator, zeros } from '@flambeau/core'
 * import { Compose, HorizontalFlip, Normalize, Resize, Rotate, ToTensor } from '@flambeau/data'
 * const augment = new Compose([
 *   new Resize([160, 240]),
 *   new Rotate(35, { p: 1 }),
 *   new HorizontalFlip(0.5),
 *   new Normalize([0, 0, 0], [1, 1, 1]),
 *   new ToTensor(),
 * ])
 * const photo = { image: zeros([3, 320, 480], { dtype: 'uint8' }), mask: zeros([320, 480]) }
 * const { image, mask } = augment.apply(photo, new Generator().manualSeed(1))
 * console.log(image.dtype, image.shape, mask.shape) // => float32 [ 3, 160, 240 ] [ 160, 240 ]
 * ```
 */
export class Compose extends Transform {
  readonly transforms: readonly Transform[]
  readonly boxes: BoxOptions
  override readonly p: number

  constructor(transforms: readonly Transform[], options: ComposeOptions = {}) {
    super(Compose, [transforms, options])
    requireOptions('Compose', options)
    this.transforms = checkTransforms('Compose', transforms)
    this.boxes = options.boxes ?? {}
    checkBoxOptions('Compose', this.boxes)
    this.p = checkChance('Compose', options.p ?? 1)
  }

  override get isRandom(): boolean {
    return this.p < 1 || this.transforms.some((one) => one.isRandom)
  }

  /** @internal */
  override get boxOptions(): BoxOptions {
    return this.boxes
  }

  /** @internal */
  override get needsPixels(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    for (const transform of this.transforms) step(transform, scene, random)
    scene.sift(this.boxes)
  }

  override applyBatch(images: Tensor, generator?: Generator | null): Tensor {
    if (this.isRandom) return super.applyBatch(images, generator)
    return this.transforms.reduce((result, one) => one.applyBatch(result), images)
  }
}

/**
 * One of several transforms, chosen in proportion to their own `p`; the chosen one always happens.
 *
 * Shapes: whatever the transforms take.
 *
 * @throws {ValueError} for anything but transforms.
 * @see torchvision.transforms.v2.RandomChoice; albumentations.OneOf
 *
 * @example
 * ```ts
 * import { Generator, tensor } from '@flambeau/core'
 * import { HorizontalFlip, OneOf, VerticalFlip } from '@flambeau/data'
 * const flip = new OneOf([new HorizontalFlip(), new VerticalFlip()], { p: 1 })
 * const image = flip.apply(tensor([[1, 2], [3, 4]]), new Generator())
 * console.log(image.tolist()) // => [ [ 2, 1 ], [ 4, 3 ] ]
 * ```
 */
export class OneOf extends Transform {
  readonly transforms: readonly Transform[]
  override readonly p: number

  constructor(transforms: readonly Transform[], options: { p?: number } = {}) {
    super(OneOf, [transforms, options])
    requireOptions('OneOf', options)
    this.transforms = checkTransforms('OneOf', transforms)
    this.p = checkChance('OneOf', options.p ?? 0.5)
  }

  /** @internal */
  override get needsPixels(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const total = this.transforms.reduce((sum, one) => sum + one.p, 0)
    let rest = random.share() * total
    const chosen = this.transforms.find((one) => {
      rest -= one.p
      return rest < 0
    })
    if (chosen?.needsPixels) scene.requirePixels(chosen.constructor.name)
    chosen?.change(scene, random)
  }
}

/**
 * Some of several transforms, in the order of the list; each may still not happen, by its own `p`.
 *
 * Shapes: whatever the transforms take.
 *
 * @param n how many, or a range of numbers.
 * @throws {ValueError} if there are fewer.
 * @see albumentations.SomeOf
 *
 * @example
 * ```ts
 * import { Generator, tensor } from '@flambeau/core'
 * import { HorizontalFlip, SomeOf, VerticalFlip } from '@flambeau/data'
 * const both = new SomeOf([new HorizontalFlip(1), new VerticalFlip(1)], 2)
 * console.log(both.apply(tensor([[1, 2], [3, 4]]), new Generator()).tolist()) // => [ [ 4, 3 ], [ 2, 1 ] ]
 * ```
 */
export class SomeOf extends Transform {
  readonly transforms: readonly Transform[]
  readonly n: readonly [least: number, most: number]
  override readonly p: number

  constructor(
    transforms: readonly Transform[],
    n: number | readonly [least: number, most: number],
    options: { p?: number } = {},
  ) {
    super(SomeOf, [transforms, n, options])
    requireOptions('SomeOf', options)
    this.transforms = checkTransforms('SomeOf', transforms)
    if (typeof n !== 'number') requireNumberList('SomeOf', 'n', n, 2)
    const [least, most] = typeof n === 'number' ? [n, n] : n
    const whole = Number.isInteger(least) && Number.isInteger(most)
    if (!whole || least < 0 || least > most || most > transforms.length) {
      throw new ValueError(
        'SomeOf',
        [],
        `n must be a number of transforms from 0 to ${transforms.length}, not ${show(n)}`,
        'new SomeOf(transforms, 2)',
      )
    }
    this.n = [least, most]
    this.p = checkChance('SomeOf', options.p ?? 1)
  }

  /** @internal */
  override get needsPixels(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const [least, most] = this.n
    const count = least === most ? least : random.integer(least, most + 1)
    const chosen = random.order(this.transforms.length).slice(0, count)
    for (const i of chosen.toSorted((a, b) => a - b)) {
      step(this.transforms[i] as Transform, scene, random)
    }
  }
}

/** A function of images [C, H, W], or of what a function before it made of them. */
export type ImageFunction = (image: Tensor, generator: Generator | null) => Tensor

/**
 * A function of yours of the image, and one of the mask if that shall change too. Boxes and points stay
 * where they are.
 *
 * Shapes: image `[C, H, W]` -> any, such as `[C * H * W]`; it stays `[C, H, W]` with the same H and W if
 * there are masks, boxes or points, and where transforms follow that need pixels.
 *
 * @throws {ValueError} if a function returns no tensor. @throws {ShapeError} if it returns no
 * image where masks, boxes or points belong to it.
 * @see torchvision.transforms.v2.Lambda
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Lambda } from '@flambeau/data'
 * const negative = new Lambda((image) => image.neg().add(1))
 * console.log(negative.apply(tensor([[0.25, 1]])).tolist()) // => [ [ 0.75, 0 ] ]
 * const flat = new Lambda((image) => image.flatten())
 * console.log(flat.apply(tensor([[0.25, 1]])).tolist()) // => [ 0.25, 1 ]
 * ```
 */
export class Lambda extends Transform {
  override readonly p: number
  readonly #image: ImageFunction
  readonly #mask: ImageFunction | null

  constructor(
    image: ImageFunction,
    options: { mask?: (mask: Tensor, generator: Generator | null) => Tensor; p?: number } = {},
  ) {
    super(Lambda, [image, options])
    if (typeof image !== 'function') {
      throw new ValueError('Lambda', [], 'a function of the image is expected', '(image) => image')
    }
    requireOptions('Lambda', options)
    this.#image = image
    this.#mask = options.mask ?? null
    this.p = checkChance('Lambda', options.p ?? 1)
  }

  /** @internal */
  override get needsPixels(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const call = (body: ImageFunction, planes: Tensor): Tensor => {
      const result: unknown = outsideScopes(() => body(planes, random.generator))
      if (!(result instanceof TensorClass)) {
        const rule = `the function must return a tensor, not ${show(result)}`
        throw new ValueError('Lambda', [], rule, 'return image')
      }
      if (scene.alone) {
        scene.flat &&= result.ndim === 3
      } else if (result.ndim !== 3) {
        throw new ShapeError(
          'Lambda',
          { given: planes, returned: result },
          'masks, boxes and points belong to places: the function must return [C, H, W]',
          'apply it to samples with an image only',
        )
      }
      return result
    }
    scene.redraw(
      (planes) => call(this.#image, planes),
      (planes) => (this.#mask === null ? planes : call(this.#mask, planes)),
    )
  }
}
