/** The gamma function's logarithm, its derivatives, and the incomplete gamma functions. */
import { isNamed, parameters } from '../arguments.ts'
import { arange } from '../creation.ts'
import { defaultFloatCode, isFloatingCode } from '../dtype.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, inPlaceUnary, operandOf, requireTensor, unary } from '../elementwise.ts'
import { inPlaceOf } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import type { Op } from '../op.ts'
import { defineOp, needs } from '../op.ts'
import { requireCount } from '../requirements.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { ofInput, requireFloating } from './rules.ts'

const lgammaOp = defineOp(
  'lgamma',
  ['input'],
  ofInput((grad, x) => grad.mul(x.digamma())),
)

/**
 * log |Γ(x)|; infinite at 0 and the negative whole numbers.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.lgamma
 */
export function lgamma(input: Tensor): Tensor {
  return unary(lgammaOp, input, 'float')
}

const digammaOp = defineOp(
  'digamma',
  ['input'],
  ofInput((grad, x) => grad.mul(polygamma(1, x))),
)

/**
 * The derivative of log Γ(x): -∞ at 0, NaN at the negative whole numbers.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.digamma
 */
export function digamma(input: Tensor): Tensor {
  return unary(digammaOp, input, 'float')
}

interface PolygammaParams {
  n: number
}

const polygammaOp = defineOp<'input', PolygammaParams>('polygamma', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }, { params }) =>
      grad.mul(polygamma(params.n + 1, input as Tensor)),
    ),
  },
})

/** The order of a derivative, by position or by name. */
type Order = number | { n: number }

function readOrder(op: string, given: unknown): number {
  const [n] = parameters<[number]>(op, ['n'])([given])
  requireCount(op, 'n', n)
  return n
}

/**
 * The n-th derivative of {@link digamma}.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @throws {ValueError} unless n is a whole number ≥ 0.
 * @see torch.polygamma
 */
export function polygamma(n: number, input: Tensor | { input: Tensor }): Tensor {
  const order = readOrder('polygamma', n)
  const x = isNamed(input) ? (operandOf('polygamma', 'input', input) as Tensor) : input
  return order === 0 ? digamma(x) : unary(polygammaOp, x, 'float', [order], { n: order })
}

function polygamma_(self: Tensor, given: Order): Tensor {
  const n = readOrder('polygamma_', given)
  return n === 0
    ? inPlace(digammaOp, self, [], 'float')
    : inPlace(polygammaOp, self, [], 'float', [n], { n })
}

/** The dimension, by position or by name. */
type Dimension = number | { p: number }

/**
 * The logarithm of the multivariate gamma function of dimension p:
 * p·(p - 1)/4 · log π + Σ log Γ(x - i/2) for i = 0, …, p - 1.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @throws {ValueError} unless p is a whole number ≥ 1.
 * @see torch.mvlgamma
 */
export function mvlgamma(input: Tensor, p: Dimension): Tensor {
  requireTensor('mvlgamma', 'input', input)
  const [dimension] = parameters<[number]>('mvlgamma', ['p'])([p])
  requireCount('mvlgamma', 'p', dimension, 1)
  const x = isFloatingCode(input._dtype) ? input : castCode(input, defaultFloatCode())
  const halves = arange(0, dimension, 1, { dtype: x.dtype, device: x.device }).mul(-0.5)
  const constant = ((dimension * (dimension - 1)) / 4) * Math.log(Math.PI)
  return lgamma(x.unsqueeze(-1).add(halves)).sum(-1).add(constant)
}

const zetaOp = defineOp('zeta', ['input', 'other'], {
  derivative: {
    input: 'non-differentiable',
    other: needs(['input', 'other'], (grad, { input, other }) => {
      const s = input as Operand
      const next = s instanceof Tensor ? s.add(1) : s + 1
      return grad.mul(zeta(next, other as Tensor).mul(s)).neg()
    }),
  },
})

/**
 * Hurwitz' zeta function: Σ (k + other)^-input over k = 0, 1, …. Infinite at input = 1 and where
 * `other` is 0 or a negative whole number; NaN for input < 1, and for other negative `other` unless
 * input is whole. Differentiable by `other`.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers and bool become the default
 * floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.special.zeta
 */
export function zeta(input: Value, other: Named<'other'>): Tensor {
  return binary(zetaOp, input, other, 'float')
}

/** x^(a-1)·e^-x/Γ(a): the density of which the incomplete gamma functions are integrals. */
function density(a: Tensor, x: Tensor): Tensor {
  return x.log().mul(a.sub(1)).sub(x).sub(a.lgamma()).exp()
}

const igammaOp = defineOp('igamma', ['input', 'other'], {
  derivative: {
    input: 'non-differentiable',
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(density(input as Tensor, other as Tensor)),
    ),
  },
})

const igammacOp = defineOp('igammac', ['input', 'other'], {
  derivative: {
    input: 'non-differentiable',
    other: needs(['input', 'other'], (grad, { input, other }) =>
      grad.mul(density(input as Tensor, other as Tensor)).neg(),
    ),
  },
})

type OtherTensor = Tensor | { other: Tensor }

/** The second tensor of the incomplete gamma functions. */
function checkTensors(op: string, input: Tensor, given: OtherTensor): Tensor {
  requireTensor(op, 'input', input)
  const other = operandOf(op, 'other', given)
  requireTensor(op, 'other', other)
  requireFloating(op, { input, other })
  return other
}

function incomplete(op: Op<null>, input: Tensor, given: OtherTensor): Tensor {
  return binary(op, input, checkTensors(op.name, input, given), 'same')
}

function incomplete_(op: Op<null>, self: Tensor, given: OtherTensor): Tensor {
  return inPlace(op, self, [checkTensors(`${op.name}_`, self, given)], 'same')
}

/**
 * The regularised lower incomplete gamma function: the integral of t^(input-1)·e^-t/Γ(input) from 0
 * to `other`. NaN where either is negative or both are 0. Differentiable by `other`.
 *
 * Shapes: input and other broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.igamma
 */
export function igamma(input: Tensor, other: OtherTensor): Tensor {
  return incomplete(igammaOp, input, other)
}

/**
 * The regularised upper incomplete gamma function: 1 - {@link igamma}, precise where that is
 * almost 1. Differentiable by `other`.
 *
 * Shapes: input and other broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.igammac
 */
export function igammac(input: Tensor, other: OtherTensor): Tensor {
  return incomplete(igammacOp, input, other)
}

export interface GammaMethods {
  /** See {@link lgamma}. */
  lgamma(): Tensor
  /** {@link lgamma}, writing into this tensor. */
  lgamma_(): Tensor
  /** See {@link digamma}. */
  digamma(): Tensor
  /** {@link digamma}, writing into this tensor. */
  digamma_(): Tensor
  /** See {@link polygamma}. */
  polygamma(n: Order): Tensor
  /** {@link polygamma}, writing into this tensor. */
  polygamma_(n: Order): Tensor
  /** See {@link mvlgamma}. */
  mvlgamma(p: Dimension): Tensor
  /** {@link mvlgamma}, writing into this tensor. */
  mvlgamma_(p: Dimension): Tensor
  /** See {@link igamma}. */
  igamma(other: OtherTensor): Tensor
  /** {@link igamma}, writing into this tensor. */
  igamma_(other: OtherTensor): Tensor
  /** See {@link igammac}. */
  igammac(other: OtherTensor): Tensor
  /** {@link igammac}, writing into this tensor. */
  igammac_(other: OtherTensor): Tensor
}

export const gammaMethods: MethodTable<GammaMethods> = {
  lgamma,
  lgamma_: inPlaceUnary(lgammaOp, 'float'),
  digamma,
  digamma_: inPlaceUnary(digammaOp, 'float'),
  polygamma: (self, n) => polygamma(readOrder('polygamma', n), self),
  polygamma_,
  mvlgamma,
  mvlgamma_: inPlaceOf('mvlgamma_', mvlgamma),
  igamma,
  igamma_: (self, other) => incomplete_(igammaOp, self, other),
  igammac,
  igammac_: (self, other) => incomplete_(igammacOp, self, other),
}
