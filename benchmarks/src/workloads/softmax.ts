/** Softmax and the losses built on it. */
import { randn } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Differentiable, Workload } from '../workload.ts'
import { forwardBackward, labels, leaf, plain } from '../workload.ts'

const { crossEntropy, softmax } = functional

function crossEntropies(rows: number, classes: number): readonly Workload[] {
  const name = `op_cross_entropy_${rows}x${classes}`
  const parts = (requiresGrad: boolean): Differentiable => {
    const x = randn([rows, classes], { requiresGrad })
    const y = labels(rows, classes)
    return [() => crossEntropy(x, y), [x]]
  }
  return [
    plain(name, 'cross-entropy with class labels', () => parts(false)[0]),
    forwardBackward(`${name}_fwdbwd`, 'the same, with its backward pass', () => parts(true)),
  ]
}

export const softmaxes: readonly Workload[] = [
  plain('op_softmax_128x10000', 'softmax of each row', () => {
    const x = randn([128, 10000])
    return () => softmax(x, 1)
  }),
  forwardBackward('op_softmax_128x10000_fwdbwd', 'the same, with its backward pass', () => {
    const x = leaf([128, 10000])
    return [() => softmax(x, 1), [x]]
  }),
  ...crossEntropies(100, 10),
  ...crossEntropies(1024, 8000),
]
