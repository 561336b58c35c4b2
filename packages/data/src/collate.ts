import { stack, Tensor, tensor, ValueError } from '@flambeau/core'

/**
 * Makes one batch of samples: tensors of equal shape are stacked along a new first axis, numbers
 * become a tensor (int64 if all are whole, else the default floating dtype), booleans a bool
 * tensor; arrays and plain objects are collated part by part, strings are kept in an array.
 *
 * @throws {ValueError} for parts that cannot be collated. @throws {ShapeError} for tensors of
 * different shapes.
 * @see torch.utils.data.default_collate
 */
export function defaultCollate(samples: readonly unknown[]): unknown {
  const [first] = samples
  if (first instanceof Tensor) return stack(samples as Tensor[])
  if (typeof first === 'number' || typeof first === 'boolean') return tensor(samples as number[])
  if (typeof first === 'string') return [...samples]
  if (Array.isArray(first)) {
    if (samples.some((sample) => (sample as unknown[]).length !== first.length)) {
      throw new ValueError(
        'defaultCollate',
        [],
        'samples have different numbers of parts',
        'pass a collate function of your own',
      )
    }
    return first.map((_, i) => defaultCollate(samples.map((sample) => (sample as unknown[])[i])))
  }
  if (typeof first === 'object' && first !== null) {
    return Object.fromEntries(
      Object.keys(first).map((key) => [
        key,
        defaultCollate(samples.map((sample) => (sample as Record<string, unknown>)[key])),
      ]),
    )
  }
  throw new ValueError(
    'defaultCollate',
    [],
    `samples of type ${first === null ? 'null' : typeof first} cannot be made a batch`,
    'pass a collate function of your own',
  )
}
