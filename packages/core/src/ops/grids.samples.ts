import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { cartesianProd, combinations, meshgrid, trilIndices, triuIndices, vander } from './grids.ts'

samplesFor('meshgrid', [
  {
    name: 'three axes, the first two exchanged',
    run: (...x: Tensor[]) => meshgrid(x, { indexing: 'xy' }),
    golden: 'rearranging:meshgrid',
  },
  { name: 'one by one', inputs: [[2], []], run: (...x: Tensor[]) => meshgrid(...x) },
  {
    name: 'two axes',
    inputs: [[2], [2, 2]],
    run: (...x: Tensor[]) => meshgrid(x),
    throws: /a tensor with one axis is needed, not with 2/,
  },
  {
    name: 'two dtypes',
    inputs: [[2], { shape: [2], dtype: 'int64' }],
    run: (...x: Tensor[]) => meshgrid(x),
    throws: /all tensors must have one dtype/,
  },
])
samplesFor('cartesianProd', [
  {
    name: 'pairs',
    run: (...x: Tensor[]) => cartesianProd(...x),
    golden: 'rearranging:cartesianProd',
  },
  { name: 'one tensor', inputs: [[3]], run: (...x: Tensor[]) => cartesianProd(x) },
])
samplesFor('combinations', [
  { name: 'of three', run: (x: Tensor) => combinations(x, 3), golden: 'rearranging:combinations' },
  {
    name: 'with replacement',
    run: (x: Tensor) => combinations(x, { withReplacement: true }),
    golden: 'rearranging:combinations/again',
  },
  { name: 'more than there are', inputs: [[3]], run: (x: Tensor) => combinations(x, 4) },
  {
    name: 'a negative number',
    inputs: [[3]],
    run: (x: Tensor) => combinations(x, -1),
    throws: /r is a whole number ≥ 0, not -1/,
  },
])
samplesFor('vander', [
  { name: 'four columns', run: (x: Tensor) => vander(x, 4), golden: 'rearranging:vander' },
  {
    name: 'of integers, increasing',
    run: (x: Tensor) => vander(x, { increasing: true }),
    golden: 'rearranging:vander/increasing',
  },
  {
    name: 'two axes',
    inputs: [[2, 2]],
    run: (x: Tensor) => vander(x),
    throws: /a tensor with one axis is needed, not with 2/,
  },
])
samplesFor('triangleIndices', [
  { name: 'a diagonal far away', inputs: [], run: () => triuIndices(2, 3, -(2 ** 53 - 1)) },
])
samplesFor('trilIndices', [
  {
    name: 'below and one above',
    run: () => trilIndices(4, 3, 1),
    golden: 'rearranging:trilIndices',
  },
  {
    name: 'another dtype',
    inputs: [],
    run: () => trilIndices(2, 2, { dtype: 'float32' }),
    throws: /positions are int64 or int32/,
  },
])
samplesFor('triuIndices', [
  {
    name: 'above and one below',
    run: () => triuIndices(4, 3, { offset: -1 }),
    golden: 'rearranging:triuIndices',
  },
])
