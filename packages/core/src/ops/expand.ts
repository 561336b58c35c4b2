/** Axes repeated without copying, and the shapes to which several tensors broadcast. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { ShapeError } from '../errors.ts'
import type { DType } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes as broadcastPair, checkShape, formatShape, sameShape } from '../shape.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import type { Sizes } from './sizes.ts'
import { requireSizes, sizesOf } from './sizes.ts'
import type { OtherOptions } from './views.ts'

const expandOp = defineOp('expand', ['input'], {
  // The engine sums a gradient over broadcast axes, for every operation alike.
  derivative: { input: (grad) => grad },
})

function expanded(op: string, input: Tensor, wanted: readonly number[]): Tensor {
  const lead = wanted.length - input.ndim
  const shape = wanted.map((size, i) =>
    size === -1 && i >= lead ? (input.shape[i - lead] as number) : size,
  )
  checkShape(op, shape)
  const misfit =
    lead < 0 ||
    shape.some(
      (size, i) => i >= lead && input.shape[i - lead] !== 1 && input.shape[i - lead] !== size,
    )
  if (misfit) {
    throw new ShapeError(
      op,
      { input },
      `shape ${formatShape(input.shape)} cannot be expanded to ${formatShape(wanted)}`,
      'only axes of size 1 expand, and new axes come first; use repeat() to copy',
    )
  }
  return run(expandOp, [input], shape, input._dtype)
}

/**
 * With axes of size 1 (and new leading axes) repeated without copying; -1 keeps a size.
 *
 * @throws {ShapeError} if an axis of another size would change.
 * @see torch.Tensor.expand
 */
export function expand<D extends DType>(input: Tensor<D>, ...size: Sizes<'size'>): Tensor<D> {
  requireTensor('expand', 'input', input)
  return expanded('expand', input, sizesOf('expand', 'size', size))
}

const readExpandAs = parameters<[Tensor]>('expandAs', ['other'])

/** {@link expand} to the shape of `other`. @see torch.Tensor.expand_as */
export function expandAs<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<OtherOptions, ['other']>
): Tensor<D> {
  requireTensor('expandAs', 'input', input)
  const [other] = readExpandAs(given)
  requireTensor('expandAs', 'other', other)
  return expanded('expandAs', input, other.shape)
}

/** As {@link expand}, with the sizes in an array. @see torch.broadcast_to */
export function broadcastTo<D extends DType>(input: Tensor<D>, ...size: Sizes<'size'>): Tensor<D> {
  requireTensor('broadcastTo', 'input', input)
  return expanded('broadcastTo', input, sizesOf('broadcastTo', 'size', size))
}

/**
 * The shape to which all the shapes broadcast. A whole number stands for a shape of one axis.
 *
 * @throws {ShapeError} if two sizes of an axis differ and none is 1.
 * @see torch.broadcast_shapes
 */
export function broadcastShapes(...shapes: (number | readonly number[])[]): number[] {
  let common: Shape = []
  for (const shape of shapes) {
    const sizes =
      typeof shape === 'number' ? [shape] : requireSizes('broadcastShapes', 'shape', shape)
    common = broadcastPair('broadcastShapes', common, checkShape('broadcastShapes', sizes), {})
  }
  return [...common]
}

/** Tensors one by one or as one array: `f(a, b)` or `f([a, b])`. */
export type TensorList = Tensor[] | [tensors: readonly Tensor[]]

/** The tensors of a list. @throws {ValueError} if one is none. @internal */
export function tensorsOf(op: string, list: readonly unknown[]): readonly Tensor[] {
  const tensors = list.length === 1 && Array.isArray(list[0]) ? (list[0] as unknown[]) : list
  tensors.forEach((tensor, i) => requireTensor(op, `tensors[${i}]`, tensor))
  return tensors as readonly Tensor[]
}

/**
 * All tensors expanded to their common shape, as views.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.broadcast_tensors
 */
export function broadcastTensors(...tensors: TensorList): Tensor[] {
  const list = tensorsOf('broadcastTensors', tensors)
  let common: Shape = []
  for (const [i, tensor] of list.entries()) {
    common = broadcastPair('broadcastTensors', common, tensor._shape, { [`tensors[${i}]`]: tensor })
  }
  return list.map((tensor) =>
    sameShape(tensor._shape, common) ? tensor : expanded('broadcastTensors', tensor, common),
  )
}

/** What {@link sumToSize} sums: the axes that broadcasting `target` to `shape` repeats. */
function repeatedAxes(shape: Shape, target: Shape): number[] {
  const lead = shape.length - target.length
  return shape.flatMap((size, i) => (i < lead || (size !== 1 && target[i - lead] === 1) ? [i] : []))
}

/**
 * Sums the tensor over the axes along which a tensor of these sizes would be repeated to broadcast
 * to its shape: what the gradient of that broadcast is.
 *
 * @throws {ShapeError} if the sizes do not broadcast to the tensor's shape.
 * @see torch.Tensor.sum_to_size
 */
export function sumToSize(input: Tensor, ...size: Sizes<'size'>): Tensor {
  requireTensor('sumToSize', 'input', input)
  const target = checkShape('sumToSize', sizesOf('sumToSize', 'size', size))
  const lead = input.ndim - target.length
  if (lead < 0 || target.some((s, i) => s !== 1 && s !== input.shape[i + lead])) {
    throw new ShapeError(
      'sumToSize',
      { input },
      `${formatShape(target)} does not broadcast to ${formatShape(input.shape)}`,
      "each size is the tensor's or 1, counted from the last axis",
    )
  }
  // As PyTorch: with no sizes it is a plain sum, of which integers become int64.
  if (target.length === 0) return input.sum()
  const axes = repeatedAxes(input.shape, target)
  if (axes.length === 0) return input
  const kept = input.sum(axes, true)
  return lead === 0 ? kept : kept.reshape(target)
}

export interface ExpandMethods<D extends DType = AnyDType> {
  /** See {@link expand}. */
  expand(...size: Sizes<'size'>): Tensor<D>
  /** See {@link expandAs}. */
  expandAs(...given: Arguments<OtherOptions, ['other']>): Tensor<D>
  /** See {@link broadcastTo}. */
  broadcastTo(...size: Sizes<'size'>): Tensor<D>
  /** See {@link sumToSize}. */
  sumToSize(...size: Sizes<'size'>): Tensor
}

export const expandMethods: MethodTable<ExpandMethods> = {
  expand,
  expandAs,
  broadcastTo,
  sumToSize,
}
