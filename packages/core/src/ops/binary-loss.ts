/** Cross-entropy of yes-or-no questions. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import { defineOp, needs, run } from '../op.ts'
import { broadcastShapes, sameShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { softplus } from './activation.ts'
import type { AnyReduction, LossReduction } from './loss-rule.ts'
import { reduceLoss, reductionOf, REDUCTIONS } from './loss-rule.ts'

interface LogitsParams {
  reduction: LossReduction
}

// The common case in one pass: no weights, and a target like the input.
const logitsLossOp = defineOp<'input' | 'target', LogitsParams>('logitsLoss', ['input', 'target'], {
  kernel: 'logits_loss',
  derivative: {
    input: needs(['input', 'target'], (grad, { input, target }, { params }) =>
      logitsLossGrad(grad, input as Tensor, target as Tensor, params),
    ),
    target: needs(['input'], (grad, { input }, { params }) =>
      grad.mul(input as Tensor).mul(-share(input as Tensor, params)),
    ),
  },
})

const logitsLossGradOp = defineOp<'grad' | 'input' | 'target', LogitsParams>(
  'logitsLossGrad',
  ['grad', 'input', 'target'],
  {
    kernel: 'logits_loss_grad',
    derivative: {
      grad: needs(['input', 'target'], (v, { input, target }, { params }) =>
        v.mul((input as Tensor).sigmoid().sub(target as Tensor)).mul(share(v, params)),
      ),
      input: needs(['grad', 'input'], (v, { grad, input }, { params }) => {
        const p = (input as Tensor).sigmoid()
        const slope = p.mul(p.neg().add(1))
        return v
          .mul(grad as Tensor)
          .mul(slope)
          .mul(share(v, params))
      }),
      target: needs(['grad'], (v, { grad }, { params }) =>
        v.mul(grad as Tensor).mul(-share(v, params)),
      ),
    },
  },
)

/** The share of an element in the loss. */
function share(x: Tensor, { reduction }: LogitsParams): number {
  return reduction === 'mean' ? 1 / x.numel() : 1
}

function logitsLossGrad(grad: Tensor, input: Tensor, target: Tensor, params: LogitsParams): Tensor {
  const inputs = [grad, input, target]
  const numbers = [REDUCTIONS.indexOf(params.reduction)]
  return run(logitsLossGradOp, inputs, input._shape, input._dtype, numbers, params)
}

export interface BinaryCrossEntropyWithLogitsOptions {
  /** The probability of yes, in [0, 1]. */
  target: Tensor
  /** A factor for each element; broadcasts. Default null. */
  weight?: Tensor | null
  /** A factor for the part of yes; broadcasts. Default null. */
  posWeight?: Tensor | null
  /**
   * `'none'`, `'mean'` or `'sum'`, or PyTorch's 0, 1, 2. Default 'none', as torch's function
   * has it; nn.functional's has 'mean'.
   */
  reduction?: AnyReduction
}

const NAMES = ['target', 'weight', 'posWeight', 'reduction'] as const

const read = parameters<[Tensor, Tensor | null, Tensor | null, AnyReduction]>(
  'binaryCrossEntropyWithLogits',
  NAMES,
)

/**
 * Cross-entropy of a sigmoid: -(posWeight · target · log σ(input) + (1 - target) · log(1 - σ(input))),
 * from the scores, so that nothing overflows.
 *
 * The order of the arguments is that of torch.binary_cross_entropy_with_logits.
 *
 * Shapes: all broadcast to input's `[*]` -> `[*]`, or `[]` with another reduction.
 * Dtype: input floating.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if input is not floating.
 * @throws {ValueError} for another reduction.
 * @see torch.binary_cross_entropy_with_logits
 *
 * @example
 * ```ts
 * import { binaryCrossEntropyWithLogits, tensor } from '@flambeau/core'
 * console.log(binaryCrossEntropyWithLogits(tensor([0, 2.5]), tensor([1, 0.5]))) // tensor([0.6931, 1.3289])
 * ```
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  ...given: Arguments<BinaryCrossEntropyWithLogitsOptions, typeof NAMES>
): Tensor {
  if (autocasting.on)
    return inAutocast('binaryCrossEntropyWithLogits', binaryCrossEntropyWithLogits, [
      input,
      ...given,
    ])
  const op = 'binaryCrossEntropyWithLogits'
  const [wanted, weight = null, posWeight = null, reduction = 'none'] = read(given)
  const target = wanted as Tensor
  for (const [name, value] of Object.entries({ input, target })) requireTensor(op, name, value)
  if (weight !== null) requireTensor(op, 'weight', weight)
  if (posWeight !== null) requireTensor(op, 'posWeight', posWeight)
  const kind = reductionOf(op, reduction)
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(op, { input, target }, 'input must be floating', "input.to('float32')")
  }
  broadcastShapes(op, input._shape, target._shape, { input, target })
  const alike = target._dtype === input._dtype && sameShape(target._shape, input._shape)
  if (weight === null && posWeight === null && alike) {
    const shape = kind === 'none' ? input._shape : []
    const numbers = [REDUCTIONS.indexOf(kind)]
    return run(logitsLossOp, [input, target], shape, input._dtype, numbers, { reduction: kind })
  }
  // -log σ(x) = softplus(-x), and -log(1 - σ(x)) = x + softplus(-x)
  let positive = softplus(input.neg())
  if (posWeight !== null) positive = positive.mul(posWeight.sub(1).mul(target).add(1))
  let loss = target.neg().add(1).mul(input).add(positive)
  if (weight !== null) loss = loss.mul(weight)
  return reduceLoss(loss, kind)
}
