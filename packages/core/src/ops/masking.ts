/** Elements where a mask is true. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { BOOL, INT64 } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run, runInPlace } from '../op.ts'
import { internally } from '../scope.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, formatShape, sameShape } from '../shape.ts'
import type { AnyDType, Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import type { Value } from './index-groups.ts'
import { putGroup, scalarValue } from './index-groups.ts'

// Elements that native code counts together: kMaskChunk of native/kernels/masking.cc.
const CHUNK = 8192

const maskOffsetsOp = defineOp('maskOffsets', ['mask'], {
  derivative: { mask: 'non-differentiable' },
})

/** How many elements of a mask are true before each chunk, and how many in all. */
function offsetsOf(mask: Tensor): { offsets: Tensor; count: number } {
  const offsets = run(maskOffsetsOp, [mask], [Math.ceil(mask.numel() / CHUNK) + 1], INT64)
  return { offsets, count: offsets.toArray().at(-1) as number }
}

const nonzeroOp = defineOp('nonzero', ['mask', 'offsets'], {
  derivative: { mask: 'non-differentiable', offsets: 'non-differentiable' },
})

/** The places in row-major order where a mask is true, int64 `[count]`. @internal */
export function placesOf(mask: Tensor): Tensor {
  return internally(() => {
    const dense = mask.contiguous()
    const { offsets, count } = offsetsOf(dense)
    return run(nonzeroOp, [dense, offsets], [count], INT64, [0])
  })
}

export interface NonzeroOptions {
  /** One index tensor for each axis, instead of a table. Default false. */
  asTuple?: boolean
}

const readNonzero = parameters<[boolean]>('nonzero', ['asTuple'])

/**
 * Where the elements are not zero (or true), in row-major order.
 *
 * Shapes: input with d axes -> int64 `[count, d]`, a row of coordinates for each element; with
 * `asTuple`, d tensors `[count]`, which `at(...)` accepts as indices.
 *
 * @see torch.nonzero
 */
export function nonzero(
  input: Tensor,
  asTuple?: false | (NonzeroOptions & { asTuple?: false }),
): Tensor<'int64'>
export function nonzero(
  input: Tensor,
  asTuple: true | (NonzeroOptions & { asTuple: true }),
): Tensor<'int64'>[]
export function nonzero(input: Tensor, ...given: unknown[]): Tensor | Tensor[] {
  requireTensor('nonzero', 'input', input)
  const [asTuple = false] = readNonzero(given)
  const from = asTuple && input.ndim === 0 ? input.reshape(1) : input
  const table = internally(() => {
    const mask = castCode(from, BOOL).contiguous()
    const { offsets, count } = offsetsOf(mask)
    return run(nonzeroOp, [mask, offsets], [count, from.ndim], INT64, [1])
  })
  return asTuple ? table.unbind(1) : table
}

/**
 * Where the elements are not zero (or true), in row-major order: int64 `[count, d]`, a row of
 * coordinates for each element of an input with d axes.
 *
 * @see torch.argwhere
 */
export function argwhere(input: Tensor): Tensor<'int64'> {
  requireTensor('argwhere', 'input', input)
  return nonzero(input)
}

/** @throws {DTypeError} unless `mask` is a bool tensor. */
function requireMask(op: string, input: Tensor, mask: unknown): asserts mask is Tensor {
  requireTensor(op, 'mask', mask)
  if (mask._dtype === BOOL) return
  throw new DTypeError(
    op,
    { input, mask },
    `the mask must be bool, not ${mask.dtype}`,
    'compare, or convert: mask.bool()',
  )
}

const maskedSelectOp = defineOp('maskedSelect', ['input', 'mask', 'offsets'], {
  derivative: {
    input: needs(['mask', 'offsets'], (grad, { mask, offsets }) =>
      runSelectGrad(grad, mask as Tensor, offsets as Tensor),
    ),
    mask: 'non-differentiable',
    offsets: 'non-differentiable',
  },
})

const maskedSelectGradOp = defineOp('maskedSelectGrad', ['grad', 'mask', 'offsets'], {
  derivative: {
    grad: needs(['mask', 'offsets'], (grad, { mask, offsets }, { shapes }) =>
      runSelect(grad, mask as Tensor, offsets as Tensor, (shapes[0] as Shape)[0] as number),
    ),
    mask: 'non-differentiable',
    offsets: 'non-differentiable',
  },
})

function runSelect(input: Tensor, mask: Tensor, offsets: Tensor, count: number): Tensor {
  return run(maskedSelectOp, [input, mask, offsets], [count], input._dtype)
}

function runSelectGrad(grad: Tensor, mask: Tensor, offsets: Tensor): Tensor {
  return run(maskedSelectGradOp, [grad, mask, offsets], mask._shape, grad._dtype)
}

/** What `maskedSelect` takes after its tensor. */
export type MaskedSelectArguments = Arguments<{ mask: Tensor }, ['mask']>

const readMaskedSelect = parameters<[Tensor]>('maskedSelect', ['mask'])

/**
 * The elements of `input` where `mask` is true, in row-major order.
 *
 * Shapes: input and mask broadcast -> `[count]`.
 *
 * @throws {DTypeError} if mask is not bool. @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.masked_select
 */
export function maskedSelect<D extends DType>(
  input: Tensor<D>,
  ...given: MaskedSelectArguments
): Tensor<D> {
  requireTensor('maskedSelect', 'input', input)
  const [mask] = readMaskedSelect(given)
  requireMask('maskedSelect', input, mask)
  const shape = broadcastShapes('maskedSelect', input._shape, mask._shape, { input, mask })
  return internally(() => {
    const from = sameShape(input._shape, shape) ? input : input.expand(shape)
    const where = (sameShape(mask._shape, shape) ? mask : mask.expand(shape)).contiguous()
    const { offsets, count } = offsetsOf(where)
    return runSelect(from, where, offsets, count)
  })
}

interface FillParams {
  /** Fill where the mask is false? */
  inverted: boolean
}

const maskedFillOp = defineOp<'input' | 'mask' | 'value', FillParams>(
  'maskedFill',
  ['input', 'mask', 'value'],
  {
    derivative: {
      input: needs(['mask'], (grad, { mask }, { params }) =>
        newFill(grad, mask as Tensor, 0, params),
      ),
      mask: 'non-differentiable',
      value: needs(['mask'], (grad, { mask }, { params }) =>
        newFill(grad, mask as Tensor, 0, { inverted: !params.inverted }),
      ),
    },
  },
)

function newFill(input: Tensor, mask: Tensor, value: Operand, params: FillParams): Tensor {
  const shape = broadcastShapes('maskedFill', input._shape, mask._shape, { input, mask })
  const inputs = [input, mask, value]
  return run(maskedFillOp, inputs, shape, input._dtype, [params.inverted ? 1 : 0], params)
}

export interface MaskedFillOptions {
  /** Where to write; bool, and broadcasts with the tensor. */
  mask: Tensor
  /** A number, or a tensor without axes. */
  value: Value
}

/** What `maskedFill` takes after its tensor. */
export type MaskedFillArguments = Arguments<MaskedFillOptions, ['mask', 'value']>

const readMaskedFill = parameters<[Tensor, Value]>('maskedFill', ['mask', 'value'])

/**
 * `input` with `value` where `mask` is true.
 *
 * Shapes: input and mask broadcast; value is a number or `[]`. Dtype: that of input.
 *
 * @throws {DTypeError} if mask is not bool. @throws {ShapeError} if the shapes do not broadcast, or
 * value has axes. @throws {ValueError} if value does not fit the dtype.
 * @see torch.masked_fill
 */
export function maskedFill<D extends DType>(
  input: Tensor<D>,
  ...given: MaskedFillArguments
): Tensor<D> {
  requireTensor('maskedFill', 'input', input)
  const [mask, value] = readMaskedFill(given)
  requireMask('maskedFill', input, mask)
  return newFill(input, mask, scalarValue('maskedFill', value, input), { inverted: false })
}

/** @throws {ShapeError} unless `mask` broadcasts to the shape of `input`. */
function requireWithin(op: string, input: Tensor, mask: Tensor): void {
  const shape = broadcastShapes(op, input._shape, mask._shape, { input, mask })
  if (sameShape(shape, input._shape)) return
  throw new ShapeError(
    op,
    { input, mask },
    `the result has shape ${formatShape(shape)}, which cannot be written into ${formatShape(input._shape)}`,
    `use ${op.slice(0, -1)}()`,
  )
}

function maskedFill_(input: Tensor, ...given: MaskedFillArguments): Tensor {
  requireTensor('maskedFill_', 'input', input)
  const [mask, value] = readMaskedFill(given)
  requireMask('maskedFill_', input, mask)
  const filler = scalarValue('maskedFill_', value, input)
  requireWithin('maskedFill_', input, mask)
  fillMasked('maskedFill_', input, mask, filler)
  return input
}

/** Writes a single value where a mask, which broadcasts to the tensor, is true. @internal */
export function fillMasked(op: string, input: Tensor, mask: Tensor, value: Operand): void {
  const params: FillParams = { inverted: false }
  runInPlace(maskedFillOp, [input], [input, mask, value], [0], params, input._dtype, op)
}

export interface MaskedScatterOptions {
  /** Where to write; bool, and broadcasts with the tensor. */
  mask: Tensor
  /** The elements, in row-major order; as many as the mask has true elements, or more. */
  source: Tensor
}

/** What `maskedScatter` takes after its tensor. */
export type MaskedScatterArguments = Arguments<MaskedScatterOptions, ['mask', 'source']>

const readMaskedScatter = parameters<[Tensor, Tensor]>('maskedScatter', ['mask', 'source'])

/** Writes the elements of `source` where the mask, of the target's shape, is true. */
function scatterMasked(
  op: string,
  target: Tensor,
  mask: Tensor,
  source: Tensor,
  inPlace: boolean,
): Tensor {
  const places = placesOf(mask)
  const count = places.numel()
  if (source.numel() < count) {
    throw new ShapeError(
      op,
      { input: target, mask, source },
      `the mask has ${count} true elements, the source only ${source.numel()} to put there`,
      'pass a source with as many elements',
    )
  }
  const values = source.reshape(-1).narrow(0, 0, count)
  if (target.ndim > 0) {
    const group = { axis: 0, count: target.ndim, wraps: false, label: -1, add: false, alpha: 1 }
    return putGroup(op, target, places, values, group, inPlace)
  }
  if (count === 0) return inPlace ? target : target.clone()
  return inPlace ? target.copy_(values.reshape([])) : values.reshape([]).clone()
}

function requireSource(op: string, input: Tensor, source: unknown): asserts source is Tensor {
  requireTensor(op, 'source', source)
  if (source._dtype === input._dtype) return
  throw new DTypeError(
    op,
    { input, source },
    `the source must have the dtype of the input, ${input.dtype}, not ${source.dtype}`,
    `convert: source.to('${input.dtype}')`,
  )
}

/**
 * `input` with the elements of `source`, one after another, where `mask` is true.
 *
 * Shapes: input and mask broadcast; the source may have any shape with enough elements. Dtype: that
 * of input, which the source must have.
 *
 * @throws {DTypeError} if mask is not bool, or the source has another dtype. @throws {ShapeError} if
 * the shapes do not broadcast, or the source has too few elements.
 * @see torch.masked_scatter
 */
export function maskedScatter<D extends DType>(
  input: Tensor<D>,
  ...given: MaskedScatterArguments
): Tensor<D> {
  requireTensor('maskedScatter', 'input', input)
  const [mask, source] = readMaskedScatter(given)
  requireMask('maskedScatter', input, mask)
  requireSource('maskedScatter', input, source)
  const shape = broadcastShapes('maskedScatter', input._shape, mask._shape, { input, mask })
  return internally(() =>
    scatterMasked('maskedScatter', input.expand(shape), mask.expand(shape), source, false),
  )
}

function maskedScatter_(input: Tensor, ...given: MaskedScatterArguments): Tensor {
  requireTensor('maskedScatter_', 'input', input)
  const [mask, source] = readMaskedScatter(given)
  requireMask('maskedScatter_', input, mask)
  requireSource('maskedScatter_', input, source)
  requireWithin('maskedScatter_', input, mask)
  internally(() => {
    scatterMasked('maskedScatter_', input, mask.expand(input._shape), source, true)
  })
  return input
}

export interface MaskMethods<D extends DType = AnyDType> {
  /** See {@link maskedSelect}. */
  maskedSelect(...given: MaskedSelectArguments): Tensor<D>
  /** See {@link maskedFill}. */
  maskedFill(...given: MaskedFillArguments): Tensor<D>
  /** {@link maskedFill}, writing into this tensor. */
  maskedFill_(...given: MaskedFillArguments): Tensor<D>
  /** See {@link maskedScatter}. */
  maskedScatter(...given: MaskedScatterArguments): Tensor<D>
  /** {@link maskedScatter}, writing into this tensor. */
  maskedScatter_(...given: MaskedScatterArguments): Tensor<D>
  /** See {@link argwhere}. */
  argwhere(): Tensor<'int64'>
  /** See {@link nonzero}. */
  nonzero(asTuple?: false | (NonzeroOptions & { asTuple?: false })): Tensor<'int64'>
  nonzero(asTuple: true | (NonzeroOptions & { asTuple: true })): Tensor<'int64'>[]
}

export const maskMethods: MethodTable<MaskMethods> = {
  maskedSelect,
  maskedFill,
  maskedFill_,
  maskedScatter,
  maskedScatter_,
  argwhere,
  nonzero,
}
