/** The records of pooling and its gradients, and what runs them without checking. */
import type { DTypeCode } from '../dtype.ts'
import { INT32, INT64, UINT8 } from '../dtype.ts'
import type { BackwardInfo } from '../op.ts'
import { defineOp, needs, recording, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

export interface PoolParams {
  /**
   * The kernels' numbers: size, stride and padding of the window (height and width each); then for
   * max its dilation, for avg whether padding counts and what to divide by (0: the count).
   */
  numbers: readonly number[]
}

// The second output says where in its window each value stood, as a small integer.
const maxOp = defineOp<'input', PoolParams>('maxPool2d', ['input'], {
  outputs: 2,
  derivative: { needs: ['out1'], formula: maxGradient },
})

// The same with positions in the input, as PyTorch counts them.
const maxWithIndicesOp = defineOp<'input', PoolParams>('maxPool2dWithIndices', ['input'], {
  kernel: 'maxPool2d',
  outputs: 2,
  derivative: { needs: ['out1'], formula: maxGradient },
})

function maxGradient(
  [grad]: readonly (Tensor | null)[],
  { out1 }: Record<string, Tensor>,
  { params, shapes }: BackwardInfo<PoolParams>,
): readonly (Tensor | null)[] {
  return grad ? [maximumGrad(grad, out1 as Tensor, shapes[0] as Shape, params)] : []
}

// Both are linear in the first input, and each other's gradient.
const maxGradOp = defineOp<'grad' | 'indices', PoolParams>('maxPool2dGrad', ['grad', 'indices'], {
  derivative: {
    grad: needs(['indices'], (second, { indices }, { params, shapes }) =>
      gather(second, indices as Tensor, shapes[0] as Shape, params),
    ),
    indices: 'non-differentiable',
  },
})

const gatherOp = defineOp<'input' | 'indices', PoolParams>(
  'maxPool2dGather',
  ['input', 'indices'],
  {
    derivative: {
      input: needs(['indices'], (grad, { indices }, { params, shapes }) =>
        maximumGrad(grad, indices as Tensor, shapes[0] as Shape, params),
      ),
      indices: 'non-differentiable',
    },
  },
)

const avgOp = defineOp<'input', PoolParams>('avgPool2d', ['input'], {
  derivative: {
    input: (grad, _saved, { params, shapes }) => averageGrad(grad, shapes[0] as Shape, params),
  },
})

const avgGradOp = defineOp<'grad', PoolParams>('avgPool2dGrad', ['grad'], {
  derivative: {
    grad: (second, _saved, { params, shapes }) => average(second, shapes[0] as Shape, params),
  },
})

function runMax(
  op: typeof maxOp,
  input: Tensor,
  shape: Shape,
  indices: DTypeCode,
  params: PoolParams,
): [Tensor, Tensor] {
  const specs = [
    { shape, dtype: input._dtype },
    { shape, dtype: indices },
  ]
  return runMany(op, [input], specs, params.numbers, params) as [Tensor, Tensor]
}

/** The largest values of the windows of a result of this shape. */
export function maximum(input: Tensor, shape: Shape, params: PoolParams): Tensor {
  if (!recording.enabled || !input._requiresGrad) {
    return run(maxOp, [input], shape, input._dtype, params.numbers, params)
  }
  const [height, width] = params.numbers as readonly [number, number]
  return runMax(maxOp, input, shape, height * width <= 256 ? UINT8 : INT32, params)[0]
}

/** The same, and the positions h · W + w that the values came from. */
export function maximumAndIndices(
  input: Tensor,
  shape: Shape,
  params: PoolParams,
): [values: Tensor, indices: Tensor] {
  return runMax(maxWithIndicesOp, input, shape, INT64, params)
}

/** Adds each element of `grad` to the place of an input of this shape that its index names. */
export function maximumGrad(
  grad: Tensor,
  indices: Tensor,
  shape: Shape,
  params: PoolParams,
): Tensor {
  return run(maxGradOp, [grad, indices], shape, grad._dtype, params.numbers, params)
}

/** The elements of `input` that the indices name. */
export function gather(input: Tensor, indices: Tensor, shape: Shape, params: PoolParams): Tensor {
  return run(gatherOp, [input, indices], shape, input._dtype, params.numbers, params)
}

/** The means of the windows of a result of this shape. */
export function average(input: Tensor, shape: Shape, params: PoolParams): Tensor {
  return run(avgOp, [input], shape, input._dtype, params.numbers, params)
}

/** Divides each element of `grad` among the places of an input of this shape that it averages. */
export function averageGrad(grad: Tensor, shape: Shape, params: PoolParams): Tensor {
  return run(avgGradOp, [grad], shape, grad._dtype, params.numbers, params)
}
