import type { Tensor } from '@flambeau/core'
import { ShapeError, tensor } from '@flambeau/core'
import { imageTable, internally, requireTensor } from '@flambeau/core/internal'
import type { Scene } from './scene.ts'
import { Transform } from './transform.ts'

const shares: Tensor = tensor(
  Array.from({ length: 256 }, (_, value) => value / 255),
  { dtype: 'float32' },
).view(1, 256)

/** Does this look like [H, W, C]? Images have up to 4 channels; channels first come first. */
function channelsLast(first: number, last: number): boolean {
  return first > 4 && last <= 4
}

/**
 * Channels first and values in [0, 1]: uint8 images are divided by 255 and become float32, others
 * keep values and dtype.
 *
 * Shapes: `[H, W]`, `[H, W, C]` or `[C, H, W]` -> `[C, H, W]`; with a leading batch axis for batches. Three
 * axes are `[H, W, C]` if the last one has at most 4 positions and the first one more. Masks, boxes and
 * points stay.
 *
 * @throws {ShapeError} for images of another rank.
 * @see torchvision.transforms.ToTensor
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { ToTensor } from '@flambeau/data'
 * const image = tensor([[0, 255]], { dtype: 'uint8' })
 * console.log(new ToTensor().apply(image).tolist()) // => [ [ [ 0, 1 ] ] ]
 * const fromPython = zeros([28, 30, 3], { dtype: 'uint8' })
 * console.log(new ToTensor().apply(fromPython).shape) // => [ 3, 28, 30 ]
 * ```
 */
export class ToTensor extends Transform {
  constructor() {
    super(ToTensor, [])
  }

  override get isRandom(): boolean {
    return false
  }

  /** @internal */
  override change(scene: Scene): void {
    const { image } = scene
    const [first = 0, , last = 0] = image.shape
    const planes = !scene.flat && channelsLast(first, last) ? image.permute(2, 0, 1) : image
    scene.flat = false
    scene.image = planes.dtype === 'uint8' ? imageTable(planes, shares) : planes.contiguous()
  }

  override applyBatch(images: Tensor): Tensor {
    requireTensor('ToTensor', 'images', images)
    if (images.ndim !== 3 && images.ndim !== 4) {
      throw new ShapeError(
        'ToTensor',
        { images },
        `an image has 2 or 3 axes ([H, W], [H, W, C] or [C, H, W]), not ${images.ndim - 1}`,
        'select or reshape the image first',
      )
    }
    return internally(() => {
      const [, first = 0, , last = 0] = images.shape
      const planes =
        images.ndim === 3
          ? images.unsqueeze(1)
          : channelsLast(first, last)
            ? images.permute(0, 3, 1, 2).contiguous()
            : images
      return planes.dtype === 'uint8' ? planes.to('float32').div(255) : planes.contiguous()
    })
  }
}
