import type { Tensor } from '@flambeau/core'

/** A change of images, one at a time or a whole batch at once with the same result. */
export interface Transform {
  /** One image. */
  apply(image: Tensor): Tensor
  /** Images along the first axis. */
  applyBatch(images: Tensor): Tensor
}
