import { IndexError, indexSelect, ShapeError, Tensor, tensor, ValueError } from '@flambeau/core'

/**
 * Samples that can be reached by index.
 *
 * A dataset that can read many samples at once cheaper than one by one also has `getBatch`, which
 * gives what collating the samples would give; {@link DataLoader} then uses it.
 *
 * @see torch.utils.data.Dataset
 */
export abstract class Dataset<Sample, Batch = unknown> {
  /** Number of samples. */
  abstract readonly length: number
  /** Sample `index`, from 0 up to length - 1. @throws {IndexError} for other numbers. */
  abstract get(index: number): Sample
  /** The collated batch of these samples, if the dataset can make it directly. */
  getBatch?(indices: readonly number[]): Batch
}

/** An index counted from the front. @throws {IndexError} if there is no such sample. */
export function checkSample(dataset: string, index: number, length: number): number {
  if (Number.isInteger(index) && index >= -length && index < length) {
    return index < 0 ? index + length : index
  }
  throw new IndexError(
    dataset,
    { index },
    `sample ${index} does not exist; there are ${length}`,
    length === 0 ? 'the dataset is empty' : `use 0 to ${length - 1}`,
  )
}

/**
 * Samples along the first axis of tensors: sample i is `[tensors[0][i], tensors[1][i], …]`.
 *
 * @throws {ShapeError} if the first axes differ in size. @throws {ValueError} without tensors.
 * @see torch.utils.data.TensorDataset
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { TensorDataset } from '@flambeau/data'
 * const data = new TensorDataset(arange(6).view(3, 2), arange(3))
 * console.log(data.length, data.get(1)[0].tolist()) // => 3 [ 2, 3 ]
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

  override get(index: number): T {
    const at = checkSample('TensorDataset', index, this.length)
    return this.tensors.map((one) => one.select(0, at)) as T
  }

  override getBatch(indices: readonly number[]): T {
    const rows = tensor(indices as number[], { dtype: 'int64' })
    return this.tensors.map((one) => indexSelect(one, 0, rows)) as T
  }
}

/**
 * Some samples of another dataset.
 *
 * @throws {IndexError} if an index is outside of it.
 * @see torch.utils.data.Subset
 */
export class Subset<Sample, Batch> extends Dataset<Sample, Batch> {
  readonly dataset: Dataset<Sample, Batch>
  readonly indices: readonly number[]
  override readonly length: number

  constructor(dataset: Dataset<Sample, Batch>, indices: readonly number[]) {
    super()
    this.dataset = dataset
    this.indices = indices.map((index) => checkSample('Subset', index, dataset.length))
    this.length = this.indices.length
    if (dataset.getBatch !== undefined) {
      this.getBatch = (batch) =>
        dataset.getBatch?.(batch.map((i) => this.indices[i] as number)) as Batch
    }
  }

  override get(index: number): Sample {
    return this.dataset.get(this.indices[checkSample('Subset', index, this.length)] as number)
  }
}
