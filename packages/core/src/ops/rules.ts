/** What elementwise families share: short forms of derivatives, checks of dtypes, three operands. */
import { fillValue } from '../creation-options.ts'
import { zerosLike } from '../creation.ts'
import type { DTypeCode } from '../dtype.ts'
import { BOOL, dtypeName, INT64, isFloatingCode } from '../dtype.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { castOperand, operandOf, resultType, uniform } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import type { Op, OpDefinition } from '../op.ts'
import { needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes } from '../shape.ts'
import { Tensor } from '../tensor.ts'

/** Operands by the names of their parameters. */
type Operands = Readonly<Record<string, Named<string>>>
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

/** The same for two operands. */
export const flatBinary: OpDefinition<'input' | 'other', null> = {
  derivative: { input: (grad) => zerosLike(grad), other: (grad) => zerosLike(grad) },
}

export const discreteBinary: OpDefinition<'input' | 'other', null> = {
  derivative: { input: 'non-differentiable', other: 'non-differentiable' },
}

/** The operands themselves, where some are given by name. */
function valuesOf(op: string, inputs: Operands): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [name, operandOf(op, name, given)]),
  )
}

function check(
  op: string,
  inputs: Operands,
  allowed: (code: DTypeCode) => boolean,
  rule: (dtype: string) => string,
  fix: string,
): void {
  // Tensors that are all allowed meet in a dtype that is.
  let settled = true
  for (const name in inputs) {
    const input = inputs[name]
    settled &&= input instanceof Tensor && allowed(input._dtype)
  }
  if (settled) return
  const values = valuesOf(op, inputs)
  const code = resultType(Object.values(values))
  if (!allowed(code)) throw new DTypeError(op, values, rule(dtypeName(code)), fix)
}

/** @throws {DTypeError} if the operands meet in bool. */
export function refuseBool(op: string, input: Value, other?: Named<'other'>): void {
  // On the path of every call: a first operand of another dtype settles it.
  if (input instanceof Tensor && input._dtype !== BOOL) return
  check(
    op,
    other === undefined ? { input } : { input, other },
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

/**
 * Numbers that an operation takes in the dtype of its operands must fit it, where a sum or a product
 * would wrap.
 *
 * @throws {ValueError} if a number does not fit.
 */
export function requireHeld(op: string, dtype: DTypeCode, numbers: readonly unknown[]): void {
  if (dtype <= INT64) return
  for (const number of numbers) if (typeof number === 'number') fillValue(op, number, dtype)
}

/** The shape to which all operands broadcast. */
export function commonShape(op: string, operands: Operands): Shape {
  const values = valuesOf(op, operands)
  let shape: Shape = []
  for (const operand of Object.values(values)) {
    if (operand instanceof Tensor) shape = broadcastShapes(op, shape, operand._shape, values)
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
    return run(op, list as Operand[], first._shape, first._dtype, numbers, params)
  }
  const values = valuesOf(op.name, operands)
  const dtype = resultType(Object.values(values))
  const shape = commonShape(op.name, values)
  const inputs = Object.values(values).map((x) => castOperand(x, dtype))
  return run(op, inputs, shape, dtype, numbers, params)
}
