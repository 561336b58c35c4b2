/** Powers, and the parts of floating numbers: mantissa and exponent. */
import { isNamed } from '../arguments.ts'
import { zerosLike } from '../creation.ts'
import { FLOAT64, INT32, INT64, isFloatingCode } from '../dtype.ts'
import type { Named, Operand, Value } from '../elementwise.ts'
import { binary, inPlace, operandOf, requireTensor, resultType, unary } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, needs } from '../op.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { mul } from './binary.ts'
import { discreteUnary, refuseBool, requireFloating, requireHeld } from './rules.ts'
import { where } from './ternary.ts'
import { exp2 } from './transcendental.ts'

const powOp = defineOp('pow', ['input', 'exponent'], {
  derivative: {
    // e · x^(e-1); 0 where e is 0, also at x = 0
    input: needs(['input', 'exponent'], (grad, { input, exponent }) => {
      const x = input as Operand
      const e = exponent as Operand
      if (typeof e === 'number') return e === 0 ? zerosLike(grad) : grad.mul(pow(x, e - 1).mul(e))
      return where(e.eq(0), 0, grad.mul(e.mul(pow(x, e.sub(1)))))
    }),
    // x^e · log(x); 0 where x is 0 and e ≥ 0
    exponent: needs(['input', 'exponent', 'out'], (grad, { input, exponent, out }) => {
      const x = input as Operand
      const y = out as Tensor
      const positive = (exponent as Tensor).ge(0)
      if (typeof x === 'number') {
        const slope = grad.mul(y.mul(Math.log(x)))
        return x === 0 ? where(positive, 0, slope) : slope
      }
      return grad.mul(where(x.eq(0).logicalAnd(positive), 0, y.mul(x.log())))
    }),
  },
})

/** The exponent, checked. */
function checkPow(op: string, input: Value, given: Named<'exponent'>): Value {
  const exponent = isNamed(given) ? operandOf(op, 'exponent', given) : given
  refuseBool(op, input, exponent)
  if (typeof exponent !== 'number' || !(input instanceof Tensor)) return exponent
  if (input._dtype > INT64) requireHeld(op, resultType([input, exponent]), [exponent])
  if (exponent < 0 && !isFloatingCode(resultType([input, exponent]))) {
    throw new ValueError(
      op,
      { input, exponent },
      `integers cannot be raised to the negative power ${exponent}`,
      "convert the input with .to('float32')",
    )
  }
  return exponent
}

/**
 * Power: input to the power of `exponent`, elementwise. Negative floats to a power that is not whole
 * give NaN. In a tensor, negative exponents of integers give 0 (of 1 and -1 the exact result).
 *
 * Shapes: input and exponent broadcast. Dtype: their common dtype; integers wrap.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for bool to bool.
 * @throws {ValueError} for integers to a negative number.
 * @see torch.pow
 */
export function pow(input: Value, exponent: Named<'exponent'>): Tensor {
  return binary(powOp, input, checkPow('pow', input, exponent), 'same')
}

/**
 * {@link pow} in float64, whatever the dtypes.
 *
 * Shapes: input and exponent broadcast. Dtype: float64.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.float_power
 */
export function floatPower(input: Value, exponent: Named<'exponent'>): Tensor {
  const power = operandOf('floatPower', 'exponent', exponent)
  return binary(powOp, wide('input', input), wide('exponent', power), 'float')
}

function wide(name: string, value: Value): Operand {
  const operand = operandOf('floatPower', name, value)
  return operand instanceof Tensor ? castCode(operand, FLOAT64) : Number(operand)
}

/**
 * input · 2^other, elementwise: the inverse of {@link frexp}.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers become the default floating
 * dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.ldexp
 */
export function ldexp(input: Tensor, other: Tensor | { other: Tensor }): Tensor {
  requireTensor('ldexp', 'input', input)
  const exponent = operandOf('ldexp', 'other', other)
  const product = mul(input, powerOfTwo('ldexp', exponent))
  // Whole exponents make a power in the default dtype, which a narrower input does not take over.
  const common = resultType([input, exponent])
  return isFloatingCode(common) ? castCode(product, common) : product
}

function powerOfTwo(op: string, given: Value | { other: Tensor }): Tensor {
  const other = operandOf(op, 'other', given)
  requireTensor(op, 'other', other)
  return exp2(other)
}

/** {@link ldexp}, writing into the tensor. @see torch.ldexp_ */
export function ldexp_(input: Tensor, other: Tensor | { other: Tensor }): Tensor {
  requireTensor('ldexp_', 'input', input)
  return input.mul_(powerOfTwo('ldexp_', other))
}

const frexpExponentOp = defineOp('frexpExponent', ['input'], discreteUnary)

const frexpMantissaOp = defineOp('frexpMantissa', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }) =>
      grad.mul(
        unary(frexpExponentOp, input as Tensor, 'same')
          .neg()
          .exp2(),
      ),
    ),
  },
})

/**
 * Numbers taken apart: input = mantissa · 2^exponent with |mantissa| in [1/2, 1). Of 0, ±∞ and NaN
 * the mantissa is the number itself and the exponent 0.
 *
 * Shapes: input `[*]` -> both the same. Dtype: the mantissa's is the input's, the exponent's int32.
 *
 * @throws {DTypeError} unless the input is floating.
 * @see torch.frexp
 */
export function frexp(input: Tensor): NamedResult<['mantissa', 'exponent']> {
  requireTensor('frexp', 'input', input)
  requireFloating('frexp', { input })
  return namedResult(
    ['mantissa', 'exponent'],
    [unary(frexpMantissaOp, input, 'same'), castCode(unary(frexpExponentOp, input, 'same'), INT32)],
  )
}

export interface PowerMethods {
  /** See {@link pow}. */
  pow(exponent: Named<'exponent'>): Tensor
  /** {@link pow}, writing into this tensor. */
  pow_(exponent: Named<'exponent'>): Tensor
  /** See {@link floatPower}. */
  floatPower(exponent: Named<'exponent'>): Tensor<'float64'>
  /** {@link floatPower}, writing into this tensor, which must be of dtype float64. */
  floatPower_(exponent: Named<'exponent'>): Tensor<'float64'>
  /** See {@link ldexp}. */
  ldexp(other: Tensor | { other: Tensor }): Tensor
  /** {@link ldexp}, writing into this tensor. */
  ldexp_(other: Tensor | { other: Tensor }): Tensor
  /** See {@link frexp}. */
  frexp(): NamedResult<['mantissa', 'exponent']>
}

export const powerMethods: MethodTable<PowerMethods> = {
  pow,
  pow_: (self, exponent) => inPlace(powOp, self, [checkPow('pow_', self, exponent)], 'same'),
  floatPower,
  floatPower_: (self, exponent) => {
    requireTensor('floatPower_', 'input', self)
    if (self._dtype !== FLOAT64) {
      throw new DTypeError(
        'floatPower_',
        { input: self },
        `the result is float64 and cannot be written into ${self.dtype}`,
        "use floatPower, or convert the input with .to('float64')",
      )
    }
    const power = operandOf('floatPower_', 'exponent', exponent)
    return inPlace(powOp, self, [wide('exponent', power)], 'same')
  },
  ldexp,
  ldexp_,
  frexp,
}
