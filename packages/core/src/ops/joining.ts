/** Tensors made of several others. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { emptyCode } from '../creation-options.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { requireTensor } from '../elementwise.ts'
import type { DTypeCode } from '../dtype.ts'
import { defaultFloatCode, promote } from '../dtype.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, normalizeAxis, sameShape } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { tensorsOf } from './expand.ts'
import { constantPadNd } from './placing.ts'
import { narrow, select } from './slicing.ts'

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

const stackOp = defineOp<'tensors', number>('stack', ['tensors'], {
  derivative: {
    needs: [],
    formula: ([grad], _saved, { params: axis, needed }) =>
      needed.map((wanted, i) => (wanted && grad ? select(grad, axis, i) : null)),
  },
})

function requireTensors(op: string, tensors: unknown): readonly Tensor[] {
  if (!Array.isArray(tensors) || tensors.length === 0) {
    throw new ValueError(op, [], 'a list of at least one tensor is needed', `${op}([a, b])`)
  }
  for (let i = 0; i < tensors.length; i++) {
    const tensor: unknown = tensors[i]
    if (!(tensor instanceof Tensor)) requireTensor(op, `tensors[${i}]`, tensor)
  }
  return tensors as Tensor[]
}

// A call to native code names this many inputs at the most; more are joined in rounds.
const MAX_INPUTS = 4096

/** The tensors in a dtype; the list itself if all have it. */
function inDtype(tensors: readonly Tensor[], dtype: DTypeCode): readonly Tensor[] {
  return tensors.every((tensor) => tensor._dtype === dtype)
    ? tensors
    : tensors.map((tensor) => castCode(tensor, dtype))
}

function commonDtype(tensors: readonly Tensor[]): DTypeCode {
  let dtype = (tensors[0] as Tensor)._dtype
  for (const tensor of tensors) dtype = promote(dtype, tensor._dtype)
  return dtype
}

/** What joining takes by name. */
export interface JoinOptions {
  /** The axis along which the tensors lie, in {@link stack} a new one. Default 0. */
  dim?: number
}

type JoinArguments = Arguments<JoinOptions, ['dim']>

const readCat = parameters<[number]>('cat', ['dim'])
const readStack = parameters<[number]>('stack', ['dim'])

/**
 * The tensors one after another along an axis.
 *
 * Shapes: tensors `[.., n_i, ..]`, equal in all other axes -> `[.., Σ n_i, ..]`. Empty tensors of
 * one axis are skipped, as in PyTorch. Dtype: their common dtype.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if another axis differs.
 * @see torch.cat
 */
export function cat(tensors: readonly Tensor[], ...given: JoinArguments): Tensor {
  const [dim = 0] = readCat(given)
  const all = requireTensors('cat', tensors)
  const skips = all.some((tensor) => tensor._shape.length === 1 && tensor._shape[0] === 0)
  const parts = skips ? all.filter((tensor) => tensor.ndim !== 1 || tensor.numel() > 0) : all
  const first = (parts[0] ?? all[0]) as Tensor
  // With nothing but empty tensors of one axis, PyTorch does not look at the axis.
  const axis = parts.length > 0 ? normalizeAxis('cat', dim, first.ndim, first) : 0
  const inputs = parts.length > 0 ? parts : [first]
  let total = 0
  for (let i = 0; i < inputs.length; i++) {
    const part = inputs[i] as Tensor
    if (!joins(part._shape, first._shape, axis)) throw unfit(part, first, i, axis)
    total += part._shape[axis] as number
  }
  const same = inDtype(inputs, commonDtype(all))
  if (same.length > MAX_INPUTS) {
    const rounds: Tensor[] = []
    for (let i = 0; i < same.length; i += MAX_INPUTS)
      rounds.push(cat(same.slice(i, i + MAX_INPUTS), axis))
    return cat(rounds, axis)
  }
  const shape = [...first._shape]
  shape[axis] = total
  return run(catOp, same, shape, (same[0] as Tensor)._dtype, [axis], axis)
}

/** Are two shapes equal but for one axis, which they have? */
function joins(a: Shape, b: Shape, axis: number): boolean {
  if (a.length !== b.length || a.length === 0) return false
  for (let i = 0; i < a.length; i++) if (i !== axis && a[i] !== b[i]) return false
  return true
}

function unfit(part: Tensor, first: Tensor, i: number, axis: number): ShapeError {
  if (part.ndim === 0) {
    return new ShapeError(
      'cat',
      { [`tensor ${i}`]: part },
      'tensors without axes cannot be joined',
      'use stack()',
    )
  }
  return new ShapeError(
    'cat',
    { first, [`tensor ${i}`]: part },
    `all axes but ${axis} must be equal: ${formatShape(part.shape)} does not fit ${formatShape(first.shape)}`,
    'reshape, narrow or pad the tensors to equal sizes',
  )
}

/** {@link cat} by another name. @see torch.concat */
export const concat: typeof cat = cat

/** {@link cat} by another name. @see torch.concatenate */
export const concatenate: typeof cat = cat

/**
 * The tensors as positions of a new axis.
 *
 * Shapes: k tensors `[d0, d1, …]`, all equal -> `[d0, .., k, ..]` with the new axis at `dim`.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if the shapes differ.
 * @see torch.stack
 */
export function stack(tensors: readonly Tensor[], ...given: JoinArguments): Tensor {
  const [dim = 0] = readStack(given)
  const all = requireTensors('stack', tensors)
  const first = all[0] as Tensor
  const axis = normalizeAxis('stack', dim, first.ndim + 1, first)
  for (let i = 0; i < all.length; i++) {
    const tensor = all[i] as Tensor
    if (!sameShape(tensor._shape, first._shape)) {
      throw new ShapeError(
        'stack',
        { first, [`tensor ${i}`]: tensor },
        `all shapes must be equal: ${formatShape(tensor.shape)} is not ${formatShape(first.shape)}`,
        'use cat() to join along an axis that exists',
      )
    }
  }
  const same = inDtype(all, commonDtype(all))
  if (same.length > MAX_INPUTS) {
    const rounds: Tensor[] = []
    for (let i = 0; i < same.length; i += MAX_INPUTS)
      rounds.push(stack(same.slice(i, i + MAX_INPUTS), axis))
    return cat(rounds, axis)
  }
  const shape = [...first.shape.slice(0, axis), same.length, ...first.shape.slice(axis)]
  return run(stackOp, same, checkShape('stack', shape), (same[0] as Tensor)._dtype, [axis], axis)
}

/** A tensor with at least `axes` axes, as {@link atleast3d} and its siblings add them. */
function withAxes(input: Tensor, axes: 1 | 2 | 3): Tensor {
  let x = input
  if (x.ndim === 0) x = x.reshape(1)
  if (axes >= 2 && x.ndim === 1) x = x.unsqueeze(0)
  if (axes === 3 && x.ndim === 2) x = x.unsqueeze(-1)
  return x
}

function atleast(op: string, list: readonly unknown[], axes: 1 | 2 | 3): Tensor | Tensor[] {
  const [first] = list
  if (list.length === 1 && !Array.isArray(first)) {
    requireTensor(op, 'input', first)
    return withAxes(first, axes)
  }
  return tensorsOf(op, list).map((tensor) => withAxes(tensor, axes))
}

/**
 * With at least one axis; several tensors, or an array of them, give an array.
 *
 * @see torch.atleast_1d
 */
export function atleast1d(input: Tensor): Tensor
export function atleast1d(tensors: readonly Tensor[]): Tensor[]
export function atleast1d(...tensors: Tensor[]): Tensor[]
export function atleast1d(...tensors: unknown[]): Tensor | Tensor[] {
  return atleast('atleast1d', tensors, 1)
}

/**
 * With at least two axes, of which new ones come first; several tensors, or an array of them, give
 * an array.
 *
 * @see torch.atleast_2d
 */
export function atleast2d(input: Tensor): Tensor
export function atleast2d(tensors: readonly Tensor[]): Tensor[]
export function atleast2d(...tensors: Tensor[]): Tensor[]
export function atleast2d(...tensors: unknown[]): Tensor | Tensor[] {
  return atleast('atleast2d', tensors, 2)
}

/**
 * With at least three axes: `[n]` becomes `[1, n, 1]`, `[m, n]` becomes `[m, n, 1]`. Several tensors,
 * or an array of them, give an array.
 *
 * @see torch.atleast_3d
 */
export function atleast3d(input: Tensor): Tensor
export function atleast3d(tensors: readonly Tensor[]): Tensor[]
export function atleast3d(...tensors: Tensor[]): Tensor[]
export function atleast3d(...tensors: unknown[]): Tensor | Tensor[] {
  return atleast('atleast3d', tensors, 3)
}

/**
 * The tensors side by side: along their only axis, or along axis 1 where they have more.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if another axis differs.
 * @see torch.hstack
 */
export function hstack(tensors: readonly Tensor[]): Tensor {
  const parts = requireTensors('hstack', tensors).map((tensor) => withAxes(tensor, 1))
  return cat(parts, (parts[0] as Tensor).ndim === 1 ? 0 : 1)
}

/**
 * The tensors above each other, those of one axis as rows.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if another axis than the first differs.
 * @see torch.vstack
 */
export function vstack(tensors: readonly Tensor[]): Tensor {
  return cat(
    requireTensors('vstack', tensors).map((tensor) => withAxes(tensor, 2)),
    0,
  )
}

/** {@link vstack} by another name. @see torch.row_stack */
export const rowStack: typeof vstack = vstack

/**
 * The tensors behind each other, along a third axis.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if another axis than the third differs.
 * @see torch.dstack
 */
export function dstack(tensors: readonly Tensor[]): Tensor {
  return cat(
    requireTensors('dstack', tensors).map((tensor) => withAxes(tensor, 3)),
    2,
  )
}

/**
 * The tensors side by side, those of at most one axis as columns.
 *
 * @throws {ValueError} for an empty list. @throws {ShapeError} if another axis than axis 1 differs.
 * @see torch.column_stack
 */
export function columnStack(tensors: readonly Tensor[]): Tensor {
  const parts = requireTensors('columnStack', tensors)
  return cat(
    parts.map((tensor) => (tensor.ndim <= 1 ? tensor.reshape(tensor.numel(), 1) : tensor)),
    1,
  )
}

/**
 * One matrix with the given ones along its diagonal and zeros elsewhere. Tensors of at most one axis
 * count as rows. Dtype: their common dtype.
 *
 * Shapes: `[m_i, n_i]` -> `[Σ m_i, Σ n_i]`.
 *
 * @throws {ShapeError} if a tensor has more than two axes.
 * @see torch.block_diag
 */
export function blockDiag(...tensors: Tensor[] | [tensors: readonly Tensor[]]): Tensor {
  const list = tensorsOf('blockDiag', tensors)
  if (list.length === 0) return emptyCode([1, 0], defaultFloatCode())
  const blocks = inDtype(list, commonDtype(list)).map((tensor, i) => {
    if (tensor.ndim <= 2) return withAxes(tensor, 2)
    throw new ShapeError(
      'blockDiag',
      { [`tensors[${i}]`]: tensor },
      `a block has at most two axes, not ${tensor.ndim}`,
      'join batches one by one',
    )
  })
  const width = blocks.reduce((sum, block) => sum + (block.shape[1] as number), 0)
  let left = 0
  return cat(
    blocks.map((block) => {
      const before = left
      left += block.shape[1] as number
      return constantPadNd(block, [before, width - left])
    }),
    0,
  )
}
