/** Optimizer steps over parameters that have gradients. */
import type { Tensor } from '@flambeau/core'
import { randn } from '@flambeau/core'
import { Parameter } from '@flambeau/nn'
import { Adam, SGD } from '@flambeau/optim'
import type { Workload } from '../workload.ts'
import { stateful } from '../workload.ts'

function optimizerStep(
  name: string,
  summary: string,
  count: number,
  shape: readonly number[],
  make: (params: Tensor[]) => { step(): unknown },
): Workload {
  return stateful(name, summary, () => {
    const params = Array.from({ length: count }, () => new Parameter(randn(shape)))
    for (const param of params) param.grad = randn(shape)
    const optimizer = make(params)
    return () => optimizer.step()
  })
}

const adam = (params: Tensor[]): Adam => new Adam(params, { lr: 1e-3 })
const sgd = (params: Tensor[]): SGD => new SGD(params, { lr: 1e-3, momentum: 0.9 })
const big = [1024, 1024]

export const optimizers: readonly Workload[] = [
  optimizerStep('op_adam_step_10m', 'Adam step, 10 of 1024×1024', 10, big, adam),
  optimizerStep('op_adam_step_10m_fused', "the same; PyTorch's with fused=True", 10, big, adam),
  optimizerStep('op_sgdm_step_10m', 'SGD step with momentum, 10 of 1024×1024', 10, big, sgd),
  optimizerStep('op_adam_step_100x64', 'Adam step, 100 of 64', 100, [64], adam),
]
