import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { sampled, spmm, transposed } from './sparse-product.ts'

type Inputs = [crow: Tensor, col: Tensor, values: Tensor, dense: Tensor]

const run = (...[crow, col, values, dense]: Inputs): Tensor => spmm(crow, col, values, dense)

const rows = { shape: [3], dtype: 'int64', values: [0, 2, 3] } as const
const columns = { shape: [3], dtype: 'int64', values: [0, 1, 1] } as const

samplesFor('spmm', [
  { name: 'rows, one empty', golden: 'sparse_product:spmm/rows, one empty', run },
  {
    name: 'wide, int32, by name',
    golden: 'sparse_product:spmm/wide',
    run: (crow, col, values, dense) => spmm(crow, { col, values, dense }),
  },
  { name: 'a place twice', inputs: [rows, { ...columns, values: [1, 1, 0] }, [3], [2, 2]], run },
  {
    name: 'no rows and no columns',
    inputs: [
      { shape: [1], dtype: 'int64', values: [0] },
      { shape: [0], dtype: 'int64' },
      [0],
      [2, 0],
    ],
    run,
  },
  {
    name: 'a transposed matrix',
    inputs: [rows, columns, [3], { shape: [2, 2], layout: 'transposed' }],
    run,
  },
  {
    name: 'a column that is not there',
    inputs: [rows, { ...columns, values: [0, 2, 1] }, [3], [2, 2]],
    run,
    throws: /spmm: index 2 at position \[1\] is outside axis 1, which has 2 positions/,
  },
  {
    name: 'rows that go back',
    inputs: [{ shape: [4], dtype: 'int64', values: [0, 2, 1, 3] }, columns, [3], [2, 2]],
    run,
    throws: /crow must not decrease, but does after row 1/,
  },
  {
    name: 'rows that end early',
    inputs: [{ ...rows, values: [0, 2, 2] }, columns, [3], [2, 2]],
    run,
    throws: /crow must begin with 0 and end with the number of entries, 3/,
  },
  {
    name: 'no rows at all',
    inputs: [{ shape: [0], dtype: 'int64' }, columns, [3], [2, 2]],
    run,
    throws: /one number more than there are rows/,
  },
  {
    name: 'a value missing',
    inputs: [rows, columns, [2], [2, 2]],
    run,
    throws: /there are 3 entries, but values is \[2\]/,
  },
  { name: 'a list', inputs: [rows, columns, [3], [2]], run, throws: /dense must be a matrix/ },
  {
    name: 'floating columns',
    inputs: [rows, [3], [3], [2, 2]],
    run,
    throws: /col is int64 or int32/,
  },
  {
    name: 'whole numbers',
    inputs: [rows, columns, { shape: [3], dtype: 'int64' }, { shape: [2, 2], dtype: 'int64' }],
    run,
    throws: /must be floating/,
  },
])

samplesFor('spmmTransposed', [
  {
    name: 'to two rows',
    inputs: [rows, columns, [3], [2, 4]],
    run: (...[crow, col, values, dense]: Inputs) => transposed(crow, col, values, dense, 2),
  },
])

samplesFor('sampledProduct', [
  {
    name: 'three entries',
    inputs: [rows, columns, [2, 4], [2, 4]],
    run: (...[crow, col, a, b]: Inputs) => sampled(crow, col, a, b),
  },
])
