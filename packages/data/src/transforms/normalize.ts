import type { Tensor } from '@flambeau/core'
import { ShapeError, stack, tensor, ValueError } from '@flambeau/core'
import { imageTable, internally, requireNumberList, requireTensor } from '@flambeau/core/internal'
import type { Scene } from './scene.ts'
import { Transform } from './transform.ts'

/**
 * (x - mean) / std, channel by channel. uint8 images count as shares of 255, so that this alone does
 * what ToTensor and Normalize do one after the other, in a single pass.
 *
 * Shapes: `[C, H, W]` -> same; with a leading batch axis for batches. Dtype: uint8 -> float32; floating
 * stays.
 *
 * @throws {ValueError} if a std is 0, or mean and std differ in length.
 * @throws {ShapeError} if an image does not have as many channels.
 * @see torchvision.transforms.v2.Normalize
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Normalize } from '@flambeau/data'
 * const normalize = new Normalize([0.5], [0.5])
 * console.log(normalize.apply(tensor([[[0, 0.5, 1]]])).tolist()) // => [ [ [ -1, 0, 1 ] ] ]
 * const bytes = tensor([[[0, 255]]], { dtype: 'uint8' })
 * console.log(normalize.apply(bytes).tolist()) // => [ [ [ -1, 1 ] ] ]
 * ```
 */
export class Normalize extends Transform {
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly #shift: Tensor
  readonly #scale: Tensor
  readonly #table: Tensor

  constructor(mean: readonly number[], std: readonly number[]) {
    super(Normalize, [mean, std])
    requireNumberList('Normalize', 'mean', mean)
    requireNumberList('Normalize', 'std', std)
    if (mean.length !== std.length || mean.length === 0 || std.some((value) => !(value > 0))) {
      throw new ValueError(
        'Normalize',
        { mean, std },
        'mean and std need one number for each channel, and std must be > 0',
        'new Normalize([0.1307], [0.3081])',
      )
    }
    this.mean = mean
    this.std = std
    this.#shift = tensor([...mean], { dtype: 'float64' }).view(-1, 1, 1)
    this.#scale = tensor([...std], { dtype: 'float64' }).view(-1, 1, 1)
    const shares = Array.from({ length: 256 }, (_, value) => value / 255)
    const rows = mean.map((middle, c) => shares.map((x) => (x - middle) / (std[c] as number)))
    this.#table = tensor(rows.flat(), { dtype: 'float32' }).view(-1, 256)
  }

  override get isRandom(): boolean {
    return false
  }

  #normalize(image: Tensor): Tensor {
    requireTensor('Normalize', 'images', image)
    if (image.ndim < 3 || (this.mean.length > 1 && image.shape.at(-3) !== this.mean.length)) {
      throw new ShapeError(
        'Normalize',
        { image },
        `images [C, H, W] with ${this.mean.length} channels are expected`,
        'images from files: { mode: "rgb" }; images [H, W, C]: apply ToTensor first',
      )
    }
    if (image.dtype !== 'uint8') {
      const dtype = image.isFloatingPoint() ? image.dtype : 'float32'
      return image.sub(this.#shift.to(dtype)).div(this.#scale.to(dtype))
    }
    if (image.ndim === 3) return imageTable(image, this.#table)
    return stack(image.unbind(0).map((one) => this.#normalize(one)))
  }

  /** @internal */
  override change(scene: Scene): void {
    scene.image = this.#normalize(scene.image)
  }

  override applyBatch(images: Tensor): Tensor {
    return internally(() => this.#normalize(images))
  }
}
