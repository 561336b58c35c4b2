import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import type { Transform } from './transform.ts'

/**
 * (x - mean) / std, channel by channel.
 *
 * Shapes: `[C, H, W]` -> same; with a leading batch axis for batches.
 *
 * @throws {ValueError} if a std is 0, or mean and std differ in length.
 * @throws {ShapeError} if an image does not have as many channels.
 * @see torchvision.transforms.Normalize
 */
export class Normalize implements Transform {
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly #shift: Tensor
  readonly #scale: Tensor

  constructor(mean: readonly number[], std: readonly number[]) {
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
    this.#shift = tensor([...mean], { dtype: 'float32' }).view(-1, 1, 1)
    this.#scale = tensor([...std], { dtype: 'float32' }).view(-1, 1, 1)
  }

  apply(image: Tensor): Tensor {
    if (image.ndim < 3 || (this.mean.length > 1 && image.shape.at(-3) !== this.mean.length)) {
      throw new ShapeError(
        'Normalize',
        { image },
        `images [C, H, W] with ${this.mean.length} channels are expected`,
        'apply ToTensor first, which puts channels first',
      )
    }
    return image.sub(this.#shift).div(this.#scale)
  }

  applyBatch(images: Tensor): Tensor {
    return this.apply(images)
  }
}
