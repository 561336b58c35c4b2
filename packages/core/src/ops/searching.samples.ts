import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { bucketize, isin, searchsorted } from './searching.ts'

samplesFor('searchsorted', [
  { name: 'left', golden: 'counting:searchsorted/left', run: searchsorted },
  {
    name: 'right',
    golden: 'counting:searchsorted/right',
    run: (s: Tensor, v: Tensor) => searchsorted(s, v, { right: true }),
  },
  {
    name: 'right, in a word',
    golden: 'counting:searchsorted/right',
    run: (s: Tensor, v: Tensor) => searchsorted(s, { input: v, side: 'right' }),
  },
  { name: 'in rows', golden: 'counting:searchsorted/rows, left', run: searchsorted },
  {
    name: 'in rows, right',
    golden: 'counting:searchsorted/rows, right',
    run: (s: Tensor, v: Tensor) => searchsorted(s, v, false, true),
  },
  {
    name: 'in rows, in another order in memory',
    golden: 'counting:searchsorted/rows, left',
    run: (s: Tensor, v: Tensor) =>
      searchsorted(withLayout(s, 'transposed'), withLayout(v, 'sliced')),
  },
  {
    name: 'of integers',
    golden: 'counting:searchsorted/of integers',
    run: (s: Tensor, v: Tensor) => searchsorted(s, v, { side: 'right' }),
  },
  { name: 'mixed', golden: 'counting:searchsorted/mixed', run: searchsorted },
  {
    name: 'int32',
    golden: 'counting:searchsorted/int32',
    run: (s: Tensor, v: Tensor) => searchsorted(s, v, { outInt32: true }),
  },
  {
    name: 'a number',
    golden: 'counting:searchsorted/a number',
    run: (s: Tensor) => searchsorted(s, 1.5),
  },
  {
    name: 'with a sorter',
    golden: 'counting:searchsorted/sorter',
    run: (s: Tensor, v: Tensor, sorter: Tensor) => searchsorted(s, v, { sorter }),
  },
  { name: 'in nothing', golden: 'counting:searchsorted/in nothing', run: searchsorted },
  {
    name: 'a side that contradicts',
    inputs: [[3], [2]],
    run: (s: Tensor, v: Tensor) => searchsorted(s, v, { side: 'left', right: true }),
    throws: /side is 'left', and right is true/,
  },
  {
    name: 'another side',
    inputs: [[3], [2]],
    run: (s: Tensor, v: Tensor) => searchsorted(s, v, { side: 'top' as never }),
    throws: /side is 'left' or 'right', not "top"/,
  },
  {
    name: 'rows that do not fit',
    inputs: [
      [2, 3],
      [3, 2],
    ],
    run: searchsorted,
    throws: /there are sequences \[2\], but values \[3, 2\]/,
  },
  {
    name: 'a sorter that leads outside',
    inputs: [[3], [2], { shape: [3], dtype: 'int64', values: [0, 1, 3] }],
    run: (s: Tensor, v: Tensor, sorter: Tensor) => searchsorted(s, v, { sorter }),
    throws: /the sorter's index 3 is outside of a sequence of 3/,
  },
  {
    name: 'a sorter of floats',
    inputs: [[3], [2], [3]],
    run: (s: Tensor, v: Tensor, sorter: Tensor) => searchsorted(s, v, { sorter }),
    throws: /the sorter holds int64 places, not float32/,
  },
  {
    name: 'a sorter of another size',
    inputs: [[3], [2], { shape: [2], dtype: 'int64' }],
    run: (s: Tensor, v: Tensor, sorter: Tensor) => searchsorted(s, v, { sorter }),
    throws: /the sorter has a place for each element of the sequence/,
  },
])

samplesFor('bucketize', [
  { name: 'left', golden: 'counting:bucketize/left', run: bucketize, gradcheck: false },
  {
    name: 'right',
    golden: 'counting:bucketize/right',
    run: (v: Tensor, boundaries: Tensor) => bucketize(v, { boundaries, right: true }),
    gradcheck: false,
  },
  {
    name: 'a number',
    golden: 'counting:bucketize/a number',
    run: (s: Tensor) => bucketize(3, s, true),
    gradcheck: false,
  },
  {
    name: 'edges with two axes',
    inputs: [[3], [2, 2]],
    run: bucketize,
    throws: /boundaries has one axis, not 2/,
  },
  {
    name: 'bools',
    inputs: [
      { shape: [3], dtype: 'bool' },
      { shape: [2], dtype: 'bool' },
    ],
    run: bucketize,
    throws: /bools are not compared by size/,
  },
])

samplesFor('isin', [
  { name: 'a set', golden: 'counting:isin', run: isin },
  {
    name: 'inverted',
    golden: 'counting:isin/inverted',
    run: (x: Tensor, s: Tensor) => isin(x, s, { assumeUnique: true, invert: true }),
  },
  { name: 'NaN', golden: 'counting:isin/NaN', run: isin, gradcheck: false },
  { name: 'mixed', golden: 'counting:isin/mixed', run: isin, gradcheck: false },
  {
    name: 'a number in a set',
    golden: 'counting:isin/a number in',
    run: (s: Tensor) => isin(3, s),
  },
  {
    name: 'in one number',
    golden: 'counting:isin/in a number',
    run: (x: Tensor) => isin(x, { testElements: 3 }),
  },
  { name: 'in nothing', golden: 'counting:isin/in nothing', run: isin },
  {
    name: 'bools',
    inputs: [{ shape: [3], dtype: 'bool' }],
    run: (x: Tensor) => isin(x, 1),
    throws: /bools are not searched for/,
  },
  {
    name: 'two numbers',
    inputs: [],
    run: () => isin(1, 2),
    throws: /at least one of both must be a tensor/,
  },
])
