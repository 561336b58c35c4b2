/** The records of convolution and its gradients, and what runs them without checking. */
import { defineOp, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

export interface ConvParams {
  /** The kernels' numbers: stride, padding, dilation (height and width each), groups. */
  numbers: readonly number[]
}

const convOp = defineOp<'input' | 'weight' | 'bias', ConvParams>(
  'conv2d',
  ['input', 'weight', 'bias'],
  {
    derivative: {
      needs: ['input', 'weight'],
      formula: ([grad], { input, weight }, { params, shapes, needed }) => {
        if (!grad) return []
        const x = input as Tensor
        const w = weight as Tensor
        const dx = needed[0] ? inputGrad(grad, w, shapes[0] as Shape, params) : null
        if (needed[1] && needed[2]) return [dx, ...weightAndBiasGrad(grad, x, w._shape, params)]
        return [
          dx,
          needed[1] ? weightGrad(grad, x, w._shape, params) : null,
          needed[2] ? grad.sum([0, 2, 3]) : null,
        ]
      },
    },
  },
)

// The gradients are linear in each of their inputs, so that theirs are convolutions again.

const inputGradOp = defineOp<'grad' | 'weight', ConvParams>('conv2dInputGrad', ['grad', 'weight'], {
  derivative: {
    needs: ['grad', 'weight'],
    formula: ([second], { grad, weight }, { params, needed }) => {
      if (!second) return []
      const dy = grad as Tensor
      const w = weight as Tensor
      return [
        needed[0] ? convolve(second, w, null, dy._shape, params) : null,
        needed[1] ? weightGrad(dy, second, w._shape, params) : null,
      ]
    },
  },
})

const weightGradOp = defineOp<'grad' | 'input', ConvParams>('conv2dWeightGrad', ['grad', 'input'], {
  derivative: {
    needs: ['grad', 'input'],
    formula: ([second], { grad, input }, info) =>
      weightGradGradients(second ?? null, null, grad as Tensor, input as Tensor, info),
  },
})

// Outputs: the gradients of the weight and of the bias, in one pass over `grad`.
const weightAndBiasGradOp = defineOp<'grad' | 'input', ConvParams>(
  'conv2dWeightAndBiasGrad',
  ['grad', 'input'],
  {
    kernel: 'conv2dWeightGrad',
    outputs: 2,
    derivative: {
      needs: ['grad', 'input'],
      formula: ([second, secondBias], { grad, input }, info) =>
        weightGradGradients(
          second ?? null,
          secondBias ?? null,
          grad as Tensor,
          input as Tensor,
          info,
        ),
    },
  },
)

/** What gradients of the weight's and the bias's gradient give for `grad` and `input`. */
function weightGradGradients(
  second: Tensor | null,
  secondBias: Tensor | null,
  grad: Tensor,
  input: Tensor,
  { params, needed }: { params: ConvParams; needed: readonly boolean[] },
): (Tensor | null)[] {
  if (second === null) {
    const spread = secondBias?.reshape([1, -1, 1, 1]).expand(grad._shape) ?? null
    return [needed[0] ? spread : null, null]
  }
  return [
    needed[0] ? convolve(input, second, secondBias, grad._shape, params) : null,
    needed[1] ? inputGrad(grad, second, input._shape, params) : null,
  ]
}

/** Runs the convolution whose result has this shape. */
export function convolve(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  shape: Shape,
  params: ConvParams,
): Tensor {
  return run(convOp, [input, weight, bias], shape, input._dtype, params.numbers, params)
}

/** What the gradient of the result gives for an input of this shape. */
export function inputGrad(grad: Tensor, weight: Tensor, shape: Shape, params: ConvParams): Tensor {
  return run(inputGradOp, [grad, weight], shape, grad._dtype, params.numbers, params)
}

/** What it gives for a weight of this shape. */
export function weightGrad(grad: Tensor, input: Tensor, shape: Shape, params: ConvParams): Tensor {
  return run(weightGradOp, [grad, input], shape, grad._dtype, params.numbers, params)
}

/** What it gives for a weight of this shape and for the bias. */
export function weightAndBiasGrad(
  grad: Tensor,
  input: Tensor,
  shape: Shape,
  params: ConvParams,
): Tensor[] {
  const dtype = grad._dtype
  return runMany(
    weightAndBiasGradOp,
    [grad, input],
    [
      { shape, dtype },
      { shape: [shape[0] as number], dtype },
    ],
    params.numbers,
    params,
  )
}
