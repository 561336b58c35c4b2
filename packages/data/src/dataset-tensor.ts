import { indexSelect, ShapeError, Tensor, tensor, ValueError } from '@flambeau/core'
import { requireList } from '@flambeau/core/internal'
import type { WorkerRecipe } from './dataset.ts'
import { checkSample, Dataset } from './dataset.ts'
import { recipeOf } from './loader/recipe.ts'

/**
 * Samples along the first axis of tensors: sample i is `[tensors[0][i], tensors[1][i], …]`. Worker
 * threads share the tensors' memory.
 *
 * @throws {ShapeError} if the first axes differ in size. @throws {ValueError} without tensors.
 * @see torch.utils.data.TensorDataset
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { TensorDataset } from '@flambeau/data'
 * const data = new TensorDataset(arange(6).view(3, 2), arange(3))
 * console.log(data.length, data.getItem(1)[0].tolist()) // => 3 [ 2, 3 ]
 * ```
 */
export class TensorDataset<T extends Tensor[]> extends Dataset<T, T> {
  readonly tensors: T
  override readonly length: number

  constructor(...tensors: T) {
    super()
    const first = tensors[0]
    if (first === undefined || tensors.some((one) => !(one instanceof Tensor))) {
      throw new ValueError(
        'TensorDataset',
        [],
        'at least one tensor is needed, and nothing else',
        'new TensorDataset(images, labels)',
      )
    }
    if (tensors.some((one) => one.ndim === 0 || one.shape[0] !== first.shape[0])) {
      throw new ShapeError(
        'TensorDataset',
        Object.fromEntries(tensors.map((one, i) => [`tensors[${i}]`, one])),
        'the first axes must be equal: they count the samples',
        'cut the tensors to the same number of samples',
      )
    }
    this.tensors = tensors
    this.length = first.shape[0] as number
  }

  override getItem(index: number): T {
    const at = checkSample('TensorDataset', index, this.length)
    return this.tensors.map((one) => one.select(0, at)) as T
  }

  override getBatch(indices: readonly number[]): T {
    requireList('getBatch', 'indices', indices, 'a list of numbers')
    const places = indices.map((index) => checkSample('TensorDataset', index, this.length))
    const rows = tensor(places, { dtype: 'int64' })
    return this.tensors.map((one) => indexSelect(one, 0, rows)) as T
  }

  override toWorker(): WorkerRecipe {
    return recipeOf(this, TensorDataset, import.meta.url, this.tensors)
  }
}
