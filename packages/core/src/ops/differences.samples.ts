import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { cumulativeTrapezoid, diff, gradient, trapezoid, trapz } from './differences.ts'

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
    throws: /n is a whole number from 0 on, not -1/,
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

type Integral = typeof trapezoid

function integrals(op: 'trapezoid' | 'trapz' | 'cumulativeTrapezoid', fn: Integral): Sample[] {
  const golden = (name: string): string => `differences:${op}/${name}`
  return [
    { name: 'rows', golden: golden('rows'), run: (y: Tensor) => fn(y) },
    {
      name: 'a distance',
      golden: golden('a distance'),
      run: (y: Tensor) => fn(y, { dx: 0.5, dim: 0 }),
    },
    {
      name: 'a distance as a tensor',
      golden: golden('a distance'),
      run: (y: Tensor) => fn(y, { dx: y.detach().mul(0).mean().add(0.5), dim: 0 }),
    },
    { name: 'places', golden: golden('places'), run: (y: Tensor, x: Tensor) => fn(y, x) },
    {
      name: 'places of columns, by name',
      golden: golden('places of columns'),
      run: (y: Tensor, x: Tensor) => fn(y, { x, dim: 0 }),
    },
    {
      name: 'places of all',
      golden: golden('places of all'),
      run: (y: Tensor, x: Tensor) => fn(y, withLayout(x, 'transposed')),
    },
    {
      name: 'places that broadcast',
      golden: golden('places that broadcast'),
      run: (y: Tensor, x: Tensor) => fn(y, x, null, 1),
    },
    { name: 'of integers', golden: golden('of integers'), run: (y: Tensor) => fn(y, { dx: 2 }) },
    { name: 'one value', golden: golden('one value'), run: (y: Tensor) => fn(y) },
    { name: 'of nothing', golden: golden('of nothing'), run: (y: Tensor) => fn(y, { x: null }) },
    {
      name: 'places and a distance',
      inputs: [[3], [3]],
      run: (y: Tensor, x: Tensor) => fn(y, x, 1),
      throws: /x and dx say the same/,
    },
    {
      name: 'places that do not fit',
      inputs: [[3], [2]],
      run: (y: Tensor, x: Tensor) => fn(y, x),
      throws: /x has 2 places for the 3 values along axis 0/,
    },
    {
      name: 'of bools',
      inputs: [{ shape: [3], dtype: 'bool' }],
      run: (y: Tensor) => fn(y),
      throws: /bools are not integrated/,
    },
  ]
}

samplesFor('trapezoid', integrals('trapezoid', trapezoid))
samplesFor('trapz', integrals('trapz', trapz))
samplesFor('cumulativeTrapezoid', integrals('cumulativeTrapezoid', cumulativeTrapezoid))
