import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import type { Transform } from './transform.ts'

/**
 * Channels first and values in [0, 1]: uint8 images are divided by 255 and become float32, others
 * keep values and dtype.
 *
 * Shapes: `[H, W]` or `[H, W, C]` -> `[C, H, W]`; with a leading batch axis for batches.
 *
 * @throws {ShapeError} for images of another rank.
 * @see torchvision.transforms.ToTensor
 */
export class ToTensor implements Transform {
  apply(image: Tensor): Tensor {
    return this.applyBatch(image.unsqueeze(0)).squeeze(0)
  }

  applyBatch(images: Tensor): Tensor {
    if (images.ndim !== 3 && images.ndim !== 4) {
      throw new ShapeError(
        'ToTensor',
        { images },
        `an image has 2 or 3 axes ([H, W] or [H, W, C]), not ${images.ndim - 1}`,
        'select or reshape the image first',
      )
    }
    const channelsFirst =
      images.ndim === 3 ? images.unsqueeze(1) : images.permute(0, 3, 1, 2).contiguous()
    return images.dtype === 'uint8' ? channelsFirst.to('float32').div(255) : channelsFirst
  }
}
