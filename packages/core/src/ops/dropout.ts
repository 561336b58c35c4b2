/** Dropout, with the random numbers that PyTorch's draws. */
import { UINT8 } from '../dtype.ts'
import { isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import { show } from '../show.ts'
import { generatorIndex } from '../generator.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { SamplingOptions } from '../random.ts'
import type { Tensor } from '../tensor.ts'

interface DropoutParams {
  p: number
}

// Outputs: the result, and a bit for each element that says whether it was kept.
const dropoutOp = defineOp<'input', DropoutParams>('dropout', ['input'], {
  outputs: 2,
  derivative: {
    needs: ['out1'],
    formula: ([grad], { out1 }, { params }) => [
      grad ? dropoutGrad(grad, out1 as Tensor, params) : null,
    ],
  },
})

const dropoutGradOp = defineOp<'grad' | 'bits', DropoutParams>('dropoutGrad', ['grad', 'bits'], {
  derivative: {
    grad: needs(['bits'], (grad, { bits }, { params }) =>
      dropoutGrad(grad, bits as Tensor, params),
    ),
    bits: 'non-differentiable',
  },
})

function dropoutGrad(grad: Tensor, bits: Tensor, params: DropoutParams): Tensor {
  return run(dropoutGradOp, [grad, bits], grad._shape, grad._dtype, [params.p], params)
}

/**
 * Zeroes each element with probability `p` and divides the others by 1 - p, so that the expected
 * value stays. Returns `input` itself where there is nothing to do: not `training`, or p = 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} if `p` is outside of [0, 1]. @throws {DTypeError} if input is not floating.
 * @see torch.nn.functional.dropout
 *
 * @example
 * ```ts
 * import { dropout, manualSeed, ones } from '@flambeau/core'
 * manualSeed(0)
 * console.log(dropout(ones([6]), 0.5)) // tensor([0., 0., 2., 0., 0., 0.])
 * ```
 */
export function dropout(
  input: Tensor,
  p = 0.5,
  training = true,
  options?: SamplingOptions,
): Tensor {
  requireTensor('dropout', 'input', input)
  if (typeof p !== 'number' || !(p >= 0 && p <= 1)) {
    throw new ValueError(
      'dropout',
      { input, p },
      `p must lie in [0, 1], not ${show(p)}`,
      'p is the share of elements to zero',
    )
  }
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(
      'dropout',
      { input },
      'elements must be floating',
      "convert: x.to('float32')",
    )
  }
  if (!training || p === 0 || input.numel() === 0) return input
  if (p === 1) return input.mul(0)
  const generator = generatorIndex('dropout', options?.generator)
  const bytes = Math.ceil(input.numel() / 8)
  const [output] = runMany(
    dropoutOp,
    [input],
    [
      { shape: input._shape, dtype: input._dtype },
      { shape: [bytes], dtype: UINT8 },
    ],
    [generator, p],
    { p },
  )
  return output as Tensor
}
