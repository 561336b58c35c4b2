/** One operation per element. */
import type { Tensor } from '@flambeau/core'
import { add, empty, emptyLike, exp, rand } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Workload } from '../workload.ts'
import { million, millions16, plain, stateful } from '../workload.ts'

type Shape = readonly number[]

function sum(name: string, summary: string, left: Shape, right: Shape): Workload {
  return plain(name, summary, () => {
    const [a, b] = [rand(left), rand(right)]
    return () => a.add(b)
  })
}

function unary(name: string, summary: string, size: number, run: (x: Tensor) => Tensor): Workload {
  return plain(name, summary, () => {
    const x = rand([size])
    return () => run(x)
  })
}

export const elementwise: readonly Workload[] = [
  sum('op_add_16m', 'a + b, 16M', [millions16], [millions16]),
  plain('op_add_16m_out', 'the same into a kept tensor', () => {
    const [a, b, out] = [rand([millions16]), rand([millions16]), empty([millions16])]
    return () => add(a, b, { out })
  }),
  stateful('op_add_16m_inplace', 'a += b, 16M', () => {
    const [a, b] = [rand([millions16]), rand([millions16])]
    return () => a.add_(b)
  }),
  sum('op_add_1m', 'a + b, 1M', [million], [million]),
  sum('op_add_bcast_4096', '(4096, 4096) + (4096)', [4096, 4096], [4096]),
  unary('op_exp_16m', 'exp, 16M', millions16, (x) => x.exp()),
  plain('op_exp_16m_out', 'the same into a kept tensor', () => {
    const x = rand([millions16])
    const out = emptyLike(x)
    return () => exp(x, { out })
  }),
  unary('op_relu_16m', 'relu, 16M', millions16, (x) => x.relu()),
  unary('op_gelu_1m', 'gelu (erf), 1M', million, (x) => functional.gelu(x)),
  unary('op_tanh_1m', 'tanh, 1M', million, (x) => x.tanh()),
  plain('op_where_16m', 'where, 16M', () => {
    const mask = rand([millions16]).gt(0.5)
    const [a, b] = [rand([millions16]), rand([millions16])]
    return () => a.where(mask, b)
  }),
]
