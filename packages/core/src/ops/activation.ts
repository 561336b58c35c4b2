/**
 * Smooth activation functions, and relu. tanh is in hyperbolic.ts, those with other bends in
 * thresholds.ts, softmax in a family of its own.
 */
import { parameters } from '../arguments.ts'
import { inPlace, inPlaceUnary, unary } from '../elementwise.ts'
import { ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs } from '../op.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import type { SoftplusParams } from './gradients.ts'
import {
  geluGrad,
  geluTanhGrad,
  reluGrad,
  sigmoidGrad,
  siluGrad,
  softplusGrad,
} from './gradients.ts'
import { ofInput, ofOutput, refuseBool } from './rules.ts'

const reluOp = defineOp(
  'relu',
  ['input'],
  ofOutput((grad, y) => reluGrad(grad, y)),
)

/**
 * max(x, 0). The gradient at 0 is 0.
 *
 * Shapes: input `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.relu
 */
export function relu(input: Tensor): Tensor {
  refuseBool('relu', input)
  return unary(reluOp, input, 'same')
}

/** {@link relu}, writing into the tensor. @see torch.relu_ */
export function relu_(input: Tensor): Tensor {
  refuseBool('relu_', input)
  return inPlace(reluOp, input, [], 'same')
}

const sigmoidOp = defineOp(
  'sigmoid',
  ['input'],
  ofOutput((grad, y) => sigmoidGrad(grad, y)),
)

/**
 * 1/(1 + e^-x).
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.sigmoid
 */
export function sigmoid(input: Tensor): Tensor {
  return unary(sigmoidOp, input, 'float')
}

/** {@link sigmoid}, writing into the tensor. @see torch.sigmoid_ */
export const sigmoid_: (input: Tensor) => Tensor = inPlaceUnary(sigmoidOp, 'float')

const geluOp = defineOp(
  'gelu',
  ['input'],
  ofInput((grad, x) => geluGrad(grad, x)),
)
const geluTanhOp = defineOp(
  'geluTanh',
  ['input'],
  ofInput((grad, x) => geluTanhGrad(grad, x)),
)

export interface GeluOptions {
  /** `'tanh'` for the approximation that GPT-2 uses. Default `'none'`. */
  approximate?: 'none' | 'tanh'
}

/**
 * x · Φ(x), Φ the standard normal's distribution function; or
 * x/2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³))).
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @throws {ValueError} for an approximation that does not exist.
 * @see Hendrycks, Gimpel 2016, https://arxiv.org/abs/1606.08415; torch.nn.functional.gelu
 */
export function gelu(input: Tensor, given?: GeluOptions['approximate'] | GeluOptions): Tensor {
  const [approximate = 'none'] = parameters<['none' | 'tanh']>('gelu', ['approximate'])([given])
  if (approximate !== 'none' && approximate !== 'tanh') {
    throw new ValueError(
      'gelu',
      { input },
      `approximate is 'none' or 'tanh', not ${show(approximate)}`,
      "gelu(x, { approximate: 'tanh' })",
    )
  }
  return unary(approximate === 'tanh' ? geluTanhOp : geluOp, input, 'float')
}

const siluOp = defineOp(
  'silu',
  ['input'],
  ofInput((grad, x) => siluGrad(grad, x)),
)

/**
 * x · sigmoid(x), also called swish.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @see torch.nn.functional.silu
 */
export function silu(input: Tensor): Tensor {
  return unary(siluOp, input, 'float')
}

const softplusOp = defineOp<'input', SoftplusParams>('softplus', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }, { params }) =>
      softplusGrad(grad, input as Tensor, params),
    ),
  },
})

export interface SoftplusOptions {
  /** Sharpness of the bend; not 0. Default 1. */
  beta?: number
  /** Where beta · x exceeds it, the result is x. Default 20. */
  threshold?: number
}

/**
 * log(1 + e^(βx))/β, a smooth relu.
 *
 * Shapes: input `[*]` -> same. Dtype: floating kept, others become the default floating dtype.
 *
 * @throws {ValueError} if beta is 0 or a number is not finite.
 * @see torch.nn.functional.softplus
 */
export function softplus(
  input: Tensor,
  ...given: [beta?: number | SoftplusOptions, threshold?: number | { threshold?: number }]
): Tensor {
  const read = parameters<[number, number]>('softplus', ['beta', 'threshold'])
  const [beta = 1, threshold = 20] = read(given)
  if (!Number.isFinite(beta) || beta === 0 || !Number.isFinite(threshold)) {
    throw new ValueError(
      'softplus',
      { input },
      `beta (${show(beta)}) and threshold (${show(threshold)}) must be finite, and beta not 0`,
      'leave them out for 1 and 20',
    )
  }
  return unary(softplusOp, input, 'float', [beta, threshold], { beta, threshold })
}

export interface ActivationMethods {
  /** See {@link relu}. */
  relu(): Tensor
  /** {@link relu}, writing into this tensor. */
  relu_(): Tensor
  /** See {@link sigmoid}. */
  sigmoid(): Tensor
  /** {@link sigmoid}, writing into this tensor. */
  sigmoid_(): Tensor
}

export const activationMethods: MethodTable<ActivationMethods> = {
  relu,
  relu_,
  sigmoid,
  sigmoid_,
}
