/** Selection and interpolation: operations on three operands. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import { BOOL, UINT8 } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { inPlace, requireOperand, requireTensor, resultType, uniform } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run } from '../op.ts'
import { sameShape } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { commonShape, refuseBool, requireFloating, ternary } from './rules.ts'

const whereOp = defineOp('where', ['condition', 'input', 'other'], {
  derivative: {
    condition: 'non-differentiable',
    input: needs(['condition'], (grad, { condition }) => where(condition as Tensor, grad, 0)),
    other: needs(['condition'], (grad, { condition }) => where(condition as Tensor, 0, grad)),
  },
})

/** What `where` chooses between: a tensor, or one value everywhere. */
export type Choice = Operand | boolean

const readWhere = parameters<[Choice, Choice]>('where', ['input', 'other'])

/** A boolean takes part in promotion as a bool tensor without axes. */
function choice(name: string, value: unknown): Operand {
  if (typeof value === 'boolean') return fullCode([], Number(value), BOOL)
  requireOperand('where', name, value)
  return value
}

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
export function where(condition: Tensor): Tensor[]
export function where(
  condition: Tensor,
  ...given: Arguments<{ input: Choice; other: Choice }, ['input', 'other']>
): Tensor
export function where(given: Tensor, ...choices: unknown[]): Tensor | Tensor[] {
  requireTensor('where', 'condition', given)
  const [first, second] = choices
  let input = first as Operand
  let other = second as Operand
  if (!(first instanceof Tensor && second instanceof Tensor)) {
    if (first === undefined && second === undefined) return given.nonzero({ asTuple: true })
    const read = readWhere(choices)
    input = choice('input', read[0])
    other = choice('other', read[1])
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
      return run(whereOp, [condition, input, other], like._shape, like._dtype)
    }
  }
  const dtype = resultType([input, other])
  const shape = commonShape('where', { condition, input, other })
  const cast = (x: Operand): Operand => (x instanceof Tensor ? castCode(x, dtype) : x)
  return run(whereOp, [condition, cast(input), cast(other)], shape, dtype)
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

/**
 * input + weight · (end - input): from `input` at weight 0 to `end` at weight 1, both exact.
 *
 * Shapes: all three broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.lerp
 */
export function lerp(input: Tensor, end: Tensor, weight: Operand): Tensor {
  requireTensor('lerp', 'input', input)
  requireTensor('lerp', 'end', end)
  requireFloating('lerp', { input, end })
  return ternary(lerpOp, { input, end, weight })
}

export interface ValueOptions {
  /** Factor of the product or quotient. Default 1. */
  value?: number
}

interface ValueParams {
  value: number
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

/**
 * input + value · tensor1 · tensor2, elementwise.
 *
 * Shapes: all three broadcast. Dtype: their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool.
 * @see torch.addcmul
 */
export function addcmul(
  input: Tensor,
  tensor1: Tensor,
  tensor2: Tensor,
  options?: ValueOptions,
): Tensor {
  checkTensors('addcmul', { input, tensor1, tensor2 })
  refuseBool('addcmul', input, tensor1, tensor2)
  const value = options?.value ?? 1
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
 * Shapes: all three broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.addcdiv
 */
export function addcdiv(
  input: Tensor,
  tensor1: Tensor,
  tensor2: Tensor,
  options?: ValueOptions,
): Tensor {
  checkTensors('addcdiv', { input, tensor1, tensor2 })
  requireFloating('addcdiv', { input, tensor1, tensor2 })
  const value = options?.value ?? 1
  return ternary(addcdivOp, { input, tensor1, tensor2 }, [value], { value })
}

function checkTensors(op: string, tensors: Record<string, Tensor>): void {
  for (const [name, tensor] of Object.entries(tensors)) requireTensor(op, name, tensor)
}

export interface TernaryMethods {
  /** This tensor where the condition is true, `other` elsewhere. See {@link where}. */
  where(...given: Arguments<{ condition: Tensor; other: Choice }, ['condition', 'other']>): Tensor
  /** See {@link lerp}. */
  lerp(end: Tensor, weight: Operand): Tensor
  /** {@link lerp}, writing into this tensor. */
  lerp_(end: Tensor, weight: Operand): Tensor
  /** See {@link addcmul}. */
  addcmul(tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor
  /** {@link addcmul}, writing into this tensor. */
  addcmul_(tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor
  /** See {@link addcdiv}. */
  addcdiv(tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor
  /** {@link addcdiv}, writing into this tensor. */
  addcdiv_(tensor1: Tensor, tensor2: Tensor, options?: ValueOptions): Tensor
}

const readChoice = parameters<[Tensor, Choice]>('where', ['condition', 'other'])

export const ternaryMethods: MethodTable<TernaryMethods> = {
  where: (self, ...given) => {
    const [condition, other] = readChoice(given)
    requireTensor('where', 'condition', condition)
    return where(condition, self, other as Choice)
  },
  lerp,
  lerp_: (self, end, weight) => {
    requireTensor('lerp_', 'end', end)
    requireFloating('lerp_', { input: self, end })
    return inPlace(lerpOp, self, [end, weight], 'same')
  },
  addcmul,
  addcmul_: (self, tensor1, tensor2, options) => {
    checkTensors('addcmul_', { tensor1, tensor2 })
    refuseBool('addcmul_', self, tensor1, tensor2)
    const value = options?.value ?? 1
    return inPlace(addcmulOp, self, [tensor1, tensor2], 'same', [value], { value })
  },
  addcdiv,
  addcdiv_: (self, tensor1, tensor2, options) => {
    checkTensors('addcdiv_', { tensor1, tensor2 })
    requireFloating('addcdiv_', { input: self, tensor1, tensor2 })
    const value = options?.value ?? 1
    return inPlace(addcdivOp, self, [tensor1, tensor2], 'same', [value], { value })
  },
}
