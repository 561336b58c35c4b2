/**
 * Reading and writing at the places of one index tensor: the records behind indexing, `indexSelect`,
 * `take`, `indexAdd` and their like. The index replaces a group of neighbouring axes; its values are
 * places in the group, in row-major order.
 */
import type { DTypeCode } from '../dtype.ts'
import { INT32, INT64, isFloatingCode, UINT8 } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireOperand, requireTensor } from '../elementwise.ts'
import { DTypeError, IndexError, ShapeError, ValueError } from '../errors.ts'
import { defineOp, needs, run, runInPlace } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, checkShape, formatShape } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

/** The axes that an index tensor replaces. */
export interface IndexGroup {
  /** The first of them. */
  axis: number
  count: number
  /** Do negative places count from the back? */
  wraps: boolean
  /** The axis as messages name it; -1 says "the tensor". */
  label: number
}

function numbersOf({ axis, count, wraps, label }: IndexGroup): number[] {
  return [axis, count, wraps ? 1 : 0, label]
}

/** `shape` with the group replaced by the axes of the index. */
function replacedShape(shape: Shape, { axis, count }: IndexGroup, index: Shape): Shape {
  return [...shape.slice(0, axis), ...index, ...shape.slice(axis + count)]
}

const indexOp = defineOp<'input' | 'index', IndexGroup>('index', ['input', 'index'], {
  derivative: {
    input: needs(['index'], (grad, { index }, { params, shapes }) =>
      run(
        indexGradOp,
        [grad, index as Tensor],
        shapes[0] as Shape,
        grad._dtype,
        numbersOf(params),
        params,
      ),
    ),
    index: 'non-differentiable',
  },
})

const indexGradOp = defineOp<'grad' | 'index', IndexGroup>('indexGrad', ['grad', 'index'], {
  derivative: {
    grad: needs(['index'], (grad, { index }, { params }) =>
      takeGroup('index', grad, index as Tensor, params),
    ),
    index: 'non-differentiable',
  },
})

/** Runs `body`; an index that native code refuses is reported as that of `op`. @internal */
export function reportedAs<T>(op: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (!(error instanceof IndexError) || error.op === op) throw error
    throw new IndexError(op, error.inputs, error.rule, error.fix)
  }
}

/** The elements of `input` at the places of `index`. @internal */
export function takeGroup(op: string, input: Tensor, index: Tensor, group: IndexGroup): Tensor {
  const shape = checkShape(op, replacedShape(input._shape, group, index._shape))
  return reportedAs(op, () =>
    run(indexOp, [input, index], shape, input._dtype, numbersOf(group), group),
  )
}

interface PutParams extends IndexGroup {
  /** Add to what is there? Else it is overwritten. */
  add: boolean
  /** Factor of what is added. */
  alpha: number
}

const indexPutOp = defineOp<'input' | 'index' | 'values', PutParams>(
  'indexPut',
  ['input', 'index', 'values'],
  {
    derivative: {
      input: needs(['index'], (grad, { index }, { params }) =>
        params.add
          ? grad
          : putGroup(
              'indexPut',
              grad,
              index as Tensor,
              0,
              { ...params, add: false, alpha: 1 },
              false,
            ),
      ),
      index: 'non-differentiable',
      values: needs(['index'], (grad, { index }, { params }) => {
        const taken = takeGroup('index', grad, index as Tensor, params)
        return params.add && params.alpha !== 1 ? taken.mul(params.alpha) : taken
      }),
    },
  },
)

/**
 * `input` with `values` written (or added) at the places of `index`: a new tensor, or `input` itself
 * with `inPlace`. The values must broadcast to the indexed shape and have the dtype. @internal
 */
export function putGroup(
  op: string,
  input: Tensor,
  index: Tensor,
  values: Operand,
  params: PutParams,
  inPlace: boolean,
): Tensor {
  const numbers = [...numbersOf(params), params.add ? 1 : 0, params.alpha]
  const inputs = [input, index, values]
  return reportedAs(op, () => {
    if (!inPlace) return run(indexPutOp, inputs, input._shape, input._dtype, numbers, params)
    runInPlace(indexPutOp, [input], inputs, numbers, params, input._dtype, op)
    return input
  })
}

const indexPositionsOp = defineOp('indexPositions', ['indices'], {
  derivative: { indices: 'non-differentiable' },
})

/** An index tensor, how many places its axes have, and the first axis. */
export interface IndexPart {
  index: Tensor
  places: number
  label: number
}

/**
 * One index tensor that stands for several, which broadcast, on neighbouring axes. @internal
 *
 * @throws {ShapeError} if they do not broadcast. @throws {IndexError} for an index out of range.
 */
export function joinIndices(op: string, parts: readonly IndexPart[]): Tensor {
  const shape = parts
    .map(({ index }) => index._shape)
    .reduce((a, b) => broadcastShapes(op, a, b, { 'index tensor': a, 'another one': b }))
  const indices = parts.map(({ index }) => index)
  const numbers = parts.flatMap(({ places, label }) => [places, label])
  return reportedAs(op, () => run(indexPositionsOp, indices, shape, INT64, numbers))
}

/** May tensors of this dtype name places? @internal */
export function isIndexCode(dtype: DTypeCode): boolean {
  return dtype === INT64 || dtype === INT32 || dtype === UINT8
}

/** @throws {DTypeError} unless `index` is a tensor of whole numbers. @internal */
export function requireIndex(op: string, index: unknown): asserts index is Tensor {
  requireTensor(op, 'index', index)
  if (isIndexCode(index._dtype)) return
  throw new DTypeError(
    op,
    { index },
    `indices are int64, int32 or uint8, not ${index.dtype}`,
    "convert: index.to('int64')",
  )
}

// As PyTorch: unsigned integers also take what wraps, and floating ones infinities.
const LIMITS: Record<string, readonly [number, number]> = {
  uint8: [-255, 255],
  int8: [-128, 127],
  int16: [-(2 ** 15), 2 ** 15 - 1],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1024],
  float16: [-65504, 65504],
  bfloat16: [-3.3895313892515355e38, 3.3895313892515355e38],
  float32: [-3.4028234663852886e38, 3.4028234663852886e38],
}

/** @throws {ValueError} if a tensor of `dtype` cannot hold the number. @internal */
export function requireFits(op: string, value: number, input: Tensor): void {
  const limits = LIMITS[input.dtype]
  if (limits === undefined || (value >= limits[0] && value <= limits[1])) return
  if (isFloatingCode(input._dtype) && !Number.isFinite(value)) return
  throw new ValueError(op, { input, value }, `${value} does not fit ${input.dtype}`, 'cast first')
}

/**
 * A value that is to be written into a part of `input` that has shape `shape`: with the dtype of
 * `input`, and without leading axes of size 1 that the part lacks. @internal
 *
 * @throws {ShapeError} if it does not broadcast. @throws {ValueError} if it does not fit the dtype.
 */
export function fitValue(op: string, value: Operand, input: Tensor, shape: Shape): Operand {
  if (!(value instanceof Tensor)) {
    requireFits(op, value, input)
    return value
  }
  let fitted = castCode(value, input._dtype)
  const extra = fitted.ndim - shape.length
  if (extra > 0 && fitted._shape.slice(0, extra).every((size) => size === 1)) {
    fitted = fitted.reshape(fitted._shape.slice(extra))
  }
  const lead = shape.length - fitted.ndim
  if (lead >= 0 && fitted._shape.every((size, i) => size === 1 || size === shape[i + lead])) {
    return fitted
  }
  throw new ShapeError(
    op,
    { input, value },
    `the value has shape ${formatShape(value._shape)}, the part it goes to ${formatShape(shape)}`,
    'pass a value that broadcasts to the part',
  )
}

/** A number, boolean or tensor; booleans count as 0 and 1. @internal */
export type Value = Operand | boolean

/** @throws {ValueError} unless `value` is a tensor, a number or a boolean. @internal */
export function asOperand(op: string, name: string, value: unknown): Operand {
  if (typeof value === 'boolean') return Number(value)
  requireOperand(op, name, value)
  return value
}

/** A single value with the dtype of `input`. @internal @throws {ShapeError} if it has axes. */
export function scalarValue(op: string, given: unknown, input: Tensor): Operand {
  const value = asOperand(op, 'value', given)
  if (!(value instanceof Tensor)) {
    requireFits(op, value, input)
    return value
  }
  if (value.ndim === 0) return castCode(value, input._dtype)
  throw new ShapeError(
    op,
    { input, value },
    'the value must be a number or a tensor without axes',
    'use item() or select() to pick one element',
  )
}
