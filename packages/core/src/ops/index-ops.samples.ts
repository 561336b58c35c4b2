import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { gather, indexSelect, take, takeAlongDim } from './gathering.ts'
import { indexAdd, indexCopy, indexFill, indexReduce, put } from './index-ops.ts'
import { indexPut } from './indexing.ts'
import { oneHot } from './one-hot.ts'
import { scatter, scatterAdd, scatterReduce } from './scattering.ts'

const rows = { shape: [3], dtype: 'int32', values: [1, 0, 1] } as const

samplesFor('index', [
  {
    name: 'indexSelect',
    run: (x: Tensor, i: Tensor) => indexSelect(x, 1, i),
    golden: 'indexing:indexSelect',
  },
  {
    name: 'indexSelect of a transposed tensor',
    inputs: [{ shape: [2, 4], layout: 'transposed' }, rows],
    run: (x: Tensor, i: Tensor) => indexSelect(x, 0, i),
  },
  {
    name: 'indexSelect of a tensor without axes',
    inputs: [[], { shape: [1], dtype: 'int64', values: [0] }],
    run: (x: Tensor, i: Tensor) => indexSelect(x, 0, i),
  },
  {
    name: 'indexSelect takes no negative index',
    inputs: [[2, 3], { shape: [2], dtype: 'int64', values: [0, -1] }],
    run: (x: Tensor, i: Tensor) => indexSelect(x, 0, i),
    throws: /indexSelect: index -1 at position \[1\] is outside axis 0, which has 2 positions/,
  },
  {
    name: 'indexSelect takes one axis of indices',
    inputs: [[2, 3], { shape: [1, 1], dtype: 'int64', values: [0] }],
    run: (x: Tensor, i: Tensor) => indexSelect(x, 0, i),
    throws: /indexSelect: the index has 2 axes; it must have one/,
  },
  { name: 'take', run: (x: Tensor, i: Tensor) => take(x, i), golden: 'indexing:take' },
  {
    name: 'take from a transposed tensor',
    inputs: [{ shape: [3, 2, 2], layout: 'transposed' }, rows],
    run: (x: Tensor, i: Tensor) => take(x, i),
  },
  {
    name: 'take from every second element',
    inputs: [{ shape: [3, 2], layout: 'sliced' }, rows],
    run: (x: Tensor, i: Tensor) => take(x, i),
  },
  {
    name: 'take outside',
    inputs: [[2, 3], { shape: [1], dtype: 'int64', values: [6] }],
    run: (x: Tensor, i: Tensor) => take(x, i),
    throws: /take: index 6 at position \[0\] is outside the tensor, which has 6 elements/,
  },
])
samplesFor('gather', [
  {
    name: 'along the last axis',
    run: (x: Tensor, i: Tensor) => gather(x, 1, i),
    golden: 'indexing:gather',
  },
  {
    name: 'along the first axis, fewer columns',
    run: (x: Tensor, i: Tensor) => gather(x, 0, i),
    golden: 'indexing:gather/first axis',
  },
  {
    name: 'from a transposed tensor',
    inputs: [
      { shape: [3, 2], layout: 'transposed' },
      { shape: [3, 3], dtype: 'uint8', low: 0, high: 2 },
    ],
    run: (x: Tensor, i: Tensor) => gather(x, -1, i),
  },
  {
    name: 'an empty index',
    inputs: [[2, 3], { shape: [2, 0], dtype: 'int64' }],
    run: (x: Tensor, i: Tensor) => gather(x, 1, i),
  },
  {
    name: 'an index outside',
    inputs: [[2, 2], { shape: [2, 1], dtype: 'int64', values: [1, 2] }],
    run: (x: Tensor, i: Tensor) => gather(x, 1, i),
    throws: /gather: index 2 at position \[1, 0\] is outside axis 1, which has 2 positions/,
  },
  {
    name: 'another number of axes',
    inputs: [[2, 2], rows],
    run: (x: Tensor, i: Tensor) => gather(x, 1, i),
    throws: /gather: the index must have as many axes as the input: 2, not 1/,
  },
  {
    name: 'an index that is larger',
    inputs: [[2, 2], { shape: [3, 1], dtype: 'int64' }],
    run: (x: Tensor, i: Tensor) => gather(x, 1, i),
    throws: /the index \[3, 1\] must not be larger than the input \[2, 2\], except on axis 1/,
  },
  {
    name: 'a floating index',
    inputs: [[2], [2]],
    run: (x: Tensor, i: Tensor) => gather(x, 0, i),
    throws: /gather: indices are int64, int32 or uint8, not float32/,
  },
])
samplesFor('gatherGrad', [
  {
    name: 'reached through gather',
    inputs: [[2, 2], { shape: [2, 3], dtype: 'int64', values: [0, 0, 1, 1, 1, 0] }],
    run: (x: Tensor, i: Tensor) => gather(x, 1, i),
  },
])
samplesFor('scatter', [
  {
    name: 'fewer columns',
    run: (x: Tensor, s: Tensor, i: Tensor) => scatter(x, 1, i, s),
    golden: 'indexing:scatter',
  },
  {
    name: 'a number',
    run: (x: Tensor, i: Tensor) => scatter(x, 0, i, 1.5),
    golden: 'indexing:scatter/number',
  },
  {
    name: 'added',
    run: (x: Tensor, s: Tensor, i: Tensor) => scatterAdd(x, 0, i, s),
    golden: 'indexing:scatterAdd',
  },
  {
    name: 'a number added',
    run: (x: Tensor, i: Tensor) => scatter(x, 1, i, 2, { reduce: 'add' }),
    golden: 'indexing:scatter/reduce',
  },
  {
    name: 'in place',
    inputs: [[2, 3], [2, 3], { shape: [2, 2], dtype: 'int64', values: [2, 0, 1, 1] }],
    run: (x: Tensor, s: Tensor, i: Tensor) => x.clone().scatterAdd_(1, i, s),
  },
  {
    name: 'into a transposed tensor',
    inputs: [
      { shape: [2, 3], layout: 'transposed' },
      [2, 2],
      { shape: [2, 2], dtype: 'int64', values: [2, 0, 1, 0] },
    ],
    run: (x: Tensor, s: Tensor, i: Tensor) => scatter(x, 1, i, s),
  },
  {
    name: 'an index outside',
    inputs: [[2, 2], { shape: [1, 1], dtype: 'int64', values: [-1] }],
    run: (x: Tensor, i: Tensor) => x.scatter_(1, i, 0),
    throws: /scatter_: index -1 at position \[0, 0\] is outside axis 1, which has 2 positions/,
  },
  {
    name: 'another dtype',
    inputs: [[2], { shape: [2], dtype: 'int64' }, { shape: [2], dtype: 'int64', values: [0, 1] }],
    run: (x: Tensor, s: Tensor, i: Tensor) => scatter(x, 0, i, s),
    throws: /scatter: src must have the dtype of the input, float32/,
  },
])
samplesFor('indexPut', [
  {
    name: 'indexAdd',
    run: (x: Tensor, s: Tensor, i: Tensor) => indexAdd(x, 0, i, s, { alpha: 0.5 }),
    golden: 'indexing:indexAdd',
  },
  {
    name: 'indexAdd in place',
    inputs: [[2, 4], [3, 4], rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => x.clone().indexAdd_(0, i, s),
  },
  {
    name: 'indexAdd to a transposed tensor',
    inputs: [{ shape: [4, 2], layout: 'transposed' }, [4, 3], rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => indexAdd(x, 1, i, s),
  },
  {
    name: 'indexAdd of another number of rows',
    inputs: [[2, 4], [2, 4], rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => indexAdd(x, 0, i, s),
    throws: /indexAdd: the source must have shape \[3, 4\]/,
  },
  {
    name: 'indexCopy',
    run: (x: Tensor, s: Tensor, i: Tensor) => indexCopy(x, 1, i, s),
    golden: 'indexing:indexCopy',
  },
  {
    name: 'indexFill',
    run: (x: Tensor, v: Tensor, i: Tensor) => indexFill(x, 1, i, v),
    golden: 'indexing:indexFill',
  },
  {
    name: 'indexFill with several values',
    inputs: [[2, 4], [2], rows],
    run: (x: Tensor, v: Tensor, i: Tensor) => indexFill(x, 0, i, v),
    throws: /indexFill: the value must be a number or a tensor without axes/,
  },
])
samplesFor('oneHot', [
  { name: 'as many classes as needed', run: (i: Tensor) => oneHot(i), golden: 'indexing:oneHot' },
  {
    name: 'of an index without axes',
    run: (i: Tensor) => oneHot(i, 5),
    golden: 'indexing:oneHot/classes',
  },
  {
    name: 'a class outside',
    inputs: [{ shape: [2, 2], dtype: 'uint8', values: [0, 9, 10, 3] }],
    run: (i: Tensor) => oneHot(i, 10),
    throws: /oneHot: class 10 at position \[1, 0\] is outside \[0, 10\)/,
  },
  {
    name: 'no index to count classes by',
    inputs: [{ shape: [0], dtype: 'int64' }],
    run: (i: Tensor) => oneHot(i),
    throws: /oneHot: without an index, the number of classes must be given/,
  },
])
samplesFor('takeAlongDim', [
  {
    name: 'input and indices broadcast; negative indices',
    run: (x: Tensor, i: Tensor) => takeAlongDim(x, i, 1),
    golden: 'indexing:takeAlongDim',
  },
  {
    name: 'of all elements',
    run: (x: Tensor, i: Tensor) => takeAlongDim(x, i),
    golden: 'indexing:takeAlongDim/all',
  },
  {
    name: 'another number of axes',
    inputs: [[2, 3], rows],
    run: (x: Tensor, i: Tensor) => takeAlongDim(x, { indices: i, dim: 0 }),
    throws: /takeAlongDim: the indices must have as many axes as the input: 2, not 1/,
  },
  {
    name: 'an index outside',
    inputs: [[2, 3], { shape: [1, 3], dtype: 'int64', values: [0, 2, 0] }],
    run: (x: Tensor, i: Tensor) => takeAlongDim(x, i, 0),
    throws: /takeAlongDim: index 2 at position \[0, 1\] is outside axis 0, which has 2 positions/,
  },
])
samplesFor('put', [
  {
    name: 'elements',
    run: (x: Tensor, s: Tensor, i: Tensor) => put(x, i, s),
    golden: 'indexing:put',
  },
  {
    name: 'added where places repeat',
    run: (x: Tensor, s: Tensor, i: Tensor) => put(x, i, s, { accumulate: true }),
    golden: 'indexing:put/accumulate',
  },
  {
    name: 'in a transposed tensor',
    inputs: [
      { shape: [3, 2], layout: 'transposed' },
      [3],
      { shape: [3], dtype: 'int64', values: [4, 0, 1] },
    ],
    run: (x: Tensor, s: Tensor, i: Tensor) => put(x, { index: i, source: s }),
  },
  {
    name: 'in a tensor without axes',
    inputs: [[], [2], { shape: [2], dtype: 'int64', values: [0, -1] }],
    run: (x: Tensor, s: Tensor, i: Tensor) => put(x, i, s, true),
  },
  {
    name: 'too many elements',
    inputs: [[3], [4], rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => put(x, i, s),
    throws: /put: the source must have an element for each index: 3, not 4/,
  },
  {
    name: 'outside',
    inputs: [[3], [3], { shape: [3], dtype: 'int64', values: [0, 3, 1] }],
    run: (x: Tensor, s: Tensor, i: Tensor) => put(x, i, s),
    throws: /put: index 3 at position \[1\] is outside the tensor, which has 3 elements/,
  },
])
samplesFor('put_', [
  {
    name: 'elements',
    run: (x: Tensor, s: Tensor, i: Tensor) => x.clone().put_(i, s),
    golden: 'indexing:put_',
  },
])
samplesFor('indexPut', [
  {
    name: 'by a mask and an index',
    run: (x: Tensor, v: Tensor, m: Tensor, i: Tensor) => indexPut(x, [m, i], v),
    golden: 'indexing:indexPut/mask and index',
  },
  {
    name: 'values of another dtype',
    inputs: [[3], { shape: [3], dtype: 'int64' }, rows],
    run: (x: Tensor, v: Tensor, i: Tensor) => indexPut(x, [i], v),
    throws: /indexPut: the values must have the dtype of the input, float32, not int64/,
  },
  {
    name: 'without an index',
    inputs: [[3], [3]],
    run: (x: Tensor, v: Tensor) => indexPut(x, [null], v),
    throws: /indexPut: at least one index is needed/,
  },
  {
    name: 'indexFill at a repeated position',
    run: (x: Tensor, v: Tensor, i: Tensor) => indexFill(x, { dim: 1, index: i, value: v }),
    golden: 'indexing:indexFill/repeated',
  },
])
samplesFor('indexCopy_', [
  {
    name: 'rows',
    run: (x: Tensor, s: Tensor, i: Tensor) => x.clone().indexCopy_(0, i, s),
    golden: 'indexing:indexCopy_',
  },
])

const reductions = ['sum', 'prod', 'mean', 'amax', 'amin'] as const
const selves = [
  { name: '', includeSelf: true },
  { name: ' without self', includeSelf: false },
]
samplesFor(
  'scatterReduce',
  reductions.flatMap((reduce) =>
    selves.map(({ name, includeSelf }) => ({
      name: `${reduce}${name}`,
      run: (x: Tensor, s: Tensor, i: Tensor) => scatterReduce(x, 1, i, s, reduce, { includeSelf }),
      golden: `indexing:scatterReduce/${reduce}${name}`,
    })),
  ),
)
samplesFor('scatterReduce', [
  {
    name: 'a product with zeros',
    run: (x: Tensor, s: Tensor, i: Tensor) => scatterReduce(x, 1, i, s, 'prod'),
    golden: 'indexing:scatterReduce/zeros',
    gradcheck: false, // second derivatives are refused
  },
  {
    name: 'equal elements share the gradient, NaN wins',
    run: (x: Tensor, s: Tensor, i: Tensor) => scatterReduce(x, 0, i, s, 'amax'),
    golden: 'indexing:scatterReduce/ties',
    gradcheck: false,
  },
  {
    name: 'a mean of integers is rounded down',
    run: (x: Tensor, s: Tensor, i: Tensor) => scatterReduce(x, 0, i, s, 'mean'),
    golden: 'indexing:scatterReduce/integers',
  },
  {
    name: 'scatter that multiplies',
    run: (x: Tensor, s: Tensor, i: Tensor) => scatter(x, 1, i, s, { reduce: 'multiply' }),
    golden: 'indexing:scatter/multiply',
  },
  {
    name: 'scatter that multiplies by a number',
    inputs: [[2, 3], { shape: [2, 2], dtype: 'int64', values: [2, 0, 1, 1] }],
    run: (x: Tensor, i: Tensor) => scatter(x, { dim: 1, index: i, value: 2, reduce: 'multiply' }),
  },
  {
    name: 'in place, of a transposed tensor',
    inputs: [
      { shape: [3, 2], layout: 'transposed' },
      [3, 2],
      { shape: [3, 2], dtype: 'int32', values: [1, 0, 1, 1, 0, 0] },
    ],
    run: (x: Tensor, s: Tensor, i: Tensor) => x.clone().scatterReduce_(1, i, s, 'amin', false),
  },
  {
    name: 'an unknown reduction',
    inputs: [[3], [3], rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => scatterReduce(x, 0, i, s, 'max' as never),
    throws: /scatterReduce: reduce must be one of sum, prod, mean, amax, amin, not "max"/,
  },
  {
    name: 'a mean of bools',
    inputs: [{ shape: [3], dtype: 'bool' }, { shape: [3], dtype: 'bool' }, rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => scatterReduce(x, 0, i, s, 'mean'),
    throws: /scatterReduce: bools have no mean/,
  },
])
samplesFor(
  'indexReduce',
  reductions.slice(1).flatMap((reduce) =>
    selves.map(({ name, includeSelf }) => ({
      name: `${reduce}${name}`,
      run: (x: Tensor, s: Tensor, i: Tensor) =>
        indexReduce(x, 0, i, s, reduce as 'prod', { includeSelf }),
      golden: `indexing:indexReduce/${reduce}${name}`,
    })),
  ),
)
samplesFor('indexReduce', [
  {
    name: 'no sums',
    inputs: [[3], [3], rows],
    run: (x: Tensor, s: Tensor, i: Tensor) => indexReduce(x, 0, i, s, 'sum' as never),
    throws: /indexReduce: reduce must be one of prod, mean, amax, amin, not "sum"/,
  },
])
