/** Tensors that share their input's storage: other shapes, axes and windows of the same elements. */
import type { Describable } from '../errors.ts'
import { IndexError, ShapeError, ValueError } from '../errors.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, normalizeAxes, normalizeAxis, numElements } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'

/** Sizes given one by one or as one array: `view(2, 3)` or `view([2, 3])`. */
export type SizeList = (number | readonly number[])[]

function sizesOf(op: string, list: SizeList): readonly number[] {
  const [first] = list
  if (list.length === 1 && Array.isArray(first)) return first as readonly number[]
  if (list.some((size) => typeof size !== 'number')) {
    throw new ShapeError(
      op,
      [],
      'sizes come as numbers or as one array of numbers',
      `${op}(2, 3) or ${op}([2, 3])`,
    )
  }
  return list as readonly number[]
}

/** Replaces a size of -1 by what the number of elements leaves for it. */
function inferSizes(op: string, input: Tensor, sizes: readonly number[]): Shape {
  const total = input.numel()
  const open = sizes.indexOf(-1)
  if (open < 0) {
    const shape = checkShape(op, sizes)
    if (numElements(shape) !== total) {
      throw new ShapeError(
        op,
        { input },
        `shape ${formatShape(shape)} has ${numElements(shape)} elements, the tensor ${total}`,
        'choose sizes with the same product; one may be -1 and is then computed',
      )
    }
    return shape
  }
  const others = sizes.filter((_, i) => i !== open)
  checkShape(op, others)
  const rest = numElements(others)
  if (rest === 0 || total % rest !== 0) {
    throw new ShapeError(
      op,
      { input },
      `no size for -1 in ${formatShape(sizes)} gives ${total} elements`,
      rest === 0
        ? 'beside a size of 0, -1 is ambiguous: write the size'
        : `${total} is not divisible by ${rest}`,
    )
  }
  return checkShape(
    op,
    sizes.map((size, i) => (i === open ? total / rest : size)),
  )
}

const viewOp = defineOp('view', ['input'], {
  derivative: { input: (grad, _saved, { shapes }) => reshape(grad, shapes[0] as Shape) },
})

/**
 * The same elements under another shape, sharing storage. One size may be -1 and is then computed.
 *
 * @throws {ShapeError} if the number of elements differs, or the strides do not allow a view.
 * @see torch.Tensor.view
 */
export function view(input: Tensor, ...sizes: SizeList): Tensor {
  requireTensor('view', 'input', input)
  return run(viewOp, [input], inferSizes('view', input, sizesOf('view', sizes)), input._dtype)
}

const reshapeOp = defineOp('reshape', ['input'], {
  derivative: { input: (grad, _saved, { shapes }) => reshape(grad, shapes[0] as Shape) },
})

/**
 * The same elements in row-major order under another shape; a view where possible, else a copy. One
 * size may be -1 and is then computed.
 *
 * @throws {ShapeError} if the number of elements differs.
 * @see torch.reshape
 */
export function reshape(input: Tensor, ...sizes: SizeList): Tensor {
  requireTensor('reshape', 'input', input)
  return run(
    reshapeOp,
    [input],
    inferSizes('reshape', input, sizesOf('reshape', sizes)),
    input._dtype,
  )
}

/**
 * Merges axes `startDim` to `endDim` into one. A tensor without axes becomes one of shape `[1]`.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if startDim follows endDim.
 * @see torch.flatten
 */
export function flatten(input: Tensor, startDim = 0, endDim = -1): Tensor {
  requireTensor('flatten', 'input', input)
  const first = normalizeAxis('flatten', startDim, input.ndim, input)
  const last = normalizeAxis('flatten', endDim, input.ndim, input)
  if (first > last) {
    throw new ValueError(
      'flatten',
      { input },
      `startDim (${startDim}) comes after endDim (${endDim})`,
      'name the outer axis first',
    )
  }
  const { shape } = input
  if (shape.length === 0) return reshape(input, [1])
  if (first === last) return input
  const merged = numElements(shape.slice(first, last + 1))
  return reshape(input, [...shape.slice(0, first), merged, ...shape.slice(last + 1)])
}

/**
 * Splits axis `dim` into axes of the given sizes, one of which may be -1.
 *
 * @throws {ShapeError} if the sizes' product is not the axis's size.
 * @see torch.unflatten
 */
export function unflatten(input: Tensor, dim: number, sizes: readonly number[]): Tensor {
  requireTensor('unflatten', 'input', input)
  const axis = normalizeAxis('unflatten', dim, input.ndim, input)
  if (!Array.isArray(sizes)) {
    throw new ShapeError(
      'unflatten',
      { input },
      `sizes are an array, not ${show(sizes)}`,
      'unflatten(0, [2, 3])',
    )
  }
  const size = input.shape[axis] ?? 1
  const open = sizes.indexOf(-1)
  const known = numElements(sizes.filter((s) => s !== -1))
  const full = sizes.map((s, i) => (i === open && known > 0 ? size / known : s))
  if (numElements(full) !== size || !full.every((s) => Number.isInteger(s) && s >= 0)) {
    throw new ShapeError(
      'unflatten',
      { input },
      `sizes ${formatShape(sizes)} do not multiply to ${size}, the size of axis ${dim}`,
      'one size may be -1 and is then computed',
    )
  }
  return view(input, [...input.shape.slice(0, axis), ...full, ...input.shape.slice(axis + 1)])
}

/**
 * Without axes of size 1: all of them, or those named (others keep their size).
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.squeeze
 */
export function squeeze(input: Tensor, dim?: number | readonly number[]): Tensor {
  requireTensor('squeeze', 'input', input)
  const axes = dim === undefined ? null : normalizeAxes('squeeze', dim, input.ndim, input)
  const shape = input.shape.filter((size, i) => size !== 1 || (axes !== null && !axes.includes(i)))
  return run(viewOp, [input], shape, input._dtype)
}

/**
 * With a new axis of size 1 before axis `dim`; -1 adds it at the end.
 *
 * @throws {IndexError} if `dim` is outside of [-ndim - 1, ndim].
 * @see torch.unsqueeze
 */
export function unsqueeze(input: Tensor, dim: number): Tensor {
  requireTensor('unsqueeze', 'input', input)
  const axis = normalizeAxis('unsqueeze', dim, input.ndim + 1, input)
  const shape = [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)]
  return run(viewOp, [input], checkShape('unsqueeze', shape), input._dtype)
}

const permuteOp = defineOp<'input', readonly number[]>('permute', ['input'], {
  derivative: {
    input: (grad, _saved, { params }) => {
      const inverse = params.map((_, i) => params.indexOf(i))
      return permute(grad, inverse)
    },
  },
})

/**
 * With its axes in another order.
 *
 * Shapes: input `[d0, d1, …]` -> `[d(dims[0]), d(dims[1]), …]`; shares storage.
 *
 * @throws {ValueError} unless `dims` names each axis once.
 * @see torch.permute
 */
export function permute(input: Tensor, ...dims: SizeList): Tensor {
  requireTensor('permute', 'input', input)
  const order = normalizeAxes('permute', sizesOf('permute', dims), input.ndim, input)
  if (order.length !== input.ndim) {
    throw new ValueError(
      'permute',
      { input },
      `${order.length} axes are named, the tensor has ${input.ndim}`,
      'name each axis once',
    )
  }
  const shape = order.map((axis) => input.shape[axis] as number)
  return run(permuteOp, [input], shape, input._dtype, order, order)
}

/**
 * With two axes exchanged; shares storage.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.transpose
 */
export function transpose(input: Tensor, dim0: number, dim1: number): Tensor {
  requireTensor('transpose', 'input', input)
  const a = normalizeAxis('transpose', dim0, input.ndim, input)
  const b = normalizeAxis('transpose', dim1, input.ndim, input)
  const order = input.shape.map((_, i) => (i === a ? b : i === b ? a : i))
  return permute(input, order)
}

/**
 * A matrix with rows and columns exchanged; tensors with fewer axes stay as they are.
 *
 * @throws {ShapeError} for more than two axes.
 * @see torch.t
 */
export function t(input: Tensor): Tensor {
  requireTensor('t', 'input', input)
  if (input.ndim > 2) {
    throw new ShapeError(
      't',
      { input },
      `t() takes at most 2 axes, not ${input.ndim}`,
      'use transpose(dim0, dim1)',
    )
  }
  return input.ndim === 2 ? transpose(input, 0, 1) : alias(input)
}

/**
 * With axes moved from `source` to `destination`, the others keeping their order.
 *
 * @throws {IndexError, ValueError} for axes that do not exist, repeat, or differ in number.
 * @see torch.movedim
 */
export function movedim(
  input: Tensor,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  requireTensor('movedim', 'input', input)
  const from = normalizeAxes('movedim', source, input.ndim, input)
  const to = normalizeAxes('movedim', destination, input.ndim, input)
  if (from.length !== to.length) {
    throw new ValueError(
      'movedim',
      { input, source: from, destination: to },
      `${from.length} axes cannot move to ${to.length} places`,
      'name as many destinations as sources',
    )
  }
  const rest = input.shape.map((_, i) => i).filter((axis) => !from.includes(axis))
  const order = input.shape.map((_, i) => {
    const place = to.indexOf(i)
    return place >= 0 ? (from[place] as number) : (rest.shift() as number)
  })
  return permute(input, order)
}

const expandOp = defineOp('expand', ['input'], {
  // The engine sums a gradient over broadcast axes, for every operation alike.
  derivative: { input: (grad) => grad },
})

/**
 * With axes of size 1 (and new leading axes) repeated without copying; -1 keeps a size.
 *
 * @throws {ShapeError} if an axis of another size would change.
 * @see torch.Tensor.expand
 */
export function expand(input: Tensor, ...sizes: SizeList): Tensor {
  requireTensor('expand', 'input', input)
  const wanted = sizesOf('expand', sizes)
  const lead = wanted.length - input.ndim
  const shape = wanted.map((size, i) =>
    size === -1 && i >= lead ? (input.shape[i - lead] as number) : size,
  )
  checkShape('expand', shape)
  const misfit =
    lead < 0 ||
    shape.some(
      (size, i) => i >= lead && input.shape[i - lead] !== 1 && input.shape[i - lead] !== size,
    )
  if (misfit) {
    throw new ShapeError(
      'expand',
      { input },
      `shape ${formatShape(input.shape)} cannot be expanded to ${formatShape(wanted)}`,
      'only axes of size 1 expand, and new axes come first; use repeat() to copy',
    )
  }
  return run(expandOp, [input], shape, input._dtype)
}

/** {@link expand} to the shape of `other`. @see torch.Tensor.expand_as */
export function expandAs(input: Tensor, other: Tensor): Tensor {
  requireTensor('expandAs', 'other', other)
  return expand(input, other.shape)
}

/** As {@link expand}, for functions. @see torch.broadcast_to */
export function broadcastTo(input: Tensor, shape: readonly number[]): Tensor {
  return expand(input, shape)
}

interface WindowParams {
  axis: number
  start: number
  step: number
}

const windowGradOp = defineOp<'grad', WindowParams>('windowGrad', ['grad'], {
  derivative: {
    grad: (grad, _saved, { params, shapes }) => {
      const { axis, start, step } = params
      const count = (shapes[0] as Shape)[axis] as number
      return slice(grad, axis, start, start + (count - 1) * step + 1, step)
    },
  },
})

/** Zeros of `shape` with `grad` at every `step`-th position of `axis` from `start`. */
function windowGrad(grad: Tensor, shape: Shape, params: WindowParams): Tensor {
  const { axis, start, step } = params
  return run(windowGradOp, [grad], shape, grad._dtype, [axis, start, step], params)
}

interface SelectParams {
  axis: number
  index: number
}

const selectOp = defineOp<'input', SelectParams>('select', ['input'], {
  derivative: {
    input: (grad, _saved, { params, shapes }) =>
      windowGrad(unsqueeze(grad, params.axis), shapes[0] as Shape, {
        axis: params.axis,
        start: params.index,
        step: 1,
      }),
  },
})

function checkIndex(
  op: string,
  index: number,
  size: number,
  axis: number,
  input: Describable,
): number {
  if (!Number.isInteger(index) || index < -size || index >= size) {
    throw new IndexError(
      op,
      { input },
      `index ${show(index)} is outside axis ${axis}, which has ${size} ${size === 1 ? 'position' : 'positions'}`,
      size === 0 ? 'the axis is empty' : `use -${size} to ${size - 1}`,
    )
  }
  return index < 0 ? index + size : index
}

/**
 * One position of an axis, without that axis; shares storage.
 *
 * @throws {IndexError} if axis or index do not exist.
 * @see torch.select
 */
export function select(input: Tensor, dim: number, index: number): Tensor {
  requireTensor('select', 'input', input)
  if (input.ndim === 0) {
    throw new IndexError('select', { input }, 'the tensor has no axis to select from', 'use item()')
  }
  const axis = normalizeAxis('select', dim, input.ndim, input)
  const at = checkIndex('select', index, input.shape[axis] as number, axis, input)
  const shape = input.shape.filter((_, i) => i !== axis)
  return run(selectOp, [input], shape, input._dtype, [axis, at], { axis, index: at })
}

const sliceOp = defineOp<'input', WindowParams>('slice', ['input'], {
  derivative: {
    input: (grad, _saved, { params, shapes }) => windowGrad(grad, shapes[0] as Shape, params),
  },
})

function isInfinite(value: number): boolean {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY
}

/**
 * Every `step`-th position of an axis from `start` up to and without `end`; shares storage. Bounds
 * count from the back if negative and are cut to the axis, as in Python.
 *
 * @throws {ValueError} if `step` is not a whole number ≥ 1, or a bound is not whole.
 */
export function slice(
  input: Tensor,
  dim = 0,
  start: number | null = null,
  end: number | null = null,
  step = 1,
): Tensor {
  requireTensor('slice', 'input', input)
  if (input.ndim === 0) {
    throw new IndexError('slice', { input }, 'the tensor has no axis to slice', 'use item()')
  }
  const axis = normalizeAxis('slice', dim, input.ndim, input)
  const size = input.shape[axis] as number
  if (!Number.isInteger(step) || step < 1) {
    throw new ValueError(
      'slice',
      { input },
      `step must be a whole number ≥ 1, not ${show(step)}`,
      'use flip() to reverse',
    )
  }
  const bound = (value: number | null, open: number): number => {
    if (value === null || value === undefined) return open
    if (!Number.isInteger(value) && !isInfinite(value)) {
      throw new ValueError(
        'slice',
        { input },
        `bounds are whole numbers, not ${show(value)}`,
        'round it',
      )
    }
    return Math.min(Math.max(value < 0 ? value + size : value, 0), size)
  }
  const first = bound(start, 0)
  const count = Math.max(0, Math.ceil((bound(end, size) - first) / step))
  const shape = input.shape.map((s, i) => (i === axis ? count : s))
  const params = { axis, start: first, step: Math.min(step, Math.max(size, 1)) }
  return run(sliceOp, [input], shape, input._dtype, [axis, params.start, params.step], params)
}

/**
 * `length` positions of an axis from `start`; shares storage.
 *
 * @throws {IndexError} if the range leaves the axis.
 * @see torch.narrow
 */
export function narrow(input: Tensor, dim: number, start: number, length: number): Tensor {
  requireTensor('narrow', 'input', input)
  if (input.ndim === 0) {
    throw new IndexError('narrow', { input }, 'the tensor has no axis to narrow', 'use item()')
  }
  const axis = normalizeAxis('narrow', dim, input.ndim, input)
  const size = input.shape[axis] as number
  const from = Number.isInteger(start) && start < 0 ? start + size : start
  if (
    !Number.isInteger(from) ||
    !Number.isInteger(length) ||
    from < 0 ||
    length < 0 ||
    from + length > size
  ) {
    throw new IndexError(
      'narrow',
      { input },
      `${show(length)} positions from ${show(start)} do not lie in axis ${dim}, which has ${size}`,
      'start + length must not exceed the size of the axis',
    )
  }
  return slice(input, axis, from, from + length)
}

const aliasOp = defineOp('alias', ['input'], { derivative: { input: (grad) => grad } })

/** The same tensor as an object of its own: same storage, shape and strides. @internal */
export function alias(input: Tensor): Tensor {
  requireTensor('alias', 'input', input)
  return run(aliasOp, [input], input._shape, input._dtype)
}

const detachOp = defineOp('detach', ['input'], {
  kernel: 'alias',
  derivative: { input: 'non-differentiable' },
})

/**
 * The same elements without their history: shares storage, and no gradient flows through.
 *
 * @see torch.Tensor.detach
 */
export function detach(input: Tensor): Tensor {
  requireTensor('detach', 'input', input)
  return run(detachOp, [input], input._shape, input._dtype)
}

/** {@link view} with the shape of `other`. @see torch.Tensor.view_as */
export function viewAs(input: Tensor, other: Tensor): Tensor {
  requireTensor('viewAs', 'other', other)
  return view(input, other.shape)
}

/** {@link reshape} to the shape of `other`. @see torch.Tensor.reshape_as */
export function reshapeAs(input: Tensor, other: Tensor): Tensor {
  requireTensor('reshapeAs', 'other', other)
  return reshape(input, other.shape)
}

export interface ViewMethods {
  /** See {@link view}. */
  view(...sizes: SizeList): Tensor
  /** {@link view} with the shape of `other`. */
  viewAs(other: Tensor): Tensor
  /** See {@link reshape}. */
  reshape(...sizes: SizeList): Tensor
  /** {@link reshape} to the shape of `other`. */
  reshapeAs(other: Tensor): Tensor
  /** See {@link flatten}. */
  flatten(startDim?: number, endDim?: number): Tensor
  /** See {@link unflatten}. */
  unflatten(dim: number, sizes: readonly number[]): Tensor
  /** See {@link squeeze}. */
  squeeze(dim?: number | readonly number[]): Tensor
  /** See {@link unsqueeze}. */
  unsqueeze(dim: number): Tensor
  /** See {@link permute}. */
  permute(...dims: SizeList): Tensor
  /** See {@link transpose}. */
  transpose(dim0: number, dim1: number): Tensor
  /** See {@link t}. */
  t(): Tensor
  /** See {@link movedim}. */
  movedim(source: number | readonly number[], destination: number | readonly number[]): Tensor
  /** See {@link expand}. */
  expand(...sizes: SizeList): Tensor
  /** See {@link expandAs}. */
  expandAs(other: Tensor): Tensor
  /** See {@link broadcastTo}. */
  broadcastTo(shape: readonly number[]): Tensor
  /** See {@link select}. */
  select(dim: number, index: number): Tensor
  /** See {@link slice}. */
  slice(dim?: number, start?: number | null, end?: number | null, step?: number): Tensor
  /** See {@link detach}. */
  detach(): Tensor
  /** See {@link narrow}. */
  narrow(dim: number, start: number, length: number): Tensor
}

export const viewMethods: MethodTable<ViewMethods> = {
  view,
  viewAs,
  reshape,
  reshapeAs,
  flatten,
  unflatten,
  squeeze,
  unsqueeze,
  permute,
  transpose,
  t,
  movedim,
  expand,
  expandAs,
  broadcastTo,
  select,
  slice,
  narrow,
  detach,
}
