/** Copies, and writing into a tensor that exists. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { fillValue } from '../creation-options.ts'
import { anyDevice } from '../device.ts'
import type { DType } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { overwrite } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run, runInPlace } from '../op.ts'
import { show } from '../show.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import type { MemoryFormat, MemoryFormatOptions } from './memory-format.ts'
import { axesInMemory, inMemoryOrder } from './memory-format.ts'
import { transferred } from './transfer.ts'

type FormatArguments = Arguments<MemoryFormatOptions, ['memoryFormat']>

const cloneOp = defineOp('clone', ['input'], {
  kernel: 'copy',
  derivative: { input: (grad) => grad },
})

const readClone = parameters<[MemoryFormat]>('clone', ['memoryFormat'])

/**
 * A copy with storage of its own, in the same order in memory or in that of `memoryFormat`.
 *
 * Shapes: input `[*]` -> same. Differentiable.
 *
 * @throws {ShapeError} if the format is for another number of axes.
 * @see torch.clone
 */
export function clone<D extends DType>(input: Tensor<D>, ...given: FormatArguments): Tensor<D> {
  requireTensor('clone', 'input', input)
  const format = readClone(given)[0] ?? 'preserveFormat'
  if (format !== 'preserveFormat') {
    const axes = axesInMemory('clone', input._shape, format)
    const ordered = inMemoryOrder(input, axes)
    if (ordered !== input) return ordered
  }
  return run(cloneOp, [input], input._shape, input._dtype)
}

const contiguousOp = defineOp('contiguous', ['input'], { derivative: { input: (grad) => grad } })
const readContiguous = parameters<[MemoryFormat]>('contiguous', ['memoryFormat'])

/**
 * The tensor itself if its elements lie in row-major order (or that of `memoryFormat`) without gaps,
 * else a copy that does.
 *
 * @throws {ShapeError} if the format is for another number of axes.
 * @see torch.Tensor.contiguous
 */
export function contiguous<D extends DType>(
  input: Tensor<D>,
  ...given: FormatArguments
): Tensor<D> {
  requireTensor('contiguous', 'input', input)
  if (given.length > 0) {
    const format = readContiguous(given)[0] ?? 'contiguousFormat'
    const axes = axesInMemory('contiguous', input._shape, format)
    if (axes !== null) return inMemoryOrder(input, axes)
  }
  return input.isContiguous() ? input : run(contiguousOp, [input], input._shape, input._dtype)
}

/** What {@link CopyMethods.copy_} takes by name. */
export interface CopyOptions {
  /** Without effect: copies in the processor's memory and to devices never wait. */
  nonBlocking?: boolean
}

const readCopy = parameters<[boolean]>('copy_', ['nonBlocking'])

function copy_(
  input: Tensor,
  source: Tensor,
  ...given: Arguments<CopyOptions, ['nonBlocking']>
): Tensor {
  requireTensor('copy_', 'input', input)
  requireTensor('copy_', 'source', source)
  if (given.length > 0) readCopy(given)
  const apart = anyDevice() && source.device !== input.device
  return overwrite('copy_', input, apart ? transferred('copy_', source, input.device) : source)
}

// Nothing of the result depends on what was overwritten; the second lends shape and type only.
const fillOp = defineOp('fillInPlace', ['input'], {
  kernel: 'fill',
  derivative: { input: () => null },
})
const filledOp = defineOp('filled', ['input'], {
  kernel: 'fill',
  derivative: { input: () => null },
})

/** What {@link fill} takes by name. */
export interface FillOptions {
  /** A number, or a tensor without axes. */
  value: Operand | boolean
}

type FillArguments = Arguments<FillOptions, ['value']>

const readFill = parameters<[Operand | boolean]>('fill', ['value'])

/** A number, or a tensor without axes. @throws {ValueError, ShapeError} for anything else. */
function valueOf(op: string, input: Tensor, given: readonly unknown[]): number | Tensor {
  const [value] = readFill(given)
  if (value instanceof Tensor) {
    if (value.ndim === 0) return value
    throw new ShapeError(
      op,
      { input, value },
      `value has ${value.ndim} axes; only a tensor without axes is one value`,
      'use copy_(), which broadcasts',
    )
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return fillValue(op, value, input._dtype)
  }
  throw new ValueError(
    op,
    { input },
    `value must be a number or a tensor without axes, not ${show(value)}`,
    'fill(x, 1)',
  )
}

/**
 * A tensor like `input` with one value everywhere. The value may be a tensor without axes, which
 * gets a gradient.
 *
 * Shapes: input `[*]` -> same. Dtype: input's; the value is converted.
 *
 * @throws {ShapeError} if the value has axes. @throws {ValueError} if the dtype cannot hold it.
 * @see torch.fill
 */
export function fill<D extends DType>(input: Tensor<D>, ...given: FillArguments): Tensor<D> {
  requireTensor('fill', 'input', input)
  const value = valueOf('fill', input, given)
  if (typeof value !== 'number') return overwrite('fill', clone(input), value)
  return run(filledOp, [input], input._shape, input._dtype, [value])
}

/**
 * Writes one value everywhere.
 *
 * @throws {ShapeError} if the value is a tensor with axes. @throws {ValueError} if the dtype cannot
 * hold it.
 * @see torch.Tensor.fill_
 */
export function fill_<D extends DType>(input: Tensor<D>, ...given: FillArguments): Tensor<D> {
  requireTensor('fill_', 'input', input)
  const value = valueOf('fill_', input, given)
  if (typeof value !== 'number') return overwrite('fill_', input, value)
  runInPlace(fillOp, [input], [input], [value], null, input._dtype, 'fill_')
  return input
}

/** Writes zeros everywhere. @see torch.zero_ */
export function zero_<D extends DType>(input: Tensor<D>): Tensor<D> {
  requireTensor('zero_', 'input', input)
  runInPlace(fillOp, [input], [input], [0], null, input._dtype, 'zero_')
  return input
}

export interface CopyMethods<D extends DType = AnyDType> {
  /** See {@link clone}. */
  clone(...given: FormatArguments): Tensor<D>
  /** See {@link contiguous}. */
  contiguous(...given: FormatArguments): Tensor<D>
  /**
   * Writes `source`, which broadcasts, into this tensor, converting the dtype.
   *
   * @throws {ShapeError} if `source` does not broadcast to the tensor's shape.
   * @see torch.Tensor.copy_
   */
  copy_(source: Tensor, ...given: Arguments<CopyOptions, ['nonBlocking']>): Tensor<D>
  /** See {@link fill_}. */
  fill_(...given: FillArguments): Tensor<D>
  /** Writes zeros everywhere. */
  zero_(): Tensor<D>
}

export const copyMethods: MethodTable<CopyMethods> = {
  clone,
  contiguous,
  copy_,
  fill_,
  zero_,
}
