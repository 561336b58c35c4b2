/** Tensors made of several others, and several made of one. */
import { ShapeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import { requireTensor } from '../elementwise.ts'
import { promote } from '../dtype.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { formatShape, normalizeAxis } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { narrow, select, unsqueeze } from './views.ts'

const catOp = defineOp<'tensors', number>('cat', ['tensors'], {
  derivative: {
    needs: [],
    formula: ([grad], _saved, { params: axis, shapes, needed }) => {
      let start = 0
      return shapes.map((shape, i) => {
        const count = (shape as Shape)[axis] as number
        start += count
        return needed[i] && grad ? narrow(grad, axis, start - count, count) : null
      })
    },
  },
})

function requireTensors(op: string, tensors: readonly Tensor[]): void {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new ValueError(op, [], 'a list of at least one tensor is needed', `${op}([a, b])`)
  }
  tensors.forEach((tensor, i) => requireTensor(op, `tensors[${i}]`, tensor))
}

// A call to native code names this many inputs at the most; more are joined in rounds.
const MAX_INPUTS = 4096

/**
 * The tensors one after another along an axis.
 *
 * Shapes: tensors `[.., n_i, ..]`, equal in all other axes -> `[.., Σ n_i, ..]`. Empty tensors of
 * one axis are skipped, as in PyTorch. Dtype: their common dtype.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if another axis differs.
 * @see torch.cat
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  requireTensors('cat', tensors)
  const dtype = tensors.map((tensor) => tensor._dtype).reduce(promote)
  const parts = tensors.filter((tensor) => tensor.ndim !== 1 || tensor.numel() > 0)
  const [head] = tensors as readonly [Tensor]
  const first = parts[0] ?? head
  if (first.ndim === 0) {
    throw new ShapeError(
      'cat',
      { 'tensors[0]': first },
      'tensors without axes cannot be joined',
      'use stack()',
    )
  }
  const axis = normalizeAxis('cat', dim, first.ndim, first)
  const inputs = parts.length > 0 ? parts : [first]
  let total = 0
  for (const [i, part] of inputs.entries()) {
    const fits =
      part.ndim === first.ndim &&
      part.shape.every((size, a) => a === axis || size === first.shape[a])
    if (!fits) {
      throw new ShapeError(
        'cat',
        { first, [`tensor ${i}`]: part },
        `all axes but ${axis} must be equal: ${formatShape(part.shape)} does not fit ${formatShape(first.shape)}`,
        'reshape, narrow or pad the tensors to equal sizes',
      )
    }
    total += part.shape[axis] as number
  }
  const same = inputs.map((part) => castCode(part, dtype))
  if (same.length > MAX_INPUTS) {
    const rounds: Tensor[] = []
    for (let i = 0; i < same.length; i += MAX_INPUTS)
      rounds.push(cat(same.slice(i, i + MAX_INPUTS), axis))
    return cat(rounds, axis)
  }
  const shape = first.shape.map((size, a) => (a === axis ? total : size))
  return run(catOp, same, shape, dtype, [axis], axis)
}

/**
 * The tensors as positions of a new axis.
 *
 * Shapes: k tensors `[d0, d1, …]`, all equal -> `[d0, .., k, ..]` with the new axis at `dim`.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if the shapes differ.
 * @see torch.stack
 */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  requireTensors('stack', tensors)
  const first = tensors[0] as Tensor
  const axis = normalizeAxis('stack', dim, first.ndim + 1, first)
  for (const [i, tensor] of tensors.entries()) {
    if (formatShape(tensor.shape) !== formatShape(first.shape)) {
      throw new ShapeError(
        'stack',
        { first, [`tensor ${i}`]: tensor },
        `all shapes must be equal: ${formatShape(tensor.shape)} is not ${formatShape(first.shape)}`,
        'use cat() to join along an axis that exists',
      )
    }
  }
  return cat(
    tensors.map((tensor) => unsqueeze(tensor, axis)),
    axis,
  )
}

// Each part is a tensor of its own.
const MAX_PARTS = 1 << 20

function requireFewParts(op: string, input: Tensor, count: number): void {
  if (count <= MAX_PARTS) return
  throw new ValueError(
    op,
    { input },
    `${count} parts are more than ${MAX_PARTS}`,
    'use larger parts, or go through the axis with select() or narrow()',
  )
}

/**
 * Parts of an axis, as views: each `splitSize` long (the last may be shorter), or as long as the
 * given sizes say.
 *
 * @throws {ValueError} if the size is not ≥ 1, or the sizes do not add up to the axis.
 * @see torch.split
 */
export function split(input: Tensor, splitSize: number | readonly number[], dim = 0): Tensor[] {
  requireTensor('split', 'input', input)
  const axis = normalizeAxis('split', dim, input.ndim, input)
  const size = input.shape[axis] ?? 0
  let sizes: readonly number[]
  if (typeof splitSize === 'number') {
    if (!Number.isInteger(splitSize) || splitSize < 1) {
      throw new ValueError(
        'split',
        { input },
        `the size of a part is a whole number ≥ 1, not ${show(splitSize)}`,
        'pass a list for parts of several sizes',
      )
    }
    const count = Math.max(1, Math.ceil(size / splitSize))
    requireFewParts('split', input, count)
    sizes = Array.from({ length: count }, (_, i) => Math.min(splitSize, size - i * splitSize))
  } else {
    if (!Array.isArray(splitSize)) {
      throw new ValueError(
        'split',
        { input },
        `sizes come as a number or an array of numbers, not as ${show(splitSize)}`,
        'split(2) or split([1, 2])',
      )
    }
    sizes = [...splitSize] as number[]
    const total = sizes.reduce((a, b) => a + b, 0)
    if (total !== size || sizes.some((s) => !Number.isInteger(s) || s < 0)) {
      throw new ValueError(
        'split',
        { input, sizes },
        `the sizes add up to ${total}, axis ${axis} has ${size}`,
        'let the sizes add up to the axis',
      )
    }
  }
  let start = 0
  return sizes.map((count) => {
    start += count
    return narrow(input, axis, start - count, count)
  })
}

/**
 * At most `chunks` parts of an axis, as views, all of one length but for the last.
 *
 * @throws {ValueError} if `chunks` is not ≥ 1.
 * @see torch.chunk
 */
export function chunk(input: Tensor, chunks: number, dim = 0): Tensor[] {
  requireTensor('chunk', 'input', input)
  if (!Number.isInteger(chunks) || chunks < 1) {
    throw new ValueError(
      'chunk',
      { input },
      `chunks is a whole number ≥ 1, not ${show(chunks)}`,
      'pass 1 or more',
    )
  }
  const axis = normalizeAxis('chunk', dim, input.ndim, input)
  const size = input.shape[axis] ?? 0
  return split(input, Math.max(1, Math.ceil(size / chunks)), axis)
}

/**
 * All positions of an axis, as views without it.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.unbind
 */
export function unbind(input: Tensor, dim = 0): Tensor[] {
  requireTensor('unbind', 'input', input)
  const axis = normalizeAxis('unbind', dim, input.ndim, input)
  const count = input.shape[axis] ?? 0
  requireFewParts('unbind', input, count)
  return Array.from({ length: count }, (_, i) => select(input, axis, i))
}

export interface JoiningMethods {
  /** See {@link split}. */
  split(splitSize: number | readonly number[], dim?: number): Tensor[]
  /** See {@link chunk}. */
  chunk(chunks: number, dim?: number): Tensor[]
  /** See {@link unbind}. */
  unbind(dim?: number): Tensor[]
}

export const joiningMethods: MethodTable<JoiningMethods> = { split, chunk, unbind }
