/** Operations that are a logarithm and little more. */
import { parameters } from '../arguments.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, operandOf, requireTensor, unary } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { Op } from '../op.ts'
import { defineOp, needs } from '../op.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { ofInput, requireFloating } from './rules.ts'
import { where } from './ternary.ts'

export interface LogitOptions {
  /** Keeps x between eps and 1 - eps. Default null: x is taken as it is. */
  eps?: number | null
}

/** The bound of {@link logit}, by position or by name. */
export type LogitBound = number | null | LogitOptions

interface LogitParams {
  /** Negative for none. */
  eps: number
}

const logitOp = defineOp<'input', LogitParams>('logit', ['input'], {
  derivative: {
    // 1/(x·(1 - x)) between the bounds; outside 0, or NaN where there are none
    input: needs(['input'], (grad, { input }, { params: { eps } }) => {
      const x = input as Tensor
      const low = Math.max(eps, 0)
      const inside = x.ge(low).logicalAnd(x.le(1 - low))
      return where(inside, grad.div(x.mul(x.neg().add(1))), eps < 0 ? Number.NaN : 0)
    }),
  },
})

function readBound(op: string, given: unknown): number {
  const [eps = null] = parameters<[number | null]>(op, ['eps'])([given])
  if (eps === null) return -1
  if (typeof eps === 'number') return eps
  throw new ValueError(op, [], `eps must be a number or null, not ${show(eps)}`, '{ eps: 1e-6 }')
}

/**
 * log(x/(1 - x)): the inverse of sigmoid. NaN outside of [0, 1], unless x is kept inside by `eps`.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.logit
 */
export function logit(input: Tensor, eps?: LogitBound): Tensor {
  const bound = readBound('logit', eps)
  return unary(logitOp, input, 'float', [bound], { eps: bound })
}

/** {@link logit}, writing into the tensor. @see torch.logit_ */
export function logit_(input: Tensor, eps?: LogitBound): Tensor {
  const bound = readBound('logit_', eps)
  return inPlace(logitOp, input, [], 'float', [bound], { eps: bound })
}

/** grad · log(y), where x · log(y) is not 0 by rule. */
function factorGradient(
  grad: Tensor,
  x: Tensor,
  y: Operand,
  by: { log: (y: Tensor) => Tensor; logOf: (y: number) => number; pole: number },
): Tensor {
  const zero = x.eq(0)
  if (typeof y === 'number') {
    return y > by.pole ? grad.mul(by.logOf(y)) : where(zero, 0, grad.mul(by.logOf(y)))
  }
  return where(zero.logicalAnd(y.le(by.pole)), 0, grad.mul(by.log(y)))
}

const xlogyOp = defineOp('xlogy', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      factorGradient(grad, input as Tensor, other as Operand, {
        log: (y) => y.log(),
        logOf: Math.log,
        pole: 0,
      }),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(input as Operand).div(other as Operand),
    ),
  },
})

/**
 * input · log(other), and 0 where input is 0 and `other` not NaN.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers and bool become the default
 * floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.xlogy
 */
export function xlogy(input: Value, other: Named<'other'>): Tensor {
  return binary(xlogyOp, input, other, 'float')
}

/** {@link xlogy}, writing into the tensor. @see torch.xlogy_ */
export function xlogy_(input: Tensor, other: Named<'other'>): Tensor {
  return inPlace(xlogyOp, input, [other], 'float')
}

const xlog1pyOp = defineOp('xlog1py', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      factorGradient(grad, input as Tensor, other as Operand, {
        log: (y) => y.log1p(),
        logOf: Math.log1p,
        pole: -1,
      }),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) => {
      const y = other as Tensor
      return grad.mul(input as Operand).div(y.add(1))
    }),
  },
})

/**
 * input · log(1 + other), and 0 where input is 0 and `other` not NaN.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers and bool become the default
 * floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.special.xlog1py
 */
export function xlog1py(input: Value, other: Named<'other'>): Tensor {
  return binary(xlog1pyOp, input, other, 'float')
}

const entrOp = defineOp(
  'entr',
  ['input'],
  ofInput((grad, x) => grad.mul(x.log().add(1)).neg()),
)

/**
 * -x · log(x), an outcome's share of the entropy: 0 at 0, -∞ below.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.entr
 */
export function entr(input: Tensor): Tensor {
  return unary(entrOp, input, 'float')
}

const logaddexpOp = defineOp('logaddexp', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul((input as Tensor).sub(other as Tensor).sigmoid()),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul((other as Tensor).sub(input as Tensor).sigmoid()),
    ),
  },
})

const logaddexp2Op = defineOp('logaddexp2', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(
        (input as Tensor)
          .sub(other as Tensor)
          .mul(Math.LN2)
          .sigmoid(),
      ),
    ),
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(
        (other as Tensor)
          .sub(input as Tensor)
          .mul(Math.LN2)
          .sigmoid(),
      ),
    ),
  },
})

type OtherTensor = Tensor | { other: Tensor }

function addExponentials(op: Op<null>, input: Tensor, given: OtherTensor): Tensor {
  requireTensor(op.name, 'input', input)
  const other = operandOf(op.name, 'other', given)
  requireTensor(op.name, 'other', other)
  requireFloating(op.name, { input, other })
  return binary(op, input, other, 'same')
}

/**
 * log(e^input + e^other), without overflow on the way.
 *
 * Shapes: input and other broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.logaddexp
 */
export function logaddexp(input: Tensor, other: OtherTensor): Tensor {
  return addExponentials(logaddexpOp, input, other)
}

/**
 * log2(2^input + 2^other), without overflow on the way.
 *
 * Shapes: input and other broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.logaddexp2
 */
export function logaddexp2(input: Tensor, other: OtherTensor): Tensor {
  return addExponentials(logaddexp2Op, input, other)
}

export interface LogarithmicMethods {
  /** See {@link logit}. */
  logit(eps?: LogitBound): Tensor
  /** {@link logit}, writing into this tensor. */
  logit_(eps?: LogitBound): Tensor
  /** See {@link xlogy}. */
  xlogy(other: Named<'other'>): Tensor
  /** {@link xlogy}, writing into this tensor. */
  xlogy_(other: Named<'other'>): Tensor
  /** See {@link logaddexp}. */
  logaddexp(other: OtherTensor): Tensor
  /** See {@link logaddexp2}. */
  logaddexp2(other: OtherTensor): Tensor
}

export const logarithmicMethods: MethodTable<LogarithmicMethods> = {
  logit,
  logit_,
  xlogy,
  xlogy_,
  logaddexp,
  logaddexp2,
}
