/** Elements where a mask is true. */
import { BOOL, INT64 } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireOperand, requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run, runInPlace } from '../op.ts'
import { internally } from '../scope.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, formatShape, sameShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { scalarValue } from './index-groups.ts'

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

/**
 * Where the elements are not zero (or true), in row-major order.
 *
 * Shapes: input with d axes -> int64 `[count, d]`, a row of coordinates for each element; with
 * `asTuple`, d tensors `[count]`, which `at(...)` accepts as indices.
 *
 * @see torch.nonzero
 */
export function nonzero(input: Tensor, options?: NonzeroOptions & { asTuple?: false }): Tensor
export function nonzero(input: Tensor, options: NonzeroOptions & { asTuple: true }): Tensor[]
export function nonzero(input: Tensor, options?: NonzeroOptions): Tensor | Tensor[] {
  requireTensor('nonzero', 'input', input)
  const from = options?.asTuple && input.ndim === 0 ? input.reshape(1) : input
  const table = internally(() => {
    const mask = castCode(from, BOOL).contiguous()
    const { offsets, count } = offsetsOf(mask)
    return run(nonzeroOp, [mask, offsets], [count, from.ndim], INT64, [1])
  })
  return options?.asTuple ? table.unbind(1) : table
}

/** @throws {DTypeError} unless `mask` is a bool tensor. */
function requireMask(op: string, input: Tensor, mask: Tensor): void {
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

/**
 * The elements of `input` where `mask` is true, in row-major order.
 *
 * Shapes: input and mask broadcast -> `[count]`.
 *
 * @throws {DTypeError} if mask is not bool. @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.masked_select
 */
export function maskedSelect(input: Tensor, mask: Tensor): Tensor {
  requireTensor('maskedSelect', 'input', input)
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

/**
 * `input` with `value` where `mask` is true.
 *
 * Shapes: input and mask broadcast; value is a number or `[]`. Dtype: that of input.
 *
 * @throws {DTypeError} if mask is not bool. @throws {ShapeError} if the shapes do not broadcast, or
 * value has axes. @throws {ValueError} if value does not fit the dtype.
 * @see torch.masked_fill
 */
export function maskedFill(input: Tensor, mask: Tensor, value: Operand): Tensor {
  requireTensor('maskedFill', 'input', input)
  requireMask('maskedFill', input, mask)
  requireOperand('maskedFill', 'value', value)
  return newFill(input, mask, scalarValue('maskedFill', value, input), { inverted: false })
}

function maskedFill_(input: Tensor, mask: Tensor, value: Operand): Tensor {
  requireTensor('maskedFill_', 'input', input)
  requireMask('maskedFill_', input, mask)
  requireOperand('maskedFill_', 'value', value)
  const shape = broadcastShapes('maskedFill_', input._shape, mask._shape, { input, mask })
  if (!sameShape(shape, input._shape)) {
    throw new ShapeError(
      'maskedFill_',
      { input, mask },
      `the result has shape ${formatShape(shape)}, which cannot be written into ${formatShape(input._shape)}`,
      'use maskedFill()',
    )
  }
  const filler = scalarValue('maskedFill_', value, input)
  const params: FillParams = { inverted: false }
  runInPlace(maskedFillOp, [input], [input, mask, filler], [0], params, input._dtype)
  return input
}

export interface MaskMethods {
  /** See {@link maskedSelect}. */
  maskedSelect(mask: Tensor): Tensor
  /** See {@link maskedFill}. */
  maskedFill(mask: Tensor, value: Operand): Tensor
  /** {@link maskedFill}, writing into this tensor. */
  maskedFill_(mask: Tensor, value: Operand): Tensor
  /** See {@link nonzero}. */
  nonzero(options?: NonzeroOptions & { asTuple?: false }): Tensor
  nonzero(options: NonzeroOptions & { asTuple: true }): Tensor[]
}

export const maskMethods: MethodTable<MaskMethods> = {
  maskedSelect,
  maskedFill,
  maskedFill_,
  nonzero,
}
