import { tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { embeddingBag } from './embedding-bag.ts'
import { embedding, renormRows } from './embedding.ts'

type Optional = Tensor | null

samplesFor('embedding', [
  { name: 'a list', golden: 'embedding:rows/list', run: (w, i) => embedding(w, i) },
  { name: 'a matrix of indices', golden: 'embedding:rows/matrix', run: (w, i) => embedding(w, i) },
  { name: 'int32', golden: 'embedding:rows/int32', run: (w, i) => embedding(w, i) },
  { name: 'a single index', golden: 'embedding:rows/single', run: (w, i) => embedding(w, i) },
  {
    name: 'a row without gradient, others by their frequency',
    golden: 'embedding:rows/padding and frequency',
    run: (w, i) => embedding(w, i, 2, true),
    gradcheck: false, // the gradient is changed on purpose
  },
  {
    name: 'no indices',
    inputs: [[3, 2], { shape: [0], dtype: 'int64' }],
    run: (w, indices) => embedding(w, { indices }),
  },
  {
    name: 'a transposed table',
    inputs: [
      { shape: [3, 2], layout: 'transposed' },
      { shape: [2], dtype: 'int64', values: [2, 0] },
    ],
    run: (w, i) => embedding(w, i),
  },
  {
    name: 'an index out of range',
    inputs: [[3, 2], { shape: [2], dtype: 'int64', values: [0, 3] }],
    run: (w, i) => embedding(w, i),
    throws: /^embedding: index 3 at position \[1\] is outside axis 0, which has 3 positions/,
  },
  {
    name: 'a negative index',
    inputs: [[3, 2], { shape: [1], dtype: 'int64', values: [-1] }],
    run: (w, i) => embedding(w, i),
    throws: /embedding: index -1/,
  },
  {
    name: 'a table with one axis',
    inputs: [[3], { shape: [1], dtype: 'int64', values: [0] }],
    run: (w, i) => embedding(w, i),
    throws: /weight must be \[rows, columns\], but has 1 axis/,
  },
  {
    name: 'floating indices',
    inputs: [[3, 2], [1]],
    run: (w, i) => embedding(w, i),
    throws: /indices are int64 or int32, not float32/,
  },
])

samplesFor('embeddingGrad', [
  {
    name: 'the second derivative of embedding',
    inputs: [[3, 2]],
    run: (w: Tensor) =>
      embedding(
        w,
        tensor([
          [0, 2],
          [2, 1],
        ]),
      ).square(),
  },
  {
    name: 'rows scaled in place',
    inputs: [{ shape: [3, 2], values: [3, 4, 0.3, 0.4, 6, 8] }],
    run: (w: Tensor) => {
      const table = w.detach().clone()
      renormRows(table, tensor([0, 0, 1]), 1, 2)
      return table
    },
    gradcheck: false,
  },
])

type Bag = (w: Tensor, i: Tensor, o: Tensor, weights?: Optional) => readonly Tensor[]

const bag =
  (mode: 'sum' | 'mean' | 'max' | 0 | 1 | 2, paddingIdx: number | null = null): Bag =>
  (w, i, o) => [...embeddingBag(w, i, o, { mode, paddingIdx })]

const output: Bag = (w, i, o) => [embeddingBag(w, i, o).output]

samplesFor('embeddingBag', [
  { name: 'sums', golden: 'embedding:bag/sum', run: bag('sum') },
  { name: 'means', golden: 'embedding:bag/mean', run: bag(1) },
  { name: 'maxima', golden: 'embedding:bag/max', run: bag('max') },
  { name: 'sums without a row', golden: 'embedding:bag/sum, padding', run: bag(0, 1) },
  { name: 'means without a row', golden: 'embedding:bag/mean, padding', run: bag('mean', 1) },
  { name: 'maxima without a row', golden: 'embedding:bag/max, padding', run: bag(2, 1) },
  {
    name: 'a factor for each index',
    golden: 'embedding:bag/factors',
    run: (w: Tensor, i: Tensor, o: Tensor, f: Tensor) => [
      embeddingBag(w, i, o, false, 'sum', false, f).output,
    ],
  },
  {
    name: 'the end of the last bag given',
    golden: 'embedding:bag/last offset',
    run: (w: Tensor, i: Tensor, o: Tensor) => [
      ...embeddingBag(w, i, o, { mode: 'mean', includeLastOffset: true }),
    ],
  },
  {
    name: 'gradients by frequency',
    golden: 'embedding:bag/frequency',
    run: (w: Tensor, i: Tensor, o: Tensor) => [
      embeddingBag(w, i, o, { scaleGradByFreq: true }).output,
    ],
    gradcheck: false, // the gradient is changed on purpose
  },
  {
    name: 'no bags',
    inputs: [[3, 2], { shape: [0], dtype: 'int64' }, { shape: [0], dtype: 'int64' }],
    run: output,
  },
  {
    name: 'empty bags alone',
    inputs: [
      [3, 2],
      { shape: [0], dtype: 'int64' },
      { shape: [2], dtype: 'int64', values: [0, 0] },
    ],
    run: bag('max'),
  },
  {
    name: 'offsets that do not begin at 0',
    inputs: [
      [3, 2],
      { shape: [2], dtype: 'int64', values: [0, 1] },
      { shape: [1], dtype: 'int64', values: [1] },
    ],
    run: output,
    throws: /embeddingBag: offsets\[0\] must be 0, not 1/,
  },
  {
    name: 'offsets beyond the indices',
    inputs: [
      [3, 2],
      { shape: [2], dtype: 'int64', values: [0, 1] },
      { shape: [2], dtype: 'int64', values: [0, 3] },
    ],
    run: output,
    throws: /offsets\[-1\] \(3\) must be at most the number of indices \(2\)/,
  },
  {
    name: 'offsets that fall',
    inputs: [
      [3, 2],
      { shape: [2], dtype: 'int64', values: [0, 1] },
      { shape: [3], dtype: 'int64', values: [0, 2, 1] },
    ],
    run: output,
    throws: /offsets must not fall/,
  },
  {
    name: 'factors for means',
    inputs: [
      [3, 2],
      { shape: [2], dtype: 'int64', values: [0, 1] },
      { shape: [1], dtype: 'int64', values: [0] },
      [2],
    ],
    run: (w: Tensor, i: Tensor, o: Tensor, perSampleWeights: Tensor) =>
      embeddingBag(w, i, o, { mode: 'mean', perSampleWeights }).output,
    throws: /perSampleWeights are for mode 'sum', not 'mean'/,
  },
  {
    name: 'another mode',
    inputs: [
      [3, 2],
      { shape: [2], dtype: 'int64', values: [0, 1] },
      { shape: [1], dtype: 'int64', values: [0] },
    ],
    run: (w: Tensor, i: Tensor, o: Tensor) => embeddingBag(w, i, o, false, 3 as never).output,
    throws: /mode must be 'sum', 'mean' or 'max'/,
  },
])
