/** Selection and interpolation: operations on three operands. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { BOOL, isFloatingCode, UINT8 } from '../dtype.ts'
import type { Operand, Value } from '../elementwise.ts'
import {
  castOperand,
  inPlace,
  operandOf,
  requireTensor,
  resultType,
  uniform,
} from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run } from '../op.ts'
import { sameShape } from '../shape.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { commonShape, refuseBool, requireFloating, requireHeld, ternary } from './rules.ts'

const whereOp = defineOp('where', ['condition', 'input', 'other'], {
  derivative: {
    condition: 'non-differentiable',
    input: needs(['condition'], (grad, { condition }) => where(condition as Tensor, grad, 0)),
    other: needs(['condition'], (grad, { condition }) => where(condition as Tensor, 0, grad)),
  },
})

const readWhere = parameters<[Value, Value]>('where', ['input', 'other'])

/**
 * `input` where the condition is true, `other` elsewhere.
 *
 * Shapes: all three broadcast. Dtype: the common dtype of input and other; the condition is bool, or
 * uint8. With a condition alone: where it is not zero, an int64 tensor for each axis (see
 * {@link nonzero}).
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if the condition is not
 * bool.
 * @see torch.where
 */
export function where(condition: Tensor): Tensor<'int64'>[]
export function where(
  condition: Tensor,
  ...given: Arguments<{ input: Value; other: Value }, ['input', 'other']>
): Tensor
export function where(given: Tensor, ...choices: unknown[]): Tensor | Tensor[] {
  requireTensor('where', 'condition', given)
  const [first, second] = choices
  let input = first as Value
  let other = second as Value
  if (!(first instanceof Tensor && second instanceof Tensor)) {
    if (first === undefined && second === undefined) return given.nonzero({ asTuple: true })
    const read = readWhere(choices)
    input = operandOf('where', 'input', read[0])
    other = operandOf('where', 'other', read[1])
  }
  const condition = given._dtype === UINT8 ? castCode(given, BOOL) : given
  if (condition._dtype !== BOOL) {
    throw new DTypeError(
      'where',
      { condition, input, other },
      `the condition must be bool, not ${condition.dtype}`,
      'compare first, for example condition.ne(0)',
    )
  }
  const like = input instanceof Tensor ? input : other
  if (like instanceof Tensor && sameShape(condition._shape, like._shape)) {
    if (uniform(like, [input, other], 'same')) {
      requireHeld('where', like._dtype, choices)
      const operands = [condition, input as Operand, other as Operand]
      return run(whereOp, operands, like._shape, like._dtype)
    }
  }
  const dtype = resultType([input, other])
  requireHeld('where', dtype, [input, other])
  const shape = commonShape('where', { condition, input, other })
  const operands = [condition, castOperand(input, dtype), castOperand(other, dtype)]
  return run(whereOp, operands, shape, dtype)
}

const lerpOp = defineOp('lerp', ['input', 'end', 'weight'], {
  derivative: {
    input: needs(['weight'], (grad, { weight }) => {
      const w = weight as Operand
      return grad.mul(w instanceof Tensor ? w.neg().add(1) : 1 - w)
    }),
    end: needs(['weight'], (grad, { weight }) => grad.mul(weight as Operand)),
    weight: needs(['input', 'end'], (grad, { input, end }) =>
      grad.mul((end as Tensor).sub(input as Tensor)),
    ),
  },
})

interface LerpOptions {
  end: Tensor
  weight: Value
}

/** The parameters of {@link lerp}, by position or by name. */
export type LerpArguments = Arguments<LerpOptions, ['end', 'weight']>

function readLerp(op: string, input: Tensor, given: readonly unknown[]): [Tensor, Value] {
  requireTensor(op, 'input', input)
  const [end, given1] = parameters<[Tensor, Value]>(op, ['end', 'weight'])(given)
  requireTensor(op, 'end', end)
  const weight = operandOf(op, 'weight', given1)
  requireFloating(op, { input, end })
  // A weight without axes counts as a number.
  const single =
    !(weight instanceof Tensor) || (weight._shape.length === 0 && isFloatingCode(weight._dtype))
  const wrong =
    end._dtype !== input._dtype ? end : single || weight._dtype === input._dtype ? null : weight
  if (wrong === null) return [end, weight]
  throw new DTypeError(
    op,
    { input, end, weight },
    `${wrong === end ? 'end' : 'weight'} must be of the input's dtype ${input.dtype}, not ${wrong.dtype}`,
    `convert it with .to('${input.dtype}')`,
  )
}

/**
 * input + weight · (end - input): from `input` at weight 0 to `end` at weight 1, both exact.
 *
 * Shapes: all three broadcast. Dtype: floating, one dtype of all tensors; a weight without axes may
 * have another one.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.lerp
 */
export function lerp(input: Tensor, ...given: LerpArguments): Tensor {
  const [end, weight] = readLerp('lerp', input, given)
  return ternary(lerpOp, { input, end, weight })
}

export interface ValueOptions {
  /** Factor of the product or quotient. Default 1. */
  value?: number
}

/** {@link ValueOptions} with the tensors. */
export interface TensorValueOptions extends ValueOptions {
  tensor1: Tensor
  tensor2: Tensor
}

/** The parameters of {@link addcmul} and {@link addcdiv}, by position or by name. */
export type ValueArguments = Arguments<TensorValueOptions, ['tensor1', 'tensor2', 'value']>

interface ValueParams {
  value: number
}

function readValue(
  op: string,
  input: Tensor,
  given: readonly unknown[],
): { tensor1: Tensor; tensor2: Tensor; value: number } {
  requireTensor(op, 'input', input)
  const read = parameters<[Tensor, Tensor, number]>(op, ['tensor1', 'tensor2', 'value'])
  const [tensor1, tensor2, value = 1] = read(given)
  requireTensor(op, 'tensor1', tensor1)
  requireTensor(op, 'tensor2', tensor2)
  if (typeof value !== 'number') {
    throw new ValueError(op, [], `value must be a number, not ${show(value)}`, '{ value: 2 }')
  }
  requireHeld(op, resultType([input, tensor1, tensor2]), [value])
  return { tensor1, tensor2, value }
}

const addcmulOp = defineOp<'input' | 'tensor1' | 'tensor2', ValueParams>(
  'addcmul',
  ['input', 'tensor1', 'tensor2'],
  {
    derivative: {
      input: (grad) => grad,
      tensor1: needs(['tensor2'], (grad, { tensor2 }, { params }) =>
        grad.mul((tensor2 as Tensor).mul(params.value)),
      ),
      tensor2: needs(['tensor1'], (grad, { tensor1 }, { params }) =>
        grad.mul((tensor1 as Tensor).mul(params.value)),
      ),
    },
  },
)

function refuseBools(op: string, input: Tensor, tensor1: Tensor, tensor2: Tensor): void {
  if (tensor2._dtype === BOOL) refuseBool(op, input, tensor1)
}

/**
 * input + value · tensor1 · tensor2, elementwise.
 *
 * Shapes: all three broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @see torch.addcmul
 */
export function addcmul(input: Tensor, ...given: ValueArguments): Tensor {
  const { tensor1, tensor2, value } = readValue('addcmul', input, given)
  refuseBools('addcmul', input, tensor1, tensor2)
  return ternary(addcmulOp, { input, tensor1, tensor2 }, [value], { value })
}

const addcdivOp = defineOp<'input' | 'tensor1' | 'tensor2', ValueParams>(
  'addcdiv',
  ['input', 'tensor1', 'tensor2'],
  {
    derivative: {
      input: (grad) => grad,
      tensor1: needs(['tensor2'], (grad, { tensor2 }, { params }) =>
        grad.mul(params.value).div(tensor2 as Tensor),
      ),
      tensor2: needs(['tensor1', 'tensor2'], (grad, { tensor1, tensor2 }, { params }) =>
        grad.mul((tensor1 as Tensor).mul(-params.value).div((tensor2 as Tensor).square())),
      ),
    },
  },
)

/**
 * input + value · tensor1 / tensor2, elementwise.
 *
 * Shapes: all three broadcast. Dtype: their common dtype; tensor1 or tensor2 must be floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.addcdiv
 */
export function addcdiv(input: Tensor, ...given: ValueArguments): Tensor {
  const { tensor1, tensor2, value } = readValue('addcdiv', input, given)
  requireFloating('addcdiv', { tensor1, tensor2 })
  return ternary(addcdivOp, { input, tensor1, tensor2 }, [value], { value })
}

export interface TernaryMethods {
  /** This tensor where the condition is true, `other` elsewhere. See {@link where}. */
  where(...given: Arguments<{ condition: Tensor; other: Value }, ['condition', 'other']>): Tensor
  /** See {@link lerp}. */
  lerp(...given: LerpArguments): Tensor
  /** {@link lerp}, writing into this tensor. */
  lerp_(...given: LerpArguments): Tensor
  /** See {@link addcmul}. */
  addcmul(...given: ValueArguments): Tensor
  /** {@link addcmul}, writing into this tensor. */
  addcmul_(...given: ValueArguments): Tensor
  /** See {@link addcdiv}. */
  addcdiv(...given: ValueArguments): Tensor
  /** {@link addcdiv}, writing into this tensor. */
  addcdiv_(...given: ValueArguments): Tensor
}

const readChoice = parameters<[Tensor, Value]>('where', ['condition', 'other'])

export const ternaryMethods: MethodTable<TernaryMethods> = {
  where: (self, ...given) => {
    const [condition, other] = readChoice(given)
    requireTensor('where', 'condition', condition)
    return where(condition, self, other as Value)
  },
  lerp,
  lerp_: (self, ...given) => inPlace(lerpOp, self, readLerp('lerp_', self, given), 'same'),
  addcmul,
  addcmul_: (self, ...given) => {
    const { tensor1, tensor2, value } = readValue('addcmul_', self, given)
    refuseBools('addcmul_', self, tensor1, tensor2)
    return inPlace(addcmulOp, self, [tensor1, tensor2], 'same', [value], { value })
  },
  addcdiv,
  addcdiv_: (self, ...given) => {
    const { tensor1, tensor2, value } = readValue('addcdiv_', self, given)
    requireFloating('addcdiv_', { tensor1, tensor2 })
    return inPlace(addcdivOp, self, [tensor1, tensor2], 'same', [value], { value })
  },
}
