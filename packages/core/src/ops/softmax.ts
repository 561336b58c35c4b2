/** Softmax along an axis, and its logarithm. */
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { dtypeCode, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { oneAxis } from './reduce-axes.ts'

interface AxisParams {
  axis: number
}

export interface SoftmaxOptions {
  /** The axis along which the results add up to 1. */
  dim?: number
  /** Convert the input to this dtype first. Default: its own. */
  dtype?: DType | null
}

const NAMES: readonly string[] = ['dim', 'dtype']
const readSoftmax = parameters<[number, DType | null]>('softmax', NAMES)
const readLogSoftmax = parameters<[number, DType | null]>('logSoftmax', NAMES)

const softmaxOp = defineOp<'input', AxisParams>('softmax', ['input'], {
  derivative: {
    input: needs(['out'], (grad, { out }, { params }) =>
      softmaxGrad(grad, out as Tensor, params.axis),
    ),
  },
})

const softmaxGradOp = defineOp<'grad' | 'output', AxisParams>('softmaxGrad', ['grad', 'output'], {
  kernel: 'softmax_grad',
  derivative: {
    // y · (g - Σ g·y) is symmetric as a map of g.
    grad: needs(['output'], (v, { output }, { params }) =>
      softmaxGrad(v, output as Tensor, params.axis),
    ),
    output: needs(['grad', 'output'], (v, { grad, output }, { params: { axis } }) => {
      const g = grad as Tensor
      const y = output as Tensor
      return v.mul(g.sub(alongAxis(g.mul(y), axis))).sub(g.mul(alongAxis(v.mul(y), axis)))
    }),
  },
})

/** y · (grad - Σ grad · y) with y = softmax(x): the gradient of x. @internal */
export function softmaxGrad(grad: Tensor, y: Tensor, axis: number): Tensor {
  return run(softmaxGradOp, [grad, y], y._shape, y._dtype, [axis], { axis })
}

const logSoftmaxOp = defineOp<'input', AxisParams>('logSoftmax', ['input'], {
  kernel: 'log_softmax',
  derivative: {
    input: needs(['out'], (grad, { out }, { params }) =>
      logSoftmaxGrad(grad, out as Tensor, params.axis),
    ),
  },
})

const logSoftmaxGradOp = defineOp<'grad' | 'output', AxisParams>(
  'logSoftmaxGrad',
  ['grad', 'output'],
  {
    kernel: 'log_softmax_grad',
    derivative: {
      grad: needs(['output'], (v, { output }, { params: { axis } }) =>
        v.sub(alongAxis(v.mul((output as Tensor).exp()), axis)),
      ),
      output: needs(['grad', 'output'], (v, { grad, output }, { params: { axis } }) =>
        v
          .mul((output as Tensor).exp())
          .mul(alongAxis(grad as Tensor, axis))
          .neg(),
      ),
    },
  },
)

/** grad - exp(y) · Σ grad with y = logSoftmax(x): the gradient of x. */
function logSoftmaxGrad(grad: Tensor, y: Tensor, axis: number): Tensor {
  return run(logSoftmaxGradOp, [grad, y], y._shape, y._dtype, [axis], { axis })
}

/** The sum along an axis, which stays with size 1. */
function alongAxis(x: Tensor, axis: number): Tensor {
  return x.ndim === 0 ? x : x.sum(axis, { keepdim: true })
}

function prepare(op: string, input: Tensor, dtype: DType | null = null): Tensor {
  requireTensor(op, 'input', input)
  const x = dtype === null ? input : castCode(input, dtypeCode(dtype))
  if (isFloatingCode(x._dtype)) return x
  throw new DTypeError(
    op,
    { input: x },
    'is for floating dtypes',
    `convert: ${op}(x, dim, { dtype: 'float32' })`,
  )
}

/**
 * exp(x) divided by its sum along an axis; computed relative to the largest x, so that nothing
 * overflows. A row of -Infinity gives NaN.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, or converted by `options.dtype`.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} if input is not floating.
 * @see torch.softmax
 *
 * @example
 * ```ts
 * import { softmax, tensor } from '@flambeau/core'
 * console.log(softmax(tensor([0.5, 0.5, 0.5, 0.5]), 0)) // tensor([0.2500, 0.2500, 0.2500, 0.2500])
 * ```
 */
export function softmax(
  input: Tensor,
  dim: number | SoftmaxOptions,
  dtype?: DType | null | SoftmaxOptions,
): Tensor {
  const given = readSoftmax([dim, dtype])
  const x = prepare('softmax', input, given[1])
  const axis = oneAxis('softmax', x, given[0])
  return run(softmaxOp, [x], x._shape, x._dtype, [axis], { axis })
}

/**
 * x - log Σ exp(x) along an axis: the logarithm of {@link softmax}, without its loss of precision.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, or converted by `options.dtype`.
 *
 * @throws {IndexError} if there is no such axis. @throws {DTypeError} if input is not floating.
 * @see torch.log_softmax
 */
export function logSoftmax(
  input: Tensor,
  dim: number | SoftmaxOptions,
  dtype?: DType | null | SoftmaxOptions,
): Tensor {
  const given = readLogSoftmax([dim, dtype])
  const x = prepare('logSoftmax', input, given[1])
  const axis = oneAxis('logSoftmax', x, given[0])
  return run(logSoftmaxOp, [x], x._shape, x._dtype, [axis], { axis })
}

export interface SoftmaxMethods {
  /** See {@link softmax}. */
  softmax(dim: number | SoftmaxOptions, dtype?: DType | null | SoftmaxOptions): Tensor
  /** See {@link logSoftmax}. */
  logSoftmax(dim: number | SoftmaxOptions, dtype?: DType | null | SoftmaxOptions): Tensor
}

export const softmaxMethods: MethodTable<SoftmaxMethods> = { softmax, logSoftmax }
