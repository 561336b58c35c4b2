/** Orders of axes in memory that PyTorch has names for. */
import { ShapeError, ValueError } from '../errors.ts'
import type { Shape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'

/**
 * An order of the axes in memory: as they are (`'preserveFormat'`), row-major
 * (`'contiguousFormat'`), or with the channels innermost, for `[N, C, H, W]` (`'channelsLast'`) and
 * `[N, C, D, H, W]` (`'channelsLast3d'`).
 *
 * @see torch.memory_format
 */
export type MemoryFormat = 'contiguousFormat' | 'preserveFormat' | 'channelsLast' | 'channelsLast3d'

/** What functions that choose an order take by name. */
export interface MemoryFormatOptions {
  memoryFormat?: MemoryFormat
}

const RANKS: ReadonlyMap<unknown, number> = new Map([
  ['channelsLast', 4],
  ['channelsLast3d', 5],
])

/**
 * How many axes a format is for; null for those that are for any number.
 *
 * @throws {ValueError} for a name that is not a format. @internal
 */
export function axesOfFormat(
  op: string,
  format: MemoryFormat,
  input: Tensor | Shape | null = null,
): number | null {
  if (format === 'contiguousFormat' || format === 'preserveFormat') return null
  const rank = RANKS.get(format)
  if (rank !== undefined) return rank
  throw new ValueError(
    op,
    input === null ? [] : { input },
    `${show(format)} is not a memory format`,
    "use 'contiguousFormat', 'preserveFormat', 'channelsLast' or 'channelsLast3d'",
  )
}

/**
 * The axes from the outermost in memory to the innermost; null for row-major order and for what is
 * to stay as it is.
 *
 * @throws {ValueError} for a name that is not a format.
 * @throws {ShapeError} if the format is for another number of axes.
 */
export function axesInMemory(
  op: string,
  input: Tensor | Shape,
  format: MemoryFormat,
): readonly number[] | null {
  const rank = axesOfFormat(op, format, input)
  if (rank === null) return null
  const axes = 'ndim' in input ? input.ndim : input.length
  if (axes !== rank) {
    throw new ShapeError(
      op,
      { input },
      `${format} is for ${rank} axes, the tensor has ${axes}`,
      'add axes with unsqueeze(), or leave memoryFormat out',
    )
  }
  return [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]
}

/**
 * The same for a question about a tensor: false where the format is for another number of axes.
 *
 * @throws {ValueError} for options that are none.
 */
export function axesToCompare(
  op: string,
  input: Tensor,
  options: MemoryFormat | MemoryFormatOptions,
): readonly number[] | null | false {
  const named = typeof options === 'object' && options !== null
  const wrong = named ? Object.keys(options).find((key) => key !== 'memoryFormat') : undefined
  if (wrong !== undefined) {
    throw new ValueError(op, { input }, `there is no option '${wrong}'`, 'options: memoryFormat')
  }
  const format = named ? options.memoryFormat : options
  const rank = RANKS.get(format)
  if (rank !== undefined && rank !== input.ndim) return false
  return axesInMemory(op, input, format ?? 'contiguousFormat')
}

/** The tensor with its axes in memory in this order, row-major for null; itself if they are. */
export function inMemoryOrder(input: Tensor, axes: readonly number[] | null): Tensor {
  if (axes === null) return input.contiguous()
  const inner = input.permute(axes)
  if (inner.isContiguous()) return input
  return inner.contiguous().permute(axes.map((_, i) => axes.indexOf(i)))
}
