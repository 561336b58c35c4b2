/** Random numbers. */
import { empty, randn, randperm } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Workload } from '../workload.ts'
import { forwardBackward, leaf, million, millions16, plain } from '../workload.ts'

const { dropout } = functional

export const random: readonly Workload[] = [
  plain('op_randn_1m', 'normal_ into a kept tensor, 1M', () => {
    const x = empty([million])
    return () => x.normal_()
  }),
  plain('op_randn_16m', 'randn, 16M', () => () => randn([millions16])),
  plain('op_rand_16m', 'uniform_ into a kept tensor, 16M', () => {
    const x = empty([millions16])
    return () => x.uniform_()
  }),
  plain('op_randperm_60000', 'randperm', () => () => randperm(60000)),
  plain('op_dropout_64x197x192', 'dropout 0.1', () => {
    const x = randn([64, 197, 192])
    return () => dropout(x, 0.1)
  }),
  forwardBackward('op_dropout_64x197x192_fwdbwd', 'the same, with its backward pass', () => {
    const x = leaf([64, 197, 192])
    return [() => dropout(x, 0.1), [x]]
  }),
]
