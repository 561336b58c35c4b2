/** Attention. */
import type { Tensor } from '@flambeau/core'
import { randn } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Differentiable, Workload } from '../workload.ts'
import { backwardAlone, plain } from '../workload.ts'

const { scaledDotProductAttention } = functional

function causal(requiresGrad: boolean): Differentiable {
  const draw = (): Tensor => randn([16, 8, 64, 32], { requiresGrad })
  const [q, k, v] = [draw(), draw(), draw()]
  return [() => scaledDotProductAttention(q, k, v, { isCausal: true }), [q, k, v]]
}

export const attention: readonly Workload[] = [
  plain('op_sdpa_16x8x64x32', 'causal attention, 16×8 heads of 64×32', () => causal(false)[0]),
  backwardAlone('op_sdpa_16x8x64x32_bwd', 'its backward pass', () => causal(true)),
]
