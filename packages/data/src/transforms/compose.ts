import type { Tensor } from '@flambeau/core'
import type { Transform } from './transform.ts'

/**
 * Transforms one after another.
 *
 * @see torchvision.transforms.Compose
 */
export class Compose implements Transform {
  readonly transforms: readonly Transform[]

  constructor(transforms: readonly Transform[]) {
    this.transforms = transforms
  }

  apply(image: Tensor): Tensor {
    return this.transforms.reduce((result, transform) => transform.apply(result), image)
  }

  applyBatch(images: Tensor): Tensor {
    return this.transforms.reduce((result, transform) => transform.applyBatch(result), images)
  }
}
