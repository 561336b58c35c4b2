/** Many elements to few. */
import type { Tensor } from '@flambeau/core'
import { rand, randn } from '@flambeau/core'
import type { Workload } from '../workload.ts'
import { millions16, plain } from '../workload.ts'

function reduction(
  name: string,
  summary: string,
  make: () => Tensor,
  run: (x: Tensor) => Tensor | Iterable<Tensor>,
): Workload {
  return plain(name, summary, () => {
    const x = make()
    return () => run(x)
  })
}

const square = (): Tensor => rand([4096, 4096])

export const reductions: readonly Workload[] = [
  reduction(
    'op_sum_16m',
    'sum, 16M',
    () => rand([millions16]),
    (x) => x.sum(),
  ),
  reduction('op_sum_dim0_4096', 'sum over rows, 4096×4096', square, (x) => x.sum(0)),
  reduction('op_sum_dim1_4096', 'sum over columns, 4096×4096', square, (x) => x.sum(1)),
  reduction('op_max_dim1_4096', 'max with indices, axis 1, 4096×4096', square, (x) => x.max(1)),
  reduction('op_cumsum_4096', 'cumsum, axis 1, 4096×4096', square, (x) => x.cumsum(1)),
  reduction(
    'op_argmax_128x10000',
    'argmax of each row',
    () => randn([128, 10000]),
    (x) => x.argmax(1),
  ),
]
