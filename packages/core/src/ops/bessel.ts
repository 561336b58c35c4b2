/** Modified Bessel functions of the first kind. */
import { inPlaceUnary, unary } from '../elementwise.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { ofInput } from './rules.ts'
import { where } from './ternary.ts'

/** y/x for an odd function y of x with slope 1/2 at 0. */
function ratio(y: Tensor, x: Tensor): Tensor {
  const zero = x.eq(0)
  return where(zero, 0.5, y.div(where(zero, 1, x)))
}

const i0Op = defineOp(
  'i0',
  ['input'],
  ofInput((grad, x) => grad.mul(i1(x))),
)

/**
 * The modified Bessel function of order 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.i0
 */
export function i0(input: Tensor): Tensor {
  return unary(i0Op, input, 'float')
}

/** {@link i0}, writing into the tensor. @see torch.i0_ */
export const i0_: (input: Tensor) => Tensor = inPlaceUnary(i0Op, 'float')

const i0eOp = defineOp('i0e', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) => {
      const x = input as Tensor
      return grad.mul(i1e(x).sub(x.sign().mul(out as Tensor)))
    }),
  },
})

/**
 * e^-|x| times the modified Bessel function of order 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.i0e
 */
export function i0e(input: Tensor): Tensor {
  return unary(i0eOp, input, 'float')
}

const i1Op = defineOp('i1', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) =>
      grad.mul(i0(input as Tensor).sub(ratio(out as Tensor, input as Tensor))),
    ),
  },
})

/**
 * The modified Bessel function of order 1.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.i1
 */
export function i1(input: Tensor): Tensor {
  return unary(i1Op, input, 'float')
}

const i1eOp = defineOp('i1e', ['input'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) => {
      const x = input as Tensor
      const y = out as Tensor
      return grad.mul(i0e(x).sub(ratio(y, x)).sub(x.sign().mul(y)))
    }),
  },
})

/**
 * e^-|x| times the modified Bessel function of order 1.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.special.i1e
 */
export function i1e(input: Tensor): Tensor {
  return unary(i1eOp, input, 'float')
}

export interface BesselMethods {
  /** See {@link i0}. */
  i0(): Tensor
  /** {@link i0}, writing into this tensor. */
  i0_(): Tensor
}

export const besselMethods: MethodTable<BesselMethods> = {
  i0,
  i0_,
}
