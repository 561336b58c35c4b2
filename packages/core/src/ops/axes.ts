/** The same elements with their axes in another order; all of these share storage. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { DType } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import { normalizeAxes, normalizeAxis } from '../shape.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import type { Sizes } from './sizes.ts'
import { sizesOf } from './sizes.ts'
import { alias } from './views.ts'

const permuteOp = defineOp<'input', readonly number[]>('permute', ['input'], {
  derivative: {
    input: (grad, _saved, { params }) => {
      const inverse = params.map((_, i) => params.indexOf(i))
      return permuted(grad, inverse)
    },
  },
})

/** Permuted by axes that have been checked. */
function permuted(input: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => input._shape[axis] as number)
  return run(permuteOp, [input], shape, input._dtype, order, order)
}

/**
 * With its axes in another order.
 *
 * Shapes: input `[d0, d1, …]` -> `[d(dims[0]), d(dims[1]), …]`; shares storage.
 *
 * @throws {ValueError} unless `dims` names each axis once.
 * @see torch.permute
 */
export function permute<D extends DType>(input: Tensor<D>, ...dims: Sizes<'dims'>): Tensor<D> {
  requireTensor('permute', 'input', input)
  const order = normalizeAxes('permute', sizesOf('permute', 'dims', dims), input.ndim, input)
  if (order.length !== input.ndim) {
    throw new ValueError(
      'permute',
      { input },
      `${order.length} axes are named, the tensor has ${input.ndim}`,
      'name each axis once',
    )
  }
  return permuted(input, order)
}

/** What {@link transpose} takes by name. */
export interface TransposeOptions {
  dim0: number
  dim1: number
}

/** What {@link swapaxes} takes by name. */
export interface SwapaxesOptions {
  axis0: number
  axis1: number
}

const readTranspose = parameters<[number, number]>('transpose', ['dim0', 'dim1'])
const readSwapdims = parameters<[number, number]>('swapdims', ['dim0', 'dim1'])
const readSwapaxes = parameters<[number, number]>('swapaxes', ['axis0', 'axis1'])

function exchanged(op: string, input: Tensor, first?: number, second?: number): Tensor {
  requireTensor(op, 'input', input)
  const a = normalizeAxis(op, first as number, input.ndim, input)
  const b = normalizeAxis(op, second as number, input.ndim, input)
  return permuted(
    input,
    input._shape.map((_, i) => (i === a ? b : i === b ? a : i)),
  )
}

/**
 * With two axes exchanged; shares storage.
 *
 * @throws {IndexError} if there is no such axis.
 * @see torch.transpose
 */
export function transpose<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<TransposeOptions, ['dim0', 'dim1']>
): Tensor<D> {
  const [dim0, dim1] = readTranspose(given)
  return exchanged('transpose', input, dim0, dim1)
}

/** {@link transpose} by another name. @see torch.swapdims */
export function swapdims<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<TransposeOptions, ['dim0', 'dim1']>
): Tensor<D> {
  const [dim0, dim1] = readSwapdims(given)
  return exchanged('swapdims', input, dim0, dim1)
}

/** {@link transpose} by another name. @see torch.swapaxes */
export function swapaxes<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<SwapaxesOptions, ['axis0', 'axis1']>
): Tensor<D> {
  const [axis0, axis1] = readSwapaxes(given)
  return exchanged('swapaxes', input, axis0, axis1)
}

/**
 * A matrix with rows and columns exchanged; tensors with fewer axes stay as they are.
 *
 * @throws {ShapeError} for more than two axes.
 * @see torch.t
 */
export function t<D extends DType>(input: Tensor<D>): Tensor<D> {
  requireTensor('t', 'input', input)
  if (input.ndim > 2) {
    throw new ShapeError(
      't',
      { input },
      `t() takes at most 2 axes, not ${input.ndim}`,
      'use transpose(dim0, dim1)',
    )
  }
  return input.ndim === 2 ? permuted(input, [1, 0]) : alias(input)
}

/** With all axes in reverse order: {@link AxisGetters.T}. */
function reversed(input: Tensor): Tensor {
  return permuted(
    input,
    input._shape.map((_, i) => input.ndim - 1 - i),
  )
}

/** With the last two axes exchanged: {@link AxisGetters.mT}. */
function matrixTransposed(input: Tensor): Tensor {
  if (input.ndim === 1) {
    throw new ShapeError(
      'mT',
      { input },
      'the tensor has one axis, a matrix has two',
      'add an axis with unsqueeze()',
    )
  }
  return input.ndim === 0 ? alias(input) : exchanged('mT', input, -2, -1)
}

/** What {@link movedim} takes by name. */
export interface MovedimOptions {
  source: number | readonly number[]
  destination: number | readonly number[]
}

type Axes = number | readonly number[]

const readMovedim = parameters<[Axes, Axes]>('movedim', ['source', 'destination'])
const readMoveaxis = parameters<[Axes, Axes]>('moveaxis', ['source', 'destination'])

function moved(op: string, input: Tensor, source?: Axes, destination?: Axes): Tensor {
  requireTensor(op, 'input', input)
  const from = normalizeAxes(op, source as Axes, input.ndim, input)
  const to = normalizeAxes(op, destination as Axes, input.ndim, input)
  if (from.length !== to.length) {
    throw new ValueError(
      op,
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
  return permuted(input, order)
}

/**
 * With axes moved from `source` to `destination`, the others keeping their order.
 *
 * @throws {IndexError, ValueError} for axes that do not exist, repeat, or differ in number.
 * @see torch.movedim
 */
export function movedim<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<MovedimOptions, ['source', 'destination']>
): Tensor<D> {
  const [source, destination] = readMovedim(given)
  return moved('movedim', input, source, destination)
}

/** {@link movedim} by another name. @see torch.moveaxis */
export function moveaxis<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<MovedimOptions, ['source', 'destination']>
): Tensor<D> {
  const [source, destination] = readMoveaxis(given)
  return moved('moveaxis', input, source, destination)
}

export interface AxisMethods<D extends DType = AnyDType> {
  /** See {@link permute}. */
  permute(...dims: Sizes<'dims'>): Tensor<D>
  /** See {@link transpose}. */
  transpose(...given: Arguments<TransposeOptions, ['dim0', 'dim1']>): Tensor<D>
  /** {@link transpose} by another name. */
  swapdims(...given: Arguments<TransposeOptions, ['dim0', 'dim1']>): Tensor<D>
  /** {@link transpose} by another name. */
  swapaxes(...given: Arguments<SwapaxesOptions, ['axis0', 'axis1']>): Tensor<D>
  /** See {@link t}. */
  t(): Tensor<D>
  /** See {@link movedim}. */
  movedim(...given: Arguments<MovedimOptions, ['source', 'destination']>): Tensor<D>
  /** {@link movedim} by another name. */
  moveaxis(...given: Arguments<MovedimOptions, ['source', 'destination']>): Tensor<D>
}

export const axisMethods: MethodTable<AxisMethods> = {
  permute,
  transpose,
  swapdims,
  swapaxes,
  t,
  movedim,
  moveaxis,
}

export interface AxisGetters<D extends DType = AnyDType> {
  /** The tensor with its axes in reverse order; shares storage. @see torch.Tensor.T */
  readonly T: Tensor<D>
  /**
   * The matrices of the last two axes, transposed; shares storage.
   *
   * @throws {ShapeError} if the tensor has one axis.
   * @see torch.Tensor.mT
   */
  readonly mT: Tensor<D>
}

export const axisGetters: { readonly [K in keyof AxisGetters]: (self: Tensor) => Tensor } = {
  T: reversed,
  mT: matrixTransposed,
}
