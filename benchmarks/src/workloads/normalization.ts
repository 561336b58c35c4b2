/** Normalisation of rows, channels and groups. */
import type { Tensor } from '@flambeau/core'
import { ones, randn, zeros } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Differentiable, Workload } from '../workload.ts'
import { backwardAlone, plain } from '../workload.ts'

const { batchNorm, groupNorm, layerNorm } = functional

type Affine = (x: Tensor, weight: Tensor, bias: Tensor) => Tensor

/** A layer and its backward pass; `features` is the size of weight and bias. */
function layer(
  name: string,
  summary: string,
  shape: readonly number[],
  features: number,
  make: () => Affine,
): readonly Workload[] {
  const parts = (requiresGrad: boolean): Differentiable => {
    const x = randn(shape, { requiresGrad })
    const weight = randn([features], { requiresGrad })
    const bias = randn([features], { requiresGrad })
    const run = make()
    return [() => run(x, weight, bias), [x, weight, bias]]
  }
  return [
    plain(name, summary, () => parts(false)[0]),
    backwardAlone(`${name}_bwd`, 'its backward pass', () => parts(true)),
  ]
}

export const normalizations: readonly Workload[] = [
  ...layer(
    'op_layernorm_64x197x192',
    'layerNorm of [64, 197, 192]',
    [64, 197, 192],
    192,
    () => (x, weight, bias) => layerNorm(x, [192], weight, bias),
  ),
  ...layer(
    'op_batchnorm_train_32x64x56x56',
    'batchNorm of [32, 64, 56, 56], training',
    [32, 64, 56, 56],
    64,
    () => {
      const [mean, variance] = [zeros([64]), ones([64])]
      return (x, weight, bias) =>
        batchNorm(x, mean, variance, weight, bias, { training: true, momentum: 0.1, eps: 1e-5 })
    },
  ),
  ...layer(
    'op_groupnorm_32x64x32x32',
    'groupNorm of [32, 64, 32, 32], 8 groups',
    [32, 64, 32, 32],
    64,
    () => (x, weight, bias) => groupNorm(x, 8, weight, bias),
  ),
]
