import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { diff, gradient } from './differences.ts'

samplesFor('diff', [
  { name: 'rows', golden: 'differences:diff/rows', run: (x: Tensor) => diff(x) },
  { name: 'twice', golden: 'differences:diff/twice', run: (x: Tensor) => diff(x, 2, 0) },
  {
    name: 'twice, by name, transposed',
    golden: 'differences:diff/twice',
    run: (x: Tensor) => withLayout(x, 'transposed').diff({ n: 2, dim: 0 }),
  },
  { name: 'not at all', golden: 'differences:diff/not at all', run: (x: Tensor) => diff(x, 0) },
  {
    name: 'more often than there are elements',
    golden: 'differences:diff/more often than there are',
    run: (x: Tensor) => diff(x, 5),
  },
  {
    name: 'with more before and after',
    golden: 'differences:diff/with more',
    run: (x: Tensor, prepend: Tensor, append: Tensor) => diff(x, 1, 1, { prepend, append }),
  },
  {
    name: 'promoted',
    golden: 'differences:diff/promoted',
    run: (x: Tensor, prepend: Tensor) => diff(x, { prepend }),
  },
  { name: 'of integers', golden: 'differences:diff/of integers', run: (x: Tensor) => diff(x) },
  { name: 'of bools', golden: 'differences:diff/of bools', run: (x: Tensor) => diff(x) },
  {
    name: 'less than not at all',
    inputs: [[3]],
    run: (x: Tensor) => diff(x, -1),
    throws: /n must be a whole number ≥ 0, not -1/,
  },
  {
    name: 'without axes',
    inputs: [[]],
    run: (x: Tensor) => diff(x),
    throws: /the tensor has no axes/,
  },
  {
    name: 'parts that do not fit',
    inputs: [[2, 3], [3]],
    run: (x: Tensor, append: Tensor) => diff(x, { append }),
    throws: /append has the shape of the input except along axis 1/,
  },
])

samplesFor('gradient', [
  { name: 'all axes', golden: 'differences:gradient', run: (x: Tensor) => gradient(x) },
  {
    name: 'one distance',
    golden: 'differences:gradient/one distance',
    run: (x: Tensor) => gradient(x, 0.5, 1),
  },
  {
    name: 'distances',
    golden: 'differences:gradient/distances',
    run: (x: Tensor) => gradient(x, { spacing: [0.5, 2] }),
  },
  {
    name: 'second order',
    golden: 'differences:gradient/second order',
    run: (x: Tensor) => gradient(x, { spacing: 0.5, edgeOrder: 2, dim: null }),
  },
  {
    name: 'coordinates',
    golden: 'differences:gradient/coordinates',
    run: (x: Tensor, a: Tensor, b: Tensor) => gradient(x, { spacing: [a, b] }),
  },
  {
    name: 'coordinates, second order',
    golden: 'differences:gradient/coordinates, second order',
    run: (x: Tensor, a: Tensor) => gradient(x, [a], [-1], 2),
  },
  {
    name: 'of integers',
    golden: 'differences:gradient/of integers',
    run: (x: Tensor) => gradient(x, { spacing: null }),
  },
  {
    name: 'too few elements',
    inputs: [[3, 2]],
    run: (x: Tensor) => gradient(x, { edgeOrder: 2 }),
    throws: /axis 1 has 2 elements, and needs 3 or more/,
  },
  {
    name: 'distances that do not fit',
    inputs: [[3, 2]],
    run: (x: Tensor) => gradient(x, { spacing: [1] }),
    throws: /there are 1 spacings for 2 axes/,
  },
  {
    name: 'coordinates that do not fit',
    inputs: [[3], [2]],
    run: (x: Tensor, a: Tensor) => gradient(x, { spacing: [a] }),
    throws: /axis 0 has 3 elements, each of which has a coordinate/,
  },
  {
    name: 'coordinates without a list',
    inputs: [[3], [3]],
    run: (x: Tensor, a: Tensor) => gradient(x, { spacing: a as never }),
    throws: /spacing is a number, a list of numbers or a list of tensors/,
  },
  {
    name: 'third order',
    inputs: [[5]],
    run: (x: Tensor) => gradient(x, { edgeOrder: 3 as never }),
    throws: /edgeOrder is 1 or 2, not 3/,
  },
  {
    name: 'an axis twice',
    inputs: [[3, 3]],
    run: (x: Tensor) => gradient(x, { dim: [1, -1] }),
    throws: /an axis appears more than once/,
  },
])
