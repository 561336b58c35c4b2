import type { Tensor } from '@flambeau/core'
import { randint, randn, ShapeError, tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { roundHalfEven } from './crop.ts'
import { range } from './options.ts'
import type { Draws } from './random.ts'
import type { Scene } from './scene.ts'
import { checkChance, Transform } from './transform.ts'

/** Options of {@link RandomErasing}. */
export interface RandomErasingOptions {
  /** How likely it is. Default 0.5. */
  p?: number
  /** The erased share of the area. Default [0.02, 0.33]. */
  scale?: readonly [low: number, high: number]
  /** Height over width of the rectangle. Default [0.3, 3.3]. */
  ratio?: readonly [low: number, high: number]
  /**
   * What is written: a number, one for each channel, or `random` noise (normal for floats, any bytes for
   * uint8). Default 0.
   */
  value?: number | readonly number[] | 'random'
}

const NAMES = ['p', 'scale', 'ratio', 'value'] as const
const read = parameters<
  [
    number,
    readonly [number, number],
    readonly [number, number],
    number | readonly number[] | 'random',
  ]
>('RandomErasing', NAMES)

/**
 * A rectangle of random size and place is written over; masks, boxes and points stay.
 *
 * Shapes: `[C, H, W]` -> same. Dtype: stays.
 *
 * @throws {ValueError} for bad options. @throws {ShapeError} if values and channels differ in number.
 * @see Zhong et al. 2017, https://arxiv.org/abs/1708.04896; torchvision.transforms.v2.RandomErasing
 *
 * @example
 * ```ts
 * import { Generator, ones } from '@flambeau/core'
 * import { RandomErasing } from '@flambeau/data'
 * const erased = new RandomErasing(1).apply(ones([1, 20, 20]), new Generator())
 * console.log(erased.sum().item() < 400) // => true
 * ```
 */
export class RandomErasing extends Transform {
  override readonly p: number
  readonly scale: readonly [number, number]
  readonly ratio: readonly [number, number]
  readonly value: number | readonly number[] | 'random'

  constructor(...given: Arguments<RandomErasingOptions, typeof NAMES>) {
    super(RandomErasing, given)
    const op = 'RandomErasing'
    const [p = 0.5, scale = [0.02, 0.33], ratio = [0.3, 3.3], value = 0] = read(given)
    this.p = checkChance(op, p)
    this.scale = range(op, 'scale', scale, 0, [0, 1])
    this.ratio = range(op, 'ratio', ratio, 0, [1e-6, 1e6])
    this.value = value
    const numbers = typeof value === 'number' ? [value] : value
    if (value !== 'random' && !(Array.isArray(numbers) && numbers.every(Number.isFinite))) {
      throw new ValueError(op, [], "value must be a number, a list or 'random'", '{ value: 0 }')
    }
  }

  #value(image: Tensor, height: number, width: number, random: Draws): Tensor {
    const channels = image.shape[0] as number
    if (this.value === 'random') {
      const { generator } = random
      const shape = [channels, height, width]
      if (image.dtype !== 'uint8')
        return randn(shape, { dtype: 'float32', generator }).to(image.dtype)
      return randint(0, 256, shape, { dtype: 'uint8', generator })
    }
    const values = typeof this.value === 'number' ? [this.value] : this.value
    if (values.length !== 1 && values.length !== channels) {
      throw new ShapeError(
        'RandomErasing',
        { image },
        `${values.length} values do not fit ${channels} channels`,
        'give one value, or one for each channel',
      )
    }
    return tensor([...values])
      .to(image.dtype)
      .view(-1, 1, 1)
      .expand([channels, height, width])
  }

  /** @internal */
  override run(scene: Scene, random: Draws): void {
    if (random.chance(this.p)) this.change(scene, random)
  }

  /** @internal */
  override change(scene: Scene, random: Draws): void {
    const { height, width } = scene
    const logs = this.ratio.map((one) => Math.fround(Math.log(one))) as [number, number]
    for (let attempt = 0; attempt < 10; attempt++) {
      const area = height * width * random.uniform(...this.scale)
      const ratio = Math.fround(Math.exp(random.uniform(...logs)))
      const h = roundHalfEven(Math.sqrt(area * ratio))
      const w = roundHalfEven(Math.sqrt(area / ratio))
      if (h >= height || w >= width) continue
      const value = this.#value(scene.image, h, w, random)
      const top = random.integer(0, height - h + 1)
      const left = random.integer(0, width - w + 1)
      const erased = scene.image.clone()
      erased.narrow(1, top, h).narrow(2, left, w).copy_(value)
      scene.image = erased
      return
    }
  }
}
