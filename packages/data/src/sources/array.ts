import { ValueError } from '@flambeau/core'
import type { SampleContext, WorkerRecipe } from '../dataset.ts'
import { checkSample, Dataset } from '../dataset.ts'
import { recipeOf } from '../loader/recipe.ts'
import type { ImageSample } from '../transforms/scene.ts'
import { Transform } from '../transforms/transform.ts'
import { Tensor } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'

/**
 * Samples that are in memory: any list of tensors, tuples or objects. A transform is applied to tensors
 * and to samples with an `image`; of tuples, to their first part.
 *
 * Shapes: whatever the samples have.
 *
 * @throws {ValueError} for anything but an array, or a transform that is none.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ArrayDataset, DataLoader, HorizontalFlip } from '@flambeau/data'
 * const data = new ArrayDataset([[tensor([[1, 2]]), 0], [tensor([[3, 4]]), 1]] as const, {
 *   transform: new HorizontalFlip(1),
 * })
 * for await (const [images, labels] of new DataLoader(data, { batchSize: 2 })) {
 *   console.log(images.tolist(), labels.tolist()) // [ [ [ 2, 1 ] ], [ [ 4, 3 ] ] ] [ 0, 1 ]
 * }
 * ```
 */
export class ArrayDataset<Sample> extends Dataset<Sample> {
  readonly samples: readonly Sample[]
  readonly transform: Transform | null
  override readonly length: number

  constructor(samples: readonly Sample[], options: { transform?: Transform | null } = {}) {
    super()
    requireOptions('ArrayDataset', options)
    const { transform = null } = options
    if (!Array.isArray(samples) || (transform !== null && !(transform instanceof Transform))) {
      throw new ValueError(
        'ArrayDataset',
        [],
        'an array of samples is expected, and a Transform if any',
        'new ArrayDataset([[image, label]], { transform: new ToTensor() })',
      )
    }
    this.samples = samples
    this.transform = transform
    this.length = samples.length
  }

  override getItem(index: number, context?: SampleContext): Sample {
    const sample = this.samples[checkSample('ArrayDataset', index, this.length)] as Sample
    const { transform } = this
    if (transform === null) return sample
    const generator = transform.isRandom ? context?.generator : null
    const change = (part: unknown): unknown =>
      part instanceof Tensor
        ? transform.apply(part, generator)
        : transform.apply(part as ImageSample, generator)
    if (Array.isArray(sample)) return [change(sample[0]), ...sample.slice(1)] as Sample
    return change(sample) as Sample
  }

  override toWorker(): WorkerRecipe {
    const { transform } = this
    return recipeOf(this, ArrayDataset, import.meta.url, [this.samples, { transform }])
  }
}
