/**
 * Derivatives of activations that one pass computes better than a chain of other operations. Each is
 * an operation with derivatives of its own, so that gradients of gradients work. Not public.
 */
import { binary } from '../elementwise.ts'
import { defineOp, needs } from '../op.ts'
import type { Tensor } from '../tensor.ts'

const reluGradOp = defineOp('reluGrad', ['grad', 'output'], {
  derivative: {
    grad: needs(['output'], (grad, { output }) => reluGrad(grad, output as Tensor)),
    output: 'non-differentiable',
  },
})

/** grad where relu's output is positive, else 0. */
export function reluGrad(grad: Tensor, output: Tensor): Tensor {
  return binary(reluGradOp, grad, output, 'same')
}

const tanhGradOp = defineOp('tanhGrad', ['grad', 'output'], {
  derivative: {
    grad: needs(['output'], (grad, { output }) => tanhGrad(grad, output as Tensor)),
    output: needs(['grad', 'output'], (upper, { grad, output }) =>
      upper.mul((grad as Tensor).mul((output as Tensor).mul(-2))),
    ),
  },
})

/** grad · (1 - y²) for y = tanh(x). */
export function tanhGrad(grad: Tensor, output: Tensor): Tensor {
  return binary(tanhGradOp, grad, output, 'same')
}

const sigmoidGradOp = defineOp('sigmoidGrad', ['grad', 'output'], {
  derivative: {
    grad: needs(['output'], (grad, { output }) => sigmoidGrad(grad, output as Tensor)),
    output: needs(['grad', 'output'], (upper, { grad, output }) =>
      upper.mul((grad as Tensor).mul(oneMinus((output as Tensor).mul(2)))),
    ),
  },
})

/** grad · y · (1 - y) for y = sigmoid(x). */
export function sigmoidGrad(grad: Tensor, output: Tensor): Tensor {
  return binary(sigmoidGradOp, grad, output, 'same')
}

function oneMinus(x: Tensor): Tensor {
  return x.neg().add(1)
}

/** The rule for the input of f' in grad · f'(x): f'' as a function of x. */
function bySecond(second: (x: Tensor) => Tensor): ReturnType<typeof needs<null>> {
  return needs(['grad', 'input'], (upper, { grad, input }) =>
    upper.mul((grad as Tensor).mul(second(input as Tensor))),
  )
}

const geluGradOp = defineOp('geluGrad', ['grad', 'input'], {
  derivative: {
    grad: needs(['input'], (grad, { input }) => geluGrad(grad, input as Tensor)),
    // φ(x) · (2 - x²)
    input: bySecond((x) => {
      const square = x.square()
      const density = square
        .mul(-0.5)
        .exp()
        .mul(1 / Math.sqrt(2 * Math.PI))
      return density.mul(square.neg().add(2))
    }),
  },
})

/** grad · (Φ(x) + x · φ(x)), Φ and φ the standard normal's distribution and density. */
export function geluGrad(grad: Tensor, input: Tensor): Tensor {
  return binary(geluGradOp, grad, input, 'same')
}

const CUBIC = 0.044715

const geluTanhGradOp = defineOp('geluTanhGrad', ['grad', 'input'], {
  derivative: {
    grad: needs(['input'], (grad, { input }) => geluTanhGrad(grad, input as Tensor)),
    // x · s(u) with s = sigmoid, u = k · (x + c · x³): s' · (2u' + x · ((1 - 2s) · u'² + u''))
    input: bySecond((x) => {
      const k = 2 * Math.sqrt(2 / Math.PI)
      const square = x.square()
      const u = x.mul(square.mul(CUBIC).add(1)).mul(k)
      const u1 = square.mul(3 * CUBIC * k).add(k)
      const u2 = x.mul(6 * CUBIC * k)
      const s = u.sigmoid()
      const curve = oneMinus(s.mul(2)).mul(u1.square()).add(u2)
      return s.mul(oneMinus(s)).mul(u1.mul(2).add(x.mul(curve)))
    }),
  },
})

/** grad times the derivative of gelu's tanh approximation. */
export function geluTanhGrad(grad: Tensor, input: Tensor): Tensor {
  return binary(geluTanhGradOp, grad, input, 'same')
}

const siluGradOp = defineOp('siluGrad', ['grad', 'input'], {
  derivative: {
    grad: needs(['input'], (grad, { input }) => siluGrad(grad, input as Tensor)),
    // s' · (2 + x · (1 - 2s)) with s = sigmoid(x)
    input: bySecond((x) => {
      const s = x.sigmoid()
      return s.mul(oneMinus(s)).mul(x.mul(oneMinus(s.mul(2))).add(2))
    }),
  },
})

/** grad · s · (1 + x · (1 - s)) for s = sigmoid(x). */
export function siluGrad(grad: Tensor, input: Tensor): Tensor {
  return binary(siluGradOp, grad, input, 'same')
}

/** Numbers of softplus. */
export interface SoftplusParams {
  beta: number
  threshold: number
}

const softplusGradOp = defineOp<'grad' | 'input', SoftplusParams>(
  'softplusGrad',
  ['grad', 'input'],
  {
    derivative: {
      grad: needs(['input'], (grad, { input }, { params }) =>
        softplusGrad(grad, input as Tensor, params),
      ),
      // β · s · (1 - s) with s = sigmoid(βx), and 0 past the threshold
      input: needs(['grad', 'input'], (upper, { grad, input }, { params }) => {
        const z = (input as Tensor).mul(params.beta)
        const s = z.sigmoid()
        const curve = s.mul(oneMinus(s)).mul(params.beta)
        return upper.mul((grad as Tensor).mul(curve.mul(z.le(params.threshold))))
      }),
    },
  },
)

/** grad · sigmoid(βx), and grad itself past the threshold. */
export function softplusGrad(grad: Tensor, input: Tensor, params: SoftplusParams): Tensor {
  return binary(softplusGradOp, grad, input, 'same', [params.beta, params.threshold], params)
}
