/** What elementwise operations share: promotion of operands, broadcasting, and the fast path. */
import { isNamed } from './arguments.ts'
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
import { inPlaceOf } from './in-place.ts'
import type { Input, Op } from './op.ts'
import { recording, run, runInPlace } from './op.ts'
import { castCode } from './ops/cast.ts'
import type { Shape } from './shape.ts'
import { broadcastShapes, formatShape, sameShape } from './shape.ts'
import { show } from './show.ts'
import { requireTensor, Tensor } from './tensor.ts'

export { requireTensor } from './tensor.ts'

/** An operand of arithmetic: a tensor or a plain number. */
export type Operand = Tensor | number

/** What stands for an operand: a tensor, a number, or a boolean, which is a number of dtype bool. */
export type Value = Operand | boolean

/** An operand by position or by name: `mul(x, y)` or `mul(x, { other: y })`. */
export type Named<Name extends string> = Value | { readonly [K in Name]: Value }

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
export function resultType(operands: readonly Value[]): DTypeCode {
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
      const code = numberCode(operand)
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

function numberCode(value: number | boolean): DTypeCode {
  if (typeof value === 'boolean') return BOOL
  return numberCategory(value) === 1 ? INT64 : defaultFloatCode()
}

/** An operand that was given by position or as `{ [name]: operand }`. */
export function operandOf(op: string, name: string, given: unknown): Value {
  let value = given
  if (isNamed(given)) {
    const other = Object.keys(given).find((key) => key !== name)
    if (other !== undefined) {
      throw new ValueError(op, [], `there is no option '${other}'`, `options: ${name}`)
    }
    value = given[name]
  }
  if (typeof value === 'boolean') return value
  requireOperand(op, name, value)
  return value
}

/** The operand in `dtype`, as a kernel takes it. */
export function castOperand(value: Value, dtype: DTypeCode): Operand {
  return value instanceof Tensor ? castCode(value, dtype) : Number(value)
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
function keepsDtype(dtype: DTypeCode, number: number, result: ResultType): boolean {
  return (
    isFloatingCode(dtype) || (result !== 'float' && dtype !== BOOL && numberCategory(number) === 1)
  )
}

/**
 * Are all operands tensors of `like`'s dtype and shape, or numbers that fit the dtype? Then nothing
 * is to be cast or broadcast.
 */
export function uniform(like: Tensor, operands: readonly unknown[], result: ResultType): boolean {
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
  a: Value,
  b: Named<string>,
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
  return binaryOfAny(op, a, b, result, numbers, params)
}

function binaryOfAny<P>(
  op: Op<P>,
  first: unknown,
  second: unknown,
  result: ResultType,
  numbers: readonly number[] | undefined,
  params: P | undefined,
): Tensor {
  const [nameOfFirst, nameOfSecond] = op.inputs as [string, string]
  const a = operandOf(op.name, nameOfFirst, first)
  const b = operandOf(op.name, nameOfSecond, second)
  const inputs = { [nameOfFirst]: a, [nameOfSecond]: b }
  if (!(a instanceof Tensor) && !(b instanceof Tensor)) {
    throw new ValueError(
      op.name,
      inputs,
      'at least one operand must be a tensor',
      'use JavaScript arithmetic for two numbers, or tensor(…)',
    )
  }
  const common = computeType([a, b], result)
  const shape = broadcastShapes(op.name, shapeOf(a), shapeOf(b), inputs)
  const operands = [castOperand(a, common), castOperand(b, common)]
  return run(op, operands, shape, result === 'bool' ? BOOL : common, numbers, params, common)
}

function shapeOf(operand: Value): Shape {
  return operand instanceof Tensor ? operand._shape : []
}

/** The dtype in which operands are computed. */
function computeType(operands: readonly Value[], result: ResultType): DTypeCode {
  const common = resultType(operands)
  return result === 'float' && !isFloatingCode(common) ? defaultFloatCode() : common
}

/** The checks of an in-place operation that {@link uniform} did not settle; its dtype. */
function inPlaceType(
  name: string,
  self: Tensor,
  others: Readonly<Record<string, Value>>,
  result: ResultType,
): DTypeCode {
  const values = Object.values(others)
  const common = computeType([self, ...values], result)
  if (result !== 'bool' && category(common) > category(self._dtype)) {
    throw new DTypeError(
      name,
      { input: self, ...others },
      `the result's dtype cannot be stored in ${self.dtype}`,
      'use the form without underscore, or cast the input first',
    )
  }
  for (const other of values) {
    const shape = broadcastShapes(name, self._shape, shapeOf(other), { input: self, ...others })
    if (!sameShape(shape, self._shape)) {
      throw new ShapeError(
        name,
        { input: self, ...others },
        `the result has shape ${formatShape(shape)}, which cannot be written into ${formatShape(self._shape)}`,
        'use the form without underscore',
      )
    }
  }
  return common
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
  others: readonly Named<string>[],
  result: ResultType,
  numbers?: readonly number[],
  params?: P,
): Tensor {
  requireTensor(`${op.name}_`, 'input', self)
  let inputs: Input[]
  if (uniform(self, others, result) && (result !== 'bool' || self._dtype === BOOL)) {
    inputs = [self, ...(others as readonly Operand[])]
  } else {
    const name = `${op.name}_`
    const values = others.map((other, i) => operandOf(name, op.inputs[i + 1] as string, other))
    const named = Object.fromEntries(values.map((value, i) => [op.inputs[i + 1], value]))
    const common = inPlaceType(name, self, named, result)
    const operands = values.map((value) => castOperand(value, common))
    const dtype = result === 'bool' ? BOOL : common
    if (common !== self._dtype || dtype !== common) {
      // Computed in another dtype than it is stored in.
      return inPlaceOf(name, (x) => {
        const all = [castCode(x, common), ...operands]
        return run(op, all, self._shape, dtype, numbers, params, common)
      })(self)
    }
    inputs = [self, ...operands]
  }
  // A derivative that needs what is overwritten works on a copy of it.
  if (savesFirst(op, inputs)) inputs[0] = self.clone()
  runInPlace(op, [self], inputs, numbers, params, self._dtype)
  return self
}

/** The in-place form of an operation on one tensor. */
export function inPlaceUnary(op: Op<null>, result: ResultType): (input: Tensor) => Tensor {
  return (input) => inPlace(op, input, [], result)
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
