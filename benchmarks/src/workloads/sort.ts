/** Order: sorting and the largest elements. */
import { randn } from '@flambeau/core'
import type { Workload } from '../workload.ts'
import { million, plain } from '../workload.ts'

export const sorting: readonly Workload[] = [
  plain('op_sort_1m', 'sort of 1M, with indices', () => {
    const x = randn([million])
    return () => x.sort()
  }),
  plain('op_sort_rows_128x10000', 'sort of each row, with indices', () => {
    const x = randn([128, 10000])
    return () => x.sort(1)
  }),
  plain('op_topk_128x10000', 'the 10 largest of each row', () => {
    const x = randn([128, 10000])
    return () => x.topk(10, 1)
  }),
]
