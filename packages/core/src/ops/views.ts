/** The same elements under another shape, sharing storage where the strides allow. */
import type { Arguments } from '../arguments.ts'
import { isNamed, parameters } from '../arguments.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { DType, DTypeCode } from '../dtype.ts'
import { BOOL, dtypeCode, dtypeName, itemBytes } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, normalizeAxes, normalizeAxis, numElements } from '../shape.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import type { Sizes } from './sizes.ts'
import { inferSizes, requireSizes, sizesOf } from './sizes.ts'

const viewOp = defineOp('view', ['input'], {
  derivative: { input: (grad, _saved, { shapes }) => reshape(grad, shapes[0] as Shape) },
})

/** A view under a shape that has been checked. @internal */
function viewShape(input: Tensor, shape: Shape): Tensor {
  return run(viewOp, [input], shape, input._dtype)
}

// The bytes say something else then, of which no gradient follows.
const viewDtypeOp = defineOp('viewDtype', ['input'], {
  derivative: { input: 'non-differentiable' },
})

/** The same bytes as elements of another dtype. */
function viewDtype(input: Tensor, dtype: DTypeCode): Tensor {
  const from = itemBytes(input._dtype)
  const to = itemBytes(dtype)
  if (dtype === BOOL && input._dtype !== BOOL) {
    throw new DTypeError(
      'view',
      { input },
      'other bytes than 0 and 1 are no bools',
      "compare instead: x.ne(0), or convert with to('bool')",
    )
  }
  const shape = [...input._shape]
  if (from !== to) {
    const last = (shape.pop() ?? 0) * from
    if (input.ndim === 0 || last % to !== 0) {
      throw new ShapeError(
        'view',
        { input },
        input.ndim === 0
          ? `a tensor without axes cannot become ${dtypeName(dtype)}, whose elements have ${to} bytes, not ${from}`
          : `the last axis has ${last} bytes, which elements of ${to} bytes (${dtypeName(dtype)}) do not fill`,
        'reshape the tensor first',
      )
    }
    shape.push(last / to)
  }
  return run(viewDtypeOp, [input], shape, dtype)
}

const readView = parameters<[readonly number[] | DType, DType]>('view', ['size', 'dtype'])

/**
 * The same elements under another shape, sharing storage. One size may be -1 and is then computed.
 * With a dtype instead: the same bytes read as elements of it, which no gradient passes; the last
 * axis grows or shrinks where these have another size.
 *
 * @throws {ShapeError} if the number of elements differs, or the strides do not allow a view.
 * @throws {DTypeError} if other elements are to be seen as bool.
 * @see torch.Tensor.view
 */
export function view<T extends DType>(input: Tensor, dtype: T | { readonly dtype: T }): Tensor<T>
export function view<D extends DType>(input: Tensor<D>, ...size: Sizes<'size'>): Tensor<D>
export function view(input: Tensor, ...given: unknown[]): Tensor {
  requireTensor('view', 'input', input)
  const [first] = given
  if (given.length === 1 && (typeof first === 'string' || isNamed(first))) {
    const [size, dtype = size] = readView(given)
    if (typeof dtype === 'string') return viewDtype(input, dtypeCode(dtype))
    return viewShape(input, inferSizes('view', input, requireSizes('view', 'size', size)))
  }
  return viewShape(input, inferSizes('view', input, sizesOf('view', 'size', given)))
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
export function reshape<D extends DType>(input: Tensor<D>, ...shape: Sizes<'shape'>): Tensor<D> {
  requireTensor('reshape', 'input', input)
  const sizes = inferSizes('reshape', input, sizesOf('reshape', 'shape', shape))
  return run(reshapeOp, [input], sizes, input._dtype)
}

/** What {@link flatten} takes by name. */
export interface FlattenOptions {
  /** The first axis to merge. Default 0. */
  startDim?: number
  /** The last axis to merge. Default -1. */
  endDim?: number
}

const readFlatten = parameters<[number, number]>('flatten', ['startDim', 'endDim'])

/**
 * Merges axes `startDim` to `endDim` into one. A tensor without axes becomes one of shape `[1]`.
 *
 * @throws {IndexError} if there is no such axis. @throws {ValueError} if startDim follows endDim.
 * @see torch.flatten
 */
export function flatten<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<FlattenOptions, ['startDim', 'endDim']>
): Tensor<D> {
  requireTensor('flatten', 'input', input)
  const [startDim = 0, endDim = -1] = readFlatten(given)
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
 * All elements in row-major order along one axis; a view where possible, else a copy.
 *
 * @see torch.ravel
 */
export function ravel<D extends DType>(input: Tensor<D>): Tensor<D> {
  requireTensor('ravel', 'input', input)
  return reshape(input, [input.numel()])
}

/** What {@link unflatten} takes by name. */
export interface UnflattenOptions {
  /** The axis to split. */
  dim: number
  /** The sizes it is split into; one may be -1. */
  sizes: readonly number[]
}

const readUnflatten = parameters<[number, readonly number[]]>('unflatten', ['dim', 'sizes'])

/**
 * Splits axis `dim` into axes of the given sizes, one of which may be -1.
 *
 * @throws {ShapeError} if the sizes' product is not the axis's size.
 * @see torch.unflatten
 */
export function unflatten<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<UnflattenOptions, ['dim', 'sizes']>
): Tensor<D> {
  requireTensor('unflatten', 'input', input)
  const [dim, sizes] = readUnflatten(given)
  const axis = normalizeAxis('unflatten', dim as number, input.ndim, input)
  const parts = requireSizes('unflatten', 'sizes', sizes)
  const size = input.shape[axis] ?? 1
  const open = parts.indexOf(-1)
  const known = numElements(parts.filter((s) => s !== -1))
  const full = parts.map((s, i) => (i === open && known > 0 ? size / known : s))
  if (
    full.length === 0 ||
    numElements(full) !== size ||
    !full.every((s) => Number.isInteger(s) && s >= 0)
  ) {
    throw new ShapeError(
      'unflatten',
      { input },
      `sizes ${formatShape(parts)} do not multiply to ${size}, the size of axis ${dim}`,
      'one size may be -1 and is then computed',
    )
  }
  return view(input, [...input.shape.slice(0, axis), ...full, ...input.shape.slice(axis + 1)])
}

/** What {@link squeeze} takes by name. */
export interface SqueezeOptions {
  /** The axes that vanish if their size is 1. Default: all. */
  dim?: number | readonly number[]
}

const readSqueeze = parameters<[number | readonly number[]]>('squeeze', ['dim'])

/**
 * Without axes of size 1: all of them, or those named (others keep their size).
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.squeeze
 */
export function squeeze<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<SqueezeOptions, ['dim']>
): Tensor<D> {
  requireTensor('squeeze', 'input', input)
  const [dim] = readSqueeze(given)
  const axes = dim === undefined ? null : normalizeAxes('squeeze', dim, input.ndim, input)
  const shape = input.shape.filter((size, i) => size !== 1 || (axes !== null && !axes.includes(i)))
  return viewShape(input, shape)
}

/** What {@link unsqueeze} takes by name. */
export interface UnsqueezeOptions {
  /** The place of the new axis. */
  dim: number
}

const readUnsqueeze = parameters<[number]>('unsqueeze', ['dim'])

/**
 * With a new axis of size 1 before axis `dim`; -1 adds it at the end.
 *
 * @throws {IndexError} if `dim` is outside of [-ndim - 1, ndim].
 * @see torch.unsqueeze
 */
export function unsqueeze<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<UnsqueezeOptions, ['dim']>
): Tensor<D> {
  requireTensor('unsqueeze', 'input', input)
  const [dim] = readUnsqueeze(given)
  const axis = normalizeAxis('unsqueeze', dim as number, input.ndim + 1, input)
  const shape = [...input.shape.slice(0, axis), 1, ...input.shape.slice(axis)]
  return viewShape(input, checkShape('unsqueeze', shape))
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
export function detach<D extends DType>(input: Tensor<D>): Tensor<D> {
  requireTensor('detach', 'input', input)
  return run(detachOp, [input], input._shape, input._dtype)
}

/** Another tensor, of which a view takes the shape. */
export interface OtherOptions {
  other: Tensor
}

const readViewAs = parameters<[Tensor]>('viewAs', ['other'])
const readReshapeAs = parameters<[Tensor]>('reshapeAs', ['other'])

/** {@link view} with the shape of `other`. @see torch.Tensor.view_as */
export function viewAs<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<OtherOptions, ['other']>
): Tensor<D> {
  const [other] = readViewAs(given)
  requireTensor('viewAs', 'other', other)
  return view(input, other.shape)
}

/** {@link reshape} to the shape of `other`. @see torch.Tensor.reshape_as */
export function reshapeAs<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<OtherOptions, ['other']>
): Tensor<D> {
  const [other] = readReshapeAs(given)
  requireTensor('reshapeAs', 'other', other)
  return reshape(input, other.shape)
}

export interface ViewMethods<D extends DType = AnyDType> {
  /** See {@link view}. */
  view<T extends DType>(dtype: T | { readonly dtype: T }): Tensor<T>
  view(...size: Sizes<'size'>): Tensor<D>
  /** {@link view} with the shape of `other`. */
  viewAs(...given: Arguments<OtherOptions, ['other']>): Tensor<D>
  /** See {@link reshape}. */
  reshape(...shape: Sizes<'shape'>): Tensor<D>
  /** {@link reshape} to the shape of `other`. */
  reshapeAs(...given: Arguments<OtherOptions, ['other']>): Tensor<D>
  /** See {@link flatten}. */
  flatten(...given: Arguments<FlattenOptions, ['startDim', 'endDim']>): Tensor<D>
  /** See {@link ravel}. */
  ravel(): Tensor<D>
  /** See {@link unflatten}. */
  unflatten(...given: Arguments<UnflattenOptions, ['dim', 'sizes']>): Tensor<D>
  /** See {@link squeeze}. */
  squeeze(...given: Arguments<SqueezeOptions, ['dim']>): Tensor<D>
  /** See {@link unsqueeze}. */
  unsqueeze(...given: Arguments<UnsqueezeOptions, ['dim']>): Tensor<D>
  /** See {@link detach}. */
  detach(): Tensor<D>
}

export const viewMethods: MethodTable<ViewMethods> = {
  view,
  viewAs,
  reshape,
  reshapeAs,
  flatten,
  ravel,
  unflatten,
  squeeze,
  unsqueeze,
  detach,
}
