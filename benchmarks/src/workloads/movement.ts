/** Moving data: picking, joining, reordering. */
import { cat, randint, randn, zeros } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Differentiable, Workload } from '../workload.ts'
import { backwardAlone, labels, plain } from '../workload.ts'

function embedding(requiresGrad: boolean): Differentiable {
  const weight = randn([8000, 256], { requiresGrad })
  const indices = randint(8000, [16, 64])
  return [() => functional.embedding(indices, weight), [weight]]
}

export const movement: readonly Workload[] = [
  plain('op_embedding_8000x256', 'embedding of 16×64 indices', () => embedding(false)[0]),
  backwardAlone('op_embedding_8000x256_bwd', 'its backward pass', () => embedding(true)),
  plain('op_index_rows', 'x[rows], 50,000 rows of 64', () => {
    const x = randn([100000, 64])
    const rows = labels(50000, 100000)
    return () => x.at(rows)
  }),
  plain('op_gather_4096x1000', 'gather, axis 1', () => {
    const x = randn([4096, 1000])
    const columns = randint(1000, [4096, 1000])
    return () => x.gather(1, columns)
  }),
  plain('op_index_add_10556x16', 'indexAdd of rows', () => {
    const x = zeros([2708, 16])
    const rows = labels(10556, 2708)
    const source = randn([10556, 16])
    return () => x.indexAdd(0, rows, source)
  }),
  plain('op_mask_select_4m', 'x[x > 0], 4M', () => {
    const x = randn([1 << 22])
    return () => x.at(x.gt(0))
  }),
  plain('op_cat_dim1', 'cat of two [32, 64, 56, 56], axis 1', () => {
    const parts = [randn([32, 64, 56, 56]), randn([32, 64, 56, 56])]
    return () => cat(parts, 1)
  }),
  plain('op_slice_copy', 'copy of an inner part of [64, 512, 512]', () => {
    const x = randn([64, 512, 512])
    return () => x.narrow(1, 1, 510).narrow(2, 1, 510).contiguous()
  }),
  plain('op_transpose_copy_4096', '4096×4096, t().contiguous()', () => {
    const x = randn([4096, 4096])
    return () => x.t().contiguous()
  }),
  plain('op_permute_nhwc', 'N,C,H,W to N,H,W,C, [32, 64, 56, 56]', () => {
    const x = randn([32, 64, 56, 56])
    return () => x.permute([0, 2, 3, 1]).contiguous()
  }),
  plain('op_permute_heads', 'B,N,H,D to B,H,N,D, [64, 197, 3, 64]', () => {
    const x = randn([64, 197, 3, 64])
    return () => x.permute([0, 2, 1, 3]).contiguous()
  }),
]
