/** What a call costs: operations on next to nothing, and long chains of them. */
import { grad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { rand, randn } from '@flambeau/core'
import type { Workload } from '../workload.ts'
import { leaf, plain, recorded } from '../workload.ts'

function thousandSteps(x: Tensor, a: Tensor, b: Tensor): Tensor {
  let y = x
  for (let i = 0; i < 500; i++) {
    y = y.mul(a)
    y = y.add(b)
  }
  return y
}

export const overhead: readonly Workload[] = [
  plain('op_add4', 'a + b, 4 elements', () => {
    const [a, b] = [randn([4]), randn([4])]
    return () => a.add(b)
  }),
  recorded('op_add4_grad', 'a + b, 4 elements, recorded', () => {
    const [a, b] = [leaf([4]), leaf([4])]
    return () => a.add(b)
  }),
  recorded('op_add4_fwdbwd', '(a + b).sum() and its backward pass, 4 elements', () => {
    const [a, b] = [leaf([4]), leaf([4])]
    return () => grad(a.add(b).sum(), [a, b])
  }),
  plain('op_chain1000', '500 times mul and add, 100×100', () => {
    const [x, a] = [randn([100, 100]), rand([100, 100])]
    const b = randn([100, 100]).mul(1e-3)
    return () => thousandSteps(x, a, b)
  }),
  recorded('op_chain1000_fwdbwd', 'the same, recorded, with its backward pass', () => {
    const [x, a] = [leaf([100, 100]), rand([100, 100])]
    const b = randn([100, 100]).mul(1e-3)
    return () => grad(thousandSteps(x, a, b).sum(), [x])
  }),
]
