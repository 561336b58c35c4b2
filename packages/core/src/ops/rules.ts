/** What elementwise families share: short forms of derivatives, checks of dtypes, three operands. */
import { zerosLike } from '../creation.ts'
import type { DTypeCode } from '../dtype.ts'
import { BOOL, dtypeName, isFloatingCode } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireOperand, resultType, uniform } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import type { Op, OpDefinition } from '../op.ts'
import { needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

type Operands = Record<string, Operand>
type UnaryDefinition = OpDefinition<'input', null>

/** The gradient follows from the input x, which is saved. */
export function ofInput(formula: (grad: Tensor, x: Tensor) => Tensor): UnaryDefinition {
  return {
    derivative: {
      input: needs(['input'], (grad, { input }) => formula(grad, input as Tensor)),
    },
  }
}

/** The gradient follows from the output y, which is saved. */
export function ofOutput(formula: (grad: Tensor, y: Tensor) => Tensor): UnaryDefinition {
  return {
    derivative: { input: needs(['out'], (grad, { out }) => formula(grad, out as Tensor)) },
  }
}

/** Constant between its steps: the gradient is zero, also at the steps. */
export const flat: UnaryDefinition = { derivative: { input: (grad) => zerosLike(grad) } }

/** Nothing to differentiate: the result is not floating, or jumps wherever it changes. */
export const discreteUnary: UnaryDefinition = { derivative: { input: 'non-differentiable' } }

export const discreteBinary: OpDefinition<'input' | 'other', null> = {
  derivative: { input: 'non-differentiable', other: 'non-differentiable' },
}

function check(
  op: string,
  inputs: Operands,
  allowed: (code: DTypeCode) => boolean,
  rule: (dtype: string) => string,
  fix: string,
): void {
  // What is not a tensor at all is for the operation to complain about.
  const operands = Object.values(inputs)
  if (!operands.every((x) => x instanceof Tensor || typeof x === 'number')) return
  const code = resultType(operands)
  if (!allowed(code)) throw new DTypeError(op, inputs, rule(dtypeName(code)), fix)
}

/** @throws {DTypeError} if the operands meet in bool. */
export function refuseBool(op: string, input: Operand, other?: Operand, third?: Operand): void {
  // On the path of every call: a first operand of another dtype settles it.
  if (input instanceof Tensor && input._dtype !== BOOL) return
  const inputs: Operands = { input }
  if (other !== undefined) inputs['other'] = other
  if (third !== undefined) inputs['third'] = third
  check(
    op,
    inputs,
    (code) => code !== BOOL,
    () => 'is not defined for bool',
    "use the logical or bitwise operations, or convert with .to('int64')",
  )
}

/** @throws {DTypeError} unless the operands meet in an integer dtype or bool. */
export function requireWhole(op: string, inputs: Operands): void {
  check(
    op,
    inputs,
    (code) => !isFloatingCode(code),
    (dtype) => `is for integers and bool, not ${dtype}`,
    "convert with .to('int64')",
  )
}

/** @throws {DTypeError} unless the operands meet in an integer dtype. */
export function requireInteger(op: string, inputs: Operands): void {
  check(
    op,
    inputs,
    (code) => !isFloatingCode(code) && code !== BOOL,
    (dtype) => `is for integers, not ${dtype}`,
    "convert with .to('int64')",
  )
}

/** @throws {DTypeError} unless the operands meet in a floating dtype. */
export function requireFloating(op: string, inputs: Operands): void {
  check(
    op,
    inputs,
    isFloatingCode,
    (dtype) => `is for floating dtypes, not ${dtype}`,
    "convert with .to('float32')",
  )
}

/** The shape to which all operands broadcast. */
export function commonShape(op: string, operands: Operands): Shape {
  let shape: Shape = []
  for (const operand of Object.values(operands)) {
    if (operand instanceof Tensor) shape = broadcastShapes(op, shape, operand._shape, operands)
  }
  return shape
}

/** Runs `op` on operands that are cast to their common dtype. */
export function ternary<P>(
  op: Op<P>,
  operands: Operands,
  numbers?: readonly number[],
  params?: P,
): Tensor {
  const list = Object.values(operands)
  const [first] = list
  if (first instanceof Tensor && uniform(first, list, 'same')) {
    return run(op, list, first._shape, first._dtype, numbers, params)
  }
  for (const [name, operand] of Object.entries(operands)) requireOperand(op.name, name, operand)
  const dtype = resultType(list)
  const shape = commonShape(op.name, operands)
  const inputs = list.map((x) => (x instanceof Tensor ? castCode(x, dtype) : x))
  return run(op, inputs, shape, dtype, numbers, params)
}
