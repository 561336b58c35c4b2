import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Sample } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { amax, amin, argmax, argmin, max, min } from './compare-reduce.ts'
import { families } from './reduce-families.samples.ts'

function extremes(op: 'max' | 'min', find: typeof max): Sample[] {
  const golden = (name: string): string => `reduce:${op}/${name}`
  const along = (x: Tensor, dim: number): Tensor[] => {
    const [values, indices] = find(x, dim)
    return [values, indices]
  }
  return [
    { name: 'all axes', golden: golden('all'), run: (x: Tensor) => find(x) },
    {
      name: 'all axes, ties share the gradient',
      golden: golden('all, ties'),
      run: (x: Tensor) => find(x),
      gradcheck: false,
    },
    {
      name: 'all axes, NaN',
      golden: golden('all, NaN'),
      run: (x: Tensor) => find(x),
      gradcheck: false,
    },
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => along(x, 1) },
    { name: 'columns', golden: golden('columns'), run: (x: Tensor) => along(x, 0) },
    {
      name: 'a negative axis, kept, by name',
      golden: golden('kept'),
      run: (x: Tensor) => {
        const { values, indices } = find(x, -2, { keepdim: true })
        return [values, indices]
      },
    },
    { name: 'without axes', golden: golden('without axes'), run: (x: Tensor) => along(x, 0) },
    { name: 'NaN', golden: golden('NaN'), run: (x: Tensor) => along(x, 0), gradcheck: false },
    { name: 'of integers', golden: golden('of integers'), run: (x: Tensor) => along(x, 0) },
    { name: 'of bools', golden: golden('of bools'), run: (x: Tensor) => along(x, 1) },
    {
      name: 'no results of nothing',
      golden: golden('empty result'),
      run: (x: Tensor) => along(x, 1),
    },
    {
      name: 'of two tensors',
      golden: golden('of two'),
      run: (x: Tensor, y: Tensor) => find(x, y),
    },
    {
      name: 'transposed',
      golden: golden('rows'),
      run: (x: Tensor) => along(withLayout(x, 'transposed'), 1),
    },
    {
      name: 'sliced',
      golden: golden('rows'),
      run: (x: Tensor) => along(withLayout(x, 'sliced'), 1),
    },
    {
      name: 'sliced columns',
      golden: golden('columns'),
      run: (x: Tensor) => along(withLayout(x, 'sliced'), 0),
    },
    {
      name: 'channels stored last',
      inputs: [{ shape: [2, 5, 2, 3], layout: 'channelsLast' }],
      run: (x: Tensor) => along(x, 1),
    },
    {
      name: 'of nothing',
      inputs: [[2, 0]],
      run: (x: Tensor) => along(x, 1),
      throws: new RegExp(`axis 1 has no elements, and of nothing there is no ${op}`),
    },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => along(x, 2),
      throws: /axis 2 is outside \[-2, 1\]/,
    },
    {
      name: 'several axes',
      inputs: [[2, 3]],
      run: (x: Tensor) => find(x, [0, 1] as never),
      throws: /the axis is one number, not a list/,
    },
  ]
}

samplesFor('max', extremes('max', max))
samplesFor('min', extremes('min', min))
function places(op: 'argmax' | 'argmin', find: typeof argmax): Sample[] {
  const golden = (name: string): string => `reduce:${op}/${name}`
  const samples: Sample[] = [
    { name: 'all axes', golden: golden('all'), run: (x: Tensor) => find(x) },
    {
      name: 'all axes, kept',
      golden: golden('all, kept'),
      run: (x: Tensor) => find(x, { keepdim: true }),
    },
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => find(x, 1) },
    {
      name: 'columns, kept',
      golden: golden('columns, kept'),
      run: (x: Tensor) => find(x, 0, { keepdim: true }),
    },
    { name: 'a middle axis', golden: golden('a middle axis'), run: (x: Tensor) => find(x, -2) },
    { name: 'without axes', golden: golden('without axes'), run: (x: Tensor) => find(x, 0) },
    { name: 'NaN', golden: golden('NaN'), run: (x: Tensor) => find(x) },
    {
      name: 'all axes, transposed: counted row-major',
      golden: golden('all'),
      run: (x: Tensor) => find(withLayout(x, 'transposed')),
    },
    {
      name: 'rows, sliced',
      golden: golden('rows'),
      run: (x: Tensor) => find(withLayout(x, 'sliced'), 1),
    },
    {
      name: 'of bools',
      inputs: [{ shape: [3], dtype: 'bool' }],
      run: (x: Tensor) => find(x),
      throws: new RegExp(`bools are not compared by size.*x\\.byte\\(\\)\\.${op}`, 's'),
    },
    {
      name: 'of nothing',
      inputs: [[0]],
      run: (x: Tensor) => find(x),
      throws: new RegExp(`axis 0 has no elements, and of nothing there is no ${op}`),
    },
    {
      name: 'several axes',
      inputs: [[2, 3]],
      run: (x: Tensor) => find(x, [0, 1] as never),
      throws: /the axis is one number, not a list/,
    },
  ]
  return samples.map((sample) => ({ ...sample, gradcheck: false }))
}

samplesFor('argmax', places('argmax', argmax))
samplesFor('argmin', places('argmin', argmin))

samplesFor('amax', [
  ...families('amax', amax),
  { name: 'all axes', golden: 'reduce:amax/all', run: (x: Tensor) => amax(x) },
  {
    name: 'ties share the gradient',
    golden: 'reduce:amax/ties',
    run: (x: Tensor) => amax(x, 1),
    gradcheck: false,
  },
  { name: 'NaN', golden: 'reduce:amax/NaN', run: (x: Tensor) => amax(x, 1), gradcheck: false },
  {
    name: 'no results of nothing',
    golden: 'reduce:amax/empty result',
    run: (x: Tensor) => amax(x, 1),
  },
  { name: 'of bools', golden: 'reduce:amax/of bools', run: (x: Tensor) => amax(x, 0) },
  {
    name: 'of nothing',
    inputs: [[0, 3]],
    run: (x: Tensor) => amax(x, 0),
    throws: /axis 0 has no elements, and of nothing there is no amax/,
  },
])

samplesFor('amin', [
  ...families('amin', amin),
  { name: 'of integers', golden: 'reduce:amin/of integers', run: (x: Tensor) => amin(x) },
  {
    name: 'ties share the gradient',
    golden: 'reduce:amin/ties',
    run: (x: Tensor) => amin(x),
    gradcheck: false,
  },
])
