/** What elementwise operations share: promotion of operands, broadcasting, and the fast path. */
import type { DTypeCode } from './dtype.ts'
import {
  BOOL,
  category,
  defaultFloatCode,
  INT64,
  isFloatingCode,
  numberCategory,
  promote,
} from './dtype.ts'
import { DTypeError, ShapeError, ValueError } from './errors.ts'
import { show } from './show.ts'
import type { Input, Op } from './op.ts'
import { recording, run, runInPlace } from './op.ts'
import { castCode } from './ops/cast.ts'
import type { Shape } from './shape.ts'
import { broadcastShapes, sameShape } from './shape.ts'
import { requireTensor, Tensor } from './tensor.ts'

export { requireTensor } from './tensor.ts'

/** An operand of arithmetic: a tensor or a plain number. */
export type Operand = Tensor | number

/**
 * How the result's dtype follows from the operands':
 * - `same`: their common dtype;
 * - `float`: that, but integers and bools become the default floating dtype;
 * - `bool`: bool, computed in the common dtype.
 */
export type ResultType = 'same' | 'float' | 'bool'

/**
 * The dtype in which operands meet: tensors with axes decide, then tensors without, then numbers; a
 * later group only counts if its category (bool < integer < floating) is higher.
 *
 * @see torch.result_type
 */
export function resultType(operands: readonly Operand[]): DTypeCode {
  let withAxes = -1
  let withoutAxes = -1
  let numbers = -1
  for (const operand of operands) {
    if (operand instanceof Tensor) {
      if (operand._shape.length > 0) {
        withAxes = withAxes < 0 ? operand._dtype : promote(withAxes, operand._dtype)
      } else {
        withoutAxes = withoutAxes < 0 ? operand._dtype : promote(withoutAxes, operand._dtype)
      }
    } else {
      const code = numberCategory(operand) === 1 ? INT64 : defaultFloatCode()
      numbers = numbers < 0 ? code : promote(numbers, code)
    }
  }
  let result = withAxes
  for (const other of [withoutAxes, numbers]) {
    if (other < 0) continue
    if (result < 0) result = other
    else if (category(other) > category(result)) result = other
  }
  return result < 0 ? defaultFloatCode() : result
}

export function requireOperand(op: string, name: string, value: unknown): asserts value is Operand {
  if (value instanceof Tensor || typeof value === 'number') return
  throw new ValueError(
    op,
    [{ name, description: show(value) }],
    `${name} must be a tensor or a number`,
    'make a tensor of it with tensor(…)',
  )
}

/** Runs `op` on one operand. Integers become floating where `result` says so. */
export function unary<P>(
  op: Op<P>,
  x: Tensor,
  result: ResultType,
  numbers?: readonly number[],
  params?: P,
): Tensor {
  requireTensor(op.name, 'input', x)
  let input = x
  if (result === 'float' && !isFloatingCode(x._dtype)) input = castCode(x, defaultFloatCode())
  return run(op, [input], input._shape, result === 'bool' ? BOOL : input._dtype, numbers, params)
}

/** Is `dtype` the common dtype of a tensor of that dtype and `number`? May say no where it is. */
export function keepsDtype(dtype: DTypeCode, number: number, result: ResultType): boolean {
  return (
    isFloatingCode(dtype) || (result !== 'float' && dtype !== BOOL && numberCategory(number) === 1)
  )
}

/**
 * Are all operands tensors of `like`'s dtype and shape, or numbers that fit the dtype? Then nothing
 * is to be cast or broadcast.
 */
export function uniform(like: Tensor, operands: readonly Operand[], result: ResultType): boolean {
  if (result === 'float' && !isFloatingCode(like._dtype)) return false
  for (const x of operands) {
    const fits =
      x instanceof Tensor
        ? x._dtype === like._dtype && sameShape(x._shape, like._shape)
        : typeof x === 'number' && keepsDtype(like._dtype, x, result)
    if (!fits) return false
  }
  return true
}

/** Runs `op` on two operands, of which one may be a number. */
export function binary<P>(
  op: Op<P>,
  a: Operand,
  b: Operand,
  result: ResultType,
  numbers?: readonly number[],
  params?: P,
): Tensor {
  // The common case first: two tensors of one dtype.
  if (a instanceof Tensor && b instanceof Tensor && a._dtype === b._dtype) {
    if (result !== 'float' || isFloatingCode(a._dtype)) {
      const shape = sameShape(a._shape, b._shape)
        ? a._shape
        : broadcastShapes(op.name, a._shape, b._shape, { a, b })
      return run(op, [a, b], shape, result === 'bool' ? BOOL : a._dtype, numbers, params, a._dtype)
    }
  }
  if (a instanceof Tensor && typeof b === 'number' && keepsDtype(a._dtype, b, result)) {
    return run(op, [a, b], a._shape, result === 'bool' ? BOOL : a._dtype, numbers, params, a._dtype)
  }
  if (b instanceof Tensor && typeof a === 'number' && keepsDtype(b._dtype, a, result)) {
    return run(op, [a, b], b._shape, result === 'bool' ? BOOL : b._dtype, numbers, params, b._dtype)
  }
  requireOperand(op.name, 'a', a)
  requireOperand(op.name, 'b', b)
  if (!(a instanceof Tensor) && !(b instanceof Tensor)) {
    throw new ValueError(
      op.name,
      { a, b },
      'at least one operand must be a tensor',
      'use JavaScript arithmetic for two numbers, or tensor(…)',
    )
  }
  let common = resultType([a, b])
  if (result === 'float' && !isFloatingCode(common)) common = defaultFloatCode()
  const left = a instanceof Tensor ? castCode(a, common) : a
  const right = b instanceof Tensor ? castCode(b, common) : b
  const shape = broadcastShapes(op.name, shapeOf(left), shapeOf(right), { a, b })
  return run(op, [left, right], shape, result === 'bool' ? BOOL : common, numbers, params, common)
}

function shapeOf(operand: Operand): Shape {
  return operand instanceof Tensor ? operand._shape : []
}

/** The other operands of an in-place operation in the dtype of `self`, after all checks. */
function castOthers(
  name: string,
  self: Tensor,
  others: readonly Operand[],
  result: ResultType,
): Operand[] {
  let common = resultType([self, ...others])
  if (result === 'float' && !isFloatingCode(common)) common = defaultFloatCode()
  if (category(common) > category(self._dtype)) {
    throw new DTypeError(
      name,
      { input: self, ...Object.fromEntries(others.map((o, i) => [`other${i || ''}`, o])) },
      `the result's dtype cannot be stored in ${self.dtype}`,
      'use the form without underscore, or cast the input first',
    )
  }
  for (const other of others) {
    requireOperand(name, 'other', other)
    const shape = broadcastShapes(name, self._shape, shapeOf(other), { input: self, other })
    if (!sameShape(shape, self._shape)) {
      throw new ShapeError(
        name,
        { input: self, other },
        `the result has shape [${shape.join(', ')}], which cannot be written into [${self._shape.join(', ')}]`,
        'use the form without underscore',
      )
    }
  }
  return others.map((other) => (other instanceof Tensor ? castCode(other, self._dtype) : other))
}

/**
 * Runs `op` on `self` and the other operands, writing the result into `self`.
 *
 * @throws {ShapeError} if the result's shape is not `self`'s.
 * @throws {DTypeError} if the result's dtype cannot be stored in `self`'s (floating into integer).
 */
export function inPlace<P>(
  op: Op<P>,
  self: Tensor,
  others: readonly Operand[],
  result: ResultType,
  numbers?: readonly number[],
  params?: P,
): Tensor {
  requireTensor(`${op.name}_`, 'input', self)
  const inputs: Input[] = uniform(self, others, result)
    ? [self, ...others]
    : [self, ...castOthers(`${op.name}_`, self, others, result)]
  // A derivative that needs what is overwritten works on a copy of it.
  if (savesFirst(op, inputs)) inputs[0] = self.clone()
  runInPlace(op, [self], inputs, numbers, params, self._dtype)
  return self
}

/** Will a recorded call of `op` save its first input? */
function savesFirst<P>(op: Op<P>, inputs: readonly Input[]): boolean {
  return (
    recording.enabled &&
    inputs.some(
      (input, i) =>
        input instanceof Tensor && input._requiresGrad && ((op.saveMasks[i] as number) & 1) !== 0,
    )
  )
}
