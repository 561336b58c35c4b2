/** Matrix products. */
import { randn } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Workload } from '../workload.ts'
import { plain } from '../workload.ts'

function square(n: number): Workload {
  return plain(`op_matmul_${n}`, `(${n}, ${n}) · (${n}, ${n})`, () => {
    const [a, b] = [randn([n, n]), randn([n, n])]
    return () => a.matmul(b)
  })
}

function linear(rows: number, inputs: number, outputs: number, summary: string): Workload {
  return plain(`op_linear_${rows}x${inputs}x${outputs}`, summary, () => {
    const [x, weight, bias] = [randn([rows, inputs]), randn([outputs, inputs]), randn([outputs])]
    return () => functional.linear(x, weight, bias)
  })
}

export const products: readonly Workload[] = [
  ...[64, 128, 256, 512, 1024, 2048].map(square),
  plain('op_matmul_nt_1024', 'a · bᵀ, 1024', () => {
    const [a, b] = [randn([1024, 1024]), randn([1024, 1024]).t()]
    return () => a.matmul(b)
  }),
  linear(100, 784, 512, 'linear layer with bias'),
  plain('op_matvec_4096', '(4096, 4096) · (4096)', () => {
    const [a, x] = [randn([4096, 4096]), randn([4096])]
    return () => a.matmul(x)
  }),
  linear(1, 384, 1536, 'linear layer, one row'),
  plain('op_bmm_192x65x64', '192 times (65, 64) · (64, 65)', () => {
    const [a, b] = [randn([192, 65, 64]), randn([192, 65, 64])]
    return () => a.matmul(b.transpose(1, 2))
  }),
]
